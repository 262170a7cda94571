"""Prices over time, worked by hand; two states of the sheets beside each other; a day, a revision and a folder."""

import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.catalog import Catalog
from tco.catalog.edit import Sheet
from tco.catalog.history import Change, history, implied_decline_per_year, known_sku, moment, moves
from tco.errors import LookupFault
from tco.inputs.source import Source

ON = date(2026, 11, 20)
Write = Callable[..., Path]
SOURCE = Source(where="price_sheets/api/acme.csv", grade="published")


def told(changes: list[Change]) -> list[tuple[str, str, str, float | None, float | None]]:
    return [(str(change.on), change.meter, change.tier, change.was, change.now) for change in changes]


def test_every_change_is_told_with_what_was_before(acme: Write) -> None:
    catalog = Catalog.open(
        acme(
            {"meter": "input", "price": "1", "valid_from": "2026-05-01"},
            {"meter": "input", "price": "0.5", "valid_from": "2026-06-01", "valid_to": "2026-07-01", "basis": "promo"},
            {"meter": "cache_read", "price": "0.2", "valid_to": "2026-04-01"},
            {"meter": "input", "price": "9", "region": "eu"},
            {"meter": "output", "price": "8", "valid_from": "2026-09-01"},  # checked anew, not changed
        )
    )
    assert told(history(catalog, "acme/large")) == [
        ("2026-01-01", "cache_read", "standard", None, 0.2),
        ("2026-01-01", "input", "standard", None, 2),
        ("2026-01-01", "output", "standard", None, 8),
        ("2026-04-01", "cache_read", "standard", 0.2, None),
        ("2026-05-01", "input", "standard", 2, 1),
        ("2026-06-01", "input", "standard", 1, 0.5),
        ("2026-07-01", "input", "standard", 0.5, 1),  # the promotion gives way
    ]
    assert history(catalog, "large")[4].ratio == 0.5


def steps(*prices: tuple[date, float | None], meter: str = "input") -> list[Change]:
    return [Change(day, meter, "standard", None, usd, None, SOURCE) for day, usd in prices]


def test_a_price_that_halved_in_two_years_fell_by_29_percent_a_year() -> None:
    # 10 to 5 in 730.5 days: 1 - 0.5 ** (1 / 2) = 0.29289
    changes = steps((date(2024, 1, 1), 10), (date(2025, 6, 1), 5))
    (fall,) = implied_decline_per_year(changes, date(2025, 12, 31))
    assert (fall.was, fall.now, fall.first, fall.last) == (10, 5, date(2024, 1, 1), date(2025, 12, 31))
    assert fall.per_year_frac == pytest.approx(1 - 0.5**0.5, abs=5e-4)


def test_what_is_announced_does_not_count_yet_and_an_ended_price_stops() -> None:
    changes = steps((date(2025, 1, 1), 4), (date(2027, 1, 1), 1))
    assert implied_decline_per_year(changes, ON)[0].per_year_frac == 0
    ended = implied_decline_per_year(steps((date(2025, 1, 1), 4), (date(2026, 1, 1), None)), ON)
    assert ended[0].last == date(2026, 1, 1)


def test_the_price_of_a_request_weighs_the_meters_by_its_tokens() -> None:
    # 1,000 in and 500 out: at 2 and 8 USD 0.002 + 0.004 = 0.006 USD; at 2 and 2 USD 0.003
    changes = steps((date(2025, 1, 1), 2)) + steps((date(2025, 1, 1), 8), (date(2025, 7, 1), 2), meter="output")
    blend = implied_decline_per_year(changes, date(2026, 1, 1), {"input": 1000, "output": 500})[-1]
    assert (blend.meter, blend.was, blend.now) == ("blend", pytest.approx(0.006), pytest.approx(0.003))


@given(st.floats(0.01, 100), st.floats(-2, 0.95), st.integers(100, 4000))
def test_a_steady_fall_is_found_again(was: float, rate: float, days: int) -> None:
    first = date(2015, 1, 1)
    last = date.fromordinal(first.toordinal() + days)
    now = was * (1 - rate) ** (days / 365.25)
    (fall,) = implied_decline_per_year(steps((first, was), (last, now)), last)
    assert fall.per_year_frac == pytest.approx(rate, abs=1e-6)


def test_a_name_is_taken_where_one_vendor_sells_it(catalog: Catalog) -> None:
    assert known_sku(catalog, "gpt-5.4") == "openai/gpt-5.4"
    with pytest.raises(LookupFault, match=r"did you mean openai/gpt-5\.4"):
        known_sku(catalog, "gpt-5.44")
    with pytest.raises(LookupFault, match="sold by several; write one of cerebras/gpt-oss-120b"):
        known_sku(catalog, "gpt-oss-120b")


def test_moves_are_what_differs_and_only_that(acme: Write) -> None:
    catalog = Catalog.open(acme({"meter": "cache_read", "price": "1"}))
    assert moves(catalog, catalog, ON, ON) == []
    sheet = Sheet.read(next(iter(catalog.sheet_files().values())))
    row = {**sheet.rows[0], "price": "1", "valid_from": "2026-10-01"}
    after = sheet.retired(4, date(2026, 10, 1)).added(row).seen_by(catalog)
    found = [(move.name, move.what, move.was, move.now, move.ratio) for move in moves(catalog, after, ON, ON)]
    assert found == [
        ("acme/large", "cache_read, standard", 1, None, None),
        ("acme/large", "input, standard", 2, 1, 0.5),
    ]
    assert moves(catalog, after, date(2026, 9, 1), date(2026, 9, 1)) == []


def test_a_moment_is_a_day_a_folder_or_a_revision(acme: Write, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = acme()
    git = ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", "prices"], check=True)
    sheet = Sheet.read(folder / "price_sheets" / "api" / "acme.csv")
    sheet.added({**sheet.rows[0], "price": "1", "valid_from": "2026-10-01"}).save()
    catalog = Catalog.open(folder)
    with moment(catalog, "2026-05-01", ON) as (same, day, words):
        assert (same, day, words) == (catalog, date(2026, 5, 1), "prices of 2026-05-01")
    with moment(catalog, "HEAD", ON) as (old, day, words):
        assert (day, words[:18]) == (ON, "the sheets of HEAD")
        assert [(move.was, move.now) for move in moves(old, catalog, day, ON)] == [(2, 1)]
    with moment(catalog, str(folder), ON) as (there, _, _):
        assert moves(there, catalog, ON, ON) == []
    for text in ("nowhere", "--help", "HEAD:price_sheets"):
        with pytest.raises(LookupFault, match="no day, no folder, and no revision"), moment(catalog, text, ON):
            pass
