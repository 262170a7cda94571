"""``tco prices`` as from a shell."""

import csv
import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tco.catalog import Catalog
from tco.catalog.edit import Sheet
from tco.reprice import before_and_after
from tco.scenario import Scenario

Run = Callable[..., Any]
ON = date(2026, 11, 20)


@pytest.fixture
def mine(tmp_path: Path, repository: Path) -> Path:
    """A folder with copies of the sheets, to be written to."""
    shutil.copytree(repository / "price_sheets", tmp_path / "price_sheets")
    return tmp_path


def test_list_and_show_name_the_prices_of_a_day(run: Run, repository: Path) -> None:
    listed = run("prices", "list", "gpt-5.4", "--data", repository, "--as-of", ON, "--json").data
    row = next(row for row in listed["models"] if row["sku"] == "openai/gpt-5.4")
    assert (row["input_usd_per_mtok"], row["output_usd_per_mtok"], row["long_context_above_tok"]) == (2.5, 15, 272000)
    shown = run("prices", "show", "gpt-5.4", "--data", repository, "--as-of", ON, "--json").data
    assert (shown["sku"], shown["prices"][0]["meter"], shown["prices"][0]["usd"]) == ("openai/gpt-5.4", "input", 2.5)
    assert shown["prices"][0]["row"] == 2
    said = run("prices", "show", "gpt-5.4", "--data", repository, "--as-of", ON)
    assert said.status == 0
    assert "2.50" in said.out
    assert "openai.csv, checked 2026-10-21" in said.out


def test_a_future_day_takes_the_announced_price_and_today_names_it(run: Run, mine: Path) -> None:
    add = ("prices", "add", "openai/gpt-5.4", "input=2", "--valid-from", "2027-02-01", "--data", mine)
    assert run(*add).status == 0
    today, later = (
        run("prices", "show", "openai/gpt-5.4", "--data", mine, "--as-of", day, "--json").data["prices"][0]
        for day in (ON, "2027-02-01")
    )
    assert (today["usd"], today["next"]["usd"], today["next"]["valid_from"]) == (2.5, 2, "2027-02-01")
    assert (later["usd"], later["next"]) == (2, None)


