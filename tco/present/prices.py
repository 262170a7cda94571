"""The price sheets in a terminal and on paper: tables of prices, of what the check finds, of what moved and what it did."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tco.present.axis import volume_axis
from tco.present.charts.price_history import PriceLine, price_history_chart
from tco.present.columns import Columns
from tco.present.formats.chart_file import export_chart
from tco.present.numbers import exact, percent, ratio
from tco.present.provenance import rows_text
from tco.present.theme import Figure
from tco.present.verdict import verdict
from tco.solve.breakeven import Breakeven

Row = Mapping[str, Any]
SHOWN_MOVES = 40
SHORT_DAYS = 365
"""Days below which a yearly rate is told to be stretched."""
METERS = {
    "input": "input",
    "cache_read": "cached",
    "cache_write_5m": "cache write",
    "cache_write_1h": "cache write, 1 h",
    "output": "output",
    "reasoning": "reasoning",
    "request": "a request",
    "blend": "a planning request",
}
MODEL_HEADS = ("input", "cached", "output", "batch", "checked", "since")
"""Columns of the list of models; those behind go first where a terminal is narrow."""
PRICES_KEPT, NAMES_KEPT = 4, 30
"""Columns that stay, and how wide the names are at least."""
PRICE_DIGITS = 12
"""Digits of a price: what lies beyond them came of a discount or a currency, not from a vendor."""
DRAWN = ("input", "cache_read", "output", "reasoning")
"""Meters of a chart of prices over time."""


def usd(price: float | None) -> str:
    """
    A price as vendors print it, every digit.

    Examples
    --------
    >>> usd(2.5), usd(0.0028), usd(None), usd(0.2 * 0.88)  # the last is 0.17600000000000002 to a machine
    ('2.50', '0.0028', '—', '0.176')
    """
    if price is None:
        return "—"
    text = exact(float(f"{price:.{PRICE_DIGITS}g}"))
    whole, _, cents = text.partition(".")
    return f"{whole}.{cents.ljust(2, '0')}"


def show_models(rows: Sequence[Row], on: date) -> None:
    """Print every model with its prices on a day; a narrow terminal keeps the names and the prices whole, not the days."""
    console = Console(highlight=False)
    cells = [_model_cells(row) for row in rows]
    names = [str(row["sku"]) for row in rows]
    longest = max(map(len, names))
    for kept in range(len(MODEL_HEADS), PRICES_KEPT - 1, -1):
        shown = [one[:kept] for one in cells]
        columns = Columns.of(names, MODEL_HEADS[:kept], shown, console.width, margin=NAMES_KEPT)
        if longest + sum(columns.widths) <= console.width:
            break
    console.print(f"[bold]Prices of {on}, USD for 1M tokens[/bold]")
    console.print(columns.head, style="dim", soft_wrap=True)
    for name, figures in zip(names, shown, strict=True):
        for line in columns.lines(name, figures):
            console.print(escape(line), soft_wrap=True)


def _model_cells(row: Row) -> list[str]:
    batch = row["batch_output_ratio"]
    prices = [usd(row[f"{meter}_usd_per_mtok"]) for meter in ("input", "cache_read", "output")]
    return [*prices, "" if batch is None else ratio(batch), row["checked_on"], row["valid_from"]]


def show_model(rows: Sequence[Row], on: date) -> None:
    """Print one model's prices on a day, each with its row, and those announced."""
    console = Console(highlight=False)
    table = Table(
        title=f"{escape(rows[0]['sku'])}, prices of {on}, USD for 1M tokens or one request", title_justify="left"
    )
    for heading in ("meter", "tariff", "USD", "from", "until", "then", "row"):
        table.add_column(
            heading, justify="right" if heading in ("USD", "row") else "left", no_wrap=heading not in ("tariff", "then")
        )
    for row in rows:
        then = row["next"]
        table.add_row(
            METERS[row["meter"]],
            escape(row["tariff"] + (f", {row['region']} (not used)" if row["region"] else "")),
            usd(row["usd"])
            + ("" if row["currency"] == "USD" else f"\n({row['price']:g} {escape(row['currency'])})")
            + (f"\nyours {_to_digits(row['own_usd'])}" if "own_usd" in row else ""),
            row["valid_from"],
            row["valid_to"] or "",
            "" if then is None else f"{usd(then['usd'])} from {then['valid_from']}",
            str(row["row"]),
        )
    console.print(table)
    places = rows_text(row["own_row"] for row in rows if "own_row" in row)
    if places:
        console.print(f"Yours: list prices with your contract over them, {escape(places)}", soft_wrap=True)
    for sheet in sorted({row["sheet"] for row in rows}):
        own = [row for row in rows if row["sheet"] == sheet]
        pages = ", ".join(sorted({row["source_url"] for row in own if row["source_url"]}))
        days = sorted({row["checked_on"] for row in own})
        console.print(f"{escape(sheet)}, checked {days[0]}; {escape(pages)}", style="dim", soft_wrap=True)


def _to_digits(price: float) -> str:
    """A discounted price, without the last digits that a product leaves."""
    return usd(float(f"{price:.10g}"))


