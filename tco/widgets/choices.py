"""A choice tied to the scenario, and the names to choose from: vendors' models, hosts, shapes, service levels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import ipywidgets as w  # type: ignore[import-untyped]

from tco.errors import Fault
from tco.inputs.prices import ApiPrice
from tco.present.provenance import source_tip
from tco.widgets.fields import Choice
from tco.widgets.form import show
from tco.widgets.store import Store

Row = tuple[str, str, str]
Ids = Mapping[str, str]
Values = dict[str, Any]
OWN_LIMITS = "own"
LIMITS = ("service.ttft_ms", "service.tpot_ms", "service.slo_percentile")
LEVEL_PATH = "service.level"
PERCENTILES: tuple[Row, ...] = (
    ("50", "half of requests (medians)", ""),
    ("95", "95 of 100 requests", ""),
    ("99", "99 of 100 requests", ""),
)


@dataclass(frozen=True)
class Names:
    """One choice: what there is to choose, what is chosen now, and what a choice changes in the scenario."""

    label: str
    help: str
    paths: tuple[str, ...]
    """What it sets: a change of the first marks it, faults of any are shown at it. ``{own}`` stands for an option's id."""
    rows: Callable[[Store, Ids], list[Row]]
    now: Callable[[Store, Ids], str]
    change: Callable[[str, Store, Ids], Values]
    source_path: str = ""
    note: Callable[[Store, Ids], str] = lambda _store, _ids: ""
    wanted: Callable[[Store, Ids], bool] = lambda _store, _ids: True
    undo: Callable[[Store, Ids], Values] | None = None
    """What putting it back changes; what the opened scenario says at ``paths`` when None."""


