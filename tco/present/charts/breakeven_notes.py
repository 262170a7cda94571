"""The words in the break-even chart: labels on lines, bands and marks, placed so that none covers another."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tco.present import theme
from tco.present.charts.axes import place, spread
from tco.present.numbers import money
from tco.present.theme import SMALL_PX, note

if TYPE_CHECKING:
    from tco.present.charts.breakeven import CurveLine, Frame

Note = dict[str, Any]
_LINE_PX = SMALL_PX * theme.LINE_HEIGHT
_BUILD_LABEL = "with the build"
_NARROW_PX = 800
_AMOUNT_PX = 78
"""Room that an amount at the left of the user's volume takes."""
_CROWDED_PX = 40
_NEAR = 0.12
_FOOT_PX = 3 + 2 * _LINE_PX
"""An amount whose middle is lower than this meets what is written along the foot of the plot."""
_BOLD = 1.12
"""Bold words over plain ones."""


def header(frame: "Frame", state: str, left_px: int) -> list[Note]:
    """The unit of the upright axis at the top left, and beside it what holds for the whole picture."""
    scale = " (log scale)" if frame.usd_log else ""
    text = f"USD a month{scale}" + (f"  ·  <b>{state}</b>" if state else "")
    above = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
    return [note(text, frame.colours["muted"], **above, xshift=theme.LEFT_EDGE_PX - left_px, yshift=22)]


def state(winning: Sequence[tuple[float, float | None]], break_even: float | None, name: str) -> str:
    """In words what no mark can show: never, always, or only in windows."""
    subject = name[:1].upper() + name[1:]
    if not winning:
        return f"{subject} is never cheaper in this range"
    if winning[0][0] <= 0 and winning[0][1] is None:
        return f"{subject} is cheaper at every volume"
    if break_even is None:
        return f"{subject} is cheaper only in the shaded window{'s' if len(winning) > 1 else ''}"
    return ""


def band_label(
    winning: Sequence[tuple[float, float | None]], frame: "Frame", name: str, written: Sequence[Note] = ()
) -> list[Note]:
    """The widest shaded band says what it is, where it is wide enough, and clear of the amounts already written."""
    bands = [_in_sight(band, frame) for band in winning]
    if not bands:
        return []
    start, end = max(bands, key=lambda band: band[1] - band[0])
    plot_wide_px = max(1.0, 0.72 * frame.width_px)
    needed = (theme.text_width_px([name], SMALL_PX) + 16) / plot_wide_px
    if end - start < needed:
        return []
    bottom, top = {"y": 0, "yanchor": "bottom", "yshift": 3}, {"y": 1, "yanchor": "top", "yshift": -3}
    across, shift_px, upright = start, 5.0, bottom if frame.usd_log else top
    met = [item for item in map(_amount_box, written) if item is not None and item[3] * frame.plot_px < _FOOT_PX]
    for x, left_px, right_px, _ in met if frame.usd_log else ():
        dot = place(x, frame.volume_range, True)
        if dot + right_px / plot_wide_px < start or dot + left_px / plot_wide_px > start + needed:
            continue
        if dot + right_px / plot_wide_px + needed <= end:
            across, shift_px = dot, right_px + 8  # beside the amount
        else:
            across, shift_px, upright = start, 5.0, top
    where = {"xref": "paper", "yref": "paper", "x": across, "xanchor": "left", "xshift": shift_px, **upright}
    return [note(f"<i>{name}</i>", frame.colours["band_text"], **where, bgcolor=frame.colours["band_veil"])]


def _amount_box(written: Note) -> tuple[float, float, float, float] | None:
    """Of an amount beside a dot: the dot's volume, the ends of the words from there, and their middle's height."""
    if written["yanchor"] != "middle":
        return None
    wide_px = theme.text_width_px([written["text"].removeprefix("<b>").removesuffix("</b>")], SMALL_PX) * _BOLD
    left_px = -wide_px + written["xshift"] if written["xanchor"] == "right" else written["xshift"]
    return 10 ** written["x"], left_px, left_px + wide_px, written["y"]


