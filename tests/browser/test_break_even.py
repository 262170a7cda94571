"""The break-even notebook as a finance lead uses it: open, move, read, reload, mend, export. Nothing leaves the machine."""

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser
SLOW_MS = 30_000


@pytest.fixture
def screen(page: Page, lab_url: str) -> Page:
    page.goto(lab_url)
    expect(page.locator(".tco-headline")).to_contain_text("cheaper than GPT-5.4", timeout=SLOW_MS)
    expect(chart(page)).to_be_visible(timeout=SLOW_MS)
    return page


def chart(page: Page) -> Locator:
    return page.locator(".tco-main .main-svg").first


def words(page: Page) -> str:
    return page.locator(".tco-verdict").inner_text()


def drawn(page: Page) -> str:
    """Everything written in the chart: labels, ticks and the break-even's number."""
    return str(
        page.evaluate("[...document.querySelectorAll('.tco-main .main-svg text')].map(e => e.textContent).join('|')")
    )


def test_open_move_reload_and_see_the_same(screen: Page) -> None:
    before = words(screen)
    rent = screen.get_by_role("slider", name="GPU rent")
    rent.fill("900")
    expect(screen.locator(".tco-headline")).not_to_have_text(before.splitlines()[0])
    expect(screen.get_by_role("textbox", name="GPU rent")).not_to_have_value("3.85")
    screen.get_by_role("slider", name="API bill for tokens").press("ArrowRight")  # the keys move it too
    expect(screen.locator(".tco-asof")).to_contain_text("2 changes since opened")
    screen.wait_for_timeout(500)
    after, picture = words(screen), drawn(screen)
    assert after != before

    screen.reload()
    expect(screen.locator(".tco-headline")).to_be_visible(timeout=SLOW_MS)
    expect(chart(screen)).to_be_visible(timeout=SLOW_MS)
    screen.wait_for_timeout(500)
    assert words(screen) == after
    assert drawn(screen) == picture
    screen.get_by_role("button", name="Reset", exact=True).click()
    expect(screen.locator(".tco-headline")).to_have_text(before.splitlines()[0])


def test_a_bad_number_keeps_the_picture_and_says_what_to_mend(screen: Page) -> None:
    headline = screen.locator(".tco-headline").inner_text()
    box = screen.get_by_role("textbox", name="API bill for tokens")
    box.fill("1,5")
    box.press("Enter")
    expect(screen.get_by_role("alert").filter(has_text="decimal point")).to_be_visible()
    expect(screen.locator(".tco-fault")).to_contain_text("last good one")
    assert screen.locator(".tco-headline").inner_text() == headline
    box.fill("38k")
    box.press("Enter")
    expect(screen.locator(".tco-fault")).to_have_count(0)
    share = screen.get_by_role("textbox", name="Requests that may wait")
    share.fill("3500")
    share.press("Enter")
    expect(screen.get_by_role("alert").filter(has_text="3500 %: write at least 0 % and at most 100 %")).to_be_visible()
    expect(screen.locator(".tco-fault")).to_contain_text("Requests that may wait")


def test_choose_another_model_and_its_gpus_follow(screen: Page) -> None:
    screen.get_by_role("combobox", name="Open model").select_option("meta-llama/Llama-3.3-70B-Instruct")
    expect(screen.locator(".tco-headline, .tco-fault").first).to_contain_text("70B", timeout=SLOW_MS)
    screen.get_by_role("combobox", name="Preset").select_option("nightly-extraction")
    expect(screen.locator(".tco-headline")).to_contain_text("Llama 3.3 70B on 2 × H200", timeout=SLOW_MS)
    screen.get_by_role("combobox", name="Preset").select_option("support-assistant")
    expect(screen.locator(".tco-headline")).to_contain_text("gpt-oss-120b on 2 × H100", timeout=SLOW_MS)
    screen.get_by_role("combobox", name="Start from").select_option("volume")
    requests = screen.get_by_role("slider", name="Requests", exact=True)
    expect(requests).to_have_attribute("aria-valuetext", "7,389,000 requests/month")
    screen.get_by_role("combobox", name="Volume in").select_option("tokens")
    expect(screen.locator(".tco-headline")).to_contain_text("tokens a day")


def test_a_price_typed_before_another_preset_stays_behind(screen: Page) -> None:
    """Enter told of the number twice, and the second time came after the preset had been chosen."""
    screen.get_by_role("button", name="Reset", exact=True).click()
    screen.get_by_role("combobox", name="The GPUs are").select_option("owned")
    box = screen.get_by_role("textbox", name="Price of a server")
    box.fill("300000")
    box.press("Enter")
    screen.get_by_role("combobox", name="Preset").select_option("own-or-rent")
    expect(screen.locator(".tco-headline")).to_contain_text("reserved and burst", timeout=SLOW_MS)
    screen.wait_for_timeout(1_000)
    expect(screen.locator(".tco-fault")).to_have_count(0)
    expect(screen.locator(".tco-asof")).not_to_contain_text("since opened")
    screen.get_by_role("combobox", name="Preset").select_option("support-assistant")
    expect(screen.locator(".tco-headline")).to_contain_text("gpt-oss-120b on 2 × H100", timeout=SLOW_MS)


