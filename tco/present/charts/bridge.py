"""The bridge: what the frontier API costs, what the open model alone saves, and what serving it oneself adds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tco.present import theme
from tco.present.charts.axes import bar_axis
from tco.present.numbers import exact, money
from tco.present.theme import SMALL_PX, Figure, Role, note

_ROW_PX = 38


@dataclass(frozen=True)
class BridgePier:
    """One way to do the same work, and what it costs."""

    label: str
    role: Role
    usd: float
    """Cost. [USD/month]"""


@dataclass(frozen=True)
class _Row:
    label: str
    start_usd: float
    usd: float
    role: Role | None
    """None for a difference between two piers."""


def bridge_chart(
    piers: Sequence[BridgePier],
    steps: Sequence[str],
    *,
    title: str,
    source_line: str,
    dark: bool = False,
    width_px: int = 900,
) -> Figure:
    """
    Bars from pier to pier, and between them the differences, each with its sign.

    Parameters
    ----------
    piers : Sequence[BridgePier]
        From the dearest idea to the last: frontier API, the same work on hosted open weights, on your own GPUs.
    steps : Sequence[str]
        Why one differs from the next, such as ``the model``; one fewer than the piers, else ``ValueError``.
    """
    if len(steps) != len(piers) - 1:
        raise ValueError(f"{len(piers)} piers need {len(piers) - 1} steps between them, not {len(steps)}")
    rows = _rows(piers, steps)
    colours = theme.palette(dark)
    margin = {"l": theme.label_column_px([row.label for row in rows], width_px), "r": 74, "t": 30, "b": 16}
    layout = theme.base_layout(dark=dark, height_px=46 + _ROW_PX * len(rows), margin_px=margin)
    layout["xaxis"] = _across(rows, colours)
    layout["yaxis"] = {
        "range": [len(rows) - 0.5, -0.5],
        "visible": False,
        "fixedrange": True,
    }
    layout["bargap"] = 0.34
    layout["annotations"] = [_name(row, index, margin["l"], colours) for index, row in enumerate(rows)]
    layout["annotations"] += [_amount(row, index, colours) for index, row in enumerate(rows)]
    layout["annotations"].append(_unit(margin["l"], colours))
    layout["shapes"] = [_link(row, index, colours) for index, row in enumerate(rows[:-1])]
    words = "; ".join(f"{row.label}: {_text(row)}" for row in rows)
    layout["meta"].update(source_line=source_line, description=f"Bridge of costs, USD a month. {words}.")
    theme.titled(layout, title, width_px=width_px)
    return {"data": [_bars(rows, colours)], "layout": layout}


def _rows(piers: Sequence[BridgePier], steps: Sequence[str]) -> list[_Row]:
    rows = [_Row(piers[0].label, 0.0, piers[0].usd, piers[0].role)]
    for before, after, why in zip(piers, piers[1:], steps, strict=False):
        rows.append(_Row(why, before.usd, after.usd - before.usd, None))
        rows.append(_Row(after.label, 0.0, after.usd, after.role))
    return rows


def _bars(rows: Sequence[_Row], colours: theme.Palette) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "uid": "bridge",
        "y": list(range(len(rows))),
        "x": [row.usd for row in rows],
        "base": [row.start_usd for row in rows],
        "marker": {"color": [colours[row.role or "bridge"] for row in rows], "line": {"width": 0}},
        "text": [row.label for row in rows],
        "textposition": "none",
        "customdata": [exact(round(row.usd, 2)) for row in rows],
        "hovertemplate": "<b>%{text}</b><br>USD %{customdata} a month<extra></extra>",
    }


def _across(rows: Sequence[_Row], colours: theme.Palette) -> dict[str, Any]:
    ends = [0.0, *[row.start_usd for row in rows], *[row.start_usd + row.usd for row in rows]]
    low, high = min(ends), max(ends)
    return bar_axis(low, high, colours)


def _name(row: _Row, index: int, left_px: int, colours: theme.Palette) -> dict[str, Any]:
    pier = row.role is not None
    lines = theme.wrapped(row.label, left_px - theme.LEFT_EDGE_PX - (10 if pier else 26), SMALL_PX)
    text = "<br>".join(f"<b>{line}</b>" if pier else line for line in lines)
    where = {"xref": "paper", "yref": "y", "x": 0, "y": index, "xanchor": "left", "yanchor": "middle"}
    indent = 0 if pier else 14
    return note(text, colours["ink" if pier else "muted"], **where, xshift=theme.LEFT_EDGE_PX - left_px + indent)


def _amount(row: _Row, index: int, colours: theme.Palette) -> dict[str, Any]:
    right = max(row.start_usd, row.start_usd + row.usd)
    colour = colours[f"{row.role}_text"] if row.role else colours["ink"]
    at = {"xref": "x", "yref": "y", "x": right, "y": index, "xanchor": "left", "yanchor": "middle", "xshift": 6}
    return note(f"<b>{_text(row)}</b>" if row.role else _text(row), colour, **at)


def _unit(left_px: int, colours: theme.Palette) -> dict[str, Any]:
    above = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    return note("USD a month", colours["muted"], **above, xshift=theme.LEFT_EDGE_PX - left_px, yshift=2)


def _link(row: _Row, index: int, colours: theme.Palette) -> dict[str, Any]:
    """The thin line that carries a height over to the next row."""
    at = row.start_usd + row.usd
    line = {"color": colours["axis"], "width": 1, "dash": "2px,2px"}
    return {"type": "line", "xref": "x", "yref": "y", "x0": at, "x1": at, "y0": index + 0.33, "y1": index + 0.67,
            "line": line}  # fmt: skip


def _text(row: _Row) -> str:
    return money(row.usd, signed=row.role is None)
