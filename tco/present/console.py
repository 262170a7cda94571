"""Answers in a terminal: the verdict first, then tables that can be read aloud."""

from collections.abc import Iterable

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tco.case import Case
from tco.present.axis import AxisName, volume_axis
from tco.present.lines import line_label
from tco.present.numbers import count, money, percent
from tco.present.provenance import SourceRow, source_line, source_rows
from tco.present.terms import GLOSSARY
from tco.present.verdict import cheapest_text, needs_text, position, verdict
from tco.solve.breakeven import Breakeven
from tco.solve.compare import Comparison
from tco.solve.warn import Caution
from tco.units import UNITS

SHOWN_WARNINGS = 3


def show_breakeven(answer: Breakeven, case: Case, axis_name: AxisName) -> None:
    """Print a break-even: verdict, the user's volume, what would have to change, intervals, warnings, sources."""
    console = Console(highlight=False)
    axis = volume_axis(axis_name, answer.axis, answer.labels[answer.baseline])
    console.print(f"[bold]{escape(verdict(answer, axis))}[/bold]")
    console.print(escape(position(answer, axis)))
    for sentence in filter(None, (cheapest_text(answer), needs_text(answer))):
        console.print(escape(sentence))
    grades = ", ".join(f"{part} {grade}" for part, grade in answer.grades.items() if part != "answer")
    console.print(f"Grade: [bold]{answer.grade}[/bold] ({grades})\n", style="dim")
    table = Table(title=f"Cheapest at running cost, by volume ({axis.label})", title_justify="left")
    for heading in ("from", "to", "option"):
        table.add_column(heading, justify="left" if heading == "option" else "right")
    for start, stop, name in answer.envelope[:12]:
        table.add_row(axis.short(start), axis.short(stop) if stop is not None else "—", escape(answer.labels[name]))
    console.print(table)
    if len(answer.envelope) > 12:
        console.print(f"… and {len(answer.envelope) - 12} more, in --json", style="dim")
    _warnings(console, answer.warnings)
    _sources(console, case)


def show_comparison(answer: Comparison, case: Case) -> None:
    """Print every option's month, line by line, and the savings bridge."""
    console = Console(highlight=False)
    console.print(f"[bold]{count(answer.requests_per_month)} requests a month[/bold], USD a month at running cost")
    table = Table()
    table.add_column("line")
    for option in answer.options:
        table.add_column(f"{escape(option.label)}\n[dim]{option.id}[/dim]", justify="right")
    names = list(dict.fromkeys(name for option in answer.options for name in option.lines_usd))
    weight = {name: max(abs(option.lines_usd.get(name, 0.0)) for option in answer.options) for name in names}
    for name in sorted((n for n in names if weight[n] > 0), key=lambda n: -weight[n]):
        cells = [option.lines_usd.get(name) for option in answer.options]
        table.add_row(line_label(name), *("" if not cell else f"{cell:,.2f}" for cell in cells))
    table.add_section()
    table.add_row("total", *(f"[bold]{o.usd_per_month:,.2f}[/bold]" for o in answer.options))
    table.add_row("with the build", *(f"{o.with_build_usd:,.2f}" for o in answer.options))
    table.add_row(
        "per million tokens", *("" if o.usd_per_mtok is None else f"{o.usd_per_mtok:,.3f}" for o in answer.options)
    )
    table.add_row("replicas", *("" if o.replicas_peak is None else f"{o.replicas_peak:g}" for o in answer.options))
    table.add_row("load", *("" if o.load_frac is None else percent(o.load_frac) for o in answer.options))
    table.add_row("grade", *(o.grade for o in answer.options))
    console.print(table)
    words = {"model": "the model", "hosting": "hosting it yourself", "both": "model and hosting together"}
    for step in answer.bridge:
        if step.effect == "start":
            console.print(f"{escape(step.label)}: {money(step.usd_per_month)}")
        else:
            verb = "saves" if step.saving_usd >= 0 else "costs"
            more = "" if step.saving_usd >= 0 else " more"
            console.print(
                f"  → {escape(step.label)}: {money(step.usd_per_month)} ({words[step.effect]} {verb} {money(abs(step.saving_usd))}{more})"
            )
    _warnings(console, answer.warnings)
    _sources(console, case)


def show_terms(word: str | None) -> int:
    """Print the glossary and the units, or those that contain a word."""
    console = Console(highlight=False)
    wanted = (word or "").lower()
    for title, entries in (
        ("Words", GLOSSARY),
        (
            "Units a name may end with",
            {f"_{name}": f"{unit.symbol}: {unit.meaning}".lstrip(": ") for name, unit in UNITS.items()},
        ),
    ):
        table = Table(title=title, title_justify="left", show_header=False)
        for term, meaning in entries.items():
            if wanted in term.lower() or wanted in meaning.lower():
                table.add_row(f"[bold]{escape(term)}[/bold]", escape(meaning))
        if table.row_count:
            console.print(table)
    return 0


def _warnings(console: Console, warnings: Iterable[Caution]) -> None:
    found = list(warnings)
    for warning in found[:SHOWN_WARNINGS]:
        console.print(f"[yellow]![/yellow] {escape(warning.message)} [dim]{warning.code}[/dim]")
    if len(found) > SHOWN_WARNINGS:
        console.print(
            f"  and {len(found) - SHOWN_WARNINGS} more: {', '.join(w.code for w in found[SHOWN_WARNINGS:])} (all in --json)",
            style="dim",
        )


def _sources(console: Console, case: Case) -> None:
    """Which file each group of numbers comes from; every number by itself is in ``--json``."""
    files: dict[str, list[SourceRow]] = {}
    for row in source_rows(case):
        files.setdefault(row.where.partition(":")[0], []).append(row)
    console.print(f"\n{source_line(case)}. Numbers from:", style="dim")
    for where, rows in sorted(files.items(), key=lambda item: item[0]):
        lines = sorted({int(line) for row in rows if (line := row.where.partition(":")[2])})
        days = sorted({row.checked for row in rows if row.checked})
        grades = ", ".join(sorted({row.grade for row in rows}))
        where_in = f" rows {', '.join(map(str, lines[:8]))}{' …' if len(lines) > 8 else ''}" if lines else ""
        checked = f", checked {days[0]}" if days else ""
        console.print(f"  {escape(where)}{where_in}: {len(rows)} numbers{checked}, {grades}", style="dim")
