"""A catalog of round prices, and logs of a few lines."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tco.catalog import Catalog

NOW = datetime(2026, 12, 31, tzinfo=UTC)
HEADER = (
    "provider,model,meter,price,currency,per,service_tier,min_input_tokens,tier_rule,region,hours_utc,"
    "valid_from,valid_to,basis,evidence,source_url,checked_on,checked_by,note"
)


def price(
    meter: str, usd: float, *, model: str = "large", tier: str = "standard", limit: str = "", rule: str = "",
    hours: str = "", start: str = "2026-01-01", end: str = "", basis: str = "list", currency: str = "USD",
) -> str:  # fmt: skip
    """One row of a sheet."""
    per = "request" if meter == "request" else "1M tokens"
    tail = f'"{hours}",{start},{end},{basis},A,https://acme.example,2026-11-01,hand,'
    return f"acme,{model},{meter},{usd},{currency},{per},{tier},{limit},{rule},,{tail}"


SHEET = [
    price("input", 2, end="2026-10-15"),
    price("input", 4, start="2026-10-15"),
    price("cache_read", 1),
    price("cache_write_5m", 5),
    price("output", 10),
    price("input", 1, tier="batch"),
    price("output", 5, tier="batch"),
    price("input", 8, limit="1000", rule="whole_request"),
    price("output", 20, limit="1000", rule="whole_request"),
    price("input", 1, model="parted"),
    price("output", 1, model="parted"),
    price("input", 3, model="parted", limit="1000", rule="marginal"),
    price("input", 6, model="parted", limit="2000", rule="marginal"),
    price("output", 1, model="parted", limit="1000", rule="marginal"),
    price("output", 1, model="parted", limit="2000", rule="marginal"),
    price("input", 1, model="hourly"),
    price("output", 2, model="hourly"),
    price("input", 3, model="hourly", hours="Mon-Fri 09-17"),
    price("output", 6, model="hourly", hours="Mon-Fri 09-17"),
    price("request", 0.5, model="hourly"),
    price("input", 7, model="later", start="2026-12-01"),
    price("output", 7, model="later", start="2026-12-01"),
]


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    """A vendor ``acme`` whose model ``large`` has two prices, caches, batch and long prompts."""
    return sheets(tmp_path, SHEET)


def sheets(folder: Path, rows: list[str]) -> Catalog:
    """A catalog of these API prices."""
    api = folder / "data" / "price_sheets" / "api"
    api.mkdir(parents=True)
    (api / "acme.csv").write_text("\n".join([HEADER, *rows, ""]), encoding="utf-8")
    return Catalog.open(folder / "data")


@pytest.fixture
def log(tmp_path: Path) -> Callable[..., Path]:
    """A log of the usual columns, from rows of text."""

    def written(
        *rows: str, name: str = "log.csv", header: str = "request_id,time,model,tier,input,cached,output"
    ) -> Path:
        path = tmp_path / name
        names = {
            "input": "prompt_tokens",
            "cached": "cached_tokens",
            "output": "completion_tokens",
            "tier": "service_tier",
        }
        path.write_text("\n".join([",".join(names.get(n, n) for n in header.split(",")), *rows, ""]), encoding="utf-8")
        return path

    return written
