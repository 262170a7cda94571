"""What the grid of prices shows: which rows, which columns, what may be typed where, and what the check says at each cell."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any, Literal, get_args, get_origin

from tco.catalog.adding import unplaced
from tco.catalog.catalog import KEYS, SHEETS, Catalog
from tco.catalog.dated import holding
from tco.catalog.finding import Finding
from tco.catalog.lint import check
from tco.catalog.oddities import KINDS
from tco.widgets.price_session import PriceSession
from tco.widgets.price_steps import BLANK_ROW, END, NEW, PRICES, label_of, name_of

SHOWN: Mapping[str, tuple[str, ...]] = {
    "api": ("model", "meter", "service_tier", "price", "valid_from", "valid_to", "checked_on"),
    "gpu_rental": ("gpu", "gpus_per_instance", "term", "price", "valid_from", "valid_to", "checked_on"),
    "hardware": ("item", "condition", "low", "price", "high", "valid_from", "valid_to", "checked_on"),
    "electricity": ("region", "meter", "low", "price", "high", "valid_from", "valid_to", "checked_on"),
    "colocation": ("region", "power_billing", "low", "price", "high", "valid_from", "valid_to", "checked_on"),
    "people": ("role", "region", "low", "base", "high", "valid_from", "valid_to", "checked_on"),
}
"""The columns of the table; the others are in what opens under a row."""
IF_SAID = ("min_input_tokens", "region", "hours_utc")
"""Columns that are in the table as soon as a row of it says something there."""
FILTERS: Mapping[str, tuple[str, ...]] = {
    "api": ("model", "meter", "service_tier"),
    "gpu_rental": ("gpu", "term"),
    "hardware": ("item", "condition"),
    "electricity": ("region", "meter"),
    "colocation": ("region",),
    "people": ("role", "region"),
}
IN_FORCE, ANNOUNCED, ENDED, FAULTY = "in force", "announced", "ended", "to mend"
HOLDING = (IN_FORCE, ANNOUNCED, ENDED)


@dataclass(frozen=True)
class Told:
    """One finding of the check, and the row it is of."""

    finding: Finding
    key: int | None
    """None where it is of a whole file, or of one that is not open here."""
    fresh: bool
    """Whether the edits brought it about: such an error must be mended before anything is saved."""

    @property
    def text(self) -> str:
        """What was found and what would mend it."""
        return f"{label_of(self.finding.column)}: {self.words}" if self.finding.column else self.words

    @property
    def words(self) -> str:
        """The same without the column."""
        return f"{self.finding.value}; {self.finding.mend}"


class Check:
    """The check of the sheets as they are edited, run again when something has changed."""

    def __init__(self, session: PriceSession) -> None:
        self.session = session
        self._known: tuple[Catalog, frozenset[Any]] | None = None

    def run(self) -> list[Told]:
        """Everything the check finds, what the edits brought about first."""
        session = self.session
        before, keys = self._before(), {}
        for where, held in {**{w: session.held(w) for w in session.open_sheets}, **session.changed}.items():
            keys[where] = dict(zip(held.sheet.lines, held.keys, strict=True))
        found = [
            Told(f, keys.get(f.file, {}).get(f.row or 0), unplaced(f) not in before)
            for f in check(session.edited, session.today)
        ]
        return sorted(found, key=lambda told: (told.finding.level != "error", not told.fresh))

    def _before(self) -> frozenset[Any]:
        catalog = self.session.catalog
        if self._known is None or self._known[0] is not catalog:
            self._known = catalog, frozenset(unplaced(f) for f in check(catalog, self.session.today))
        return self._known[1]


def barring(found: Iterable[Told]) -> list[Told]:
    """The errors that the edits brought about: nothing is saved before they are mended."""
    return [told for told in found if told.fresh and told.finding.level == "error"]


@dataclass
class View:
    """Which rows of which sheet are on screen, and in what order."""

    where: str
    filters: dict[str, str] = field(default_factory=dict)
    """The value that a column must have, by column; no entry where any will do."""
    state: str = ""
    """in force, announced or ended; blank for all."""
    sort: str = ""
    """The column to sort by; blank for the order of the file."""
    falling: bool = False
    keys: tuple[int, ...] = ()
    """The rows on screen. Editing does not move them."""

    @property
    def folder(self) -> str:
        """The folder of the sheet."""
        return self.where.split("/")[1]

    def refill(self, session: PriceSession) -> None:
        """Choose and sort the rows anew."""
        held, states = session.held(self.where), states_of(session, self.where)
        pairs = [
            (key, row)
            for key, row in zip(held.keys, held.sheet.rows, strict=True)
            if all(row.get(name) == value for name, value in self.filters.items() if value)
            and self.state in ("", states.get(key, FAULTY))
        ]
        if self.sort:
            pairs.sort(key=lambda pair: _order(pair[1].get(self.sort, "")), reverse=self.falling)
        self.keys = tuple(key for key, _ in pairs)

    def follow(self, session: PriceSession) -> None:
        """Keep the rows where they are after an edit: what is gone goes, what is new stands after the row above it."""
        held = session.held(self.where)
        kept = [key for key in self.keys if key in held.keys]
        above: int | None = None
        for key in held.keys:
            if session.is_new(self.where, key) and key not in kept:
                kept.insert(kept.index(above) + 1 if above in kept else len(kept), key)
            above = key
        self.keys = tuple(kept)


def states_of(session: PriceSession, where: str) -> dict[int, str]:
    """Whether each row holds today, is announced, or has ended; a row that cannot be read is missing."""
    folder, held = where.split("/")[1], session.held(where)
    entries = session.edited.rows(folder)
    now = {(entry.where, entry.line) for entry in holding(entries, session.today, KEYS[folder])}
    keys = dict(zip(held.sheet.lines, held.keys, strict=True))
    found = {}
    for entry in entries:
        if entry.where == where and entry.line in keys:
            coming = entry.row.valid_from > session.today
            current = (entry.where, entry.line) in now
            found[keys[entry.line]] = IN_FORCE if current else ANNOUNCED if coming else ENDED
    return found


def values_of(session: PriceSession, where: str, column: str) -> list[str]:
    """Every value that a column has, in order."""
    return sorted({row.get(column, "") for row in session.held(where).sheet.rows} - {""})


def grid_of(
    session: PriceSession, view: View, found: Sequence[Told], opened: Collection[int], correcting: Collection[int]
) -> dict[str, Any]:
    """All that the grid draws, as plain data."""
    held, states = session.held(view.where), states_of(session, view.where)
    rows = {key: held.row(key) for key in view.keys}
    shown = shown_columns(view.folder, held.sheet.header, rows.values())
    told: dict[int, list[Told]] = {}
    for one in found:
        if one.key is not None and one.finding.file == view.where:
            told.setdefault(one.key, []).append(one)
    lines: list[dict[str, Any]] = []
    for key, row in rows.items():
        was = session.was(view.where, key)
        free = _free(row, view.folder, session.kinds(view.where, key), key in correcting)
        own = told.get(key, [])
        hidden = any(one.finding.column in row and one.finding.column not in shown for one in own)
        is_open = key in opened or hidden
        lines.append(
            {
                "key": key,
                "name": f"{name_of(row)}, from {row.get('valid_from') or 'no day'}",
                "cells": {name: text for name, text in row.items() if is_open or name in shown},
                "unit": _unit(row),
                "edit": free,
                "was": {name: was[name] for name in row if was is not None and was[name] != row[name]},
                "told": _grouped(own),
                "state": states.get(key, FAULTY),
                "basis": "" if row.get("basis") == "list" else row.get("basis", ""),
                "mark": "new" if was is None else "changed" if was != row else "",
                "open": is_open,
                "acts": _acts(was is None, was != row, key in correcting, states.get(key, FAULTY)),
            }
        )
    units = {line["unit"] for line in lines if line["unit"]}
    unit = units.pop() if len(units) == 1 else ""
    for line in lines:
        line["unit"] = "" if unit else line["unit"]
    return {
        "columns": [column(view.folder, name) for name in held.sheet.header],
        "shown": shown,
        "unit": unit,
        "rows": lines,
        "sort": view.sort,
        "falling": view.falling,
    }


def shown_columns(folder: str, header: Sequence[str], rows: Iterable[Mapping[str, str]]) -> list[str]:
    """The columns of the table: the usual ones, and those of ``IF_SAID`` in which a row says something."""
    rows = list(rows)
    said = [name for name in IF_SAID if any(row.get(name) for row in rows)]
    usual = [name for name in SHOWN[folder] if name in header]
    place = next((index for index, name in enumerate(usual) if name in (*PRICES, "low")), len(usual))
    return [*usual[:place], *(name for name in said if name not in usual), *usual[place:]]


@cache
def column(folder: str, name: str) -> dict[str, Any]:
    """A column: its words, and what is written in it."""
    info = SHEETS[folder].model_fields.get(name)
    annotation = info.annotation if info is not None else str
    parts = [part for part in get_args(annotation) if part is not type(None)]
    plain = parts[0] if parts and get_origin(annotation) is not Literal else annotation
    choices = [str(part) for part in get_args(annotation)] if get_origin(annotation) is Literal else []
    kind = "choice" if choices else "day" if plain is date else "number" if plain in (int, float) else "text"
    required = info is not None and info.is_required()
    if choices and not required and "" not in choices:
        choices = ["", *choices]
    label = label_of(name)
    return {
        "name": name,
        "label": label[:1].upper() + label[1:],
        "help": (info.description or "") if info is not None else "",
        "kind": kind,
        "choices": choices,
    }


def _free(row: Mapping[str, str], folder: str, kinds: Collection[str], correcting: bool) -> list[str]:
    """The columns of a row that may be typed in: never a saved row's, unless it is being corrected or is to end."""
    if correcting or BLANK_ROW in kinds:
        return list(row)
    if NEW in kinds:
        return [name for name in row if name not in KEYS[folder]]
    return ["valid_to"] if END in kinds else []


