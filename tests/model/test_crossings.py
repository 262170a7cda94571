"""Winning intervals, the lower envelope and the closed form, against brute force on random curves."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.model.crossings import (
    Pieces,
    grid,
    inside,
    line_against_staircase,
    lower_envelope,
    pieces,
    winning_intervals,
)

values = st.integers(-20, 20).map(float)


@st.composite
def ends_of_pieces(draw: st.DrawFn) -> np.ndarray:
    widths = draw(st.lists(st.integers(1, 9), min_size=1, max_size=8))
    return np.concatenate([[0.0], np.cumsum(widths, dtype=float)])


@st.composite
def curves(draw: st.DrawFn, count: int) -> list[Pieces]:
    ends = draw(ends_of_pieces())
    some = st.lists(values, min_size=len(ends) - 1, max_size=len(ends) - 1).map(np.array)
    return [Pieces(ends[:-1], ends[1:], draw(some), draw(some)) for _ in range(count)]


def at(curve: Pieces, volume: np.ndarray) -> np.ndarray:
    """A curve's value at volumes, left-continuous: the end of a piece belongs to it."""
    j = np.clip(np.searchsorted(curve.right, volume, side="left"), 0, len(curve.left) - 1)
    share = (volume - curve.left[j]) / (curve.right[j] - curve.left[j])
    return np.asarray(curve.at_left[j] + share * (curve.at_right[j] - curve.at_left[j]))


def dense(curve: Pieces) -> np.ndarray:
    """Many volumes inside the pieces, never on a kink."""
    return np.asarray(curve.right[-1]) * (np.arange(3_000) + 0.4321) / 3_000


def test_a_gap_that_touches_from_below_is_an_interval_only_where_it_stays() -> None:
    left, right = np.array([0.0, 1.0, 2.0]), np.array([1.0, 2.0, 3.0])
    # rises to 0, stays at 0, falls: equal costs count as won, a single point does not
    gap = Pieces(left, right, np.array([-1.0, 0.0, 0.0]), np.array([0.0, 0.0, -1.0]))
    assert winning_intervals(gap) == [(1.0, 2.0)]


def test_a_jump_ends_an_interval_at_the_kink() -> None:
    gap = Pieces(np.array([0.0, 1.0]), np.array([1.0, 2.0]), np.array([-1.0, -1.0]), np.array([1.0, 1.0]))
    assert winning_intervals(gap) == [(0.5, 1.0), (1.5, 2.0)]


def test_neighbours_are_one_interval() -> None:
    gap = Pieces(np.array([0.0, 1.0]), np.array([1.0, 2.0]), np.array([1.0, 5.0]), np.array([2.0, 0.0]))
    assert winning_intervals(gap) == [(0.0, 2.0)]


@given(curves(1))
def test_winning_intervals_are_where_a_dense_grid_is_not_negative(found: list[Pieces]) -> None:
    (gap,) = found
    intervals = winning_intervals(gap)
    volume = dense(gap)
    value = at(gap, volume)
    won = np.zeros(len(volume), dtype=bool)
    for a, b in intervals:
        assert a < b
        won |= (volume >= a) & (volume <= b)
    clear = np.abs(value) > 1e-9
    assert (won == (value >= 0))[clear].all()
    starts = [b for _, b in intervals[:-1]]
    assert all(end < a for end, (a, _) in zip(starts, intervals[1:], strict=True))  # in order, and merged


@given(curves(3))
def test_the_envelope_is_the_cheapest_on_a_dense_grid(found: list[Pieces]) -> None:
    envelope = lower_envelope(found)
    assert envelope[0][0] == 0
    assert envelope[-1][1] == found[0].right[-1]
    assert all(b == a for (_, b, _), (a, _, _) in pairwise(envelope))
    assert all(one[2] != next_[2] for one, next_ in pairwise(envelope))
    volume = dense(found[0])
    costs = np.stack([at(curve, volume) for curve in found])
    index = np.searchsorted([b for _, b, _ in envelope], volume, side="left")
    chosen = np.array([option for _, _, option in envelope])[index]
    assert costs[chosen, np.arange(len(volume))] == pytest.approx(costs.min(axis=0), abs=1e-9)


def test_pieces_run_from_limit_to_limit() -> None:
    ends = grid([np.array([4.0, 4.0 * (1 + 1e-12), 12.0])], 10.0)
    assert ends.tolist() == [0, 4, 10]
    # 2 + 3V on the first piece, 100 - V on the second
    points = inside(ends)
    found = pieces(np.where(points <= 4, 2 + 3 * points, 100 - points), ends)
    assert found.at_left == pytest.approx([2, 96])
    assert found.at_right == pytest.approx([14, 90])


def test_a_cost_that_never_changes_is_one_number() -> None:
    assert pieces(np.array(7.0), np.array([0.0, 1.0, 2.0])).at_right.tolist() == [7, 7]


@given(
    price=st.floats(0.5, 20),
    variable=st.floats(0, 0.4),
    fixed=st.floats(0, 5e4),
    step_cost=st.floats(10, 5e3),
    step_volume=st.floats(100, 5e3),
    spare=st.integers(0, 3),
)
def test_the_closed_form_is_the_general_method(
    price: float, variable: float, fixed: float, step_cost: float, step_volume: float, spare: int
) -> None:
    closed = line_against_staircase(price, fixed, step_cost, step_volume, spare, variable)
    margin = price - variable
    far = 200 * step_volume if closed.bound is None else closed.bound * 1.01 + step_volume
    if far / step_volume > 20_000:
        return
    ends = grid([np.arange(1, int(far / step_volume) + 2) * step_volume], far)
    points = inside(ends)
    own = fixed + (np.ceil(points / step_volume) + spare) * step_cost + variable * points
    won = winning_intervals(pieces(price * points - own, ends))
    if closed.bound is None:
        assert margin <= step_cost / step_volume
        assert not won or won[-1][1] < far or margin == pytest.approx(step_cost / step_volume, rel=0.05)
        return
    assert closed.first is not None
    assert closed.permanent is not None
    edge = pytest.approx(closed.permanent, rel=1e-6, abs=1e-6 * step_volume)
    steps = closed.first / step_volume
    if abs(steps - round(steps)) > 1e-6:  # costs that only touch, at the very end of a step, are no interval
        assert won[0][0] == pytest.approx(closed.first, rel=1e-6, abs=1e-6 * step_volume)
    assert won[-1][1] == pytest.approx(far)
    assert won[-1][0] == edge
    assert closed.first <= closed.permanent * (1 + 1e-9)
    assert closed.permanent <= closed.bound * (1 + 1e-9)


@pytest.mark.parametrize("price", [3.0, 2.9])
def test_no_margin_over_a_full_step_is_no_break_even(price: float) -> None:
    assert line_against_staircase(price, 100.0, 3000.0, 1000.0, 0, 0.0).permanent is None
