"""The check of the sheets: each kind of fault in one row, all of them at once, and oddities that a row accepts."""

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path

import pytest

from tco.catalog import Catalog
from tco.catalog.finding import Finding
from tco.catalog.limits import Limits
from tco.catalog.lint import check
from tco.catalog.oddities import KINDS
from tco.solve.warn import STALE_DAYS

ON = date(2026, 11, 20)
Write = Callable[..., Path]
Row = Mapping[str, str]


def found(folder: Path, on: date = ON) -> list[Finding]:
    return [finding for finding in check(folder, on) if finding.file == "price_sheets/api/acme.csv"]


def test_a_sheet_that_is_well_has_nothing_to_mend(acme: Write) -> None:
    assert found(acme()) == []


def test_the_sheets_that_ship_have_no_error(repository: Path) -> None:
    assert [str(finding) for finding in check(repository) if finding.level == "error"] == []


@pytest.mark.parametrize(
    ("rows", "kind", "row", "column", "value", "mend"),
    [
        # 8.5 is 4.25 times the 2 of row 2: beyond the 3 of checks.csv
        ([{"meter": "input", "price": "8.5", "valid_from": "2026-05-01"}, {"meter": "output", "price": "9", "valid_from": "2026-05-01"}],
         "jump", 4, "price", "8.5, 4.25 times the 2 of row 2", "look at the page once more"),
        # 0.002 for 1K tokens is 2 for 1M
        ([{"meter": "cache_read", "price": "0.0002"}], "unit_slip", 4, "price", "0.0002 for 1M tokens", "0.2 if the page says per 1K, 200 if"),
        ([{"meter": "cache_read", "price": "2.1"}], "cache_read_above_input", 4, "price", "2.1, above the input's 2 of row 2", "exchanged"),
        ([{"model": "odd", "meter": "input", "price": "2"}, {"model": "odd", "meter": "output", "price": "1"}],
         "output_below_input", 5, "price", "1, below the input's 2 of row 4", "exchanged"),
        ([{"meter": "input", "price": "2.2", "service_tier": "batch"}, {"meter": "output", "price": "4", "service_tier": "batch"}],
         "batch_above_standard", 4, "price", "2.2 for batch, above the standard 2 of row 2", "read both again"),
        ([{"meter": "cache_read", "price": "0"}], "zero", 4, "price", "0", "write the price, or the basis free"),
        ([{"model": "ours", "meter": "input", "price": "1", "basis": "contract"},
          {"model": "ours", "meter": "output", "price": "3", "basis": "contract"}],
         "unknown_model", 4, "model", "ours: no list price", "known are large"),
        ([{"meter": "cache_read", "price": "1", "note": "accepted: jmup"}], "accepted", 4, "note", "accepted: jmup", "did you mean jump?"),
        ([{"meter": "cache_read", "price": "1", "currency": "XYZ"}], "no_rate", 4, "currency", "XYZ", "add the rate to price_sheets/fx"),
        ([{"meter": "cache_read", "price": "1", "note": "=cmd"}], "formula", 4, "note", "'=cmd'", "put an apostrophe before it"),
        ([{"meter": "cach_read", "price": "1"}], "fault", 4, "meter", "'cach_read'", "did you mean cache_read"),
        ([{"meter": "cache_read", "price": "$1"}], "fault", 4, "price", "'$1'", "write the number alone: 1"),
        ([{"meter": "cache_read", "price": "1,5"}], "fault", 4, "price", "'1,5'", "use a decimal point: 1.5"),
        ([{"meter": "cache_read", "price": "1", "valid_from": "45231"}], "fault", 4, "valid_from", "'45231'", "write 2023-11-01"),
        ([{"meter": "input", "price": "3"}], "fault", 4, "", "duplicate of acme, large, input, standard", "row 2 says 2, this row 3, both"),
        ([{"meter": "output", "price": "7", "valid_from": "2026-03-01", "valid_to": "2026-04-01"}], "fault", 4, "valid_to",
         "2026-04-01, when row 3 would come back", "basis promo"),
        ([{"meter": "cache_read", "price": "1", "valid_to": "2026-02-01"}, {"meter": "cache_read", "price": "1", "valid_from": "2026-03-01"}],
         "fault", 5, "valid_from", "2026-03-01, but row 4 ends on 2026-02-01", "let row 4 end on 2026-03-01"),
    ],
)  # fmt: skip
def test_each_fault_is_told_with_its_place_and_mend(
    acme: Write, rows: list[Row], kind: str, row: int, column: str, value: str, mend: str
) -> None:
    told = [f for f in found(acme(*rows)) if f.kind == kind and f.row == row and f.column == column]
    assert len(told) == 1, found(acme(*rows))
    assert told[0].level == "error"
    assert value in told[0].value
    assert mend in told[0].mend


def test_every_fault_is_told_at_once(acme: Write) -> None:
    folder = acme(
        {"meter": "cache_read", "price": "$1"},
        {"meter": "batch", "price": "1"},
        {"meter": "reasoning", "price": "0"},
        {"meter": "cache_write_5m", "price": "@1", "valid_from": "45231"},
    )
    places = [(finding.row, finding.column) for finding in found(folder)]
    assert places == [(4, "price"), (5, "meter"), (6, "price"), (7, "price"), (7, "price"), (7, "valid_from")]


@pytest.mark.parametrize("slip", ["0.002", "0.000002"])
def test_a_price_per_thousand_or_per_token_is_a_wrong_unit(acme: Write, slip: str) -> None:
    # 2 USD for 1M tokens is 0.002 for 1K and 0.000002 for one; both are below any price that was ever asked
    folder = acme({"meter": "input", "price": slip, "valid_from": "2026-05-01"})
    kinds = {(finding.row, finding.kind) for finding in found(folder)}
    assert (4, "unit_slip") in kinds
    assert (4, "jump") not in kinds


