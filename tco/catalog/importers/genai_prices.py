"""
genai-prices: USD per million tokens, with tiers by length of the prompt and prices from a day on.

The file is the project's ``data.json`` (a list of providers); the installed package has the same as Python objects.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from tco.catalog.importers.quote import Reading, number
from tco.errors import Fault, TcoError

NAME, PACKAGE, SITE = "genai-prices", "genai_prices", "https://github.com/pydantic/genai-prices"
REQUESTS_PER_K = 1000.0
_METERS = {
    "input_mtok": "input",
    "output_mtok": "output",
    "cache_read_mtok": "cache_read",
    "cache_write_mtok": "cache_write_5m",
    "cache_write_1h_mtok": "cache_write_1h",
    "output_reasoning_mtok": "reasoning",
    "requests_kcount": "request",
}


def bundled() -> Any:
    """The data inside the installed package, as its file would have them; None when it is not installed."""
    if find_spec(PACKAGE) is None:
        return None
    return _plain(import_module(f"{PACKAGE}.data").providers)


def read(data: Any, reading: Reading) -> Reading:
    """Every price of a vendor that we keep, as quotes."""
    if not isinstance(data, list):
        raise TcoError(
            Fault(NAME, f"a {type(data).__name__}", "give the project's own file, data.json: a list of providers")
        )
    for provider in data:
        for model in provider.get("models") or ():
            reading.models += 1
            sku = reading.sku_of(str(provider.get("id")), str(model.get("id")))
            if sku is None:
                continue
            pages = provider.get("pricing_urls") or [""]
            for start, prices in _dated(model.get("prices"), reading):
                _read_prices(sku, f"{provider['id']}/{model['id']}", prices, start, str(pages[0]), reading)
    return reading.settled()


def _dated(prices: Any, reading: Reading) -> Iterator[tuple[date | None, Mapping[str, Any]]]:
    """Prices with the first day they hold; those of some hours are told and left out."""
    for item in prices if isinstance(prices, list) else [{"prices": prices or {}}]:
        constraint = item.get("constraint") or {}
        start = constraint.get("start_date")
        if constraint and start is None:
            if set(constraint) <= {"start_time", "end_time"}:
                reading.left_out["prices of some hours of the day: enter them by hand"] += 1
            else:
                reading.unknown[f"constraint {', '.join(sorted(constraint))}"] += 1
            continue
        yield (date.fromisoformat(str(start)) if start else None), item.get("prices") or {}


def _read_prices(sku: str, key: str, prices: Mapping[str, Any], start: date | None, url: str, reading: Reading) -> None:
    for name, value in prices.items():
        meter = _METERS.get(name)
        if value is None:
            continue
        if meter is None:
            reading.not_taken(name)
            continue
        steps = [(0, value)]
        if isinstance(value, Mapping):
            steps = [(0, value.get("base")), *((int(t["start"]), t["price"]) for t in value.get("tiers") or ())]
        for limit, price in steps:
            usd = number(price)
            usd = usd / REQUESTS_PER_K if usd is not None and meter == "request" else usd
            reading.add(sku, key, meter, usd, min_input_tokens=limit, valid_from=start, url=url)


def _plain(value: Any) -> Any:
    """The package's objects as plain lists and mappings; objects are read by their own attributes."""
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if hasattr(value, "__dict__") and not isinstance(value, type):
        return {
            name: _plain(item) for name, item in vars(value).items() if item is not None and not name.startswith("_")
        }
    return value
