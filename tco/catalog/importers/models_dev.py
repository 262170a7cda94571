"""models.dev: USD per million tokens, tiers by length of the prompt. The file is its ``api.json``, whole or its costs alone."""

from collections.abc import Mapping
from typing import Any

from tco.catalog.importers.quote import Reading, mapping, number

NAME, PACKAGE, SITE = "models.dev", "", "https://models.dev"
SHAPE = "https://models.dev/api.json, saved to a file"
_METERS = {
    "input": "input",
    "output": "output",
    "cache_read": "cache_read",
    "cache_write": "cache_write_5m",
    "reasoning": "reasoning",
    "request": "request",
}
_OVER_200K = "context_over_200k"
LIMIT_200K = 200_000


def bundled() -> Any:
    """None: there is no package."""
    return None


def read(data: Any, reading: Reading) -> Reading:
    """Every price of a vendor that we keep, as quotes."""
    for provider, facts in mapping(data, NAME, SHAPE).items():
        models = facts.get("models", facts) if isinstance(facts, Mapping) else {}
        for name, model in models.items():
            cost = model.get("cost") if isinstance(model, Mapping) else None
            reading.models += 1
            sku = reading.sku_of(str(provider), str(name))
            if sku is not None and isinstance(cost, Mapping):
                _read_cost(sku, f"{provider}/{name}", cost, 0, reading)
    return reading.settled()


def _read_cost(sku: str, key: str, cost: Mapping[str, Any], limit: int, reading: Reading) -> None:
    for name, value in cost.items():
        if name in _METERS:
            reading.add(sku, key, _METERS[name], number(value), min_input_tokens=limit)
        elif name == "tiers" and isinstance(value, list) and not limit:
            for step in value:
                size = number((step.get("tier") or {}).get("size"))
                if size is None:
                    reading.unknown["tiers without a size"] += 1
                else:
                    _read_cost(sku, key, {k: v for k, v in step.items() if k != "tier"}, int(size), reading)
        elif name == _OVER_200K and isinstance(value, Mapping) and not limit:
            if "tiers" not in cost:  # the older way to say the same
                _read_cost(sku, key, value, LIMIT_200K, reading)
        else:
            reading.not_taken(name)
