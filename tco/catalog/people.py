"""The people sheets: what a role costs, everything included."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tco.catalog.dated import holding
from tco.catalog.fx import Rates
from tco.catalog.table import DatedRow, Entry, Plain
from tco.inputs.source import Fact

KEY = ("role", "region")
PATHS: Mapping[str, str] = {
    "FTE-year": "staffing.loaded_usd_per_fte_year",
    "hour": "people.build_usd_per_hour",
}
"""The field that a role's cost goes to, by the unit it is priced in."""

Money = Annotated[float, Plain, Field(ge=0)]


class PeopleRow(DatedRow):
    """One role in one region."""

    role: str
    """Name to choose it by."""
    region: str
    """Where the person works."""
    low: Money
    """A cheap but possible figure."""
    base: Money
    """The figure taken."""
    high: Money
    """A dear but possible figure."""
    per: Literal["FTE-year", "hour"]
    """A full-time person for a year, everything included, or a contractor's hour."""

    @model_validator(mode="after")
    def _in_order(self) -> "PeopleRow":
        if not self.low <= self.base <= self.high:
            raise ValueError(f"low {self.low:g}, base {self.base:g}, high {self.high:g} are not in order")
        return self


def on_day(entries: Iterable[Entry[PeopleRow]], on: date, region: str) -> dict[str, Entry[PeopleRow]]:
    """Each role that has a price in a region on a day."""
    return {entry.row.role: entry for entry in holding(entries, on, KEY) if entry.row.region == region}


def facts(entry: Entry[PeopleRow], rates: Rates, on: date) -> list[Fact]:
    """What a role costs: for a year of a full-time person, or for an hour of a contractor."""
    row = entry.row
    value, note = rates.in_usd(row.base, row.currency, on)
    low, _ = rates.in_usd(row.low, row.currency, on)
    high, _ = rates.in_usd(row.high, row.currency, on)
    source = entry.source(note)
    cost = Fact(PATHS[row.per], value, source, low, high)
    return [Fact("staffing.role", row.role, source), cost] if row.per == "FTE-year" else [cost]
