"""A scenario on its way to a case: values so far, where each came from, and what is wrong."""

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tco.case import ServingEvidence
from tco.catalog import Catalog
from tco.errors import Fault, LookupFault, ScenarioError
from tco.inputs.base import Input, faults_in
from tco.inputs.source import Fact, Source
from tco.resolve.kept import kept_facts, kept_names
from tco.scenario import Scenario, field_paths


class Draft:
    """A scenario's tree being filled. The functions of this room take one, fill it, and note faults in it."""

    def __init__(self, scenario: Scenario, catalog: Catalog, on: date) -> None:
        self.scenario, self.catalog, self.on = scenario, catalog, on
        self.tree: dict[str, Any] = deepcopy({key: value for key, value in scenario.tree.items() if key != "saved"})
        self.sources: dict[str, Source] = {
            path: Source(where=Path(scenario.where).name, grade="assumed", note="typed in the scenario")
            for path in _leaves(self.tree)
            if not path.startswith(("as_of", "name", "description"))
        }
        self.faults: list[Fault] = []
        self.evidence: dict[str, ServingEvidence] = {}
        self.licence_notes: dict[str, str] = {}
        self.fits: dict[Hashable, Any] = {}
        """Fitted profiles, by what they depend on."""
        self.kept, self.kept_names = kept_facts(scenario), kept_names(scenario)
        """What a saved scenario was answered with, by path."""
        self.sections: Mapping[str, Any] = {}
        """The sections every option shares, once they are validated."""

    def stop_on_faults(self) -> None:
        """Raise all faults found so far, if any."""
        if self.faults:
            raise ScenarioError([Fault(f"{self.scenario.where}: {f.where}", f.found, f.mend) for f in self.faults])

    def get(self, path: str) -> Any:
        """Value at a path so far; None when there is none."""
        node: Any = self.tree
        for part in path.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        return node

    def put(self, path: str, value: Any, source: Source) -> None:
        """Set a value and its source."""
        *groups, name = path.split(".")
        node = self.tree
        for group in groups:
            if not isinstance(node.get(group), dict):
                node[group] = {}
            node = node[group]
        node[name] = value
        self.sources[path] = source

    def fill(self, prefix: str, facts: Iterable[Fact]) -> None:
        """Take the facts for fields that have no value yet."""
        for fact in facts:
            path = f"{prefix}{fact.path}"
            if self.get(path) is None:
                self.put(path, fact.value, _ranged(fact))

    def take_kept(self, prefix: str) -> None:
        """Take what the scenario was saved with for fields of a section or an option that have no value yet."""
        for path, fact in self.kept.items():
            if path.startswith(prefix) and self.get(path) is None:
                self.put(path, fact.value, _ranged(fact))
        for path, name in self.kept_names.items():
            *groups, last = path.split(".")
            if path.startswith(prefix) and self.get(path) is None:
                self.tree["options"][groups[1]][last] = name

    def look_up(self, path: str, prefix: str, facts: Callable[[], Iterable[Fact]]) -> None:
        """Fill from a look-up; a name it does not know is a fault of the field that named it."""
        try:
            self.fill(prefix, facts())
        except LookupFault as error:
            named = self.get(path)
            found = f"{named} ({{}})" if named else "{}"
            self.faults += [Fault(path, found.format(f.found or f.where), f.mend) for f in error.faults]

    def defaults(self, prefix: str, kinds: Sequence[str], model: type[Input]) -> None:
        """Fill what is still empty from the sheet of defaults: the first of the kinds that has a value."""
        for path in field_paths(model):
            if self.get(prefix + path) is None:
                found = (self.catalog.default(kind + path) for kind in kinds)
                fact = next((fact for fact in found if fact is not None), None)
                if fact is not None:
                    self.put(prefix + path, fact.value, _ranged(fact))

    def word(self, path: str) -> str:
        """A name that the sheet of defaults gives; blank when it gives none."""
        fact = self.catalog.default(path)
        return str(fact.value) if fact is not None else ""

    def validated(self, model: type[Input], values: Mapping[str, Any], where: str) -> Any:
        """The model made of these values; None, and the faults noted, when it cannot be made."""
        clean = {key: value for key, value in values.items() if value is not None}
        try:
            return model.model_validate(clean)
        except ValidationError as error:
            self.faults += faults_in(error, where, model)
            return None


def _ranged(fact: Fact) -> Source:
    return replace(fact.source, low=fact.low, high=fact.high)


def _leaves(tree: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"
