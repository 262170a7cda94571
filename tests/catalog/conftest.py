"""Small price sheets in a folder of their own."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

HEADER = (
    "provider,model,meter,price,currency,per,service_tier,min_input_tokens,tier_rule,region,hours_utc,valid_from,valid_to,"
    "basis,evidence,source_url,checked_on,checked_by,note"
)
ROW = {
    "provider": "acme", "model": "large", "currency": "USD", "per": "1M tokens", "service_tier": "standard",
    "valid_from": "2026-01-01", "basis": "list", "evidence": "A", "source_url": "https://acme.example",
    "checked_on": "2026-11-01", "checked_by": "hand",
}  # fmt: skip
"""What a row says unless a test says otherwise."""


def line(cells: Mapping[str, str]) -> str:
    """A row of an API sheet as text."""
    row = ROW | cells
    return ",".join(f'"{row[name]}"' if "," in row.get(name, "") else row.get(name, "") for name in HEADER.split(","))


@pytest.fixture
def acme(tmp_path: Path) -> Callable[..., Path]:
    """A folder with one API sheet: input 2 and output 8 USD from 2026-01-01, and these rows after them (from line 4)."""

    def write(*rows: Mapping[str, str], end: str = "\n", mark: str = "", name: str = "acme") -> Path:
        folder = tmp_path / "price_sheets" / "api"
        folder.mkdir(parents=True, exist_ok=True)
        usual = [{"meter": "input", "price": "2"}, {"meter": "output", "price": "8"}]
        text = end.join([HEADER, *map(line, [*usual, *rows]), ""])
        (folder / f"{name}.csv").write_bytes((mark + text).encode())
        return tmp_path

    return write
