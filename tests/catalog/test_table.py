"""The checked CSV reader: each scar a spreadsheet leaves is told with its row, its column and its mend."""

from datetime import date
from pathlib import Path

import pytest

from tco.catalog.api_prices import ApiPriceRow
from tco.catalog.assumptions import AssumptionRow
from tco.catalog.table import duplicates, read_sheet
from tco.errors import Fault

HEADER = (
    "provider,model,meter,price,currency,per,service_tier,min_input_tokens,tier_rule,region,hours_utc,"
    "valid_from,valid_to,basis,evidence,source_url,checked_on,checked_by,note"
)
ROW = {
    "provider": "acme",
    "model": "large",
    "meter": "input",
    "price": "2.50",
    "currency": "USD",
    "per": "1M tokens",
    "service_tier": "standard",
    "valid_from": "2026-01-01",
    "basis": "list",
    "evidence": "A",
    "source_url": "https://acme.example/prices",
    "checked_on": "2026-11-01",
    "checked_by": "hand",
}


def line(**changes: str) -> str:
    row = ROW | changes
    return ",".join(
        f'"{row.get(name, "")}"' if "," in row.get(name, "") else row.get(name, "") for name in HEADER.split(",")
    )


def faults(tmp_path: Path, text: str) -> list[Fault]:
    path = tmp_path / "acme.csv"
    path.write_bytes(text.encode())
    return read_sheet(path, "price_sheets/api/acme.csv", ApiPriceRow)[1]


def fault(tmp_path: Path, **changes: str) -> Fault:
    found = faults(tmp_path, f"{HEADER}\n{line(**changes)}\n")
    assert len(found) == 1, found
    return found[0]


def test_a_good_row_is_read_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "acme.csv"
    path.write_text(f"{HEADER}\n\n{line()}\n")
    entries, wrong = read_sheet(path, "price_sheets/api/acme.csv", ApiPriceRow)
    assert not wrong
    assert (entries[0].line, entries[0].row.price, entries[0].row.valid_from) == (3, 2.5, date(2026, 1, 1))
    assert str(entries[0].source().where) == "price_sheets/api/acme.csv"


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path) -> None:
    assert faults(tmp_path, f"\ufeff{HEADER}\r\n{line()}\r\n") == []


@pytest.mark.parametrize(
    ("cell", "mend"),
    [
        ("$10", "write the number alone: 10"),
        ("10 USD", "write the number alone: 10"),
        ("1,5", "use a decimal point: 1.5"),
        ("0,225", "use a decimal point: 0.225"),  # a nought before: not two hundred and twenty-five
        ("0,125", "use a decimal point: 0.125"),
        ("1,000", "write 1.000 if the comma is a decimal comma, 1000 if it parts thousands"),
        ("2,250", "write 2.250 if the comma is a decimal comma, 2250 if it parts thousands"),
        ("$2,250", "write 2.250 if the comma is a decimal comma, 2250 if it parts thousands"),
        ("1,234,567", "no thousands separators: 1234567"),
        ("1.234.567", "no thousands separators: 1234567"),
        ("1,000.50", "no thousands separators: 1000.50"),
        ("1.234,50", "use a decimal point, no thousands separators: 1234.50"),
        ("1 234,5", "use a decimal point, no thousands separators: 1234.5"),
        ("1'234.50", "write the number alone: 1234.50, no blank or mark inside"),
        ("€2,50", "write the number alone: 2.50"),
        ("\u20ac\u00a01.234,50", "write the number alone: 1234.50"),
        ("2,50 EUR", "write the number alone: 2.50"),
        ("10k", "write the number in full"),
        ("$10/1M", "write a number, such as 2.50"),  # two numbers: neither is guessed
        ("10-12", "write a number, such as 2.50"),
        ("1,23,4", "write a number, such as 2.50"),
        ("-", "write a number, such as 2.50"),
        ("free", "write a number, such as 2.50"),
        ("nan", "write a number"),
        ("-1", "must be greater than or equal to 0"),
    ],
)
def test_a_price_that_is_no_number_is_told_how_to_be_one(tmp_path: Path, cell: str, mend: str) -> None:
    found = fault(tmp_path, price=cell)
    assert found.where == "price_sheets/api/acme.csv: row 2, price"
    assert found.found == repr(cell)
    assert mend in found.mend


def test_a_spreadsheets_serial_day_is_turned_back_into_a_day(tmp_path: Path) -> None:
    # day 45231 of a spreadsheet, whose day 1 is 1 January 1900, is 1 November 2023
    found = fault(tmp_path, valid_from="45231")
    assert found.where.endswith("row 2, valid_from")
    assert found.mend == "a spreadsheet's serial day; write 2023-11-01"


@pytest.mark.parametrize("cell", ["11/20/2026", "20.11.2026", "2026-11", "20261120", "0"])
def test_only_iso_days_are_days(tmp_path: Path, cell: str) -> None:
    assert "2026-11-20" in fault(tmp_path, valid_from=cell).mend


