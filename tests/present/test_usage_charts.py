"""The pictures of a log: its week, its lengths, its models."""

import json
import math

import numpy as np
import pytest

from tco.present import theme
from tco.present.charts.heat import HeatWeek, heat_chart, heat_words
from tco.present.charts.lengths import Lengths, length_words, lengths_chart
from tco.present.charts.shares import ModelUse, largest, shares_chart


def week_of(**hours: float) -> HeatWeek:
    by_hour = np.full(168, 2.0)
    for name, value in hours.items():
        by_hour[int(name[1:])] = value
    return HeatWeek(by_hour, "requests", "UTC", "all models")


def test_a_cell_stands_at_its_day_and_hour() -> None:
    figure = heat_chart(week_of(h25=10.0, h26=math.nan))
    cells = figure["data"][0]
    assert len(cells["x"]) == 167  # what is not known is blank
    place = cells["marker"]["color"].index(10.0)
    assert (cells["x"][place], int(cells["base"][place])) == (1.5, 1)  # Tuesday, 01:00 to 02:00
    frame = figure["layout"]["shapes"][0]
    assert (frame["x0"], frame["y0"]) == (1, 1)
    assert figure["layout"]["yaxis"]["ticktext"][0] == "Mon"
    assert figure["layout"]["yaxis"]["range"] == [7, 0]  # Monday is on top
    assert "Tue 01:00 with 10 requests" in figure["layout"]["meta"]["description"]
    json.dumps(figure, allow_nan=False)


def test_an_empty_week_says_so_and_is_drawn() -> None:
    empty = HeatWeek(np.zeros(168), "tokens", "UTC", "<b>x</b>")
    assert heat_words(empty) == "Nothing came in any hour."
    figure = heat_chart(empty, dark=True)
    assert figure["layout"]["shapes"] == []
    assert "<b>" not in figure["layout"]["annotations"][0]["text"]


def test_blank_hours_are_counted_in_words() -> None:
    assert "1 of 168 hours of the week are not in the log" in heat_words(week_of(h3=math.nan))


def test_recoloured_the_scale_follows() -> None:
    dark = theme.recoloured(heat_chart(week_of()), dark=True)
    assert dark["data"][0]["marker"]["colorscale"][2][1] == theme.DARK["heat_high"]


def test_lengths_are_the_lognormal_of_their_moments() -> None:
    # spread 1: the logarithm's variance is ln 2, so the median is the mean over sqrt 2
    one = Lengths("prompt", 1000.0, 1.0)
    assert one.median_tok == pytest.approx(1000 / math.sqrt(2))
    curve = lengths_chart([one])["data"][0]
    x, y = np.log(curve["x"]), np.array(curve["y"])
    density = y / np.trapezoid(y, x)
    assert np.trapezoid(density * np.exp(x), x) == pytest.approx(1000, rel=0.02)  # its mean is the log's


def test_without_a_spread_only_the_mean_is_drawn() -> None:
    figure = lengths_chart([Lengths("prompt", 1000.0, None), Lengths("answer", 0.0, None)])
    assert figure["data"][0]["x"] == []
    assert len(figure["layout"]["shapes"]) == 1
    assert "spread not told" in length_words(Lengths("prompt", 1000.0, None))
    low, high = figure["layout"]["xaxis"]["range"]
    assert low < 3 < high
    lengths_chart([])


def test_shares_add_up_and_the_small_are_one() -> None:
    models = [ModelUse(f"m{n}", 10, 100, float(n)) for n in range(10)] + [ModelUse("<b>own</b>", 100, 0, None)]
    rows = largest(models, 4)
    assert rows[-1].name == "8 smaller models"
    assert sum(row.requests for row in rows) == 200
    figure = shares_chart(models, most=20)
    assert [sum(trace["x"]) for trace in figure["data"]] == pytest.approx([1.0, 1.0, 1.0])
    words = [item["text"] for item in figure["layout"]["annotations"]]
    assert "no price" in words
    assert "50 % of requests" in [word.replace("\u00a0", " ") for word in words]
    assert "<b>own</b>" not in words
    json.dumps(figure, allow_nan=False)
    shares_chart([])
