"""A chart made ready for paper and slides: title above, and below where the numbers are from and of which day."""

import copy
from datetime import date

from tco.present import theme
from tco.present.theme import SMALL_PX, Figure, note

_GAP_PX = 14


def print_ready(
    figure: Figure, *, title: str, source_line: str, as_of: date, scenario_hash: str, width_px: int = 1100
) -> Figure:
    """
    A copy with a title, and below the plot the sources, the as-of date and the scenario's hash; the rest is unchanged.

    Parameters
    ----------
    scenario_hash : str
        What the scenario's content comes to; its first 12 characters are printed.
    width_px : int
        The width to wrap the words for.
    """
    printed = copy.deepcopy(figure)
    layout = printed["layout"]
    theme.titled(layout, title, width_px=width_px)
    small_px = SMALL_PX - 1
    room_px = 0.97 * width_px - 2 * theme.LEFT_EDGE_PX
    lines = theme.wrapped(source_line, room_px, small_px) if source_line else []
    lines.append(footer(as_of, scenario_hash))
    foot_px = round(len(lines) * small_px * theme.LINE_HEIGHT) + _GAP_PX
    below = {"xref": "paper", "yref": "paper", "x": 0, "y": 0, "xanchor": "left", "yanchor": "top"}
    shift = {"xshift": theme.LEFT_EDGE_PX - layout["margin"]["l"], "yshift": -layout["margin"]["b"]}
    colour = theme.palette(bool(layout["meta"]["dark"]))["muted"]
    layout["annotations"].append(note("<br>".join(lines), colour, size=small_px, name="source", **below, **shift))
    layout["margin"]["b"] += foot_px
    layout["height"] += foot_px
    return printed


def footer(as_of: date, scenario_hash: str) -> str:
    """The last line below a chart."""
    known = f" · scenario {scenario_hash[:12]}" if scenario_hash else ""
    return f"Prices as of {as_of.isoformat()}{known}"
