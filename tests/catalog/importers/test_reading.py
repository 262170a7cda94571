"""Each source's own units and words become quotes; what is not taken over is counted and named."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tco.catalog import Catalog
from tco.catalog.importers import importers
from tco.catalog.importers.names import PROVIDERS, known_skus
from tco.catalog.importers.quote import Quote, Reading
from tco.catalog.proposing import open_source
from tco.errors import LookupFault, TcoError

HERE = Path(__file__).parent
FILES = {
    "litellm": "litellm_2026-10-21.json",
    "genai-prices": "genai-prices.json",
    "models.dev": "models.dev_2026-07-02.json",
    "openrouter": "openrouter.json",
}


@pytest.fixture(scope="module")
def known(catalog: Catalog) -> dict[str, str]:
    return known_skus(f"{entry.row.provider}/{entry.row.model}" for entry in catalog.rows("api"))


def reading(name: str, known: dict[str, str], data: Any = None) -> Reading:
    data = json.loads((HERE / FILES[name]).read_text(encoding="utf-8")) if data is None else data
    found: Reading = importers()[name].read(data, Reading(name, known))
    return found


def prices(found: Reading, sku: str) -> dict[tuple[str, str, int], float]:
    return {quote.price_key: quote.usd for quote in found.quotes if quote.sku == sku}


def test_every_source_of_the_command_is_there() -> None:
    assert set(importers()) == set(FILES) == set(PROVIDERS)


def test_litellm_prices_a_token_by_tariff_and_threshold(known: dict[str, str]) -> None:
    found = reading("litellm", known)
    gpt = prices(found, "openai/gpt-5.4")
    assert gpt["input", "standard", 0] == 2.5  # 2.5e-06 a token
    assert gpt["output", "standard", 272_000] == 22.5
    assert gpt["input", "batch", 272_000] == 2.5
    assert (gpt["input", "flex", 0], gpt["output", "priority", 0]) == (1.25, 30)
    opus = prices(found, "anthropic/claude-opus-4-6")
    assert (opus["cache_write_5m", "standard", 0], opus["cache_write_1h", "standard", 0]) == (6.25, 10)
    assert prices(found, "alibaba/qwen-flash")["input", "standard", 256_000] == 0.25  # its ranges
    assert prices(found, "bedrock/moonshotai.kimi-k3")["input", "standard", 0] == 3  # worldwide, not the region's 3.30
    assert ("input", "standard", 0) in prices(found, "fireworks/glm-5p2")
    assert next(q.url for q in found.quotes if q.sku == "google/gemini-2.5-flash").startswith("https://ai.google.dev")


def test_litellm_s_other_keys_are_counted_and_named(known: dict[str, str]) -> None:
    found = reading("litellm", known)
    assert found.unknown["input_cost_per_token_ultrafast"] == 1
    assert found.unknown["off_peak_pricing"] == 1
    assert not [key for key in found.unknown if "audio" in key or "search" in key]
    assert found.left_out["not of text tokens (audio, images, tools …)"] > 5
    assert found.left_out["reasoning at the price of answers"] == 1
    assert found.left_out["another name of the same model"] > 0
    assert found.models == 10


def test_genai_prices_have_tiers_and_first_days(known: dict[str, str]) -> None:
    found = reading("genai-prices", known)
    opus = [q for q in found.quotes if q.sku == "anthropic/claude-opus-4-6" and q.meter == "input"]
    assert {(q.usd, q.min_input_tokens, str(q.valid_from)) for q in opus} == {
        (5, 0, "None"), (10, 200_000, "None"), (5, 0, "2026-03-13"),
    }  # fmt: skip
    assert prices(found, "openai/gpt-5.4")["output", "standard", 272_000] == 22.5
    assert found.left_out["prices of some hours of the day: enter them by hand"] == 1
    assert any(str(q.valid_from) == "2027-01-01" for q in found.quotes)
    assert found.unknown == Counter()


def test_models_dev_has_tiers_and_keys_nobody_knows(known: dict[str, str]) -> None:
    found = reading("models.dev", known)
    assert prices(found, "openai/gpt-5.4") == {
        ("input", "standard", 0): 2.5, ("output", "standard", 0): 15, ("cache_read", "standard", 0): 0.25,
        ("input", "standard", 272_000): 5, ("output", "standard", 272_000): 22.5, ("cache_read", "standard", 272_000): 0.5,
    }  # fmt: skip
    assert found.unknown == Counter({"cached_input": 1, "cached_write": 1})
    assert found.left_out["not of text tokens (audio, images, tools …)"] == 1


def test_openrouter_writes_a_token_s_price_as_text(known: dict[str, str]) -> None:
    # the documented shape, not a real answer: see README.md
    found = reading("openrouter", known)
    assert prices(found, "openai/gpt-5.4")["input", "standard", 272_000] == 5
    opus = prices(found, "anthropic/claude-opus-4-6")  # claude-opus-4.6 there
    assert opus["cache_write_1h", "standard", 0] == 10
    assert found.unknown == Counter({"prompt_speed": 1})
    assert found.left_out["variants such as :free"] == 1
    assert found.left_out["prices with a passing discount"] == 1


@pytest.mark.parametrize("name", FILES)
def test_what_is_not_the_source_s_file_is_one_error(name: str, catalog: Catalog, tmp_path: Path) -> None:
    for number, text in enumerate(
        ['"words"', "[1, 2]" if name == "genai-prices" else "[]", "{broken", '[{"models": 3}]']
    ):
        path = tmp_path / f"{number}.json"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(TcoError, match="file"):
            open_source(name, path, catalog)
    with pytest.raises(LookupFault, match="name a file of"):
        open_source(name, tmp_path / "none.json", catalog)


def test_a_price_that_is_no_price_is_counted(known: dict[str, str]) -> None:
    found = Reading("litellm", known)
    for value in (True, "x", None, float("nan")):
        found.add("a/b", "b", "input", value)
    found.add("a/b", "b", "input", -1)
    assert found.quotes == []
    assert found.left_out == Counter({"not a number": 4, "0 or less: not charged apart, or not known": 1})


def test_a_version_is_of_the_file_s_name_else_its_fingerprint(catalog: Catalog, tmp_path: Path) -> None:
    dated = open_source("litellm", HERE / FILES["litellm"], catalog)
    assert (dated.checked_by, str(dated.day)) == ("import:litellm@2026-10-21", "2026-10-21")
    named = open_source("openrouter", HERE / FILES["openrouter"], catalog)
    assert len(named.version) == 12


def test_without_a_file_the_installed_package_is_read(
    catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "litellm"
    package.mkdir()
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')", encoding="utf-8")
    content = (HERE / FILES["litellm"]).read_text(encoding="utf-8")
    (package / "model_prices_and_context_window_backup.json").write_text(content, encoding="utf-8")
    info = tmp_path / "litellm-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: litellm\nVersion: 1.2.3\n", encoding="utf-8")
    with pytest.raises(LookupFault, match="`litellm` is not installed: install it, or name its file"):
        open_source("litellm", None, catalog)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = open_source("litellm", None, catalog)
    assert found.checked_by == "import:litellm@1.2.3"
    assert isinstance(found.reading.quotes[0], Quote)
    assert "litellm" not in sys.modules


def test_genai_prices_own_objects_are_read(catalog: Catalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "genai_prices"
    package.mkdir()
    (package / "__init__.py").write_text("", encoding="utf-8")
    (package / "data.py").write_text(
        "from decimal import Decimal\n"
        "class Of:\n    def __init__(self, **more):\n        self.__dict__.update(more)\n"
        "tiered = Of(base=Decimal('2.5'), tiers=[Of(start=272000, price=Decimal('5'))])\n"
        "model = Of(id='gpt-5.4', prices=Of(input_mtok=tiered, output_mtok=Decimal('15'), input_mchars=Decimal('1')))\n"
        "providers = [Of(id='openai', pricing_urls=['https://openai.com/api/pricing'], models=[model])]\n",
        encoding="utf-8",
    )
    info = tmp_path / "genai_prices-0.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: genai-prices\nVersion: 0.2.3\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = open_source("genai-prices", None, catalog)
    assert found.version == "0.2.3"
    assert prices(found.reading, "openai/gpt-5.4")["input", "standard", 272_000] == 5
    assert found.reading.unknown == Counter({"input_mchars": 1})
    for module in [name for name in sys.modules if name.startswith("genai_prices")]:
        monkeypatch.delitem(sys.modules, module)


@pytest.mark.parametrize("name", ["models.dev", "openrouter"])
def test_a_source_without_a_package_asks_for_its_file(name: str, catalog: Catalog) -> None:
    with pytest.raises(LookupFault, match="name its file: --from"):
        open_source(name, None, catalog)
