"""The break-even chart: dollars a month over volume, one line per option, and where the challenger becomes cheaper."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any

import numpy as np

from tco.present import theme
from tco.present.charts import breakeven_notes as notes
from tco.present.charts.axes import Range, axis, densified, place, rounded_out
from tco.present.numbers import count, money
from tco.present.theme import Figure, Role
from tco.units import Array

_FAR = 1e4
"""A winning band without an end is drawn this many times beyond the axis, for those who pan."""
_OTHER_DASHES = ("6px,3px", "1.5px,2.5px", "9px,3px,2px,3px")
"""Of further ways to run one's own GPUs beside the challenger."""


@dataclass(frozen=True)
class CurveLine:
    """One option's monthly cost over volume: a polyline from left to right, both ends of every step given."""

    id: str
    label: str
    role: Role
    volume: Array
    """Volume, never falling; the two ends of a step share it. [unit of the chart's axis label]"""
    usd: Array
    """Cost at that volume. [USD/month]"""


@dataclass(frozen=True)
class Frame:
    """What every part of the chart needs to know to place itself."""

    volume_range: Range
    usd_range: Range
    usd_log: bool
    axis_label: str
    width_px: int
    plot_px: int
    colours: theme.Palette
    volume_text: Callable[[float], str] = count


def breakeven_chart(
    curves: Sequence[CurveLine],
    *,
    axis_label: str,
    winning: Sequence[tuple[float, float | None]],
    break_even: float | None,
    you: float | None,
    you_usd: Mapping[str, float],
    title: str,
    source_line: str,
    volume_range: Range,
    usd_range: Range,
    challenger: str,
    with_build: CurveLine | None = None,
    break_even_with_build: float | None = None,
    dark: bool = False,
    stale_note: str = "",
    usd_log: bool = True,
    volume_text: Callable[[float], str] = count,
    height_px: int = 440,
    width_px: int = 900,
) -> Figure:
    """
    The chart as plotly.js JSON. Its traces come always in the same order and number for the same curves.

    Parameters
    ----------
    curves : Sequence[CurveLine]
        The options, the first drawn lowest.
    axis_label : str
        What volume counts, such as ``requests a month``; it follows the numbers.
    winning : Sequence[tuple[float, float | None]]
        Where the challenger is cheaper, from and to; None for no end. [volume]
    break_even : float | None
        From where on the challenger stays cheaper; None when nowhere. [volume]
    you : float | None
        The user's own volume. [volume]
    you_usd : Mapping[str, float]
        Cost of each curve, by id, at the user's volume. [USD/month]
    volume_range, usd_range : tuple[float, float]
        What the axes show, above 0; see ``fitting_ranges`` and ``axes.steady_range``.
    challenger : str
        The curve's id that might beat the others: the break-even mark lies on it.
    with_build : CurveLine | None
        The challenger's cost with the build paid back, drawn thin.
    stale_note : str
        Why this picture is not up to date; it is then greyed, and the note stands in it.
    usd_log : bool
        A log axis for dollars too: every option stays visible. Without it the gap in dollars reads off directly.
    volume_text : Callable[[float], str]
        How a volume is written: ``count``, or ``money`` where it is dollars.
    height_px, width_px : int
        Height without the title, and the width to place words for; the chart itself takes the width it gets.
    """
    end_lines = notes.end_label_lines([line.label for line in curves], width_px)
    margin = {"l": 62, "r": notes.end_label_margin_px(end_lines), "t": 58, "b": 54}
    colours = theme.palette(dark)
    frame = Frame(
        volume_range,
        usd_range,
        usd_log,
        axis_label,
        width_px,
        height_px - margin["t"] - margin["b"],
        colours,
        volume_text,
    )
    crossing = (break_even, _height_at(curves, challenger, break_even))
    build_crossing = (break_even_with_build, _build_height(with_build, break_even_with_build))

    layout = theme.base_layout(dark=dark, height_px=height_px, margin_px=margin)
    layout["xaxis"], layout["yaxis"] = _axes(frame)
    layout["shapes"] = [*_bands(winning, frame), *_you_line(you, frame)]
    layout["annotations"] = [
        *notes.header(frame, notes.state(winning, break_even, _short_name(curves, challenger)), margin["l"]),
        *notes.band_label(winning, frame, f"{_short_name(curves, challenger)} cheaper than {_frontier(curves)}"),
        *notes.you_labels(you, you_usd, _leading(curves, challenger), frame),
        *notes.break_even_label(crossing, build_crossing, frame, _clear_px(crossing, with_build, frame), you),
        *notes.end_labels(curves, with_build, end_lines, frame, you),
        *notes.stale(stale_note, frame),
    ]
    layout["meta"].update(source_line=source_line, description=_description(curves, break_even, you, axis_label))
    theme.titled(layout, title, width_px=width_px)
    data = [
        _build_trace(with_build, frame),
        *_traces(curves, challenger, frame),
        _you_dots(you, you_usd, curves, frame),
        _mark("break-even with the build", build_crossing, frame, {"symbol": "diamond-open", "size": 10}),
        _mark("break-even", crossing, frame, {"symbol": "diamond", "size": 14}),
    ]
    return theme.greyed({"data": data, "layout": layout}) if stale_note else {"data": data, "layout": layout}


