"""
A saved scenario: what it was answered with is kept in it, so that it opens as it was, whatever became of the sheets.

``keep`` writes a block ``saved`` into a scenario: the numbers that the price sheets gave, each with its row, and the names that
were chosen for it. Resolving takes them instead of looking up, as long as the scenario asks what it asked then; another volume
is no other question. ``repriced`` takes them out again.

What a private contract said stays at home. A seal of it is kept instead, so that the scenario says when it is opened without
that contract, or with another. No figure can be read from a seal; who guesses every number it is of can try the guess.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from hashlib import scrypt, sha256
from pathlib import Path
from typing import Any

from tco.case import Case, CaseNumbers
from tco.errors import Fault, ScenarioError
from tco.inputs.base import Input
from tco.inputs.source import GRADES, Fact, Source
from tco.scenario import SET_BY_TCO, Scenario

LOOSE = ("saved", "name", "description", "baseline", "challenger", "parity_evidence")
"""What may change without asking for other prices; so may the volume."""
VOLUMES = ("requests_per_month", "bill_usd_per_month")
CHOSEN = ("model", "gpu_name", "profile", "sku")
"""Names that are chosen for an option where the scenario leaves them out."""
_DAYS = ("checked_on", "valid_from", "valid_to")
_WORDS = ("url", "basis", "evidence", "note")
_SALT_BYTES, _SEAL_BYTES, _WORK = 8, 8, 2**13
"""Of a seal: scrypt with 8 MiB for each guess, so that guessing is slow."""


def keep(scenario: Scenario, case: Case, on: date) -> Scenario:
    """
    The scenario with what it was answered with: as-of day, prices and chosen names.

    Parameters
    ----------
    scenario : Scenario
        What was asked.
    case : Case
        What it was resolved to; one of another scenario gives its day alone.
    on : date
        The day it is saved.
    """
    dated = scenario if scenario.as_of is not None else scenario.set("as_of", case.numbers.as_of)
    tree = {key: value for key, value in dated.tree.items() if key != "saved"}
    if case.scenario_hash != scenario.hash:
        return Scenario.from_tree(tree, scenario.where)
    prices = {
        path: _row(value_at(case, path), source)
        for path, source in sorted(case.sources.items())
        if _priced(path, source)
    }
    names = {
        f"options.{option}.{name}": value
        for option in case.numbers.options
        for name in CHOSEN
        if isinstance(value := getattr(case.numbers.options[option], name, None), str) and value
    }
    block = {"on": on, "as_of": case.numbers.as_of, "asked": asked(tree), "names": names, "prices": prices}
    terms = _terms(case.numbers, case.sources)
    if terms:
        block["private"] = _seal(terms, secrets.token_hex(_SALT_BYTES))
    return Scenario.from_tree({**tree, "saved": block}, scenario.where)


def repriced(scenario: Scenario, on: date) -> Scenario:
    """The scenario with the prices of a day from the sheets, in place of those it was saved with."""
    tree = dict(scenario.set("as_of", on).tree)
    if "saved" in tree:
        tree["saved"] = {key: tree["saved"][key] for key in ("on", "as_of") if key in tree["saved"]}
    return Scenario.from_tree(tree, scenario.where)


def kept_facts(scenario: Scenario) -> dict[str, Fact]:
    """
    The numbers a saved scenario brings with it, by path; none when it asks something else by now.

    Raises
    ------
    ScenarioError
        When the block was written by hand and is faulty: every fault.
    """
    block = scenario.tree.get("saved") or {}
    if not _holds(scenario):
        return {}
    facts: dict[str, Fact] = {}
    faults: list[Fault] = []
    for path, row in dict(block.get("prices") or {}).items():
        try:
            facts[path] = _fact(path, row)
        except (TypeError, KeyError, ValueError) as error:
            mend = "leave the block as it was saved, or open the scenario with --reprice"
            faults.append(Fault(f"{scenario.where}: saved.prices.{path}", str(error) or repr(row), mend))
    if faults:
        raise ScenarioError(faults)
    return facts


def kept_names(scenario: Scenario) -> dict[str, str]:
    """The names that were chosen when it was saved, by path."""
    names = (scenario.tree.get("saved") or {}).get("names") or {}
    return {path: str(name) for path, name in dict(names).items()} if _holds(scenario) else {}


def opened_words(scenario: Scenario, numbers: CaseNumbers, sources: Mapping[str, Source]) -> tuple[str, bool]:
    """
    Whether a saved scenario is opened as it was or repriced, in words, empty for one that was never saved; and False where it
    should be as it was and is not: the private contract it was saved under is not here, is another, or lies over other prices.
    """
    block = scenario.tree.get("saved")
    if not block:
        return "", True
    was = f"saved on {block.get('on', 'an unknown day')} with prices of {block.get('as_of', 'an unknown day')}"
    if not _holds(scenario):
        return (f"repriced: {was}" if "prices" not in block else f"changed, so repriced: {was}"), True
    sealed, terms = str(block.get("private") or ""), _terms(numbers, sources)
    if (not sealed and not terms) or (sealed and terms and _seal(terms, sealed.partition("-")[0]) == sealed):
        return f"opened as {was}", True
    if not sealed:
        return f"not as it was {was}: a private contract is here that it was saved without", False
    return f"not as it was {was}: it was saved under a private contract that is not here or has changed", False


def _terms(numbers: CaseNumbers, sources: Mapping[str, Source]) -> str:
    """Every number that a private contract gave, or bent, as text; empty when there is none."""
    found = {
        path: _plain(_at(numbers, path))
        for path, source in sorted(sources.items())
        if source.private and path.split(".")[-1] not in SET_BY_TCO
    }
    return json.dumps(found, default=str, sort_keys=True) if found else ""


@lru_cache(maxsize=64)
def _seal(terms: str, salt: str) -> str:
    """``salt-digest``, which changes with the terms."""
    return f"{salt}-{scrypt(terms.encode(), salt=salt.encode(), n=_WORK, r=8, p=1, dklen=_SEAL_BYTES).hex()}"


def asked(tree: Mapping[str, Any]) -> str:
    """Twelve characters that change when a scenario asks for other prices."""
    workload = {key: value for key, value in dict(tree.get("workload") or {}).items() if key not in VOLUMES}
    rest = {key: value for key, value in tree.items() if key not in (*LOOSE, "workload")}
    text = json.dumps({**rest, "workload": workload}, default=str, sort_keys=True)
    return sha256(text.encode()).hexdigest()[:12]


def value_at(case: Case, path: str) -> Any:
    """A case's value at a dotted path; None where there is none."""
    return _at(case.numbers, path)


