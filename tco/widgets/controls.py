"""The controls beside the chart, by section: few on show, the rest folded."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import ipywidgets as w  # type: ignore[import-untyped]

from tco.errors import Fault
from tco.evaluate import BILL, VOLUME
from tco.widgets import choices, own_choices, reaches
from tco.widgets.choices import ChoiceControl, Ids, Names
from tco.widgets.fields import Choice, Fold
from tco.widgets.form import NumberControl, Reach, show
from tco.widgets.store import Store


class Controls(w.VBox):  # type: ignore[misc]
    """Every control of the screen, each tied to a path of the store's scenario."""

    def __init__(self, store: Store, ids: Callable[[], Ids]) -> None:
        self.store, self.ids = store, ids
        self.all: list[NumberControl | ChoiceControl] = []
        self.start = Choice(
            label="Start from",
            help="Your present bill, or a number of requests.",
            choices=[["bill", "my API bill", ""], ["volume", "my volume", ""]],
            value="bill" if store.by_bill else "volume",
        )
        self.start.observe(self._started, names="value")
        super().__init__(self._sections())
        self.add_class("tco-form")

    def sync(self) -> None:
        """Show what the store has."""
        for control in self.all:
            control.sync()
        self.start.value = "bill" if self.store.by_bill else "volume"
        own = self.store.scenario.get(f"options.{self.ids()['own']}.kind")
        show(self.fleet, own == "rented")
        show(self.bought, own == "owned")

    def told(self, faults: Sequence[Fault]) -> tuple[Fault, ...]:
        """The same faults, each under the label of the control it is of where there is one."""
        return tuple(next(filter(None, (c.told(fault) for c in self.all)), fault) for fault in faults)

    def _sections(self) -> list[w.Widget]:
        n, c, own = self._numbers, self._choice, own_choices
        self.fleet = fold(
            "More of the fleet", [c(own.TERM), c(own.MEASUREMENT), c(own.WAITING), *n(reaches.FLEET), c(own.GRID)], True
        )
        self.bought = fold(
            "More of what is bought", [c(own.BILLING), *n(reaches.BOUGHT), c(own.MEASUREMENT), c(own.WAITING)], True
        )
        running = [c(own.MODEL), c(own.GPU), c(own.KIND), c(own.FLEET), c(own.RENT), c(own.SERVER), c(own.REGION)]
        return [
            section("Demand", [self.start, *n(reaches.DEMAND)]),
            section("What you pay for now", [c(choices.API), *n(reaches.PAYING)]),
            section(
                "What you would run",
                [*running, *n(reaches.RUNNING), self.fleet, self.bought, c(choices.HOST)],
            ),
            section("Contract with the API's vendor", n(reaches.CONTRACT), folded=True),
            section("People", n(reaches.PEOPLE), folded=True),
            section("Service level and shape", self._service(), folded=True),
            section("Money and the rest", n(reaches.MONEY), folded=True),
        ]

    def _service(self) -> list[w.Widget]:
        limits, rest = self._numbers(reaches.SERVICE[:2]), self._numbers(reaches.SERVICE[2:])
        c = self._choice
        return [c(choices.LEVEL), *limits, c(choices.PERCENTILE), c(choices.SHAPE), *rest]

    def _numbers(self, rows: Sequence[Reach]) -> list[w.Widget]:
        made = [NumberControl(self.store, reach, self.ids) for reach in rows]
        self.all += made
        return [control.box for control in made]

    def _choice(self, names: Names) -> w.Widget:
        control = ChoiceControl(self.store, names, self.ids)
        self.all.append(control)
        return control.box

    def _started(self, change: Mapping[str, Any]) -> None:
        outcome, by_bill = self.store.outcome, self.store.by_bill
        if outcome is None or (change["new"] == "bill") == by_bill:
            return
        at = outcome.answer.at_volume
        if change["new"] == "volume":
            self.store.change({VOLUME: _rounded(at.requests_per_month)})
        else:
            self.store.change({BILL: _rounded(at.baseline_tokens_usd)})


def section(title: str, fields: Sequence[w.Widget], folded: bool = False) -> w.Widget:
    """A framed group of controls under a heading that opens and closes it."""
    box = fold(title, fields, folded)
    box.add_class("tco-section")
    return box


def fold(title: str, fields: Sequence[w.Widget], folded: bool) -> w.VBox:
    """The same without a frame, for a group inside another."""
    inside = w.VBox(list(fields))
    heading = Fold(title=title, expanded=not folded)
    show(inside, not folded)
    heading.observe(lambda change: show(inside, change["new"]), names="expanded")
    return w.VBox([heading, inside])


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")
