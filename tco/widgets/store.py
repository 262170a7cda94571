"""The Store: one scenario, its last good outcome, and what is wrong with it now. What is on screen is a function of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import traitlets as t

from tco.case import Case
from tco.catalog import Catalog
from tco.errors import Fault, TcoError
from tco.evaluate import VOLUME
from tco.present.provenance import value_at
from tco.resolve import resolve
from tco.scenario import Scenario
from tco.solve.breakeven import Breakeven, break_even
from tco.solve.compare import Comparison, compare

Made = TypeVar("Made")


@dataclass(frozen=True)
class Outcome:
    """A scenario resolved and answered."""

    case: Case
    answer: Breakeven
    comparison: Comparison


class Store(t.HasTraits):
    """
    Holds the scenario. ``change`` makes another; panels observe ``outcome`` and ``faults``.

    A scenario that cannot be answered leaves the last good outcome in place and lists its faults.
    """

    scenario = t.Instance(Scenario)
    outcome = t.Instance(Outcome, allow_none=True)
    faults: Any = t.Tuple()

    def __init__(self, catalog: Catalog, scenario: Scenario, today: date | None = None) -> None:
        super().__init__()
        self.catalog, self.today = catalog, today
        self.kept: dict[tuple[Any, ...], Any] = {}
        self.settable: frozenset[str] = frozenset()
        """Every path that the scenario as it stands may set."""
        self.base = scenario
        self.open(scenario)

    def open(self, scenario: Scenario) -> None:
        """Start anew from a scenario; what it says is what ``put_back`` returns to."""
        self.base = scenario
        self._take(scenario)

    def change(self, values: Mapping[str, Any]) -> None:
        """Set several paths at once; None takes back what was said."""
        changed = self.scenario
        try:
            for path, value in values.items():
                changed = changed.set(path, value)
        except TcoError as error:
            self.faults = error.faults
            return
        self._take(changed)

    def refuse(self, fault: Fault) -> None:
        """Say that something typed cannot be; the outcome stays."""
        self.faults = (fault,)

    def put_back(self, paths: tuple[str, ...]) -> None:
        """Return some paths to what the opened scenario said."""
        self.change({path: self.base.get(path) for path in paths})

    def is_changed(self, path: str) -> bool:
        """Whether a path differs from the opened scenario."""
        return bool(self.scenario.get(path) != self.base.get(path))

    def now(self, path: str) -> Any:
        """What the scenario says at a path, else what the last good outcome has there; None where neither has anything."""
        said = self.scenario.get(path)
        return said if said is not None or self.outcome is None else value_at(self.outcome.case, path)

    @property
    def on(self) -> date:
        """The day whose prices hold."""
        return self.scenario.as_of or self.today or date.today()

    def once(self, key: tuple[Any, ...], make: Callable[[], Made]) -> Made:
        """What the data files say about something, asked once: they do not change while a screen is open."""
        if key not in self.kept:
            self.kept[key] = make()
        found: Made = self.kept[key]
        return found

    @property
    def by_bill(self) -> bool:
        """Whether demand is told as a bill rather than as requests."""
        return self.scenario.get(VOLUME) is None

    @property
    def changes_count(self) -> int:
        """How many fields differ from the opened scenario."""
        return sum(self.is_changed(path) for path in self.settable | set(self.base.paths()))

    def _take(self, scenario: Scenario) -> None:
        self.scenario, self.settable = scenario, frozenset(scenario.paths())
        try:
            case = resolve(scenario, self.catalog, self.today)
            outcome = Outcome(case, break_even(case), compare(case))
        except TcoError as error:
            self.faults = error.faults
            return
        except Exception as error:  # a widget's callback has nowhere to raise to: the screen says it
            mend = "this is a mistake of tco: put the last change back, and report it"
            self.faults = (Fault("tco", f"{type(error).__name__}: {error}", mend),)
            return
        with self.hold_trait_notifications():
            self.faults = ()
            self.outcome = outcome
