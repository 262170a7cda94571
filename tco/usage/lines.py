"""What a bill is made of: lines of tokens, charges of contracts, what has no price, and what the log itself claims."""

from dataclasses import dataclass, replace
from datetime import datetime

from tco.usage.commitments import Charge, Pending, published, published_pending


@dataclass(frozen=True)
class BillLine:
    """One meter of one model in one month."""

    month: str
    """As ``2026-10``, in UTC."""
    model: str
    """As the log names it."""
    sku: str
    service_tier: str
    meter: str
    quantity: float
    """Tokens, or requests of the meter ``request``."""
    usd: float


@dataclass(frozen=True)
class Unpriced:
    """Usage without a price."""

    month: str
    model: str
    meter: str
    service_tier: str
    quantity: float
    share_frac: float
    """Of all tokens of the bill's months."""
    why: str
    mend: str


@dataclass(frozen=True)
class Named:
    """A model as the log names it, and what it was taken for."""

    provider: str
    model: str
    sku: str | None
    requests: float
    tok: float


@dataclass(frozen=True)
class Claim:
    """What the log itself says that some of the requests cost."""

    usd: float
    priced_usd: float
    """What the same rows come to here, those of them that have a price."""
    requests: float


@dataclass(frozen=True)
class Bill:
    """A log's bill."""

    lines: tuple[BillLine, ...]
    unpriced: tuple[Unpriced, ...]
    names: tuple[Named, ...]
    first: datetime
    last: datetime
    """First and last hour, in UTC."""
    tok: float
    requests: float
    claim: Claim | None
    notes: tuple[str, ...] = ()
    charges: tuple[Charge, ...] = ()
    """What contracts add to the tokens."""
    pending: tuple[Pending, ...] = ()
    """Terms of contracts that this bill cannot charge."""

    @property
    def total_usd(self) -> float:
        """The sum of the lines and charges: what has no price is not in it."""
        return sum(line.usd for line in self.lines) + sum(charge.usd for charge in self.charges)

    @property
    def unpriced_frac(self) -> float:
        """Share of the tokens that have no price."""
        return sum(item.share_frac for item in self.unpriced)

    def published(self) -> "Bill":
        """The bill as it may be handed on: of contracts their dollars alone."""
        pending = tuple(published_pending(one) for one in self.pending)
        return replace(self, charges=tuple(published(one) for one in self.charges), pending=pending)

    def of_months(self) -> dict[str, float]:
        """USD by month."""
        found: dict[str, float] = {}
        for month, usd in [(x.month, x.usd) for x in self.lines] + [(x.month, x.usd) for x in self.charges]:
            found[month] = found.get(month, 0.0) + usd
        return dict(sorted(found.items()))

    def of_models(self) -> dict[str, float]:
        """USD by SKU, the dearest first; what a contract charges for all of a vendor's models is of ``vendor/*``."""
        found: dict[str, float] = {}
        for sku, usd in [(x.sku, x.usd) for x in self.lines] + [(x.sku, x.usd) for x in self.charges]:
            found[sku] = found.get(sku, 0.0) + usd
        return dict(sorted(found.items(), key=lambda item: -item[1]))
