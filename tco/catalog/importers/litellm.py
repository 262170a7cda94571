"""
LiteLLM's model price map: USD per token, a key for each meter, tariff and threshold.

The file is ``model_prices_and_context_window.json`` of the project, or its copy inside the installed package.
"""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tco.catalog.importers.quote import Reading, mapping, number, per_mtok

NAME, PACKAGE, SITE = "litellm", "litellm", "https://github.com/BerriAI/litellm"
SHAPE = "model_prices_and_context_window.json"
TOKENS_PER_K = 1000
_METERS = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cache_read",
    "input_cost_per_token_cache_hit": "cache_read",
    "cache_creation_input_token_cost": "cache_write_5m",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "output_cost_per_reasoning_token": "reasoning",
    "input_cost_per_request": "request",
}
_TIERS = {"": "standard", "_batches": "batch", "_flex": "flex", "_priority": "priority"}
_KEY = re.compile(
    rf"(?P<meter>{'|'.join(sorted(_METERS, key=len, reverse=True))})(_above_(?P<k>\d+)k_tokens)?(?P<tier>{'|'.join(_TIERS)})"
)
_PRICE_LIKE = re.compile(r"cost|price|pricing|(^|_)per_|multiplier")
_TIERED = "tiered_pricing"
_WORDS = ("sample_spec",)


def bundled() -> Path | None:
    """The map inside the installed package; None when it is not installed."""
    spec = find_spec(PACKAGE)
    path = Path(spec.origin).parent / "model_prices_and_context_window_backup.json" if spec and spec.origin else None
    return path if path is not None and path.is_file() else None


def read(data: Any, reading: Reading) -> Reading:
    """Every price of a vendor that we keep, as quotes."""
    for key, facts in mapping(data, NAME, SHAPE).items():
        if key in _WORDS or not isinstance(facts, Mapping):
            continue
        reading.models += 1
        sku = reading.sku_of(str(facts.get("litellm_provider")), _model(key))
        if sku is not None:
            _read_model(sku, key, facts, reading)
    return reading.settled()


def _model(key: str) -> str:
    """The vendor's own name: without the prefix by which LiteLLM routes."""
    first, _, rest = key.partition("/")
    return rest if rest and first in _PREFIXES else key


_PREFIXES = frozenset(
    ["anthropic", "bedrock", "cerebras", "dashscope", "deepinfra", "deepseek", "fireworks_ai", "gemini", "groq", "minimax",
     "mistral", "moonshot", "nebius", "novita", "openai", "together_ai", "vertex_ai", "xai", "zai"]
)  # fmt: skip
"""Prefixes by which LiteLLM routes to a vendor; what follows is the vendor's own name, slashes and all."""


def _read_model(sku: str, key: str, facts: Mapping[str, Any], reading: Reading) -> None:
    url = str(facts.get("source") or "")
    url = url if url.startswith("https://") else ""
    for name, value in facts.items():
        found = _KEY.fullmatch(name)
        if found is not None:
            _quote(sku, key, found, value, url, reading)
        elif name == _TIERED and isinstance(value, list):
            _tiered(sku, key, value, url, reading)
        elif _PRICE_LIKE.search(name) and _has_a_price(value):
            reading.not_taken(name)


def _quote(sku: str, key: str, found: re.Match[str], value: Any, url: str, reading: Reading) -> None:
    meter = _METERS[found["meter"]]
    usd = number(value) if meter == "request" else per_mtok(value)
    limit = int(found["k"]) * TOKENS_PER_K if found["k"] else 0
    if found["meter"] == "input_cost_per_token_cache_hit":  # the older name of the same price
        reading.left_out["an older key beside the newer one"] += 1
    else:
        reading.add(sku, key, meter, usd, service_tier=_TIERS[found["tier"]], min_input_tokens=limit, url=url)


def _tiered(sku: str, key: str, steps: list[Any], url: str, reading: Reading) -> None:
    """Prices by length of the prompt, each with the range it holds in."""
    for step in steps:
        bounds = step.get("range") if isinstance(step, Mapping) else None
        start = number(bounds[0]) if isinstance(bounds, list) and bounds else None
        if start is None:
            reading.unknown[f"{_TIERED} without a range"] += 1
            continue
        for name, value in step.items():
            meter = _METERS.get(name)
            if meter is not None:
                reading.add(sku, key, meter, per_mtok(value), min_input_tokens=int(start), url=url)
            elif name != "range":
                reading.not_taken(f"{_TIERED}.{name}")


def _has_a_price(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_a_price, value.values()))
    return isinstance(value, list) or (number(value) or 0.0) > 0
