"""The week of a log by any clock, a look at files that nobody knows, and the bill's lines for a spreadsheet."""

import csv
import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from tco.catalog import Catalog
from tco.errors import LookupFault, TcoError
from tco.usage import Engine, bill, import_logs
from tco.usage.engine import Watch
from tco.usage.lines_csv import bill_csv
from tco.usage.looking import look, missing
from tco.usage.week import load

Log = Callable[..., Path]


def table_of(log: Path, catalog: Catalog, tmp_path: Path) -> Path:
    return import_logs(log, tmp_path / "usage.parquet", catalog=catalog).table_path


def test_every_hour_of_the_week_is_the_mean_of_its_hours(log: Log, catalog: Catalog, tmp_path: Path) -> None:
    # two Mondays at 09:00 UTC with 3 requests and 1: a mean of 2; the Mondays' 10:00 with none and 2: a mean of 1
    rows = [f"{n},2026-10-05T09:0{n}:00Z,large,,10,0,1" for n in range(3)]
    rows += ["4,2026-10-12T09:00:00Z,large,,10,0,1", *(f"{n},2026-10-12T10:00:00Z,large,,10,0,1" for n in (5, 6))]
    found = load(table_of(log(*rows), catalog, tmp_path))
    week = found.week("UTC")
    assert week is not None
    assert (week[9], week[10]) == (2.0, 1.0)
    assert np.nansum(week) == pytest.approx(3.0)
    assert found.by_hour.sum() == 6


def test_a_clock_moves_the_hours_and_summer_time_counts(log: Log, catalog: Catalog, tmp_path: Path) -> None:
    # Berlin is 2 h ahead of UTC on Sunday 18 October and 1 h from Sunday 25 October on, 01:00 UTC
    rows = ["1,2026-10-18T22:30:00Z,large,,10,0,1", "2,2026-10-25T22:30:00Z,large,,10,0,1"]
    found = load(table_of(log(*rows), catalog, tmp_path))
    week = found.week("Europe/Berlin")
    assert week is not None
    assert week[0] == 1.0  # Monday 00:00, of the first
    assert week[6 * 24 + 23] == 1.0  # Sunday 23:00, of the second
    with pytest.raises(LookupFault, match="Europe/Berlin or UTC"):
        found.week("Mars/Olympus")


def test_half_an_hour_of_a_clock_parts_an_hour(log: Log, catalog: Catalog, tmp_path: Path) -> None:
    # India is 5 h 30 ahead: of the hour from 00:00 UTC half is 05:30 to 06:00, half 06:00 to 06:30; 2 requests are 1 in each half,
    # and each half hour is all that is known of its hour
    rows = [f"{n},2026-10-05T00:10:00Z,large,,10,0,1" for n in range(2)]
    week = load(table_of(log(*rows), catalog, tmp_path)).week("Asia/Kolkata")
    assert week is not None
    assert week[[5, 6]].tolist() == [2.0, 2.0]  # two an hour
    assert np.isnan(week).sum() == 166


def test_models_are_told_apart(log: Log, catalog: Catalog, tmp_path: Path) -> None:
    rows = ["1,2026-10-05T09:00:00Z,large,,10,0,1", "2,2026-10-05T09:00:00Z,parted,,10,0,1"]
    table = table_of(log(*rows), catalog, tmp_path)
    assert load(table, models=["parted"], catalog=catalog).by_hour.sum() == 1
    with pytest.raises(LookupFault, match="parted"):
        load(table, models=["partd"], catalog=catalog)


def test_days_tell_no_hours(catalog: Catalog, tmp_path: Path) -> None:
    sample = Path(__file__).parent / "samples" / "openrouter-days.json"
    assert load(table_of(sample, catalog, tmp_path)).week("UTC") is None


def test_a_report_without_requests_is_told_in_tokens(catalog: Catalog, tmp_path: Path) -> None:
    sample = Path(__file__).parent / "samples" / "anthropic.json"
    assert load(table_of(sample, catalog, tmp_path)).measure == "tokens"


@pytest.mark.parametrize("kind", ["csv", "jsonl", "array", "parquet"])
def test_an_unknown_file_shows_its_columns_and_rows(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"odd.{kind.replace('array', 'json')}"
    rows = [{"when": f"2026-10-0{n}", "use": {"in": n, "out": 2}, "llm": "x\u001b[31m"} for n in range(1, 7)]
    if kind == "csv":
        path.write_text("when;use.in;use.out;llm\n" + "".join(f"2026-10-0{n};{n};2;x\n" for n in range(1, 7)))
    elif kind == "parquet":
        import duckdb

        duckdb.execute(
            f"COPY (SELECT '2026-10-01' AS \"when\", 1 AS \"use.in\", 2 AS \"use.out\", 'x' AS llm) TO '{path}'"
        )
    else:
        path.write_text(json.dumps(rows, indent=1) if kind == "array" else "\n".join(map(json.dumps, rows)) + "\n")
    seen = look(path)
    assert seen.source == ""
    assert seen.columns == ("when", "use.in", "use.out", "llm")
    assert seen.rows[0][:3] == ("2026-10-01", "1", "2")
    assert len(seen.rows) == (1 if kind == "parquet" else 4)
    assert "\x1b" not in str(seen.rows)
    assert missing(seen.guess()) == ["started", "prompt_tok", "output_tok"]


def test_a_known_file_is_known_and_its_columns_guessed(log: Log) -> None:
    seen = look(log("1,2026-10-05T09:00:00Z,large,,10,0,1"))
    assert seen.source == "table"
    assert seen.guess()["prompt_tok"] == "prompt_tokens"
    assert missing(seen.guess()) == []


def test_no_cell_of_the_csv_is_a_formula(log: Log, catalog: Catalog, tmp_path: Path) -> None:
    table = table_of(log("1,2026-10-05T09:00:00Z,=cmd|' /C calc'!A0,,10,0,1"), catalog, tmp_path)
    rows = list(csv.DictReader(StringIO(bill_csv(bill(table, catalog)))))
    assert {row["model"] for row in rows} == {"'=cmd|' /C calc'!A0"}
    assert all(row["usd"] == "" and row["why_unpriced"] for row in rows)


def test_what_was_stopped_does_not_go_on(log: Log, catalog: Catalog, tmp_path: Path) -> None:
    watch = Watch()
    assert watch.done_frac is None
    watch.stop()
    with pytest.raises(TcoError, match="stopped"):
        import_logs(log("1,2026-10-05T09:00:00Z,large,,10,0,1"), tmp_path / "t.parquet", catalog=catalog, engine=Engine(watch=watch))  # fmt: skip
    assert not (tmp_path / "t.parquet").exists()
