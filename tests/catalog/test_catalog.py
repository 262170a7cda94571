"""The one door: names and days in, facts with their sources out."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tco.catalog import Catalog
from tco.errors import LookupFault, SheetError
from tco.inputs.source import Fact

RENT = (
    "provider,gpu,gpus_per_instance,term,region,price,currency,per,"
    "valid_from,valid_to,basis,evidence,source_url,checked_on,checked_by,note"
)
API = (
    "provider,model,meter,price,currency,per,service_tier,min_input_tokens,tier_rule,region,hours_utc,"
    "valid_from,valid_to,basis,evidence,source_url,checked_on,checked_by,note"
)
TAIL = "https://acme.example,2026-11-01,hand,"
PEOPLE = (
    "role,region,low,base,high,per,currency,valid_from,valid_to,basis,evidence,source_url,checked_on,checked_by,note"
)
FX = "currency,usd_per_unit,on,basis,evidence,source_url,checked_on,checked_by,note"
DAY = date(2026, 11, 20)


def price(
    meter: str, usd: float, tier: str = "standard", *, limit: str = "", hours: str = "", currency: str = "USD",
    start: str = "2026-01-01", end: str = "", basis: str = "list", region: str = "", model: str = "large",
) -> str:  # fmt: skip
    rule = "whole_request" if limit else ""
    hours = f'"{hours}"' if "," in hours else hours
    per = "request" if meter == "request" else "1M tokens"
    cells = [
        "acme",
        model,
        meter,
        str(usd),
        currency,
        per,
        tier,
        limit,
        rule,
        region,
        hours,
        start,
        end,
        basis,
        "A",
        TAIL,
    ]
    return ",".join(cells)


def write(folder: Path, name: str, header: str, *rows: str) -> None:
    path = folder / "price_sheets" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n")


def opened(folder: Path, *rows: str) -> Catalog:
    write(folder, "api/acme.csv", API, *rows)
    return Catalog.open(folder)


def by_path(facts: list[Fact]) -> dict[str, Fact]:
    return {fact.path: fact for fact in facts}


def values(catalog: Catalog, on: date = DAY) -> dict[str, object]:
    return {fact.path: fact.value for fact in catalog.api_price("acme/large", on)}


def test_a_price_holds_from_its_first_day_until_the_day_before_its_last(tmp_path: Path) -> None:
    catalog = opened(
        tmp_path,
        price("input", 1, start="2026-03-01", end="2026-06-01"),
        price("output", 2, start="2026-03-01", end="2026-06-01"),
    )
    assert values(catalog, date(2026, 3, 1))["price.input_usd_per_mtok"] == 1
    assert values(catalog, date(2026, 5, 31))["price.output_usd_per_mtok"] == 2
    for day in (date(2026, 2, 28), date(2026, 6, 1)):
        with pytest.raises(LookupFault, match="priced from 2026-03-01 until 2026-06-01"):
            catalog.api_price("acme/large", day)


def test_the_newest_row_wins_and_a_promotion_gives_way_when_it_ends(tmp_path: Path) -> None:
    catalog = opened(
        tmp_path,
        price("output", 2),
        price("input", 4),
        price("input", 3, start="2026-05-01"),
        price("input", 1, start="2026-07-01", end="2026-08-01", basis="promo"),
    )
    found = [values(catalog, date(2026, month, 15))["price.input_usd_per_mtok"] for month in (2, 6, 7, 9)]
    assert found == [4, 3, 1, 3]


def test_a_contract_beats_a_newer_list_price(tmp_path: Path) -> None:
    write(tmp_path, "api/contracts.csv", API, price("input", 2, basis="contract"))
    catalog = opened(tmp_path, price("input", 4, start="2026-06-01"), price("output", 8))
    fact = by_path(catalog.api_price("acme/large", DAY))["price.input_usd_per_mtok"]
    assert (fact.value, fact.source.where, fact.source.basis) == (2, "price_sheets/api/contracts.csv", "contract")


def test_a_meter_without_a_price_takes_that_of_input_and_says_so(tmp_path: Path) -> None:
    facts = by_path(opened(tmp_path, price("input", 3), price("output", 6)).api_price("acme/large", DAY))
    read = facts["price.cache_read_usd_per_mtok"]
    assert read.value == 3
    assert "no price of its own for cache reads" in read.source.note
    assert not [path for path in facts if path.startswith(("batch", "long_context", "hours", "price.call"))]


def test_tariffs_become_factors_on_the_standard_price(tmp_path: Path) -> None:
    catalog = opened(
        tmp_path,
        price("input", 2.5), price("cache_read", 0.25), price("output", 15), price("request", 0.01),
        price("input", 1.25, "batch"), price("output", 7.5, "batch"),
        price("input", 5, limit="272000"), price("cache_read", 0.5, limit="272000"),
        price("output", 22.5, limit="272000"),
    )  # fmt: skip
    found = values(catalog)
    assert found["price.call_usd_per_request"] == 0.01
    assert [found[f"batch.{x}_ratio"] for x in ("input", "cached", "output")] == [0.5, 0.5, 0.5]
    assert [found[f"long_context.{x}_ratio"] for x in ("input", "cached", "output")] == [2, 2, 1.5]
    assert (found["long_context.above_tok"], found["long_context.tier_rule"]) == (272_000, "whole_request")


def test_hours_become_one_factor_and_say_when_the_meters_differ(tmp_path: Path) -> None:
    catalog = opened(
        tmp_path,
        price("input", 1), price("output", 4), price("input", 2, hours="Mon-Fri 01-04,06-10"),
        price("output", 8, hours="Mon-Fri 01-04,06-10"), price("input", 3, hours="Sat 00-24"),
        price("output", 8, hours="Sat 00-24"),
    )  # fmt: skip
    fact = by_path(catalog.api_price("acme/large", DAY))["hours"]
    assert fact.value == (
        {"hours_utc": "Mon-Fri 01-04,06-10", "price_ratio": 2},
        {"hours_utc": "Sat 00-24", "price_ratio": 2},
    )
    alone = opened(
        tmp_path,
        price("input", 1),
        price("output", 4),
        price("input", 3, hours="00-24"),
        price("output", 8, hours="00-24"),
    )
    assert "factors differ, 2 to 3" in by_path(alone.api_price("acme/large", DAY))["hours"].source.note


def test_a_price_in_another_currency_is_converted_with_the_rate_of_the_day(tmp_path: Path) -> None:
    row = "list,A,https://bank.example,2026-11-01,hand,"
    write(tmp_path, "fx/bank.csv", FX, f"EUR,1.10,2026-01-01,{row}", f"EUR,1.20,2026-11-01,{row}")
    catalog = opened(tmp_path, price("input", 10, currency="EUR"), price("output", 20))
    fact = by_path(catalog.api_price("acme/large", DAY))["price.input_usd_per_mtok"]
    assert fact.value == pytest.approx(12)
    assert fact.source.note.startswith("10 EUR at 1.2 USD of 2026-11-01")
    assert values(catalog, date(2026, 10, 31))["price.input_usd_per_mtok"] == pytest.approx(11)


def test_a_currency_without_a_rate_is_told(tmp_path: Path) -> None:
    catalog = opened(tmp_path, price("input", 10, currency="CHF"), price("output", 20))
    with pytest.raises(LookupFault, match="currency CHF: no rate"):
        catalog.api_price("acme/large", DAY)


def test_prices_of_a_named_region_are_not_used(tmp_path: Path) -> None:
    catalog = opened(tmp_path, price("input", 1), price("output", 2), price("input", 9, region="eu"))
    assert values(catalog)["price.input_usd_per_mtok"] == 1


def test_only_models_priced_on_the_day_are_listed(tmp_path: Path) -> None:
    catalog = opened(
        tmp_path,
        price("input", 1), price("output", 2), price("input", 1, model="old", end="2026-02-01"),
        price("output", 1, model="old", end="2026-02-01"), price("input", 1, model="half"),
    )  # fmt: skip
    assert [sku.sku for sku in catalog.api_skus(DAY)] == ["acme/large"]
    assert [sku.sku for sku in catalog.api_skus(date(2026, 1, 1))] == ["acme/large", "acme/old"]
    assert catalog.api_skus(DAY)[0].valid_from == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda c: c.api_price("openai/gpt5.4", DAY), "did you mean openai/gpt-5.4"),
        (lambda c: c.api_price("openai/gpt-5.5", date(2026, 1, 1)), "it is priced from 2026-04-23"),
        (lambda c: c.api_price("groq/llama-3.3-70b-versatile", DAY), "until 2026-08-16"),
        (lambda c: c.gpu("H100"), "did you mean H100-"),
        (lambda c: c.model("gpt-oss-120"), "did you mean openai/gpt-oss-120b"),
        (lambda c: c.profile("gpt-oss-120b--H100"), "did you mean gpt-oss-120b--H100-SXM"),
        (lambda c: c.shape("convo"), "did you mean conversation"),
        (lambda c: c.people("ml_enginer", DAY), "did you mean ml_engineer"),
        (lambda c: c.people("ml_engineer", date(2020, 1, 1)), "priced from 2026-01-01"),
        (lambda c: c.rental("H100-SMX", "", DAY), "did you mean H100-SXM"),
        (lambda c: c.rental("H100-SXM", "crusoo", DAY), "did you mean crusoe"),
        (lambda c: c.rental("H100-SXM", "crusoe", date(2020, 1, 1)), "it is priced from"),
    ],
)
def test_an_unknown_name_is_told_the_nearest_and_a_wrong_day_the_right_ones(
    ask: Callable[[Catalog], object], message: str
) -> None:
    with pytest.raises(LookupFault) as told:
        ask(Catalog.open())
    assert message in str(told.value)


def test_a_role_costs_a_year_and_a_contractor_an_hour(tmp_path: Path) -> None:
    shared = "USD,2026-01-01,,estimate,D,,2026-11-20,hand,"
    rows = [f"sre,us,100,200,300,FTE-year,{shared}", f"hand,us,50,60,70,hour,{shared}"]
    write(tmp_path, "people/us.csv", PEOPLE, *rows)
    catalog = Catalog.open(tmp_path)
    cost = catalog.people("sre", DAY)[1]
    assert (cost.path, cost.low, cost.value, cost.high) == ("staffing.loaded_usd_per_fte_year", 100, 200, 300)
    assert cost.source.grade == "assumed"
    assert [(f.path, f.value) for f in catalog.people("hand", DAY)] == [("people.build_usd_per_hour", 60)]
    assert catalog.roles(DAY) == ["sre", "hand"]


def test_every_fault_of_every_file_is_told(tmp_path: Path) -> None:
    write(
        tmp_path, "api/acme.csv", API, price("input", 1).replace(",1,", ",$1,"), price("output", 2), price("output", 3)
    )
    write(tmp_path, "people/us.csv", "role,region\nsre,us")
    gpus = tmp_path / "hw_profiles" / "gpus"
    gpus.mkdir(parents=True)
    (gpus / "X1.yaml").write_text("gpu: X1\nmemory_gb: much\n")
    catalog = Catalog.open(tmp_path)
    told = "\n".join(str(fault) for fault in catalog.check())
    for part in ("acme.csv: row 2, price", "acme.csv: row 4: duplicate", "us.csv: column base", "X1.yaml: memory_gb"):
        assert part in told
    with pytest.raises(SheetError, match=r"row 2, price(.|\n)*row 4: duplicate"):
        catalog.api_skus(DAY)


def test_what_rows_say_against_each_other_is_told_with_all_else(tmp_path: Path) -> None:
    lone = price("output", 3, model="lone")
    write(tmp_path, "api/acme.csv", API, price("input", 1), price("output", 2), price("input", 0.5, "batch"), lone)
    write(tmp_path, "api/broken.csv", API, price("input", 1, model="other").replace(",1,", ",$1,"))
    old, new = (f"acme,H100-SMX,8,on_demand,,2,USD,GPU-hour,{days},list,A,{TAIL}" for days in
                ("2026-01-01,2026-03-01", "2026-02-01,2026-04-01"))  # fmt: skip
    later = f"acme,H100-SMX,8,on_demand,,2,USD,GPU-hour,2026-06-01,,list,A,{TAIL}"
    write(tmp_path, "gpu_rental/acme.csv", RENT, old, new, later)
    gpus = tmp_path / "hw_profiles" / "gpus"
    gpus.mkdir(parents=True)
    told = [str(fault) for fault in Catalog.open(tmp_path).check()]
    wanted = [
        "api/broken.csv: row 2, price: '$1'",
        "gpu_rental/acme.csv: row 3, valid_from: 2026-02-01, while row 2 holds until 2026-03-01",
        "gpu_rental/acme.csv: row 4, valid_from: 2026-06-01, but row 3 ends on 2026-04-01",
        "api/acme.csv: row 4, meter: input without output",
        "api/acme.csv: row 5, meter: output without input",
        *(f"gpu_rental/acme.csv: row {line}, gpu: H100-SMX" for line in (2, 3, 4)),
    ]
    assert len(told) == len(wanted), told
    for part in wanted:
        assert [line for line in told if part in line], (part, told)


def test_a_gap_does_not_stop_whoever_only_asks_for_a_price(tmp_path: Path) -> None:
    (tmp_path / "hw_profiles").mkdir()
    catalog = opened(tmp_path, price("input", 1), price("output", 2), price("output", 1, "batch"))
    assert values(catalog)["price.output_usd_per_mtok"] == 2
    assert [fault.where for fault in catalog.check()] == ["price_sheets/api/acme.csv: row 4, meter"]


def test_global_is_the_region_of_a_blank_cell(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="row 3: duplicate"):
        opened(tmp_path, price("input", 1), price("input", 1, region="global")).api_skus(DAY)


def test_the_same_price_in_two_files_is_a_fault(tmp_path: Path) -> None:
    write(tmp_path, "api/again.csv", API, price("input", 1))
    with pytest.raises(SheetError, match=r"acme\.csv: row 2 says the same"):
        opened(tmp_path, price("input", 1), price("output", 2)).api_skus(DAY)


def test_nothing_is_read_until_asked(tmp_path: Path) -> None:
    write(tmp_path, "api/acme.csv", "nonsense")
    catalog = Catalog.open(tmp_path)
    assert str(tmp_path) in catalog.where
    with pytest.raises(SheetError):
        catalog.api_skus(DAY)


def test_the_shape_brings_the_range_of_its_burst() -> None:
    facts = by_path(Catalog.open().shape("coding"))
    assert len(facts["workload.shape_hours"].value) == 168
    burst = facts["workload.burst_ratio"]
    assert (burst.low, burst.value, burst.high) == (1.10, 1.174, 1.30)


def test_defaults_are_facts_and_an_unknown_path_has_none() -> None:
    catalog = Catalog.open()
    fact = catalog.default("options.self_hosted.people.run_fte")
    assert fact is not None
    assert (fact.low, fact.value, fact.high, fact.source.grade) == (0.2, 0.5, 2, "assumed")
    assert catalog.default("options.self_hosted.people.nonsense") is None


def test_scenarios_are_found_by_name(tmp_path: Path) -> None:
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "chat.yaml").write_text("as_of: 2026-11-20\n")
    assert Catalog.open(tmp_path).scenarios() == {"chat": tmp_path / "scenarios" / "chat.yaml"}
