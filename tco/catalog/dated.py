"""
Which row holds on a day: valid_from is inclusive, valid_to exclusive; contracts beat lists, the newest wins.

And which rows say that in a way that cannot be meant: two for one day, or a row that ends while another stands on it.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from operator import attrgetter
from typing import Any, TypeVar

from tco.catalog.table import DatedRow, Entry, duplicate_of, named
from tco.errors import Fault

DatedT = TypeVar("DatedT", bound=DatedRow)
PASSING = ("promo", "free")
"""The bases of a price that is meant to end and give way to the one it stood on."""


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


def conflicts(entries: Iterable[Entry[DatedT]], key: Sequence[str]) -> list[Fault]:
    """
    Rows of one price whose days contradict each other, each told once; contracts are compared with contracts only.

    A newer row without an end supersedes an older one without an end: that is how a price changes. A promotion may
    stand on any price and gives way when it ends. Everything else that overlaps is a fault, and so are two rows that
    begin on one day.
    """
    of_row = attrgetter("basis", *key)
    groups: dict[tuple[Any, ...], list[Entry[DatedT]]] = {}
    for entry in entries:
        basis, *names = of_row(entry.row)
        groups.setdefault((basis == "contract", *names), []).append(entry)
    told = [_contradictions(rows, key) for rows in groups.values() if len(rows) > 1]
    found = sorted((pair for pairs in told for pair in pairs), key=lambda pair: (pair[0].where, pair[0].line))
    return [fault for _, fault in found]


def _contradictions(rows: list[Entry[DatedT]], key: Sequence[str]) -> list[tuple[Entry[DatedT], Fault]]:
    found = []
    ordered = sorted(rows, key=lambda entry: entry.row.valid_from)
    for number, entry in enumerate(ordered):
        standing = next((e for e in reversed(ordered[:number]) if e.row.holds(entry.row.valid_from)), None)
        fault = _clash(standing, entry, key) if standing is not None else None
        if fault is not None:
            found.append((entry, fault))
    return found


def _clash(old: Entry[DatedT], new: Entry[DatedT], key: Sequence[str]) -> Fault | None:
    """What is wrong with a row that begins while an older one holds; None when it supersedes it or is a promotion."""
    first, last, basis = old.row, new.row, new.row.basis
    if first.valid_from == last.valid_from:
        return duplicate_of(old, new, key)
    if basis in PASSING and first.basis not in PASSING:
        return None
    place, other = f"{new.where}: row {new.line}", named(old, new)
    if first.valid_to is not None:
        found = f"{last.valid_from}, while {other} holds until {first.valid_to}"
        mend = f"let {other} end on {last.valid_from}, or this one begin on {first.valid_to}"
        return Fault(f"{place}, valid_from", found, mend)
    if last.valid_to is None:
        return None
    found = f"{last.valid_to}, when {other} would come back"
    mend = f"let {other} end on {last.valid_from} too; a price that gives way to the old one has the basis promo"
    return Fault(f"{place}, valid_to", found, mend)


def _rank(entry: Entry[DatedT]) -> tuple[bool, date]:
    return entry.row.basis == "contract", entry.row.valid_from
