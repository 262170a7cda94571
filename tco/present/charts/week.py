"""The week of a fleet, hour by hour: replicas at work, replicas paid for, and those kept all week."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tco.present import theme
from tco.present.charts.axes import linear_ticks, spread
from tco.present.numbers import count
from tco.present.theme import SMALL_PX, Figure, note
from tco.units import HOURS_PER_DAY, Array

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_LABEL_PX = SMALL_PX * theme.LINE_HEIGHT
_NARROW_PX = 560


@dataclass(frozen=True)
class FleetWeek:
    """What the chart draws: replicas by hour from Monday 00:00, shape (168,)."""

    label: str
    busy_replicas: Array
    paid_replicas: Array
    kept_replicas: float | None = None
    """Replicas kept all week where the rest follows the hours; None where all are kept or none."""


def week_chart(
    week: FleetWeek,
    *,
    title: str,
    source_line: str,
    top_replicas: float,
    dark: bool = False,
    width_px: int = 900,
    height_px: int = 240,
) -> Figure:
    """
    Replicas over the 168 hours: what works as an area, what is paid for as a staircase, what is kept as a dashed level.

    Parameters
    ----------
    top_replicas : float
        End of the upright axis; hand back ``top_of`` with the one shown before and the axis keeps still.
    """
    colours = theme.palette(dark)
    labels = _labels(week)
    right_px = round(theme.text_width_px([text for text, *_ in labels], SMALL_PX)) + 14
    margin = {"l": 44, "r": right_px, "t": 34, "b": 24}
    layout = theme.base_layout(dark=dark, height_px=height_px, margin_px=margin)
    layout["xaxis"] = _days(width_px, colours)
    layout["yaxis"] = _replicas(top_replicas, colours)
    layout["shapes"] = [_midnight(day, colours) for day in range(1, len(DAYS))]
    plot_px = height_px - margin["t"] - margin["b"]
    layout["annotations"] = [_unit(margin["l"], colours), *_at_right(labels, top_replicas, plot_px, colours)]
    layout["meta"].update(source_line=source_line, description=_description(week))
    theme.titled(layout, title, width_px=width_px)
    return {"data": [_busy(week, colours), _paid(week, colours), _kept(week, colours)], "layout": layout}


def top_of(week: FleetWeek, before: float | None = None) -> float:
    """
    End of the upright axis: the one before while it is high enough and not three times too high, else a round number.

    Examples
    --------
    >>> import numpy as np
    >>> week = FleetWeek("a", np.full(168, 1.5), np.full(168, 3.0))
    >>> top_of(week), top_of(week, 8.0), top_of(week, 20.0)
    (4.0, 8.0, 4.0)
    """
    highest = float(max(week.paid_replicas.max(), week.busy_replicas.max(), 1.0))
    if before is not None and highest <= before <= 3.0 * (highest + 1.0):
        return before
    step = max(1.0, float(np.diff(linear_ticks((0.0, 1.12 * highest), 4)[:2])[0])) if highest > 3.0 else 1.0
    return float(np.ceil(1.02 * highest / step) * step)


def _stairs(values: Array) -> tuple[list[float], list[float]]:
    """Both ends of every hour's step, without points where nothing changes."""
    hours = np.arange(values.size + 1, dtype=float)
    across, up = np.repeat(hours, 2)[1:-1], np.repeat(values, 2)
    bends = np.flatnonzero(np.r_[True, (up[1:-1] != up[:-2]) | (up[1:-1] != up[2:]), True])
    return across[bends].tolist(), up[bends].tolist()


def _trace(uid: str, name: str, values: Array, **style: Any) -> dict[str, Any]:
    across, up = _stairs(values)
    text = [f"{DAYS[min(int(hour // HOURS_PER_DAY), 6)]} {int(hour % HOURS_PER_DAY):02d}:00" for hour in across]
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": uid,
        "name": name,
        "x": across,
        "y": up,
        "text": text,
        "hovertemplate": f"<b>{name}</b><br>%{{text}}<br>%{{y:,.2f}} replicas<extra></extra>",
        **style,
    }


