"""Edits of a sheet: every other line stays byte for byte, nobody's row is lost, no cell becomes a formula."""

import csv
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.catalog import Catalog
from tco.catalog.adding import add_prices
from tco.catalog.cells import as_meant, harmless
from tco.catalog.edit import ChangedSheet, Sheet
from tco.errors import LookupFault, SheetError

ON = date(2026, 11, 20)
Write = Callable[..., Path]


def sheet_of(folder: Path) -> Sheet:
    return Sheet.read(folder / "price_sheets" / "api" / "acme.csv")


def test_every_shipped_sheet_is_written_as_it_was_read(catalog: Catalog) -> None:
    for path in catalog.sheet_files().values():
        sheet = Sheet.read(path)
        assert sheet.content == path.read_bytes()
        assert len(sheet.rows) == len(sheet.lines)


@pytest.mark.parametrize(("end", "mark"), [("\n", ""), ("\r\n", "\ufeff")])
def test_a_row_more_is_one_line_more_in_the_files_own_way(acme: Write, end: str, mark: str) -> None:
    sheet = sheet_of(acme({"model": "small", "meter": "input", "price": "1"}, end=end, mark=mark))
    new = sheet.added({**sheet.rows[0], "price": "1.9", "valid_from": "2026-12-01"})
    assert [line for line in new.diff(sheet).splitlines() if line.startswith("-a")] == ["-" + new.text.split(end)[2]]
    assert new.text.count(end) == sheet.text.count(end) + 1
    # after the row of the same price, before that of the next
    assert [row["price"] for row in new.rows] == ["2", "1.9", "8", "1"]
    assert new.lines == [2, 3, 4, 5]


def test_a_row_goes_beside_its_kin(acme: Write) -> None:
    sheet = sheet_of(
        acme(
            {"meter": "input", "price": "1", "service_tier": "batch"},
            {"model": "small", "meter": "input", "price": "1"},
        )
    )
    row = sheet.rows[0]
    places = {
        "same price": (row | {"valid_from": "2026-12-01"}, 3),
        "same tariff": (row | {"meter": "cache_read"}, 4),
        "same model": (row | {"service_tier": "flex"}, 5),
        "a new model": (row | {"model": "huge"}, 6),
    }  # fmt: skip
    for what, (new, line) in places.items():
        added = sheet.added(new)
        assert added.row(line) == new, what


def test_a_last_line_without_an_end_gets_one(acme: Write) -> None:
    folder = acme()
    path = folder / "price_sheets" / "api" / "acme.csv"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    sheet = sheet_of(folder)
    added = sheet.added({**sheet.rows[1], "valid_from": "2026-12-01"})
    assert added.text.splitlines()[:3] == sheet.text.splitlines()
    assert len(added.rows) == 3


def test_retiring_writes_the_end_and_nothing_else(acme: Write) -> None:
    sheet = sheet_of(acme())
    ended = sheet.retired(3, date(2026, 12, 1))
    assert ended.row(3) == sheet.row(3) | {"valid_to": "2026-12-01"}
    assert ended.text.splitlines()[:2] == sheet.text.splitlines()[:2]
    with pytest.raises(LookupFault, match="row 9: no row begins on this line"):
        sheet.retired(9, ON)


def test_a_cell_over_two_lines_keeps_the_numbers_of_the_rows_below_right(acme: Write) -> None:
    folder = acme(
        {"model": "small", "meter": "input", "price": "1", "note": "two,\nlines"},
        {"model": "small", "meter": "output", "price": "3"},
    )
    sheet = sheet_of(folder)
    assert sheet.lines == [2, 3, 4, 6]
    assert sheet.replaced(6, {**sheet.row(6), "price": "0.5"}).faults(Catalog.open(folder), ON)[0].row == 6


def test_an_unknown_column_is_refused_with_the_nearest(acme: Write) -> None:
    sheet = sheet_of(acme())
    with pytest.raises(SheetError, match="column prise: unknown column; did you mean price"):
        sheet.added({**sheet.rows[0], "prise": "3"})


def test_a_sheet_is_in_a_folder_of_sheets(tmp_path: Path) -> None:
    with pytest.raises(SheetError, match="a sheet is in one of the folders api, gpu_rental"):
        Sheet.read(tmp_path / "acme.csv")


def test_saving_over_somebody_elses_change_is_refused(acme: Write) -> None:
    folder = acme()
    mine, theirs = sheet_of(folder), sheet_of(folder)
    row = {**mine.rows[0], "valid_from": "2026-12-01"}
    saved = theirs.added(row).save()
    with pytest.raises(ChangedSheet, match="changed by somebody else"):
        mine.added({**row, "price": "1"}).save()
    assert sheet_of(folder).content == saved.content
    assert saved.save().content == saved.content  # what was saved is what is there
    assert [path.name for path in (folder / "price_sheets" / "api").iterdir()] == ["acme.csv"]  # neither lock nor part


def test_a_folder_that_cannot_be_written_is_told(acme: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet = sheet_of(acme())

    def refused(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tco.catalog.lock.os.replace", refused)
    with pytest.raises(Exception, match="No space left on device; name a folder"):
        sheet.added({**sheet.rows[0], "valid_from": "2026-12-01"}).save()
    assert sheet_of(sheet.path.parents[2]).content == sheet.content
    assert [path.name for path in sheet.path.parent.iterdir()] == ["acme.csv"]


def _add(folder: Path, model: str) -> None:
    catalog = Catalog.open(folder)
    path = folder / "price_sheets" / "api" / "acme.csv"
    add_prices(path, [{"provider": "acme", "model": "large", "meter": "input", "price": "2", "service_tier": "standard",
                       "valid_from": f"2027-01-{int(model):02d}"}], catalog, ON)  # fmt: skip


def test_nobody_loses_a_row_when_many_add_at_once(acme: Write) -> None:
    folder = acme()
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(_add, [folder] * 12, [str(day) for day in range(1, 13)]))
    days = {row["valid_from"] for row in sheet_of(folder).rows if row["meter"] == "input"}
    assert days == {"2026-01-01", *(f"2027-01-{day:02d}" for day in range(1, 13))}
    assert [f for f in sheet_of(folder).faults(Catalog.open(folder), ON) if f.level == "error"] == []


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20))
def test_a_cell_is_read_as_it_was_written_and_is_no_formula(text: str) -> None:
    written = harmless(text.strip())
    assert as_meant(written) == text.strip()
    number = text.strip().replace(".", "", 1).lstrip("+-").isdigit()
    assert not written.startswith(("=", "+", "-", "@", "\t", "\r")) or number or _is_number(written)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12),
        min_size=1,
        max_size=6,
    )
)
def test_notes_of_any_kind_come_back(tmp_path_factory: pytest.TempPathFactory, notes: list[str]) -> None:
    folder = tmp_path_factory.mktemp("sheets") / "price_sheets" / "api"
    sheet = Sheet.read(folder / "new.csv")
    for day, note in enumerate(notes, start=1):
        sheet = sheet.added(
            {
                "provider": "a",
                "model": "b",
                "meter": "input",
                "price": "1",
                "note": note,
                "valid_from": f"2026-01-0{day}",
            }
        )
    again = sheet.save()
    assert [row["note"] for row in Sheet.read(again.path).rows] == [note.strip() for note in notes]
    assert Sheet.read(again.path).rows == again.rows
    with again.path.open(newline="", encoding="utf-8") as file:
        assert len(list(csv.reader(file))) == len(notes) + 1
