"""The hardware sheets: what a server with GPUs costs to buy, new or used, and what it draws."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from tco.catalog.dated import holding
from tco.catalog.fx import Rates
from tco.catalog.table import DatedRow, Entry, Plain
from tco.inputs.source import Fact

KEY = ("item", "condition")
RESALE = "resale_usd_per_server"

Money = Annotated[float, Plain, Field(ge=0)]


class ServerRow(DatedRow):
    """One server, new or used."""

    item: str
    """Name to choose it by."""
    gpu: str
    """GPU in it, as in hw_profiles/gpus."""
    gpus_per_server: Annotated[int, Plain, Field(ge=1)]
    """GPUs in one server."""
    condition: Literal["new", "used"] = "new"
    """new is what it costs to buy; used is what one that you own could be sold for."""
    low: Money | None = None
    """A cheap but possible price; blank when there is no range."""
    price: Money
    """The price taken: one server with its GPUs, before network, storage and installation."""
    high: Money | None = None
    """A dear but possible price; blank when there is no range."""
    per: Literal["server"]
    """One server."""
    nameplate_kilowatts: Annotated[float, Plain, Field(gt=0)]
    """Power that the maker says it may draw."""

    @model_validator(mode="after")
    def _in_order(self) -> "ServerRow":
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high go together: give both, or neither")
        if self.low is not None and self.high is not None and not self.low <= self.price <= self.high:
            raise ValueError(f"low {self.low:g}, price {self.price:g}, high {self.high:g} are not in order")
        return self


def on_day(entries: Iterable[Entry[ServerRow]], on: date) -> list[Entry[ServerRow]]:
    """The servers priced on a day, new and used, cheapest first."""
    return sorted(holding(entries, on, KEY), key=lambda entry: (entry.row.price, entry.row.item))


def usual(found: Sequence[Entry[ServerRow]]) -> Entry[ServerRow]:
    """The lower middle of some servers, by price; ``found`` is not empty and cheapest first."""
    return found[(len(found) - 1) // 2]


def facts(new: Entry[ServerRow], used: Entry[ServerRow] | None, rates: Rates, on: date) -> list[Fact]:
    """What a server costs, holds and draws, and what a used one goes for where that is known."""
    row = new.row
    price = _price("server.server_usd", new, rates, on)
    made = [
        Fact("server.item", row.item, price.source),
        price,
        Fact("server.server_gpus", float(row.gpus_per_server), price.source),
        Fact("server.nameplate_kilowatts", row.nameplate_kilowatts, price.source),
    ]
    return [*made, _price(RESALE, used, rates, on)] if used is not None else made


def _price(path: str, entry: Entry[ServerRow], rates: Rates, on: date) -> Fact:
    row = entry.row
    usd, note = rates.in_usd(row.price, row.currency, on)
    low, high = (rates.in_usd(x, row.currency, on)[0] if x is not None else None for x in (row.low, row.high))
    return Fact(path, usd, entry.source(note), low, high)
