"""Where each number came from: a table for people, and the line under a chart."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from tco.case import Case
from tco.inputs.base import Input
from tco.inputs.source import PRIVATE, Source
from tco.present.labels import label, shown
from tco.serving.doubts import in_short
from tco.solve.warn import STALE_DAYS
from tco.units import UNITS, unit_of

STALE_AFTER_DAYS = STALE_DAYS["price_sheets/api"]


@dataclass(frozen=True)
class SourceRow:
    """One number with its origin."""

    path: str
    what: str
    value: str
    exact: str
    where: str
    checked: str
    grade: str
    url: str
    note: str
    contract: str = ""
    """The row of the private term that bent it; for one's own screen."""


def published(source: Source) -> Source:
    """A source as it may be handed on: a contract's file, row, page, days and note stay at home."""
    if not source.private:
        return source
    return Source(where=PRIVATE, grade=source.grade, checked_on=source.checked_on, basis=source.basis)


def source_rows(case: Case) -> list[SourceRow]:
    """Every number of a case that has an origin, in the order of its path; words and long lists are left out."""
    rows = []
    for path, source in sorted(case.sources.items()):
        value = value_at(case, path)
        if isinstance(value, bool) or not isinstance(value, int | float):
            continue
        rows.append(_row(case, path, float(value), source))
    return rows


def value_at(case: Case, path: str) -> Any:
    """A case's value at a dotted path; None where there is none."""
    node: Any = case.numbers
    for part in path.split("."):
        if isinstance(node, Mapping):
            node = node.get(part)
        elif isinstance(node, Input) and part in type(node).model_fields:
            node = getattr(node, part)
        else:
            return None
    return node


PRICED = ("price_sheets/api", "price_sheets/gpu_rental", "price_sheets/hardware")
"""Sheets whose vendors are named under a chart, and whose age is told beside them."""


def source_line(case: Case) -> str:
    """As-of day, when prices were checked, scenario hash: the line above the screen and in a terminal."""
    opened = f" · {case.opened}" if case.opened else ""
    return f"As of {case.numbers.as_of}{_checked(case)} · scenario {case.scenario_hash}{opened}"


def contract_places(case: Case) -> str:
    """Where the private terms stand that a case's numbers follow from, for one's own screen; empty where there are none."""
    sources = (source for source in case.sources.values() if source.private)
    return rows_text(source.contract or f"{source.where}:{source.row}" for source in sources)


def rows_text(places: Iterable[str]) -> str:
    """
    Rows of files, each given as ``FILE:ROW``, in words.

    Examples
    --------
    >>> rows_text(["contracts.csv:3", "contracts.csv:2", "contracts.csv:3"])
    'contracts.csv rows 2, 3'
    """
    files: dict[str, list[int]] = {}
    for place in set(places):
        where, _, row = place.rpartition(":")
        files.setdefault(where, []).extend([int(row)] if row.isdigit() else [])
    told = []
    for where, rows in sorted(files.items()):
        numbers = ", ".join(map(str, sorted(rows)))
        told.append(f"{where} row{'s' if len(rows) > 1 else ''} {numbers}".rstrip() if rows else where)
    return "; ".join(told)


def not_as_saved(case: Case) -> str:
    """
    What is said aloud of a saved scenario that should open as it was and does not, in a sentence; empty for any other.
    """
    return "" if case.as_saved else f"{case.opened[:1].upper()}{case.opened[1:]}: these are other numbers."


def vendors_line(case: Case) -> str:
    """Where the numbers under a chart come from, sheet by sheet, the profile included; and how old the prices are, if old."""
    files = {
        source.where.rpartition("/")[2].removesuffix(".csv").removesuffix(".yaml"): source.where.split("/")[0]
        for source in case.sources.values()
        if source.where.startswith((*PRICED, "hw_profiles/serving"))
    }
    names = {name for name, folder in files.items() if folder == "price_sheets" and name not in _PRIVATE_FILES}
    sheets = ", ".join([*sorted(names), *([PRIVATE] if any(s.private for s in case.sources.values()) else [])])
    doubted = {found.profile: in_short(found.codes) for found in case.evidence.values()}
    named = sorted(name for name, folder in files.items() if folder == "hw_profiles")
    profiles = ", ".join(f"{name} ({doubted[name]})" if doubted.get(name) else name for name in named)
    parts = [f"prices: {sheets}" if sheets else "", f"throughput: {profiles}" if profiles else ""]
    text = "; ".join(part for part in parts if part) or "figures typed in the scenario"
    other = "" if case.as_saved else "; not as saved: the private contract is not here or has changed"
    return f"Sources: {text}{_checked(case)}{stale_words(case)}{other}"


_PRIVATE_FILES = ("contracts",)


def stale_words(case: Case, days: int = STALE_AFTER_DAYS) -> str:
    """A remark when the oldest price was checked long ago; empty otherwise."""
    checked = _price_days(case)
    age = (case.today - min(checked)).days if checked else 0
    return f" (the oldest {age} days ago: check before you sign)" if age > days else ""


def _checked(case: Case) -> str:
    days = _price_days(case)
    if not days:
        return ""
    return f" · prices checked {min(days)}" + (f" to {max(days)}" if max(days) != min(days) else "")


def _price_days(case: Case) -> list[date]:
    return [s.checked_on for s in case.sources.values() if s.where.startswith(PRICED) and s.checked_on]


def source_tip(source: Source) -> str:
    """A source in one line, for a hover."""
    parts = [source.where + (f" row {source.row}" if source.row else "")]
    if source.valid_from:
        parts.append(f"from {source.valid_from}")
    if source.checked_on:
        parts.append(f"checked {source.checked_on}")
    parts.append(source.grade)
    return ", ".join(part for part in parts if part)


GROUP_WORDS = {"batch": "batch", "long_context": "long prompts", "work": "work"}


def _field_words(parts: list[str]) -> str:
    """A field's label, with the group it stands in where the label alone would not say."""
    unit = unit_of(parts[-1])
    if unit is not None and parts[-1] in UNITS:  # a name that is all unit says what it counts by its meaning
        return unit.meaning
    group = GROUP_WORDS.get(parts[-2], "") if len(parts) > 1 else ""
    words = label(".".join(parts))
    return f"{group}: {words[:1].lower()}{words[1:]}" if group else words


def _row(case: Case, path: str, value: float, source: Source) -> SourceRow:
    parts = path.split(".")
    who = ""
    if parts[0] == "options":
        who = f"{case.numbers.options[parts[1]].label}: " if parts[1] in case.numbers.options else f"{parts[1]}: "
    try:
        text = shown(path, value)
    except ValueError:
        text = str(value)
    where = source.where + (f":{source.row}" if source.row else "")
    checked = str(source.checked_on) if source.checked_on else ""
    return SourceRow(
        path,
        who + _field_words(parts),
        text,
        repr(value),
        where,
        checked,
        source.grade,
        source.url,
        source.note,
        source.contract,
    )
