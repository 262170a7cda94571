"""One checked CSV reader: the row model is the schema, and every fault is told with file, row, column and mend."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from io import StringIO
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import BeforeValidator, ValidationError, model_validator

from tco.catalog.cells import NUMBER, as_meant
from tco.catalog.figures import mend_number
from tco.errors import Fault, nearest
from tco.inputs.base import Input
from tco.inputs.source import Grade, Source

Basis = Literal["list", "contract", "promo", "estimate", "free"]
Evidence = Literal["A", "B", "C", "D"]

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_EXCEL_DAY_ZERO = date(1899, 12, 30)
REMEMBERED = 4096
"""How many cells are remembered with what they mean: sheets say the same days and prices over and over."""


def _day(cell: Any) -> Any:
    """Only ISO days: a bare number is an Excel serial day, which must not be read as seconds since 1970."""
    return _iso_day(cell) if isinstance(cell, str) else cell


@lru_cache(maxsize=REMEMBERED)
def _iso_day(cell: str) -> date:
    if not _DAY.fullmatch(cell):
        raise ValueError(_mend_day(cell))
    return date.fromisoformat(cell)


def plain_number(cell: Any) -> Any:
    """The cell as it is when it holds digits and a decimal point only; ValueError with the mend when not."""
    if isinstance(cell, str) and not _is_number(cell):
        raise ValueError(mend_number(cell))
    return cell


@lru_cache(maxsize=REMEMBERED)
def _is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None


Day = Annotated[date, BeforeValidator(_day)]
"""A day written 2026-11-20."""
Plain = BeforeValidator(plain_number)
"""Put beside a number's type: the cell holds digits and a decimal point, nothing else."""


class Sourced(Input):
    """What every row says of itself: how the figure is known, and where it was read."""

    basis: Basis
    """list price, contract, promo, estimate or free."""
    evidence: Evidence
    """A primary, B reputable secondary, C a single blog or vendor, D a planning assumption to be owned by the user."""
    source_url: str = ""
    """The page; may be blank only for evidence D."""
    checked_on: Day
    """The day the page, or the dataset that read it, was checked."""
    checked_by: str
    """Who read it, or the dataset it came through, such as import:litellm@2026-10-21."""
    note: str = ""
    """What to know before using it."""

    @model_validator(mode="after")
    def _has_a_page(self) -> "Sourced":
        if not self.source_url and self.evidence != "D":
            raise ValueError("source_url is blank: name the page, or own the figure with evidence D")
        return self


class DatedRow(Sourced):
    """A price that holds from a day to a day."""

    currency: str
    """ISO code of the price's currency."""
    valid_from: Day
    """First day it holds."""
    valid_to: Day | None = None
    """First day it no longer holds; blank while no end is announced."""

    @model_validator(mode="after")
    def _ends_after_it_starts(self) -> "DatedRow":
        if self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError(
                f"valid_to {self.valid_to} is not after valid_from {self.valid_from}: valid_to is exclusive"
            )
        return self

    def holds(self, on: date) -> bool:
        """Whether it holds on a day: valid_from inclusive, valid_to exclusive."""
        return self.valid_from <= on and (self.valid_to is None or on < self.valid_to)


RowT = TypeVar("RowT", bound=Sourced)


@dataclass(frozen=True, slots=True)
class Entry(Generic[RowT]):
    """A row that passed, with the file and the line it stands on (the header is line 1)."""

    row: RowT
    where: str
    line: int
    term: str = ""
    """The row of a contract that bent it, such as ``price_sheets/contracts.csv:2``."""

    def source(self, note: str = "") -> Source:
        """Where the row's figure came from; ``note`` goes before the row's own."""
        row = self.row
        return Source(
            where=self.where,
            grade=grade_of(row.basis, row.evidence),
            row=self.line,
            url=row.source_url,
            checked_on=row.checked_on,
            valid_from=getattr(row, "valid_from", None),
            valid_to=getattr(row, "valid_to", None),
            basis=row.basis,
            evidence=row.evidence,
            note="; ".join(part for part in (note, row.note) if part),
            contract=self.term,
        )


def noted(source: Source, note: str) -> Source:
    """The same source with a remark put before its own."""
    return replace(source, note="; ".join(part for part in (note, source.note) if part))


def grade_of(basis: str, evidence: str) -> Grade:
    """
    How far to trust a row: assumed when nobody published it, estimated when it was worked out, else published.

    Examples
    --------
    >>> grade_of("list", "B"), grade_of("estimate", "B"), grade_of("estimate", "D")
    ('published', 'estimated', 'assumed')
    """
    if evidence == "D":
        return "assumed"
    return "estimated" if basis == "estimate" else "published"


