"""The week of a log as a heat map: a row a day, a column an hour, darker for more; hours that the log has not stay blank."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from tco.present import theme
from tco.present.charts.week import DAYS
from tco.present.numbers import count, ratio
from tco.present.theme import SMALL_PX, Figure, note
from tco.units import HOURS_PER_DAY, HOURS_PER_WEEK, Array

_TICK_HOURS = 3
_GAP = 0.07
"""Between two cells, of a cell."""
_NARROW_PX = 560


@dataclass(frozen=True)
class HeatWeek:
    """What the chart draws."""

    by_hour: Array
    """Mean of each hour of the week, from Monday 00:00, shape (168,); NaN where nothing is known."""
    what: str
    """``requests`` or ``tokens``."""
    clock: str
    """The time zone, in words."""
    label: str
    """Of which models."""

    @property
    def hottest(self) -> int | None:
        """The hour of the week with most; None where all are empty."""
        if not np.nanmax(np.nan_to_num(self.by_hour)) > 0:
            return None
        return int(np.nanargmax(self.by_hour))

    @property
    def peak_ratio(self) -> float:
        """Busiest hour over the mean of the hours known."""
        mean = float(np.nanmean(self.by_hour))
        return float(np.nanmax(self.by_hour)) / mean if mean > 0 else 1.0

    @property
    def unknown_hours(self) -> int:
        """How many hours of the week the log does not reach."""
        return int(np.isnan(self.by_hour).sum())


def hour_name(hour: int) -> str:
    """
    An hour of the week in words.

    Examples
    --------
    >>> hour_name(0), hour_name(167)
    ('Mon 00:00', 'Sun 23:00')
    """
    return f"{DAYS[hour // HOURS_PER_DAY]} {hour % HOURS_PER_DAY:02d}:00"


def heat_words(week: HeatWeek) -> str:
    """
    What the picture shows, in a sentence: the busiest hour and how far it stands out.

    Examples
    --------
    >>> heat_words(HeatWeek(np.r_[np.ones(167), 169.0], "requests", "UTC", "all models")).replace(chr(160), " ")
    'Busiest: Sun 23:00 with 169 requests, 84.5 × the mean hour; quietest: Mon 00:00 with 1.'
    """
    if week.hottest is None:
        return "Nothing came in any hour."
    least = int(np.nanargmin(week.by_hour))
    most = f"{hour_name(week.hottest)} with {count(float(week.by_hour[week.hottest]))} {week.what}"
    low = f"{hour_name(least)} with {count(float(week.by_hour[least]))}"
    said = f"Busiest: {most}, {ratio(week.peak_ratio)} the mean hour; quietest: {low}."
    blank = week.unknown_hours
    return f"{said} {blank} of {HOURS_PER_WEEK} hours of the week are not in the log: left blank." if blank else said


def heat_chart(
    week: HeatWeek, *, title: str = "", source_line: str = "", dark: bool = False, width_px: int = 900, height_px: int = 236
) -> Figure:  # fmt: skip
    """The heat map; the busiest hour is framed."""
    colours = theme.palette(dark)
    margin = {"l": 46, "r": 74, "t": 26, "b": 24}
    layout = theme.base_layout(dark=dark, height_px=height_px, margin_px=margin)
    layout["xaxis"] = _hours(width_px, colours)
    layout["yaxis"] = _days(width_px, colours)
    layout["barmode"] = "overlay"
    layout["shapes"] = _frame(week, colours)
    layout["annotations"] = [_unit(week, margin["l"], colours)]
    layout["meta"].update(source_line=source_line, description=_description(week))
    theme.titled(layout, title, width_px=width_px)
    return {"data": [_cells(week, colours)], "layout": layout}


def _cells(week: HeatWeek, colours: theme.Palette) -> dict[str, Any]:
    known = np.flatnonzero(~np.isnan(week.by_hour))
    values = week.by_hour[known]
    top = float(values.max()) if values.size and values.max() > 0 else 1.0
    return {
        "type": "bar",
        "uid": "week",
        "name": week.what,
        "x": (known % HOURS_PER_DAY + 0.5).tolist(),
        "base": (known // HOURS_PER_DAY + _GAP / 2).tolist(),
        "y": [1 - _GAP] * known.size,
        "width": [1 - _GAP] * known.size,
        "text": [f"<b>{hour_name(int(hour))}</b><br>{count(float(value))} {week.what}" for hour, value in zip(known, values, strict=True)],
        "textposition": "none",
        "hovertemplate": "%{text}<extra></extra>",
        "marker": {"color": values.tolist(), "cmin": 0, "cmax": top, "line": {"width": 0}, "colorscale": _scale(colours),
                   "showscale": True, "colorbar": _bar(top, colours)},
    }  # fmt: skip


def _scale(colours: theme.Palette) -> list[list[Any]]:
    return [[0, colours["heat_low"]], [0.5, colours["heat_mid"]], [1, colours["heat_high"]]]


def _bar(top: float, colours: theme.Palette) -> dict[str, Any]:
    return {
        "x": 1,
        "xpad": 12,
        "y": 0.5,
        "len": 1,
        "ypad": 0,
        "thickness": 10,
        "outlinewidth": 0,
        "tickmode": "array",
        "tickvals": [0, top / 2, top],
        "ticktext": ["0", count(top / 2), count(top)],
        "tickfont": {"color": colours["muted"], "size": SMALL_PX},
        "ticks": "",
    }


def _frame(week: HeatWeek, colours: theme.Palette) -> list[dict[str, Any]]:
    if week.hottest is None:
        return []
    day, hour = divmod(week.hottest, HOURS_PER_DAY)
    line = {"color": colours["frontier"], "width": 2}
    return [{"type": "rect", "xref": "x", "yref": "y", "x0": hour, "x1": hour + 1, "y0": day, "y1": day + 1, "line": line}]  # fmt: skip


def _hours(width_px: int, colours: theme.Palette) -> dict[str, Any]:
    ticks = list(range(0, HOURS_PER_DAY + 1, 2 * _TICK_HOURS if width_px < _NARROW_PX else _TICK_HOURS))
    return {**_plain(colours), "range": [0, HOURS_PER_DAY], "tickvals": ticks,
            "ticktext": [f"{tick:02d}:00" for tick in ticks]}  # fmt: skip


def _days(width_px: int, colours: theme.Palette) -> dict[str, Any]:
    names = [day[0] for day in DAYS] if width_px < _NARROW_PX else list(DAYS)
    return {**_plain(colours), "range": [len(DAYS), 0], "tickvals": [day + 0.5 for day in range(len(DAYS))],
            "ticktext": names, "ticklabelstandoff": 6}  # fmt: skip


def _plain(colours: theme.Palette) -> dict[str, Any]:
    return {
        "tickmode": "array",
        "tickfont": {"color": colours["muted"], "size": SMALL_PX},
        "ticks": "",
        "showgrid": False,
        "zeroline": False,
        "fixedrange": True,
    }


def _unit(week: HeatWeek, left_px: int, colours: theme.Palette) -> dict[str, Any]:
    above = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    text = theme.plain(f"{week.what} an hour, {week.label}, by the clock of {week.clock}")
    return note(text, colours["muted"], **above, xshift=theme.LEFT_EDGE_PX - left_px, yshift=5)


def _description(week: HeatWeek) -> str:
    return (
        f"Heat map of the week, {week.what} an hour of {week.label}, by the clock of {week.clock}. {heat_words(week)}"
    )
