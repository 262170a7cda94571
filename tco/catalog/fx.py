"""The currency sheets: what a unit of another currency is worth in USD on a day."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated

from pydantic import Field

from tco.catalog.table import Day, Entry, Plain, Sourced
from tco.errors import Fault, LookupFault, nearest

KEY = ("currency", "on")


class FxRow(Sourced):
    """One rate on one day."""

    currency: str
    """ISO code."""
    usd_per_unit: Annotated[float, Plain, Field(gt=0)]
    """USD for one unit."""
    on: Day
    """The day of the rate; it holds until a newer one."""


class Rates:
    """The dated rates of every currency."""

    def __init__(self, entries: Sequence[Entry[FxRow]]) -> None:
        self._entries = entries

    def days(self, currency: str) -> set[date]:
        """The days from which a rate of a currency holds."""
        return {entry.row.on for entry in self._entries if entry.row.currency == currency}

    def in_usd(self, amount: float, currency: str, on: date) -> tuple[float, str]:
        """
        An amount in USD, and how it was converted in words (nothing to say of a USD price).

        Raises
        ------
        LookupFault
            When the currency has no rate on or before that day.
        """
        if currency == "USD":
            return amount, ""
        known = [entry for entry in self._entries if entry.row.currency == currency]
        if not known:
            codes = {entry.row.currency for entry in self._entries} | {"USD"}
            raise LookupFault(Fault(f"currency {currency}", "no rate in price_sheets/fx", nearest(currency, codes)))
        dated = [entry.row for entry in known if entry.row.on <= on]
        if not dated:
            first = min(entry.row.on for entry in known)
            mend = f"add a row for an earlier day; the first is {first}"
            raise LookupFault(Fault(f"currency {currency} on {on}", "no rate", mend))
        rate = max(dated, key=lambda row: row.on)
        return amount * rate.usd_per_unit, f"{amount:g} {currency} at {rate.usd_per_unit:g} USD of {rate.on}"
