"""A bill's lines as a CSV for a spreadsheet: names that come from a log are written so that none is taken for a formula."""

import csv
from io import StringIO

from tco.catalog.cells import harmless
from tco.usage.billing import Bill

HEADER = ("month", "model", "sku", "service_tier", "meter", "quantity", "usd", "why_unpriced")


def bill_csv(bill: Bill) -> str:
    """Every line with its USD, then what has no price with the reason in place of it."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for line in bill.lines:
        names = (line.month, harmless(line.model), line.sku, harmless(line.service_tier), line.meter)
        writer.writerow([*names, line.quantity, line.usd, ""])
    for item in bill.unpriced:
        names = (item.month, harmless(item.model), "", harmless(item.service_tier), item.meter)
        writer.writerow([*names, item.quantity, "", harmless(item.why)])
    return text.getvalue()
