"""Where bought servers stand: the sheets of electricity, colocation and the grid's carbon, by region."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Annotated, Literal, TypeVar

from pydantic import Field, model_validator

from tco.catalog.dated import holding
from tco.catalog.fx import Rates
from tco.catalog.table import DatedRow, Day, Entry, Plain, Sourced, noted
from tco.inputs.source import Fact

ELECTRICITY_KEY = ("region", "meter")
COLOCATION_KEY = ("region", "power_billing")
CARBON_KEY = ("region", "valid_from")

Amount = Annotated[float, Plain, Field(ge=0)]


class RangedRow(DatedRow):
    """A price of a region, with its range."""

    region: str
    """Name to choose it by; a part of a region has the region's name before a hyphen, as in ``us-texas``."""
    low: Amount | None = None
    """A cheap but possible price; blank when there is no range."""
    price: Amount
    """The price taken."""
    high: Amount | None = None
    """A dear but possible price; blank when there is no range."""

    @model_validator(mode="after")
    def _in_order(self) -> "RangedRow":
        _check_order(self.low, self.price, self.high)
        return self


class ElectricityRow(RangedRow):
    """A tariff's energy or demand price."""

    meter: Literal["energy", "demand"]
    """energy is paid by the kilowatt-hour, demand by the kilowatt of the month's highest draw."""
    per: Literal["kWh", "kW-month"]
    """Unit of the price."""

    @model_validator(mode="after")
    def _unit_fits(self) -> "ElectricityRow":
        unit = "kWh" if self.meter == "energy" else "kW-month"
        if self.per != unit:
            raise ValueError(f"{self.meter} is priced per {unit}, not per {self.per}")
        return self


class ColocationRow(RangedRow):
    """Space for a kilowatt of servers."""

    power_billing: Literal["metered", "all_in"]
    """metered: electricity is paid beside it; all_in: electricity is in the price."""
    per: Literal["kW-month"]
    """One contracted kilowatt for a month."""


class CarbonRow(Sourced):
    """Carbon dioxide of a kilowatt-hour from a region's grid."""

    region: str
    """Name to choose it by."""
    low: Amount | None = None
    """The cleanest it may be; blank when there is no range."""
    kg_per_kwh: Amount
    """Kilograms for one kilowatt-hour generated."""
    high: Amount | None = None
    """The dirtiest it may be; blank when there is no range."""
    valid_from: Day
    """First day of the year it is of; it holds until a newer row."""

    @model_validator(mode="after")
    def _in_order(self) -> "CarbonRow":
        _check_order(self.low, self.kg_per_kwh, self.high)
        return self


def _check_order(low: float | None, base: float, high: float | None) -> None:
    if (low is None) != (high is None):
        raise ValueError("low and high go together: give both, or neither")
    if low is not None and high is not None and not low <= base <= high:
        raise ValueError(f"low {low:g}, {base:g} and high {high:g} are not in order")


def lineage(region: str) -> Iterator[str]:
    """
    A region and what it is part of, the nearest first.

    Examples
    --------
    >>> list(lineage("us-indiana-hendricks"))
    ['us-indiana-hendricks', 'us-indiana', 'us']
    """
    parts = region.split("-")
    for count in range(len(parts), 0, -1):
        yield "-".join(parts[:count])


def electricity(entries: Iterable[Entry[ElectricityRow]], region: str, rates: Rates, on: date) -> list[Fact]:
    """
    Energy price of a region, and its demand price where the same tariff has one.

    A demand price is never taken from a wider region: averages are whole bills over kilowatt-hours, demand included.
    """
    today = holding(entries, on, ELECTRICITY_KEY)
    energy = _nearest([entry for entry in today if entry.row.meter == "energy"], region)
    if energy is None:
        return []
    made = [_priced("site.electricity_usd_per_kwh", energy, region, rates, on)]
    home = energy.row.region
    for entry in today:
        if entry.row.meter == "demand" and entry.row.region == home:
            made.append(_priced("site.demand_usd_per_kilowatt_month", entry, region, rates, on))
    return made


def colocation(
    entries: Iterable[Entry[ColocationRow]], region: str, power_billing: str, rates: Rates, on: date
) -> list[Fact]:
    """What a kilowatt of space costs in a region, electricity beside it or in it."""
    today = [e for e in holding(entries, on, COLOCATION_KEY) if e.row.power_billing == power_billing]
    found = _nearest(today, region)
    return [_priced("site.colocation_usd_per_kilowatt_month", found, region, rates, on)] if found is not None else []


def carbon(entries: Iterable[Entry[CarbonRow]], region: str, on: date) -> list[Fact]:
    """Carbon dioxide of a region's kilowatt-hour, by the newest row on the day."""
    newest: dict[str, Entry[CarbonRow]] = {}
    for entry in sorted(entries, key=lambda entry: entry.row.valid_from):
        if entry.row.valid_from <= on:
            newest[entry.row.region] = entry
    found = _nearest(list(newest.values()), region)
    if found is None:
        return []
    row = found.row
    return [
        Fact(
            "site.carbon_kg_per_kwh", row.kg_per_kwh, noted(found.source(), _of(row.region, region)), row.low, row.high
        )
    ]


RowT = TypeVar("RowT", ElectricityRow, ColocationRow, CarbonRow)


def _nearest(entries: Sequence[Entry[RowT]], region: str) -> Entry[RowT] | None:
    homes = {entry.row.region: entry for entry in entries}
    return next((homes[name] for name in lineage(region) if name in homes), None)


def _of(home: str, region: str) -> str:
    return "" if home == region else f"of {home}: none is known for {region} alone"


def _priced(
    path: str, entry: Entry[ElectricityRow] | Entry[ColocationRow], region: str, rates: Rates, on: date
) -> Fact:
    row = entry.row
    usd, converted = rates.in_usd(row.price, row.currency, on)
    low, high = (rates.in_usd(x, row.currency, on)[0] if x is not None else None for x in (row.low, row.high))
    note = "; ".join(part for part in (_of(row.region, region), converted) if part)
    return Fact(path, usd, entry.source(note), low, high)
