"""Cost lines: what each option's bill is made of, the largest first, all options on one scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tco.present import theme
from tco.present.charts.axes import bar_axis
from tco.present.numbers import exact, money, percent
from tco.present.theme import SMALL_PX, Figure, Role, note

_ROW_PX = 25
_GAP_ROWS = 0.6


@dataclass(frozen=True)
class OptionLines:
    """One option's bill, line by line."""

    id: str
    label: str
    role: Role
    lines_usd: Mapping[str, float]
    """Cost of each line by its name; a saving is negative. [USD/month]"""


@dataclass(frozen=True)
class _Row:
    height: float
    label: str
    usd: float
    option: OptionLines
    is_total: bool


def lines_chart(
    options: Sequence[OptionLines],
    *,
    title: str,
    source_line: str,
    most_lines: int = 8,
    dark: bool = False,
    width_px: int = 900,
) -> Figure:
    """
    A block of bars for each option: its total, then its lines by size; beyond ``most_lines`` the rest are one line.

    Lines that are exactly 0 are left out.
    """
    rows = _rows(options, most_lines)
    colours = theme.palette(dark)
    margin = {"l": theme.label_column_px([row.label for row in rows], width_px), "r": 120, "t": 30, "b": 16}
    depth = (rows[-1].height if rows else 0.0) + 1
    layout = theme.base_layout(dark=dark, height_px=round(46 + _ROW_PX * depth), margin_px=margin)
    layout["xaxis"] = _across(rows, colours)
    layout["yaxis"] = {"range": [depth - 0.5, -0.5], "visible": False, "fixedrange": True}
    layout["barmode"] = "overlay"
    layout["annotations"] = [item for row in rows for item in (_name(row, margin["l"], colours), _amount(row, colours))]
    layout["annotations"].append(_unit(margin["l"], colours))
    totals = "; ".join(f"{row.label}: {money(row.usd)}" for row in rows if row.is_total)
    layout["meta"].update(source_line=source_line, description=f"Cost lines by option, USD a month. {totals}.")
    theme.titled(layout, title, width_px=width_px)
    return {"data": [_bars(option, rows, colours) for option in options], "layout": layout}


def _rows(options: Sequence[OptionLines], most_lines: int) -> list[_Row]:
    rows: list[_Row] = []
    height = 0.0
    for option in options:
        rows.append(_Row(height, option.label, sum(option.lines_usd.values()), option, True))
        for label, usd in _largest(option.lines_usd, most_lines):
            height += 1
            rows.append(_Row(height, label, usd, option, False))
        height += 1 + _GAP_ROWS
    return rows


def _largest(lines_usd: Mapping[str, float], most: int) -> list[tuple[str, float]]:
    ordered = sorted(((name, usd) for name, usd in lines_usd.items() if usd != 0), key=lambda item: -abs(item[1]))
    if len(ordered) <= most:
        return ordered
    rest = ordered[most - 1 :]
    return [*ordered[: most - 1], (f"{len(rest)} smaller lines", sum(usd for _, usd in rest))]


def _bars(option: OptionLines, rows: Sequence[_Row], colours: theme.Palette) -> dict[str, Any]:
    own = [row for row in rows if row.option is option]
    return {
        "type": "bar",
        "orientation": "h",
        "uid": option.id,
        "name": option.label,
        "y": [row.height for row in own],
        "x": [row.usd for row in own],
        "width": [0.66 if row.is_total else 0.5 for row in own],
        "marker": {
            "color": colours[option.role],
            "opacity": [1.0 if row.is_total else 0.5 for row in own],
            "line": {"width": 0},
        },
        "text": [row.label for row in own],
        "textposition": "none",
        "customdata": [exact(round(row.usd, 2)) for row in own],
        "hovertemplate": "<b>%{text}</b><br>USD %{customdata} a month<extra>%{fullData.name}</extra>",
    }


def _across(rows: Sequence[_Row], colours: theme.Palette) -> dict[str, Any]:
    low, high = min([0.0, *[row.usd for row in rows]]), max([0.0, *[row.usd for row in rows]])
    return bar_axis(low, high, colours)


def _name(row: _Row, left_px: int, colours: theme.Palette) -> dict[str, Any]:
    room_px = left_px - theme.LEFT_EDGE_PX - (8 if row.is_total else 22)
    first, *others = theme.wrapped(row.label, room_px, SMALL_PX)
    text = first + ("…" if others else "")
    where = {"xref": "paper", "yref": "y", "x": 0, "y": row.height, "xanchor": "left", "yanchor": "middle"}
    shift = theme.LEFT_EDGE_PX - left_px + (0 if row.is_total else 14)
    return note(f"<b>{text}</b>" if row.is_total else text, colours["ink" if row.is_total else "muted"], **where,
                xshift=shift, hovertext=row.label if others else "")  # fmt: skip


def _amount(row: _Row, colours: theme.Palette) -> dict[str, Any]:
    at = {"xref": "x", "yref": "y", "x": max(0.0, row.usd), "y": row.height, "xanchor": "left", "yanchor": "middle"}
    total = sum(row.option.lines_usd.values())
    if row.is_total:
        return note(f"<b>{money(row.usd)}</b>", colours[f"{row.option.role}_text"], **at, xshift=6)
    share = f"  {percent(row.usd / total)}" if total > 0 and row.usd > 0 else ""
    return note(f"{money(row.usd)}{share}", colours["muted"], **at, xshift=6)


def _unit(left_px: int, colours: theme.Palette) -> dict[str, Any]:
    above = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    return note("USD a month", colours["muted"], **above, xshift=theme.LEFT_EDGE_PX - left_px, yshift=2)
