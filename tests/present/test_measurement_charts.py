"""The charts of a measurement: what they show, and that their axes keep still."""

import json
import math

import numpy as np
import pytest

from tco.present.charts.live import LiveRun, LiveTrace, live_chart, live_ranges, thinned
from tco.present.charts.loads import LoadCurve, LoadPoint, loads_chart

NAN = math.nan


def trace(seconds=50.0, speed=900.0, watts=520.0):
    at = np.arange(0.0, seconds, 0.2)
    runs = (
        LiveRun(5.0, 20.0, "16 in, 16 out", "8 in flight", 870.0),
        LiveRun(30.0, 50.0, "32 in, 8 out", "8 in flight"),
    )
    powered = None if watts is None else np.full(at.size, watts)
    return LiveTrace(at, np.where(at < 5.0, NAN, speed), powered, runs)


def drawn(figure, uid):
    return next(item for item in figure["data"] if item["uid"] == uid)


def test_two_panels_over_the_same_minutes():
    figure, _ = live_chart(trace())
    assert [item["uid"] for item in figure["data"]] == ["speed", "steady", "watts"]
    assert drawn(figure, "watts")["yaxis"] == "y2"
    assert figure["layout"]["yaxis"]["domain"][0] > figure["layout"]["yaxis2"]["domain"][1]
    assert figure["layout"]["xaxis"]["range"] == [0.0, 1.0]
    assert json.loads(json.dumps(figure))  # what is not known is null
    assert drawn(figure, "speed")["y"][0] is None
    # the mean of a steady window over its run, 5 s to 20 s, in minutes; a run under way has none yet
    assert drawn(figure, "steady")["x"][:2] == [pytest.approx(5 / 60), pytest.approx(20 / 60)]
    assert drawn(figure, "steady")["y"] == [870.0, 870.0, None]
    assert len(figure["layout"]["shapes"]) == 2
    assert "870 tok/s" in figure["layout"]["meta"]["description"].replace("\u00a0", " ")


def test_without_power_there_is_one_panel():
    figure, _ = live_chart(trace(watts=None))
    assert "yaxis2" not in figure["layout"]
    assert "watts" not in figure["layout"]["meta"]["description"]


def test_nothing_yet_is_a_chart_all_the_same():
    figure, ranges = live_chart(LiveTrace(np.zeros(0), np.zeros(0), None))
    assert ranges.minutes == (0.0, 1.0)
    assert figure["data"][0]["x"] == []


def test_the_axes_keep_still_until_they_must_move():
    first = live_ranges(trace(speed=900.0))
    assert live_ranges(trace(speed=600.0), first) == first  # slower, and the axis stays
    assert live_ranges(trace(speed=2000.0), first).output_tok_per_s[1] > 2000.0
    assert live_ranges(trace(seconds=61.0), first).minutes == (0.0, 2.0)
    assert live_ranges(LiveTrace(np.array([0.0, 7300.0]), np.array([1.0, 1.0]), None)).minutes == (0.0, 180.0)


def test_many_samples_are_drawn_through_their_means():
    at = np.arange(0.0, 6000.0, 0.2)  # 100 minutes, five a second
    kept_at, kept = thinned(at, np.sin(at) + 2.0)
    assert kept_at.size == 500
    assert kept.mean() == pytest.approx(2.0, abs=0.01)
    assert np.isnan(thinned(at, np.full(at.size, NAN))[1]).all()


def curve(label="16 in, 16 out", settled=True, best=6.0):
    points = [LoadPoint(load, 120.0 * load, load <= best) for load in (8.0, 4.0, 6.0)]
    return LoadCurve(label, points, settled)


def test_a_panel_for_each_mix_with_the_load_that_keeps_the_limits():
    figure = loads_chart([curve(), curve("32 in, 8 out", settled=False), LoadCurve("8 in, 24 out", ())], width_px=900)
    layout = figure["layout"]
    assert drawn(figure, "loads-16 in, 16 out")["x"] == [4.0, 6.0, 8.0]
    assert [shape["x0"] for shape in layout["shapes"]] == [6.0, 6.0]
    said = " | ".join(note["text"] for note in layout["annotations"])
    assert "720 tok/s at 6 in flight | <b>32" in said
    assert "720 tok/s at 6 in flight, so far" in said
    assert "not yet measured" in said
    assert layout["xaxis"]["range"] == layout["xaxis3"]["range"]
    assert layout["xaxis"]["domain"][1] < layout["xaxis2"]["domain"][0]


def test_a_mix_that_no_load_keeps_says_so():
    assert "no load inside" in loads_chart([curve(best=0.0)])["layout"]["meta"]["description"]


def test_panels_of_a_narrow_page_stand_below_each_other():
    layout = loads_chart([curve(), curve("32 in, 8 out")], width_px=300)["layout"]
    assert layout["yaxis"]["domain"][0] > layout["yaxis2"]["domain"][1]
    assert json.loads(json.dumps(layout))
