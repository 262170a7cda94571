"""The chart's JavaScript in Chromium, driven through a stand-in for the notebook's model."""

import numpy as np
import pytest

from tco.present.charts.breakeven import CurveLine, breakeven_chart
from tco.widgets.chart import Chart, library_module, static_text

from .conftest import state_of

END = 6e7


def figure(api_usd=0.0077, title="", you=6e6):
    api = CurveLine("api", "GPT-5.4 API", "frontier", np.array([0.0, END]), np.array([0.0, api_usd * END]))
    own = CurveLine("own", "Your own GPUs", "self_host", np.array([0.0, END]), np.array([18_000.0, 30_000.0]))
    return breakeven_chart(
        [own, api], axis_label="requests a month", winning=[(2.4e6, None)], break_even=2.4e6, you=you,
        you_usd={"api": api_usd * you, "own": 19_200.0}, title=title, source_line="", volume_range=(2e5, 3e7),
        usd_range=(500.0, 3e5), challenger="own",
    )  # fmt: skip


@pytest.fixture
def started(page):
    """A chart on the page, and how long it took to the first picture."""
    chart = Chart(figure())
    first_ms = page.evaluate("all => start(...all)", [state_of(chart), static_text("chart.js"), library_module()])
    return page, chart, first_ms


def changes(chart, *names):
    state = state_of(chart)
    return {name: state[name] for name in names}


def test_the_first_picture(started):
    page, _, first_ms = started
    assert first_ms < 5_000
    order = ["with_build", "own", "api", "you", "break-even with the build", "break-even"]
    assert page.evaluate("plot()._fullData.map(trace => trace.uid)") == order
    assert page.evaluate("plot()._fullLayout.xaxis.type") == "log"
    assert page.evaluate("plot()._fullLayout.height") == 440
    assert page.evaluate("plot()._fullLayout.width") == page.evaluate(
        "document.querySelector('.tco-chart').clientWidth"
    )
    image = page.get_by_role("figure", name="Line chart of dollars a month")
    assert image.count() == 1
    assert page.evaluate("typeof window.Plotly") == "undefined"


def test_numbers_alone_redraw_the_lines(started):
    page, chart, _ = started
    chart.show(figure(api_usd=0.0154))
    spent_ms = page.evaluate("change => update(change)", changes(chart, "buffer", "figure_layout"))
    assert spent_ms < 1_000
    assert page.evaluate("plot()._fullData[2].y.at(-1)") == pytest.approx(0.0154 * END)
    assert "$92.4K" in page.text_content("#cell")
    assert page.evaluate("document.querySelectorAll('#cell .tco-chart').length") == 1


def test_changes_that_come_together_are_drawn_once(started):
    page, chart, _ = started
    chart.show(figure(api_usd=0.01, you=3e6))
    page.evaluate("change => update(change)", changes(chart, "buffer", "figure_layout", "meta", "traces"))
    page.evaluate("() => new Promise(go => setTimeout(go, 150))")
    assert page.evaluate("plot().dataset.drawings") == "2"


def test_it_follows_the_page_width_and_tells_python(started):
    page, _, _ = started
    page.set_viewport_size({"width": 720, "height": 640})
    page.wait_for_function("plot()._fullLayout.width < 720")
    assert page.evaluate("plot()._fullLayout.height") == 440
    assert page.evaluate("model.state.width_px") == page.evaluate("plot()._fullLayout.width")


def test_it_follows_the_pages_theme(started):
    page, _, _ = started
    page.evaluate("document.body.style.setProperty('--jp-layout-color0', '#121212')")
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.wait_for_function("plot()._fullLayout.paper_bgcolor === '#121212'")
    assert page.evaluate("plot()._fullLayout.font.color") == "#e6edf3"
    page.evaluate("document.body.style.removeProperty('--jp-layout-color0')")
    page.evaluate("document.body.dataset.jpThemeLight = 'true'")
    page.wait_for_function("plot()._fullLayout.paper_bgcolor === '#ffffff'")


def test_a_hidden_chart_takes_the_theme_on_when_it_is_shown(started):
    page, _, _ = started
    page.evaluate("document.getElementById('cell').hidden = true")
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.wait_for_timeout(100)
    page.evaluate("document.getElementById('cell').hidden = false")
    page.wait_for_function(
        "plot()._fullLayout.paper_bgcolor === 'rgb(17, 17, 17)' || plot()._fullLayout.paper_bgcolor === '#111111'"
    )


def test_no_button_shares(started):
    page, _, _ = started
    page.hover("#cell")
    titles = page.eval_on_selector_all(".modebar-btn", "all => all.map(one => one.dataset.title)")
    assert titles
    assert not [title for title in titles if "share" in title.lower() or "cloud" in title.lower()]


@pytest.mark.parametrize(("kind", "head"), [("png", [0x89, 0x50, 0x4E, 0x47]), ("svg", [0x3C, 0x73, 0x76, 0x67])])
def test_the_page_makes_images(started, kind, head):
    page, _, _ = started
    request = {"kind": "image", "id": "7", "format": kind, "width": 800, "height": 450, "scale": 2, "filename": ""}
    page.evaluate("request => model.fire('msg:custom', request)", request)
    page.wait_for_function("model.sent.length === 1")
    answer = page.evaluate("model.sent[0]")
    assert answer["content"] == {"kind": "image", "id": "7"}
    assert answer["head"][:4] == head
    assert answer["bytes"] > 5_000


def test_an_image_can_be_saved_by_the_browser(started):
    page, _, _ = started
    request = {"kind": "image", "id": "8", "format": "svg", "width": 800, "height": 450, "scale": 1,
               "filename": "break-even.svg"}  # fmt: skip
    with page.expect_download() as saved:
        page.evaluate("request => model.fire('msg:custom', request)", request)
    assert saved.value.suggested_filename == "break-even.svg"


def test_it_cleans_up_after_itself(started):
    page, _, _ = started
    page.evaluate("stop.forEach(call => call())")
    assert page.evaluate("model.listeners()") == 0
    assert page.evaluate("plot().children.length") == 0