def you_labels(
    you: float | None, you_usd: Mapping[str, float], curves: Sequence["CurveLine"], frame: "Frame"
) -> list[Note]:
    """The user's volume above the plot, and what each line costs there beside its dot."""
    if you is None:
        return []
    across = place(you, frame.volume_range, True)
    if not 0 <= across <= 1:
        return [_you_beyond(you, frame, right=across > 1)]
    anchor = "right" if across > 0.96 else "left" if across < 0.04 else "center"
    top = {"xref": "x", "yref": "paper", "x": math.log10(you), "y": 1, "xanchor": anchor, "yanchor": "bottom"}
    named = note(f"you · <b>{frame.volume_text(you)}</b>", frame.colours["ink"], **top, yshift=2)
    return [named, *_you_amounts(you, you_usd, curves, frame, on_left=across > 0.9)]


def break_even_label(
    crossing: tuple[float | None, float],
    with_build: tuple[float | None, float],
    frame: "Frame",
    clear_px: float = 0.0,
    you: float | None = None,
) -> list[Note]:
    """
    The break-even in figures, up and to the left of its mark, where no rising line runs; else down and to the right.

    ``clear_px`` is how far above the mark another line of the challenger runs, to be kept clear of. Where the user's
    volume is close by at the right, its amounts need the room and the words move to the left.
    """
    if crossing[0] is None:
        return []
    across, up = place(crossing[0], frame.volume_range, True), place(crossing[1], frame.usd_range, frame.usd_log)
    if not (0 <= across <= 1 and 0 <= up <= 1):
        return []
    lines = ["break-even", f"<b>{frame.volume_text(crossing[0])} {frame.axis_label}</b>"]
    if with_build[0] is not None:
        lines.append(f"{frame.volume_text(with_build[0])} {_BUILD_LABEL}")
    on_left = across > 0.3 and up < 0.85
    plot_wide_px = 0.72 * frame.width_px
    to_you_px = (place(you, frame.volume_range, True) - across) * plot_wide_px if you is not None else math.inf
    aside_px = max(0.0, _AMOUNT_PX - to_you_px) if to_you_px > 0 else 0.0
    side = {"xanchor": "right", "yanchor": "bottom", "xshift": -9 - aside_px, "yshift": 8 + clear_px, "align": "right"}
    other = {"xanchor": "left", "yanchor": "top", "xshift": 9, "yshift": -10, "align": "left"}
    veil = frame.colours["veil" if on_left else "band_veil"]
    at = {"xref": "paper", "yref": "paper", "x": across, "y": up, "bgcolor": veil}
    return [note("<br>".join(lines), frame.colours["break_even_text"], **at, **(side if on_left else other))]


def end_label_lines(labels: Sequence[str], width_px: int) -> list[list[str]]:
    """Each line's name, wrapped for the margin at the right."""
    room_px = 108 if width_px < _NARROW_PX else 150
    return [theme.wrapped(label, room_px, SMALL_PX) for label in labels]


def end_label_margin_px(lines: Sequence[Sequence[str]]) -> int:
    """The margin at the right that the names need."""
    widest = max(theme.text_width_px([*words, _BUILD_LABEL], SMALL_PX) for words in [*lines, [""]])
    return round(widest * 1.12) + 20


def end_labels(
    curves: Sequence["CurveLine"],
    with_build: "CurveLine | None",
    lines: Sequence[Sequence[str]],
    frame: "Frame",
    you: float | None,
) -> list[Note]:
    """Each line's name at its right end; where a line leaves through the top, its name stands above it there."""
    named = [(line, "<br>".join(f"<b>{row}</b>" for row in words), len(words), f"{line.role}_text")
             for line, words in zip(curves, lines, strict=True)]  # fmt: skip
    if with_build is not None:
        named.append((with_build, _BUILD_LABEL, 1, "build_text"))
    heights = [_end_height(line, frame) for line, *_ in named]
    right = [index for index, up in enumerate(heights) if -0.01 <= up <= 1.01]
    rooms = [(named[index][2] * _LINE_PX + 4) / frame.plot_px for index in right]
    places = spread([heights[index] for index in right], rooms, -0.06, 1.08)
    found = [_at_right(named[index], up, frame) for index, up in zip(right, places, strict=True)]
    return found + [_at_top(named[index], frame, you) for index, up in enumerate(heights) if up > 1.01]


