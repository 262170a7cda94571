"""Prices of one model over time: a staircase for each meter, announced steps dashed beyond today."""

import html
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from tco.present import theme
from tco.present.charts.axes import axis, place, rounded_out, spread
from tco.present.numbers import exact, money
from tco.present.theme import SMALL_PX, Figure, Role, note

ROLES: tuple[Role, ...] = ("frontier", "self_host", "hosted", "other")
_TOP_PX, _FOOT_PX = 38, 32
_LABEL_PX = SMALL_PX * theme.LINE_HEIGHT


@dataclass(frozen=True)
class PriceLine:
    """One meter: the days on which its price changed, and what it was from then on; None where it ended."""

    id: str
    label: str
    steps: Sequence[tuple[date, float | None]]


def price_history_chart(
    lines: Sequence[PriceLine],
    today: date,
    *,
    title: str,
    source_line: str,
    dark: bool = False,
    width_px: int = 900,
    height_px: int = 380,
) -> Figure:
    """
    US dollars for a million tokens over time, on a log scale: equal falls look equal, whatever the price.

    Prices of 0 have no place on it and are left out.
    """
    colours = theme.palette(dark)
    drawn = [(line, role) for line, role in zip(lines, ROLES * (len(lines) // len(ROLES) + 1), strict=False)]
    prices = [usd for line in lines for _, usd in line.steps if usd]
    shown = rounded_out(min(prices, default=0.1) / 1.3, max(prices, default=10.0) * 1.3)
    first, last = _span(lines, today)
    right = round(theme.text_width_px([line.label for line in lines], SMALL_PX)) + 20
    margin = {"l": 64, "r": right, "t": _TOP_PX, "b": _FOOT_PX}
    layout = theme.base_layout(dark=dark, height_px=height_px, margin_px=margin)
    text = {"text": colours["muted"], "grid": colours["grid"], "axis": colours["axis"]}
    layout["yaxis"] = {**axis(shown, log=True, most=8, text=money, colours=text), "fixedrange": True}
    layout["xaxis"] = _days(first, last, text)
    layout["shapes"] = [_today_line(today, colours)] if first <= today <= last else []
    layout["annotations"] = [
        _unit(margin["l"], colours),
        *_labels(drawn, shown, height_px - _TOP_PX - _FOOT_PX, colours),
        *([_today_word(today, colours)] if first <= today < last else []),
    ]
    layout["meta"].update(source_line=source_line, description=_description(lines))
    theme.titled(layout, html.escape(title, quote=False), width_px=width_px)
    data = [trace for line, role in drawn for trace in _traces(line, role, today, last, colours)]
    return {"data": data, "layout": layout}


def _span(lines: Sequence[PriceLine], today: date) -> tuple[date, date]:
    """The days shown: from the first price to today or the last step, with a little air for a step at the end."""
    days = [day for line in lines for day, _ in line.steps] or [today]
    last = max([*days, today])
    air = timedelta(days=max(20, (last - min(days)).days // 12))
    return min(days), last + air if max(days) >= today else last


def _days(first: date, last: date, colours: dict[str, str]) -> dict[str, Any]:
    return {
        "type": "date",
        "range": [first.isoformat(), last.isoformat()],
        "tickfont": {"color": colours["text"], "size": 12},
        "gridcolor": colours["grid"],
        "linecolor": colours["axis"],
        "nticks": 8,
        "fixedrange": True,
    }


def _traces(line: PriceLine, role: Role, today: date, last: date, colours: theme.Palette) -> list[dict[str, Any]]:
    """What was, solid, and what is announced, dashed; each runs on to the next step."""
    known = [step for step in line.steps if step[0] <= today]
    coming = [step for step in line.steps if step[0] > today]
    pieces = [(known, coming[0][0] if coming else last, "solid", "")]
    if coming:
        pieces.append((coming, last, "2.5px,3.5px", "_announced"))
    return [
        _trace(line, steps, end, dash, colours[role], suffix) for steps, end, dash, suffix in pieces if steps
    ]  # fmt: skip


def _trace(
    line: PriceLine, steps: Sequence[tuple[date, float | None]], end: date, dash: str, colour: str, suffix: str
) -> dict[str, Any]:
    usd = [price or None for _, price in steps]
    words = ["" if price is None else f"USD {exact(price)} from {day}" for day, price in steps]
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"{line.id}{suffix}",
        "name": line.label,
        "x": [*(day.isoformat() for day, _ in steps), end.isoformat()],
        "y": [*usd, usd[-1]],
        "text": [*words, words[-1]],
        "line": {"color": colour, "width": 2.2, "dash": dash, "shape": "hv"},
        "connectgaps": False,
        "hovertemplate": f"<b>{line.label}</b><br>%{{text}}<extra></extra>",
    }


def _labels(
    drawn: Sequence[tuple[PriceLine, Role]], shown: tuple[float, float], plot_px: float, colours: theme.Palette
) -> list[dict[str, Any]]:
    """Each line's name at its right end, apart from each other."""
    ends = [(line, role, usd) for line, role in drawn if (usd := _last(line)) is not None]
    places = spread([place(usd, shown, True) for *_, usd in ends], [_LABEL_PX / plot_px] * len(ends))
    at = {"xref": "paper", "yref": "paper", "x": 1, "xanchor": "left", "yanchor": "middle", "xshift": 6}
    return [
        note(line.label, colours[f"{role}_text"], y=height, **at)
        for (line, role, _), height in zip(ends, places, strict=True)
    ]


def _last(line: PriceLine) -> float | None:
    return next((usd for _, usd in reversed(line.steps) if usd), None)


def _today_line(today: date, colours: theme.Palette) -> dict[str, Any]:
    style = {"color": colours["axis"], "width": 1, "dash": "dot"}
    day = today.isoformat()
    return {"type": "line", "xref": "x", "yref": "paper", "x0": day, "x1": day, "y0": 0, "y1": 1, "line": style}


def _today_word(today: date, colours: theme.Palette) -> dict[str, Any]:
    at = {"xref": "x", "yref": "paper", "x": today.isoformat(), "y": 1, "xanchor": "center", "yanchor": "bottom"}
    return note("today", colours["muted"], **at)


def _unit(left_px: int, colours: theme.Palette) -> dict[str, Any]:
    above = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    return note("USD for 1M tokens", colours["muted"], xshift=theme.LEFT_EDGE_PX - left_px, yshift=5, **above)


def _description(lines: Sequence[PriceLine]) -> str:
    parts = []
    for line in lines:
        usd = [price for _, price in line.steps if price is not None]
        if usd:
            parts.append(f"{line.label}: {money(usd[0])}" + (f" to {money(usd[-1])}" if usd[-1] != usd[0] else ""))
    return f"Line chart of prices over time, USD for a million tokens. {'; '.join(parts)}."
