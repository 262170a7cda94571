"""Contracts lie over list prices, say so, and stay at home."""

import json
import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tco.catalog import Catalog
from tco.catalog.contracts import unknown
from tco.catalog.lint import check
from tco.errors import SheetError
from tco.present.answers import sources_data
from tco.present.provenance import not_as_saved, vendors_line
from tco.reprice import before_and_after
from tco.resolve import resolve
from tco.resolve.kept import keep
from tco.scenario import Scenario
from tco.solve.compare import compare
from tco.widgets.price_pages import contract_html

API = (
    "provider,model,meter,price,currency,per,service_tier,min_input_tokens,tier_rule,region,hours_utc,"
    "valid_from,valid_to,basis,evidence,source_url,checked_on,checked_by,note\n"
)
LISTED = [("input", "standard", 2.5), ("cache_read", "standard", 0.25), ("output", "standard", 15),
          ("input", "batch", 1.25), ("output", "batch", 7.5)]  # fmt: skip
HEADER = (
    "provider,model,kind,meter,amount,currency,per,true_up,unit_tok_per_minute,cached_ratio,output_ratio,bought_units,"
    "min_units,step_units,excess,valid_from,valid_to,checked_on,note"
)
DAY = date(2026, 11, 20)
DATES = "2026-01-01,2027-01-01,2026-01-05,secret-note"


def opened(folder: Path, *terms: str, header: str = HEADER) -> Catalog:
    sheets = folder / "price_sheets"
    (sheets / "api").mkdir(parents=True, exist_ok=True)
    rows = [
        f"acme,{model},{meter},{price},USD,1M tokens,{tier},,,,,2025-01-01,,list,A,https://acme.example,2026-11-01,hand,"
        for model in ("large", "small")
        for meter, tier, price in LISTED
    ]
    (sheets / "api" / "acme.csv").write_text(API + "\n".join(rows) + "\n", encoding="utf-8")
    if terms:
        (sheets / "contracts.csv").write_text("\n".join([header, *terms]) + "\n", encoding="utf-8")
    return Catalog.open(folder)


def values(catalog: Catalog, sku: str = "acme/large", on: date = DAY, listed: bool = False) -> dict[str, Any]:
    return {fact.path: fact.value for fact in catalog.api_price(sku, on, listed)}


DISCOUNT = f"acme,*,discount,,12,USD,percent,,,,,,,,,{DATES}"
NEGOTIATED = f"acme,large,price,output,10,USD,1M tokens,,,,,,,,,{DATES}"
COMMITTED = f"acme,,commitment,,600000,USD,year,annual,,,,,,,,{DATES}"
UNITS = f"acme,large,provisioned,,0.30,USD,unit-hour,,4750,0.1,8,,15,5,,{DATES}"


def test_a_discount_takes_its_percent_off_every_price(tmp_path: Path) -> None:
    catalog = opened(tmp_path, DISCOUNT)
    found = values(catalog)
    assert found["price.input_usd_per_mtok"] == pytest.approx(2.2)  # 2.50 less 12 %
    assert found["price.cache_read_usd_per_mtok"] == pytest.approx(0.22)
    assert found["batch.output_ratio"] == pytest.approx(0.5)
    assert values(catalog, listed=True)["price.input_usd_per_mtok"] == 2.5
    assert values(catalog, on=date(2025, 12, 31))["price.input_usd_per_mtok"] == 2.5
    assert values(catalog, on=date(2027, 1, 1))["price.input_usd_per_mtok"] == 2.5


def test_a_negotiated_price_is_not_discounted_again(tmp_path: Path) -> None:
    catalog = opened(tmp_path, DISCOUNT, NEGOTIATED)
    assert values(catalog)["price.output_usd_per_mtok"] == 10
    assert values(catalog)["price.input_usd_per_mtok"] == pytest.approx(2.2)
    assert values(catalog)["batch.output_ratio"] == pytest.approx(0.66)  # the batch price is list's, 7.50 less 12 %
    assert values(catalog, "acme/small")["price.output_usd_per_mtok"] == pytest.approx(13.2)


