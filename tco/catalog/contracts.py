"""
``price_sheets/contracts.csv``: what you agreed with a vendor, laid over the list prices. Private: git and builds leave it out.

A row of a model beats the vendor's row for all models, ``*``. Every row is of the kind that its ``kind`` says, and has the
cells of that kind alone.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from tco.catalog.api_prices import Meter, Prices, Tier
from tco.catalog.dated import holding
from tco.catalog.fx import Rates
from tco.catalog.table import Basis, DatedRow, Entry, Evidence, Plain
from tco.errors import Fault, nearest
from tco.inputs.source import Fact
from tco.units import HOURS_PER_MONTH

Kind = Literal["discount", "price", "commitment", "minimum", "provisioned"]
FILE = "contracts.csv"
NAMES = (FILE, "contracts.example.csv")
"""The file that is read, and the invented one to copy."""
KEY = ("provider", "model", "kind", "meter", "service_tier")
EVERY_MODEL = "*"
PERCENT = 100.0
_Count = Annotated[float | None, Plain, Field(ge=0)]
_PER: dict[str, tuple[str, ...]] = {
    "discount": ("percent",),
    "price": ("1M tokens", "request"),
    "commitment": ("year",),
    "minimum": ("month",),
    "provisioned": ("unit-month", "unit-hour"),
}
"""The units that the amount of a kind may be in."""
_UNITS = ("unit_tok_per_minute", "cached_ratio", "output_ratio", "bought_units", "min_units", "step_units", "excess")
_CELLS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "discount": ((), ()),
    "price": (("meter",), ("service_tier",)),
    "commitment": (("true_up",), ()),
    "minimum": ((), ()),
    "provisioned": (_UNITS[:3], _UNITS[3:]),
}
"""Cells that a kind must have, and those that it may have besides."""


class ContractRow(DatedRow):
    """One term of a contract."""

    provider: str
    """Vendor, in lower case, as in api/."""
    model: str = EVERY_MODEL
    """The vendor's name of the model; ``*`` or blank for all of them."""
    kind: Kind
    """discount, price, commitment, minimum or provisioned."""
    amount: Annotated[float, Plain, Field(ge=0)]
    """The percent, price or sum."""
    per: Literal["percent", "1M tokens", "request", "year", "month", "unit-month", "unit-hour"]
    """What the amount is in."""
    meter: Meter | Literal[""] = ""
    """What a negotiated price is of."""
    service_tier: Tier = "standard"
    """The tariff a negotiated price is of."""
    true_up: Literal["", "monthly", "annual"] = ""
    """When a commitment that was not used is charged."""
    unit_tok_per_minute: _Count = None
    """Weighted tokens a minute that one provisioned unit serves."""
    cached_ratio: _Count = None
    """Weight of a cached prompt token in them; a fresh one weighs 1."""
    output_ratio: _Count = None
    """Weight of an answer token in them."""
    bought_units: _Count = None
    """Units bought; blank for as many as the peak minute takes."""
    min_units: _Count = None
    """Fewest units sold."""
    step_units: _Count = None
    """Units are sold in multiples of this."""
    excess: Literal["", "pay_as_you_go", "refused"] = ""
    """What happens to requests beyond the units bought."""
    basis: Basis = "contract"
    """Always contract."""
    evidence: Evidence = "A"
    """Always A: it is signed."""
    source_url: str = "private contract"
    """The contract's name or number, if you like."""
    checked_by: str = "contract"
    """Who read the contract."""

    @model_validator(mode="after")
    def _is_of_its_kind(self) -> "ContractRow":
        required, allowed = _CELLS[self.kind]
        wrong = []
        if self.per not in _PER[self.kind]:
            wrong.append(f"per is {' or '.join(_PER[self.kind])} for a {self.kind}")
        missing = [name for name in required if getattr(self, name) in ("", None)]
        if missing:
            wrong.append(f"a {self.kind} needs {' and '.join(missing)}")
        fields, cells = (
            type(self).model_fields,
            [*{name: 0 for both in _CELLS.values() for group in both for name in group}],
        )
        idle = [n for n in cells if n not in (*required, *allowed) and getattr(self, n) != fields[n].default]
        if idle:
            wrong.append(f"a {self.kind} has no {' and no '.join(idle)}: leave blank")
        wrong += self._out_of_bounds()
        if wrong:
            raise ValueError("; ".join(wrong))
        return self

    def _out_of_bounds(self) -> list[str]:
        wrong = []
        if self.kind == "discount" and not 0 < self.amount < PERCENT:
            wrong.append("a discount is in percent off the list price: 12 for 12 %, between 0 and 100")
        if self.kind == "price" and (self.meter == "request") != (self.per == "request"):
            wrong.append("per request goes with the meter request")
        if self.basis != "contract":
            wrong.append("basis is contract, or the column is left out")
        if 0 in (self.unit_tok_per_minute, self.step_units):
            wrong.append("unit_tok_per_minute and step_units are above 0")
        if self.kind == "provisioned" and self.cached_ratio == 0 and self.output_ratio == 0:
            wrong.append("cached_ratio and output_ratio are both 0: say what such tokens weigh")
        return wrong


Contracts = Sequence[Entry[ContractRow]]


