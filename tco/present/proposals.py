"""Proposed prices in a terminal: ours and each source's side by side, what disagrees, and what was left out of each source."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape

from tco.present.columns import Columns
from tco.present.prices import usd

STATE_WORDS = {
    "same": "as ours",
    "differs": "differs from ours",
    "new": "new to us",
    "disputed": "the sources disagree",
    "retired": "we retired it",
}
ORDER = ("differs", "disputed", "new", "retired", "same")
"""What matters first: ours is another figure than all sources', they disagree, we lack it."""
SHOWN = 60
"""Rows printed before the rest is counted: ``--models`` narrows, ``--json`` has all."""
NAMED = 6
LATEST = "9999"
"""A model that we do not carry counts as the youngest: somebody asked for it by name."""


def show_proposals(data: Mapping[str, Any]) -> None:
    """Print proposals as the command has them in ``--json``: what differs first, new prices of old models last."""
    console, rows, sources = Console(highlight=False), in_order(data["proposals"]), data["sources"]
    names = ["ours", *(source["name"] for source in sources)]
    if rows:
        console.print(f"[bold]Prices of {data['on']}, USD for 1M tokens or a request[/bold]")
    for state in ORDER:
        own = [row for row in rows[:SHOWN] if row["state"] == state]
        if own:
            _section(console, STATE_WORDS[state], own, names, sum(row["state"] == state for row in rows))
    if not rows:
        console.print(f"Nothing to propose on {data['on']}.")
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


def in_order(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Proposals as they are read: by what they are, the youngest models first."""
    by_name = sorted(rows, key=lambda row: row["sku"])
    by_age = sorted(by_name, key=lambda row: row["model_since"] or LATEST, reverse=True)
    return sorted(by_age, key=lambda row: ORDER.index(row["state"]))


def _section(console: Console, title: str, rows: Sequence[Mapping[str, Any]], names: Sequence[str], of: int) -> None:
    """The proposals of one kind: each model on a line of its own, its figures in columns under each other."""
    cells = [[usd(row["ours_usd"]), *(usd(row["sources_usd"].get(name)) for name in names[1:])] for row in rows]
    prices = [f"    {_price_of(row)}" for row in rows]
    columns = Columns.of(prices, names, cells, console.width)
    shown = "" if of == len(rows) else f", the first {len(rows)}"
    console.print(f"\n[bold]{title[:1].upper()}{title[1:]}[/bold] ({of:,}{shown})")
    console.print(columns.head, style="dim", soft_wrap=True)
    model = ""
    for row, price, figures in zip(rows, prices, cells, strict=True):
        if row["sku"] != model:
            model = row["sku"]
            console.print(f"  {escape(model)}", soft_wrap=True)
        for line in columns.lines(price, figures):
            console.print(escape(line), soft_wrap=True)


def _price_of(row: Mapping[str, Any]) -> str:
    """An id without its model, which stands above."""
    return str(row["id"].removeprefix(f"{row['sku']}:"))


def _told(source: Mapping[str, Any]) -> str:
    """What was read of a source and what was not, in a sentence or two."""
    day = f"of {source['checked_on']}" if source["checked_on"] else "of a day that nothing says"
    parts = [f"{source['name']} {source['version']}, {day}: {source['prices']:,} prices"]
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
