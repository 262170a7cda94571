"""The edits of price sheets as data: what one step does to a row, a sheet whose rows have keys, and what rows are called."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tco.catalog.edit import Sheet
from tco.errors import Fault, LookupFault

Row = Mapping[str, str]
PRICES = ("price", "base")
"""Columns that hold a row's figure."""
BLANK = (*PRICES, "low", "high", "valid_to", "note")
"""What a new row does not take from the one it follows: its figures, its end, and remarks on the old figure."""
READ_BY = "desk research"
NEW, BLANK_ROW, SET, END = "new", "blank", "set", "end"


@dataclass(frozen=True)
class Change:
    """What one step does to one row: ``before`` is None where the row is new."""

    where: str
    key: int
    kind: str
    """``new``, ``blank`` (new, its names to be filled in too), ``end`` (its valid_to is written) or ``set`` (a cell of it)."""
    before: Row | None
    after: Row
    column: str = ""


@dataclass(frozen=True)
class Step:
    """One thing a person did: what ``undo`` takes back at once."""

    words: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Held:
    """A sheet, and the key of each of its rows."""

    sheet: Sheet
    keys: tuple[int, ...]

    def row(self, key: int) -> Row:
        """The row with a key."""
        return self.sheet.rows[self.place(key)]

    def line(self, key: int) -> int:
        """The line of the file on which a row begins."""
        return self.sheet.lines[self.place(key)]

    def place(self, key: int) -> int:
        """
        Which of the rows it is.

        Raises
        ------
        LookupFault
            When the row is gone.
        """
        if key not in self.keys:
            raise LookupFault(Fault(self.sheet.where, "the row is no longer there", "choose another"))
        return self.keys.index(key)


def with_change(held: Held, change: Change) -> Held:
    """A sheet after one change of one row."""
    if change.before is not None:
        row = {**held.row(change.key), change.column: change.after[change.column]}
        return replace(held, sheet=held.sheet.replaced(held.line(change.key), row))
    sheet = held.sheet.added(change.after)
    pairs = zip(sheet.rows, [*held.sheet.rows, None], strict=True)
    place = next(index for index, (new, old) in enumerate(pairs) if new != old)
    return Held(sheet, (*held.keys[:place], change.key, *held.keys[place:]))


_NAMES = ("model", "gpu", "item", "role", "region", "meter", "term", "power_billing", "service_tier")
_LABELS = {
    "service_tier": "tier", "min_input_tokens": "above", "valid_from": "from", "valid_to": "until", "checked_on": "checked",
    "gpus_per_instance": "GPUs", "gpus_per_server": "GPUs", "hours_utc": "hours UTC", "source_url": "page", "gpu": "GPU",
}  # fmt: skip


def label_of(column: str) -> str:
    """A column's name for people."""
    return _LABELS.get(column, column.replace("_", " "))


def name_of(row: Row) -> str:
    """
    A row in a few words.

    Examples
    --------
    >>> name_of({"model": "gpt-5.4", "meter": "input", "service_tier": "batch", "min_input_tokens": "272000"})
    'gpt-5.4 input, batch, above 272,000'
    """
    parts = [row[name] for name in _NAMES if row.get(name) and row[name] != "standard"]
    above = row.get("min_input_tokens", "")
    if above.isdigit() and above != "0":
        parts.append(f"above {int(above):,}")
    return ", ".join(filter(None, [" ".join(parts[:2]), *parts[2:]])) or "a new row"
