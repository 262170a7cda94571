"""Answers in a terminal: the verdict first, then tables that can be read aloud."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tco.case import Case
from tco.present.axis import AxisName, volume_axis
from tco.present.fleet import worth_text
from tco.present.lines import line_label
from tco.present.numbers import count, money, percent
from tco.present.provenance import SourceRow, contract_places, not_as_saved, source_line, source_rows
from tco.present.service import HOW, doubt_badge, doubt_text
from tco.present.terms import GLOSSARY
from tco.present.verdict import cheapest_text, needs_text, position, verdict
from tco.solve.breakeven import Breakeven
from tco.solve.capacity import Served, capacity_of, served
from tco.solve.compare import Comparison, OptionCost
from tco.solve.doubt import doubt
from tco.solve.warn import Caution
from tco.units import UNITS

SHOWN_WARNINGS = 3
LINE_WIDTH, OPTION_WIDTH = 27, 17
"""Columns of a terminal that a line's name and an option take."""


def show_breakeven(answer: Breakeven, case: Case, axis_name: AxisName) -> None:
    """Print a break-even: verdict, the user's volume, what would have to change, intervals, warnings, sources."""
    console = Console(highlight=False)
    axis = volume_axis(axis_name, answer.axis, answer.labels[answer.baseline])
    _aloud(console, case)
    console.print(f"[bold]{escape(verdict(answer, axis))}[/bold]")
    console.print(escape(position(answer, axis)))
    for sentence in filter(None, (cheapest_text(answer), needs_text(answer))):
        console.print(escape(sentence))
    unsure = doubt_text(case, answer.challenger, doubt(case, answer.baseline, answer.challenger), axis)
    if unsure:
        console.print(f"[bold]{doubt_badge(case.evidence.get(answer.challenger))}[/bold] {escape(unsure)}")
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
    """Print every option's month, line by line, what it serves, and the savings bridge."""
    console = Console(highlight=False)
    _aloud(console, case)
    console.print(f"[bold]{count(answer.requests_per_month)} requests a month[/bold], USD a month at running cost")
    fit = max(2, (console.width - LINE_WIDTH) // OPTION_WIDTH)
    tables = -(-len(answer.options) // fit)
    size = -(-len(answer.options) // tables)
    for first in range(0, len(answer.options), size):
        console.print(_month(answer, answer.options[first : first + size]))
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
    _service(console, case)
    _fleets(console, case)
    _warnings(console, answer.warnings)
    _sources(console, case)


def _aloud(console: Console, case: Case) -> None:
    """Before any number: that a saved scenario is not what it was."""
    said = not_as_saved(case)
    if said:
        console.print(f"[bold yellow]![/bold yellow] [bold]{escape(said)}[/bold]")


def _month(answer: Comparison, options: Sequence[OptionCost]) -> Table:
    """Some options' months side by side, the weightiest lines of all options first."""
    table = Table()
    table.add_column("line", width=LINE_WIDTH - 4)
    for option in options:
        table.add_column(f"{escape(option.label)}\n[dim]{option.id}[/dim]", justify="right", width=OPTION_WIDTH - 3)
    names = list(dict.fromkeys(name for option in answer.options for name in option.lines_usd))
    weight = {name: max(abs(option.lines_usd.get(name, 0.0)) for option in answer.options) for name in names}
    for name in sorted((n for n in names if weight[n] > 0), key=lambda n: -weight[n]):
        cells = [option.lines_usd.get(name) for option in options]
        if any(cells):
            table.add_row(line_label(name), *("" if not cell else _dollars(cell) for cell in cells))
    table.add_section()
    table.add_row("total", *(f"[bold]{_dollars(o.usd_per_month)}[/bold]" for o in options))
    table.add_row("with the build", *(_dollars(o.with_build_usd) for o in options))
    table.add_row("per million tokens", *("" if o.usd_per_mtok is None else f"{o.usd_per_mtok:,.3f}" for o in options))
    if any(o.replicas_peak is not None for o in options):
        table.add_row(
            "replicas at the peak", *("" if o.replicas_peak is None else f"{o.replicas_peak:g}" for o in options)
        )
        table.add_row("load", *("" if o.load_frac is None else percent(o.load_frac) for o in options))
    table.add_row("grade", *(o.grade for o in options))
    return table


def _dollars(usd: float) -> str:
    """Whole dollars, cents only where they are all there is; every digit is in ``--json``."""
    return f"{usd:,.0f}" if abs(usd) >= 100 else f"{usd:,.2f}"


def _service(console: Console, case: Case) -> None:
    """Time to first token and per output token of each option, beside the limits."""
    found = served(case)
    limits = found[0]
    title = (
        f"Service: at most {limits.ttft_limit_ms:g} ms to the first token (TTFT) and {limits.tpot_limit_ms:g} ms for each further one "
        f"(TPOT) at p{limits.percentile:g}"
    )
    table = Table(title=title, title_justify="left")
    for heading in ("option", "TTFT, ms", "TPOT, ms", "known from"):
        table.add_column(heading, justify="right" if "ms" in heading else "left")
    for row in found:
        table.add_row(escape(row.label), _times(row, "ttft_ms"), _times(row, "tpot_ms"), HOW[row.how])
    console.print(table)


def _times(row: Served, name: str) -> str:
    quiet, busy = (getattr(hour, name) for hour in (row.mean_hour, row.busiest_minute))
    if quiet is None or busy is None:
        return "—"
    low, high = (f"{ms:,.0f}" if ms >= 100 else f"{ms:.3g}" for ms in (quiet, busy))
    return low if low == high else f"{low} to {high}"


def _fleets(console: Console, case: Case) -> None:
    """Replicas, what a GPU-hour comes to, and the energy of a request, of each option on own GPUs."""
    plans = [plan for name in case.numbers.options if (plan := capacity_of(case, name)) is not None]
    if not plans:
        return
    table = Table(title="Own GPUs", title_justify="left")
    for heading in ("option", "replicas", "GPU-hours", "USD/GPU-h", "kWh", "J/request", "g CO₂"):
        table.add_column(heading, justify="left" if heading == "option" else "right")
    for plan in plans:
        low, high = f"{plan.replicas_low:g}", f"{plan.replicas_peak:g}"
        energy = plan.energy
        table.add_row(
            escape(plan.label),
            high if low == high else f"{low} to {high}",
            count(plan.gpu_hours_per_month),
            "" if plan.usd_per_gpu_hour is None else f"{plan.usd_per_gpu_hour:.2f}",
            "" if energy is None else count(energy.kwh_per_month),
            "" if energy is None or energy.joules_per_request is None else count(energy.joules_per_request),
            "" if energy is None or energy.kg_per_request is None else f"{energy.kg_per_request * 1000:.3g}",
        )
    console.print(table)
    for plan in plans:
        above = plan.facts.get("worth_owning_above_frac")
        if above is not None:
            rent, price = plan.facts["rent_usd_per_gpu_hour"], plan.facts["hardware_usd"]
            console.print(
                escape(
                    f"{plan.label}: {plan.facts['servers']:g} servers for {money(price)}; in today's money {money(plan.facts['present_value_usd'])} "
                    f"over their life, against {money(plan.facts['rent_present_value_usd'])} of rent at ${rent:.2f} a GPU-hour, add-ons in. "
                    f"With the hands it needs, owning is worth it {worth_text(above)}."
                )
            )


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
        if row.contract:
            files.setdefault(row.contract.partition(":")[0], []).append(replace(row, where=row.contract, checked=""))
    console.print(f"\n{source_line(case)}. Numbers from:", style="dim")
    for where, rows in sorted(files.items(), key=lambda item: item[0]):
        lines = sorted({int(line) for row in rows if (line := row.where.partition(":")[2])})
        days = sorted({row.checked for row in rows if row.checked})
        grades = ", ".join(sorted({row.grade for row in rows}))
        where_in = f" rows {', '.join(map(str, lines[:8]))}{' …' if len(lines) > 8 else ''}" if lines else ""
        checked = f", checked {days[0]}" if days else ""
        console.print(f"  {escape(where)}{where_in}: {len(rows)} numbers{checked}, {grades}", style="dim")
    own = contract_places(case)
    if own:
        console.print(f"Your contract lies over the list prices: {escape(own)}")