def test_a_price_of_your_own_in_the_api_folder_is_not_discounted(tmp_path: Path) -> None:
    opened(tmp_path, DISCOUNT)
    own = "acme,large,input,2,USD,1M tokens,standard,,,,,2026-06-01,,contract,A,https://acme.example,2026-11-01,hand,\n"
    (tmp_path / "price_sheets" / "api" / "contracts.csv").write_text(API + own, encoding="utf-8")
    found = values(Catalog.open(tmp_path))
    assert found["price.input_usd_per_mtok"] == 2
    assert found["price.output_usd_per_mtok"] == pytest.approx(13.2)


def test_a_model_s_own_term_beats_the_vendor_s(tmp_path: Path) -> None:
    own = DISCOUNT.replace("acme,*", "acme,large").replace(",12,", ",20,")
    catalog = opened(tmp_path, own, DISCOUNT)
    assert values(catalog)["price.input_usd_per_mtok"] == pytest.approx(2.0)
    assert values(catalog, "acme/small")["price.input_usd_per_mtok"] == pytest.approx(2.2)


def test_what_is_committed_and_provisioned_reaches_the_option(tmp_path: Path) -> None:
    found = values(opened(tmp_path, COMMITTED, UNITS, f"acme,*,minimum,,500,USD,month,,,,,,,,,{DATES}"))
    assert found["contract.commitment_usd_per_year"] == 600_000
    assert found["contract.true_up"] == "annual"
    assert found["contract.minimum_usd_per_month"] == 500
    assert found["provisioned.unit_usd_per_month"] == pytest.approx(219)  # 0.30 x 730
    assert (found["provisioned.min_units"], found["provisioned.step_units"]) == (15, 5)
    assert "provisioned.bought_units" not in found


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (DISCOUNT.replace(",12,", ",112,"), "between 0 and 100"),
        (DISCOUNT.replace("percent", "year"), "per is percent for a discount"),
        (DISCOUNT.replace("percent,,", "percent,annual,"), "a discount has no true_up"),
        (COMMITTED.replace("annual", ""), "a commitment needs true_up"),
        (NEGOTIATED.replace("output", ""), "a price needs meter"),
        (NEGOTIATED.replace("1M tokens", "request"), "per request goes with the meter request"),
        (UNITS.replace(",4750,", ",,"), "a provisioned needs unit_tok_per_minute"),
        (UNITS.replace(",0.1,8,", ",0,0,"), "both 0"),
        (NEGOTIATED.replace(",10,", ",$10,"), "write the number alone: 10"),
    ],
)
def test_a_cell_that_does_not_go_with_the_kind_is_told(tmp_path: Path, row: str, words: str) -> None:
    with pytest.raises(SheetError, match=r"price_sheets/contracts\.csv: row 2") as caught:
        values(opened(tmp_path, row))
    assert words in str(caught.value)


def test_the_check_tells_terms_that_nothing_would_find_and_terms_said_twice(tmp_path: Path) -> None:
    catalog = opened(tmp_path, DISCOUNT, NEGOTIATED.replace("large", "larg"), DISCOUNT.replace("acme", "amce"))
    told = [str(fault) for fault in catalog.check()]
    assert told[:2] == [  # what the shipped models' hosts lack in this folder of one vendor comes after
        "price_sheets/contracts.csv: row 3, model: larg; did you mean large?",
        "price_sheets/contracts.csv: row 4, provider: amce; did you mean acme?",
    ]
    again = opened(tmp_path, DISCOUNT, DISCOUNT)
    assert "duplicate of acme, *, discount" in str(again.check()[0])


@pytest.mark.parametrize(("amount", "mend"), [("0.12", "12 for 12 %"), ("88", "12 if 88 % are left")])
def test_the_check_asks_about_a_discount_that_is_hardly_meant(tmp_path: Path, amount: str, mend: str) -> None:
    row = DISCOUNT.replace(",12,", f",{amount},")
    told = [finding for finding in check(opened(tmp_path, row), DAY) if finding.kind == "discount"]
    assert [str(finding).split("; if the page")[0] for finding in told] == [
        f"price_sheets/contracts.csv: row 2, amount: {amount} percent; write what is taken off: {mend}"
    ]
    accepted = opened(tmp_path, row.replace("secret-note", "accepted: discount"), DISCOUNT.replace("*", "small"))
    assert [finding for finding in check(accepted, DAY) if finding.kind in ("discount", "accepted")] == []


