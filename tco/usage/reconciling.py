"""The bill beside the invoice: close enough, or what is unexplained, and where to look for it. MODEL §1.5."""

from dataclasses import dataclass
from typing import Literal

from tco.errors import Fault, TcoError
from tco.usage.lines import Bill

PASS_FRAC = 0.02
"""So far from the invoice a bill still agrees with it."""
WARN_FRAC = 0.10
"""Further than this it does not agree at all."""
CODE = "W-RECON"
TAX_FROM_FRAC, TAX_TO_FRAC = 0.05, 0.27
"""The range of sales taxes: an invoice above the bill by so much may have one on it."""
SMALL_FRAC = 1e-9

Verdict = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class Reconciliation:
    """A bill and an invoice."""

    invoice_usd: float
    priced_usd: float
    verdict: Verdict
    hints: tuple[str, ...]

    @property
    def unexplained_usd(self) -> float:
        """What the invoice has beyond the bill; negative when the bill has more. It is a line of its own, never a factor."""
        return self.invoice_usd - self.priced_usd

    @property
    def gap_frac(self) -> float:
        """The unexplained over the invoice, without its sign."""
        return abs(self.unexplained_usd) / self.invoice_usd


def reconcile(bill: Bill, invoice_usd: float) -> Reconciliation:
    """
    Hold a bill against an invoice's total: up to 2 % passes, up to 10 % warns, more fails.

    Raises
    ------
    TcoError
        When the invoice is not above 0.
    """
    if not invoice_usd > 0 or invoice_usd == float("inf"):
        raise TcoError(Fault("the invoice", f"{invoice_usd:g}", "write its total in USD, above 0"))
    gap = abs(invoice_usd - bill.total_usd) / invoice_usd
    verdict: Verdict = "pass" if gap <= PASS_FRAC + SMALL_FRAC else "warn" if gap <= WARN_FRAC + SMALL_FRAC else "fail"
    hints = () if verdict == "pass" else tuple(_hints(bill, invoice_usd))
    return Reconciliation(invoice_usd, bill.total_usd, verdict, hints)


def _hints(bill: Bill, invoice_usd: float) -> list[str]:
    """Where to look, what the log itself shows first."""
    above = bill.total_usd > invoice_usd
    found = []
    meters, tiers = {line.meter for line in bill.lines if line.usd}, {line.service_tier for line in bill.lines}
    if bill.unpriced:
        share = f"{100 * bill.unpriced_frac:.3g} %"
        found.append(f"unpriced: {share} of the tokens have no price here and are not in the bill")
    if bill.pending:
        found.append(f"contracts: {len(bill.pending)} of their terms, such as an annual true-up, are not in the bill")
    if above and "cache_read" not in meters:
        found.append("cached tokens: the log tells of none, so that every prompt is charged as new")
    if above and "batch" not in tiers:
        found.append("batch: the log tells of none; a batch costs about half")
    if above:
        found.append("credits, discounts and committed spend: your own prices go in contracts.csv")
    if not above:
        excess = invoice_usd / bill.total_usd - 1 if bill.total_usd else float("inf")
        found.append("tiers: priority service and long prompts cost more, where the log does not tell of them")
        found.append("other meters: tools, search, storage of caches, images, fine-tuning are no tokens of this log")
        if TAX_FROM_FRAC <= excess <= TAX_TO_FRAC:
            found.append(f"tax: the invoice is {100 * excess:.1f} % above the bill, which a sales tax could be")
    found.append("days: an invoice closes at its own midnight; this bill's months are in UTC")
    return found
