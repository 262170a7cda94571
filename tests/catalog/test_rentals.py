"""The rent of a replica: which instance, which offer stands for the market, and what else its provider publishes."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.catalog import Catalog
from tco.catalog.rentals import ON_DEMAND, RentalOffer, by_provider
from tco.errors import LookupFault
from tco.inputs.source import Fact, Source

HEADER = (
    "provider,kind,gpu,gpus_per_instance,term,region,price,currency,per,"
    "valid_from,valid_to,basis,evidence,source_url,checked_on,checked_by,note"
)
DAY = date(2026, 11, 20)


def rent(
    provider: str, usd: float, gpus: int = 1, *, term: str = "on_demand", kind: str = "neocloud",
    per: str = "GPU-hour", region: str = "", start: str = "2026-01-01",
) -> str:  # fmt: skip
    tail = f"{start},,list,B,https://{provider}.example,2026-11-01,hand,"
    return f"{provider},{kind},X1,{gpus},{term},{region},{usd},USD,{per},{tail}"


def opened(folder: Path, *rows: str) -> Catalog:
    path = folder / "price_sheets" / "gpu_rental" / "x.csv"
    path.parent.mkdir(parents=True)
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return Catalog.open(folder)


def values(facts: list[Fact]) -> dict[str, object]:
    return {fact.path.removeprefix("gpu."): fact.value for fact in facts}


def test_without_a_provider_the_lower_middle_of_the_clouds_is_taken(tmp_path: Path) -> None:
    catalog = opened(
        tmp_path,
        rent("a", 2), rent("b", 4), rent("c", 5), rent("d", 9, kind="cloud"), rent("host", 1, kind="marketplace"),
        rent("seconds", 3, kind="serverless"), rent("market", 1.5, kind="index"),
    )  # fmt: skip
    # of 2, 4, 5 and 9 the second; the marketplace, the serverless one and the index do not count
    usd, provider, *_ = catalog.rental("X1", "", DAY)
    assert (usd.value, usd.low, usd.high, provider.value) == (4, 2, 9, "b")
    assert usd.source.note == "middle of 4 offers, 2.00 to 9.00 USD"


def test_a_named_marketplace_widens_the_range_to_its_own_price(tmp_path: Path) -> None:
    catalog = opened(tmp_path, rent("a", 2), rent("b", 4), rent("host", 1, kind="marketplace"))
    usd = catalog.rental("X1", "host", DAY)[0]
    assert (usd.value, usd.low, usd.high) == (1, 1, 4)
    assert usd.source.note == "one of 3 offers, 1.00 to 4.00 USD"


def test_where_only_marketplaces_rent_a_gpu_they_are_the_market(tmp_path: Path) -> None:
    catalog = opened(tmp_path, rent("h", 1, kind="marketplace"), rent("k", 3, kind="marketplace"))
    assert catalog.rental("X1", "", DAY)[0].value == 1


def test_the_usual_offers_leave_no_gpu_over(tmp_path: Path) -> None:
    catalog = opened(tmp_path, rent("ones", 5), rent("eights", 32, 8, per="instance-hour"), rent("twos", 3, 2))
    # a replica of one GPU fits only the first; one of eight fits all three: 3, 4, 5
    assert values(catalog.rental("X1", "", DAY))["provider"] == "ones"
    eight = catalog.rental("X1", "", DAY, gpus=8)
    assert (eight[0].value, eight[0].low, eight[0].high) == (4, 3, 5)
    # three GPUs fit instances of one only
    assert values(catalog.rental("X1", "", DAY, gpus=3))["provider"] == "ones"


def test_the_smallest_instance_that_holds_the_replica_is_taken(tmp_path: Path) -> None:
    sizes = [rent("a", 4.29), rent("a", 4.19, 2), rent("a", 3.99, 8)]
    catalog = opened(tmp_path, *sizes)
    taken = {n: values(catalog.rental("X1", "a", DAY, gpus=n)) for n in (1, 2, 3, 8, 16)}
    assert [taken[n]["instance_gpus"] for n in (1, 2, 3, 8, 16)] == [1, 2, 8, 8, 8]
    assert [taken[n]["on_demand_usd_per_gpu_hour"] for n in (1, 2, 3, 8, 16)] == [4.29, 4.19, 3.99, 3.99, 3.99]


def test_the_cheapest_region_of_the_instance_is_taken(tmp_path: Path) -> None:
    catalog = opened(tmp_path, rent("a", 3, region="eu"), rent("a", 2, region="us"))
    assert catalog.rental("X1", "a", DAY)[0].value == 2


@given(
    sizes=st.sets(st.integers(1, 16), min_size=1),
    gpus=st.integers(1, 32),
)
def test_an_instance_that_holds_the_replica_beats_any_other(sizes: set[int], gpus: int) -> None:
    source = Source("x.csv", "published")
    found = [RentalOffer("a", "X1", size, ON_DEMAND, "", float(size), source) for size in sorted(sizes)]
    taken = by_provider(found, ON_DEMAND, gpus)["a"].gpus_per_instance
    holding = [size for size in sizes if size >= gpus]
    dividing = [size for size in sizes if gpus % size == 0]
    assert taken == (min(holding) if holding else max(dividing or sizes))


def test_reserved_and_spot_are_the_providers_own(tmp_path: Path) -> None:
    catalog = opened(
        tmp_path,
        rent("a", 4), rent("a", 3, term="reserved_1y"), rent("a", 2.5, term="reserved_3y"), rent("a", 1.5, term="spot"),
        rent("b", 5), rent("c", 6, 1), rent("c", 2, 8, term="spot"),
    )  # fmt: skip
    a = values(catalog.rental("X1", "a", DAY))
    assert (a["reserved_usd_per_gpu_hour"], a["spot_usd_per_gpu_hour"]) == (3, 1.5)
    assert values(catalog.rental("X1", "a", DAY, term="reserved_3y"))["reserved_usd_per_gpu_hour"] == 2.5
    b = values(catalog.rental("X1", "b", DAY))
    assert not {"reserved_usd_per_gpu_hour", "spot_usd_per_gpu_hour"} & set(b)
    assert values(catalog.rental("X1", "c", DAY))["spot_usd_per_gpu_hour"] == 2


@pytest.mark.parametrize(
    ("provider", "message"),
    [
        ("market", "only an index of what X1 contracts go for, not an offer"),
        ("later", "X1 is rented as reserved_1y, spot only, not on demand"),
        ("aa", "rents no X1 on demand; did you mean a"),
        ("new", "priced from 2027-01-01 on"),
    ],
)
def test_who_has_no_on_demand_price_is_told_why(tmp_path: Path, provider: str, message: str) -> None:
    catalog = opened(
        tmp_path,
        rent("a", 4), rent("market", 2, term="reserved_3y", kind="index"), rent("later", 3, term="reserved_1y"),
        rent("later", 1, term="spot"), rent("new", 4, start="2027-01-01"),
    )  # fmt: skip
    with pytest.raises(LookupFault) as told:
        catalog.rental("X1", provider, DAY)
    assert message in str(told.value)


def test_a_gpu_that_nobody_rents_on_demand_is_told(tmp_path: Path) -> None:
    catalog = opened(tmp_path, rent("a", 2, term="spot"))
    with pytest.raises(LookupFault, match=r"rent of X1: X1 is rented as spot only(.|\n)*type the on-demand price"):
        catalog.rental("X1", "", DAY)


def test_a_sheet_without_kinds_is_of_neoclouds(tmp_path: Path) -> None:
    path = tmp_path / "price_sheets" / "gpu_rental" / "mine.csv"
    path.parent.mkdir(parents=True)
    path.write_text(HEADER.replace("kind,", "") + "\n" + rent("mine", 2).replace("neocloud,", "") + "\n")
    catalog = Catalog.open(tmp_path)
    assert catalog.rental_offers("X1", DAY)[0].kind == "neocloud"
    assert catalog.rental("X1", "", DAY)[0].value == 2