def test_the_check_names_tables_that_are_never_read(tmp_path: Path) -> None:
    opened(tmp_path, DISCOUNT)
    for name in ("contracts-2027.csv", "contracts (1).csv", "api/Contracts.xlsx", "contracts.example.csv"):
        (tmp_path / "price_sheets" / name).write_text("provider\n", encoding="utf-8")
    told = [f for f in check(Catalog.open(tmp_path), DAY) if f.kind == "unread"]
    assert [(f.level, f.file) for f in told] == [
        ("warning", "price_sheets/api/Contracts.xlsx"),
        ("warning", "price_sheets/contracts (1).csv"),
        ("warning", "price_sheets/contracts-2027.csv"),
    ]
    assert "rows of contracts go into contracts.csv" in told[0].mend
    assert [str(fault).split(":")[0] for fault in Catalog.open(tmp_path).remarks()][:3] == [f.file for f in told]


def scenario_of(plain: dict[str, Any]) -> Scenario:
    typed = plain["options"]["api"]
    api = {"kind": "api", "sku": "acme/large", **{k: v for k, v in typed.items() if k not in ("kind", "price")}}
    return Scenario.from_tree({**plain, "options": {**plain["options"], "api": api}})


def case_in(folder: Path, plain: dict[str, Any], *terms: str) -> Any:
    return resolve(scenario_of(plain), opened(folder, *terms), today=DAY)


def test_nothing_that_is_handed_on_names_a_contract_s_row(tmp_path: Path, plain: dict[str, Any]) -> None:
    case = case_in(tmp_path, plain, DISCOUNT, NEGOTIATED, COMMITTED)
    private = [path for path, source in case.sources.items() if source.private]
    assert "options.api.price.output_usd_per_mtok" in private
    assert "options.api.price.input_usd_per_mtok" in private
    handed_on = json.dumps(sources_data(case.sources))
    assert "secret-note" not in handed_on
    assert "contracts.csv" not in handed_on
    assert "% off" not in handed_on
    assert '"where": "private contract"' in handed_on
    assert "secret-note" in json.dumps(sources_data(case.sources, contracts=True))
    assert "private contract" in vendors_line(case)
    assert "contracts" not in vendors_line(case).split()


def test_a_saved_scenario_keeps_no_contract_and_opens_with_it_at_home(tmp_path: Path, plain: dict[str, Any]) -> None:
    case, scenario = case_in(tmp_path, plain, DISCOUNT, COMMITTED), scenario_of(plain)
    saved = keep(scenario, case, DAY)
    text = saved.to_yaml()
    assert "contracts" not in text
    assert "secret-note" not in text
    assert "% off" not in text
    assert "600000" not in text
    again = resolve(Scenario.from_yaml(text), Catalog.open(tmp_path), today=DAY)
    assert again.numbers.options == case.numbers.options
    assert again.opened.startswith("opened as saved on 2026-11-20")
    assert (again.as_saved, not_as_saved(again)) == (True, "")


@pytest.mark.parametrize(
    "terms",
    [(), (COMMITTED,), (DISCOUNT,), (DISCOUNT.replace(",12,", ",13,"), COMMITTED), (DISCOUNT, COMMITTED, NEGOTIATED)],
)
def test_a_saved_scenario_says_when_its_contract_is_not_here_or_another(
    tmp_path: Path, plain: dict[str, Any], terms: tuple[str, ...]
) -> None:
    case = case_in(tmp_path / "mine", plain, DISCOUNT, COMMITTED)
    saved = keep(scenario_of(plain), case, DAY)
    again = resolve(saved, opened(tmp_path / "theirs", *terms), today=DAY)
    assert again.numbers.options != case.numbers.options
    assert again.opened == (
        "not as it was saved on 2026-11-20 with prices of 2026-11-20: "
        "it was saved under a private contract that is not here or has changed"
    )
    assert not_as_saved(again).startswith("Not as it was saved")
    assert "not as saved" in vendors_line(again)