def _unit(row: Mapping[str, str]) -> str:
    return " / ".join(filter(None, [row.get("currency", ""), row.get("per", "").replace("1M tokens", "1M")]))


def _grouped(told: Sequence[Told]) -> list[list[Any]]:
    """Findings of one row: the columns they are of, how bad, what and mend, and the word to accept them by."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for one in told:
        groups.setdefault((one.finding.level, one.words, _kind(one)), []).append(one.finding.column)
    return [[columns, *key] for key, columns in groups.items()]


def _kind(told: Told) -> str:
    """The word by which an oddity can be accepted; blank where it cannot."""
    return told.finding.kind if told.finding.kind in KINDS and told.finding.level == "error" else ""


def _acts(new: bool, changed: bool, correcting: bool, state: str) -> list[str]:
    if new:
        return ["remove"]
    if changed:
        return ["put back"] if correcting else ["put back", "correct"]
    if correcting:
        return ["leave"]
    return ["new price", "end", "correct"] if state in (IN_FORCE, ANNOUNCED) else ["correct"]


def _order(text: str) -> tuple[int, float, str]:
    """Blanks last, numbers by size, then words."""
    try:
        return 0, float(text), ""
    except ValueError:
        return (1, 0.0, text.lower()) if text else (2, 0.0, "")
