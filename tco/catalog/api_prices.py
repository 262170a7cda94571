"""The API sheets: long rows of one price each, read together into what one model costs on a day."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from tco.catalog.dated import holding
from tco.catalog.fx import Rates
from tco.catalog.names import model_label
from tco.catalog.table import DatedRow, Entry, Plain, noted
from tco.inputs.source import Fact, Source

Meter = Literal["input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning", "request"]
Tier = Literal["standard", "batch", "flex", "priority"]

KEY = (
    "provider",
    "model",
    "meter",
    "service_tier",
    "min_input_tokens",
    "region",
    "hours_utc",
)
"""What makes two prices the same price at different times."""

_DAYS = "(Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_HOURS = r"([01]\d|2[0-3])-([01]\d|2[0-4])"
_HOURS_UTC = re.compile(rf"({_DAYS}(-{_DAYS})?(,{_DAYS}(-{_DAYS})?)* )?{_HOURS}(,{_HOURS})*")


class ApiPriceRow(DatedRow):
    """One price of one meter, as the vendor prints it."""

    provider: str
    """Vendor, in lower case."""
    model: str
    """The vendor's own name of the model."""
    meter: Meter
    """What is counted."""
    price: Annotated[float, Plain, Field(ge=0)]
    """Price of one unit of ``per``."""
    per: Literal["1M tokens", "request"]
    """The unit charged."""
    service_tier: Tier
    """standard, batch (within a day), flex or priority."""
    min_input_tokens: Annotated[int, Plain, Field(ge=0)] = 0
    """Prompt tokens above which this price applies; 0 for the ordinary price."""
    tier_rule: Literal["", "whole_request", "marginal"] = ""
    """How a long prompt is charged: all of the request dearer, or only the tokens beyond."""
    region: Annotated[str, AfterValidator(lambda name: "" if name == "global" else name)] = ""
    """Blank, or global, which is the same; a named region's prices are kept but not used."""
    hours_utc: str = ""
    """Hours this price holds, such as ``Mon-Fri 01-04,06-10``; blank for all others."""

    @model_validator(mode="after")
    def _agrees(self) -> "ApiPriceRow":
        if (self.meter == "request") != (self.per == "request"):
            raise ValueError(f"meter {self.meter} is charged per {self.per}: per request goes with the meter request")
        if bool(self.min_input_tokens) != bool(self.tier_rule):
            raise ValueError("min_input_tokens and tier_rule go together: give both, or neither")
        if self.hours_utc and not hours_are_well_written(self.hours_utc):
            raise ValueError(
                f"hours_utc {self.hours_utc!r}: write them as Mon-Fri 01-04,06-10 or 22-24, from before to"
            )
        return self


def hours_are_well_written(text: str) -> bool:
    """
    Whether hours follow the grammar: optional days, then two-digit ranges, each from before to.

    Examples
    --------
    >>> hours_are_well_written("Mon-Fri 01-04,06-10"), hours_are_well_written("00-24"), hours_are_well_written("10-04")
    (True, True, False)
    """
    if not _HOURS_UTC.fullmatch(text):
        return False
    return all(int(part[:2]) < int(part[3:]) for part in text.split(" ")[-1].split(","))


@dataclass(frozen=True)
class ApiSku:
    """One model that a vendor sells: ``sku`` is ``provider/model``."""

    sku: str
    label: str
    provider: str
    model: str
    valid_from: date
    """The first day it is priced."""
    checked_on: date
    """The newest check of a price that holds."""


Prices = Mapping[tuple[str, str, int, str], Entry[ApiPriceRow]]
"""The prices of one model on one day, by meter, tier, threshold and hours."""


def by_sku(entries: Iterable[Entry[ApiPriceRow]]) -> dict[str, list[Entry[ApiPriceRow]]]:
    """The rows of each model: ``provider/model`` is its SKU."""
    groups: dict[str, list[Entry[ApiPriceRow]]] = {}
    for entry in entries:
        groups.setdefault(f"{entry.row.provider}/{entry.row.model}", []).append(entry)
    return groups


def skus(models: Mapping[str, list[Entry[ApiPriceRow]]], on: date) -> list[ApiSku]:
    """Every model with an input and an output price on a day, by vendor and name."""
    found = []
    for sku, rows in models.items():
        prices = on_day(rows, on)
        if ("input", "standard", 0, "") in prices and ("output", "standard", 0, "") in prices:
            row = rows[0].row
            first = min(entry.row.valid_from for entry in rows)
            checked = max(entry.row.checked_on for entry in prices.values())
            found.append(ApiSku(sku, model_label(row.provider, row.model), row.provider, row.model, first, checked))
    return sorted(found, key=lambda item: item.sku)


def on_day(entries: Iterable[Entry[ApiPriceRow]], on: date) -> Prices:
    """The global prices of one model on a day."""
    usable = [entry for entry in entries if not entry.row.region]
    return {
        (entry.row.meter, entry.row.service_tier, entry.row.min_input_tokens, entry.row.hours_utc): entry
        for entry in holding(usable, on, KEY)
    }


