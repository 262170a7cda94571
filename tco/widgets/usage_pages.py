"""The words and tables of the usage screen as HTML. Whatever comes from a log is escaped, and shown as one short line."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape

from tco.errors import Fault
from tco.present.charts.heat import HeatWeek, heat_words
from tco.present.charts.lengths import Lengths
from tco.present.numbers import count, money, percent, ratio, tokens
from tco.usage import Bill, Reconciliation, Report, WorkloadFit
from tco.usage.looking import Look
from tco.usage.report import Problem, shown
from tco.widgets.pages import mend_words, table
from tco.widgets.usage_read import Usage
from tco.widgets.usage_take import Taken

MOST_FILES = 30
SAMPLE_WORDS = "Not your log: a week put together of Azure's published traces, with model names of our own. Drop yours at the left."


def name(text: str, most: int = 60) -> str:
    """A name from a log, for HTML."""
    return escape(shown(text, most), quote=True) or "(no name)"


def day(at: datetime) -> str:
    """A day in words, such as 28 Oct 2026."""
    return f"{at.day} {at:%b %Y}"


# the answer


def verdict_html(usage: Usage, bill: Bill, held: Reconciliation | None, faults: Iterable[Fault] = ()) -> str:
    """What the log should have cost, what is not in it, what of the invoice is unexplained; faults first."""
    wrong = faults_html(faults, " Below is what was read before.")
    badge = f'<p><span class="tco-badge">SAMPLE</span> {escape(SAMPLE_WORDS)}</p>' if usage.ask.is_sample else ""
    headline = (
        f"This log should have cost {cents(bill.total_usd)}."
        if bill.lines or bill.charges
        else "Nothing in this log has a price."
    )
    if held is not None:
        headline = f"{headline} The invoice says {cents(held.invoice_usd)}: it {_agrees(held)}."
    chips = "".join(
        f'<span class="tco-chip">{escape(what)}<b>{escape(value)}</b></span>'
        for what, value in _chips(usage, bill, held)
    )
    state = "tco-was" if wrong else "tco-is"
    return (
        f'{wrong}<div class="{state}">{badge}<p class="tco-headline">{escape(headline)}</p>'
        f'<p>{escape(_coverage(bill))}</p><div class="tco-chips">{chips}</div></div>'
    )  # fmt: skip


def cents(usd: float) -> str:
    """
    An amount as an invoice has it.

    Examples
    --------
    >>> cents(1234.5)
    '$1,234.50'
    """
    return f"{'−' if usd < 0 else ''}${abs(usd):,.2f}"


def _agrees(held: Reconciliation) -> str:
    return "agrees within 2 %" if held.verdict == "pass" else f"is {percent(held.gap_frac)} apart"


def _coverage(bill: Bill) -> str:
    counted = f"{count(bill.requests)} requests and " if bill.requests else ""
    said = f"{counted}{tokens(bill.tok)} from {day(bill.first)} to {day(bill.last)} (UTC), each at the price of its own day."
    if bill.unpriced:
        said += f" {percent(bill.unpriced_frac)} of the tokens have no price and are not in the sum."
    return said


def _chips(usage: Usage, bill: Bill, held: Reconciliation | None) -> list[tuple[str, str]]:
    fit = usage.whole.fit
    found = [("bill", cents(bill.total_usd))]
    if bill.requests:
        thousand_usd = 1000 * bill.total_usd / bill.requests
        found.append(("a thousand requests", cents(thousand_usd) if thousand_usd >= 1 else money(thousand_usd)))
    if fit is not None:
        found.append(("requests a month", count(fit.requests_per_month)))
    found.append(("tokens without a price", percent(bill.unpriced_frac)))
    if held is not None:
        found.append(("unexplained", cents(held.unexplained_usd)))
    return found


def progress_html(told: str, seconds: float, done_frac: float | None, stopping: bool) -> str:
    """The bar of a log under way; not read aloud."""
    share = f' value="{done_frac:.3f}"' if done_frac is not None else ""
    said = f"Stopping {name(told)}" if stopping else f"Reading {name(told)}: {seconds:.0f} s"
    return f'<progress class="tco-progress" max="1"{share} aria-label="Share of the reading done"></progress><p class="tco-note">{said}</p>'


def faults_html(faults: Iterable[Fault], more: str = "") -> str:
    """What to mend."""
    said = [f"<b>{name(f.where, 200)}</b> {escape(mend_words(Fault('', shown(f.found, 300), f.mend)))}" for f in faults]
    return "".join(f'<div class="tco-fault">{text}{escape(more)}</div>' for text in said)


# the week


def week_html(week: HeatWeek | None) -> str:
    """The picture in words, and its numbers as a table, folded."""
    if week is None:
        return "<p>This log counts by the day or longer: it has no hours to show.</p>"
    heads = [("", False), *((f"{hour:02d}", True) for hour in range(24))]
    body = ""
    for number, start in enumerate(range(0, 168, 24)):
        cells = "".join(
            f'<td class="num">{"" if value != value else count(float(value))}</td>'
            for value in week.by_hour[start : start + 24]
        )
        body += f'<tr><th scope="row">{("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[number]}</th>{cells}</tr>'
    numbers = table(heads, body, f"{week.what} in every hour of the week")
    return f'<details class="tco-said"><summary>{escape(heat_words(week))} As a table.</summary>{numbers}</details>'


# lengths


def lengths_of(fit: WorkloadFit) -> list[Lengths]:
    """Prompt and answer, for the chart."""
    return [Lengths("prompt", fit.input_mean_tok, fit.input_cv), Lengths("answer", fit.output_mean_tok, fit.output_cv)]


def lengths_html(fit: WorkloadFit | None, faults: Sequence[Fault]) -> str:
    """What an hourly table knows of requests: sums, and sums of squares; and what it does not."""
    if fit is None:
        return faults_html(faults)
    rows = [
        ("correlation of prompt and answer", _told(fit.length_corr)),
        ("hidden reasoning over visible answer", f"{fit.reasoning_ratio:.3g} ×"),
        ("share of prompts that a cache served", percent(fit.cached_frac)),
        ("share of requests sent as batch", percent(fit.batch_frac)),
        ("busiest minute over the mean of its hour", ratio(fit.burst_ratio) if fit.burst_ratio is not None else "not told"),
        ("growth a year", percent(fit.growth_per_year_frac, signed=True) if fit.growth_per_year_frac is not None else "not told"),
    ]  # fmt: skip
    body = "".join(f'<tr><th scope="row">{what}</th><td class="num">{escape(value)}</td></tr>' for what, value in rows)
    known = "<p>Sums by the hour know means and spreads, not quantiles: the curves are the lognormal lengths that the calculation makes of them.</p>"
    notes = "".join(f"<li>{name(note, 300)}</li>" for note in fit.notes)
    return f"{known}{table((), body, 'What else the log tells', 'tco-few')}{f'<ul>{notes}</ul>' if notes else ''}"


def _told(value: float | None) -> str:
    return "not told" if value is None else f"{value:.3g}".replace("-", "−")


# what was left out


def report_html(report: Report | None) -> str:
    """The files, and every kind of row that was left out, with its first examples and what to do."""
    if report is None:
        return "<p>Hourly tables were given: what was left out when they were made is not in them.</p>"
    files = "".join(
        f"<li>{name(file.path.name)}: {escape(file.source)}{f', {name(file.note)}' if file.note else ''}</li>"
        for file in report.files[:MOST_FILES]
    )
    more = f"<li>and {len(report.files) - MOST_FILES:,} more files</li>" if len(report.files) > MOST_FILES else ""
    said = f"<p>{report.kept:,} of {report.rows:,} rows taken, {report.requests:,} requests.</p>"
    notes = "".join(f"<li>{name(note, 400)}</li>" for note in report.notes)
    counted = f"{len(report.files):,} file{'' if len(report.files) == 1 else 's'} read"
    listed = f"<details><summary>{counted}</summary><ul>{files}{more}</ul></details>"
    return f"{said}{_left_out(report.left_out)}<ul>{notes}</ul>{listed}"


def _left_out(problems: Sequence[Problem]) -> str:
    if not problems:
        return "<p>Nothing was left out.</p>"
    body = ""
    for problem in problems:
        first = "<br>".join(name(example, 160) for example in problem.examples)
        body += (
            f'<tr><th scope="row">{escape(problem.words)}</th><td class="num">{problem.count:,}</td>'
            f"<td>{first}</td><td>{escape(problem.mend)}</td></tr>"
        )
    heads = [("left out", False), ("rows", True), ("the first of them", False), ("what to do", False)]
    return table(heads, body, "Rows that were left out", "tco-wrapped")


def left_count(report: Report | None) -> int:
    """How many rows were left out."""
    return sum(problem.count for problem in report.left_out) if report is not None else 0


# columns of a file that nobody knows


def look_html(seen: Look) -> str:
    """A file's first rows, so that a person can tell which column is what."""
    heads = [(shown(column, 40), False) for column in seen.columns]
    rows = ["".join(f"<td>{name(cell, 40) if cell else ''}</td>" for cell in row) for row in seen.rows]
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    return (
        f'<p class="tco-headline">{name(seen.path.name)}: which column is what?</p>'
        f"<p>No format that is known. These are its first rows; say below which columns hold what, then read it.</p>"
        f"{table(heads, body, 'The first rows')}"
    )


# a scenario


def taken_html(taken: Taken, where: str) -> str:
    """What a scenario takes over, old and new, and the answer before and after."""
    body = ""
    for change in taken.changes:
        cells = "".join(f'<td class="num">{escape(value)}</td>' for value in (change.was, change.now))
        body += f'<tr><th scope="row" title="{escape(change.path, quote=True)}">{escape(change.what)}</th>{cells}</tr>'
    heads = [("workload", False), ("now", True), ("from the log", True)]
    answers = f'<p><b>With it:</b> {escape(taken.after)}</p><p class="tco-note">Before: {escape(taken.before)}</p>'
    return f"<p>{where}</p>{answers}{table(heads, body, 'What the scenario takes over', 'tco-few')}"
