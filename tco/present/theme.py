"""
One look for every chart: Okabe–Ito colours by role, in light and dark, and the layout that all charts start from.

A figure is drawn in one palette and can be recoloured into the other without drawing it again, because no colour means
two things: ``recoloured`` here and the notebook widget in the browser do the same by looking each colour up.
"""

import copy
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

Figure: TypeAlias = dict[str, Any]
"""A figure as plotly.js reads it: ``data`` and ``layout``, plain lists, numbers and words."""
Role: TypeAlias = Literal["frontier", "hosted", "self_host", "other"]
"""What a line stands for: the API paid for now, open weights hosted by a vendor, our own GPUs, anything else."""
Palette: TypeAlias = Mapping[str, str]

LIGHT: Palette = {
    "paper": "#ffffff", "ink": "#1f2328", "muted": "#57606a", "grid": "#e9ecf0", "axis": "#8b949e", "bridge": "#c3c9d0",
    "frontier": "#e69f00", "hosted": "#56b4e9", "self_host": "#009e73", "other": "#cc79a7", "break_even": "#0072b2",
    "build": "#7cc9b3",
    "frontier_text": "#8a5a00", "hosted_text": "#1a6a9c", "self_host_text": "#00704f", "other_text": "#9a3f73",
    "break_even_text": "#00639b", "build_text": "#3b7a68",
    "band": "rgba(0,158,115,0.07)", "band_text": "#2c7059", "veil": "rgba(255,255,255,0.8)",
    "band_veil": "rgba(237,248,245,0.85)",
    "heat_low": "#e8f1f8", "heat_mid": "#62a9d4", "heat_high": "#0b4c7c",
}  # fmt: skip
DARK: Palette = {
    "paper": "#111111", "ink": "#e6edf3", "muted": "#a5afba", "grid": "#292e35", "axis": "#6e7781", "bridge": "#4a525c",
    "frontier": "#e69f00", "hosted": "#56b4e9", "self_host": "#009e73", "other": "#cc79a7", "break_even": "#3d96d2",
    "build": "#3c8a75",
    "frontier_text": "#f2b93b", "hosted_text": "#8fd0f5", "self_host_text": "#45c79e", "other_text": "#e3a3c6",
    "break_even_text": "#7cc0ee", "build_text": "#7fb8a7",
    "band": "rgba(0,158,115,0.14)", "band_text": "#8fcbb7", "veil": "rgba(17,17,17,0.8)",
    "band_veil": "rgba(15,37,31,0.85)",
    "heat_low": "#16242e", "heat_mid": "#2c7bb0", "heat_high": "#b5e0fb",
}  # fmt: skip
DASHES: Mapping[Role, str] = {"frontier": "10px,5px", "hosted": "2.5px,3.5px", "self_host": "solid", "other": "dashdot"}
FONT_FAMILY = "Inter, 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
TEXT_PX, SMALL_PX, TITLE_PX = 13, 12, 17
CHARACTER_EM = 0.56
"""Mean width of a character over the font's size; bold is a little wider, which the margin allows for."""
LINE_HEIGHT = 1.3
LEFT_EDGE_PX = 14
"""Where titles and notes start, from the figure's left edge."""


def palette(dark: bool) -> Palette:
    """The colours by role, for a light or a dark page."""
    return DARK if dark else LIGHT


def recoloured(figure: Figure, *, dark: bool) -> Figure:
    """The same figure in the other palette; a figure that is already in it comes back as a copy."""
    was = DARK if figure["layout"].get("meta", {}).get("dark") else LIGHT
    into = palette(dark)
    swaps = {colour: into[name] for name, colour in was.items()}
    changed: Figure = _swapped(copy.deepcopy(figure), swaps)
    changed["layout"].setdefault("meta", {})["dark"] = dark
    return changed


