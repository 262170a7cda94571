"""Servers, sites, people and service levels: names and days in, facts with their sources out."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from tco.catalog import Catalog
from tco.errors import LookupFault, SheetError
from tco.inputs.source import Fact

DAY = date(2026, 11, 20)
DATED = "valid_from,valid_to,basis,evidence,source_url,checked_on,checked_by,note"
TAIL = "2026-01-01,,list,B,https://acme.example,2026-11-01,hand,"
SERVER = f"item,gpu,gpus_per_server,condition,low,price,high,currency,per,nameplate_kilowatts,{DATED}"
ELECTRICITY = f"region,meter,low,price,high,currency,per,{DATED}"
COLOCATION = f"region,power_billing,low,price,high,currency,per,{DATED}"
CARBON = "region,low,kg_per_kwh,high,valid_from,basis,evidence,source_url,checked_on,checked_by,note"
FX = "currency,usd_per_unit,on,basis,evidence,source_url,checked_on,checked_by,note"
SEEN = "list,B,https://acme.example,2026-11-01,hand,"


def write(folder: Path, name: str, header: str, *rows: str) -> None:
    path = folder / "price_sheets" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([header, *rows]) + "\n")


def by_path(facts: list[Fact]) -> dict[str, Fact]:
    return {fact.path: fact for fact in facts}


def with_servers(folder: Path) -> Catalog:
    write(
        folder, "hardware/x.csv", SERVER,
        f"small,X1,4,new,,90000,,USD,server,5,{TAIL}", f"big,X1,8,new,150000,200000,260000,USD,server,10.2,{TAIL}",
        f"dear,X1,8,new,,300000,,USD,server,10.2,{TAIL}", f"big,X1,8,used,60000,80000,90000,USD,server,10.2,{TAIL}",
        f"other,Y1,8,new,,1000,,EUR,server,1,{TAIL}",
    )  # fmt: skip
    write(folder, "fx/x.csv", FX, f"EUR,1.2,2026-01-01,{SEEN}")
    return Catalog.open(folder)


def test_without_an_item_the_lower_middle_of_the_servers_is_taken(tmp_path: Path) -> None:
    catalog = with_servers(tmp_path)
    found = by_path(catalog.server("X1", "", DAY))
    usd, resale = found["server.server_usd"], found["resale_usd_per_server"]
    assert (found["server.item"].value, usd.low, usd.value, usd.high) == ("big", 150_000, 200_000, 260_000)
    assert (found["server.server_gpus"].value, found["server.nameplate_kilowatts"].value) == (8, 10.2)
    assert (resale.low, resale.value, resale.high, resale.source.row) == (60_000, 80_000, 90_000, 5)
    assert catalog.servers(DAY) == ["big", "dear", "other", "small"]
    assert catalog.servable_gpus() == {"X1", "Y1"}


def test_a_server_that_nobody_buys_used_has_no_resale(tmp_path: Path) -> None:
    found = by_path(with_servers(tmp_path).server("Y1", "other", DAY))
    assert found["server.server_usd"].value == pytest.approx(1200)  # 1,000 EUR at 1.2
    assert "resale_usd_per_server" not in found


def with_sites(folder: Path) -> Catalog:
    write(
        folder, "electricity/x.csv", ELECTRICITY,
        f"us,energy,0.06,0.10,0.20,USD,kWh,{TAIL}", f"us,demand,,9,,USD,kW-month,{TAIL}",
        f"us-texas,energy,,0.08,,USD,kWh,{TAIL}", f"us-indiana-town,energy,,0.05,,USD,kWh,{TAIL}",
        f"us-indiana-town,demand,,14.5,,USD,kW-month,{TAIL}",
    )  # fmt: skip
    write(
        folder, "colocation/x.csv", COLOCATION,
        f"us,metered,150,195,300,USD,kW-month,{TAIL}", f"us,all_in,,300,,USD,kW-month,{TAIL}",
    )  # fmt: skip
    write(
        folder, "carbon/x.csv", CARBON,
        f"us,,0.39,,2022-01-01,{SEEN}", f"us,,0.37,,2023-01-01,{SEEN}", f"us-texas,,0.42,,2027-01-01,{SEEN}",
    )  # fmt: skip
    return Catalog.open(folder)


def test_a_site_has_its_electricity_space_and_carbon(tmp_path: Path) -> None:
    catalog = with_sites(tmp_path)
    us = by_path(catalog.site("us", DAY))
    kwh, space = us["site.electricity_usd_per_kwh"], us["site.colocation_usd_per_kilowatt_month"]
    assert (kwh.low, kwh.value, kwh.high) == (0.06, 0.10, 0.20)
    assert (space.low, space.value, space.high) == (150, 195, 300)
    assert us["site.demand_usd_per_kilowatt_month"].value == 9
    assert us["site.carbon_kg_per_kwh"].value == 0.37  # the newest on the day
    assert by_path(catalog.site("us", DAY, "all_in"))[space.path].value == 300
    assert catalog.regions(DAY) == ["us", "us-indiana-town", "us-texas"]


def test_a_part_of_a_region_takes_what_it_lacks_from_the_whole_and_says_so(tmp_path: Path) -> None:
    texas = by_path(with_sites(tmp_path).site("us-texas", DAY))
    assert texas["site.electricity_usd_per_kwh"].value == 0.08
    assert texas["site.colocation_usd_per_kilowatt_month"].source.note == "of us: none is known for us-texas alone"
    assert texas["site.carbon_kg_per_kwh"].value == 0.37  # its own is of 2027


def test_a_demand_price_comes_only_with_the_energy_price_of_its_tariff(tmp_path: Path) -> None:
    catalog = with_sites(tmp_path)
    assert "site.demand_usd_per_kilowatt_month" not in by_path(catalog.site("us-texas", DAY))
    assert by_path(catalog.site("us-indiana-town", DAY))["site.demand_usd_per_kilowatt_month"].value == 14.5


def test_a_region_priced_in_another_currency_is_converted(tmp_path: Path) -> None:
    write(tmp_path, "electricity/eu.csv", ELECTRICITY, f"eu,energy,0.1,0.2,0.3,EUR,kWh,{TAIL}")
    write(tmp_path, "fx/x.csv", FX, f"EUR,1.5,2026-01-01,{SEEN}")
    kwh = Catalog.open(tmp_path).site("eu", DAY)[0]
    assert (kwh.low, kwh.value, kwh.high) == pytest.approx((0.15, 0.30, 0.45))
    assert kwh.source.note == "0.2 EUR at 1.5 USD of 2026-01-01"


@pytest.mark.parametrize(
    ("name", "header", "row", "message"),
    [
        ("electricity", ELECTRICITY, f"us,energy,,0.1,,USD,kW-month,{TAIL}", "energy is priced per kWh, not per kW-month"),
        ("electricity", ELECTRICITY, f"us,energy,0.2,0.1,0.3,USD,kWh,{TAIL}", "low 0.2, 0.1 and high 0.3 are not in order"),
        ("colocation", COLOCATION, f"us,metered,1,2,,USD,kW-month,{TAIL}", "low and high go together"),
        ("colocation", COLOCATION, f"us,free,,2,,USD,kW-month,{TAIL}", "one of metered, all_in"),
        ("carbon", CARBON, f"us,,dirty,,2023-01-01,{SEEN}", "write a number"),
        ("hardware", SERVER, f"big,X1,8,new,3,2,4,USD,server,10,{TAIL}", "low 3, price 2, high 4 are not in order"),
        ("hardware", SERVER, f"big,X1,8,new,,2,,USD,server,0,{TAIL}", "nameplate_kilowatts"),
    ],
)  # fmt: skip
def test_a_wrong_cell_is_told_with_its_row(tmp_path: Path, name: str, header: str, row: str, message: str) -> None:
    write(tmp_path, f"{name}/x.csv", header, row)
    told = "\n".join(str(fault) for fault in Catalog.open(tmp_path).check())
    assert f"price_sheets/{name}/x.csv: row 2" in told
    assert message in told


def test_the_same_price_twice_is_a_fault(tmp_path: Path) -> None:
    row = f"us,metered,,195,,USD,kW-month,{TAIL}"
    write(tmp_path, "colocation/x.csv", COLOCATION, row, row)
    with pytest.raises(SheetError, match="row 2 says the same"):
        Catalog.open(tmp_path).site("us", DAY)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda c: c.server("H100-SMX", "", DAY), "did you mean H100-SXM"),
        (lambda c: c.server("H100-SXM", "8xH100", DAY), "did you mean 8xH100-SXM"),
        (lambda c: c.server("H100-SXM", "8xB200-SXM", DAY), "no server with H100-SXM has that name"),
        (lambda c: c.server("H100-SXM", "", date(2020, 1, 1)), "it is priced from 2026-06-01"),
        (lambda c: c.site("us-virgina", DAY), "did you mean us-virginia"),
        (lambda c: c.site("us-texas", date(2020, 1, 1)), "it is priced from 2023-01-01"),
        (lambda c: c.people("sre", DAY, "eu"), "no cost there; did you mean us"),
        (lambda c: c.people("ml_engineer", date(2020, 1, 1), "eu"), "priced from 2026-01-01"),
        (lambda c: c.service_level("chatt"), "did you mean chat"),
    ],
)
def test_an_unknown_name_is_told_the_nearest(ask: Callable[[Catalog], object], message: str) -> None:
    with pytest.raises(LookupFault) as told:
        ask(Catalog.open())
    assert message in str(told.value)


def test_a_role_costs_what_it_costs_in_its_region() -> None:
    catalog = Catalog.open()
    here, there = (catalog.people("ml_engineer", DAY, region)[1] for region in ("us", "eu"))
    assert here.value == 300_000
    assert there.value == pytest.approx(124_000 * 1.1739)
    assert there.source.where == "price_sheets/people/eu.csv"
    assert catalog.roles(DAY, "eu") == ["ml_engineer"]


def test_a_service_level_is_its_two_limits_and_its_percentile() -> None:
    found = Catalog.open().service_level("mlperf-llama2-70b-interactive")
    assert [(fact.path, fact.value) for fact in found] == [
        ("service.ttft_ms", 450), ("service.tpot_ms", 40), ("service.slo_percentile", 99),
    ]  # fmt: skip
    assert {fact.source.grade for fact in found} == {"published"}
    assert Catalog.open().service_level("chat")[0].source.grade == "assumed"