@pytest.mark.parametrize("width", [80, 140])
def test_a_list_breaks_no_name_and_shows_no_rest_of_a_discount(
    run: Run, mine: Path, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    folder = mine / "price_sheets"
    (folder / "contracts.csv").write_bytes((folder / "contracts.example.csv").read_bytes())
    lines = run("prices", "list", "gpt-5.4-nano", "--data", mine, "--as-of", ON).out.splitlines()
    (row,) = [line.split() for line in lines if line.startswith("openai/gpt-5.4-nano ")]
    assert row[1:4] == ["0.176", "0.0176", "1.10"]  # 12 % off 0.20, 0.02 and 1.25: not 0.17600000000000002
    told = run("prices", "list", "deepinfra", "--data", mine, "--as-of", ON)
    skus = [
        one["sku"] for one in run("prices", "list", "deepinfra", "--data", mine, "--as-of", ON, "--json").data["models"]
    ]
    assert all(sum(line.split()[:1] == [sku] for line in told.out.splitlines()) == 1 for sku in skus)
    assert all(len(line) <= width for line in told.out.splitlines())


@pytest.mark.parametrize("words", [("show", "gpt-5.44"), ("history", "gpt-5.44"), ("list", "gpt-5.44")])
def test_an_unknown_model_is_told_the_nearest(run: Run, repository: Path, words: tuple[str, ...]) -> None:
    ran = run("prices", *words, "--data", repository)
    assert (ran.status, ran.out) == (2, "")
    assert "did you mean openai/gpt-5.4" in ran.err


def test_history_tells_changes_and_the_yearly_fall(run: Run, repository: Path, tmp_path: Path) -> None:
    chart = tmp_path / "prices.html"
    ran = run("prices", "history", "deepseek-v4-pro", "--data", repository, "--as-of", ON, "--chart", chart, "--json")
    data = ran.data
    jump = next(change for change in data["changes"] if change["was"] == 0.003625)
    assert (jump["on"], jump["now"], jump["source"]["row"]) == ("2026-10-21", 0.022, 24)
    assert {fall["meter"] for fall in data["declines"]} == {"input", "cache_read", "output", "blend"}
    assert "no price path yet" in data["note"]
    page = chart.read_text()
    assert "deepseek/deepseek-v4-pro: price over time" in page
    assert "prices checked 2026-10-21" in page
    said = run("prices", "history", "deepseek-v4-pro", "--data", repository, "--as-of", ON)
    assert "stretched from" in said.out


def test_check_ends_with_1_on_errors_and_on_warnings_only_when_strict(run: Run, mine: Path) -> None:
    assert run("prices", "check", "--data", mine).status == 0
    old = mine / "price_sheets" / "api" / "groq.csv"
    old.write_bytes(old.read_bytes().replace(b"\n", b"\r\n"))
    loose, strict = run("prices", "check", "--data", mine, "--json"), run("prices", "check", "--data", mine, "--strict")
    assert (loose.status, strict.status) == (0, 1)
    told = [row for row in loose.data if row["kind"] == "line_ends"]
    assert [(row["level"], row["file"]) for row in told] == [("warning", "price_sheets/api/groq.csv")]
    old.write_bytes(old.read_bytes().replace(b",0.15,", b",$0.15,", 1))
    plain = run("prices", "check", "--data", mine, "--plain")
    assert plain.status == 1
    assert "error: price_sheets/api/groq.csv: row 2, price: '$0.15'; write the number alone: 0.15" in plain.out
    said = run("prices", "check", "--data", mine)
    assert said.status == 1
    assert "error price_sheets/api/groq.csv" in said.out


def test_add_writes_one_line_and_nothing_on_a_dry_run(run: Run, mine: Path) -> None:
    path = mine / "price_sheets" / "api" / "openai.csv"
    before = path.read_bytes()
    add = ("prices", "add", "openai/gpt-5.4", "input=2.25", "--valid-from", "2026-12-01", "--data", mine)
    dry = run(*add, "--dry-run")
    assert path.read_bytes() == before
    new = [line for line in dry.out.splitlines() if line.startswith("+openai")]
    done = run(*add, "--json")
    assert done.data["diff"] == dry.out
    assert done.data["rows"][0]["evidence"] == "A"  # as the row before it
    assert path.read_text().splitlines()[2] == new[0][1:]
    assert path.read_text().replace(new[0][1:] + "\n", "") == before.decode()
    again = run(*add)
    assert again.status == 2
    assert "duplicate of openai, gpt-5.4, input, standard" in again.err


def test_add_refuses_every_fault_at_once_and_writes_nothing(run: Run, mine: Path) -> None:
    path = mine / "price_sheets" / "api" / "openai.csv"
    before = path.read_bytes()
    ran = run("prices", "add", "openai/gpt-5.4", "output=$7.50", "--valid-from", "45231", "--data", mine)
    assert (ran.status, path.read_bytes()) == (2, before)
    assert "write the number alone: 7.50" in ran.err
    assert "write 2023-11-01" in ran.err


def test_a_contract_with_an_end_closes_the_one_before_only_when_asked(run: Run, mine: Path) -> None:
    sheet = mine / "price_sheets" / "api" / "contracts.csv"
    add = ("prices", "add", "openai/gpt-5.4", "--basis", "contract", "--evidence", "A", "--data", mine,
           "--source-url", "https://acme.example/contract", "--sheet", sheet)  # fmt: skip
    assert run(*add, "input=2.4", "output=14", "--valid-from", "2026-01-01").status == 0
    first = Sheet.read(sheet).rows
    year = ("input=2.2", "output=13", "--valid-from", "2026-12-01", "--valid-to", "2027-12-01")
    refused = run(*add, *year)
    assert refused.status == 2
    assert "let row 2 end on 2026-12-01 too" in refused.err
    assert "let row 4 end on 2026-12-01 too" in refused.err
    assert Sheet.read(sheet).rows == first
    assert run(*add, *year, "--close").status == 0
    rows = Sheet.read(sheet).rows
    assert [row for row in rows if row["valid_from"] == "2026-01-01"] == [
        row | {"valid_to": "2026-12-01"} for row in first
    ]


def test_a_new_vendor_gets_a_file_and_a_name_that_is_none_does_not(run: Run, mine: Path) -> None:
    words = ("--evidence", "C", "--source-url", "https://acme.example", "--data", mine)
    lone = run("prices", "add", "acme/large", "input=2", *words)
    assert lone.status == 2
    assert "input without output" in lone.err
    assert not (mine / "price_sheets" / "api" / "acme.csv").exists()
    assert run("prices", "add", "acme/large", "input=2", "output=8", *words).status == 0
    sheet = Sheet.read(mine / "price_sheets" / "api" / "acme.csv")
    assert [(row["meter"], row["price"], row["currency"], row["per"]) for row in sheet.rows] == [
        ("input", "2", "USD", "1M tokens"),
        ("output", "8", "USD", "1M tokens"),
    ]
    unsaid = run("prices", "add", "large", "inptu=2", "output", *words)
    assert [line.strip().split(";")[0] for line in unsaid.err.splitlines()[1:]] == [
        "MODEL: large",
        "inptu=2",
        "output: no price",
    ]
    bad = run("prices", "add", "../x/large", "input=2", "output=4", *words)
    assert bad.status == 2
    assert not list(mine.glob("**/x.csv"))


def test_export_has_no_formula_and_no_contract_unless_asked(run: Run, mine: Path, tmp_path: Path) -> None:
    sheet = Sheet.read(mine / "price_sheets" / "api" / "groq.csv")
    row = {**sheet.rows[0], "note": "=1+1"}
    sheet.replaced(sheet.lines[0], row).save()
    private = Sheet.read(mine / "price_sheets" / "api" / "contracts.csv")
    private.added({**row, "basis": "contract", "price": "0.1", "note": "ours"}).save()
    out = tmp_path / "all.csv"
    prices = {}
    for flags in ((), ("--with-contracts",)):
        assert run("prices", "export", out, "--data", mine, "--as-of", ON, *flags).status == 0
        with out.open(newline="") as file:
            rows = list(csv.DictReader(file))
        found = next(r for r in rows if r["sku"] == "groq/openai/gpt-oss-120b" and r["meter"] == "input")
        prices[bool(flags)] = (found["usd"], found["note"])
    assert prices == {False: ("0.15", "'=1+1"), True: ("0.1", "ours")}
    assert run("prices", "export", tmp_path / "all.txt", "--data", mine).status == 2


def test_diff_tells_what_moved_and_what_it_did(run: Run, repository: Path) -> None:
    diff = ("prices", "diff", "2026-07-15", "2026-11-20", "--data", repository)
    data = run(*diff, "--json").data
    moved = next(
        m for m in data["moves"] if m["name"] == "deepseek/deepseek-v4-pro" and m["what"] == "output, standard"
    )
    assert (moved["was"], moved["now"]) == (0.87, 1.98)
    was, now = (data["break_even"][when]["running_cost"]["permanent"] for when in ("before", "after"))
    assert data["break_even"]["break_even_ratio"] == pytest.approx(now / was)
    said = run(*diff)
    assert f"The break-even is {now / was:.2f}" in said.out
    alone = run(*diff, "--scenario", "none", "--json").data
    assert alone["break_even"] is None
    json.dumps(alone, allow_nan=False)


def test_a_cheaper_api_moves_the_break_even_up(catalog: Catalog, repository: Path) -> None:
    scenario = Scenario.read(catalog.scenarios()["support-assistant"])
    sheet = Sheet.read(repository / "price_sheets" / "api" / "openai.csv")
    half = {"valid_from": "2026-11-01"}
    for line, price in ((2, "1.25"), (3, "0.125"), (4, "7.5")):
        sheet = sheet.added({**Sheet.read(sheet.path).row(line), "price": price, **half})
    found = before_and_after(scenario, catalog, sheet.seen_by(catalog), ON, ON, ON)
    assert found.before is not None
    assert found.after is not None
    # a bill given in dollars stays; requests, people and GPUs do not get cheaper: more than twice the volume is needed
    assert found.times_break_even is not None
    assert found.times_break_even > 2
    assert found.faults_before == found.faults_after == ()


def test_a_day_on_which_the_model_was_not_sold_is_told_and_not_raised(catalog: Catalog) -> None:
    scenario = Scenario.read(catalog.scenarios()["support-assistant"])
    found = before_and_after(scenario, catalog, catalog, date(2020, 1, 1), ON, ON)
    assert found.before is None
    assert found.after is not None
    assert any("it is priced from" in fault.mend for fault in found.faults_before)
    assert found.times_break_even is None


def test_a_day_that_is_none_is_told_with_its_mend(run: Run) -> None:
    ran = run("prices", "list", "--as-of", "2026-02-30")
    assert ran.status == 2
    assert "'2026-02-30' is no day of the calendar; write year-month-day" in ran.err
