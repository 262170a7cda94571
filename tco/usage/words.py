"""What an import, a bill, an invoice and a workload say, line by line; whatever comes from a log is made harmless to a terminal."""

from collections.abc import Iterable, Iterator, Sequence

from tco.usage.commitments import Charge, ChargeKind, Pending
from tco.usage.fitting import WorkloadFit
from tco.usage.lines import Bill, Unpriced
from tco.usage.reconciling import CODE, Reconciliation
from tco.usage.report import Report, shown

MOST_ROWS = 20
"""So many rows of a list are shown; the rest is counted."""
CHARGES: dict[ChargeKind, str] = {
    "provisioned": "provisioned units",
    "minimum": "to the minimum",
    "shortfall": "shortfall, monthly",
    "true_up": "annual true-up",
}
VERDICTS = {
    "pass": "agrees within 2 %",
    "warn": f"{CODE}: more than 2 % apart",
    "fail": f"{CODE}: more than 10 % apart",
}


def report_lines(report: Report) -> Iterator[str]:
    """What was read, what was left out and why, what was assumed."""
    formats = ", ".join(dict.fromkeys(file.source for file in report.files))
    files = f"{len(report.files):,} {'file' if len(report.files) == 1 else 'files'} ({formats})"
    yield f"{files}: {report.kept:,} of {report.rows:,} rows taken, {report.requests:,} requests"
    if report.first is not None and report.last is not None:
        yield f"from {report.first:%Y-%m-%d %H:00} to {report.last:%Y-%m-%d %H:59} UTC"
    for file in report.files:
        if file.note:
            yield f"  {shown(file.path.name)}: {file.note}"
    for problem in report.left_out:
        yield f"  left out {problem.count:,}: {problem.words}; {problem.mend}"
        yield from (f"      {example}" for example in problem.examples)
    yield from (f"  note: {note}" for note in report.notes)


def bill_lines(bill: Bill) -> Iterator[str]:
    """The bill by month, model and tier; what has no price; what the log itself claims."""
    by: dict[tuple[str, str, str], dict[str, float]] = {}
    for line in bill.lines:
        meters = by.setdefault((line.month, shown(line.model, 40), shown(line.service_tier, 20)), {})
        meters[line.meter] = meters.get(line.meter, 0.0) + line.usd
    head = ("month", "model", "tier", "input", "cached", "written", "output", "requests", "USD")
    rows = [(*key, *(f"{usd:,.2f}" for usd in _columns(meters))) for key, meters in sorted(by.items())]
    yield from _lined_up([head, *rows])
    yield ""
    if bill.charges:
        titles = ("month", "by contract", "of", "agreed", "used", "USD")
        yield from _lined_up([titles, *(_charge(one) for one in bill.charges)])
        yield ""
    yield f"{bill.total_usd:,.2f} USD for {bill.tok:,.0f} tokens, {bill.first:%Y-%m-%d} to {bill.last:%Y-%m-%d} (UTC)"
    for name in bill.names:
        if name.sku and name.sku.split("/", 1)[1] != name.model:
            yield f"  {shown(name.model)} is priced as {name.sku}"
    if bill.unpriced:
        yield f"without a price, and not in the sum: {100 * bill.unpriced_frac:.3g} % of the tokens"
        yield from (_unpriced(item) for item in bill.unpriced[:MOST_ROWS])
        if len(bill.unpriced) > MOST_ROWS:
            yield f"  and {len(bill.unpriced) - MOST_ROWS:,} more; --csv FILE writes all"
    for one in bill.pending:
        yield f"not in the sum: {pending_words(one)}"
    if bill.claim is not None:
        claim = bill.claim
        here = f"which come to {claim.priced_usd:,.2f} here"
        yield f"the log's own claim: {claim.usd:,.2f} USD for {claim.requests:,.0f} requests, {here}"
    yield from (f"  note: {note}" for note in bill.notes)


