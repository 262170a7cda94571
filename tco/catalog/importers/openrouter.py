"""
OpenRouter's list of models: USD per token, written as strings. The file is the answer of its ``/api/v1/models``, saved.

OpenRouter passes the makers' list prices on; a model that many hosts serve has the price of one of them, so only makers'
own models are taken.
"""

from collections.abc import Mapping
from typing import Any

from tco.catalog.importers.quote import Reading, mapping, number, per_mtok

NAME, PACKAGE, SITE = "openrouter", "", "https://openrouter.ai/models"
SHAPE = "the answer of /api/v1/models, saved to a file"
_METERS = {
    "prompt": "input",
    "completion": "output",
    "input_cache_read": "cache_read",
    "input_cache_write": "cache_write_5m",
    "input_cache_write_1h": "cache_write_1h",
    "internal_reasoning": "reasoning",
    "request": "request",
}
_TIERS = {"": "standard", "batch": "batch", "flex": "flex", "priority": "priority"}
_LIMIT = "min_prompt_tokens"


def bundled() -> Any:
    """None: there is no package."""
    return None


def read(data: Any, reading: Reading) -> Reading:
    """Every price of a maker that we keep, as quotes."""
    for model in mapping(data, NAME, SHAPE).get("data") or ():
        reading.models += 1
        key = str(model.get("id"))
        provider, _, name = key.partition("/")
        name, _, variant = name.partition(":")
        sku = reading.sku_of(provider, name)
        pricing = model.get("pricing")
        if sku is None or not isinstance(pricing, Mapping):
            continue
        if variant not in _TIERS:
            reading.left_out[f"variants such as :{variant}"] += 1
            continue
        _read_pricing(sku, key, pricing, _TIERS[variant], 0, reading)
    return reading.settled()


def _read_pricing(sku: str, key: str, pricing: Mapping[str, Any], tier: str, limit: int, reading: Reading) -> None:
    if number(pricing.get("discount")):
        reading.left_out["prices with a passing discount"] += 1
        return
    for name, value in pricing.items():
        meter = _METERS.get(name)
        if meter is not None:
            usd = number(value) if meter == "request" else per_mtok(value)
            reading.add(sku, key, meter, usd, service_tier=tier, min_input_tokens=limit)
        elif name == "overrides" and isinstance(value, list) and not limit:
            for step in value:
                start = number(step.get(_LIMIT))
                if start is None:
                    reading.unknown[f"overrides of {', '.join(sorted(set(step) - set(_METERS)))}"] += 1
                else:
                    rest = {k: v for k, v in step.items() if k != _LIMIT}
                    _read_pricing(sku, key, rest, tier, int(start), reading)
        elif name != "discount" and (number(value) is None or number(value)):
            reading.not_taken(name)