def facts(prices: Prices, rates: Rates, on: date) -> list[Fact]:
    """
    What one model costs on a day, as facts whose paths are those of an API option.

    Meters the vendor does not charge apart take the input price and say so. The batch, long-context and hourly
    tariffs become factors on the standard price. Prices in another currency are converted with the day's rate.
    """
    usd = {name: _in_usd(entry, rates, on) for name, entry in prices.items()}
    first = prices["input", "standard", 0, ""]
    label = Fact("label", model_label(first.row.provider, first.row.model), first.source())
    return [label, *_meters(usd), *_batch(usd), *_long_context(usd, prices), *_hours(usd)]


Usd = Mapping[tuple[str, str, int, str], Fact]


def _in_usd(entry: Entry[ApiPriceRow], rates: Rates, on: date) -> Fact:
    value, note = rates.in_usd(entry.row.price, entry.row.currency, on)
    return Fact("", value, entry.source(note))


def _meters(usd: Usd) -> list[Fact]:
    paid = usd["input", "standard", 0, ""]
    found = [
        replace(paid, path="price.input_usd_per_mtok"),
        _or_input(usd, ("cache_read",), "price.cache_read_usd_per_mtok", "cache reads"),
        _or_input(usd, ("cache_write_5m", "cache_write_1h"), "price.cache_write_usd_per_mtok", "cache writes"),
        replace(usd["output", "standard", 0, ""], path="price.output_usd_per_mtok"),
    ]
    call = usd.get(("request", "standard", 0, ""))
    return [*found, *([replace(call, path="price.call_usd_per_request")] if call else [])]


def _or_input(usd: Usd, meters: Sequence[str], path: str, what: str) -> Fact:
    for meter in meters:
        if (meter, "standard", 0, "") in usd:
            return replace(usd[meter, "standard", 0, ""], path=path)
    paid = usd["input", "standard", 0, ""]
    return Fact(path, paid.value, noted(paid.source, f"no price of its own for {what}: charged as input"))


def _batch(usd: Usd) -> list[Fact]:
    if ("input", "batch", 0, "") not in usd or ("output", "batch", 0, "") not in usd:
        return []
    return _factors(usd, "batch", "batch", 0)


def _long_context(usd: Usd, prices: Prices) -> list[Fact]:
    limits = sorted({limit for meter, tier, limit, _ in usd if limit and tier == "standard" and meter == "input"})
    if not limits or ("output", "standard", limits[0], "") not in usd:
        return []
    limit = limits[0]
    entry = prices["input", "standard", limit, ""]
    more = f"further thresholds at {', '.join(f'{x:,}' for x in limits[1:])} are not used" if limits[1:] else ""
    source = entry.source(more)
    head = [
        Fact("long_context.above_tok", float(limit), source),
        Fact("long_context.tier_rule", entry.row.tier_rule, source),
    ]
    return head + _factors(usd, "long_context", "standard", limit)


def _factors(usd: Usd, name: str, tier: str, limit: int) -> list[Fact]:
    inputs = _ratio(usd, "input", tier, limit, f"{name}.input_ratio")
    cached = _ratio(usd, "cache_read", tier, limit, f"{name}.cached_ratio")
    if cached is None and inputs is not None:
        note = "no price of its own for cache reads in this tariff: the factor of input"
        cached = Fact(f"{name}.cached_ratio", inputs.value, noted(inputs.source, note))
    outputs = _ratio(usd, "output", tier, limit, f"{name}.output_ratio")
    return [fact for fact in (inputs, cached, outputs) if fact is not None]


def _ratio(usd: Usd, meter: str, tier: str, limit: int, path: str, hours: str = "") -> Fact | None:
    special, usual = usd.get((meter, tier, limit, hours)), usd.get((meter, "standard", 0, ""))
    if special is None or usual is None or usual.value == 0:
        return None
    note = f"{special.value:g} over {usual.value:g} USD"
    return Fact(path, special.value / usual.value, noted(special.source, note))


def _hours(usd: Usd) -> list[Fact]:
    windows = sorted({hours for _, tier, limit, hours in usd if hours and tier == "standard" and limit == 0})
    value: list[dict[str, Any]] = []
    source: Source | None = None
    for hours in windows:
        meters = [_ratio(usd, meter, "standard", 0, meter, hours) for meter in ("input", "cache_read", "output")]
        ratios = [fact for fact in meters if fact is not None]
        value.append({"hours_utc": hours, "price_ratio": ratios[-1].value})
        low, high = min(f.value for f in ratios), max(f.value for f in ratios)
        note = (
            "" if high <= low * (1 + SAME_RATIO_FRAC) else f"the meters' factors differ, {low:g} to {high:g}: output's"
        )
        source = source or noted(ratios[-1].source, note)
    return [Fact("hours", tuple(value), source)] if source is not None else []


SAME_RATIO_FRAC = 0.02
"""How far apart the meters' hourly factors may be and still count as one factor."""
