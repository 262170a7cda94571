"""What the check of the price sheets finds, in a terminal: errors file by file, then warnings, then how many."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

Row = Mapping[str, Any]
"""A finding's fields by name."""


def show_findings(findings: Sequence[Row], where: str) -> None:
    """Print what the check found: errors first; what is only old comes together in one table."""
    console = Console(highlight=False)
    old = [row for row in findings if row["kind"] == "stale"]
    for level in ("error", "warning"):
        own = [row for row in findings if row["level"] == level and row["kind"] != "stale"]
        for file in dict.fromkeys(row["file"] for row in own):
            console.print(_of_file(file, level, [row for row in own if row["file"] == file]))
    if old:
        console.print(_not_checked(old))
        console.print(f"For all of these: {old[0]['mend']}.", style="dim")
    console.print(summary(findings, where))


def summary(findings: Sequence[Row], where: str) -> str:
    """
    How many errors and warnings there are, in a sentence.

    Examples
    --------
    >>> summary([], "price_sheets from the working directory")
    'Nothing to mend in price_sheets from the working directory.'
    >>> summary([{"level": "error"}, {"level": "warning"}, {"level": "warning"}], "price_sheets from a")
    '1 error and 2 warnings in price_sheets from a.'
    """
    counts = {level: sum(row["level"] == level for row in findings) for level in ("error", "warning")}
    told = [f"{n} {level}{'s' if n > 1 else ''}" for level, n in counts.items() if n]
    return f"{' and '.join(told)} in {where}." if told else f"Nothing to mend in {where}."


def _of_file(file: str, level: str, rows: Sequence[Row]) -> Table:
    mark = "[red]error[/red]" if level == "error" else "[yellow]warning[/yellow]"
    table = Table(title=f"{mark} {escape(file)}", title_justify="left")
    for heading in ("row", "column", "found", "mend"):
        table.add_column(heading, justify="right" if heading == "row" else "left", overflow="fold")
    for row in rows:
        table.add_row(str(row["row"] or ""), *(escape(row[name]) for name in ("column", "value", "mend")))
    return table


def _not_checked(rows: Sequence[Row]) -> Table:
    table = Table(title="[yellow]warning[/yellow] Prices that nobody has checked for long", title_justify="left")
    table.add_column("file", overflow="fold")
    table.add_column("found", overflow="fold")
    for row in rows:
        table.add_row(escape(row["file"]), escape(row["value"]))
    return table
