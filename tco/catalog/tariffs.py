"""The API sheets as a table of prices by day, for usage that is priced row by row: contracts over lists, each in USD."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tco.catalog.api_prices import ApiPriceRow, on_day
from tco.catalog.fx import Rates
from tco.catalog.table import Entry
from tco.errors import TcoError
from tco.units import TOKENS_PER_MTOK

UNITS_OF = {"1M tokens": TOKENS_PER_MTOK, "request": 1.0}


@dataclass(frozen=True)
class Tariff:
    """What one meter of one SKU costs from a day to before a day, in one tier, above one limit, in some hours."""

    sku: str
    meter: str
    service_tier: str
    above_tok: int
    """Prompts longer than this; 0 for all."""
    tier_rule: str
    hours_utc: str
    """A window such as ``Mon-Fri 01-04,06-10``; empty for all other hours."""
    valid_from: date
    valid_to: date | None
    usd_per_unit: float
    """For one token, or one request."""
    where: str
    """The sheet and its row."""
    contract: bool
    """Whether it is your own price, not the list's."""


def tariffs(models: Mapping[str, Sequence[Entry[ApiPriceRow]]], rates: Rates) -> list[Tariff]:
    """
    Every price of some models, cut at every day on which one of the model's prices changes.

    Parameters
    ----------
    models : Mapping[str, Sequence[Entry[ApiPriceRow]]]
        Rows by SKU.
    rates : Rates
        What other currencies are worth; a price before its currency's first rate is left out.
    """
    return [tariff for sku, entries in models.items() for tariff in _of_one(sku, entries, rates)]


def _of_one(sku: str, entries: Sequence[Entry[ApiPriceRow]], rates: Rates) -> list[Tariff]:
    rows = [entry for entry in entries if not entry.row.region]
    days = {entry.row.valid_from for entry in rows} | {entry.row.valid_to for entry in rows if entry.row.valid_to}
    foreign = {entry.row.currency for entry in rows} - {"USD"}
    days |= {day for currency in foreign for day in rates.days(currency)}
    ordered = sorted(days)
    found = []
    for start, end in zip(ordered, [*ordered[1:], None], strict=True):
        for entry in on_day(rows, start).values():
            tariff = _priced(sku, entry, start, end, rates)
            if tariff is not None:
                found.append(tariff)
    return found


def _priced(sku: str, entry: Entry[ApiPriceRow], start: date, end: date | None, rates: Rates) -> Tariff | None:
    row = entry.row
    try:
        usd, _ = rates.in_usd(row.price, row.currency, start)
    except TcoError:
        return None
    return Tariff(
        sku=sku,
        meter=row.meter,
        service_tier=row.service_tier,
        above_tok=row.min_input_tokens,
        tier_rule=row.tier_rule,
        hours_utc=row.hours_utc,
        valid_from=start,
        valid_to=end,
        usd_per_unit=usd / UNITS_OF[row.per],
        where=f"{entry.where}: row {entry.line}",
        contract=row.basis == "contract",
    )
