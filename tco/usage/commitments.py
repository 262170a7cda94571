"""What contracts ask besides prices, month by month: units, least bills, what was committed and not used. METHODOLOGY 3.3."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from tco.catalog.contracts import Contracts
from tco.catalog.fx import Rates
from tco.inputs.source import PRIVATE
from tco.model.metering import shortfall_usd
from tco.units import HOURS_PER_DAY, MONTHS_PER_YEAR
from tco.usage.terms import DAY, Term, after, in_time, months, term_of, vendor_and_model, word

ChargeKind = Literal["provisioned", "minimum", "shortfall", "true_up"]
SMALL_FRAC = 1e-9
"""What is missing of an agreed sum by no more than this is rounding."""
Spent = Mapping[tuple[str, date], float]
"""USD by SKU and day."""


@dataclass(frozen=True)
class Charge:
    """A line of the bill that no token makes. Agreed sum, use and row are private."""

    month: str
    provider: str
    model: str
    """``*`` for all of the vendor's."""
    kind: ChargeKind
    """Units bought; what is missing to the month's least bill; to its part of a year's commitment; to the whole year's at its end."""
    usd: float
    agreed_usd: float | None
    """Of the month, of the days on which the term holds; of the year where it is trued up at its end."""
    used_usd: float | None
    """What counts towards it; None for units."""
    where: str

    @property
    def sku(self) -> str:
        """Vendor and model."""
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True)
class Pending:
    """A term that this bill cannot charge, and is not in its sum."""

    provider: str
    model: str
    kind: ChargeKind
    agreed_usd: float | None
    used_usd: float | None
    """So far, as far as the log goes."""
    why: str
    where: str


Lines = tuple[list[Charge], list[Pending]]


def published(charge: Charge) -> Charge:
    """A charge as it may be handed on: its dollars, and nothing else of the contract."""
    return replace(charge, agreed_usd=None, used_usd=None, where=PRIVATE)


def published_pending(pending: Pending) -> Pending:
    """A term that is not in the sum as it may be handed on: that there is one."""
    return replace(pending, agreed_usd=None, used_usd=None, why=PRIVATE, where=PRIVATE)


def charged(
    spent: Spent, entries: Contracts, vendors: Collection[str], rates: Rates, first: date, last: date,
    on: date | None = None,
) -> Lines:  # fmt: skip
    """
    The lines that some vendors' terms add to the bill of a log.

    Parameters
    ----------
    spent : Spent
        What its tokens cost, contract prices in.
    entries : Contracts
        All terms; those of vendors that are not asked for are left out.
    vendors : Collection[str]
        Vendors that the log has.
    rates : Rates
        What other currencies are worth; a month's are those of its first day in the term.
    first, last : date
        The log's first and last day: every month between them is charged whole.
    on : date | None
        Take the terms of this day for all days.

    Raises
    ------
    LookupFault
        When a term's currency has no rate.
    """
    charges, pending = [], []
    terms = in_time(entries, ("provisioned", "minimum", "commitment"), on)
    for vendor in sorted(vendors):
        mine = [term for term in terms if term.row.provider == vendor]
        ours = {key: usd for key, usd in spent.items() if vendor_and_model(key[0])[0] == vendor}
        if mine:
            lines = _Vendor(mine, ours, rates, first, last, on).lines()
            charges += lines[0]
            pending += lines[1]
    return sorted(charges, key=lambda one: (one.month, one.provider)), pending


