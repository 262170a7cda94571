"""The chart's Python side: what is packed, what is sent, who gets the image."""

import numpy as np
import pytest

from tco.errors import TcoError
from tco.widgets.chart import Chart, library_module, packed


def figure(*usd, title="a"):
    trace = {"type": "scatter", "x": [1.0, 2.0, 3.0], "y": list(usd), "text": ["p", "q", "r"]}
    return {"data": [trace], "layout": {"height": 300, "title": title, "meta": {"description": "Costs."}}}


def test_numbers_are_packed_and_words_are_not():
    traces, arrays, numbers = packed([{"x": [1, 2], "y": ["a", "b"]}, {"x": np.array([3.0]), "y": [None]}, {}])
    assert traces == [{"y": ["a", "b"]}, {}, {}]
    assert [(run["trace"], run["key"], run["offset"], run["length"]) for run in arrays] == [
        (0, "x", 0, 2), (1, "x", 2, 1), (1, "y", 3, 1)]  # fmt: skip
    assert numbers[:3].tolist() == [1.0, 2.0, 3.0]
    assert np.isnan(numbers[3])


def sent_by(chart, show):
    sent = []

    def note(key=None):
        sent.append({key} if isinstance(key, str) else set(chart.keys if key is None else key))

    chart.send_state = note
    show()
    return set().union(*sent) if sent else set()


def test_only_what_changed_is_sent():
    chart = Chart(figure(1.0, 2.0, 3.0))
    assert sent_by(chart, lambda: chart.show(figure(1.0, 2.0, 3.0))) == set()
    assert sent_by(chart, lambda: chart.show(figure(4.0, 5.0, 6.0))) == {"buffer"}
    assert sent_by(chart, lambda: chart.show(figure(4.0, 5.0, 7.0, title="b"))) == {"buffer", "figure_layout"}


def test_the_state_alone_gives_the_picture():
    chart = Chart(figure(4.0, 5.0, 6.0))
    assert np.frombuffer(chart.buffer, "<f8").tolist() == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert chart.description == "Costs."
    assert set(chart.get_state()) >= {"traces", "figure_layout", "meta", "buffer", "config", "palettes", "_esm", "_css"}


def test_charts_share_one_library_and_carry_little_themselves():
    one, other = Chart(), Chart()
    assert one.library is other.library
    assert len(one._esm) < 20_000 < 1_000_000 < len(library_module())


def test_an_image_reaches_who_asked_once():
    chart, got, asked = Chart(figure(1.0, 2.0, 3.0)), [], []
    chart.send = lambda content, buffers=None: asked.append(content)
    chart.request_image("png", width=800, on_image=got.append)
    assert (asked[0]["height"], asked[0]["width"], asked[0]["format"]) == (300, 800, "png")
    for _ in range(2):
        chart._receive(chart, {"kind": "image", "id": asked[0]["id"]}, [memoryview(b"PNG")])
    assert got == [b"PNG"]


def test_what_a_page_cannot_draw_is_said():
    chart = Chart()
    with pytest.raises(TcoError, match="png or svg"):
        chart.request_image("pdf")
    with pytest.raises(TcoError, match="reload the page"):
        chart._receive(chart, {"kind": "image", "id": "x", "error": "no"}, [])
