"""Fields of an input model as controls: label, unit, help and bounds come from the field; only the slider's reach is told."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import ipywidgets as w  # type: ignore[import-untyped]

from tco.errors import Fault
from tco.evaluate import BILL, VOLUME, field_of
from tco.present.labels import shown
from tco.present.provenance import source_tip, value_at
from tco.units import UNITS, unit_of
from tco.widgets.fields import Field, parse_number
from tco.widgets.store import Store

PERCENT = 100.0
HIDDEN = "tco-hidden"


def show(box: w.Box, shown: bool) -> None:
    """Show or hide a box; an anywidget itself would not follow a change of its classes."""
    if shown == (HIDDEN in box._dom_classes):
        (box.remove_class if shown else box.add_class)(HIDDEN)


def percent_limits(limits: Iterable[object]) -> str:
    """
    The limits of a share that its field declares, as percent; blank when it has none.

    Examples
    --------
    >>> from annotated_types import Ge, Lt
    >>> percent_limits([Ge(0), Lt(1)])
    'write at least 0 % and less than 100 %'
    """
    said = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    ends = [
        f"{word} {PERCENT * end:g} %"
        for name, word in said.items()
        for part in limits
        if (end := getattr(part, name, None)) is not None
    ]
    return f"write {' and '.join(ends)}" if ends else ""


@dataclass(frozen=True)
class Reach:
    """A control's words and the ends of its slider, in the field's own unit. ``{api}``, ``{own}`` stand for option ids."""

    path: str
    label: str
    low: float
    high: float
    log: bool = False
    step: float = 0.0
    when: tuple[str, str] | None = None
    """Shown only where the word at this path is among these, parted by blanks."""


class NumberControl:
    """Ties one Field to one path of the store."""

    def __init__(self, store: Store, reach: Reach, ids: Callable[[], Mapping[str, str]]) -> None:
        self.store, self.reach, self.ids = store, reach, ids
        unit = unit_of(reach.path)
        percent = unit is UNITS["frac"]
        symbol = "%" if percent else (unit.symbol if unit is not None else "")
        dollars = symbol.startswith("USD")
        self.field = Field(
            label=reach.label,
            prefix="$" if dollars else "",
            unit=symbol.removeprefix("USD").replace("/", "/\u2060") if dollars else symbol,
            scale=PERCENT if percent else 1.0,
            low=reach.low,
            high=reach.high,
            log=reach.log,
            step=reach.step,
        )
        self.box = w.VBox([self.field])
        self.quiet = False
        self.field.observe(self._moved, names="value")
        self.field.observe(self._typed, names="typed")
        self.field.on_msg(self._message)

    @property
    def path(self) -> str:
        """The path in the scenario as it stands."""
        return self.reach.path.format(**self.ids())

    def sync(self) -> None:
        """Show what the last good outcome has at this path, unless it is at fault."""
        outcome, path = self.store.outcome, self.path
        wanted = self.wanted(path)
        show(self.box, wanted)
        if not wanted:
            return
        own = [told for fault in self.store.faults if (told := self.told(fault)) is not None]
        with self.field.hold_sync():
            self.field.error = f"{own[0].found}: {own[0].mend}" if own else ""
            self.field.changed = self.store.is_changed(path)
            if outcome is None:
                return
            said = self.store.scenario.get(path)
            value = said if isinstance(said, int | float) else value_at(outcome.case, path)
            source = outcome.case.sources.get(path)
            self.field.source = f"Source: {source_tip(source)}" if source is not None else ""
            info = field_of(outcome.case.numbers, path)
            self.field.help = (info.description or "") if info is not None else ""
            base = self.store.base.get(path)
            self.field.base_text = shown(path, float(base)) if isinstance(base, int | float) else "as looked up"
            self.quiet = True
            self.field.value = None if value is None else float(value)
            self.quiet = False

    def told(self, fault: Fault) -> Fault | None:
        """A fault of this number, in the words and the unit of its box; None when it is of something else."""
        path = self.path
        if path not in fault.where or not self.wanted(path):
            return None
        named, found = replace(fault, where=self.reach.label), parse_number(fault.found)
        outcome = self.store.outcome
        info = field_of(outcome.case.numbers, path) if outcome is not None else None
        if self.field.scale == 1.0 or found is None or info is None:
            return named
        return replace(named, found=f"{PERCENT * found:g} %", mend=percent_limits(info.metadata) or fault.mend)

    def wanted(self, path: str) -> bool:
        """Whether there is such a field, an API having no spare replicas, and of bill and volume the one that is given."""
        if path in (BILL, VOLUME):
            return (path == BILL) == self.store.by_bill
        if self.reach.when is not None:
            word_path, words = self.reach.when
            if str(self.store.now(word_path.format(**self.ids())) or "") not in words.split():
                return False
        groups = path.split(".")
        if groups[0] != "options" or self.store.scenario.get(f"options.{groups[1]}") is not None:
            return path in self.store.settable
        outcome = self.store.outcome  # an option that was added for the comparison
        return outcome is not None and field_of(outcome.case.numbers, path) is not None

    def _moved(self, change: Mapping[str, Any]) -> None:
        if not self.quiet and change["new"] is not None and self.wanted(self.path):
            self.store.change({self.path: change["new"]})

    def _typed(self, _change: Any) -> None:
        value = self.field.typed_value()
        if not self.wanted(self.path):
            return  # typed before another scenario was opened, which has no such field
        if value is None:
            self.store.refuse(
                Fault(self.path, self.field.typed_text(), "write a number such as 38,000 or 2.4M, with a decimal point")
            )
        else:
            self.store.change({self.path: value})

    def _message(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        if content.get("put_back"):
            self.store.put_back((self.path,))
