"""
The Scenario: what a person writes. Names, choices and overrides; YAML in and out; ``set(path, value)``.

A scenario says only what it wants to say. Whatever it leaves out is looked up by ``resolve``, with its source.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from tco import yaml12
from tco.errors import Fault, LookupFault, ScenarioError, TcoError, nearest
from tco.inputs.base import Input, faults_in, inner_model, partial
from tco.inputs.finance import Finance
from tco.inputs.staffing import Staffing
from tco.inputs.workload import Service, Workload
from tco.options import option_kinds

SECTIONS: dict[str, type[Input]] = {"workload": Workload, "service": Service, "finance": Finance, "staffing": Staffing}
WORDS = ("name", "description", "baseline", "challenger", "hosted", "parity_evidence")
SET_BY_TCO = ("auto_added", "price_grade")


@dataclass(frozen=True)
class Scenario:
    """A checked tree of what a person wrote. Change it with ``set``, which makes another."""

    tree: Mapping[str, Any]
    where: str = "scenario"
    """The file it came from, for messages."""

    @classmethod
    def from_tree(cls, tree: Any, where: str = "scenario") -> "Scenario":
        """Check a tree. Every unknown key and every bad number is a fault of one ScenarioError."""
        if not isinstance(tree, Mapping):
            raise ScenarioError(
                Fault(where, type(tree).__name__, "a scenario is a YAML mapping; `tco init DIR` copies examples")
            )
        faults = list(_faults(tree))
        if faults:
            raise ScenarioError([Fault(f"{where}: {f.where}", f.found, f.mend) for f in faults])
        return cls(_apart(tree), where)

    @classmethod
    def from_yaml(cls, text: str, where: str = "scenario") -> "Scenario":
        """Read YAML 1.2 text."""
        return cls.from_tree(yaml12.load(text, where), where)

    @classmethod
    def read(cls, path: Path | str) -> "Scenario":
        """Read a YAML file."""
        return cls.from_tree(yaml12.read(Path(path)), str(path))

    def to_yaml(self) -> str:
        """YAML that reads back as the same scenario; what it was saved with comes last, a line for each number."""
        tree = deepcopy(dict(self.tree))
        saved = tree.pop("saved", None)
        text = yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=110)
        if saved is None:
            return text
        long = float("inf")
        return text + yaml.safe_dump(
            {"saved": saved}, default_flow_style=None, sort_keys=False, allow_unicode=True, width=long
        )

    @property
    def as_of(self) -> date | None:
        """The day whose prices hold; None for today."""
        found: date | None = self.tree.get("as_of")
        return found

    @property
    def hash(self) -> str:
        """Twelve characters that change when anything in the scenario does; what it was saved with is no part of it."""
        said = {key: value for key, value in self.tree.items() if key != "saved"}
        return sha256(json.dumps(said, default=str).encode()).hexdigest()[:12]

    def get(self, path: str) -> Any:
        """What the scenario says at a path; None when it says nothing."""
        node: Any = self.tree
        for part in path.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        return node

    def set(self, path: str, value: Any) -> "Scenario":
        """
        Another scenario with a value at a dotted path. ``None`` takes back what was said there.

        Raises
        ------
        LookupFault
            No field has this path; the nearest are named.
        ScenarioError
            The value cannot be.
        """
        parts = path.split(".")
        if path not in self.paths() and not (len(parts) == 2 and parts[0] == "options"):
            raise LookupFault(Fault(path, "no such field", nearest(path, self.paths())))
        tree = deepcopy(dict(self.tree))
        node = tree
        for part in parts[:-1]:
            if not isinstance(node.get(part), dict):
                node[part] = {}
            node = node[part]
        if value is None:
            node.pop(parts[-1], None)
        else:
            node[parts[-1]] = value
        if value is not None:
            for rival in _rivals(parts, value, node):
                node.pop(rival, None)
        return Scenario.from_tree(tree, self.where)

    def set_text(self, path: str, text: str) -> "Scenario":
        """``set`` with the value as typed on a command line, read as YAML: ``35``, ``6e6``, ``null``, ``openai/gpt-5.4``."""
        return self.set(path, yaml12.load(text, f"--set {path}"))

    def paths(self) -> list[str]:
        """Every path that can be set in this scenario."""
        found = ["as_of", *WORDS]
        for section, model in SECTIONS.items():
            found += [f"{section}.{path}" for path in field_paths(model)]
        for name, option in dict(self.tree.get("options") or {}).items():
            kind = option_kinds().get(str(option.get("kind")))
            if kind is not None:
                found += [f"options.{name}.{path}" for path in field_paths(kind.model) if path not in SET_BY_TCO]
        return found


def load_scenario(
    name: str, shipped: Mapping[str, Path], changes: Sequence[str] = (), as_of: date | None = None
) -> Scenario:
    """A scenario by file or shipped name, changed by ``PATH=VALUE`` texts; every faulty change is told at once."""
    if not Path(name).exists() and name not in shipped:
        raise LookupFault(Fault(name, "no such file, and no scenario of this name ships", nearest(name, shipped)))
    scenario = Scenario.read(Path(name) if Path(name).exists() else shipped[name])
    faults: list[Fault] = []
    for change in [*changes, *([f"as_of={as_of}"] if as_of else [])]:
        path, sign, text = change.partition("=")
        if not sign:
            faults.append(Fault(f"--set {change}", "", "write PATH=VALUE, such as workload.batch_frac=0.2"))
            continue
        try:
            scenario = scenario.set_text(path.strip(), text.strip())
        except TcoError as error:
            faults += [
                Fault(f"--set {change}: {f.where.removeprefix(scenario.where + ': ')}", f.found, f.mend)
                for f in error.faults
            ]
    if faults:
        raise TcoError(faults)
    return scenario


def fields_told() -> Iterator[tuple[str, str]]:
    """Every field a scenario may set, with its help; an option's fields under its kind in brackets."""
    kinds = {f"options.<id of an {kind} option>": option.model for kind, option in option_kinds().items()}
    for prefix, model in {**SECTIONS, **kinds}.items():
        for path in field_paths(model):
            if path not in SET_BY_TCO:
                yield f"{prefix}.{path}", _help_of(model, path)


