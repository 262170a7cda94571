"""Axes that stay calm: ranges on round numbers that hold until the answer leaves them, ticks, and places for labels."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np

from tco.units import Array

Range: TypeAlias = tuple[float, float]
_ROUND_STEPS = (1.0, 2.0, 3.0, 5.0, 10.0)
_EDGE = 1e-9


def steady_range(previous: Range | None, wanted: Range) -> Range:
    """
    The range an axis keeps: the previous while it holds what is wanted and is not much too wide, else the wanted one.

    ``wanted`` should stand on round numbers, as ``rounded_out`` gives, so that an axis that must move does so rarely.
    "Much too wide" is three times the decades wanted (of the length, on a range that starts at or below 0).

    Examples
    --------
    >>> steady_range((1e5, 1e7), (2e5, 5e6))
    (100000.0, 10000000.0)
    >>> steady_range((1e5, 1e7), (2e5, 2e7))
    (200000.0, 20000000.0)
    """
    if previous is None or wanted[0] < previous[0] or wanted[1] > previous[1]:
        return wanted
    on_log = previous[0] > 0 and wanted[0] > 0
    return wanted if _length(previous, on_log) > 3 * _length(wanted, on_log) else previous


def rounded_out(lowest: float, highest: float) -> Range:
    """
    The narrowest range on 1, 2, 3 or 5 times a power of ten that holds both.

    Examples
    --------
    >>> rounded_out(119_309, 30_000_000)
    (100000.0, 30000000.0)
    """
    return _round_number(lowest, up=False), _round_number(highest, up=True)


def log_ticks(shown: Range, most: int) -> list[float]:
    """
    Round numbers for a log axis, at most ``most`` in sight, and as dense for a decade beyond either end.

    Examples
    --------
    >>> [tick for tick in log_ticks((1e5, 1e7), 8) if 1e5 <= tick <= 1e7]
    [100000.0, 200000.0, 500000.0, 1000000.0, 2000000.0, 5000000.0, 10000000.0]
    """
    low, high = math.floor(math.log10(shown[0])) - 1, math.ceil(math.log10(shown[1])) + 1
    ticks: list[float] = []
    for steps in ((1, 2, 5), (1, 3), (1,)):
        ticks = [step * 10.0**power for power in range(low, high + 1) for step in steps]
        if sum(shown[0] * (1 - _EDGE) <= tick <= shown[1] * (1 + _EDGE) for tick in ticks) <= most:
            return ticks
    return ticks[:: math.ceil((high - low) / most)]


def linear_ticks(shown: Range, most: int) -> list[float]:
    """
    Round numbers for a linear axis, at most ``most`` in sight.

    Examples
    --------
    >>> linear_ticks((0, 50_000), 6)
    [0.0, 10000.0, 20000.0, 30000.0, 40000.0, 50000.0]
    """
    step = _round_number((shown[1] - shown[0]) / most, up=True)
    step = step * 5 / 3 if round(step / 10.0 ** math.floor(math.log10(step) + _EDGE)) == 3 else step
    first, last = math.ceil(shown[0] / step - _EDGE), math.floor(shown[1] / step + _EDGE)
    return [step * index for index in range(first, last + 1)]


def axis(
    shown: Range, *, log: bool, most: int, text: Callable[[float], str], colours: dict[str, str]
) -> dict[str, Any]:
    """A plotly axis over ``shown`` with ticks written by ``text``; ``colours`` has grid, axis and text."""
    ticks = log_ticks(shown, most) if log else linear_ticks(shown, most)
    return {
        "type": "log" if log else "linear",
        "range": [math.log10(shown[0]), math.log10(shown[1])] if log else list(shown),
        "autorange": False,
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [text(tick) for tick in ticks],
        "tickfont": {"color": colours["text"], "size": 12},
        "gridcolor": colours["grid"],
        "linecolor": colours["axis"],
        "tickcolor": colours["axis"],
        "zeroline": False,
        "ticklabelstandoff": 4,
        "automargin": False,
    }


def bar_axis(low: float, high: float, colours: Mapping[str, str]) -> dict[str, Any]:
    """The axis that horizontal bars run along: no ticks, for every bar says its amount, and a line at 0."""
    high = high if high > low else low + 1.0
    room = (high - low) * 0.02
    return {
        "range": [low - (room if low < 0 else 0), high + room],
        "showticklabels": False,
        "showgrid": False,
        "ticks": "",
        "zeroline": True,
        "zerolinecolor": colours["axis"],
        "zerolinewidth": 1,
        "fixedrange": True,
    }


def place(value: float, shown: Range, log: bool) -> float:
    """How far along a range a value is, 0 at its start and 1 at its end; outside for values beyond."""
    if log:
        return math.log(max(value, 1e-300) / shown[0]) / math.log(shown[1] / shown[0])
    return (value - shown[0]) / (shown[1] - shown[0])


def spread(places: Sequence[float], gaps: Sequence[float], lowest: float = 0.0, highest: float = 1.0) -> list[float]:
    """
    Places for labels, moved as little as needed so that neighbours are their half-gaps apart and inside the limits.

    Parameters
    ----------
    places : Sequence[float]
        Where each label would like its middle.
    gaps : Sequence[float]
        How much room each label takes, its height and a little air.

    Examples
    --------
    >>> [round(place, 2) for place in spread([0.5, 0.52, 0.1], [0.1, 0.1, 0.1])]
    [0.46, 0.56, 0.1]
    """
    order = sorted(range(len(places)), key=lambda index: places[index])
    groups: list[tuple[float, list[int]]] = []
    for index in order:
        groups.append((places[index], [index]))
        while True:
            middle, members = groups[-1]
            room = sum(gaps[member] for member in members)
            middle = min(max(middle, lowest + room / 2), max(highest - room / 2, lowest + room / 2))
            groups[-1] = (middle, members)
            if len(groups) < 2 or not _overlap(groups[-2], groups[-1], gaps):
                break
            _merge(groups, places, gaps)
    result = [0.0] * len(places)
    for middle, members in groups:
        edge = middle - sum(gaps[member] for member in members) / 2
        for member in members:
            result[member] = edge + gaps[member] / 2
            edge += gaps[member]
    return result


def densified(volume: Array, usd: Array, lowest: float, ratio: float = 1.06) -> tuple[Array, Array]:
    """
    A polyline for a log axis: straight pieces get points between their ends, so that they bend as they should there.

    Volumes at or below ``lowest`` are cut off and replaced by the value at ``lowest``. Both ends of a step stay.
    """
    kept = volume > lowest
    if volume.size and not kept.all():
        first = int(np.argmax(kept)) if kept.any() else volume.size
        start = float(np.interp(lowest, volume, usd))
        volume, usd = np.concatenate([[lowest], volume[first:]]), np.concatenate([[start], usd[first:]])
    parts = np.ceil(np.log(volume[1:] / volume[:-1]) / math.log(ratio)).astype(int)
    long_ones = np.flatnonzero(parts > 1)
    if not long_ones.size:
        return volume, usd
    more = parts[long_ones] - 1
    step = np.concatenate([np.arange(1, count + 1) for count in more]) / np.repeat(parts[long_ones], more)
    left, right = np.repeat(long_ones, more), np.repeat(long_ones + 1, more)
    between = volume[left] * (volume[right] / volume[left]) ** step
    heights = usd[left] + (usd[right] - usd[left]) * (between - volume[left]) / (volume[right] - volume[left])
    before = np.repeat(long_ones + 1, parts[long_ones] - 1)
    return np.insert(volume, before, between), np.insert(usd, before, heights)


def _overlap(below: tuple[float, list[int]], above: tuple[float, list[int]], gaps: Sequence[float]) -> bool:
    rooms = [sum(gaps[member] for member in members) / 2 for _, members in (below, above)]
    return below[0] + rooms[0] > above[0] - rooms[1] + _EDGE


def _merge(groups: list[tuple[float, list[int]]], places: Sequence[float], gaps: Sequence[float]) -> None:
    members = groups[-2][1] + groups[-1][1]
    del groups[-2:]
    room = sum(gaps[member] for member in members)
    offset, wish = -room / 2, 0.0
    for member in members:
        wish += places[member] - (offset + gaps[member] / 2)
        offset += gaps[member]
    groups.append((wish / len(members), members))


def _length(span: Range, on_log: bool) -> float:
    return math.log(span[1] / span[0]) if on_log else span[1] - span[0]


def _round_number(number: float, *, up: bool) -> float:
    power = 10.0 ** math.floor(math.log10(number) + _EDGE)
    share = number / power
    if up:
        return power * next(step for step in _ROUND_STEPS if step >= share * (1 - _EDGE))
    return power * max(step for step in _ROUND_STEPS if step <= share * (1 + _EDGE))
