"""Tokens a second against requests in flight, a small panel for each length mix, and the load up to which the limits are kept."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tco.present import theme
from tco.present.charts.axes import Range, linear_ticks, log_ticks, rounded_out
from tco.present.numbers import count
from tco.present.theme import SMALL_PX, Figure, note

PANEL_PX = 165
"""Height of one panel with its words."""
_HEAD_PX, _FOOT_PX, _LEFT_PX, _GAP_PX = 38, 34, 52, 40
_LEAST_PANEL_PX = 235


@dataclass(frozen=True)
class LoadPoint:
    """One measured load."""

    in_flight: float
    output_tok_per_s: float
    inside: bool
    """Whether enough requests kept the limits."""
    text: str = ""
    """What else is known of it, shown on hover."""


@dataclass(frozen=True)
class LoadCurve:
    """The loads of one mix, in any order; ``settled`` once its search has ended."""

    label: str
    points: Sequence[LoadPoint]
    settled: bool = False

    @property
    def best(self) -> LoadPoint | None:
        """The highest load inside the limits."""
        return max((point for point in self.points if point.inside), key=lambda point: point.in_flight, default=None)


def loads_chart(curves: Sequence[LoadCurve], *, dark: bool = False, width_px: int = 900) -> Figure:
    """A panel for each mix, all with the same axis of loads, each with its own of tokens a second; full dots kept the limits."""
    colours = theme.palette(dark)
    columns = max(1, min(3, len(curves), width_px // _LEAST_PANEL_PX))
    rows = max(1, math.ceil(len(curves) / columns))
    height_px = rows * PANEL_PX + 6
    margin = {"l": _LEFT_PX, "r": 14, "t": 0, "b": 6}
    layout = theme.base_layout(dark=dark, height_px=height_px, margin_px=margin)
    plot_px = (max(width_px - margin["l"] - margin["r"], 100), height_px - margin["t"] - margin["b"])
    shown = _loads(curves)
    data = []
    for at, curve in enumerate(curves):
        across, up = _cell(at, columns, rows, plot_px)
        suffix = str(at + 1) if at else ""
        most = 4 if (across[1] - across[0]) * plot_px[0] < _LEAST_PANEL_PX else 6
        layout[f"xaxis{suffix}"] = _in_flight(shown, across, f"y{suffix}", most, colours)
        layout[f"yaxis{suffix}"] = _speed(curve, up, f"x{suffix}", colours)
        layout["annotations"] += _words(curve, across, up, colours)
        best = curve.best
        if best is not None:
            layout["shapes"].append(_limit(best, suffix, colours))
        data += _traces(curve, suffix, colours)
    layout["meta"]["description"] = " ".join(f"{curve.label}: {_said(curve)}." for curve in curves)
    return {"data": data, "layout": layout}


def _loads(curves: Sequence[LoadCurve]) -> Range:
    loads = [point.in_flight for curve in curves for point in curve.points]
    if not loads:
        return (1.0, 100.0)
    low, high = rounded_out(max(min(loads) / 1.3, 0.5), max(loads) * 1.3)
    return (low, max(high, low * 10))


def _cell(at: int, columns: int, rows: int, plot_px: tuple[float, float]) -> tuple[Range, Range]:
    """Where a panel's axes stand, as shares of the plot."""
    row, column = divmod(at, columns)
    wide = (plot_px[0] - (columns - 1) * (_GAP_PX + _LEFT_PX / 2)) / columns
    left = column * (wide + _GAP_PX + _LEFT_PX / 2)
    top = plot_px[1] - row * plot_px[1] / rows
    across = (left / plot_px[0], min((left + wide) / plot_px[0], 1.0))
    return across, ((top - plot_px[1] / rows + _FOOT_PX) / plot_px[1], (top - _HEAD_PX) / plot_px[1])


def _in_flight(shown: Range, across: Range, anchor: str, most: int, colours: theme.Palette) -> dict[str, Any]:
    ticks = [tick for tick in log_ticks(shown, most) if shown[0] <= tick <= shown[1]]
    return {
        "type": "log",
        "range": [math.log10(shown[0]), math.log10(shown[1])],
        "domain": list(across),
        "anchor": anchor,
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [count(tick) for tick in ticks],
        "tickfont": {"color": colours["muted"], "size": SMALL_PX - 1},
        "title": {"text": "in flight", "font": {"color": colours["muted"], "size": SMALL_PX - 1}, "standoff": 2},
        "showgrid": False,
        "showline": True,
        "linecolor": colours["axis"],
        "zeroline": False,
        "fixedrange": True,
    }


def _speed(curve: LoadCurve, up: Range, anchor: str, colours: theme.Palette) -> dict[str, Any]:
    highest = 1.12 * max((point.output_tok_per_s for point in curve.points), default=0.0) or 100.0
    ticks = linear_ticks((0.0, highest), 3) if curve.points else [0.0]
    return {
        "range": [0.0, highest],
        "domain": list(up),
        "anchor": anchor,
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [count(tick) for tick in ticks],
        "tickfont": {"color": colours["muted"], "size": SMALL_PX - 1},
        "gridcolor": colours["grid"],
        "zeroline": False,
        "fixedrange": True,
        "ticklabelstandoff": 3,
    }


def _words(curve: LoadCurve, across: Range, up: Range, colours: theme.Palette) -> list[dict[str, Any]]:
    where = {"xref": "paper", "yref": "paper", "x": across[0], "y": up[1], "xanchor": "left", "yanchor": "bottom"}
    colour = colours["self_host_text"] if curve.best is not None else colours["muted"]
    return [
        note(f"<b>{curve.label}</b>", colours["ink"], **where, yshift=18),
        note(_said(curve), colour, **where, yshift=2),
    ]


def _said(curve: LoadCurve) -> str:
    best = curve.best
    if best is None:
        return "not yet measured" if not curve.points else ("no load inside" if curve.settled else "none inside so far")
    so_far = "" if curve.settled else ", so far"
    return f"{count(best.output_tok_per_s)} tok/s at {count(best.in_flight)} in flight{so_far}"


def _limit(best: LoadPoint, suffix: str, colours: theme.Palette) -> dict[str, Any]:
    line = {"color": colours["break_even"], "width": 1.2, "dash": "4px,3px"}
    across = {"xref": f"x{suffix}", "x0": best.in_flight, "x1": best.in_flight}
    return {"type": "line", "layer": "below", "yref": f"y{suffix} domain", "y0": 0, "y1": 1, **across, "line": line}


def _traces(curve: LoadCurve, suffix: str, colours: theme.Palette) -> list[dict[str, Any]]:
    points = sorted(curve.points, key=lambda point: point.in_flight)
    fill = [colours["self_host"] if point.inside else colours["paper"] for point in points]
    edge = [colours["self_host"] if point.inside else colours["axis"] for point in points]
    return [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "uid": f"loads-{curve.label}",
            "name": curve.label,
            "xaxis": f"x{suffix}",
            "yaxis": f"y{suffix}",
            "x": [point.in_flight for point in points],
            "y": [point.output_tok_per_s for point in points],
            "text": [f"{point.text}<br>{'inside' if point.inside else 'outside'} the limits" for point in points],
            "line": {"color": colours["build"], "width": 1.6},
            "marker": {"size": 8, "color": fill, "line": {"color": edge, "width": 1.6}},
            "hovertemplate": "<b>%{x:,.0f} in flight: %{y:,.0f} tok/s</b><br>%{text}<extra></extra>",
        }
    ]
