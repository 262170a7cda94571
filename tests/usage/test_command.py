"""`tco usage` as a person types it."""

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tco.catalog import Catalog
from tco.catalog.aliases import Names
from tco.cli import main
from tco.usage.report import shown

from .conftest import SHEET, sheets

ROOT = Path(__file__).parents[2]
SAMPLES = Path(__file__).parent / "samples"
Log = Callable[..., Path]


@pytest.fixture
def told(tmp_path: Path, log: Log) -> tuple[Path, Path]:
    """A data folder of round prices, and a log that comes to 0.0044 USD."""
    sheets(tmp_path, SHEET)
    return tmp_path / "data", log("a,2026-10-20T00:00:00Z,large,,1000,200,100")


def test_a_log_becomes_a_table_and_then_a_bill(
    tmp_path: Path, told: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    data, path = told
    table = tmp_path / "usage.parquet"
    assert main(["usage", "import", str(path), "--output", str(table), "--data", str(data)]) == 0
    assert "1 of 1 rows taken, 1 requests" in capsys.readouterr().out
    assert main(["usage", "bill", str(table), "--data", str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total_usd"] == pytest.approx(0.0044)


@pytest.mark.parametrize(
    ("invoice", "status", "words"), [("0.0044", 0, "agrees"), ("0.0046", 0, "W-RECON"), ("0.006", 1, "W-RECON")]
)
def test_an_invoice_decides_the_exit_status(
    told: tuple[Path, Path], capsys: pytest.CaptureFixture[str], invoice: str, status: int, words: str
) -> None:
    data, path = told
    assert main(["usage", "bill", str(path), "--data", str(data), "--invoice", invoice, "--month", "2026-10"]) == status
    out = capsys.readouterr().out
    assert "unexplained" in out
    assert words in out


def test_all_prices_of_one_day(told: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    data, path = told
    assert main(["usage", "bill", str(path), "--data", str(data), "--as-of", "2026-10-01", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total_usd"] == pytest.approx(0.0028)


def test_a_formula_is_written_harmlessly(tmp_path: Path, told: tuple[Path, Path], log: Log) -> None:
    data, _ = told
    path = log("a,2026-10-20T00:00:00Z,=HYPERLINK(1),,1000,0,0", name="evil.csv")
    out = tmp_path / "bill.csv"
    assert main(["usage", "bill", str(path), "--data", str(data), "--csv", str(out)]) == 0
    rows = list(csv.DictReader(out.open(encoding="utf-8", newline="")))
    assert [row["model"] for row in rows] == ["'=HYPERLINK(1)"]
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "-", "@")]


def test_a_workload_goes_into_a_scenario(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = tmp_path / "mine.yaml"
    shutil.copy(ROOT / "scenarios" / "support-assistant.yaml", scenario)
    words = [
        "usage",
        "workload",
        str(SAMPLES / "trace-azure.csv"),
        "--into",
        str(scenario),
        "--data",
        str(ROOT),
        "--json",
    ]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["input_mean_tok"] == 577  # 11,540 / 20
    assert main(["breakeven", str(scenario), "--data", str(ROOT), "--json"]) == 0
    assert main(["usage", "workload", str(SAMPLES / "trace-azure.csv"), "--data", str(ROOT)]) == 0
    assert "577.0 tok" in capsys.readouterr().out


def test_strict_and_wrong_flags_are_one_message(
    told: tuple[Path, Path], log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    data, _ = told
    bad = log("a,2026-10-20T00:00:00Z,large,,-1,0,0", "b,2026-10-20T00:00:00Z,large,,1,0,0", name="bad.csv")
    assert main(["usage", "bill", str(bad), "--data", str(data), "--strict"]) == 2
    assert "fewer than no tokens" in capsys.readouterr().err
    assert main(["usage", "import", str(bad), "--data", str(data), "--map", "prompt_tok"]) == 2
    assert "OURS=THEIRS" in capsys.readouterr().err
    assert main(["usage", "import", str(bad), "--data", str(data), "--format", "litelm"]) == 2
    assert "did you mean litellm" in capsys.readouterr().err
    assert main(["usage", "import", "nowhere", "--data", str(data)]) == 2
    assert "no log there" in capsys.readouterr().err


def test_a_terminal_gets_no_control_characters(
    told: tuple[Path, Path], log: Log, capsys: pytest.CaptureFixture[str]
) -> None:
    data, _ = told
    evil = log("a,2026-10-20T00:00:00Z,\x1b[2Jx,,1,0,0", name="evil.csv")
    assert main(["usage", "bill", str(evil), "--data", str(data)]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert shown("a\nb") == "a\\nb"


NAMES = Catalog.open(ROOT).model_names()


@pytest.mark.parametrize(
    ("vendor", "model", "sku"),
    [
        (None, "gpt-5.4", "openai/gpt-5.4"),
        (None, "gpt-5.4-2026-03-05", "openai/gpt-5.4"),
        (None, "openai/gpt-5.4", "openai/gpt-5.4"),
        (None, "azure/gpt-5.4", "openai/gpt-5.4"),
        ("azure", "azure/gpt-5.4", "openai/gpt-5.4"),
        ("azure", "gpt-5.4", "openai/gpt-5.4"),
        ("openrouter", "openrouter/anthropic/claude-opus-4.6", "anthropic/claude-opus-4-6"),
        (None, "anthropic/claude-opus-4.6-20260205", "anthropic/claude-opus-4-6"),
        (None, "Claude-Opus-4.6@20260205", "anthropic/claude-opus-4-6"),
        ("openai", "GPT-5.4", "openai/gpt-5.4"),
        ("groq", "openai/gpt-oss-120b", "groq/openai/gpt-oss-120b"),
        (None, "deepseek/deepseek-chat", "deepseek/deepseek-v3.2"),
        ("groq", "gpt-5.4", None),
        (None, "gpt-5.4:free", None),
        (None, "my-own", None),
        (None, None, None),
    ],
)
def test_a_logs_name_leads_to_a_sku(vendor: str | None, model: str | None, sku: str | None) -> None:
    assert NAMES.sku(vendor, model) == sku


@pytest.mark.parametrize("sku", NAMES.skus)
def test_every_sku_is_found_by_its_own_name(sku: str) -> None:
    vendor, model = sku.split("/", 1)
    assert NAMES.sku(None, sku) == sku
    assert NAMES.sku(vendor, model) == sku


def test_a_ring_of_aliases_ends() -> None:
    assert Names(["a/m"], {"x/": "y/", "y/": "x/"}).sku(None, "x/m") is None


def test_every_alias_leads_to_a_vendor_or_a_model_that_is_sold() -> None:
    vendors = {sku.split("/", 1)[0] for sku in NAMES.skus}
    for entry in Catalog.open(ROOT).rows("aliases"):
        if entry.row.name.endswith("/"):
            assert entry.row.sku == "" or entry.row.sku.rstrip("/") in vendors, entry.row.name
        else:
            assert NAMES.sku(None, entry.row.name) == entry.row.sku
