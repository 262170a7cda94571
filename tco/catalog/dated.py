"""Which row holds on a day: valid_from is inclusive, valid_to exclusive; a contract beats a list price, the newer the older."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, TypeVar

from tco.catalog.table import DatedRow, Entry

DatedT = TypeVar("DatedT", bound=DatedRow)


def holding(entries: Iterable[Entry[DatedT]], on: date, key: Sequence[str]) -> list[Entry[DatedT]]:
    """The rows that hold on a day, one for each key: a contract's before a list price, then the latest valid_from."""
    best: dict[tuple[Any, ...], Entry[DatedT]] = {}
    for entry in entries:
        if not entry.row.holds(on):
            continue
        names = tuple(getattr(entry.row, name) for name in key)
        rival = best.get(names)
        if rival is None or _rank(entry) > _rank(rival):
            best[names] = entry
    return list(best.values())


def when(entries: Sequence[Entry[DatedT]]) -> str:
    """
    In words, from when to when some rows hold: for a name that is known but not priced on the day asked.
    """
    start = min(entry.row.valid_from for entry in entries)
    ends = [entry.row.valid_to for entry in entries]
    if any(end is None for end in ends):
        return f"it is priced from {start} on"
    return f"it is priced from {start} until {max(end for end in ends if end is not None)}"


def _rank(entry: Entry[DatedT]) -> tuple[bool, date]:
    return entry.row.basis == "contract", entry.row.valid_from