class ChoiceControl:
    """Ties one Choice to the store."""

    def __init__(self, store: Store, names: Names, ids: Callable[[], Ids]) -> None:
        self.store, self.names, self.ids = store, names, ids
        self.field = Choice(label=names.label, help=names.help)
        self.box = w.VBox([self.field])
        self.quiet = False
        self.field.observe(self._picked, names="value")
        self.field.on_msg(self._message)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths in the scenario as it stands."""
        return tuple(path.format(**self.ids()) for path in self.names.paths)

    def sync(self) -> None:
        """Show what there is to choose and what is chosen."""
        ids = self.ids()
        wanted = self.names.wanted(self.store, ids)
        show(self.box, wanted)
        if not wanted:
            return
        rows, now = self.names.rows(self.store, ids), self.names.now(self.store, ids)
        if now not in [key for key, _, _ in rows]:
            rows = [*rows, (now, now or "none", "")]
        outcome, paths = self.store.outcome, self.paths
        source = outcome.case.sources.get(self.names.source_path.format(**ids)) if outcome is not None else None
        own = [fault for fault in self.store.faults if fault.where.endswith(paths)]
        self.quiet = True
        with self.field.hold_sync():
            self.field.choices = [list(row) for row in rows]
            self.field.value = now
            self.field.changed = self.store.is_changed(paths[0])
            self.field.source = f"Source: {source_tip(source)}" if source is not None else ""
            self.field.note = self.names.note(self.store, ids)
            self.field.error = f"{own[0].found}: {own[0].mend}" if own else ""
        self.quiet = False

    def _picked(self, change: Mapping[str, Any]) -> None:
        if not self.quiet and self.names.wanted(self.store, self.ids()):
            self.store.change(self.names.change(change["new"], self.store, self.ids()))

    def _message(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        if not content.get("put_back"):
            return
        if self.names.undo is not None:
            self.store.change(self.names.undo(self.store, self.ids()))
        else:
            self.store.put_back(tuple(path for path in self.paths if self._may_set(path)))

    def told(self, fault: Fault) -> Fault | None:
        """A fault of what is chosen, under the words of its label; None when it is of something else."""
        ids = self.ids()
        mine = fault.where.endswith(self.names.paths[0].format(**ids)) and self.names.wanted(self.store, ids)
        return replace(fault, where=self.names.label) if mine else None

    def _may_set(self, path: str) -> bool:
        return path in self.store.settable or path.count(".") == 1  # a whole option may come and go


def now_at(path: str) -> Callable[[Store, Ids], str]:
    """What is chosen at a path, looked up or said."""

    def now(store: Store, ids: Ids) -> str:
        found = store.now(path.format(**ids))
        return f"{found:g}" if isinstance(found, float) else str(found or "")

    return now


def said(path: str) -> Callable[[Store, Ids], str]:
    """What the scenario itself says at a path; blank when it leaves the choice open."""

    def now(store: Store, ids: Ids) -> str:
        return str(store.scenario.get(path.format(**ids)) or "")

    return now


def settable(path: str) -> Callable[[Store, Ids], bool]:
    """Whether the scenario as it stands has such a field."""
    return lambda store, ids: path.format(**ids) in store.settable


def sets(path: str, *taken_back: str) -> Callable[[str, Store, Ids], Values]:
    """A choice that is the value at a path; other paths are left to be looked up again."""

    def change(value: str, _store: Store, ids: Ids) -> Values:
        return {path.format(**ids): value or None, **{other.format(**ids): None for other in taken_back}}

    return change


def words(*rows: tuple[str, str]) -> Callable[[Store, Ids], list[Row]]:
    """Always the same rows: a key and its words."""
    return lambda _store, _ids: [(key, text, "") for key, text in rows]


def _skus(store: Store, _ids: Ids) -> list[Row]:
    found = store.once(("skus", store.on), lambda: store.catalog.api_skus(store.on))
    return [(s.sku, s.label, s.provider) for s in found]


def _hosts(store: Store, ids: Ids) -> list[Row]:
    facts = store.catalog.models().get(str(store.now(f"options.{ids['own']}.model") or ""))
    return [row for row in _skus(store, ids) if facts is not None and row[0] in facts.hosted_as]


def _shapes(store: Store, _ids: Ids) -> list[Row]:
    rows = [(name, shape.label, "") for name, shape in store.catalog.shapes().items()]
    busy = store.scenario.get("workload.busy_hours")
    return [*rows, ("busy", f"{busy:g} busy hours a week", "")] if busy else rows


def _shape_now(store: Store, ids: Ids) -> str:
    return "busy" if store.scenario.get("workload.busy_hours") else now_at("workload.shape")(store, ids)


def _levels(store: Store, ids: Ids) -> list[Row]:
    found = [(name, level.label, "") for name, level in store.catalog.service_levels().items()]
    rows = sorted(found, key=lambda row: (row[0].startswith("mlperf"), row[1]))
    return [*rows, (OWN_LIMITS, "limits of your own", "")] if _level_now(store, ids) == OWN_LIMITS else rows


def _level_now(store: Store, _ids: Ids) -> str:
    named = store.scenario.get(LEVEL_PATH)
    if named and all(store.scenario.get(path) is None for path in LIMITS):
        return str(named)
    now = tuple(store.now(path) for path in LIMITS)
    levels = store.catalog.service_levels().items()
    same = (name for name, level in levels if (level.ttft_ms, level.tpot_ms, level.slo_percentile) == now)
    return next(same, OWN_LIMITS)


def _take_level(name: str, store: Store, _ids: Ids) -> Values:
    return {LEVEL_PATH: name, **dict.fromkeys(LIMITS)} if name in store.catalog.service_levels() else {}


def _level_note(store: Store, ids: Ids) -> str:
    level = store.catalog.service_levels().get(_level_now(store, ids))
    if level is None or not level.sources:
        return ""
    return "Limits of MLCommons' load generator." if level.id.startswith("mlperf") else ""


_METERS = tuple(f"options.{{api}}.price.{meter}" for meter in ApiPrice.model_fields)
API = Names(
    "API model",
    "What you buy tokens from today; its list prices on the as-of day.",
    ("options.{api}.sku", *_METERS, "options.{api}.label"),
    _skus,
    now_at("options.{api}.sku"),
    sets("options.{api}.sku", *_METERS, "options.{api}.label"),
    "options.{api}.price.output_usd_per_mtok",
)
HOST = Names(
    "Same model from a host",
    "Who sells tokens of this open model; the cheapest at your lengths unless you choose one.",
    ("options.{hosted}",),
    _hosts,
    now_at("options.{hosted}.sku"),
    lambda sku, _store, ids: {f"options.{ids['hosted']}": {"kind": "api", "sku": sku} if sku else None},
    "options.{hosted}.price.output_usd_per_mtok",
)
SHAPE = Names(
    "Shape of the week",
    "How demand moves over the hours of a week; a fixed fleet is sized for its peak.",
    ("workload.shape", "workload.busy_hours", "workload.busy_ratio", "workload.burst_ratio"),
    _shapes,
    _shape_now,
    sets("workload.shape", "workload.busy_hours", "workload.busy_ratio", "workload.burst_ratio"),
    "workload.shape_hours",
)
LEVEL = Names(
    "Service level",
    "Sets both limits and the share of requests that keep them; those of MLPerf are its published limits.",
    (LEVEL_PATH, *LIMITS),
    _levels,
    _level_now,
    _take_level,
    note=_level_note,
)
PERCENTILE = Names(
    "Both limits hold for",
    "Share of requests that must keep the two limits; where only medians are known they are used, and said so.",
    ("service.slo_percentile",),
    lambda _store, _ids: list(PERCENTILES),
    now_at("service.slo_percentile"),
    lambda percentile, _store, _ids: {"service.slo_percentile": float(percentile) if percentile else None},
)