def stale(text: str, frame: "Frame") -> list[Note]:
    """Why the picture is grey."""
    if not text:
        return []
    middle = {"xref": "paper", "yref": "paper", "x": 0.5, "y": 0.5, "xanchor": "center", "yanchor": "middle"}
    lines = theme.wrapped(text, 0.5 * frame.width_px, theme.TEXT_PX)
    box = {"bgcolor": frame.colours["paper"], "bordercolor": frame.colours["axis"], "borderpad": 8}
    return [note("<br>".join(lines), frame.colours["ink"], **middle, **box, size=theme.TEXT_PX, name="stale")]


def _at_right(named: tuple["CurveLine", str, int, str], up: float, frame: "Frame") -> Note:
    where = {"xref": "paper", "yref": "paper", "x": 1, "y": up, "xanchor": "left", "yanchor": "middle", "xshift": 8}
    return note(named[1], frame.colours[named[3]], **where)


def _at_top(named: tuple["CurveLine", str, int, str], frame: "Frame", you: float | None) -> Note:
    """Above the plot where the line leaves it, clear of the user's volume that stands in the same row."""
    line = named[0]
    over = np.flatnonzero(line.usd > frame.usd_range[1])
    exit_volume = float(line.volume[over[0]]) if over.size else frame.volume_range[1]
    if over.size and over[0] > 0:
        before = slice(over[0] - 1, over[0] + 1)
        exit_volume = float(np.interp(frame.usd_range[1], line.usd[before], line.volume[before]))
    across = min(max(place(exit_volume, frame.volume_range, True), 0.0), 1.0)
    beside = place(you, frame.volume_range, True) if you is not None else -1.0
    near = abs(across - beside) < _NEAR
    left = across < beside if near else across > 0.75 and not 0 < across - beside < 0.4
    shift = (-30 if left else 30) if near else 0
    where = {"xref": "paper", "yref": "paper", "x": across, "y": 1, "xanchor": "right" if left else "left"}
    text = named[1].replace("</b><br><b>", " ")
    return note(text, frame.colours[named[3]], **where, yanchor="bottom", xshift=shift, yshift=2)


def _end_height(line: "CurveLine", frame: "Frame") -> float:
    if not line.volume.size:
        return -1.0
    return place(float(np.interp(frame.volume_range[1], line.volume, line.usd)), frame.usd_range, frame.usd_log)


def _you_beyond(you: float, frame: "Frame", *, right: bool) -> Note:
    text = f"you · <b>{frame.volume_text(you)}</b> →" if right else f"← you · <b>{frame.volume_text(you)}</b>"
    side = {"x": 1, "xanchor": "right"} if right else {"x": 0, "xanchor": "left"}
    return note(text, frame.colours["ink"], xref="paper", yref="paper", y=1, yanchor="bottom", yshift=2, **side)


def _you_amounts(
    you: float, you_usd: Mapping[str, float], curves: Sequence["CurveLine"], frame: "Frame", *, on_left: bool
) -> list[Note]:
    here = sorted((place(you_usd[line.id], frame.usd_range, frame.usd_log), you_usd[line.id], f"{line.role}_text")
                  for line in curves if line.id in you_usd)  # fmt: skip
    here = [item for item in here if 0 <= item[0] <= 1]
    crowded = len(here) > 1 and (here[-1][0] - here[-2][0]) * frame.plot_px < _CROWDED_PX
    lifted = [on_left or up * frame.plot_px < 18 or (crowded and item is here[-1]) for item in here for up in item[:1]]
    wished = [item[0] + (11 if up else -11) / frame.plot_px for item, up in zip(here, lifted, strict=True)]
    places = spread(wished, [15 / frame.plot_px] * len(here))
    left = [on_left or (crowded and item is here[-1]) for item in here]
    at = {"xref": "x", "yref": "paper", "x": math.log10(you), "yanchor": "middle"}
    sides = [{"xanchor": "right", "xshift": -7} if side else {"xanchor": "left", "xshift": 7} for side in left]
    return [
        note(f"<b>{money(usd)}</b>", frame.colours[colour], **at, **side, y=up)
        for (_, usd, colour), side, up in zip(here, sides, places, strict=True)
    ]


def _in_sight(band: tuple[float, float | None], frame: "Frame") -> tuple[float, float]:
    start, end = (place(edge, frame.volume_range, True) if edge is not None else 1.0 for edge in band)
    return min(max(start, 0.0), 1.0), min(max(end, 0.0), 1.0)
