"""Rows of one price against each other: what supersedes, what passes, and what cannot be meant; and what is missing."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.catalog.api_prices import KEY, ApiPriceRow
from tco.catalog.checks import holes, incomplete, unknown_gpus
from tco.catalog.dated import conflicts, holding
from tco.catalog.rentals import RentalRow
from tco.catalog.table import Entry
from tco.errors import Fault

SOURCED = {"evidence": "A", "source_url": "https://acme.example", "checked_on": "2026-11-01", "checked_by": "hand"}
API = SOURCED | {
    "provider": "acme", "model": "large", "meter": "input", "price": "2", "currency": "USD", "per": "1M tokens",
    "service_tier": "standard", "basis": "list", "valid_from": "2026-01-01",
}  # fmt: skip
Row = dict[str, str]


def entries(*rows: Row) -> list[Entry[ApiPriceRow]]:
    return [
        Entry(ApiPriceRow.model_validate(API | row), "price_sheets/api/acme.csv", line)
        for line, row in enumerate(rows, start=2)
    ]


def days(start: str, end: str = "", basis: str = "list", **more: str) -> Row:
    return {"valid_from": start, "basis": basis, **({"valid_to": end} if end else {}), **more}


def told(found: list[Fault]) -> list[tuple[str, str, str]]:
    return [(fault.where.removeprefix("price_sheets/api/acme.csv: "), fault.found, fault.mend) for fault in found]


@pytest.mark.parametrize(
    "rows",
    [
        [days("2026-01-01"), days("2026-05-01")],  # a new price: the newer row supersedes
        [days("2026-01-01", "2026-05-01"), days("2026-05-01")],  # the same, the old row closed
        [days("2026-01-01"), days("2026-05-01", "2026-06-01", "promo")],  # a promotion that gives way
        [days("2026-01-01", "2026-09-01"), days("2026-05-01", "2026-06-01", "promo")],
        [days("2026-01-01", "2027-01-01", "promo"), days("2027-01-01")],  # an opening price, and what follows
        [days("2026-01-01"), days("2026-01-01", "2026-12-31", "contract")],  # contracts are weighed among themselves
        [days("2026-01-01", "2026-05-01"), days("2026-01-01", region="us")],  # another price
    ],
)
def test_what_may_stand_on_another_row(rows: list[Row]) -> None:
    assert conflicts(entries(*rows), KEY) == []


@pytest.mark.parametrize(
    ("rows", "place", "found", "mend"),
    [
        (
            [days("2026-01-01", "2026-08-01"), days("2026-05-01")],
            "row 3, valid_from",
            "2026-05-01, while row 2 holds until 2026-08-01",
            "let row 2 end on 2026-05-01, or this one begin on 2026-08-01",
        ),
        (
            [days("2026-01-01", "2026-08-01"), days("2026-05-01", "2026-06-01")],
            "row 3, valid_from",
            "2026-05-01, while row 2 holds until 2026-08-01",
            "let row 2 end on 2026-05-01, or this one begin on 2026-08-01",
        ),
        (  # a retired model whose first price would come back from the dead
            [days("2026-01-01"), days("2026-05-01", "2026-06-01")],
            "row 3, valid_to",
            "2026-06-01, when row 2 would come back",
            "let row 2 end on 2026-05-01 too; a price that gives way to the old one has the basis promo",
        ),
        (
            [days("2026-01-01", "2026-03-01", "promo"), days("2026-02-01")],
            "row 3, valid_from",
            "2026-02-01, while row 2 holds until 2026-03-01",
            "let row 2 end on 2026-02-01, or this one begin on 2026-03-01",
        ),
        (
            [days("2026-01-01", "2026-03-01", "promo"), days("2026-02-01", "2026-04-01", "promo")],
            "row 3, valid_from",
            "2026-02-01, while row 2 holds until 2026-03-01",
            "let row 2 end on 2026-02-01, or this one begin on 2026-03-01",
        ),
        (
            [days("2026-01-01"), days("2026-01-01", "2026-03-01", "promo")],
            "row 3",
            "duplicate of acme, large, input, standard",
            "row 2 says the same; keep one, or give the newer its own valid_from",
        ),
    ],
)
def test_two_rows_that_cannot_both_be_meant(rows: list[Row], place: str, found: str, mend: str) -> None:
    assert told(conflicts(entries(*rows), KEY)) == [(place, found, mend)]


def test_another_file_is_named_and_every_clash_is_told_in_the_files_order() -> None:
    mine = entries(days("2026-01-01"), days("2026-01-01", meter="output"))
    theirs = [Entry(entry.row, "price_sheets/api/zeta.csv", entry.line) for entry in mine]
    found = conflicts([*theirs, *mine], KEY)
    assert [fault.where for fault in found] == ["price_sheets/api/acme.csv: row 2", "price_sheets/api/acme.csv: row 3"]
    assert found[0].mend.startswith("price_sheets/api/zeta.csv: row 2 says the same")


@given(starts=st.lists(st.integers(0, 900), min_size=1, max_size=6, unique=True), closed=st.booleans())
def test_a_price_that_only_ever_changes_has_one_row_a_day_and_no_fault(starts: list[int], closed: bool) -> None:
    begin = [date(2025, 1, 1) + timedelta(days=day) for day in sorted(starts)]
    ends = [*(b.isoformat() for _, b in pairwise(begin)), ""] if closed else [""] * len(begin)
    rows = entries(*(days(day.isoformat(), end) for day, end in zip(begin, ends, strict=True)))
    assert conflicts(rows, KEY) == holes(rows, KEY) == []
    for number, day in enumerate(begin):
        assert [entry.line for entry in holding(rows, day, KEY)] == [number + 2]


def test_days_that_nobody_prices_are_told() -> None:
    rows = entries(days("2026-01-01", "2026-03-01"), days("2026-05-01"), days("2026-02-01", "2026-03-15", "contract"))
    assert told(holes(rows, KEY)) == [
        (
            "row 3, valid_from",
            "2026-05-01, but row 4 ends on 2026-03-15",
            "let row 4 end on 2026-05-01, or write a row for the days from 2026-03-15 to 2026-05-01",
        )
    ]


def meter(name: str, tier: str = "standard", **more: str) -> Row:
    return {"meter": name, "service_tier": tier, **more}


LONG = {"min_input_tokens": "200000", "tier_rule": "whole_request"}
WHOLE = [meter("input"), meter("cache_read"), meter("output")]


@pytest.mark.parametrize(
    "rows",
    [
        WHOLE,
        [*WHOLE, meter("input", "batch"), meter("output", "batch")],
        [*WHOLE, meter("input", **LONG), meter("output", **LONG)],
        [*WHOLE, meter("input", region="eu"), meter("output", region="eu")],
        [*WHOLE, meter("input", "batch", region="eu"), meter("output", "batch", region="eu")],  # on the global price
        [*WHOLE, meter("input", hours_utc="01-04"), meter("output", hours_utc="01-04")],
    ],
)
def test_a_tariff_that_is_whole(rows: list[Row]) -> None:
    assert incomplete(entries(*rows)) == []


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ([meter("output")], [("row 2, meter", "output without input from 2026-01-01 on")]),
        ([meter("input")], [("row 2, meter", "input without output from 2026-01-01 on")]),
        (
            [meter("input", valid_to="2026-06-01"), meter("output")],
            [("row 3, meter", "output without input from 2026-06-01 on")],
        ),
        (
            [*WHOLE, meter("input", "batch")],
            [("row 5, meter", "input without output from 2026-01-01 on")],
        ),
        (
            [meter("input", "batch"), meter("output", "batch")],
            [
                ("row 2, service_tier", "batch without an ordinary standard input row from 2026-01-01 on"),
                ("row 3, service_tier", "batch without an ordinary standard output row from 2026-01-01 on"),
            ],
        ),
        (
            [meter("input"), meter("output"), meter("input", **LONG), meter("cache_read", **LONG), meter("output", **LONG)],
            [("row 5, min_input_tokens", "200000 without an ordinary standard cache_read row from 2026-01-01 on")],
        ),
        (
            [*WHOLE, meter("input", "batch", **LONG), meter("output", "batch", **LONG)],
            [
                ("row 5, min_input_tokens", "200000 without an ordinary batch input row from 2026-01-01 on"),
                ("row 6, min_input_tokens", "200000 without an ordinary batch output row from 2026-01-01 on"),
            ],
        ),
        (
            [meter("input", hours_utc="01-04"), meter("output", hours_utc="01-04")],
            [
                ("row 2, hours_utc", "01-04 without an ordinary standard input row from 2026-01-01 on"),
                ("row 3, hours_utc", "01-04 without an ordinary standard output row from 2026-01-01 on"),
            ],
        ),
        (
            [meter("input"), meter("cache_read", valid_to="2026-06-01"), meter("output")],
            [("row 3, valid_to", "2026-06-01, but the input of row 2 goes on")],
        ),
    ],
)  # fmt: skip
def test_a_tariff_that_lacks_something(rows: list[Row], faults: list[tuple[str, str]]) -> None:
    assert [(place, found) for place, found, _ in told(incomplete(entries(*rows)))] == faults


def test_a_rent_of_an_unknown_gpu_is_told() -> None:
    row = SOURCED | {
        "provider": "acme", "gpu": "H100-SMX", "gpus_per_instance": "8", "term": "on_demand", "price": "2",
        "currency": "USD", "per": "GPU-hour", "valid_from": "2026-01-01", "basis": "list",
    }  # fmt: skip
    entry = Entry(RentalRow.model_validate(row), "price_sheets/gpu_rental/acme.csv", 2)
    fault = Fault("price_sheets/gpu_rental/acme.csv: row 2, gpu", "H100-SMX", "did you mean H100-SXM?")
    assert unknown_gpus([entry], ["L40S", "H100-SXM"]) == [fault]
    assert unknown_gpus([entry], ["H100-SMX"]) == []
