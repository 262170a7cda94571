"""What the rows of a sheet must say together: no holes in time, no tariff without its base, no GPU that nobody knows."""

from collections.abc import Collection, Iterable, Sequence
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import Any

from tco.catalog.api_prices import ApiPriceRow
from tco.catalog.dated import DatedT
from tco.catalog.rentals import RentalRow
from tco.catalog.table import Entry, named
from tco.errors import Fault, nearest

Tariff = tuple[str, int, str]
"""Service tier, threshold and hours."""
BASE: Tariff = ("standard", 0, "")
Prices = dict[tuple[str, Tariff], list[Entry[ApiPriceRow]]]
"""The rows of one model by meter and tariff."""


def holes(entries: Iterable[Entry[DatedT]], key: Sequence[str]) -> list[Fault]:
    """A fault for each row that begins some days after the price's earlier rows have ended: who needs those days?"""
    groups: dict[tuple[Any, ...], list[Entry[DatedT]]] = {}
    for entry in entries:
        groups.setdefault(tuple(getattr(entry.row, name) for name in key), []).append(entry)
    faults = []
    for rows in groups.values():
        ordered = sorted(rows, key=lambda entry: entry.row.valid_from)
        for number, entry in enumerate(ordered[1:], start=1):
            last = max(ordered[:number], key=lambda e: e.row.valid_to or date.max)
            end = last.row.valid_to
            if end is not None and end < entry.row.valid_from:
                other, start = named(last, entry), entry.row.valid_from
                mend = f"let {other} end on {start}, or write a row for the days from {end} to {start}"
                found = f"{start}, but {other} ends on {end}"
                faults.append(Fault(f"{entry.where}: row {entry.line}, valid_from", found, mend))
    return faults


def incomplete(entries: Iterable[Entry[ApiPriceRow]]) -> list[Fault]:
    """
    API rows that cannot be used as they stand: every meter needs the input and output of its tariff for as long as it
    holds, every batch, long-context or hourly row the ordinary row of its meter, and no meter may end before its input.
    """
    place = attrgetter("row.provider", "row.model")
    faults = []
    for _, rows in groupby(sorted(entries, key=place), key=place):
        of_model = list(rows)
        world: Prices = {}
        regions: dict[str, Prices] = {"": world}
        for entry in of_model:
            regions.setdefault(entry.row.region, {}).setdefault(_name(entry.row), []).append(entry)
        for entry in of_model:
            faults += _lacks(entry, regions[entry.row.region], world)
    return faults


def unknown_gpus(entries: Iterable[Entry[RentalRow]], gpus: Collection[str]) -> list[Fault]:
    """A fault for each rent of a GPU that ``hw_profiles/gpus`` does not describe: such a row would never be found."""
    return [
        Fault(f"{entry.where}: row {entry.line}, gpu", entry.row.gpu, nearest(entry.row.gpu, gpus))
        for entry in entries
        if entry.row.gpu not in gpus
    ]


def _name(row: ApiPriceRow) -> tuple[str, Tariff]:
    return row.meter, (row.service_tier, row.min_input_tokens, row.hours_utc)


def _lacks(entry: Entry[ApiPriceRow], prices: Prices, world: Prices) -> list[Fault]:
    row, (meter, tariff) = entry.row, _name(entry.row)
    place, faults = f"{entry.where}: row {entry.line}", []
    for other in ("input", "output"):
        day = _first_without(entry, prices.get((other, tariff), []))
        if other != meter and day is not None:
            mend = f"add the {other} price of the same tariff, or end this row on the day that one ends"
            faults.append(Fault(f"{place}, meter", f"{meter} without {other} from {day} on", mend))
    base = _below(tariff)
    day = _first_without(entry, [*prices.get((meter, base), []), *world.get((meter, base), [])])
    if base != tariff and day is not None:
        column = "hours_utc" if row.hours_utc else "min_input_tokens" if row.min_input_tokens else "service_tier"
        found = f"{getattr(row, column)} without an ordinary {base[0]} {meter} row from {day} on"
        mend = f"add the row of {meter} with service_tier {base[0]}, without min_input_tokens and hours_utc"
        faults.append(Fault(f"{place}, {column}", found, mend))
    return faults + _ends_early(entry, prices)


def _below(tariff: Tariff) -> Tariff:
    """The tariff that this one is a special case of."""
    tier, limit, hours = tariff
    return (tier, 0, "") if limit or hours else BASE


def _ends_early(entry: Entry[ApiPriceRow], prices: Prices) -> list[Fault]:
    meter, tariff = _name(entry.row)
    end = entry.row.valid_to
    if end is None or meter in ("input", "output") or any(_goes_on(other, end) for other in prices[meter, tariff]):
        return []
    paid = next((other for other in prices.get(("input", tariff), []) if _goes_on(other, end)), None)
    if paid is None:
        return []
    found = f"{end}, but the input of {named(paid, entry)} goes on"
    mend = (
        f"lengthen it, or add a row from {end} on with what {meter} costs since (the input's price if no longer apart)"
    )
    return [Fault(f"{entry.where}: row {entry.line}, valid_to", found, mend)]


def _goes_on(entry: Entry[ApiPriceRow], day: date) -> bool:
    """Whether a row holds on a day or begins later."""
    return entry.row.valid_to is None or entry.row.valid_to > day


def _first_without(entry: Entry[ApiPriceRow], others: Sequence[Entry[ApiPriceRow]]) -> date | None:
    """The first day of a row on which none of the others holds; None when they hold as long as it does."""
    day, end = entry.row.valid_from, entry.row.valid_to or date.max
    while day < end:
        holding = [other.row.valid_to or date.max for other in others if other.row.holds(day)]
        if not holding:
            return day
        day = max(holding)
    return None
