"""A measurement while it goes on: tokens a second above, watts below, over the same minutes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tco.present import theme
from tco.present.charts.axes import Range, linear_ticks, steady_range
from tco.present.numbers import count, quantity
from tco.present.theme import SMALL_PX, Figure, note
from tco.units import MINUTES_PER_HOUR, SECONDS_PER_MINUTE, Array

MOST_POINTS = 500
"""A line of more samples is drawn through means of neighbours."""
ENDS_MIN = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 90.0, 120.0)
"""Where the axis of minutes ends, each in turn; then every hour."""
_GAP_FRAC = 0.14
_HEIGHT_PX, _ONE_PANEL_PX = 300, 210


@dataclass(frozen=True)
class LiveRun:
    """One run of load: from when to when [s], at which lengths and load, and the tokens a second of its steady window."""

    start_s: float
    end_s: float
    mix: str
    load: str
    output_tok_per_s: float = math.nan


@dataclass(frozen=True)
class LiveTrace:
    """Samples since the start [s], not-a-number where nothing was told; ``watts`` are None where power is left out."""

    at_s: Array
    output_tok_per_s: Array
    watts: Array | None
    runs: Sequence[LiveRun] = ()


@dataclass(frozen=True)
class LiveRanges:
    """What the axes show: minutes, tokens a second, watts."""

    minutes: Range
    output_tok_per_s: Range
    watts: Range


def live_chart(
    trace: LiveTrace, before: LiveRanges | None = None, *, dark: bool = False, width_px: int = 900
) -> tuple[Figure, LiveRanges]:
    """
    The chart, and the ranges its axes show: hand them back as ``before`` and the axes keep still.

    The thin line is what the server counts from moment to moment; a thick one is the mean of a run's steady window, which goes into
    the profile. Runs are shaded: between them prompts are made, caches emptied, loads warmed up.
    """
    colours, ranges = theme.palette(dark), live_ranges(trace, before)
    margin = {"l": 58, "r": 16, "t": 30, "b": 40}
    height_px = _HEIGHT_PX if trace.watts is not None else _ONE_PANEL_PX
    layout = theme.base_layout(dark=dark, height_px=height_px, margin_px=margin)
    upper, lower = _panels(trace.watts is not None)
    layout["xaxis"] = _minutes(ranges.minutes, "y2" if lower else "y", colours)
    layout["yaxis"] = _upright(ranges.output_tok_per_s, upper, colours)
    layout["hovermode"] = "x unified"
    layout["shapes"] = [_shade(run, upper, lower, colours) for run in trace.runs]
    layout["annotations"] = [
        _head("output tokens a second", upper[1], margin["l"], colours),
        *_mixes(trace.runs, ranges.minutes, width_px - margin["l"] - margin["r"], colours),
    ]
    data = [_speed(trace, colours), _steady(trace.runs, colours)]
    if trace.watts is not None and lower is not None:
        layout["yaxis2"] = _upright(ranges.watts, lower, colours)
        layout["annotations"].append(_head("watts, all GPUs", lower[1], margin["l"], colours))
        data.append(_power(trace.at_s, trace.watts, colours))
    layout["meta"]["description"] = _description(trace)
    return {"data": data, "layout": layout}, ranges


def live_ranges(trace: LiveTrace, before: LiveRanges | None = None) -> LiveRanges:
    """
    Ranges that hold everything so far; those before while they do.

    Examples
    --------
    >>> trace = LiveTrace(np.array([0.0, 70.0]), np.array([np.nan, 810.0]), None)
    >>> live_ranges(trace)
    LiveRanges(minutes=(0.0, 2.0), output_tok_per_s=(0.0, 1000.0), watts=(0.0, 100.0))
    """
    last_min = float(trace.at_s[-1]) / SECONDS_PER_MINUTE if trace.at_s.size else 0.0
    last_min = max([last_min, *(run.end_s / SECONDS_PER_MINUTE for run in trace.runs)])
    minutes = (
        0.0,
        next((end for end in ENDS_MIN if end >= last_min), MINUTES_PER_HOUR * math.ceil(last_min / MINUTES_PER_HOUR)),
    )
    speeds = [*_known(trace.output_tok_per_s), *(r.output_tok_per_s for r in trace.runs if r.output_tok_per_s > 0)]
    speed, watts = _from_0(speeds), _from_0([] if trace.watts is None else _known(trace.watts))
    if before is None:
        return LiveRanges(minutes, speed, watts)
    return LiveRanges(
        minutes, steady_range(before.output_tok_per_s, speed), steady_range(before.watts, watts)
    )  # fmt: skip


def thinned(at_s: Array, values: Array, most: int = MOST_POINTS) -> tuple[Array, Array]:
    """
    At most so many points: means over equal spans of time, not-a-number where nothing in a span is known.

    Examples
    --------
    >>> at, values = thinned(np.arange(4.0), np.array([1.0, 3.0, np.nan, 5.0]), most=2)
    >>> at.tolist(), values.tolist()
    ([0.5, 2.5], [2.0, 5.0])
    """
    if at_s.size <= most:
        return at_s, values
    span = max(float(at_s[-1] - at_s[0]), 1e-9)
    bucket = np.minimum(((at_s - at_s[0]) / span * most).astype(int), most - 1)
    known = ~np.isnan(values)
    counts = np.bincount(bucket, minlength=most)
    sums = np.bincount(bucket[known], weights=values[known], minlength=most)
    told = np.bincount(bucket[known], minlength=most)
    times = np.bincount(bucket, weights=at_s, minlength=most)
    filled = counts > 0
    with np.errstate(invalid="ignore"):
        return (times[filled] / counts[filled]), (sums[filled] / told[filled])


def _known(values: Array) -> list[float]:
    return [float(values[~np.isnan(values)].max())] if values.size and not np.isnan(values).all() else []


def _from_0(values: Sequence[float]) -> Range:
    """From 0 to the next tick above everything known."""
    highest = 1.08 * max(values, default=0.0)
    if highest <= 0.0:
        return (0.0, 100.0)
    ticks = linear_ticks((0.0, highest), 4)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else highest
    return (0.0, float(step * math.ceil(highest / step - 1e-9)))


def _panels(powered: bool) -> tuple[Range, Range | None]:
    """Where the panels stand, as shares of the plot's height."""
    return ((0.40 + _GAP_FRAC, 1.0), (0.0, 0.40)) if powered else ((0.0, 1.0), None)


