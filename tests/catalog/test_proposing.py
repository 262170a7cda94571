"""Proposals: side by side, marked where they disagree, written only when accepted, as dated rows that say their source."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tco.catalog import Catalog
from tco.catalog.accepting import accept, save
from tco.catalog.edit import ChangedSheet
from tco.catalog.proposing import Proposals, open_source, propose
from tco.errors import LookupFault, TcoError

DAY = date(2026, 11, 20)
HEADER = (
    "provider,model,meter,price,currency,per,service_tier,min_input_tokens,tier_rule,region,hours_utc,"
    "valid_from,valid_to,basis,evidence,source_url,checked_on,checked_by,note"
)


def row(model: str, meter: str, price: float, end: str = "", checked: str = "2026-10-01") -> str:
    return (
        f"openai,{model},{meter},{price},USD,1M tokens,standard,,,,,2026-01-01,{end},list,A,"
        f"https://openai.example/pricing,{checked},hand,"
    )


@pytest.fixture
def data(tmp_path: Path, repository: Path) -> Path:
    """Sheets of one vendor: a model priced, one retired."""
    shutil.copytree(repository / "price_sheets", tmp_path / "price_sheets")
    for path in (tmp_path / "price_sheets" / "api").glob("*.csv"):
        path.unlink()
    rows = [row("large", "input", 2), row("large", "output", 8), row("old", "input", 1, "2026-06-01"),
            row("old", "output", 2, "2026-06-01")]  # fmt: skip
    (tmp_path / "price_sheets" / "api" / "openai.csv").write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return tmp_path


def litellm(data: Path, name: str = "litellm_2026-11-01.json", **models: dict[str, float]) -> Path:
    path = data / name
    facts = {model: {"litellm_provider": "openai", **prices} for model, prices in models.items()}
    path.write_text(json.dumps(facts), encoding="utf-8")
    return path


def models_dev(data: Path, name: str = "models_2026-10-15.json", **costs: dict[str, float]) -> Path:
    path = data / name
    path.write_text(json.dumps({"openai": {model: {"cost": cost} for model, cost in costs.items()}}), encoding="utf-8")
    return path


def found(data: Path, *files: tuple[str, Path], models: tuple[str, ...] = ()) -> tuple[Proposals, Catalog]:
    catalog = Catalog.open(data)
    return propose(catalog, [open_source(name, file, catalog) for name, file in files], DAY, models), catalog


DEARER = {"input_cost_per_token": 3e-6, "output_cost_per_token": 8e-6, "cache_read_input_token_cost": 3e-7}


def states(proposals: Proposals) -> dict[str, str]:
    return {proposal.id: proposal.state for proposal in proposals.rows}


def test_each_price_is_beside_ours_with_the_page_to_check(data: Path) -> None:
    both, _ = found(
        data,
        ("litellm", litellm(data, large=DEARER, old=DEARER, other=DEARER)),
        ("models.dev", models_dev(data, large={"input": 3, "cache_read": 0.5})),
    )
    assert states(both) == {
        "openai/large:cache_read": "disputed",
        "openai/large:input": "differs",
        "openai/large:output": "same",
        "openai/old:cache_read": "retired",
        "openai/old:input": "retired",
        "openai/old:output": "retired",
    }
    price = next(p for p in both.rows if p.id == "openai/large:input")
    assert (price.ours_usd, {name: q.usd for name, q in price.figures.items()}) == (2, {"litellm": 3, "models.dev": 3})
    assert price.page == "https://openai.example/pricing"
    assert both.unmatched == {"litellm": (), "models.dev": ("openai/old",)}


def test_models_may_be_named_ours_or_not(data: Path) -> None:
    file = litellm(data, large=DEARER, other=DEARER)
    only, _ = found(data, ("litellm", file), models=("openai/o*",))
    assert set(states(only).values()) == {"new"}
    with pytest.raises(LookupFault, match="did you mean openai/large"):
        found(data, ("litellm", file), models=("openai/larg",))


def test_an_accepted_row_is_dated_and_says_where_it_came_from(data: Path) -> None:
    both, catalog = found(
        data, ("litellm", litellm(data, large=DEARER)), ("models.dev", models_dev(data, large={"input": 3}))
    )
    (change,) = accept(both, ["openai/large:input"], catalog, DAY)
    (added,) = change.rows
    assert added["price"] == "3"
    assert added["valid_from"] == added["checked_on"] == "2026-11-01"
    assert (added["checked_by"], added["evidence"]) == ("import:litellm@2026-11-01", "B")
    assert "models.dev agrees" in added["note"]
    assert change.before.text == Path(data / "price_sheets/api/openai.csv").read_text(encoding="utf-8")  # not yet
    save([change])
    text = (data / "price_sheets/api/openai.csv").read_text(encoding="utf-8")
    assert change.before.text.splitlines()[1] in text  # the old row stands
    values = {f.path: f.value for f in Catalog.open(data).api_price("openai/large", DAY)}
    assert values["price.input_usd_per_mtok"] == 3
    earlier = {f.path: f.value for f in Catalog.open(data).api_price("openai/large", date(2026, 10, 31))}
    assert earlier["price.input_usd_per_mtok"] == 2


def test_a_disputed_price_wants_a_source_by_name(data: Path) -> None:
    both, catalog = found(
        data,
        ("litellm", litellm(data, large=DEARER)),
        ("models.dev", models_dev(data, large={"cache_read": 0.5})),
    )
    with pytest.raises(TcoError, match=r"disagree on openai/large:cache_read: litellm 0\.3, models\.dev 0\.5"):
        accept(both, ["openai/large:*"], catalog, DAY)
    (change,) = accept(both, ["openai/large:cache_read=models.dev"], catalog, DAY)
    assert (change.rows[0]["price"], change.rows[0]["evidence"]) == ("0.5", "C")
    assert "litellm has 0.3" in change.rows[0]["note"]


def test_data_of_no_known_day_are_never_fresh_because_a_file_was_copied(data: Path) -> None:
    undated = ("litellm", litellm(data, "prices.json", large=DEARER))  # written just now, which says nothing
    alone, catalog = found(data, undated)
    assert alone.sources[0].day is None
    with pytest.raises(TcoError, match=r"litellm's data: nothing says which day they are of; .*--checked-on") as caught:
        accept(alone, ["openai/large:*"], catalog, DAY)
    assert len(caught.value.faults) == 1  # one source, one fault, however many prices
    both, catalog = found(data, undated, ("models.dev", models_dev(data, large={"input": 3, "cache_read": 0.3})))
    (change,) = accept(both, ["openai/large:*"], catalog, DAY)
    assert {row["checked_by"] for row in change.rows} == {"import:models.dev@2026-10-15"}
    assert {row["checked_on"] for row in change.rows} == {"2026-10-15"}


def test_the_prices_of_one_model_begin_on_one_day(data: Path) -> None:
    # input is in both, the newer of 1 November taken; cache_read only in that of 15 October: all begin on 1 November
    new = {"input_cost_per_token": 3e-6}
    both, catalog = found(
        data,
        ("litellm", litellm(data, large=new)),
        ("models.dev", models_dev(data, large={"input": 3, "cache_read": 0.3})),
    )
    (change,) = accept(both, ["openai/large:*"], catalog, DAY)
    rows = {row["meter"]: (row["valid_from"], row["checked_on"]) for row in change.rows}
    assert rows == {"input": ("2026-11-01", "2026-11-01"), "cache_read": ("2026-11-01", "2026-10-15")}
    assert all("the day it changed is not known" in row["note"] for row in change.rows)


def test_our_own_newer_price_is_told_with_its_figure(data: Path) -> None:
    sheet = data / "price_sheets" / "api" / "openai.csv"
    newer = row("large", "input", 2.5).replace("2026-01-01", "2026-11-01")
    sheet.write_text(sheet.read_text(encoding="utf-8") + newer + "\n", encoding="utf-8")
    proposals, catalog = found(data, ("litellm", litellm(data, large=DEARER)))
    told = r"row 6 says 2\.5 from 2026-11-01 on, and the new row would begin on 2026-11-01; .*--valid-from"
    with pytest.raises(TcoError, match=told):
        accept(proposals, ["openai/large:input"], catalog, DAY)
    (change,) = accept(proposals, ["openai/large:input"], catalog, DAY, valid_from=date(2026, 11, 10))
    assert change.rows[0]["valid_from"] == "2026-11-10"


def test_a_file_of_another_source_is_named(data: Path) -> None:
    with pytest.raises(
        TcoError, match=r"not models\.dev's file: litellm finds its own prices in it, 3; write --from litellm"
    ):
        found(data, ("models.dev", litellm(data, large=DEARER)))
    with pytest.raises(TcoError, match=r"not litellm's file: models\.dev finds its own prices in it, 1"):
        found(data, ("litellm", models_dev(data, large={"input": 3})))
    with pytest.raises(TcoError, match="no price of litellm for a vendor that we keep"):
        found(data, ("litellm", litellm(data)))


def test_older_data_do_not_replace_a_newer_check_unasked(data: Path) -> None:
    proposals, catalog = found(data, ("litellm", litellm(data, "litellm_2026-09-01.json", large=DEARER)))
    with pytest.raises(TcoError, match="2026-09-01 is older than our row, checked on 2026-10-01"):
        accept(proposals, ["openai/large:input"], catalog, DAY)
    assert accept(proposals, ["openai/large:input=litellm"], catalog, DAY, valid_from=date(2026, 9, 1))


def test_what_fits_nothing_and_what_makes_a_fault_is_told_and_nothing_written(data: Path) -> None:
    sheet = data / "price_sheets" / "api" / "openai.csv"
    before = sheet.read_bytes()
    proposals, catalog = found(
        data, ("litellm", litellm(data, large=DEARER, other={"input_cost_per_token": 1e-6})), models=("openai/*",)
    )
    with pytest.raises(TcoError) as caught:
        accept(proposals, ["openai/larg:input", "openai/large:input=genai-prices"], catalog, DAY)
    assert len(caught.value.faults) == 2
    with pytest.raises(TcoError, match="input without output"):
        accept(proposals, ["openai/other:*"], catalog, DAY)
    assert sheet.read_bytes() == before


def test_a_sheet_that_changed_meanwhile_is_not_overwritten(data: Path) -> None:
    proposals, catalog = found(data, ("litellm", litellm(data, large=DEARER)))
    changes = accept(proposals, ["openai/large:input"], catalog, DAY)
    sheet = data / "price_sheets" / "api" / "openai.csv"
    sheet.write_text(sheet.read_text(encoding="utf-8") + row("large", "cache_read", 0.2) + "\n", encoding="utf-8")
    with pytest.raises(ChangedSheet):
        save(changes)


def test_an_announced_price_is_proposed_from_its_day(data: Path) -> None:
    file = data / "genai-prices_2026-11-01.json"
    prices = [{"prices": {"input_mtok": 2}}, {"constraint": {"start_date": "2027-01-01"}, "prices": {"input_mtok": 4}}]
    file.write_text(json.dumps([{"id": "openai", "models": [{"id": "large", "prices": prices}]}]), encoding="utf-8")
    proposals, catalog = found(data, ("genai-prices", file))
    assert states(proposals) == {"openai/large:input": "same", "openai/large:input:from 2027-01-01": "differs"}
    (change,) = accept(proposals, ["*2027-01-01"], catalog, DAY)
    assert change.rows[0]["valid_from"] == "2027-01-01"


def test_a_name_that_could_be_a_formula_is_written_harmlessly(data: Path) -> None:
    file = litellm(data, **{"=cmd|' /C calc'!A0": {**DEARER, "source": "javascript:alert(1)"}})
    proposals, catalog = found(data, ("litellm", file), models=("openai/*calc*",))
    (change,) = accept(proposals, ["*"], catalog, DAY)
    lines = change.before.diff(change.after)
    assert ",=cmd" not in lines
    assert "javascript" not in lines


def test_the_command_shows_accepts_and_writes(data: Path, run: Callable[..., Any]) -> None:
    file = litellm(data, large={**DEARER, "input_cost_per_token_turbo": 1e-6})
    asked = ("prices", "propose", "--from", "litellm", file, "--data", data, "--as-of", "2026-11-20")
    shown = run(*asked)
    assert shown.status == 0
    assert "Differs from ours (1)" in shown.out
    assert "input_cost_per_token_turbo" in shown.out
    told = run(*asked, "--json").data
    assert [p["id"] for p in told["proposals"]] == ["openai/large:cache_read", "openai/large:input"]
    assert told["sources"][0]["unknown_keys"] == {"input_cost_per_token_turbo": 1}
    dry = run(*asked, "--accept", "openai/large:input", "--dry-run")
    assert "+openai,large,input,3,USD" in dry.out
    assert "nothing was written" in dry.err
    done = run(*asked, "--accept", "openai/large:*", "--json").data
    assert [len(change["rows"]) for change in done["accepted"]] == [2]
    assert "import:litellm@2026-11-01" in (data / "price_sheets/api/openai.csv").read_text(encoding="utf-8")
    assert run(*asked, "--json").data["proposals"] == []


def test_what_differs_is_shown_first_and_whole_in_a_narrow_terminal(
    data: Path, run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    long = "a-model-of-a-very-long-name-that-no-column-of-a-narrow-terminal-holds"
    files = [
        "--from", "litellm", litellm(data, large=DEARER, **{long: DEARER}),
        "--from", "models.dev", models_dev(data, large={"input": 3, "cache_read": 0.5}),
    ]  # fmt: skip
    lines = run("prices", "propose", *files, "--models", "openai/*", "--data", data).out.splitlines()
    heads = [line for line in lines if line.endswith(")") and line[:1].isupper()]
    assert heads == ["Differs from ours (1)", "The sources disagree (1)", "New to us (3)"]
    assert f"  openai/{long}" in lines
    assert next(line.split() for line in lines if line.strip().startswith("input")) == ["input", "2.00", "3.00", "3.00"]
    assert all(len(line) <= 80 for line in lines if "openai" not in line)


def test_the_day_that_is_said_is_that_of_data_without_one(data: Path, run: Callable[..., Any]) -> None:
    undated, dated = litellm(data, "prices.json", large=DEARER), models_dev(data, large={"input": 3})
    asked = ("prices", "propose", "--data", data, "--from", "litellm", undated, "--json")
    assert [s["checked_on"] for s in run(*asked).data["sources"]] == [None]
    both = (*asked, "--from", "models.dev", dated, "--checked-on", "2026-11-05")
    assert [s["checked_on"] for s in run(*both).data["sources"]] == ["2026-11-05", "2026-10-15"]
    alone = ("prices", "propose", "--data", data, "--from", "models.dev", dated, "--checked-on", "2026-11-05", "--json")
    assert [s["checked_on"] for s in run(*alone).data["sources"]] == ["2026-11-05"]
    taken = run(*both, "--accept", "openai/large:cache_read", "--dry-run").data["accepted"]
    assert [row["checked_on"] for row in taken[0]["rows"]] == ["2026-11-05"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--from", "litelm"], "did you mean litellm"),
        (["--from", "litellm", "a", "b"], "one source and at most one file"),
        (["--from", "models.dev", "a", "--from", "models.dev", "b"], "name each source once"),
    ],
)
def test_what_was_asked_wrongly_is_told(words: list[str], told: str, data: Path, run: Callable[..., Any]) -> None:
    answer = run("prices", "propose", *words, "--data", data)
    assert answer.status == 2
    assert told in answer.err
