"""The bill as HTML: by month and model, what has no price, and the invoice with what it leaves unexplained."""

from collections.abc import Iterable, Sequence
from html import escape

from tco.present.numbers import count, percent, tokens
from tco.usage import Bill, Reconciliation
from tco.usage.commitments import Charge
from tco.usage.lines import BillLine, Unpriced
from tco.usage.words import CHARGES, VERDICTS, pending_words
from tco.widgets.pages import table
from tco.widgets.usage_pages import cents, name

METERS = (
    ("input", ("input",)), ("cached", ("cache_read",)), ("cache written", ("cache_write_5m", "cache_write_1h")),
    ("output", ("output", "reasoning")), ("requests", ("request",)),
)  # fmt: skip
"""Columns of the bill, and the meters each adds up."""
MOST_UNPRICED = 30


def bill_html(bill: Bill, held: Reconciliation | None) -> str:
    """Invoice and unexplained first where one was typed; then month by month and model by model; then what has no price."""
    columns = [column for column in METERS if any(line.usd and line.meter in column[1] for line in bill.lines)]
    heads = [("month and model", False), ("tier", False), *((title, True) for title, _ in columns), ("USD", True)]
    body = ""
    for month, usd in sorted(bill.of_months().items()):
        lines = [line for line in bill.lines if line.month == month]
        body += f'<tr class="tco-group"><th scope="row">{month}</th><td></td>{_amounts(lines, columns)}<td class="num">{usd:,.2f}</td></tr>'
        body += "".join(_model_row(lines, key, columns) for key in _keys(lines))
        body += "".join(_charge_row(one, len(columns)) for one in bill.charges if one.month == month)
    total = f'{_amounts(bill.lines, columns)}<td class="num">{bill.total_usd:,.2f}</td>'
    body += f'<tr class="tco-total"><th scope="row">the bill</th><td></td>{total}</tr>'
    if bill.unpriced:
        quantity = sum(item.quantity for item in bill.unpriced)
        said = f"{tokens(quantity)}, {percent(bill.unpriced_frac)} of all: not in the sum"
        body += f'<tr><th scope="row"><span class="tco-badge">NO PRICE</span></th><td colspan="{len(columns) + 2}">{escape(said)}</td></tr>'
    made = table(heads, body, "The bill by month and model")
    return f"{_invoice(held)}{made}{unpriced_html(bill.unpriced)}{_notes(bill)}"


def _keys(lines: Sequence[BillLine]) -> list[tuple[str, str, str]]:
    sums: dict[tuple[str, str, str], float] = {}
    for line in lines:
        key = (line.model, line.sku, line.service_tier)
        sums[key] = sums.get(key, 0.0) + line.usd
    return sorted(sums, key=lambda key: -sums[key])


def _model_row(
    lines: Sequence[BillLine], key: tuple[str, str, str], columns: Sequence[tuple[str, Sequence[str]]]
) -> str:
    mine = [line for line in lines if (line.model, line.sku, line.service_tier) == key]
    model, sku, tier = key
    as_sku = f' <span class="tco-code">as {escape(sku)}</span>' if sku != model else ""
    usd = sum(line.usd for line in mine)
    return f'<tr><th scope="row">{name(model)}{as_sku}</th><td>{name(tier, 20)}</td>{_amounts(mine, columns)}<td class="num">{usd:,.2f}</td></tr>'


def _charge_row(one: Charge, columns: int) -> str:
    agreed = "" if one.agreed_usd is None else f"{one.agreed_usd:,.2f} agreed"
    used = "" if one.used_usd is None else f", {one.used_usd:,.2f} used"
    said = (
        f'<td>{name(one.sku)}</td><td colspan="{columns}">{agreed}{used}</td>'
        if columns
        else f"<td>{name(one.sku)}</td>"
    )
    return f'<tr><th scope="row">{CHARGES[one.kind]}</th>{said}<td class="num">{one.usd:,.2f}</td></tr>'


def _amounts(lines: Iterable[BillLine], columns: Sequence[tuple[str, Sequence[str]]]) -> str:
    found, cells = list(lines), ""
    for _, meters in columns:
        mine = [line for line in found if line.meter in meters]
        usd, quantity = sum(line.usd for line in mine), sum(line.quantity for line in mine)
        cells += f'<td class="num" title="{quantity:,.0f}">{usd:,.2f}</td>' if mine else '<td class="num"></td>'
    return cells


def _invoice(held: Reconciliation | None) -> str:
    if held is None:
        return ""
    verdict = VERDICTS[held.verdict]
    rows = (
        ("invoice", cents(held.invoice_usd), ""),
        ("the bill", cents(held.priced_usd), ""),
        ("unexplained", cents(held.unexplained_usd), f"{percent(held.gap_frac)} of the invoice: {verdict}"),
    )
    body = ""
    for what, usd, said in rows:
        style = ' class="tco-total"' if what == "unexplained" else ""
        body += f'<tr{style}><th scope="row">{what}</th><td class="num">{usd}</td><td>{escape(said)}</td></tr>'
    hints = "".join(f"<li>{escape(hint)}</li>" for hint in held.hints)
    count_words = f"{len(held.hints)} place{'' if len(held.hints) == 1 else 's'} to look for it"
    folded = f'<details><summary>{count_words}</summary><ul class="tco-warnings">{hints}</ul></details>'
    look_at = folded if hints else ""
    return f"{table((), body, 'Invoice and bill', 'tco-invoice')}{look_at}"


def unpriced_html(items: Sequence[Unpriced]) -> str:
    """What has no price: model by model, its meters and tokens, why, and what would mend it."""
    if not items:
        return ""
    by: dict[tuple[str, str, str, str], list[Unpriced]] = {}
    for item in items:
        by.setdefault((item.model, item.service_tier, item.why, item.mend), []).append(item)
    body = ""
    for (model, tier, why, mend), mine in list(by.items())[:MOST_UNPRICED]:
        meters = ", ".join(dict.fromkeys(item.meter for item in mine))
        quantity, share = sum(item.quantity for item in mine), sum(item.share_frac for item in mine)
        body += (
            f'<tr><th scope="row">{name(model)}</th><td>{name(tier, 20)}</td><td>{escape(meters)}</td>'
            f'<td class="num">{escape(count(quantity))}</td><td class="num">{escape(percent(share))}</td>'
            f"<td>{name(why, 160)}; {name(mend, 240)}</td></tr>"
        )  # fmt: skip
    left = len(by) - MOST_UNPRICED
    more = f"<p>and {left:,} more: the CSV has all.</p>" if left > 0 else ""
    heads = [
        ("without a price", False),
        ("tier", False),
        ("meters", False),
        ("tokens", True),
        ("share", True),
        ("why, and what would mend it", False),
    ]
    return table(heads, body, "What has no price") + more


def _notes(bill: Bill) -> str:
    notes = [*(f"not in the sum: {pending_words(one)}" for one in bill.pending), *bill.notes]
    if bill.claim is not None:
        claim = bill.claim
        notes.insert(
            0,
            f"the log's own claim: {cents(claim.usd)} for {count(claim.requests)} requests, which come to {cents(claim.priced_usd)} here",
        )
    return f"<ul>{''.join(f'<li>{name(note, 300)}</li>' for note in notes)}</ul>" if notes else ""