def _at(numbers: CaseNumbers, path: str) -> Any:
    node: Any = numbers
    for part in path.split("."):
        fields = dict(node) if isinstance(node, Input | Mapping) else {}
        node = fields.get(part)
    return node


def _holds(scenario: Scenario) -> bool:
    block = scenario.tree.get("saved") or {}
    return "prices" in block and block.get("asked") == asked(scenario.tree)


def _priced(path: str, source: Source) -> bool:
    """Whether a number is kept: one of a sheet. What a private contract says stays at home and is looked up again."""
    listed = source.where.startswith("price_sheets/") and not source.private
    return listed and path.split(".")[-1] not in SET_BY_TCO


def _row(value: Any, source: Source) -> dict[str, Any]:
    """A number and where it came from, empty cells left out."""
    row: dict[str, Any] = {"value": _plain(value), "where": source.where, "row": source.row, "grade": source.grade}
    row |= {name: getattr(source, name) for name in (*_DAYS, *_WORDS, "low", "high")}
    return {name: cell for name, cell in row.items() if name == "value" or cell not in (None, "")}


def _plain(value: Any) -> Any:
    """A value as YAML and JSON have it."""
    if isinstance(value, list | tuple):
        return [item.model_dump() if isinstance(item, Input) else item for item in value]
    return value


def _fact(path: str, row: Mapping[str, Any]) -> Fact:
    where, grade = Path(str(row["where"])).as_posix(), row["grade"]
    if grade not in GRADES:
        raise ValueError(f"grade {grade!r}")
    cells = {name: row[name] for name in _DAYS if name in row}
    if not all(type(day) is date for day in cells.values()):
        raise ValueError(f"days {sorted(map(str, cells.values()))}")
    cells |= {name: str(row[name]) for name in _WORDS if name in row}
    value = tuple(row["value"]) if isinstance(row["value"], list) else row["value"]
    source = Source(where=where, grade=grade, row=row.get("row"), **cells)
    return Fact(path, value, source, row.get("low"), row.get("high"))
