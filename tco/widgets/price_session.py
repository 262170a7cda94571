"""
Edits of price sheets that are not saved yet: a list of steps, each undone alone, and what the sheets are with all of them.

The files on disk are read once and written by ``save`` only. A row keeps its key whatever is added above it, so that a screen can
name it; when somebody else has saved meanwhile, ``reload`` reads the files anew and makes the steps again.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import count
from pathlib import Path

from tco.catalog import Catalog
from tco.catalog.catalog import KEYS
from tco.catalog.edit import Sheet
from tco.errors import Fault, LookupFault
from tco.widgets.price_steps import (
    BLANK,
    BLANK_ROW,
    END,
    NEW,
    READ_BY,
    SET,
    Change,
    Held,
    Row,
    Step,
    label_of,
    name_of,
    with_change,
)  # fmt: skip

State = Mapping[str, Held]


class PriceSession:
    """
    Sheets being edited. Every method that changes something adds one step; nothing is written before ``save``.

    Parameters
    ----------
    catalog : Catalog
        The data as they are on disk.
    today : date
        The first day of a new price unless said, and the day on which it was read.
    """

    def __init__(self, catalog: Catalog, today: date) -> None:
        self.catalog, self.today = catalog, today
        self.steps: list[Step] = []
        self._bases: dict[str, Held] = {}
        self._states: list[State] = [{}]
        self._numbers = count(1)

    # what there is

    def sheets(self) -> dict[str, Path]:
        """Every sheet whose rows have days, by the name that messages give it; those among them that are only edited."""
        known = {where: path for where, path in self.catalog.sheet_files().items() if path.parent.name in KEYS}
        return {**known, **{where: held.sheet.path for where, held in self._bases.items()}}

    def held(self, where: str) -> Held:
        """A sheet with every step."""
        return self._states[-1].get(where) or self.base(where)

    def base(self, where: str) -> Held:
        """A sheet as it was read; it is read when first asked for."""
        if where not in self._bases:
            sheets = self.sheets()
            if where not in sheets:
                raise LookupFault(Fault("price sheet", where, f"choose one of {', '.join(sorted(sheets))}"))
            self._bases[where] = self._keyed(Sheet.read(sheets[where]))
        return self._bases[where]

    def columns(self, where: str) -> tuple[str, ...]:
        """The columns of a sheet, of one that is not there yet too."""
        return self._base_for(where).sheet.header

    @property
    def open_sheets(self) -> list[str]:
        """The sheets that were asked for."""
        return list(self._bases)

    @property
    def changed(self) -> dict[str, Held]:
        """Every sheet that is no longer what was read."""
        return {
            where: held for where, held in self._states[-1].items() if held.sheet.text != self._bases[where].sheet.text
        }

    @property
    def edited(self) -> Catalog:
        """The data with every step, as if they were saved."""
        catalog = self.catalog
        for held in self.changed.values():
            catalog = held.sheet.seen_by(catalog)
        return catalog

    @property
    def days(self) -> list[date]:
        """The days on which something changes: the first of every new row, and the last of those that end."""
        found = set()
        for step in self.steps:
            for change in step.changes:
                row = self._row_now(change.where, change.key)
                for name in ("valid_from", "valid_to"):
                    if row is not None and (change.before is None or change.column == name):
                        found.add(_day(row.get(name, "")))
        return sorted(day for day in found if day is not None)

    def diffs(self) -> dict[str, str]:
        """What would be written, sheet by sheet, as unified diffs."""
        return {where: self._bases[where].sheet.diff(held.sheet) for where, held in self.changed.items()}

    def kinds(self, where: str, key: int) -> set[str]:
        """What was done to a row."""
        return {c.kind for step in self.steps for c in step.changes if (c.where, c.key) == (where, key)}

    def is_new(self, where: str, key: int) -> bool:
        """Whether a row is not in the file yet."""
        return key not in self.base(where).keys

    def was(self, where: str, key: int) -> Row | None:
        """The row as it stands in the file; None where it is new."""
        return None if self.is_new(where, key) else self.base(where).row(key)

    # what people do

    def new_price(self, where: str, keys: Sequence[int]) -> list[int]:
        """
        After each of some rows a row of the same price, to be filled in: its figure blank, holding from today, read today.

        Returns
        -------
        list[int]
            The keys of the new rows.
        """
        rows = [dict(self.held(where).row(key)) for key in keys]
        fresh = {"valid_from": self.today.isoformat(), "checked_on": self.today.isoformat(), "checked_by": READ_BY}
        made = [{**row, **{name: "" for name in BLANK if name in row}, **_known(row, fresh)} for row in rows]
        told = f"new price after {name_of(rows[0])}" if len(rows) == 1 else f"{len(rows)} new prices"
        return self.add_rows([(where, row) for row in made], told)

    def blank_row(self, where: str) -> int:
        """A row of a price that the sheet does not have yet: of its vendor, otherwise to be filled in."""
        sheet = self.held(where).sheet
        row = dict.fromkeys(sheet.header, "")
        for name in ("provider", "kind", "currency"):
            same = {other.get(name, "") for other in sheet.rows}
            if len(same) == 1:
                row |= _known(row, {name: same.pop()})
        day = self.today.isoformat()
        row |= _known(row, {"valid_from": day, "checked_on": day, "checked_by": READ_BY, "basis": "list"})
        row |= _known(
            row,
            {"service_tier": "standard", "currency": row.get("currency") or "USD", "per": _usual(sheet.rows, "per")},
        )
        return self.add_rows([(where, row)], "a row of a new price", BLANK_ROW)[0]

    def add_rows(self, rows: Iterable[tuple[str, Row]], words: str, kind: str = NEW) -> list[int]:
        """Add whole rows, each to its sheet, as one step; the keys they get."""
        changes = [Change(where, next(self._numbers), kind, None, dict(row)) for where, row in rows]
        self._take(Step(words, tuple(changes)))
        return [change.key for change in changes]

    def set_cell(self, where: str, key: int, column: str, text: str) -> bool:
        """
        Write a cell of a row; typing on in the same cell is the same step. Whether anything changed.

        Raises
        ------
        LookupFault
            When there is no such column.
        """
        row, text = self.held(where).row(key), " ".join(text.split())
        if column not in row:
            raise LookupFault(Fault(f"{where}: column {column}", "unknown column", "choose one of its columns"))
        if row[column] == text:
            return False
        last = self.steps[-1].changes if self.steps else ()
        going_on = len(last) == 1 and (last[0].where, last[0].key, last[0].column) == (where, key, column)
        before = last[0].before if going_on else row
        kind = last[0].kind if going_on else SET
        if going_on:
            self._back()
        if before is not None and before[column] == text:
            return True
        told = f"{label_of(column)} of {name_of(row)}"
        self._take(Step(told, (Change(where, key, kind, before, {**row, column: text}, column),)))
        return True

    def retire(self, where: str, key: int, on: date | None = None) -> None:
        """Let a row end: from a day on, today unless said, it no longer holds."""
        row = self.held(where).row(key)
        after = {**row, "valid_to": (on or self.today).isoformat()}
        self._take(Step(f"end of {name_of(row)}", (Change(where, key, END, row, after, "valid_to"),)))

    def accept(self, where: str, key: int, kind: str) -> None:
        """Say in a row's note that a person looked at an odd price and that the page says so."""
        row = self.held(where).row(key)
        note = "; ".join(filter(None, [row.get("note", ""), f"accepted: {kind}"]))
        change = Change(where, key, SET, row, {**row, "note": note}, "note")
        self._take(Step(f"accepted: {kind}, {name_of(row)}", (change,)))

    def undo(self) -> str:
        """Take the last step back; its words, blank when there is none."""
        return self._back().words if self.steps else ""

    def put_back(self, where: str, key: int) -> None:
        """Take every step of one row back: a new row is gone, another is what the file says."""
        kept = []
        for step in self.steps:
            changes = tuple(change for change in step.changes if (change.where, change.key) != (where, key))
            if changes:
                kept.append(replace(step, changes=changes))
        self._replay(kept)

    # writing

    def save(self) -> list[str]:
        """
        Write every changed sheet, each whole or not at all; the files written.

        Raises
        ------
        ChangedSheet
            When somebody else has saved one of them since it was read: ``reload``, look, and save again.
        TcoError
            When the data are the package's own, or a folder cannot be written.
        """
        self.catalog.own_price_folder  # noqa: B018  asked first: it says why nothing can be written
        written = []
        try:
            for where, held in self.changed.items():
                self._settle(where, Held(held.sheet.save(), held.keys))
                written.append(where)
        finally:
            rest = [replace(s, changes=tuple(c for c in s.changes if c.where not in written)) for s in self.steps]
            if written:
                self._replay([step for step in rest if step.changes])
        return written

    def reload(self) -> list[str]:
        """
        Read the files again and make every step anew; in words, the steps that have lost their row.

        A row that is as it was keeps its key; a step on a row that somebody else has changed or taken out is left out.
        """
        steps, lost = self.steps, []
        for where in list(self._bases):
            self._settle(where, self._read_again(where))
        kept = []
        added: set[int] = set()
        for step in steps:
            added |= {change.key for change in step.changes if change.before is None}
            here = tuple(c for c in step.changes if c.key in added or c.key in self._bases[c.where].keys)
            if len(here) < len(step.changes):
                lost.append(step.words)
            if here:
                kept.append(replace(step, changes=here))
        self._replay(kept)
        return lost

    # inside

    def _keyed(self, sheet: Sheet) -> Held:
        return Held(sheet, tuple(next(self._numbers) for _ in sheet.rows))

    def _read_again(self, where: str) -> Held:
        """A sheet as it is on disk now; rows that are as they were have the keys they had."""
        old, sheet = self._bases[where], Sheet.read(self._bases[where].sheet.path)
        known: dict[tuple[str, ...], list[int]] = {}
        for key, row in zip(old.keys, old.sheet.rows, strict=True):
            known.setdefault(tuple(row.values()), []).append(key)
        keys = []
        for row in sheet.rows:
            left = known.get(tuple(row.values()))
            keys.append(left.pop(0) if left else next(self._numbers))
        return Held(sheet, tuple(keys))

    def _settle(self, where: str, held: Held) -> None:
        """Take a sheet for what is on disk."""
        self._bases[where] = held
        if held.sheet.rows or held.sheet.path.exists():
            self.catalog = held.sheet.seen_by(self.catalog)

    def _take(self, step: Step) -> None:
        state = dict(self._states[-1])
        for change in step.changes:
            state[change.where] = with_change(state.get(change.where) or self._base_for(change.where), change)
        self.steps.append(step)
        self._states.append(state)

    def _base_for(self, where: str) -> Held:
        """A sheet to change; one that is not there yet begins empty."""
        if where not in self.sheets():
            folder, name = where.split("/")[-2:]
            self._bases[where] = self._keyed(Sheet.read(self.catalog.price_folder / folder / name))
        return self.base(where)

    def _back(self) -> Step:
        self._states.pop()
        return self.steps.pop()

    def _replay(self, steps: Iterable[Step]) -> None:
        self.steps, self._states = [], [{}]
        for step in steps:
            self._take(step)

    def _row_now(self, where: str, key: int) -> Row | None:
        held = self.held(where)
        return held.row(key) if key in held.keys else None


def _known(row: Row, values: Row) -> dict[str, str]:
    """Those of some cells whose columns a row has."""
    return {name: value for name, value in values.items() if name in row}


def _usual(rows: Sequence[Row], column: str) -> str:
    """What most rows have in a column; blank where there is no row."""
    return next((value for value, _ in Counter(row.get(column, "") for row in rows).most_common(1)), "")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