def _line(uid: str, name: str, at_s: Array, values: Array, **style: Any) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": uid,
        "name": name,
        "x": (at_s / SECONDS_PER_MINUTE).tolist(),
        "y": [None if math.isnan(value) else value for value in values.tolist()],
        "connectgaps": False,
        **style,
    }


def _speed(trace: LiveTrace, colours: theme.Palette) -> dict[str, Any]:
    line = {"color": colours["build"], "width": 1.4, "simplify": False}
    at_s, values = thinned(trace.at_s, trace.output_tok_per_s)
    hover = "%{y:,.0f} tok/s<extra>now</extra>"
    return _line(
        "speed", "now", at_s, values, line=line, fill="tozeroy", fillcolor=colours["band"], hovertemplate=hover
    )


def _steady(runs: Sequence[LiveRun], colours: theme.Palette) -> dict[str, Any]:
    across: list[float] = []
    up: list[float | None] = []
    text: list[str] = []
    for run in (run for run in runs if not math.isnan(run.output_tok_per_s)):
        across += [run.start_s / SECONDS_PER_MINUTE, run.end_s / SECONDS_PER_MINUTE, run.end_s / SECONDS_PER_MINUTE]
        up += [run.output_tok_per_s, run.output_tok_per_s, None]
        text += [f"{run.mix}, {run.load}"] * 3
    line = {"color": colours["self_host"], "width": 3, "simplify": False}
    hover = "<b>%{y:,.0f} tok/s</b>, %{text}<extra>steady</extra>"
    return {"type": "scatter", "mode": "lines", "uid": "steady", "name": "steady", "x": across, "y": up, "text": text,
            "connectgaps": False, "line": line, "hovertemplate": hover}  # fmt: skip


