"""The catalog's tariffs as the engine's table of prices: every meter of every tier, context and hour that a row can be of."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from tco.catalog import Catalog
from tco.catalog.tariffs import Tariff
from tco.model.hours import hours_of
from tco.usage import sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

INSTEAD = {
    "cache_read": ("input",),
    "cache_write_5m": ("cache_write_1h", "input"),
    "cache_write_1h": ("cache_write_5m", "input"),
    "reasoning": ("output",),
}
"""What a meter without a price of its own is charged as, the first that has one."""
Key = tuple[str, str, int, str]
"""Meter, tier, limit and hours."""
Priced = tuple[str, str, date, date | None, int, int | None, str, str, str, float]
"""A row of ``sql.PRICE_COLUMNS``."""


def load(
    database: "DuckDBPyConnection",
    catalog: Catalog,
    skus: Collection[str],
    on: date | None = None,
    listed: bool = False,
) -> set[str]:
    """
    Put the prices of some SKUs, and their hours, into tables ``prices`` and ``windows``; with a day, that day's for all time.

    Returns
    -------
    set[str]
        The SKUs of which some price is of a contract.
    """
    wanted = catalog.tariffs(skus, listed)
    if on is not None:
        holding = [t for t in wanted if t.valid_from <= on and (t.valid_to is None or on < t.valid_to)]
        wanted = [replace(tariff, valid_from=date.min, valid_to=None) for tariff in holding]
    windows = sorted({(t.sku, t.hours_utc) for t in wanted if t.hours_utc})
    hours = [(sku, hour, window) for sku, window in windows for hour in hours_of(window)]
    for table, columns, rows in (
        ("prices", sql.PRICE_COLUMNS, list(price_rows(wanted))),
        ("windows", sql.WINDOW_COLUMNS, hours),
    ):
        database.execute(sql.created(table, columns))
        if rows:
            database.execute(sql.filled(table, rows))
    return {tariff.sku for tariff in wanted if tariff.contract}


def price_rows(tariffs: Sequence[Tariff]) -> Iterator[Priced]:
    """Every price that a row of usage can have, worked out from those that are printed."""
    groups: dict[tuple[str, date, date | None], list[Tariff]] = {}
    for tariff in tariffs:
        groups.setdefault((tariff.sku, tariff.valid_from, tariff.valid_to), []).append(tariff)
    for (sku, start, end), printed in groups.items():
        sheet = _Sheet(printed)
        for tier in sheet.tiers():
            for row in sheet.rows(tier):
                yield (sku, tier, start, end, *row)


class _Sheet:
    """What one SKU costs on one day."""

    def __init__(self, printed: Sequence[Tariff]) -> None:
        self.usd: dict[Key, float] = {
            (t.meter, t.service_tier, t.above_tok, t.hours_utc): t.usd_per_unit for t in printed
        }
        self.listed: dict[Key, float] = {
            (t.meter, t.service_tier, t.above_tok, t.hours_utc): t.list_usd_per_unit for t in printed
        }
        self.limits = sorted({t.above_tok for t in printed if t.meter == "input"} | {0})
        self.windows = sorted({t.hours_utc for t in printed} | {""})
        self.rule = next((t.tier_rule for t in printed if t.tier_rule), "whole_request")

    def tiers(self) -> list[str]:
        """Tiers with a price of input and of output; without the standard one there is none."""
        found = {tier for _, tier, _, _ in self.usd}
        return sorted(tier for tier in found if {("input", tier, 0, ""), ("output", tier, 0, "")} <= self.usd.keys())

    def rows(self, tier: str) -> Iterator[tuple[int, int | None, str, str, str, float]]:
        """Limit, next limit, rule, hours, meter and price of each."""
        for meter in sql.METERS:
            parted = self.rule == "marginal" and meter in ("output", "reasoning", "request")
            limits = [0] if parted else self.limits
            for limit, above in zip(limits, [*limits[1:], None], strict=True):
                for hours in self.windows:
                    usd = self.price(meter, tier, limit, hours)
                    if usd is not None:
                        yield limit, above, self.rule, hours, meter, usd

    def price(self, meter: str, tier: str, limit: int, hours: str) -> float | None:
        """
        The printed price; else the ordinary one of its tier at the factor that long prompts and hours have elsewhere in the list.

        A meter that is not printed at all is charged as another: a cache's as input, reasoning as output. A tier that leaves out what the
        standard one prints has it at the tier's factor on input.
        """
        if (meter, tier, limit, hours) in self.usd:
            return self.usd[meter, tier, limit, hours]
        printed = self._printed(meter, tier)
        if printed is None:
            other = next((other for other in INSTEAD.get(meter, ()) if self._printed(other, tier) is not None), None)
            return None if other is None else self.price(other, tier, limit, hours)
        return printed * self._factor(meter, tier, limit, "") * self._factor(meter, tier, 0, hours)

    def _printed(self, meter: str, tier: str) -> float | None:
        usual = self.usd.get((meter, tier, 0, ""))
        if usual is not None or tier == "standard":
            return usual
        standard, paid = self.usd.get((meter, "standard", 0, "")), self.listed.get(("input", "standard", 0, ""))
        if standard is None or not paid:
            return None
        return standard * (self.listed["input", tier, 0, ""] / paid if meter != "request" else 1.0)

    def _factor(self, meter: str, tier: str, limit: int, hours: str) -> float:
        if not limit and not hours:
            return 1.0
        like = ("input",) if meter.startswith("cache") else ("output",) if meter == "reasoning" else ()
        for of_tier in (tier, "standard"):
            for of_meter in (meter, *like):
                dear, usual = (
                    self.listed.get((of_meter, of_tier, limit, hours)),
                    self.listed.get((of_meter, of_tier, 0, "")),
                )
                if dear is not None and usual:
                    return dear / usual
        return 1.0