def _busy(week: FleetWeek, colours: theme.Palette) -> dict[str, Any]:
    line = {"color": colours["build"], "width": 1.2, "simplify": False}
    return _trace("busy", "at work", week.busy_replicas, line=line, fill="tozeroy", fillcolor=colours["band"])


def _paid(week: FleetWeek, colours: theme.Palette) -> dict[str, Any]:
    line = {"color": colours["self_host"], "width": 2.4, "simplify": False}
    return _trace("paid", "paid for", week.paid_replicas, line=line)


def _kept(week: FleetWeek, colours: theme.Palette) -> dict[str, Any]:
    level = np.array([]) if week.kept_replicas is None else np.full(week.paid_replicas.size, week.kept_replicas)
    line = {"color": colours["break_even"], "width": 1.8, "dash": "6px,4px"}
    if not level.size:
        return {
            "type": "scatter",
            "mode": "lines",
            "uid": "kept",
            "name": "kept all week",
            "x": [],
            "y": [],
            "line": line,
        }
    return _trace("kept", "kept all week", level, line=line)


def _labels(week: FleetWeek) -> list[tuple[str, float, str]]:
    """Words, height and colour's name of the labels at the right."""
    paid, busy = week.paid_replicas, week.busy_replicas
    low, high = float(paid.min()), float(paid.max())
    amount = count(high) if low == high else f"{count(low)} to {count(high)}"
    found = [(f"paid for: {amount}", float(paid[-1]), "self_host_text")]
    found.append((f"at work: {count(float(busy.min()))} to {count(float(busy.max()))}", float(busy[-1]), "build_text"))
    if week.kept_replicas is not None:
        found.append((f"kept all week: {count(week.kept_replicas)}", week.kept_replicas, "break_even_text"))
    return found


def _at_right(
    labels: Sequence[tuple[str, float, str]], top: float, plot_px: float, colours: theme.Palette
) -> list[dict[str, Any]]:
    gap = _LABEL_PX / plot_px
    heights = spread([height / top for _, height, _ in labels], [gap] * len(labels))
    where = {"xref": "paper", "yref": "paper", "x": 1, "xanchor": "left", "yanchor": "middle", "xshift": 6}
    return [
        note(text, colours[colour], **where, y=height)
        for (text, _, colour), height in zip(labels, heights, strict=True)
    ]


def _days(width_px: int, colours: theme.Palette) -> dict[str, Any]:
    names = [day[0] for day in DAYS] if width_px < _NARROW_PX else list(DAYS)
    return {
        "range": [0, HOURS_PER_DAY * len(DAYS)],
        "tickmode": "array",
        "tickvals": [HOURS_PER_DAY * (day + 0.5) for day in range(len(DAYS))],
        "ticktext": names,
        "tickfont": {"color": colours["muted"], "size": SMALL_PX},
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
        "linecolor": colours["axis"],
        "showline": True,
        "fixedrange": True,
    }


def _replicas(top: float, colours: theme.Palette) -> dict[str, Any]:
    ticks = [tick for tick in linear_ticks((0.0, top), 5) if tick == round(tick)]
    return {
        "range": [0, top],
        "tickmode": "array",
        "tickvals": ticks,
        "ticktext": [count(tick) for tick in ticks],
        "tickfont": {"color": colours["muted"], "size": SMALL_PX},
        "gridcolor": colours["grid"],
        "zeroline": False,
        "fixedrange": True,
        "ticklabelstandoff": 4,
    }


def _midnight(day: int, colours: theme.Palette) -> dict[str, Any]:
    at = HOURS_PER_DAY * day
    line = {"color": colours["grid"], "width": 1}
    return {"type": "line", "layer": "below", "xref": "x", "yref": "paper", "x0": at, "x1": at, "y0": 0, "y1": 1,
            "line": line}  # fmt: skip


def _unit(left_px: int, colours: theme.Palette) -> dict[str, Any]:
    above = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    shift = {"xshift": theme.LEFT_EDGE_PX - left_px, "yshift": 9}
    return note("replicas, by hour of the week", colours["muted"], **above, **shift)


def _description(week: FleetWeek) -> str:
    labels = "; ".join(text for text, *_ in _labels(week))
    return f"Replicas of {week.label} over the hours of a week. {labels}."
