"""Proposed prices in a terminal: ours and each source's side by side, what disagrees, and what was left out of each source."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tco.present.prices import usd

STATE_WORDS = {
    "same": "as ours",
    "differs": "differs from ours",
    "new": "new to us",
    "disputed": "the sources disagree",
    "retired": "we retired it",
}
SHOWN = 60
"""Rows printed before the rest is counted: ``--models`` narrows, ``--json`` has all."""
NAMED = 6


def show_proposals(data: Mapping[str, Any]) -> None:
    """Print proposals as the command has them in ``--json``."""
    console, rows, sources = Console(), data["proposals"], data["sources"]
    table = Table(title=f"Prices of {data['on']}, USD for 1M tokens or a request", title_justify="left")
    table.add_column("price", overflow="fold", min_width=26)
    for name in ("ours", *(source["name"] for source in sources)):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("")
    model = ""
    for row in rows[:SHOWN]:
        sku, _, what = row["id"].partition(":")
        if sku != model:
            table.add_row(escape(sku), style="bold")
            model = sku
        figures = [usd(row["sources_usd"].get(source["name"])) for source in sources]
        table.add_row(f"  {escape(what)}", usd(row["ours_usd"]), *figures, STATE_WORDS[row["state"]])
    console.print(table if rows else f"Nothing to propose on {data['on']}.")
    for page in dict.fromkeys(row["page"] for row in rows[:SHOWN] if row["page"]):
        console.print(f"Check {escape(page)}", style="dim", soft_wrap=True)
    if len(rows) > SHOWN:
        console.print(f"and {len(rows) - SHOWN} more: name models with --models, or take all with --json.")
    console.print(
        f"{data['same']:,} prices are the same as ours; {data['retired']:,} are of models we retired. "
        "Accept with --accept MODEL:PRICE, or a pattern."
    )
    for source in sources:
        console.print(escape(_told(source)), style="dim")


def _told(source: Mapping[str, Any]) -> str:
    """What was read of a source and what was not, in a sentence or two."""
    parts = [f"{source['name']} {source['version']}, of {source['checked_on']}: {source['prices']:,} prices"]
    if source["unknown_keys"]:
        parts.append(f"price keys it does not know, {_counted(source['unknown_keys'])}")
    if source["left_out"]:
        parts.append(f"left out, {_counted(source['left_out'])}")
    lacking: Sequence[str] = source["models_it_lacks"]
    if lacking:
        named = ", ".join(lacking[:NAMED]) + (" …" if len(lacking) > NAMED else "")
        parts.append(f"{len(lacking)} of our models are not in it: {named}")
    return "; ".join(parts)


def _counted(counts: Mapping[str, int]) -> str:
    """
    What stands how often.

    Examples
    --------
    >>> _counted({"audio": 3, "speed": 1})
    'audio (3), speed (1)'
    """
    return ", ".join(f"{name} ({count:,})" for name, count in counts.items())
