"""The price-sheet notebook as a finance lead uses it: add a price, read what it does, save one line. The keys alone will do."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tco.scaffold import init

pytestmark = pytest.mark.browser
SLOW_MS = 30_000
MEANWHILE_MS = 700
"""Longer than the pause after which the screen follows what is typed."""
DRAWN_WITHIN_MS = 2_000
"""In which a sheet of more than four hundred rows is on screen; on a machine at rest it takes a tenth of that."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of one's own, as `tco init` makes it."""
    folder = tmp_path_factory.mktemp("own")
    init(folder)
    return folder


@pytest.fixture(scope="module")
def url(open_lab: Callable[..., object], home: Path) -> str:
    return str(open_lab("--notebook", "03_price_sheets", "--data", str(home)).url)  # type: ignore[attr-defined]


@pytest.fixture
def screen(page: Page, url: str) -> Page:
    page.goto(url)
    expect(headline(page)).to_contain_text("requests a month", timeout=SLOW_MS)
    expect(page.get_by_role("grid")).to_be_visible(timeout=SLOW_MS)
    return page


def headline(page: Page) -> Locator:
    return page.locator(".tco-headline")


def price_of(page: Page, meter: str) -> Locator:
    return page.get_by_role("textbox", name=re.compile(rf"^Price of gpt-5\.4 {meter}, from"))


def undo_all(page: Page) -> None:
    undo = page.get_by_role("button", name="Undo")
    for _ in range(20):
        if undo.is_disabled():
            return
        undo.click()
        page.wait_for_timeout(MEANWHILE_MS)
    raise AssertionError("twenty edits undone, and still more")


def test_add_a_price_see_what_it_does_and_save_one_line(screen: Page, home: Path) -> None:
    path = home / "price_sheets" / "api" / "openai.csv"
    before = path.read_text(encoding="utf-8").splitlines()
    screen.get_by_role("button", name="New price: gpt-5.4 input, from 2026-03-05").first.click()
    box = price_of(screen, "input")
    expect(box).to_be_focused()
    expect(box).to_have_attribute("aria-invalid", "true")

    box.fill("$1.9")
    box.press("Enter")
    said = screen.locator(f"[id='{box.get_attribute('aria-describedby')}']")
    expect(said).to_contain_text("write the number alone")
    expect(screen.locator(".tco-fault").first).to_contain_text("1 fault to mend")
    expect(box).to_be_focused()  # the row was drawn anew; the cursor stays

    box.fill("1.9")  # without Enter: the screen follows the keys
    expect(headline(screen)).to_contain_text("The break-even moves from 6.8M to 7.46M requests a month (+9.66")
    expect(box).not_to_have_attribute("aria-invalid", "true")
    table = screen.get_by_role("region", name="Break-even before and after the edits")
    expect(table.get_by_role("row", name="Break-even, requests a month")).to_contain_text("6.8M7.46M+9.66")
    assert path.read_text(encoding="utf-8").splitlines() == before

    screen.get_by_role("button", name="Save…").click()
    expect(screen.locator(".tco-diff-more")).to_have_count(1)
    expect(screen.locator(".tco-diff-more")).to_contain_text("+openai,gpt-5.4,input,1.9,USD,1M tokens,standard")
    expect(screen.locator(".tco-diff-less")).to_have_count(0)
    screen.get_by_role("button", name="Write to file").click()
    expect(screen.get_by_role("region", name="Saving")).to_contain_text("Saved.")
    after = path.read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in after if line not in before]
    assert line.startswith("openai,gpt-5.4,input,1.9,USD,1M tokens,standard,,,,,")
    assert len(after) == len(before) + 1
    expect(screen.locator(".tco-asof")).not_to_contain_text("not saved")


def test_edits_are_still_there_after_a_reload(screen: Page) -> None:
    screen.get_by_role("button", name="New price: gpt-5.4 output, from 2026-03-05").first.click()
    price_of(screen, "output").fill("12")
    expect(screen.locator(".tco-asof")).to_contain_text("2 edits not saved")
    screen.reload()
    expect(price_of(screen, "output")).to_have_value("12", timeout=SLOW_MS)
    expect(screen.locator(".tco-asof")).to_contain_text("2 edits not saved")
    undo_all(screen)
    expect(price_of(screen, "output")).to_have_count(0)