def on_day(entries: Contracts, provider: str, model: str, on: date) -> list[Entry[ContractRow]]:
    """The terms of one model on a day; of the vendor's terms for all models those that it has none of its own of."""
    mine = [entry for entry in entries if entry.row.provider == provider and entry.row.model in (model, EVERY_MODEL)]
    found: dict[tuple[str, str, str], Entry[ContractRow]] = {}
    for entry in sorted(holding(mine, on, KEY), key=lambda entry: entry.row.model != EVERY_MODEL):
        found[entry.row.kind, entry.row.meter, entry.row.service_tier] = entry
    return list(found.values())


def laid_over(prices: Prices, terms: Sequence[Entry[ContractRow]], like: Entry[Any] | None = None) -> Prices:
    """
    A day's prices as the contract has them: negotiated ones as they are, all others at the discount.

    A discounted price keeps its sheet, row and page, whose list price it follows, and is of the basis contract.

    Parameters
    ----------
    prices : Prices
        The list's.
    terms : Sequence[Entry[ContractRow]]
        The model's terms of that day.
    like : Entry[Any] | None
        Another row of the model, for a day on which the list has none; None takes one of the prices.
    """
    cuts = [entry for entry in terms if entry.row.kind == "discount"]
    laid = {key: _cut(entry, cuts[0]) for key, entry in prices.items()} if cuts else dict(prices)
    like = like or next(iter(prices.values()), None)
    for term in terms:
        if term.row.kind == "price" and like is not None:
            laid[term.row.meter, term.row.service_tier, 0, ""] = _negotiated(like, term)
    return laid


def of_vendor(entries: Contracts, provider: str, model: str = "", kinds: Collection[Kind] = ()) -> Contracts:
    """A vendor's terms: of all its models or of one (those for every model are of each), of all kinds or some."""
    found = (entry for entry in entries if entry.row.provider == provider)
    mine = (entry for entry in found if not model or entry.row.model in (model, EVERY_MODEL))
    return [entry for entry in mine if not kinds or entry.row.kind in kinds]


def days(entries: Contracts) -> set[date]:
    """Every day on which one of some terms begins or ends."""
    return {entry.row.valid_from for entry in entries} | {e.row.valid_to for e in entries if e.row.valid_to}


def _cut(entry: Entry[Any], term: Entry[ContractRow]) -> Entry[Any]:
    percent, row = term.row.amount, entry.row
    if row.basis == "contract":  # of api/contracts.csv: it is your own price already
        return entry
    note = "; ".join(part for part in (f"{percent:g} % off {row.price:g} by contract", row.note) if part)
    cheaper = {"price": row.price * (1.0 - percent / PERCENT), "basis": "contract", "note": note}
    return replace(entry, row=row.model_copy(update=cheaper), term=f"{term.where}:{term.line}")


def _negotiated(like: Entry[Any], term: Entry[ContractRow]) -> Entry[Any]:
    """The row of a negotiated price, as a row of an API sheet, ``like`` being another of the same model."""
    row, names = term.row, ("meter", "service_tier", "per", "currency", "valid_from", "valid_to", "basis", "evidence",
                            "source_url", "checked_on", "checked_by", "note")  # fmt: skip
    update = {**{name: getattr(row, name) for name in names}, "price": row.amount}
    blank = {"min_input_tokens": 0, "tier_rule": "", "region": "", "hours_utc": ""}
    return Entry(like.row.model_copy(update={**update, **blank}), term.where, term.line)


def facts(terms: Iterable[Entry[ContractRow]], rates: Rates, on: date) -> list[Fact]:
    """What a contract asks besides prices, as facts whose paths are those of an API option."""
    found: list[Fact] = []
    for term in terms:
        row = term.row
        if row.kind not in ("commitment", "minimum", "provisioned"):
            continue
        usd, note = rates.in_usd(row.amount, row.currency, on)
        source = term.source(note)
        if row.kind == "minimum":
            found.append(Fact("contract.minimum_usd_per_month", usd, source))
        elif row.kind == "commitment":
            found.append(Fact("contract.commitment_usd_per_year", usd, source))
            found.append(Fact("contract.true_up", row.true_up, source))
        else:
            hours = HOURS_PER_MONTH if row.per == "unit-hour" else 1.0
            found.append(Fact("provisioned.unit_usd_per_month", usd * hours, source))
            told = {name: getattr(row, name) for name in _UNITS}
            found += [
                Fact(f"provisioned.{name}", value, source) for name, value in told.items() if value not in ("", None)
            ]
    return found


def unknown(entries: Contracts, skus: Collection[str]) -> list[Fault]:
    """A fault for each term of a vendor or a model that no sheet of list prices has: it would never be found."""
    providers, faults = {sku.partition("/")[0] for sku in skus}, []
    for entry in entries:
        row, place = entry.row, f"{entry.where}: row {entry.line}"
        if row.provider not in providers:
            faults.append(Fault(f"{place}, provider", row.provider, nearest(row.provider, providers)))
        elif row.model != EVERY_MODEL and f"{row.provider}/{row.model}" not in skus:
            mine = [sku.partition("/")[2] for sku in skus if sku.startswith(f"{row.provider}/")]
            faults.append(Fault(f"{place}, model", row.model, nearest(row.model, mine)))
    return faults
