"""
A sheet as text that can be edited: rows are added, closed or put right; every other line stays byte for byte as it was.

An edit makes another ``Sheet``; nothing is written before ``save``, which locks, compares with what was read, writes beside and
renames: a reader sees the old file or the new one, and two people who save at once do not lose each other's rows.
"""

import csv
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from hashlib import sha256
from io import StringIO
from pathlib import Path

from tco.catalog.catalog import KEYS, SHEETS, Catalog
from tco.catalog.cells import as_meant, harmless
from tco.catalog.finding import Finding
from tco.catalog.lint import check
from tco.catalog.lock import locked, write_whole
from tco.errors import Fault, LookupFault, SheetError, TcoError, nearest

MISSING = ""
"""The stamp of a file that is not there."""


class ChangedSheet(TcoError):
    """The file is no longer what was read: somebody else saved in between."""


@dataclass(frozen=True)
class Record:
    """One row as it stands in the file: its cells, and its very text with the line end."""

    cells: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Sheet:
    """One price sheet as text. ``rows`` are its rows by column; line numbers are those of the file, the header being 1."""

    path: Path
    header: tuple[str, ...]
    records: tuple[Record, ...]
    head: str
    """The header as it stands in the file, with a byte order mark where there is one."""
    stamp: str
    """What was on disk when it was read."""

    @classmethod
    def read(cls, path: Path | str) -> "Sheet":
        """
        Read a sheet. A file that is not there is an empty sheet with the columns of its folder.

        Raises
        ------
        SheetError
            When it is in no folder of sheets, or is not UTF-8 with commas.
        """
        path = Path(path)
        if path.parent.name not in SHEETS:
            mend = f"a sheet is in one of the folders {', '.join(SHEETS)} of price_sheets"
            raise SheetError(Fault(str(path), f"folder {path.parent.name or '.'}", mend))
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return cls._empty(path)
        except OSError as error:
            raise SheetError(Fault(str(path), error.strerror or "cannot be read", "choose another file")) from None
        return cls._of(path, content)

    @classmethod
    def _empty(cls, path: Path) -> "Sheet":
        header = _columns(path.parent.name)
        return cls(path, header, (), ",".join(header) + "\n", MISSING)

    @classmethod
    def _of(cls, path: Path, content: bytes) -> "Sheet":
        try:
            lines = list(StringIO(content.decode("utf-8"), newline=""))
            reader = csv.reader(lines)
            header = tuple(name.strip().lstrip("\ufeff") for name in next(reader, []))
            records, start = [], reader.line_num
            head = "".join(lines[:start])
            for cells in reader:
                records.append(Record(tuple(cells), "".join(lines[start : reader.line_num])))
                start = reader.line_num
        except (UnicodeDecodeError, csv.Error) as error:
            mend = "save it as CSV UTF-8 with commas"
            raise SheetError(Fault(str(path), f"cannot be read ({error})", mend)) from None
        return cls(path, header, tuple(records), head, stamp_of(content))

    @property
    def where(self) -> str:
        """How messages name it, such as ``price_sheets/api/openai.csv``."""
        return f"price_sheets/{self.path.parent.name}/{self.path.name}"

    @cached_property
    def rows(self) -> list[dict[str, str]]:
        """Every row as text by column, blank lines left out; ``lines`` says on which line each begins."""
        return [self._row(record) for record in self.records if any(record.cells)]

    @cached_property
    def lines(self) -> list[int]:
        """The line of the file on which each of ``rows`` begins."""
        return [line for line, record in self._numbered() if any(record.cells)]

    @property
    def text(self) -> str:
        """The file as it would be written."""
        return self.head + "".join(record.text for record in self.records)

    @property
    def content(self) -> bytes:
        """The same in bytes."""
        return self.text.encode()

    def added(self, row: Mapping[str, str]) -> "Sheet":
        """
        Another sheet with a row more: after the last of its price, else after the last of its model, else at the end.

        Raises
        ------
        SheetError
            When a column is unknown: the nearest are named.
        """
        record = self._record(row)
        place, records = self._place(row), list(self.records)
        if place and not records[place - 1].text.endswith(("\n", "\r")):
            last = records[place - 1]
            records[place - 1] = replace(last, text=last.text + self._line_end)
        records.insert(place, record)
        head = self.head if self.head.endswith(("\n", "\r")) else self.head + self._line_end
        return replace(self, head=head, records=tuple(records))

    def retired(self, line: int, on: date) -> "Sheet":
        """Another sheet in which the row on a line no longer holds from a day on; only its ``valid_to`` is written."""
        return self.replaced(line, {**self.row(line), "valid_to": on.isoformat()})

    def replaced(self, line: int, row: Mapping[str, str]) -> "Sheet":
        """Another sheet with other cells on a line: for a row that was wrong when it was written."""
        index = self._index(line)
        ending = self.records[index].text[len(self.records[index].text.rstrip("\r\n")) :]
        record = self._record(row)
        records = list(self.records)
        records[index] = replace(record, text=record.text.rstrip("\r\n") + ending)
        return replace(self, records=tuple(records))

    def row(self, line: int) -> dict[str, str]:
        """The row that begins on a line of the file."""
        return self._row(self.records[self._index(line)])

    def faults(self, catalog: Catalog | None = None, on: date | None = None) -> list[Finding]:
        """
        What the check finds in this sheet as it stands, saved or not, beside the others of its data.

        Parameters
        ----------
        catalog : Catalog, optional
            The data it belongs to; its own folder unless said.
        on : date, optional
            The day from which ages are told; today unless said.
        """
        findings = check(self.seen_by(catalog or Catalog.open(self.path.resolve().parents[2])), on)
        return [finding for finding in findings if finding.file == self.where]

    def seen_by(self, catalog: Catalog) -> Catalog:
        """The same data with this sheet as it stands: to ask for prices or a break-even before anything is saved."""
        return catalog.with_sheet(self.path, self.content)

    def diff(self, other: "Sheet") -> str:
        """The change from this sheet to another as a unified diff; empty when there is none."""
        old, new = (StringIO(sheet.text, newline="").readlines() for sheet in (self, other))
        changes = difflib.unified_diff(old, new, f"a/{self.where}", f"b/{other.where}", n=1)
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in changes)

    def save(self, expected: str | None = None) -> "Sheet":
        """
        Write the file whole or not at all, and return it as it is then on disk.

        Parameters
        ----------
        expected : str, optional
            The stamp that the file must still have; the one it was read with unless said.

        Raises
        ------
        ChangedSheet
            When somebody else has saved since it was read; nothing is written.
        TcoError
            When the folder cannot be written, or somebody holds the lock for long.
        """
        wanted = self.stamp if expected is None else expected
        with locked(self.path):
            found = stamp_of(self.path.read_bytes()) if self.path.exists() else MISSING
            if found != wanted:
                mend = "read it again and make the change anew; nothing was written"
                raise ChangedSheet(Fault(self.where, "was changed by somebody else since it was read", mend))
            write_whole(self.path, self.content)
        return replace(self, stamp=stamp_of(self.content))

    # inside

    @property
    def _line_end(self) -> str:
        return "\r\n" if self.head.endswith("\r\n") else "\n"

    def _numbered(self) -> list[tuple[int, Record]]:
        line, found = 1 + _line_count(self.head), []
        for record in self.records:
            found.append((line, record))
            line += _line_count(record.text)
        return found

    def _index(self, line: int) -> int:
        for index, (number, record) in enumerate(self._numbered()):
            if number == line and any(record.cells):
                return index
        raise LookupFault(Fault(f"{self.where}: row {line}", "no row begins on this line", "read the sheet again"))

    def _row(self, record: Record) -> dict[str, str]:
        cells = [*record.cells, *[""] * len(self.header)]
        return {name: as_meant(cell) for name, cell in zip(self.header, cells, strict=False)}

    def _record(self, row: Mapping[str, str]) -> Record:
        unknown = [name for name in row if name not in self.header and row[name].strip()]
        if unknown:
            raise SheetError(
                [
                    Fault(f"{self.where}: column {name}", "unknown column", nearest(name, self.header))
                    for name in unknown
                ]
            )
        cells = tuple(harmless(row.get(name, "").strip()) for name in self.header)
        out = StringIO()
        csv.writer(out, lineterminator=self._line_end).writerow(cells)
        return Record(cells, out.getvalue())

    def _place(self, row: Mapping[str, str]) -> int:
        """Where a row goes, as an index into the records: after the last that is most like it."""
        best, place = 1, len(self.records)
        for index, record in enumerate(self.records):
            alike = _alike(self._row(record), row, KEYS.get(self.path.parent.name, ()))
            if any(record.cells) and alike >= best:
                best, place = alike, index + 1
        return place


def _alike(own: Mapping[str, str], row: Mapping[str, str], key: Sequence[str]) -> int:
    """How much of the key two rows share: 3 all of it, 2 all but the meter, 1 its first two columns, 0 less."""
    same = [_plainly(own.get(name, "")) == _plainly(row.get(name, "").strip()) for name in key]
    if key and all(same):
        return 3
    if "meter" in key and all(yes for name, yes in zip(key, same, strict=True) if name != "meter"):
        return 2
    return int(bool(key) and all(same[:2]))


def _plainly(cell: str) -> str:
    """A cell of a key as the rows read it: nothing, 0 and global are the same there."""
    return "" if cell in ("0", "global") else cell


def stamp_of(content: bytes) -> str:
    """What tells one content of a file from another."""
    return sha256(content).hexdigest()


def _columns(folder: str) -> tuple[str, ...]:
    """The columns of a folder's sheets, in the order of those that ship."""
    shipped = Catalog.shipped().sheet_files()
    first = next((path for name, path in shipped.items() if name.startswith(f"price_sheets/{folder}/")), None)
    if first is not None:
        return Sheet.read(first).header
    return tuple(SHEETS[folder].model_fields)


def _line_count(text: str) -> int:
    return len(StringIO(text, newline="").readlines())