def test_a_contract_that_a_saved_scenario_does_not_know_is_said(tmp_path: Path, plain: dict[str, Any]) -> None:
    saved = keep(scenario_of(plain), case_in(tmp_path / "mine", plain), DAY)
    again = resolve(saved, opened(tmp_path / "theirs", COMMITTED), today=DAY)
    assert not again.as_saved
    assert again.opened.endswith("a private contract is here that it was saved without")
    other = DISCOUNT.replace("acme,*", "acme,small")  # of a model that the scenario does not buy
    assert resolve(saved, opened(tmp_path / "other", other), today=DAY).as_saved


def test_a_seal_is_another_each_time_and_other_terms_of_the_vendor_do_not_break_it(
    tmp_path: Path, plain: dict[str, Any]
) -> None:
    case, scenario = case_in(tmp_path, plain, DISCOUNT), scenario_of(plain)
    seals = [keep(scenario, case, DAY).tree["saved"]["private"] for _ in range(2)]
    assert seals[0] != seals[1]
    moved = opened(tmp_path, NEGOTIATED.replace("large", "small"), DISCOUNT)
    assert resolve(keep(scenario, case, DAY), moved, today=DAY).as_saved


def test_a_commitment_from_the_sheet_is_costed(tmp_path: Path, plain: dict[str, Any]) -> None:
    answer = compare(case_in(tmp_path, plain, COMMITTED))
    api = next(option for option in answer.options if option.id == "api")
    assert api.lines_usd["shortfall"] == pytest.approx(50_000 - 2_500)  # a million requests of 1,000 tokens at 2.50
    assert "W-COMMIT" in [warning.code for warning in answer.warnings]


def test_contracts_stay_when_the_sheets_are_another_revision_s(tmp_path: Path) -> None:
    catalog = opened(tmp_path / "mine", DISCOUNT)
    opened(tmp_path / "then")
    then = catalog.with_prices_of(tmp_path / "then" / "price_sheets", "then")
    assert values(then)["price.input_usd_per_mtok"] == pytest.approx(2.2)
    sheet = tmp_path / "mine" / "price_sheets" / "api" / "acme.csv"
    edited = catalog.with_sheet(sheet, sheet.read_bytes().replace(b",input,2.5,", b",input,5,"))
    assert values(edited)["price.input_usd_per_mtok"] == pytest.approx(4.4)


def test_the_example_is_well_formed_and_is_not_read(repository: Path, tmp_path: Path) -> None:
    example = (repository / "price_sheets" / "contracts.example.csv").read_text(encoding="utf-8")
    catalog = Catalog.open(repository)
    assert catalog._contract_sheet == ([], [])
    header, *rows = example.strip().splitlines()
    assert opened(tmp_path, *rows, header=header)._contract_sheet[1] == []
    skus = {entry.row.provider + "/" + entry.row.model for entry in catalog._api}
    assert unknown(opened(tmp_path, *rows, header=header)._contracts, skus) == []


def test_json_of_a_command_hides_contracts_unless_asked(
    tmp_path: Path, run: Callable[..., Any], repository: Path
) -> None:
    data = tmp_path / "data"
    for name in ("price_sheets", "hw_profiles", "scenarios"):
        shutil.copytree(repository / name, data / name)
    term = f"openai,*,discount,,12,USD,percent,,,,,,,,,{DATES}"
    (data / "price_sheets" / "contracts.csv").write_text(f"{HEADER}\n{term}\n", encoding="utf-8")
    quiet = run("breakeven", "support-assistant", "--json", "--data", data)
    told = run("breakeven", "support-assistant", "--json", "--data", data, "--with-contracts")
    assert "secret-note" not in quiet.out
    assert "% off" not in quiet.out
    assert "12 % off 2.5 by contract" in told.out


