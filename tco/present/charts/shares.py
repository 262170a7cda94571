"""Who uses how much: each model's share of requests, of tokens and of dollars, the dearest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tco.present import theme
from tco.present.numbers import money, percent
from tco.present.theme import SMALL_PX, Figure, note

_ROW_PX = 17
_GAP_ROWS = 0.8
_KINDS = (
    ("requests", "bridge", "muted"),
    ("tokens", "hosted", "hosted_text"),
    ("dollars", "break_even", "break_even_text"),
)


@dataclass(frozen=True)
class ModelUse:
    """One model's use, as amounts."""

    name: str
    requests: float
    tok: float
    usd: float | None
    """None where it has no price."""


def shares_chart(
    models: Sequence[ModelUse], *, most: int = 8, title: str = "", source_line: str = "", dark: bool = False, width_px: int = 900
) -> Figure:  # fmt: skip
    """Three bars a model; beyond ``most`` models the rest are one. A model without a price says so in place of its dollars."""
    rows = largest(models, most)
    colours = theme.palette(dark)
    margin = {"l": theme.label_column_px([row.name for row in rows], width_px), "r": 150, "t": 26, "b": 10}
    depth = len(rows) * (len(_KINDS) + _GAP_ROWS)
    layout = theme.base_layout(dark=dark, height_px=round(36 + _ROW_PX * depth), margin_px=margin)
    layout["xaxis"] = {"range": [0, 1], "visible": False, "fixedrange": True}
    layout["yaxis"] = {"range": [depth - 0.5, -0.7], "visible": False, "fixedrange": True}
    layout["barmode"] = "overlay"
    shares = [_shares(row, rows) for row in rows]
    layout["annotations"] = [_name(row, place, margin["l"], colours) for place, row in enumerate(rows)]
    layout["annotations"] += [
        _amount(row, place, kind, mine[kind], colours)
        for place, (row, mine) in enumerate(zip(rows, shares, strict=True))
        for kind in range(len(_KINDS))
    ]
    layout["annotations"].append(_unit(margin["l"], colours))
    layout["meta"].update(
        source_line=source_line, description=f"Share of models. {'; '.join(map(_told, rows, shares))}."
    )
    theme.titled(layout, title, width_px=width_px)
    return {"data": [_bars(kind, rows, shares, colours) for kind in range(len(_KINDS))], "layout": layout}


def largest(models: Sequence[ModelUse], most: int) -> list[ModelUse]:
    """
    The models by dollars, then by tokens; those beyond ``most`` as one.

    Examples
    --------
    >>> [row.name for row in largest([ModelUse(n, 1, 1, 1.0) for n in "abcd"], 3)]
    ['a', 'b', '2 smaller models']
    """
    ordered = sorted(models, key=lambda model: (-(model.usd or 0.0), -model.tok, model.name))
    if len(ordered) <= most:
        return ordered
    rest = ordered[most - 1 :]
    priced = [model.usd for model in rest if model.usd is not None]
    usd = sum(priced) if priced else None
    name = f"{len(rest)} smaller models"
    return [*ordered[: most - 1], ModelUse(name, sum(m.requests for m in rest), sum(m.tok for m in rest), usd)]


def _shares(row: ModelUse, rows: Sequence[ModelUse]) -> tuple[float | None, float | None, float | None]:
    totals = sum(r.requests for r in rows), sum(r.tok for r in rows), sum(r.usd or 0.0 for r in rows)
    found = [
        own / total if own is not None and total > 0 else None
        for own, total in zip((row.requests, row.tok, row.usd), totals, strict=True)
    ]
    return found[0], found[1], found[2]


def _height(place: int, kind: int) -> float:
    return place * (len(_KINDS) + _GAP_ROWS) + kind


def _bars(
    kind: int, rows: Sequence[ModelUse], shares: Sequence[Sequence[float | None]], colours: theme.Palette
) -> dict[str, Any]:
    name, colour, _ = _KINDS[kind]
    return {
        "type": "bar",
        "orientation": "h",
        "uid": name,
        "name": name,
        "y": [_height(place, kind) for place in range(len(rows))],
        "x": [mine[kind] or 0.0 for mine in shares],
        "width": [0.84] * len(rows),
        "marker": {"color": colours[colour], "line": {"width": 0}},
        "hoverinfo": "skip",
    }


def _amount(row: ModelUse, place: int, kind: int, share: float | None, colours: theme.Palette) -> dict[str, Any]:
    at = {
        "xref": "x",
        "yref": "y",
        "x": share or 0.0,
        "y": _height(place, kind),
        "xanchor": "left",
        "yanchor": "middle",
    }
    return note(_share_words(row, kind, share), colours[_KINDS[kind][2]], **at, xshift=6, size=SMALL_PX - 1)


def _share_words(row: ModelUse, kind: int, share: float | None) -> str:
    if kind == 2 and row.usd is None:
        return "no price"
    if share is None:
        return f"no {_KINDS[kind][0]} told"
    more = f", {money(row.usd)}" if kind == 2 and row.usd is not None else ""
    return f"{percent(share)} of {_KINDS[kind][0]}{more}"


def _name(row: ModelUse, place: int, left_px: int, colours: theme.Palette) -> dict[str, Any]:
    first, *others = theme.wrapped(row.name, left_px - theme.LEFT_EDGE_PX - 8, SMALL_PX)
    where = {"xref": "paper", "yref": "y", "x": 0, "y": _height(place, 1), "xanchor": "left", "yanchor": "middle"}
    return note(theme.plain(first) + ("…" if others else ""), colours["ink"], **where, xshift=theme.LEFT_EDGE_PX - left_px,
                hovertext=theme.plain(row.name) if others else "")  # fmt: skip


def _unit(left_px: int, colours: theme.Palette) -> dict[str, Any]:
    above = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    return note(
        "share of the log, by the names it gives",
        colours["muted"],
        **above,
        xshift=theme.LEFT_EDGE_PX - left_px,
        yshift=2,
    )


def _told(row: ModelUse, shares: Sequence[float | None]) -> str:
    return f"{row.name}: {', '.join(_share_words(row, kind, share) for kind, share in enumerate(shares))}"