def test_the_keys_alone_will_do(screen: Page) -> None:
    grid = screen.get_by_role("grid")
    grid.locator("tbody td[data-at=meter]").first.click()
    for key in ("ArrowDown", "ArrowRight"):
        screen.keyboard.press(key)
    focused = screen.locator(":focus")
    expect(focused).to_have_attribute("data-at", "service_tier")
    screen.keyboard.press("End")
    expect(focused).to_have_attribute("data-at", "correct")
    screen.keyboard.press("Enter")  # opens the row, the cursor on its price
    expect(focused).to_have_attribute("data-at", "price")
    was = focused.input_value()
    screen.keyboard.type("0.3")
    screen.keyboard.press("Enter")
    expect(focused).to_have_attribute("aria-label", re.compile(rf", was {re.escape(was)}$"))
    expect(screen.locator(".tco-cell-changed")).to_have_count(1)
    screen.keyboard.press("Escape")
    expect(focused).to_have_value(was)
    expect(screen.locator(".tco-cell-changed")).to_have_count(0)
    screen.keyboard.press("ArrowUp")
    expect(focused).to_have_attribute("data-at", "price")
    assert screen.evaluate("document.activeElement.tagName") == "TD"
    screen.get_by_role("button", name="Leave: gpt-5.4").click()
    expect(screen.locator(".tco-grid-table input")).to_have_count(0)


def test_a_long_sheet_is_drawn_at_once_and_sorted(screen: Page) -> None:
    spent_ms = screen.evaluate(
        """async () => {
            const [select] = [...document.querySelectorAll('.tco-prices-bar select')].slice(1);
            const begun = performance.now();
            select.value = '';
            select.dispatchEvent(new Event('change'));
            while (document.querySelectorAll('.tco-grid-row').length < 400) await new Promise((go) => requestAnimationFrame(go));
            return performance.now() - begun;
        }"""
    )
    assert spent_ms < DRAWN_WITHIN_MS
    screen.get_by_role("button", name="Sort by Price").click()
    expect(screen.get_by_role("columnheader", name="Price")).to_have_attribute("aria-sort", "ascending")
    shown = screen.locator(".tco-grid-row td[data-at=price]").evaluate_all(
        "all => all.map((one) => parseFloat(one.textContent))"
    )
    assert shown == sorted(shown)
    screen.get_by_role("combobox", name="Meter", exact=True).select_option("output")
    expect(screen.locator(".tco-grid-row td[data-at=meter]").first).to_have_text("output")
    screen.get_by_role("combobox", name="Model", exact=True).select_option("gpt-5.4")
    screen.get_by_role("combobox", name="Meter", exact=True).select_option("")


def test_the_chart_follows_the_edit(screen: Page) -> None:
    screen.get_by_role("tab", name="Over time").click()
    expect(screen.get_by_role("figure", name=re.compile("prices over time"))).to_be_visible(timeout=SLOW_MS)
    screen.get_by_role("button", name="New price: gpt-5.4 output, from 2026-03-05").first.click()
    price_of(screen, "output").fill("12")
    expect(screen.locator(".tco-tabs")).to_contain_text("output: fell by")
    assert screen.locator(".modebar-btn[data-title*='hare']").count() == 0
    undo_all(screen)
    screen.get_by_role("tab", name="Break-even").click()


def test_nothing_is_cut_and_nothing_bars_anybody(screen: Page) -> None:
    """axe-core finds no serious fault, with a fault and a changed cell on screen, on any page; the grid is whole at 1280 pixels."""
    screen.evaluate((Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    screen.get_by_role("button", name="New price: gpt-5.4 output, from 2026-03-05").first.click()
    expect(price_of(screen, "output")).to_be_focused()
    screen.get_by_role("button", name="Correct: gpt-5.4 cache_read, from 2026-03-05").first.click()
    expect(price_of(screen, "cache_read")).to_be_focused()
    hidden = "(part) => part.scrollWidth - part.clientWidth"
    assert screen.locator(".tco-grid-scroll").evaluate(hidden) <= 0
    for tab in screen.locator(".tco-tablist").get_by_role("tab").all():
        tab.click()
        screen.wait_for_timeout(MEANWHILE_MS)
        assert violations(screen) == [], tab.inner_text()
    undo_all(screen)


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical inside the screen."""
    found = page.evaluate("axe.run('.tco-app', {resultTypes: ['violations']}).then((found) => found.violations)")
    return [
        f"{fault['id']}: {fault['nodes'][0]['html'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]