@pytest.fixture
def private_folder(tmp_path: Path, repository: Path) -> Path:
    """A folder with a discount, and with a model of one's own in api/contracts.csv."""
    data = tmp_path / "data"
    for name in ("price_sheets", "hw_profiles", "scenarios"):
        shutil.copytree(repository / name, data / name)
    term = f"openai,*,discount,,12,USD,percent,,,,,,,,,{DATES}"
    (data / "price_sheets" / "contracts.csv").write_text(f"{HEADER}\n{term}\n", encoding="utf-8")
    tuned = [
        f"openai,{model},{meter},{price},USD,1M tokens,standard,,,,,2026-06-01,,contract,A,https://secret.example,2026-11-01,hand,secret-note"
        for model, meter, price in (("ours-tuned", "input", 3), ("ours-tuned", "output", 18), ("gpt-5.4", "output", 11))
    ]
    (data / "price_sheets" / "api" / "contracts.csv").write_text(API + "\n".join(tuned) + "\n", encoding="utf-8")
    return data


@pytest.mark.parametrize(
    "command",
    [
        ("list", "gpt-5.4"),
        ("list", ""),
        ("show", "openai/gpt-5.4"),
        ("history", "openai/gpt-5.4"),
        ("diff", "2026-05-01", "2026-11-20"),
    ],
)
def test_json_of_prices_knows_no_contract_unless_asked(
    private_folder: Path, run: Callable[..., Any], command: tuple[str, ...]
) -> None:
    quiet = run("prices", *command, "--data", private_folder, "--json")
    assert quiet.status == 0, quiet.err
    for secret in ("secret", "contracts.csv", "% off", "ours-tuned", '"basis": "contract"'):
        assert secret not in quiet.out, secret
    assert "--with-contracts" in quiet.data["contracts"]
    if command == ("list", "gpt-5.4"):
        assert quiet.data["models"][0]["input_usd_per_mtok"] == 2.5
    told = run("prices", *command, "--data", private_folder, "--json", "--with-contracts")
    assert "contracts.csv" in told.out
    assert not isinstance(told.data.get("contracts"), str)


def test_a_chart_has_no_model_of_your_own_unless_asked(
    private_folder: Path, run: Callable[..., Any], tmp_path: Path
) -> None:
    chart = tmp_path / "prices.html"
    ask = ("prices", "history", "openai/ours-tuned", "--data", private_folder, "--chart", chart)
    refused = run(*ask)
    assert refused.status == 2
    assert "add --with-contracts" in refused.err
    assert not chart.exists()
    assert run(*ask, "--with-contracts").status == 0
    assert "ours-tuned" in chart.read_text(encoding="utf-8")


def test_your_own_screen_says_where_your_prices_stand(private_folder: Path, run: Callable[..., Any]) -> None:
    def said(*words: str) -> str:
        return " ".join(run(*words, "--data", private_folder).out.split())

    assert "are at your prices, not the list's: price_sheets/api/contracts.csv" in said("prices", "list", "gpt-5.4")
    shown = said("prices", "show", "openai/gpt-5.4")
    assert "yours 2.20" in shown  # 2.50 less 12 %
    assert "Yours: list prices with your contract over them, price_sheets/contracts.csv row 2" in shown
    answer = said("breakeven", "support-assistant")
    assert "price_sheets/contracts.csv rows 2: " in answer
    assert (
        "Your contract lies over the list prices: price_sheets/api/contracts.csv row 4; price_sheets/contracts.csv row 2"
        in answer
    )
    told = run("breakeven", "support-assistant", "--data", private_folder, "--json", "--with-contracts").data
    assert "price_sheets/contracts.csv:2" in [source.get("contract") for source in told["sources"]]


def test_the_price_screen_says_that_its_answers_are_under_a_contract(private_folder: Path) -> None:
    def told(folder: Path | Catalog) -> str:
        catalog = folder if isinstance(folder, Catalog) else Catalog.open(folder)
        scenario = Scenario.read(catalog.scenarios()["support-assistant"])
        return contract_html(before_and_after(scenario, catalog, catalog, DAY, DAY, DAY))

    assert "The grid shows list prices; these answers are at your contract's: price_sheets/api/contracts.csv" in told(
        private_folder
    )
    assert told(Catalog.open(private_folder).public()) == ""
