"""A saved scenario opens as it was, whatever became of the sheets; or repriced; and says which."""

import json
import shutil
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tco.catalog import Catalog
from tco.catalog.edit import Sheet
from tco.errors import ScenarioError
from tco.resolve import resolve
from tco.resolve.kept import keep, repriced
from tco.scenario import Scenario
from tco.solve.breakeven import break_even

TODAY = date(2026, 11, 20)
SHIPPED = ["support-assistant", "nightly-extraction", "coding-assistant", "rag-search", "own-or-rent"]


@pytest.fixture(scope="module")
def doubled(catalog: Catalog) -> Catalog:
    """The shipped sheets with every price of tokens and every rent twice as high."""
    changed = catalog
    for name, path in catalog.sheet_files().items():
        if name.startswith(("price_sheets/api/", "price_sheets/gpu_rental/")):
            sheet = Sheet.read(path)
            for line, row in zip(sheet.lines, sheet.rows, strict=True):
                sheet = sheet.replaced(line, {**row, "price": repr(2 * float(row["price"]))})
            changed = changed.with_sheet(path, sheet.content)
    return changed


def saved(catalog: Catalog, name: str) -> tuple[Scenario, Any]:
    scenario = Scenario.read(catalog.scenarios()[name])
    case = resolve(scenario, catalog, TODAY)
    return Scenario.from_yaml(keep(scenario, case, TODAY).to_yaml(), "saved.yaml"), case


@pytest.mark.parametrize("name", SHIPPED)
def test_it_opens_as_it_was_when_every_price_has_doubled(catalog: Catalog, doubled: Catalog, name: str) -> None:
    scenario, was = saved(catalog, name)
    again = resolve(scenario, doubled, TODAY)
    assert again.numbers == was.numbers
    assert again.opened == "opened as saved on 2026-11-20 with prices of 2026-11-20"
    # where each number came from is kept too, but for what the user typed
    priced = {path: s for path, s in was.sources.items() if s.where.startswith("price_sheets/")}
    assert {path: again.sources[path] for path in priced} == priced
    assert break_even(again).running_cost == break_even(was).running_cost


def test_repriced_it_has_the_prices_of_the_day(catalog: Catalog, doubled: Catalog) -> None:
    scenario, was = saved(catalog, "support-assistant")
    again = resolve(repriced(scenario, TODAY), doubled, TODAY)
    price = "input_usd_per_mtok"
    old, new = (getattr(case.numbers.options["api"].price, price) for case in (was, again))  # type: ignore[attr-defined]
    assert (old, new) == (2.5, 5.0)
    assert again.opened == "repriced: saved on 2026-11-20 with prices of 2026-11-20"


def test_another_volume_is_the_same_question_another_model_is_not(catalog: Catalog, doubled: Catalog) -> None:
    scenario, _ = saved(catalog, "support-assistant")
    more = resolve(scenario.set("workload.requests_per_month", 1e6), doubled, TODAY)
    assert more.numbers.options["api"].price.input_usd_per_mtok == 2.5  # type: ignore[attr-defined]
    other = resolve(scenario.set("options.api.sku", "openai/gpt-5.5"), doubled, TODAY)
    assert other.opened.startswith("changed, so repriced: saved on 2026-11-20")
    assert other.numbers.options["api"].price.input_usd_per_mtok == 10.0  # type: ignore[attr-defined]  # 5.00, doubled


def test_a_scenario_that_was_never_saved_says_nothing_of_it(catalog: Catalog) -> None:
    assert resolve(Scenario.read(catalog.scenarios()["support-assistant"]), catalog, TODAY).opened == ""


def test_the_hash_is_that_of_the_question_alone(catalog: Catalog) -> None:
    scenario, was = saved(catalog, "support-assistant")
    assert scenario.hash == was.scenario_hash


def test_a_case_of_another_scenario_gives_its_day_alone(catalog: Catalog, plain: Mapping[str, Any]) -> None:
    case = resolve(Scenario.read(catalog.scenarios()["support-assistant"]), catalog, TODAY)
    other = Scenario.from_tree({key: value for key, value in plain.items() if key != "as_of"})
    assert keep(other, case, TODAY).tree == {**other.tree, "as_of": case.numbers.as_of}


def test_a_block_that_was_written_by_hand_is_told_whole(catalog: Catalog) -> None:
    scenario, _ = saved(catalog, "support-assistant")
    tree = dict(scenario.tree)
    path = "options.api.price.input_usd_per_mtok"
    tree["saved"] = {**tree["saved"], "prices": {path: {"value": 1, "where": "x", "grade": "gold"}, "a.b": 3}}
    with pytest.raises(ScenarioError) as error:
        resolve(Scenario.from_tree(tree, "mine.yaml"), catalog, TODAY)
    assert [fault.where for fault in error.value.faults] == [
        f"mine.yaml: saved.prices.{path}",
        "mine.yaml: saved.prices.a.b",
    ]


def test_the_shell_saves_opens_and_reprices(
    catalog: Catalog, run: Callable[..., Any], repository: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.yaml"
    first = run("breakeven", "support-assistant", "--data", repository, "--save", path, "--json")
    assert (first.status, first.err) == (0, f"scenario saved to {path}\n")
    again = run("breakeven", path, "--data", repository)
    assert f"opened as saved on {date.today()} with prices of 2026-11-20" in " ".join(again.out.split())
    assert "Not as it was" not in again.out
    later = run("breakeven", path, "--data", repository, "--reprice", "2026-11-19")
    assert "As of 2026-11-19" in later.out
    assert f"repriced: saved on {date.today()}" in " ".join(later.out.split())


@pytest.fixture
def under_contract(repository: Path, tmp_path: Path) -> Path:
    """A folder of data with the example's contract: 12 % off, and 600,000 a year committed."""
    data = tmp_path / "data"
    for name in ("price_sheets", "hw_profiles", "scenarios"):
        shutil.copytree(repository / name, data / name)
    sheets = data / "price_sheets"
    shutil.copyfile(sheets / "contracts.example.csv", sheets / "contracts.csv")
    return data


def test_the_shell_says_first_that_a_saved_scenario_lacks_its_contract(
    run: Callable[..., Any], under_contract: Path, tmp_path: Path
) -> None:
    path, bill = tmp_path / "mine.yaml", "workload.bill_usd_per_month=80000"
    run("breakeven", "support-assistant", "--data", under_contract, "--set", bill, "--save", path)
    for question in ("breakeven", "compare"):
        assert "opened as saved" in " ".join(run(question, path, "--data", under_contract).out.split())
    (under_contract / "price_sheets" / "contracts.csv").unlink()
    for question in ("breakeven", "compare"):
        told = " ".join(run(question, path, "--data", under_contract).out.split())
        assert told.startswith("! Not as it was saved on")
        assert "opened as saved" not in told
        assert json.loads(run(question, path, "--data", under_contract, "--json").out)["as_saved"] is False


def test_nothing_is_saved_where_no_answer_came(run: Callable[..., Any], under_contract: Path, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"  # its bill of 38,000 is below the 50,000 a month that are committed
    refused = run("breakeven", "support-assistant", "--data", under_contract, "--save", path)
    assert refused.status == 2
    assert "scenario saved" not in refused.err
    assert not path.exists()