class _Vendor:
    """The terms of one vendor, what was spent with it, and what was charged besides so far."""

    def __init__(self, terms: list[Term], spent: Spent, rates: Rates, first: date, last: date, on: date | None) -> None:
        self.terms, self.spent, self.rates = terms, spent, rates
        self.first, self.last, self.on = first, last, on
        self.charges: list[Charge] = []

    def lines(self) -> Lines:
        for month in months(self.first, self.last):
            self.charges += self._units(month)
            self.charges += self._missing(month, "minimum", "")
            self.charges += self._missing(month, "commitment", "monthly")
        pending = list(self._untold_units())
        for term in self._of("commitment", "annual"):
            lines = list(self._years(term))
            self.charges += [line for line in lines if isinstance(line, Charge)]
            pending += [line for line in lines if isinstance(line, Pending)]
        return self.charges, pending

    def _of(self, kind: str, true_up: str = "") -> list[Term]:
        found = [term for term in self.terms if term.row.kind == kind and term.row.true_up == true_up]
        return sorted(found, key=lambda term: term.row.model)

    def _units(self, month: date) -> Iterator[Charge]:
        for term in self._of("provisioned"):
            days = term.days_of(month)
            if not days or term.row.bought_units is None:
                continue
            hourly = HOURS_PER_DAY * len(days) if term.row.per == "unit-hour" else len(days) / _length(month)
            usd = self._usd(term, days[0]) * term.row.bought_units * hourly
            yield _charge(month, term, "provisioned", usd, usd, None)

    def _untold_units(self) -> Iterator[Pending]:
        for term in self._of("provisioned"):
            if term.row.bought_units is None and term.start <= self.last and self.first < term.end:
                why = "not priced: provisioned units; how many were bought is not told: write bought_units"
                yield Pending(term.row.provider, term.row.model, "provisioned", None, None, why, term.where)

    def _missing(self, month: date, kind: Literal["minimum", "commitment"], true_up: str) -> list[Charge]:
        """What the terms of a kind add to a month; one's charge is not counted towards another of its kind."""
        found = []
        for term in self._of(kind, true_up):
            days = term.days_of(month)
            if not days:
                continue
            a_month = self._usd(term, days[0]) / (MONTHS_PER_YEAR if kind == "commitment" else 1.0)
            agreed, used = a_month * (len(days) / _length(month)), self._used(term, days)
            missing = float(shortfall_usd(used, agreed))
            if missing > SMALL_FRAC * agreed:
                said: ChargeKind = "minimum" if kind == "minimum" else "shortfall"
                found.append(_charge(month, term, said, missing, agreed, used))
        return found

    def _used(self, term: Term, days: list[date]) -> float:
        """What counts towards a term on some days: tokens of its models, units and, for a commitment, least bills."""
        held = set(days)
        tokens = sum(
            usd
            for (sku, day), usd in self.spent.items()
            if day in held and term_of(self.terms, term.row.kind, vendor_and_model(sku)[1], day) is term
        )
        counted = ("provisioned",) if term.row.kind == "minimum" else ("provisioned", "minimum")
        begun = {word(day): day for day in reversed(days)}
        lumps = sum(
            charge.usd
            for charge in self.charges
            if charge.kind in counted
            and charge.month in begun
            and term_of(self.terms, term.row.kind, charge.model, begun[charge.month]) is term
        )
        return tokens + lumps

    def _years(self, term: Term) -> Iterator[Charge | Pending]:
        """The years of a term that the log touches: trued up in their last month, or told where that cannot be."""
        row = term.row
        if self.on is not None:
            why = "everything is at one day's prices, so that there is no year"
            yield Pending(row.provider, row.model, "true_up", None, None, why, term.where)
            return
        start = term.start
        while start < term.end and start <= self.last:
            whole_end = _a_year_on(start)
            end = min(term.end, whole_end)
            if end > self.first:
                yield from self._year(term, start, end, (whole_end - start).days)
            start = end

    def _year(self, term: Term, start: date, end: date, whole_days: int) -> Iterator[Charge | Pending]:
        row, days = term.row, (end - start).days
        agreed = self._usd(term, start) * (days / whole_days)
        used, due = self._used(term, [start + number * DAY for number in range(days)]), end - DAY
        if word(due) > word(self.last):
            why = f"what is missing at the end of its year is charged in {word(due)}"
        elif word(start) < word(self.first):
            why = f"of {word(due)}: the days looked at begin on {self.first}, its year on {start}"
        else:
            missing = float(shortfall_usd(used, agreed))
            if missing > SMALL_FRAC * agreed:
                yield _charge(due, term, "true_up", missing, agreed, used)
            return
        yield Pending(row.provider, row.model, "true_up", agreed, used, why, term.where)

    def _usd(self, term: Term, day: date) -> float:
        return self.rates.in_usd(term.row.amount, term.row.currency, self.on or day)[0]


def _charge(month: date, term: Term, kind: ChargeKind, usd: float, agreed: float, used: float | None) -> Charge:
    return Charge(word(month), term.row.provider, term.row.model, kind, usd, agreed, used, term.where)


def _length(month: date) -> int:
    return (after(month) - month).days


def _a_year_on(day: date) -> date:
    """The same day of the next year; the first of March after a 29th of February."""
    try:
        return day.replace(year=day.year + 1)
    except ValueError:
        return date(day.year + 1, 2, 28) + timedelta(days=1)