def test_tables_are_whole(screen: Page) -> None:
    """No row and no button of a table is out of sight in a window of 1280 pixels."""
    sizes = "[...document.querySelectorAll('.tco-tabs .tco-scroll')].filter((part) => part.offsetParent)"
    sizes += ".map((part) => [part.scrollWidth - part.clientWidth, part.scrollHeight - part.clientHeight])"
    for title, words in (("Cost lines", "a million tokens"), ("GPUs", "ESTIMATED")):
        screen.get_by_role("tab", name=title).click()
        expect(screen.locator(".tco-tabs")).to_contain_text(words, timeout=SLOW_MS)
        assert [max(pair) <= 0 for pair in screen.evaluate(sizes)] == [True], title


def test_every_page_under_the_chart_says_something(screen: Page) -> None:
    for title, expected in (
        ("Cost lines", "people to run it"),
        ("Capacity", "Length mixes inside it"),
        ("Service level", "not known: measure it"),
        ("GPUs", "ESTIMATED"),
        ("Warnings", "W-HOSTED"),
        ("Sources", "price_sheets/api/openai.csv"),
        ("Bridge", "the model"),
    ):
        screen.get_by_role("tab", name=title).click()
        expect(screen.locator(".tco-tabs")).to_contain_text(expected, timeout=SLOW_MS)
    assert screen.locator(".modebar-btn[data-title*='hare']").count() == 0


def test_a_gpu_is_taken_with_the_keyboard_and_bought(screen: Page) -> None:
    screen.get_by_role("button", name="Reset", exact=True).click()
    screen.get_by_role("tab", name="Bridge").click()
    for _ in range(4):
        screen.keyboard.press("ArrowRight")
    expect(screen.get_by_role("tab", name="GPUs")).to_have_attribute("aria-selected", "true")
    expect(screen.get_by_role("button", name="in use: 2 × H100-SXM")).to_be_visible(timeout=SLOW_MS)
    screen.get_by_role("button", name="take: 2 × L40S").press("Enter")
    expect(screen.locator(".tco-headline")).to_contain_text("2 × L40S", timeout=SLOW_MS)
    expect(screen.locator(".tco-doubt")).to_contain_text("ESTIMATED")
    expect(screen.locator(".tco-doubt")).to_contain_text("in eight of ten cases the break-even lies between")
    taken = screen.get_by_role("button", name="in use: 2 × L40S")
    expect(taken).to_be_focused()  # the table was drawn anew; the place in it stays

    screen.get_by_role("combobox", name="The GPUs are").select_option("owned")
    expect(screen.get_by_role("combobox", name="Region")).to_be_visible()
    expect(screen.get_by_role("combobox", name="Fleet")).to_be_hidden()
    screen.get_by_role("tab", name="Capacity").click()
    expect(screen.locator(".tco-tabs")).to_contain_text("Worth owning", timeout=SLOW_MS)
    expect(screen.get_by_role("figure", name="Replicas of gpt-oss-120b")).to_be_visible()


def test_nothing_bars_anybody(screen: Page) -> None:
    """axe-core finds no serious fault on any page, rented and bought, every fold open."""
    screen.evaluate((Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    for fold in screen.locator(".tco-fold > button[aria-expanded=false]").all():
        if fold.is_visible():
            fold.click()
    for kind in ("rented", "owned"):
        screen.get_by_role("combobox", name="The GPUs are").select_option(kind)
        for tab in screen.locator(".tco-tablist").get_by_role("tab").all():
            tab.click()
            screen.wait_for_timeout(300)  # the page follows after a short rest
            assert violations(screen) == [], f"{kind}, {tab.inner_text()}"


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical inside the screen."""
    found = page.evaluate("axe.run('.tco-app', {resultTypes: ['violations']}).then((found) => found.violations)")
    return [
        f"{fault['id']}: {fault['nodes'][0]['html'][:200]}"
        for fault in found
        if fault["impact"] in ("serious", "critical")
    ]


def test_export_arrives_in_the_downloads(screen: Page, tmp_path: Path) -> None:
    screen.get_by_role("tab", name="Export").click()
    for kind, starts in (("HTML", b"<!doctype html>"), ("PNG", b"\x89PNG"), ("SVG", b"<svg"), ("PDF", b"%PDF")):
        with screen.expect_download(timeout=SLOW_MS) as waiting:
            screen.get_by_role("button", name=kind, exact=True).click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        assert path.read_bytes()[:200].lower().startswith(starts.lower()), kind
    with screen.expect_download() as waiting:
        screen.get_by_role("button", name="Save…").click()
    waiting.value.save_as(tmp_path / "scenario.yaml")
    assert "openai/gpt-5.4" in (tmp_path / "scenario.yaml").read_text(encoding="utf-8")