def test_a_day_that_is_not_in_the_calendar_is_a_fault(tmp_path: Path) -> None:
    assert fault(tmp_path, valid_from="2026-02-30").where.endswith("valid_from")


def test_a_blank_cell_is_told_apart_from_a_missing_column(tmp_path: Path) -> None:
    assert fault(tmp_path, price="").found == "blank"
    header = HEADER.replace("price,", "")
    found = faults(tmp_path, f"{header}\n{line()}\n")
    assert [(f.where, f.found) for f in found] == [("price_sheets/api/acme.csv: column price", "missing")]


def test_an_unknown_column_is_told_the_nearest(tmp_path: Path) -> None:
    found = faults(tmp_path, f"{HEADER.replace('service_tier', 'service_teir')}\n{line()}\n")
    assert found[0].mend.startswith("did you mean service_tier")
    assert found[1].found == "missing"


def test_an_unknown_meter_is_told_the_known_ones(tmp_path: Path) -> None:
    found = fault(tmp_path, meter="ouput")
    assert found.mend.startswith("did you mean output")
    assert "cache_write_5m" in found.mend


def test_a_price_ends_after_it_starts(tmp_path: Path) -> None:
    assert "valid_to 2026-01-01 is not after valid_from 2026-01-01" in fault(tmp_path, valid_to="2026-01-01").mend


def test_a_row_without_a_page_must_own_its_figure(tmp_path: Path) -> None:
    assert "evidence D" in fault(tmp_path, source_url="").mend
    assert faults(tmp_path, f"{HEADER}\n{line(source_url='', evidence='D')}\n") == []


@pytest.mark.parametrize(
    ("changes", "mend"),
    [
        ({"meter": "request"}, "per request goes with the meter request"),
        ({"min_input_tokens": "272000"}, "min_input_tokens and tier_rule go together"),
        ({"tier_rule": "marginal"}, "min_input_tokens and tier_rule go together"),
        ({"hours_utc": "Mon-Fri 1-4"}, "write them as Mon-Fri 01-04,06-10"),
        ({"hours_utc": "10-04"}, "from before to"),
    ],
)
def test_cells_that_contradict_each_other_are_a_fault(tmp_path: Path, changes: dict[str, str], mend: str) -> None:
    assert mend in fault(tmp_path, **changes).mend


def test_a_comma_without_quotes_is_told(tmp_path: Path) -> None:
    found = faults(tmp_path, f"{HEADER}\n{line()}read by, hand\n")
    assert found[0].mend.startswith("expected 19 cells")


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    text = "\n".join([HEADER, line(price="$1", valid_from="45231"), line(meter="tokens"), line(price="")])
    assert [f.where.split(": ")[1] for f in faults(tmp_path, text)] == [
        "row 2, price",
        "row 2, valid_from",
        "row 3, meter",
        "row 4, price",
    ]


def test_an_empty_file_and_a_file_that_is_no_text_are_faults(tmp_path: Path) -> None:
    assert faults(tmp_path, "")[0].found == "the file is empty"
    path = tmp_path / "acme.csv"
    path.write_bytes(b"\xff\xfe\x00p")
    assert "CSV UTF-8" in read_sheet(path, "acme.csv", ApiPriceRow)[1][0].mend


def test_a_duplicate_names_the_row_it_repeats(tmp_path: Path) -> None:
    path = tmp_path / "acme.csv"
    path.write_text("\n".join([HEADER, line(), line(meter="output"), line(price="3")]))
    entries, _ = read_sheet(path, "acme.csv", ApiPriceRow)
    found = duplicates(entries, ("provider", "model", "meter", "valid_from"))
    assert [(f.where, f.found.split(",")[0]) for f in found] == [("acme.csv: row 4", "duplicate of acme")]
    assert found[0].mend.startswith("row 2 says 2.5, this row 3, both from the same day; keep one")


@pytest.mark.parametrize(
    ("cells", "mend"),
    [
        ("0.1,0.5,0.4", "not in order"),
        ("0.1,0.5,", "low and high go together"),
        (",1 000,", "write the number alone"),
    ],
)
def test_an_assumptions_range_holds_its_base(tmp_path: Path, cells: str, mend: str) -> None:
    path = tmp_path / "defaults.csv"
    header = "path,low,base,high,basis,evidence,source_url,checked_on,checked_by,note"
    path.write_text(f"{header}\nfinance.discount_frac,{cells},estimate,D,,2026-11-20,hand,\n")
    found = read_sheet(path, "defaults.csv", AssumptionRow)[1]
    assert mend in found[0].mend


def test_an_assumption_may_be_a_word(tmp_path: Path) -> None:
    path = tmp_path / "defaults.csv"
    header = "path,low,base,high,basis,evidence,source_url,checked_on,checked_by,note"
    path.write_text(f"{header}\nworkload.shape,,conversation,,estimate,D,,2026-11-20,hand,\n")
    assert read_sheet(path, "defaults.csv", AssumptionRow)[0][0].row.base == "conversation"
