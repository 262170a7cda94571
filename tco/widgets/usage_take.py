"""A log's workload into a scenario of one's own: what changes, path by path, and the file, never over another unasked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tco.case import Case
from tco.catalog import Catalog
from tco.errors import Fault, TcoError
from tco.present.axis import volume_axis
from tco.present.labels import label
from tco.present.labels import shown as field_shown
from tco.present.numbers import ratio
from tco.present.provenance import value_at
from tco.present.verdict import verdict
from tco.resolve import resolve
from tco.scenario import Scenario, load_scenario
from tco.solve.breakeven import break_even
from tco.usage import WorkloadFit

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


@dataclass(frozen=True)
class Change:
    """One field of the workload, before and after, as a person reads it."""

    path: str
    what: str
    was: str
    now: str


@dataclass(frozen=True)
class Taken:
    """A scenario with a log's workload, and what that does to its answer."""

    scenario: Scenario
    changes: tuple[Change, ...]
    before: str
    after: str
    """The verdict with it; what to mend where it cannot be answered."""


def take(catalog: Catalog, base: str, fit: WorkloadFit) -> Taken:
    """
    A scenario by name or file with the workload of a log in place of its own.

    Raises
    ------
    TcoError
        When the scenario is not there, or a figure of the log cannot be.
    """
    was = load_scenario(base, catalog.scenarios())
    now = was
    for path, value in fit.settings(str(was.get("baseline") or "")):
        now = now.set(path, value)
    return Taken(now, tuple(_changes(was, now, _resolved(was, catalog))), _answer(was, catalog), _answer(now, catalog))


def save(taken: Taken, folder: Path, name: str, origin: str, *, replace: bool = False) -> Path:
    """
    Write it whole or not at all.

    Parameters
    ----------
    origin : str
        Where its workload is from, for its description.

    Raises
    ------
    TcoError
        When the name is none for a file, the file is there and ``replace`` was not asked for, or it cannot be written.
    """
    path = target(folder, name)
    if path.exists() and not replace:
        raise TcoError(Fault(path.name, "is already there", "press Replace, or write another name"))
    beside = path.with_name(f".{path.name}.new")
    scenario = taken.scenario.set("name", path.stem).set("description", origin)
    try:
        beside.write_text(scenario.to_yaml(), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        mend = "name a folder you may write in"
        raise TcoError(Fault(str(path), f"cannot be written ({error.strerror or error})", mend)) from None
    return path


def target(folder: Path, name: str) -> Path:
    """
    The file of a scenario's name.

    Raises
    ------
    TcoError
        When the name has anything but letters, digits, dots, dashes and underscores.
    """
    plain = name.strip().removesuffix(".yaml")
    if not _NAME.fullmatch(plain):
        raise TcoError(Fault("name", repr(name), "write letters, digits, - and _, such as our-support"))
    return folder / f"{plain}.yaml"


def own_folder(catalog: Catalog) -> Path:
    """Where a person's scenarios are: their own folder of them, else the working directory, never the package."""
    return catalog.own_scenarios() or Path.cwd()


def _changes(was: Scenario, now: Scenario, case: Case | None) -> list[Change]:
    before, after = _leaves(was.get("workload") or {}), _leaves(now.get("workload") or {})
    found = []
    for path in dict.fromkeys((*after, *before)):
        full = f"workload.{path}"
        old = before.get(path)
        usual = value_at(case, full) if case is not None and old is None else None
        if path in after and after[path] == old:
            continue
        said = (
            _shown(full, old) if old is not None else f"{_shown(full, usual)} (not said)" if usual is not None else "–"
        )
        found.append(Change(full, label(full), said, _shown(full, after[path]) if path in after else "taken out"))
    return found


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            found |= _leaves(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def _shown(path: str, value: Any) -> str:
    if isinstance(value, list | tuple):
        hours = [float(hour) for hour in value]
        return f"{len(hours)} hours, the busiest {ratio(max(hours) * len(hours) / sum(hours))} the mean"
    return field_shown(path, float(value)) if isinstance(value, int | float) else str(value)


def _resolved(scenario: Scenario, catalog: Catalog) -> Case | None:
    try:
        return resolve(scenario, catalog)
    except TcoError:
        return None


def _answer(scenario: Scenario, catalog: Catalog) -> str:
    try:
        case = resolve(scenario, catalog)
        answer = break_even(case)
    except TcoError as error:
        return str(error)
    return verdict(answer, volume_axis("requests", answer.axis, answer.labels[answer.baseline]))