def fitting_ranges(
    curves: Sequence[CurveLine], marks: Sequence[float | None], *, usd_log: bool = True
) -> tuple[Range, Range]:
    """
    Ranges, on round numbers, that show the marks (break-evens, the user's volume) with room around them.

    Returns
    -------
    tuple[Range, Range]
        Volume from a tenth of the lowest mark to five times the highest, and the dollars there that matter:
        from just below the cheapest line at the lowest mark. Without a mark: all of the curves.
    """
    found = [mark for mark in marks if mark is not None and mark > 0]
    ends = [float(line.volume.max()) for line in curves if line.volume.size] or [1.0]
    found = found or [max(ends) / 5, max(ends) / 300]
    volume = rounded_out(min(found) / 10, max(found) * 4)
    low = [float(np.interp(min(found), line.volume, line.usd)) for line in curves]
    high = [float(np.interp(volume[1], line.volume, line.usd)) for line in curves]
    if not usd_log:
        near = [float(np.interp(max(found) * 1.6, line.volume, line.usd)) for line in curves]
        return volume, (0.0, rounded_out(1.0, max(1.0, *near))[1])
    top = max(1e-6, *high)
    return volume, rounded_out(max(min([x for x in low if x > 0] or [top]) * 0.7, top / 1e5), top * 1.05)


def _axes(frame: Frame) -> tuple[dict[str, Any], dict[str, Any]]:
    colours = {"grid": frame.colours["grid"], "axis": frame.colours["axis"], "text": frame.colours["muted"]}
    across = axis(frame.volume_range, log=True, most=8, text=frame.volume_text, colours=colours)
    across |= {"showgrid": False, "showline": True, "ticks": "outside", "ticklen": 4}
    text = f"{frame.axis_label} (log scale)"
    across["title"] = {"text": text, "font": {"size": theme.SMALL_PX, "color": frame.colours["muted"]}, "standoff": 8}
    upward = axis(frame.usd_range, log=frame.usd_log, most=7, text=money, colours=colours)
    return across, upward | {"showline": False, "ticks": "", "ticklen": 0}


def _leading(curves: Sequence[CurveLine], challenger: str) -> list[CurveLine]:
    """The lines whose amounts are written out: other ways to run one's own GPUs would cover the challenger's."""
    own = [line.id for line in curves if line.role == "self_host"]
    kept = challenger if challenger in own else own[-1] if own else ""
    return [line for line in curves if line.id not in own or line.id == kept]


def _traces(curves: Sequence[CurveLine], challenger: str, frame: Frame) -> list[dict[str, Any]]:
    """A line each; other ways to run one's own GPUs are thinner, and each has a dash of its own."""
    leading, dashes = {line.id for line in _leading(curves, challenger)}, cycle(_OTHER_DASHES)
    drawn = []
    for line in curves:
        trace = _trace(line, frame)
        if line.id not in leading:
            trace["line"] |= {"width": 1.5, "dash": next(dashes)}
        drawn.append(trace)
    return drawn


def _trace(line: CurveLine, frame: Frame) -> dict[str, Any]:
    volume, usd = densified(line.volume, line.usd, frame.volume_range[0] / 10)
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": line.id,
        "name": line.label,
        "x": volume.tolist(),
        "y": usd.tolist(),
        "line": {
            "color": frame.colours[line.role],
            "dash": theme.DASHES[line.role],
            "width": 2.6,
            "shape": "linear",
            "simplify": False,
        },
        "hovertemplate": _hover(line.label, frame.axis_label),
    }


def _build_trace(line: CurveLine | None, frame: Frame) -> dict[str, Any]:
    empty = np.array([])
    shown = line or CurveLine("with_build", "with the build", "self_host", empty, empty)
    trace = _trace(shown, frame)
    trace["uid"] = "with_build"
    trace["line"] |= {"color": frame.colours["build"], "width": 1.4, "dash": "solid"}
    return trace