def _power(at_s: Array, watts: Array, colours: theme.Palette) -> dict[str, Any]:
    line = {"color": colours["break_even"], "width": 1.4, "simplify": False}
    at, values = thinned(at_s, watts)
    return _line("watts", "watts", at, values, line=line, yaxis="y2", hovertemplate="%{y:,.0f} W<extra>GPUs</extra>")


def _minutes(shown: Range, anchor: str, colours: theme.Palette) -> dict[str, Any]:
    ticks = linear_ticks(shown, 7)
    return {
        "range": list(shown),
        "anchor": anchor,
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [count(tick) for tick in ticks],
        "tickfont": {"color": colours["muted"], "size": SMALL_PX},
        "title": {
            "text": "minutes since the start",
            "font": {"color": colours["muted"], "size": SMALL_PX},
            "standoff": 6,
        },
        "hoverformat": ".2f",
        "unifiedhovertitle": {"text": "minute %{x:.2f}"},
        "showgrid": False,
        "zeroline": False,
        "showline": True,
        "linecolor": colours["axis"],
        "fixedrange": True,
    }


def _upright(shown: Range, domain: Range, colours: theme.Palette) -> dict[str, Any]:
    ticks = linear_ticks(shown, 4)
    return {
        "range": list(shown),
        "domain": list(domain),
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [count(tick) for tick in ticks],
        "tickfont": {"color": colours["muted"], "size": SMALL_PX},
        "gridcolor": colours["grid"],
        "zeroline": False,
        "fixedrange": True,
        "ticklabelstandoff": 4,
    }


def _head(text: str, top: float, left_px: int, colours: theme.Palette) -> dict[str, Any]:
    where = {"xref": "paper", "yref": "paper", "x": 0, "y": top, "xanchor": "left", "yanchor": "bottom"}
    return note(text, colours["muted"], **where, xshift=theme.LEFT_EDGE_PX - left_px, yshift=5)


def _shade(run: LiveRun, upper: Range, lower: Range | None, colours: theme.Palette) -> dict[str, Any]:
    at = {"x0": run.start_s / SECONDS_PER_MINUTE, "x1": run.end_s / SECONDS_PER_MINUTE}
    bottom = upper[0] if lower is None else lower[0]
    return {"type": "rect", "layer": "below", "xref": "x", "yref": "paper", "y0": bottom, "y1": upper[1], **at,
            "fillcolor": colours["band"], "line": {"width": 0}}  # fmt: skip


def _mixes(
    runs: Sequence[LiveRun], shown: Range, plot_px: float, colours: theme.Palette
) -> list[dict[str, Any]]:  # fmt: skip
    """The name of each mix over its first run, where there is room."""
    firsts: dict[str, float] = {}
    for run in runs:
        firsts.setdefault(run.mix, run.start_s / SECONDS_PER_MINUTE)
    notes, free_px = [], theme.text_width_px(["output tokens a second"], SMALL_PX)
    for mix, at in firsts.items():
        left_px = (at - shown[0]) / (shown[1] - shown[0]) * plot_px
        if left_px < free_px:
            continue
        free_px = left_px + theme.text_width_px([mix], SMALL_PX) + 12
        where = {"xref": "x", "yref": "paper", "x": at, "y": 1, "xanchor": "left", "yanchor": "bottom", "yshift": 5}
        if free_px <= plot_px + 12:
            notes.append(note(mix, colours["self_host_text"], **where))
    return notes


def _description(trace: LiveTrace) -> str:
    steady = [run.output_tok_per_s for run in trace.runs if not math.isnan(run.output_tok_per_s)]
    said = f"Highest steady mean so far: {quantity(max(steady), 'tok/s')}." if steady else "No run has ended yet."
    power = "" if trace.watts is None else ", and the watts of all GPUs"
    return f"Output tokens a second{power} over the minutes of the measurement. {said}"
