"""Charts as files: the right kind, whole or not at all, and nothing asked of any other machine."""

from datetime import date

import pytest

from tco.errors import MissingTool, TcoError
from tco.present.formats.chart_file import export_chart

TOLD = {
    "title": "Self-hosting <is> cheaper & simpler",
    "source_line": "Prices: OpenAI, checked 2026-10-21",
    "as_of": date(2026, 11, 20),
    "scenario_hash": "3f2a9c1e77ab01dd42",
}


@pytest.mark.usefixtures("chromium")
@pytest.mark.parametrize(("ending", "start"), [("png", b"\x89PNG\r\n"), ("svg", b"<svg"), ("pdf", b"%PDF-")])
def test_images_are_what_their_ending_says(g05, tmp_path, ending, start):
    path = export_chart(g05(), tmp_path / "new" / f"chart.{ending}", **TOLD)
    content = path.read_bytes()
    assert content.startswith(start)
    assert len(content) > 10_000
    assert [item.name for item in path.parent.iterdir()] == [path.name]
    if ending == "svg":
        for text in (b"scenario 3f2a9c1e77ab", b"as of 2026-11-20", b"checked 2026-10-21", b"cheaper &amp; simpler"):
            assert text in content


def test_the_page_asks_for_nothing_and_cannot_share(g05, tmp_path, browser):
    path = export_chart(g05(), tmp_path / "chart.html", **TOLD)
    assert path.stat().st_size < 1_400_000
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        asked, faults = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(path.as_uri())
        page.wait_for_selector("#chart .main-svg")
        page.hover("#chart")
        buttons = page.eval_on_selector_all(".modebar-btn", "all => all.map(one => one.dataset.title)")
        heading, caption = page.text_content("h1"), page.text_content("figcaption")
        range_shown = page.evaluate("document.getElementById('chart')._fullLayout.xaxis.range")
    assert faults == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert buttons
    assert not [title for title in buttons if "share" in title.lower() or "cloud" in title.lower()]
    assert heading == TOLD["title"]
    assert "scenario 3f2a9c1e77ab" in caption
    assert range_shown == pytest.approx([5.30103, 7.47712], abs=1e-4)  # 200K to 30M


def test_words_in_a_figure_cannot_end_its_script(g05, tmp_path):
    evil = "</script><script>document.title='x'</script>"
    text = export_chart(g05(title=evil), tmp_path / "c.html", **{**TOLD, "title": evil}).read_text(encoding="utf-8")
    assert "</script><script>document" not in text


def test_an_unknown_ending_lists_the_known(g05, tmp_path):
    with pytest.raises(TcoError, match=r"\.gif; write to one of \.html, \.png, \.svg, \.pdf"):
        export_chart(g05(), tmp_path / "chart.gif", **TOLD)
    with pytest.raises(TcoError, match="ending none"):
        export_chart(g05(), tmp_path / "chart", **TOLD)


def test_without_a_browser_it_says_what_is_needed_and_leaves_the_old_file(g05, tmp_path, monkeypatch):
    monkeypatch.setenv("BROWSER_PATH", str(tmp_path / "no-such-browser"))
    old = tmp_path / "chart.png"
    old.write_bytes(b"old")
    with pytest.raises(MissingTool, match="Chrome or Chromium") as caught:
        export_chart(g05(), old, **TOLD)
    assert "html" in str(caught.value)
    assert old.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [old]


def test_a_file_that_cannot_take_its_place_leaves_nothing_behind(g05, tmp_path):
    taken = tmp_path / "chart.html"
    taken.mkdir()
    with pytest.raises(TcoError, match=r"chart\.html"):
        export_chart(g05(), taken, **TOLD)
    assert list(tmp_path.iterdir()) == [taken]


def test_the_figure_given_is_not_changed(g05, tmp_path):
    figure, same = g05(), g05()
    export_chart(figure, tmp_path / "chart.html", **TOLD)
    assert figure == same