def _you_dots(
    you: float | None, you_usd: Mapping[str, float], curves: Sequence[CurveLine], frame: Frame
) -> dict[str, Any]:
    here = [line for line in curves if line.id in you_usd] if you is not None else []
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": "you",
        "name": "you",
        "x": [you] * len(here),
        "y": [you_usd[line.id] for line in here],
        "text": [line.label for line in here],
        "marker": {
            "size": 8,
            "color": [frame.colours[line.role] for line in here],
            "line": {"color": frame.colours["paper"], "width": 1.5},
        },
        "hovertemplate": _hover("you: %{text}", frame.axis_label),
    }


def _mark(name: str, at: tuple[float | None, float], frame: Frame, marker: dict[str, Any]) -> dict[str, Any]:
    outline = frame.colours["break_even"] if "open" in marker["symbol"] else frame.colours["paper"]
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": name,
        "name": name,
        "x": [] if at[0] is None else [at[0]],
        "y": [] if at[0] is None else [at[1]],
        "marker": {**marker, "color": frame.colours["break_even"], "line": {"color": outline, "width": 1.6}},
        "hovertemplate": _hover(name, frame.axis_label),
    }


def _hover(name: str, axis_label: str) -> str:
    return f"<b>{name}</b><br>%{{x:,.0f}} {axis_label}<br>%{{y:$,.2f}} a month<extra></extra>"


def _bands(winning: Sequence[tuple[float, float | None]], frame: Frame) -> list[dict[str, Any]]:
    low, high = frame.volume_range[0] / _FAR, frame.volume_range[1] * _FAR
    return [
        {
            "type": "rect",
            "layer": "below",
            "xref": "x",
            "yref": "paper",
            "x0": max(start, low),
            "x1": min(end if end is not None else high, high),
            "y0": 0,
            "y1": 1,
            "fillcolor": frame.colours["band"],
            "line": {"width": 0},
        }
        for start, end in winning
    ]


def _you_line(you: float | None, frame: Frame) -> list[dict[str, Any]]:
    if you is None or not frame.volume_range[0] <= you <= frame.volume_range[1]:
        return []
    line = {"color": frame.colours["muted"], "width": 1.2, "dash": "4px,4px"}
    return [{"type": "line", "layer": "below", "xref": "x", "yref": "paper", "x0": you, "x1": you, "y0": 0, "y1": 1,
             "line": line}]  # fmt: skip


def _height_at(curves: Sequence[CurveLine], challenger: str, at: float | None) -> float:
    """Where the mark lies: on the challenger; on a step's riser, where the line it meets crosses the riser."""
    own = next((line for line in curves if line.id == challenger), None)
    if at is None or own is None:
        return 0.0
    here = float(np.interp(at, own.volume, own.usd))
    others = [float(np.interp(at, line.volume, line.usd)) for line in curves if line is not own]
    risers = own.usd[np.isclose(own.volume, at, rtol=1e-9)]
    if risers.size < 2 or not others:
        return here
    nearest = min(others, key=lambda usd: abs(usd - here))
    return float(np.clip(nearest, risers.min(), risers.max()))


def _build_height(with_build: CurveLine | None, at: float | None) -> float:
    return 0.0 if with_build is None or at is None else float(np.interp(at, with_build.volume, with_build.usd))


def _clear_px(crossing: tuple[float | None, float], with_build: CurveLine | None, frame: Frame) -> float:
    """How far above the break-even mark the line with the build runs."""
    if with_build is None or crossing[0] is None:
        return 0.0
    above, here = (
        place(usd, frame.usd_range, frame.usd_log) for usd in (_build_height(with_build, crossing[0]), crossing[1])
    )
    return max(0.0, above - here) * frame.plot_px


def _label_of(curves: Sequence[CurveLine], challenger: str) -> str:
    return next((line.label for line in curves if line.id == challenger), challenger)


def _short_name(curves: Sequence[CurveLine], challenger: str) -> str:
    role = next((line.role for line in curves if line.id == challenger), "other")
    return {"self_host": "self-hosting", "hosted": "hosted"}.get(role, _label_of(curves, challenger))


def _frontier(curves: Sequence[CurveLine]) -> str:
    """What the challenger is measured against."""
    return next((line.label for line in curves if line.role == "frontier"), curves[0].label)


def _description(curves: Sequence[CurveLine], break_even: float | None, you: float | None, axis_label: str) -> str:
    lines = ", ".join(line.label for line in curves)
    crossing = "No lasting break-even." if break_even is None else f"Break-even at {count(break_even)} {axis_label}."
    here = f" You are at {count(you)}." if you is not None else ""
    return f"Line chart of dollars a month over {axis_label} for {lines}. {crossing}{here}"