def read_sheet(
    path: Path, where: str, model: type[RowT], content: bytes | None = None
) -> tuple[list[Entry[RowT]], list[Fault]]:
    """
    Every row of a CSV that is well, and every fault of those that are not.

    Parameters
    ----------
    path : Path
        The file; UTF-8 with or without a byte order mark, any line endings.
    where : str
        How to name it, such as ``price_sheets/api/openai.csv``.
    model : type[RowT]
        The row model; its fields are the columns.
    content : bytes, optional
        What to read in place of what the file holds: an edit that is not saved yet.
    """
    entries: list[Entry[RowT]] = []
    try:
        text = (path.read_bytes() if content is None else content).decode("utf-8-sig")
        with StringIO(text, newline="") as file:
            reader = csv.reader(file)
            header = [name.strip() for name in next(reader, [])]
            faults = _header_faults(header, where, model)
            if faults:
                return [], faults
            line = reader.line_num + 1
            for cells in reader:
                values = {name: as_meant(cell) for name, cell in zip(header, cells, strict=False) if cell.strip()}
                if len(cells) > len(header) and any(cell.strip() for cell in cells[len(header) :]):
                    faults.append(_too_many(cells, header, f"{where}: row {line}"))
                elif values:
                    _read_row(values, header, line, where, model, entries, faults)
                line = reader.line_num + 1
    except (UnicodeDecodeError, OSError, csv.Error) as error:
        return [], [Fault(where, f"cannot be read ({error})", "save it as CSV UTF-8 with commas")]
    return entries, faults


def duplicates(entries: Sequence[Entry[RowT]], key: Sequence[str]) -> list[Fault]:
    """One fault for each row that repeats an earlier one's cells in the columns ``key``, naming the earlier row."""
    seen: dict[tuple[Any, ...], Entry[RowT]] = {}
    faults = []
    for entry in entries:
        first = seen.setdefault(tuple(getattr(entry.row, name) for name in key), entry)
        if first is not entry:
            faults.append(duplicate_of(first, entry, key))
    return faults


def duplicate_of(first: Entry[RowT], entry: Entry[RowT], key: Sequence[str]) -> Fault:
    """The fault of a row that says what an earlier one says, ``key`` being the columns it repeats."""
    found = ", ".join(str(name) for name in (getattr(entry.row, name) for name in key) if name not in ("", None, 0))
    price, other = (getattr(one.row, "price", None) for one in (entry, first))
    says = "says the same" if price == other else f"says {other:g}, this row {price:g}, both from the same day"
    mend = f"{named(first, entry)} {says}; keep one, or give the newer its own valid_from"
    return Fault(f"{entry.where}: row {entry.line}", f"duplicate of {found}", mend)


def named(other: Entry[RowT], entry: Entry[RowT]) -> str:
    """Another row as a fault of ``entry`` calls it: the file is named only where it is not the same."""
    return f"row {other.line}" if other.where == entry.where else f"{other.where}: row {other.line}"


def _header_faults(header: list[str], where: str, model: type[Sourced]) -> list[Fault]:
    known = list(model.model_fields)
    if not header:
        return [Fault(where, "the file is empty", f"write the header {','.join(known)}")]
    if len(header) == 1 and ";" in header[0]:
        return [Fault(where, "its cells are parted by semicolons", "save it as CSV UTF-8 with commas")]
    faults = [
        Fault(f"{where}: column {name!r}", "unknown column", nearest(name, known))
        for name in dict.fromkeys(header)
        if name not in known
    ]
    faults += [
        Fault(f"{where}: column {name}", "the column stands twice", "keep one")
        for name in sorted({name for name in header if header.count(name) > 1})
    ]
    needed = [name for name, info in model.model_fields.items() if info.is_required()]
    faults += [
        Fault(f"{where}: column {name}", "missing", "add the column; the README of its folder says what it means")
        for name in needed
        if name not in header
    ]
    return faults


def _too_many(cells: list[str], header: list[str], place: str) -> Fault:
    mend = f"expected {len(header)} cells: put a cell that holds a comma in double quotes"
    return Fault(place, f"{len(cells)} cells", mend)


def _read_row(
    values: dict[str, str],
    header: list[str],
    line: int,
    where: str,
    model: type[RowT],
    entries: list[Entry[RowT]],
    faults: list[Fault],
) -> None:
    try:
        entries.append(Entry(model.model_validate(values), where, line))
    except ValidationError as error:
        items = sorted(error.errors(include_url=False), key=lambda item: _place(item["loc"], header))
        faults.extend(_fault(dict(item), where, line) for item in items)


def _place(loc: tuple[int | str, ...], header: list[str]) -> int:
    return header.index(str(loc[0])) if loc and str(loc[0]) in header else len(header)


def _fault(item: dict[str, Any], where: str, line: int) -> Fault:
    column = str(item["loc"][0]) if item["loc"] else ""
    place = f"{where}: row {line}, {column}" if column else f"{where}: row {line}"
    kind, context = item["type"], item.get("ctx") or {}
    if kind == "missing":
        return Fault(place, "blank", "write a value; a cell may be blank only where the README says so")
    if kind == "value_error":
        return Fault(place, repr(item["input"]) if column else "", str(context["error"]))
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", str(context["expected"]))
        mend = nearest(str(item["input"]), allowed) + f" (one of {', '.join(allowed)})"
        return Fault(place, repr(item["input"]), mend)
    return Fault(place, repr(item["input"]), str(item["msg"]).replace("Input should be", "must be"))


def _mend_day(cell: str) -> str:
    if re.fullmatch(r"\d{5}(\.0+)?", cell):
        day = _EXCEL_DAY_ZERO + timedelta(days=int(float(cell)))
        return f"a spreadsheet's serial day; write {day.isoformat()}"
    return "write the day as year-month-day, such as 2026-11-20"
