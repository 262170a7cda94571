"""Axes: calm ranges, round ticks, labels apart, straight lines that bend rightly on a log axis."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tco.present.charts.axes import densified, linear_ticks, log_ticks, place, rounded_out, spread, steady_range

fast = settings(derandomize=True, deadline=None)


def test_a_range_holds_until_the_answer_leaves_it():
    assert steady_range(None, (1e5, 1e7)) == (1e5, 1e7)
    assert steady_range((1e5, 1e7), (1e5, 1e7)) == (1e5, 1e7)
    assert steady_range((1e5, 1e7), (5e4, 1e6)) == (5e4, 1e6)
    assert steady_range((1e2, 1e9), (1e5, 1e7)) == (1e5, 1e7)  # far too wide: 7 decades for 2
    assert steady_range((0.0, 50_000.0), (0.0, 30_000.0)) == (0.0, 50_000.0)


@fast
@given(st.floats(1e-3, 1e12), st.floats(1.0, 1e6))
def test_a_rounded_range_holds_its_ends(low, factor):
    start, end = rounded_out(low, low * factor)
    assert start <= low * (1 + 1e-9)
    assert end >= low * factor * (1 - 1e-9)
    assert start > low / 2.1
    assert end < low * factor * 2.1


@pytest.mark.parametrize("shown", [(1e5, 3e7), (2e5, 5e5), (1.0, 1e9), (500.0, 3e5)])
def test_ticks_are_few_and_some(shown):
    assert 1 <= sum(shown[0] <= tick <= shown[1] for tick in log_ticks(shown, 8)) <= 8
    assert 2 <= len(linear_ticks((0.0, shown[1]), 7)) <= 8


@fast
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6))
def test_labels_keep_apart_and_in_order(wished):
    places = spread(wished, [0.1] * len(wished))
    assert all(0.05 - 1e-9 <= here <= 0.95 + 1e-9 for here in places)
    ordered = sorted(places)
    assert all(after - before >= 0.1 - 1e-9 for before, after in itertools.pairwise(ordered))
    assert [wished[i] for i in np.argsort(places, kind="stable")] == sorted(wished)


def test_a_straight_line_gets_points_to_bend_with_and_steps_keep_both_ends():
    volume, usd = np.array([0.0, 100.0, 100.0, 1000.0]), np.array([10.0, 20.0, 50.0, 140.0])
    x, y = densified(volume, usd, 1.0)
    assert (x[0], y[0]) == (1.0, pytest.approx(10.1))
    assert [y[i] for i in np.flatnonzero(x == 100.0)] == [20.0, 50.0]
    assert y[x > 100] == pytest.approx(40 + x[x > 100] / 10)
    assert np.max(x[1:] / x[:-1]) < 1.07


def test_place_on_either_kind_of_axis():
    assert place(1e3, (1e2, 1e4), True) == pytest.approx(0.5)
    assert place(25.0, (0.0, 100.0), False) == 0.25
