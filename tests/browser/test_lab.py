"""`tco lab` in a browser: live when it opens, live after a reload, and nothing asked of other machines."""

from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

SLIDER_AND_WORDS = """
import os
import ipywidgets as w

slider, words = w.IntSlider(value=3, max=10, description="level"), w.HTML("level is 3")
slider.observe(lambda change: setattr(words, "value", f"level is {change['new']}"), names="value")
w.VBox([slider, words, w.HTML(f"works in {os.getcwd()}")])
"""


@pytest.fixture(scope="module")
def small_notebook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("notebook") / "small.ipynb"
    cells = [nbformat.v4.new_markdown_cell("# Small"), nbformat.v4.new_code_cell(SLIDER_AND_WORDS)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_a_notebook_is_live_without_run_all_and_after_a_reload(
    page: Page, open_lab: Callable[..., object], small_notebook: Path
) -> None:
    before = small_notebook.read_bytes()
    lab = open_lab("--notebook", str(small_notebook))
    page.goto(lab.url)
    words = page.locator(".jp-Notebook .widget-html-content").first
    expect(words).to_have_text("level is 3")
    expect(page.get_by_text(f"works in {lab.folder}")).to_be_visible()

    handle = page.locator(".jp-Notebook .noUi-handle")
    handle.focus()
    handle.press("ArrowRight")
    handle.press("ArrowRight")
    expect(words).to_have_text("level is 5")

    page.reload()
    expect(words).to_have_text("level is 5")
    expect(page.locator(".jp-Notebook .widget-readout")).to_have_text("5")
    handle.focus()
    handle.press("ArrowLeft")
    expect(words).to_have_text("level is 4")
    assert small_notebook.read_bytes() == before


def test_nothing_pops_up(page: Page, open_lab: Callable[..., object], small_notebook: Path) -> None:
    page.goto(open_lab("--notebook", str(small_notebook)).url)
    expect(page.locator(".jp-Notebook .noUi-handle")).to_be_visible()
    page.wait_for_load_state("networkidle")
    expect(page.locator(".jp-Dialog")).to_have_count(0)
    expect(page.locator(".Toastify__toast")).to_have_count(0)