def _help_of(model: type[BaseModel], path: str) -> str:
    *groups, name = path.split(".")
    inside: type[BaseModel] | None = model
    for group in groups:
        inside = inner_model(inside.model_fields[group].annotation) if inside is not None else None
    info = inside.model_fields.get(name) if inside is not None else None
    return (info.description or "") if info is not None else ""


@cache
def field_paths(model: type[Input]) -> tuple[str, ...]:
    """Dotted paths of all fields of an input model, groups themselves included where they may be left out."""
    return tuple(_field_paths(model))


def _field_paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, info in model.model_fields.items():
        inside = inner_model(info.annotation)
        if inside is None:
            yield prefix + name
            continue
        if get_origin(info.annotation) in (Union, UnionType) and type(None) in get_args(info.annotation):
            yield prefix + name
        yield from _field_paths(inside, f"{prefix}{name}.")


def _faults(tree: Mapping[str, Any]) -> Iterator[Fault]:
    known = ["scenario", "as_of", *WORDS, *SECTIONS, "options", "saved"]
    for key in tree:
        if key not in known:
            yield Fault(str(key), "unknown key", nearest(str(key), known))
    for path, value in _leaves(tree):
        if isinstance(value, bool):
            yield Fault(path, str(value).lower(), "write a number or a word; true and false are neither here")
    if tree.get("scenario", 1) != 1:
        yield Fault("scenario", repr(tree["scenario"]), "this version reads format 1")
    if tree.get("as_of") is not None and type(tree["as_of"]) is not date:
        yield Fault("as_of", repr(tree["as_of"]), "write a day such as 2026-11-20")
    if not isinstance(tree.get("saved", {}), Mapping):
        yield Fault("saved", repr(tree["saved"]), "leave the block as it was saved, or take it out")
    for key in WORDS:
        if not isinstance(tree.get(key, ""), str):
            yield Fault(key, repr(tree[key]), "write words")
    for section, model in SECTIONS.items():
        yield from _faults_of(tree.get(section), model, section)
    options = tree.get("options")
    if not isinstance(options, Mapping) or not options:
        yield Fault("options", repr(options), "name at least one option, each with its kind")
        return
    for name, option in options.items():
        if isinstance(name, str):
            yield from _option_faults(name, option)
        else:
            yield Fault(f"options.{name}", repr(name), f'an option\'s id is a word: write it in quotes, "{name}"')


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _rivals(parts: Sequence[str], value: Any, beside: Mapping[str, Any]) -> list[str]:
    """What a new value stands in place of: a bill for requests, a level for its limits, a kind for what it does not ask."""
    volumes = ("requests_per_month", "bill_usd_per_month")
    if parts[0] == "workload" and parts[-1] in volumes:
        return [name for name in volumes if name != parts[-1]]
    if list(parts) == ["service", "level"]:
        return ["ttft_ms", "tpot_ms", "slo_percentile"]
    if parts[0] == "options" and len(parts) == 3 and parts[2] == "kind" and value in option_kinds():
        return [name for name in beside if name not in option_kinds()[value].model.model_fields]
    return []


def _apart(node: Any) -> Any:
    """A copy in which nothing is shared: what an anchor of YAML repeats becomes each option's own."""
    if isinstance(node, Mapping):
        return {key: _apart(value) for key, value in node.items()}
    return [_apart(item) for item in node] if isinstance(node, list) else node


def _option_faults(name: str, option: Any) -> Iterator[Fault]:
    kinds, where = option_kinds(), f"options.{name}"
    if "." in name:
        yield Fault(where, name, "an option's id has no dot")
    if not isinstance(option, Mapping) or option.get("kind") not in kinds:
        found = option.get("kind") if isinstance(option, Mapping) else option
        yield Fault(f"{where}.kind", repr(found), f"write one of {', '.join(sorted(kinds))}")
        return
    for key in SET_BY_TCO:
        if key in option:
            yield Fault(f"{where}.{key}", repr(option[key]), "leave it out; it is worked out")
    yield from _faults_of(option, kinds[option["kind"]].model, where)


def _faults_of(given: Any, model: type[Input], where: str) -> Iterator[Fault]:
    if given is None:
        return
    if not isinstance(given, Mapping):
        yield Fault(where, repr(given), "write a group of keys")
        return
    try:
        partial(model).model_validate(dict(given))
    except ValidationError as error:
        yield from faults_in(error, where, model)
