"""How long prompts and answers are: the log's means and spreads, and the lognormal lengths that the calculation makes of them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tco.present import theme
from tco.present.charts.axes import axis, rounded_out
from tco.present.numbers import count, percent
from tco.present.theme import SMALL_PX, Figure, note

_REACH = 3.0
"""Standard deviations of the logarithm that are drawn."""
_POINTS = 160
_COLOURS = ("break_even", "other")
_DASHES = ("solid", "8px,4px")


@dataclass(frozen=True)
class Lengths:
    """Mean and spread of one kind of text; ``cv`` is None where the log tells no single requests."""

    name: str
    mean_tok: float
    cv: float | None

    @property
    def log_sd(self) -> float:
        """Standard deviation of the logarithm of a lognormal length with this spread."""
        return math.sqrt(math.log1p((self.cv or 0.0) ** 2))

    @property
    def median_tok(self) -> float:
        """Half of such lengths are shorter."""
        return self.mean_tok / math.exp(self.log_sd**2 / 2)

    def quantile_tok(self, deviates: float) -> float:
        """The length so many standard deviations of its logarithm from the median."""
        return self.median_tok * math.exp(deviates * self.log_sd)

    @property
    def is_spread(self) -> bool:
        """Whether there is a curve to draw."""
        return self.cv is not None and self.cv > 0 and self.mean_tok > 0


def lengths_chart(
    lengths: Sequence[Lengths], *, title: str = "", source_line: str = "", dark: bool = False, width_px: int = 900,
    height_px: int = 240,
) -> Figure:  # fmt: skip
    """
    A curve for each kind on a log axis of tokens, its mean as an upright line that says its numbers.

    A curve is the lognormal of the mean and the spread: sums know no more, and the calculation takes no more. Without a spread
    only the mean is drawn.
    """
    shown = [one for one in lengths if one.mean_tok > 0]
    colours = theme.palette(dark)
    margin = {"l": 16, "r": 16, "t": 30 + round(SMALL_PX * theme.LINE_HEIGHT * max(len(shown), 1)), "b": 46}
    layout = theme.base_layout(dark=dark, height_px=height_px, margin_px=margin)
    ends = [one.quantile_tok(z) for one in shown for z in ((-_REACH, _REACH) if one.is_spread else (0.0,))]
    span = rounded_out(max(min(ends, default=1.0) / 1.5, 0.1), max(ends, default=10.0) * 1.5)
    layout["xaxis"] = _tokens(span, width_px, colours)
    layout["yaxis"] = {
        "range": [0, 1.08 * max([_top(one) for one in shown], default=1.0)],
        "visible": False,
        "fixedrange": True,
    }
    layout["shapes"] = [_mean(one, colours, place) for place, one in enumerate(shown)]
    layout["annotations"] = [_words(one, len(shown) - place, place, colours) for place, one in enumerate(shown)]
    layout["meta"].update(
        source_line=source_line, description=f"Lengths on a log axis of tokens. {'; '.join(map(length_words, shown))}."
    )
    theme.titled(layout, title, width_px=width_px)
    return {"data": [_curve(one, colours, place) for place, one in enumerate(shown)], "layout": layout}  # fmt: skip


def length_words(one: Lengths) -> str:
    """
    A length in words.

    Examples
    --------
    >>> length_words(Lengths("prompt", 1000.0, 1.0)).replace(chr(160), " ")
    'prompt: mean 1K tokens, spread 1; as a lognormal half are below 707, one in ten above 2.06K'
    >>> length_words(Lengths("answer", 200.0, None)).replace(chr(160), " ")
    'answer: mean 200 tokens, spread not told'
    """
    said = f"{one.name}: mean {count(one.mean_tok)}\u00a0tokens"
    if one.cv is None:
        return f"{said}, spread not told"
    ninety = one.quantile_tok(1.2815515655446004)
    return f"{said}, spread {count(one.cv)}; as a lognormal half are below {count(one.median_tok)}, one in ten above {count(ninety)}"


def _top(one: Lengths) -> float:
    return 1.0 / one.log_sd if one.is_spread else 1.0


def _curve(one: Lengths, colours: theme.Palette, place: int) -> dict[str, Any]:
    deviates = np.linspace(-_REACH, _REACH, _POINTS) if one.is_spread else np.zeros(0)
    below = [0.5 * math.erfc(-z / math.sqrt(2)) for z in deviates]
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": one.name,
        "name": one.name,
        "x": [one.quantile_tok(float(z)) for z in deviates],
        "y": [_top(one) * math.exp(-z * z / 2) for z in deviates],
        "text": [percent(share) for share in below],
        "line": {"color": colours[_COLOURS[place % 2]], "width": 2.4, "dash": _DASHES[place % 2]},
        "hovertemplate": f"<b>{one.name}</b><br>%{{text}} are shorter than %{{x:,.0f}} tokens<extra></extra>",
    }


def _mean(one: Lengths, colours: theme.Palette, place: int) -> dict[str, Any]:
    line = {"color": colours[_COLOURS[place % 2]], "width": 1.2, "dash": "3px,3px"}
    return {
        "type": "line",
        "xref": "x",
        "yref": "paper",
        "x0": one.mean_tok,
        "x1": one.mean_tok,
        "y0": 0,
        "y1": 1,
        "line": line,
    }


def _words(one: Lengths, row: int, place: int, colours: theme.Palette) -> dict[str, Any]:
    """A line above the plot for each kind, in its colour, so that no two words can meet."""
    where = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    up_px = round((row - 1) * SMALL_PX * theme.LINE_HEIGHT) + 6
    mark = "━" if place % 2 == 0 else "╍"
    return note(f"<b>{mark}</b> {length_words(one)}", colours[f"{_COLOURS[place % 2]}_text"], **where, yshift=up_px)


def _tokens(span: tuple[float, float], width_px: int, colours: theme.Palette) -> dict[str, Any]:
    drawn = {"text": colours["muted"], "grid": colours["grid"], "axis": colours["axis"]}
    made = axis(span, log=True, most=6 if width_px < 560 else 12, text=count, colours=drawn)
    return {
        **made,
        "fixedrange": True,
        "showline": True,
        "title": {"text": "tokens", "font": {"size": SMALL_PX, "color": colours["muted"]}, "standoff": 8},
    }
