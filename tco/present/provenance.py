"""Where each number came from: a table for people, and the line under a chart."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tco.case import Case
from tco.inputs.base import Input
from tco.inputs.source import Source
from tco.present.labels import label, shown


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


def source_line(case: Case) -> str:
    """One line for the foot of a chart: as-of day, oldest price check, data folder, scenario hash."""
    priced = [s.checked_on for s in case.sources.values() if s.where.startswith("price_sheets/") and s.checked_on]
    checked = f" · prices checked {min(priced)}" if priced else ""
    if priced and max(priced) != min(priced):
        checked += f" to {max(priced)}"
    return f"As of {case.numbers.as_of}{checked} · scenario {case.scenario_hash}"


def source_tip(source: Source) -> str:
    """A source in one line, for a hover."""
    parts = [source.where + (f" row {source.row}" if source.row else "")]
    if source.valid_from:
        parts.append(f"from {source.valid_from}")
    if source.checked_on:
        parts.append(f"checked {source.checked_on}")
    parts.append(source.grade)
    return ", ".join(part for part in parts if part)


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
    return SourceRow(path, who + label(path), text, repr(value), where, checked, source.grade, source.url, source.note)
