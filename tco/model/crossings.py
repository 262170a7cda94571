"""
Where one cost curve is below another, exactly. MODEL §5.2–5.3.

Curves are affine between kinks and left-continuous at them, so each piece is solved in closed form: nothing is sampled,
and nothing between two kinks can be missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tco.units import Array


@dataclass(frozen=True)
class Pieces:
    """A curve between kinks: piece j runs from ``left[j]`` to ``right[j]`` with these values at its two ends."""

    left: Array
    right: Array
    at_left: Array
    """Limit from the right of the left end."""
    at_right: Array


def grid(kinks: Sequence[Array], max_volume: float) -> Array:
    """Ends of all pieces from 0 to a volume: kinks merged where they differ by less than rounding."""
    inner = np.unique(np.concatenate([np.asarray(k, dtype=float) for k in kinks] or [np.array([])]))
    inner = inner[(inner > 0) & (inner < max_volume * (1 - 1e-12))]
    ends = np.concatenate([[0.0], inner, [max_volume]])
    apart: Array = ends[np.concatenate([[True], np.diff(ends) > 1e-9 * ends[1:]])]
    return apart


def inside(ends: Array) -> Array:
    """Two volumes inside every piece, first all lower ones: where to evaluate a curve so that no jump is ever touched."""
    left, width = ends[:-1], np.diff(ends)
    return np.concatenate([left + width * 0.25, left + width * 0.75])


def pieces(values: Array, ends: Array) -> Pieces:
    """A curve's limits at both ends of every piece, from its values at ``inside(ends)``."""
    low, high = np.split(np.broadcast_to(np.asarray(values, dtype=float), (2 * (len(ends) - 1),)), 2)
    half = (high - low) / 2.0
    return Pieces(ends[:-1], ends[1:], low - half, high + half)


def winning_intervals(gap: Pieces) -> list[tuple[float, float]]:
    """
    Where a piecewise affine gap is at least zero, neighbours merged.

    Examples
    --------
    >>> one = Pieces(np.array([0.0]), np.array([10.0]), np.array([-4.0]), np.array([6.0]))
    >>> winning_intervals(one)
    [(4.0, 10.0)]
    """
    scale = np.maximum(np.abs(gap.at_left), np.abs(gap.at_right)) * 1e-12
    at_left = np.where(np.abs(gap.at_left) <= scale, 0.0, gap.at_left)
    at_right = np.where(np.abs(gap.at_right) <= scale, 0.0, gap.at_right)
    with np.errstate(divide="ignore", invalid="ignore"):
        root = gap.left + (gap.right - gap.left) * (-at_left) / (at_right - at_left)
    start = np.where(at_left >= 0, gap.left, root)
    stop = np.where(at_right >= 0, gap.right, root)
    wins = ((at_left >= 0) | (at_right >= 0)) & (stop > start)
    begins, ends = start[wins], stop[wins]
    if not len(begins):
        return []
    apart = np.abs(begins[1:] - ends[:-1]) > 1e-12 * np.maximum(begins[1:], 1e-300)
    first, last = np.concatenate([[True], apart]), np.concatenate([apart, [True]])
    return list(zip(begins[first].tolist(), ends[last].tolist(), strict=True))


def lower_envelope(curves: Sequence[Pieces]) -> list[tuple[float, float, int]]:
    """
    Which of several curves on the same pieces is cheapest where: (from, to, index), neighbours merged.

    On one piece every curve is a line, so the envelope is walked from crossing to crossing.
    """
    left, right = curves[0].left, curves[0].right
    at_left = np.stack([c.at_left for c in curves])
    at_right = np.stack([c.at_right for c in curves])
    first = _cheapest(at_left, at_right)
    last = _cheapest(at_right, at_left)
    changes = (first != last) | np.concatenate([[True], first[1:] != last[:-1]])
    turns = np.flatnonzero(changes)
    found: list[tuple[float, float, int]] = []
    for j, after in zip(turns.tolist(), [*turns[1:].tolist(), len(left)], strict=True):
        spans = (
            [(left[j], right[j], int(first[j]))]
            if first[j] == last[j]
            else _walk(left[j], right[j], at_left[:, j], at_right[:, j], int(first[j]))
        )
        for a, b, index in spans:
            if found and found[-1][2] == index:
                found[-1] = (found[-1][0], float(b), index)
            else:
                found.append((float(a), float(b), index))
        found[-1] = (found[-1][0], float(right[after - 1]), found[-1][2])  # unchanged until the next turn
    return found


def _cheapest(here: Array, there: Array) -> Array:
    """Index of the lowest value at one end; of equals the one lower at the other end."""
    low = here.min(axis=0)
    tied = here <= low + 1e-12 * (np.abs(here).max(axis=0) + np.abs(there).max(axis=0))
    index: Array = np.where(tied, there, np.inf).argmin(axis=0)
    return index


def _walk(left: float, right: float, at_left: Array, at_right: Array, start: int) -> list[tuple[float, float, int]]:
    slope = (at_right - at_left) / (right - left)
    spans: list[tuple[float, float, int]] = []
    position, current = left, start
    while True:
        flatter = np.flatnonzero(slope < slope[current])
        if not len(flatter):
            break
        values = at_left + slope * (position - left)
        cross = position + (values[flatter] - values[current]) / (slope[current] - slope[flatter])
        nearest = np.lexsort((slope[flatter], cross))[0]
        if cross[nearest] >= right:
            break
        spans.append((position, float(cross[nearest]), current))
        position, current = float(cross[nearest]), int(flatter[nearest])
    spans.append((position, right, current))
    return [span for span in spans if span[1] > span[0]]


@dataclass(frozen=True)
class Staircase:
    """
    Closed form of a line against a staircase, ``C = F + (max(n_min, ⌈V/Q⌉) + r)·k + v·V`` against ``p·V``.

    An independent check of the general method, and the quick way for many draws.
    """

    first: float | None
    permanent: float | None
    bound: float | None


def line_against_staircase(
    price: float, fixed: float, step_cost: float, step_volume: float, spare: float, variable: float
) -> Staircase:
    """
    First and permanent break-even of a line and a staircase. MODEL §5.2.

    Examples
    --------
    >>> found = line_against_staircase(5.0, 10_000.0, 3_000.0, 1_000.0, 1, 0.30)  # G02
    >>> round(found.first, 6), round(found.permanent, 6), round(found.bound, 6)
    (7872.340426, 9148.93617, 9411.764706)
    """
    margin = price - variable
    if margin <= step_cost / step_volume:
        return Staircase(None, None, None)
    gain = margin * step_volume - step_cost
    base = fixed + spare * step_cost

    def crossing(step: float) -> float:
        return (base + step * step_cost) / margin

    first_step = max(1.0, np.ceil(base / gain - 1e-12))
    last_step = max(1.0, np.ceil((base + margin * step_volume) / gain - 1e-12))
    permanent = crossing(last_step - 1) if last_step > 1 else 0.0
    bound = (base + step_cost) / (margin - step_cost / step_volume)
    return Staircase(float(crossing(first_step)), float(permanent), float(bound))