def show_history(changes: Sequence[Row], declines: Sequence[Row], sku: str, today: date) -> None:
    """Print when each price of a model changed, and how fast it fell."""
    console = Console(highlight=False)
    table = Table(title=f"{escape(sku)}: every change of price", title_justify="left")
    for heading in ("day", "meter", "tariff", "was", "now", "change", "row"):
        right = heading in ("was", "now", "change", "row")
        table.add_column(heading, justify="right" if right else "left", no_wrap=heading not in ("day", "tariff"))
    for row in changes:
        day = row["on"] + (" (announced)" if row["on"] > today.isoformat() else "")
        now = "ended" if row["now"] is None else usd(row["now"])
        table.add_row(
            day,
            METERS[row["meter"]],
            escape(row["tier"]),
            usd(row["was"]),
            now,
            change_text(row["ratio"]),
            str(row["source"]["row"]),
        )
    console.print(table)
    for row in declines:
        console.print(decline_text(row))
    console.print(NO_PATH, style="dim")


NO_PATH = (
    "A scenario holds its prices for the whole answer: it has no price path yet that could take this rate over. "
    "`--json` gives it as per_year_frac."
)


def change_text(times: float | None) -> str:
    """
    A factor as a change in percent.

    Examples
    --------
    >>> change_text(1.25).replace("\\u00a0", " "), change_text(None)
    ('+25 %', '')
    """
    return "" if times is None else percent(times - 1.0, signed=True)


def decline_text(row: Row) -> str:
    """How fast one price fell, in a sentence; a rate of less than a year says that it is stretched."""
    name, rate = METERS[row["meter"]], row["per_year_frac"]
    days = (date.fromisoformat(row["last"]) - date.fromisoformat(row["first"])).days
    if row["was"] == row["now"]:
        return f"{name}: the same for {days} days"
    verb = "fell" if rate > 0 else "rose"
    short = f", stretched from {days} days" if days < SHORT_DAYS else ""
    moved = (
        f"{usd(row['was'])} to {usd(row['now'])}" if row["meter"] != "blend" else change_text(row["now"] / row["was"])
    )
    return f"{name}: {verb} by {percent(abs(rate))} a year ({moved} from {row['first']} to {row['last']}{short})"


def show_moves(rows: Sequence[Row], before: str, after: str, everything: bool = False) -> None:
    """Print which prices moved between two states of the sheets, the largest changes first."""
    console = Console(highlight=False)
    changed = sorted((row for row in rows if row["ratio"] is not None), key=_size)
    new, gone = (sum(row[name] is None for row in rows) for name in ("was", "now"))
    console.print(f"[bold]From {escape(before)} to {escape(after)}[/bold]")
    console.print(f"{len(changed)} prices changed, {new} are new, {gone} ended.")
    listed = [*changed, *(row for row in rows if row["ratio"] is None)] if everything else changed[:SHOWN_MOVES]
    if listed:
        table = Table()
        for heading in ("name", "price", "was", "now", "change"):
            right = heading in ("was", "now", "change")
            table.add_column(heading, justify="right" if right else "left", no_wrap=right, overflow="fold")
        for row in listed:
            table.add_row(
                escape(row["name"]), escape(row["what"]), usd(row["was"]), usd(row["now"]), change_text(row["ratio"])
            )
        console.print(table)
    if len(rows) > len(listed):
        console.print(f"{len(rows) - len(listed)} more with --all or --json", style="dim")


def show_repriced(name: str, before: Breakeven | None, after: Breakeven | None, faults: Sequence[Row]) -> None:
    """Print a scenario's break-even before and after."""
    console = Console(highlight=False)
    console.print(f"\n[bold]{escape(name)}[/bold]")
    for when, answer in (("before", before), ("after", after)):
        if answer is not None:
            axis = volume_axis("requests", answer.axis, answer.labels[answer.baseline])
            console.print(escape(f"{when}: {verdict(answer, axis)}"))
        for fault in faults:
            if fault["when"] == when:
                console.print(escape(f"{when}: no answer: {fault['text']}"))
    console.print(moved_text(before, after))


def moved_text(before: Breakeven | None, after: Breakeven | None) -> str:
    """What became of the lasting break-even, in a sentence."""
    if before is None or after is None:
        return "The two cannot be compared."
    was, now = before.running_cost.permanent, after.running_cost.permanent
    if was == now:
        return "The break-even is the same." if was else "There is no lasting break-even, before or after."
    if was and now:
        return f"The break-even is {ratio(now / was)} what it was ({change_text(now / was)})."
    return "There is a lasting break-even now." if now else "There is no lasting break-even any more."


def history_figure(changes: Sequence[Row], title: str, source_line: str, today: date, width_px: int = 900) -> Figure:
    """Prices of a model's standard tariff over time; ``source_line`` goes under it."""
    lines = []
    for meter in DRAWN:
        own = [row for row in changes if row["meter"] == meter and row["tier"] == "standard"]
        if own:
            lines.append(PriceLine(meter, METERS[meter], [(date.fromisoformat(row["on"]), row["now"]) for row in own]))
    return price_history_chart(lines, today, title=title, source_line=source_line, width_px=width_px)


def write_history(changes: Sequence[Row], title: str, source_line: str, today: date, path: Path) -> Path:
    """Write the chart of a model's prices, print-ready, by the file's ending: .html, .png, .svg or .pdf."""
    figure = history_figure(changes, "", source_line, today, width_px=1100)
    return export_chart(figure, path, title=title, source_line=source_line, as_of=today, scenario_hash="")


def _size(row: Row) -> tuple[float, str, str]:
    times = row["ratio"]
    return (-max(times, 1.0 / times) if times else float("-inf"), row["name"], row["what"])