def base_layout(*, dark: bool, height_px: int, margin_px: Mapping[str, int]) -> dict[str, Any]:
    """What every chart's layout starts from: colours, letters, margins, hover, and nothing that moves by itself."""
    colours = palette(dark)
    return {
        "autosize": True,
        "height": height_px,
        "margin": {**margin_px, "pad": 0},
        "paper_bgcolor": colours["paper"],
        "plot_bgcolor": colours["paper"],
        "font": {"family": FONT_FAMILY, "size": TEXT_PX, "color": colours["ink"]},
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "hoverdistance": 24,
        "hoverlabel": {
            "bgcolor": colours["paper"],
            "bordercolor": colours["axis"],
            "font": {"family": FONT_FAMILY, "size": SMALL_PX, "color": colours["ink"]},
            "align": "left",
        },
        "modebar": {"bgcolor": "rgba(0,0,0,0)", "color": colours["axis"], "activecolor": colours["ink"]},
        "annotations": [],
        "shapes": [],
        "uirevision": "kept",
        "meta": {"dark": dark, "title": "", "title_px": 0, "source_line": "", "description": ""},
    }


def titled(layout: dict[str, Any], title: str, *, width_px: int = 900) -> None:
    """Put a title at the top left, wrapped for the width, in place of the one there; room is made above the plot."""
    meta, margin = layout["meta"], layout["margin"]
    lines = wrapped(title, 0.94 * width_px - LEFT_EDGE_PX, TITLE_PX)
    room_px = round(len(lines) * TITLE_PX * LINE_HEIGHT) + 10 if title else 0
    header_px = margin["t"] - meta["title_px"]
    margin["t"], layout["height"] = header_px + room_px, layout["height"] + room_px - meta["title_px"]
    meta.update(title=title, title_px=room_px)
    layout["annotations"] = [item for item in layout["annotations"] if item.get("name") != "title"]
    if title:
        above = {"xref": "paper", "yref": "paper", "x": 0, "y": 1, "xanchor": "left", "yanchor": "bottom"}
        shift = {"xshift": LEFT_EDGE_PX - margin["l"], "yshift": header_px - 12}
        text = f"<b>{'<br>'.join(lines)}</b>"
        layout["annotations"].append(note(text, layout["font"]["color"], size=TITLE_PX, name="title", **above, **shift))


def greyed(figure: Figure) -> Figure:
    """The figure paled, for an answer that is no longer up to date; its title and the note that says why stay."""
    layout = figure["layout"]
    kept = ("title", "stale")
    paled = [item if item.get("name") in kept else {**item, "opacity": 0.45} for item in layout["annotations"]]
    return {
        "data": [{**trace, "opacity": 0.3} for trace in figure["data"]],
        "layout": {**layout, "annotations": paled},
    }


def note(text: str, colour: str, **where: Any) -> dict[str, Any]:
    """A piece of text in the chart; ``where`` is any of plotly's annotation settings."""
    font = {"color": colour, "size": where.pop("size", SMALL_PX)}
    return {"text": text, "showarrow": False, "font": font, "align": "left", "captureevents": False, **where}


def plain(text: str) -> str:
    """
    A text from outside as plotly writes it letter by letter: no markup of its own.

    Examples
    --------
    >>> plain("<b>&")
    '&lt;b&gt;&amp;'
    """
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def wrapped(text: str, width_px: float, size_px: int) -> list[str]:
    """Text in lines that fit a width."""
    together = text.replace(" × ", "\u00a0×\u00a0")
    room = max(8, int(width_px / (size_px * CHARACTER_EM)))
    return textwrap.wrap(together, room, break_long_words=False, break_on_hyphens=False) or [""]


def text_width_px(lines: Sequence[str], size_px: int) -> float:
    """How wide lines of text are, nearly."""
    return max((len(line) for line in lines), default=0) * size_px * CHARACTER_EM


def label_column_px(labels: Sequence[str], width_px: int) -> int:
    """How wide a column of row names is: as they need, at most two fifths of the figure."""
    needed_px = text_width_px(labels, SMALL_PX) * 1.12 + LEFT_EDGE_PX + 22
    return round(min(max(needed_px, 110), 0.4 * width_px))


def _swapped(node: Any, swaps: Mapping[str, str]) -> Any:
    if isinstance(node, dict):
        return {key: _swapped(value, swaps) for key, value in node.items()}
    if isinstance(node, list):
        return [_swapped(value, swaps) for value in node]
    return swaps.get(node, node) if isinstance(node, str) else node
