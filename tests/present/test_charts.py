"""What the charts say and where, read from the figure itself."""

import itertools
import json
import re

import numpy as np
import pytest

from tco.present import theme
from tco.present.charts.breakeven import CurveLine, breakeven_chart
from tco.present.charts.bridge import BridgePier, bridge_chart
from tco.present.charts.lines import OptionLines, lines_chart

BREAK_EVEN = 2_386_191.0


def words(figure):
    return " | ".join(re.sub("<[^>]*>", " ", note["text"]) for note in figure["layout"]["annotations"])


def trace(figure, uid):
    return next(item for item in figure["data"] if item["uid"] == uid)


def test_the_chart_is_plain_json(g05):
    assert json.loads(json.dumps(g05(), allow_nan=False))["layout"]["meta"]["description"].startswith("Line chart")


def test_lines_have_their_colours_and_dashes(g05):
    figure = g05()
    looks = {uid: (trace(figure, uid)["line"]["color"], trace(figure, uid)["line"]["dash"])
             for uid in ("api", "hosted", "own")}  # fmt: skip
    assert looks == {"api": ("#e69f00", "10px,5px"), "hosted": ("#56b4e9", "2.5px,3.5px"), "own": ("#009e73", "solid")}


def test_the_mark_lies_where_the_lines_cross(g05):
    # 2,386,191 x 0.007711875 = 18,402: the API's bill there
    mark = trace(g05(), "break-even")
    assert mark["x"] == [BREAK_EVEN]
    assert mark["y"] == [pytest.approx(18_402, abs=1)]


def test_both_ends_of_a_step_are_drawn(g05):
    own = trace(g05(), "own")
    at_edge = [usd for volume, usd in zip(own["x"], own["y"], strict=True) if volume == 3_894_372.0]
    assert at_edge[1] - at_edge[0] == pytest.approx(2_555.0)


def test_the_words_are_there(g05):
    said = words(g05())
    for text in ("2.39M requests a month", "2.79M with the build", "you ·  6M", "$46.3K", "$2.22K", "GPT-5.4 API",
                 "self-hosting cheaper than GPT-5.4 API", "USD a month (log scale)"):  # fmt: skip
        assert text in said


def test_never_windows_and_always_are_said(g05):
    never = g05(winning=[], break_even=None, with_build=None, break_even_with_build=None)
    assert "Self-hosting is never cheaper in this range" in words(never)
    assert never["layout"]["shapes"][0]["type"] == "line"  # only the user's volume, no band
    windows = g05(winning=[(1e6, 2e6), (3e6, 4e6)], break_even=None)
    assert "only in the shaded windows" in words(windows)
    assert [shape["x0"] for shape in windows["layout"]["shapes"] if shape["type"] == "rect"] == [1e6, 3e6]
    assert "cheaper at every volume" in words(g05(winning=[(0.0, None)], break_even=0.0))


def test_the_same_question_gives_the_same_traces(g05):
    full, bare = g05(), g05(winning=[], break_even=None, with_build=None, break_even_with_build=None, you=None)
    assert [item["uid"] for item in full["data"]] == [item["uid"] for item in bare["data"]]


def test_a_volume_out_of_sight_is_pointed_at(g05):
    assert "you ·  900M  →" in words(g05(you=9e8))
    assert "←" in words(g05(you=10.0))


def test_a_stale_picture_is_grey_and_says_why(g05):
    figure = g05(stale_note="This picture is from before: write a GPU price above 0.")
    assert "write a GPU price above 0" in words(figure).replace("<br>", " ")
    assert {item["opacity"] for item in figure["data"]} == {0.3}


@pytest.mark.parametrize("width_px", [700, 1280, 1920])
@pytest.mark.parametrize("usd_log", [True, False])
def test_names_at_the_right_end_do_not_overlap(g05, width_px, usd_log):
    figure = g05(width_px=width_px, usd_log=usd_log)
    layout = figure["layout"]
    plot_px = layout["height"] - layout["margin"]["t"] - layout["margin"]["b"]
    ends = [note for note in layout["annotations"] if note.get("x") == 1 and note["xanchor"] == "left"]
    boxes = sorted((note["y"] * plot_px, (note["text"].count("<br>") + 1) * 15.6) for note in ends)
    assert len(boxes) >= 3
    for (low, low_px), (high, high_px) in itertools.pairwise(boxes):
        assert high - low >= (low_px + high_px) / 2


def test_a_line_that_leaves_through_the_top_is_named_there(g05):
    name = next(
        note for note in g05(usd_range=(1e3, 5e4))["layout"]["annotations"] if note["text"].startswith("<b>GPT-5.4")
    )
    # 50,000 / 0.007711875 = 6,483,508 requests: log10 of that over 200K, in units of log10(30M / 200K)
    assert (name["y"], name["x"]) == (1, pytest.approx(np.log(6_483_508 / 2e5) / np.log(150), abs=1e-6))


