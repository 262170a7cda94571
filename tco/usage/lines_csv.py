"""A bill's lines as a CSV for a spreadsheet: names that come from a log are written so that none is taken for a formula."""

import csv
from collections.abc import Iterator
from io import StringIO

from tco.catalog.cells import harmless
from tco.usage.lines import Bill
from tco.usage.report import shown

HEADER = ("month", "model", "sku", "service_tier", "meter", "quantity", "usd", "why_unpriced", "contract")


def bill_csv(bill: Bill, contracts: bool = False) -> str:
    """Every line with its USD, then what has no price with the reason in place of it; terms of contracts only when asked for."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for row in _rows(bill if contracts else bill.published()):
        writer.writerow([harmless(_printable(cell)) if isinstance(cell, str) else cell for cell in row])
    return text.getvalue()


def _printable(cell: str) -> str:
    return cell if cell.isprintable() else shown(cell, 1_000)


def _rows(bill: Bill) -> Iterator[tuple[str | float, ...]]:
    """Lines, charges of contracts, what has no price, and terms that are not in the sum."""
    for line in bill.lines:
        yield line.month, line.model, line.sku, line.service_tier, line.meter, line.quantity, line.usd, "", ""
    for one in bill.charges:
        yield one.month, "", one.sku, "", one.kind, "", one.usd, "", one.where
    for item in bill.unpriced:
        yield item.month, item.model, "", item.service_tier, item.meter, item.quantity, "", item.why, ""
    for term in bill.pending:
        yield "", "", f"{term.provider}/{term.model}", "", term.kind, "", "", term.why, term.where
