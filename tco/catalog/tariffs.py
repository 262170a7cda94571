"""The API sheets as a table of prices by day, for usage that is priced row by row: contracts over lists, each in USD."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tco.catalog import contracts
from tco.catalog.api_prices import ApiPriceRow, on_day
from tco.catalog.contracts import Contracts
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
    list_usd_per_unit: float
    """The same without negotiated prices and discounts; what was negotiated where the list has no such price."""
    where: str
    """The sheet and its row."""
    contract: bool
    """Whether it is your own price, not the list's."""


def tariffs(models: Mapping[str, Sequence[Entry[ApiPriceRow]]], rates: Rates, terms: Contracts = ()) -> list[Tariff]:
    """
    Every price of some models, cut at every day on which one of the model's prices changes.

    Parameters
    ----------
    models : Mapping[str, Sequence[Entry[ApiPriceRow]]]
        Rows by SKU.
    rates : Rates
        What other currencies are worth; a price before its currency's first rate is left out.
    terms : Contracts
        Discounts and negotiated prices, laid over the list on the days that they hold.
    """
    return [tariff for sku, entries in models.items() for tariff in _of_one(sku, entries, rates, terms)]


def _of_one(sku: str, entries: Sequence[Entry[ApiPriceRow]], rates: Rates, terms: Contracts) -> list[Tariff]:
    rows = [entry for entry in entries if not entry.row.region]
    provider, _, model = sku.partition("/")
    mine = contracts.of_vendor(terms, provider, model, ("discount", "price"))
    ordered = sorted(_days(rows) | contracts.days(mine) | _days_of_rates([*rows, *mine], rates))
    found = []
    for start, end in zip(ordered, [*ordered[1:], None], strict=True):
        listed = on_day(rows, start)
        today = contracts.on_day(mine, provider, model, start) if mine else []
        laid = contracts.laid_over(listed, today, rows[0] if rows else None) if today else listed
        for key, entry in laid.items():
            tariff = _priced(sku, entry, listed.get(key, entry), start, end, rates)
            if tariff is not None:
                found.append(tariff)
    return found


def _days(rows: Sequence[Entry[ApiPriceRow]]) -> set[date]:
    return {entry.row.valid_from for entry in rows} | {entry.row.valid_to for entry in rows if entry.row.valid_to}


def _days_of_rates(rows: Sequence[Entry[Any]], rates: Rates) -> set[date]:
    """The days from which another rate holds of a currency that some price is in."""
    foreign = {entry.row.currency for entry in rows} - {"USD"}
    return {day for currency in foreign for day in rates.days(currency)}


def _priced(
    sku: str, entry: Entry[ApiPriceRow], listed: Entry[ApiPriceRow], start: date, end: date | None, rates: Rates
) -> Tariff | None:
    row = entry.row
    try:
        usd, _ = rates.in_usd(row.price, row.currency, start)
        list_usd = usd if listed is entry else rates.in_usd(listed.row.price, listed.row.currency, start)[0]
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
        list_usd_per_unit=list_usd / UNITS_OF[row.per],
        where=f"{entry.where}: row {entry.line}",
        contract=row.basis == "contract",
    )