def test_a_mark_on_a_riser_lies_on_the_line_it_meets():
    own = CurveLine("own", "own", "self_host", np.array([0.0, 10.0, 10.0, 30.0]), np.array([5.0, 5.0, 20.0, 20.0]))
    api = CurveLine("api", "api", "frontier", np.array([0.0, 30.0]), np.array([0.0, 36.0]))
    figure = breakeven_chart(
        [own, api], axis_label="requests a month", winning=[(4.2, 10.0)], break_even=10.0, you=None, you_usd={},
        title="", source_line="", volume_range=(1.0, 30.0), usd_range=(1.0, 50.0), challenger="own",
    )  # fmt: skip
    assert trace(figure, "break-even")["y"] == [pytest.approx(12.0)]


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("palette", [theme.LIGHT, theme.DARK])
def test_text_is_readable_and_no_colour_means_two_things(palette):
    paper = luminance(palette["paper"])
    for name in [name for name in palette if name.endswith("_text") or name in ("ink", "muted")]:
        light, dark = sorted((luminance(palette[name]), paper), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, name
    assert len(set(palette.values())) == len(palette)


def test_recoloured_there_and_back_is_the_same(g05):
    light = g05()
    dark = theme.recoloured(light, dark=True)
    assert dark["layout"]["paper_bgcolor"] == theme.DARK["paper"]
    assert dark == g05(dark=True)
    assert theme.recoloured(dark, dark=False) == light


def test_the_bridge_adds_up():
    # 46,271 -> 2,220 saves 44,051; -> 17,924 costs 15,704 more
    piers = [BridgePier("GPT-5.4", "frontier", 46_271.25), BridgePier("hosted", "hosted", 2_220.0),
             BridgePier("your own GPUs", "self_host", 17_924.4)]  # fmt: skip
    figure = bridge_chart(piers, ["the model", "your own GPUs"], title="", source_line="")
    bars = figure["data"][0]
    ends = [base + length for base, length in zip(bars["base"], bars["x"], strict=True)]
    assert ends == pytest.approx([46_271.25, 2_220.0, 2_220.0, 17_924.4, 17_924.4])
    assert "\u2212$44.1K" in words(figure)
    assert "+$15.7K" in words(figure)
    with pytest.raises(ValueError, match="3 piers need 2 steps"):
        bridge_chart(piers, ["one"], title="", source_line="")


def test_cost_lines_are_sorted_and_the_small_ones_are_one():
    lines = {f"line {i}": float(i) for i in range(12)} | {"discount": -100.0}
    figure = lines_chart([OptionLines("own", "own", "self_host", lines)], title="", source_line="", most_lines=5)
    bars = figure["data"][0]
    assert bars["text"] == ["own", "discount", "line 11", "line 10", "line 9", "8 smaller lines"]
    assert bars["x"][0] == pytest.approx(sum(bars["x"][1:]))  # the parts make the total
    assert bars["x"][-1] == sum(range(1, 9))


@pytest.mark.parametrize("width_px", range(680, 1300, 40))
def test_the_band_and_the_amounts_are_written_apart(g05, width_px):
    # the hosted line is at 2,220 USD: just above the foot of a plot that begins at 1,500
    layout = g05(width_px=width_px, height_px=round(min(max(0.42 * width_px, 320), 480)), usd_range=(1.5e3, 3e5))[
        "layout"
    ]
    margin = layout["margin"]
    wide_px, high_px = width_px - margin["l"] - margin["r"], layout["height"] - margin["t"] - margin["b"]

    def box(note):
        text = re.sub("<[^>]*>", "", note["text"])
        words_px = theme.text_width_px([text], theme.SMALL_PX)
        across = note["x"] if note["xref"] == "paper" else (note["x"] - np.log10(2e5)) / np.log10(150)
        left = across * wide_px + note["xshift"] - (words_px if note["xanchor"] == "right" else 0)
        anchor = {"bottom": 0.0, "middle": 0.5, "top": 1.0}[note["yanchor"]]
        low = note["y"] * high_px + note.get("yshift", 0) - anchor * 15.6
        return left, left + words_px, low, low + 15.6

    notes = layout["annotations"]
    for band in [box(note) for note in notes if "<i>self-hosting" in note["text"]]:
        for amount in [box(note) for note in notes if note["text"].startswith("<b>$")]:
            apart = band[1] <= amount[0] or amount[1] <= band[0] or band[3] <= amount[2] or amount[3] <= band[2]
            assert apart, (band, amount)
