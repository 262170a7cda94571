"""The highest load inside a service level: doubling until it is left, then halving the gap. Knows nothing of servers."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from tco.bench.codes import blocks
from tco.bench.records import PointResult

OF_THE_LOAD = {"B-DIED", "B-EMPTY", "B-FULL"}
"""Blocking codes that a lower load may be free of; any other ends the search of a mix."""
CLOSE_RATIO = 1.15
"""The search ends when the first load outside is at most so many times the last one inside."""


@dataclass(frozen=True)
class Found:
    """Every load tried, in the order of trying, and the highest inside; None when none was."""

    tried: tuple[tuple[int, PointResult], ...]
    concurrency: int | None
    codes: tuple[str, ...] = ()

    @property
    def point(self) -> PointResult | None:
        """What was measured at the load found."""
        return next((point for load, point in self.tried if load == self.concurrency), None)

    @property
    def neighbours(self) -> tuple[int, ...]:
        """The tried loads next below and next above the one found."""
        if self.concurrency is None:
            return ()
        loads = sorted({load for load, _ in self.tried})
        at = loads.index(self.concurrency)
        return tuple(loads[max(at - 1, 0) : at] + loads[at + 1 : at + 2])


def inside(point: PointResult, target_frac: float) -> bool:
    """Whether enough requests kept the service level; a blocked point never does."""
    return point.in_slo_frac >= target_frac and not blocks(point.codes)


def resolved(point: PointResult, target_frac: float) -> bool:
    """Whether the interval of the share leaves the target out, so that the verdict is no accident."""
    return not point.in_slo_low < target_frac < point.in_slo_high


def capacity(
    measure: Callable[[int], PointResult],
    target_frac: float,
    first: int,
    most: int,
    may_go_on: Callable[[], bool] = lambda: True,
) -> Found:
    """
    The highest concurrency inside the service level.

    Parameters
    ----------
    measure : callable
        Measures one concurrency.
    target_frac : float
        Share of requests that must be inside.
    first, most : int
        Where to start, and the highest load to try. [requests in flight]
    may_go_on : callable
        Asked before every measurement but the first; False ends the search with what is known, and so does a point that is blocked for
        what is no matter of load.
    """
    tried: dict[int, PointResult] = {}
    stopped = spoiled = False

    def goes_on() -> bool:
        nonlocal stopped, spoiled
        spoiled = any(_spoiled(point) for point in tried.values())
        stopped = not spoiled and not may_go_on()
        return not (stopped or spoiled)

    def holds(load: int) -> bool:
        tried[load] = measure(load)
        return inside(tried[load], target_frac)

    low, high = _bracket(holds, min(max(first, 1), most), most, goes_on)
    while low is not None and high is not None and not _close(low, high) and goes_on():
        middle = min(max(round(math.sqrt(low * high)), low + 1), high - 1)
        low, high = (middle, high) if holds(middle) else (low, middle)
    codes: tuple[str, ...] = ()
    if not spoiled:
        codes = ("B-LIMIT",) if low == most else ("B-BUDGET",) if stopped else ("B-NONE",) if low is None else ()
    if low is not None and not all(resolved(tried[load], target_frac) for load in (low, high) if load is not None):
        codes = (*codes, "B-NOISE")
    return Found(tuple(tried.items()), low, codes)


def _bracket(
    holds: Callable[[int], bool], first: int, most: int, may_go_on: Callable[[], bool]
) -> tuple[int | None, int | None]:
    """The highest load inside and the lowest outside, by doubling up from the first, or halving down from it."""
    low: int | None = None
    high: int | None = None
    load = first
    while True:
        if holds(load):
            low = load
            load = min(load * 2, most)
        else:
            high = load
            load //= 2
        settled = low is not None and (high is not None or low == most)
        if settled or load < 1 or not may_go_on():
            return low, high


def _spoiled(point: PointResult) -> bool:
    """Whether a point cannot be used for a reason that no other load would mend."""
    return any(blocks((code,)) and code not in OF_THE_LOAD for code in point.codes)


def _close(low: int, high: int) -> bool:
    return high - low <= 1 or high / low <= CLOSE_RATIO