def _charge(one: Charge) -> tuple[str, ...]:
    sums = ("" if usd is None else f"{usd:,.2f}" for usd in (one.agreed_usd, one.used_usd, one.usd))
    return (one.month, CHARGES[one.kind], shown(one.sku, 40), *sums)


def pending_words(one: Pending) -> str:
    """A term that a bill cannot charge, and how far it is."""
    agreed = "" if one.agreed_usd is None else f", {one.agreed_usd:,.2f} USD"
    used = "" if one.used_usd is None else f", {one.used_usd:,.2f} used as far as the log tells"
    return f"{CHARGES[one.kind]} of {shown(f'{one.provider}/{one.model}', 40)}{agreed}{used}; {shown(one.why, 160)}"


def _unpriced(item: Unpriced) -> str:
    what = f"{item.meter}: {item.quantity:,.0f} tokens, {100 * item.share_frac:.3g} %"
    return f"  {item.month}  {shown(item.model, 40) or '(no name)'}  {what}; {shown(item.why, 160)}; {shown(item.mend, 200)}"


def _lined_up(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Columns of one width, names left and figures right."""
    table = [list(row) for row in rows]
    widths = [max(len(row[n]) for row in table) for n in range(len(table[0]))]
    for row in table:
        cells = [cell.ljust(w) if n < 3 else cell.rjust(w) for n, (cell, w) in enumerate(zip(row, widths, strict=True))]
        yield ("  " + "  ".join(cells)).rstrip()


def _columns(meters: dict[str, float]) -> tuple[float, ...]:
    written = meters.get("cache_write_5m", 0.0) + meters.get("cache_write_1h", 0.0)
    output = meters.get("output", 0.0) + meters.get("reasoning", 0.0)
    found = [meters.get(name, 0.0) for name in ("input", "cache_read", "request")]
    return found[0], found[1], written, output, found[2], sum(meters.values())


def invoice_lines(held: Reconciliation) -> Iterator[str]:
    """Invoice, bill, and the unexplained between them, with where to look."""
    yield ""
    yield f"invoice     {held.invoice_usd:>16,.2f} USD"
    yield f"bill        {held.priced_usd:>16,.2f} USD"
    gap = f"{100 * held.gap_frac:.2f} % of the invoice"
    yield f"unexplained {held.unexplained_usd:>16,.2f} USD, {gap}: {VERDICTS[held.verdict]}"
    yield from (f"  look at {hint}" for hint in held.hints)


def workload_lines(found: WorkloadFit) -> Iterator[str]:
    """The workload, and what the log could not tell of it."""
    busiest = max(found.shape_hours) if found.shape_hours else None
    growth = None if found.growth_per_year_frac is None else 100 * found.growth_per_year_frac
    spread = f"spread {_told(found.output_cv)}, correlation {_told(found.length_corr)}"
    for name, value, more in (
        ("requests a month", f"{found.requests_per_month:,.0f}", f"{found.requests:,.0f} in {found.hours:,.1f} hours"),
        ("prompt", f"{found.input_mean_tok:,.1f} tok", f"spread {_told(found.input_cv)}"),
        ("answer", f"{found.output_mean_tok:,.1f} tok", spread),
        ("hidden reasoning", f"{found.reasoning_ratio:.3f} × answer", ""),
        ("cached share of prompts", f"{100 * found.cached_frac:.2f} %", ""),
        ("batch share", f"{100 * found.batch_frac:.2f} %", ""),
        ("busiest hour over mean", _told(busiest), ""),
        ("burst within the hour", _told(found.burst_ratio), ""),
        ("growth a year", _told(growth, "{:+.1f} %"), ""),
    ):
        yield f"  {name:<26}{value:>18}  {more}".rstrip()
    yield f"  of {', '.join(shown(model, 40) or '(no name)' for model in found.models)}"
    yield from (f"  note: {note}" for note in found.notes)


def _told(value: float | None, form: str = "{:.3f}") -> str:
    return "not told" if value is None else form.format(value)
