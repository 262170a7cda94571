"""The usage notebook as an analyst uses it: drop a log, read its week and bill, type the invoice, take the workload over."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser
SLOW_MS = 30_000
SAMPLE = Path(__file__).resolve().parents[2] / "notebooks" / "samples" / "week.csv.gz"
EVIL = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def lab(open_lab: Callable[..., Any]) -> Any:
    return open_lab("--notebook", "04_usage")


@pytest.fixture
def screen(page: Page, lab: Any) -> Page:
    page.goto(lab.url)
    expect(page.locator(".tco-usage .tco-headline")).to_contain_text("this log", ignore_case=True, timeout=SLOW_MS)
    expect(page.locator(".tco-usage .main-svg").first).to_be_visible(timeout=SLOW_MS)
    return page


def violations(page: Page) -> list[str]:
    """What axe-core finds serious or critical inside the screen."""
    found = page.evaluate("axe.run('.tco-app', {resultTypes: ['violations']}).then((found) => found.violations)")
    return [f"{fault['id']}: {fault['nodes'][0]['html'][:200]}" for fault in found if fault["impact"] in ("serious", "critical")]  # fmt: skip


def test_a_log_that_nobody_knows_is_asked_about(screen: Page, tmp_path: Path) -> None:
    expect(screen.locator(".tco-badge").first).to_have_text("SAMPLE")  # what it opens with
    path = tmp_path / "odd.csv"
    path.write_text(f"when,llm,sent,got\n2026-10-05 09:00:00,{EVIL},1000,100\n2026-10-05 10:00:00,gpt-5.4,1000,-1\n")
    screen.locator(".tco-drop input[type=file]").set_input_files(path)
    asked = screen.locator(".tco-headline", has_text="odd.csv: which column is what?")
    expect(asked).to_be_visible(timeout=SLOW_MS)
    screen.evaluate((Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    assert violations(screen) == []
    for label, column in (("Time of the request", "when"), ("Prompt tokens, cached ones too", "sent"),
                          ("Answer tokens", "got"), ("Model", "llm")):  # fmt: skip
        screen.locator(".tco-asked").get_by_role("combobox", name=label, exact=True).select_option(column)
    screen.get_by_role("button", name="Read it", exact=True).click()
    screen.get_by_role("tab", name="Left out (1)").click(timeout=SLOW_MS)
    expect(screen.locator(".tco-tabs")).to_contain_text("fewer than no tokens")
    assert screen.locator(".tco-app img").count() == 0


def test_nothing_bars_anybody(screen: Page) -> None:
    """axe-core finds no serious fault on any page, every fold open."""
    screen.evaluate((Path(__file__).parent / "axe.min.js").read_text(encoding="utf-8"))
    for fold in screen.locator(".tco-fold > button[aria-expanded=false]").all():
        if fold.is_visible():
            fold.click()
    for tab in screen.locator(".tco-tablist").get_by_role("tab").all():
        tab.click()
        screen.wait_for_timeout(400)
        for closed in screen.locator(".tco-app details:not([open]) > summary").all():
            if closed.is_visible():
                closed.click()
        assert violations(screen) == [], tab.inner_text()
    assert screen.locator(".modebar-btn[data-title*='hare']").count() == 0


def test_drop_a_log_hold_the_invoice_against_it_and_use_its_workload(screen: Page, lab: Any, tmp_path: Path) -> None:
    log = tmp_path / "ours.csv.gz"
    log.write_bytes(SAMPLE.read_bytes())
    screen.locator(".tco-drop input[type=file]").set_input_files(log)
    expect(screen.locator(".tco-asof").first).to_contain_text("ours.csv.gz", timeout=SLOW_MS)
    expect(screen.locator(".tco-verdict").first).not_to_contain_text("SAMPLE")
    expect(screen.get_by_role("figure", name="Heat map of the week").first).to_be_visible()
    drawn = "document.querySelector('.tco-usage .tco-chart-plot')"
    screen.wait_for_function(f"{drawn}._fullLayout.yaxis.ticktext[0] === 'Mon'")  # the chart has its place
    assert screen.evaluate(f"{drawn}._fullData[0].x.length") == 168
    screen.get_by_role("tab", name="Bill").click()
    expect(screen.locator(".tco-tabs")).to_contain_text("2026-11")
    expect(screen.locator(".tco-tabs")).to_contain_text("house-router-2")

    box = screen.get_by_label("Invoice total", exact=True)
    box.fill("20.00")
    box.press("Enter")
    expect(screen.locator(".tco-headline")).to_contain_text("The invoice says $20.00", timeout=SLOW_MS)
    expect(screen.get_by_role("region", name="Invoice and bill")).to_contain_text("unexplained")
    screen.get_by_role("combobox", name="Clock").select_option("Asia/Tokyo")
    expect(screen.get_by_role("figure", name="by the clock of Asia/Tokyo").first).to_be_visible()
    with screen.expect_download(timeout=SLOW_MS) as waiting:
        screen.get_by_role("button", name="CSV", exact=True).click()
    assert waiting.value.suggested_filename == "bill.csv"

    screen.get_by_role("tab", name="Use this workload").click()
    expect(screen.get_by_role("region", name="What the scenario takes over")).to_contain_text("taken out", timeout=SLOW_MS)  # fmt: skip
    screen.get_by_role("button", name="Use this workload").click()
    expect(screen.locator(".tco-tabs")).to_contain_text("Saved as our-workload.yaml", timeout=SLOW_MS)
    assert "requests_per_month" in (lab.folder / "our-workload.yaml").read_text(encoding="utf-8")
    screen.get_by_role("link", name="Open it in the break-even notebook").click()
    expect(screen.locator(".tco-headline", has_text="cheaper than GPT-5.4")).to_be_visible(timeout=2 * SLOW_MS)
    expect(screen.get_by_role("slider", name="Requests", exact=True)).to_be_visible()
    assert len(screen.context.pages) == 1
