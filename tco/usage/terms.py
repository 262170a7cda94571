"""The terms of contracts.csv on the days of a log: which holds when, and whose spending counts towards which."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from tco.catalog import contracts
from tco.catalog.contracts import EVERY_MODEL, Contracts, Kind
from tco.catalog.table import Entry

DAY = timedelta(days=1)
DECEMBER = 12


@dataclass(frozen=True)
class Term:
    """A row of contracts.csv, and the days on which no newer row of the same has taken its place."""

    entry: Entry[contracts.ContractRow]
    start: date
    end: date
    """The first day on which it no longer holds."""

    @property
    def row(self) -> contracts.ContractRow:
        """Its cells."""
        return self.entry.row

    @property
    def where(self) -> str:
        """The sheet and the row."""
        return f"{self.entry.where}: row {self.entry.line}"

    def holds(self, day: date) -> bool:
        """Whether it is in force on a day."""
        return self.start <= day < self.end

    def days_of(self, month: date) -> list[date]:
        """The days of a month on which it is in force."""
        first, last = max(self.start, month), min(self.end, after(month))
        return [first + number * DAY for number in range((last - first).days)]


def in_time(entries: Contracts, kinds: Iterable[Kind], on: date | None = None) -> list[Term]:
    """Terms of some kinds with their days; with a day, those of that day, and for all time."""
    wanted = [entry for entry in entries if entry.row.kind in set(kinds)]
    terms = [Term(entry, entry.row.valid_from, _end(entry, wanted)) for entry in wanted]
    if on is None:
        return terms
    return [Term(term.entry, date.min, date.max) for term in terms if term.holds(on)]


def _end(entry: Entry[contracts.ContractRow], entries: Contracts) -> date:
    """The day on which a term ends, or a newer one of the same takes its place."""

    def names(other: Entry[contracts.ContractRow]) -> list[str]:
        return [getattr(other.row, name) for name in contracts.KEY]

    newer = [e.row.valid_from for e in entries if names(e) == names(entry) and e.row.valid_from > entry.row.valid_from]
    return min([entry.row.valid_to or date.max, *newer])


def term_of(terms: Sequence[Term], kind: Kind, model: str, day: date) -> Term | None:
    """The term of one vendor that a model counts towards on a day: its own, else that of every model."""
    found = [term for term in terms if term.row.kind == kind and term.holds(day)]
    mine = [term for term in found if term.row.model in (model, EVERY_MODEL)]
    return min(mine, key=lambda term: term.row.model == EVERY_MODEL, default=None)


def vendor_and_model(sku: str) -> tuple[str, str]:
    """The two parts of a SKU; a model's name may have a slash."""
    provider, _, model = sku.partition("/")
    return provider, model


def months(first: date, last: date) -> Iterator[date]:
    """The first days of the months from one day to another."""
    month = first.replace(day=1)
    while month <= last:
        yield month
        month = after(month)


def after(month: date) -> date:
    """The first day of the next month."""
    return date(month.year + month.month // DECEMBER, month.month % DECEMBER + 1, 1)


def word(day: date) -> str:
    """A day's month, as ``2026-10``."""
    return f"{day:%Y-%m}"