def test_an_unknown_column_is_told_with_the_nearest(acme: Write) -> None:
    folder = acme()
    path = folder / "price_sheets" / "api" / "acme.csv"
    path.write_text(path.read_text().replace("price,", "prise,", 1))
    told = [(finding.column, finding.value) for finding in found(folder)]
    assert told == [("price", "missing"), ("prise", "unknown column")]


def test_a_row_accepts_what_is_odd_about_it_and_nothing_else(acme: Write) -> None:
    odd = {"meter": "cache_read", "price": "2.1"}
    assert found(acme({**odd, "note": "as the page says; accepted: cache_read_above_input"})) == []
    assert [f.kind for f in found(acme({**odd, "note": "accepted: jump"}))] == ["cache_read_above_input"]


def test_a_mark_and_line_ends_of_a_spreadsheet_are_read_and_told(acme: Write) -> None:
    told = found(acme(end="\r\n", mark="\ufeff"))
    assert [(f.level, f.kind) for f in told] == [("warning", "line_ends"), ("warning", "byte_order_mark")]


def test_semicolons_are_told_as_such(acme: Write) -> None:
    folder = acme()
    path = folder / "price_sheets" / "api" / "acme.csv"
    path.write_text(path.read_text().replace(",", ";"))
    assert [finding.value for finding in found(folder)] == ["its cells are parted by semicolons"]


def test_a_price_nobody_has_checked_for_a_month_is_a_warning_and_an_ended_one_is_not(acme: Write) -> None:
    # checked on 2026-11-01: 30 days later it is fresh, a day after that it is old
    folder = acme({"meter": "cache_read", "price": "1", "checked_on": "2025-01-01", "valid_to": "2026-02-01",
                   "note": "accepted: jump"}, {"meter": "cache_read", "price": "1", "valid_from": "2026-02-01"})  # fmt: skip
    assert found(folder, date(2026, 12, 1)) == []
    (old,) = found(folder, date(2026, 12, 2))
    assert (old.level, old.kind, old.column) == ("warning", "stale", "checked_on")
    assert old.value == "3 prices not checked for 30 days, the oldest on 2026-11-01, 31 days ago"


def test_a_lower_price_of_a_long_prompt_is_weighed_against_its_own_length(acme: Write) -> None:
    long = {"min_input_tokens": "200000", "tier_rule": "whole_request"}
    rows = [{"meter": m, "price": p, **long} for m, p in (("input", "4"), ("output", "12"))]
    batch = [{"meter": m, "price": p, "service_tier": "batch", **more} for m, p, more in
             (("input", "1", {}), ("output", "4", {}), ("input", "3", long), ("output", "6", long))]  # fmt: skip
    assert found(acme(*rows, *batch)) == []


def test_every_limit_is_used_and_every_use_has_a_limit(
    catalog: Catalog, acme: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: set[str] = set()
    known = Limits._fact
    monkeypatch.setattr(Limits, "_fact", lambda self, name: asked.add(name) or known(self, name))  # type: ignore[func-returns-value]
    found(acme({"meter": "cache_read", "price": "1"}))
    limits = {path.removeprefix("checks.") for path in catalog.defaults() if path.startswith("checks.")}
    assert asked == {name for name in limits if not name.startswith("stale_days.")}


def test_old_is_as_old_as_the_warning_of_an_answer_has_it(catalog: Catalog) -> None:
    for folder, days in STALE_DAYS.items():
        assert catalog.defaults()[f"checks.stale_days.{folder.split('/')[1]}"].value == days


def test_a_folder_without_limits_takes_those_that_ship(acme: Write) -> None:
    folder = acme({"meter": "cache_read", "price": "2.1"})
    assert not (folder / "price_sheets" / "assumptions").exists()
    assert [finding.kind for finding in check(folder, ON) if finding.level == "error"] == ["cache_read_above_input"]


def test_the_words_to_accept_by_are_those_of_the_readme(repository: Path) -> None:
    text = (repository / "price_sheets" / "README.md").read_text()
    assert all(f"`{word}`" in text for word in KINDS)


def test_an_edit_is_checked_before_it_is_saved(acme: Write) -> None:
    catalog = Catalog.open(acme())
    path = next(iter(catalog.sheet_files().values()))
    text = path.read_bytes().replace(b"large,output,8", b"large,output,1")
    told = [finding.kind for finding in check(catalog.with_sheet(path, text), ON)]
    assert told == ["output_below_input"]
    assert check(catalog, ON) == []


def test_ages_are_told_from_today_unless_said(acme: Write) -> None:
    recent = (date.today() - timedelta(days=1)).isoformat()
    folder = acme()
    path = folder / "price_sheets" / "api" / "acme.csv"
    path.write_text(path.read_text().replace("2026-11-01", recent))
    assert check(folder) == []


def test_a_dash_for_a_price_is_told_once_with_the_mend_of_a_number(acme: Write) -> None:
    told = found(acme({"meter": "cache_read", "price": "-"}))
    assert [(one.column, one.mend) for one in told] == [("price", "write a number, such as 2.50")]


def test_what_concerns_a_whole_row_has_no_stray_mark(acme: Write) -> None:
    (told,) = found(acme({"meter": "cache_read", "price": "1", "valid_from": "2026-05-01", "valid_to": "2026-04-01"}))
    assert "row 4: valid_to 2026-04-01 is not after" in str(told)
