"""The names to choose from: vendors' models, open models, the GPUs they were measured on, rents, shapes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tco.inputs.prices import ApiPrice
from tco.present.numbers import money
from tco.present.provenance import source_tip, value_at
from tco.serving.profile import can_be_fitted
from tco.widgets.fields import Choice
from tco.widgets.store import Store

Row = tuple[str, str, str]
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
    rows: Callable[[Store, Mapping[str, str]], list[Row]]
    now: Callable[[Store, Mapping[str, str]], str]
    change: Callable[[str, Mapping[str, str]], dict[str, Any]]
    source_path: str = ""
    marked_by: str = ""
    """End of the path whose change marks the control; the first path when empty."""


class ChoiceControl:
    """Ties one Choice to the store."""

    def __init__(self, store: Store, names: Names, ids: Callable[[], Mapping[str, str]]) -> None:
        self.store, self.names, self.ids = store, names, ids
        self.field = Choice(label=names.label, help=names.help)
        self.quiet = False
        self.field.observe(self._picked, names="value")
        self.field.on_msg(self._message)

    def sync(self) -> None:
        """Show what there is to choose and what is chosen."""
        ids = self.ids()
        rows, now = self.names.rows(self.store, ids), self.names.now(self.store, ids)
        if now not in [key for key, _, _ in rows]:
            rows = [*rows, (now, now or "none", "")]
        marked = next(path for path in self.names.change("", ids) if path.endswith(self.names.marked_by))
        outcome = self.store.outcome
        source = outcome.case.sources.get(self.names.source_path.format(**ids)) if outcome is not None else None
        self.quiet = True
        with self.field.hold_sync():
            self.field.choices = [list(row) for row in rows]
            self.field.value = now
            self.field.changed = self.store.is_changed(marked)
            self.field.source = f"Source: {source_tip(source)}" if source is not None else ""
            first = next(iter(self.names.change("", ids)))
            own = [fault for fault in self.store.faults if first in fault.where]
            self.field.error = f"{own[0].found}: {own[0].mend}" if own else ""
        self.quiet = False

    def _picked(self, change: Mapping[str, Any]) -> None:
        if not self.quiet:
            self.store.change(self.names.change(change["new"], self.ids()))

    def _message(self, _widget: Any, content: Mapping[str, Any], _buffers: Any) -> None:
        if content.get("put_back"):
            self.store.put_back(tuple(self.names.change("", self.ids())))


def _case_value(path: str) -> Callable[[Store, Mapping[str, str]], str]:
    def now(store: Store, ids: Mapping[str, str]) -> str:
        found = value_at(store.outcome.case, path.format(**ids)) if store.outcome is not None else None
        return f"{found:g}" if isinstance(found, float) else str(found or "")

    return now


def _said(path: str) -> Callable[[Store, Mapping[str, str]], str]:
    def now(store: Store, ids: Mapping[str, str]) -> str:
        return str(store.scenario.get(path.format(**ids)) or "")

    return now


def _skus(store: Store, _ids: Mapping[str, str]) -> list[Row]:
    on = store.scenario.as_of or store.outcome.case.numbers.as_of if store.outcome is not None else None
    return [(s.sku, s.label, s.provider) for s in store.catalog.api_skus(on)] if on is not None else []


def _hosts(store: Store, ids: Mapping[str, str]) -> list[Row]:
    model = _case_value("options.{own}.model")(store, ids)
    facts = store.catalog.models().get(model)
    return [row for row in _skus(store, ids) if facts is not None and row[0] in facts.hosted_as]


def _models(store: Store, _ids: Mapping[str, str]) -> list[Row]:
    served = {profile.model for profile in store.catalog.profiles().values() if can_be_fitted(profile)}
    models = store.catalog.models()
    return [(name, models[name].label if name in models else name, "") for name in sorted(served)]


def _profiles(store: Store, ids: Mapping[str, str]) -> list[Row]:
    model = _case_value("options.{own}.model")(store, ids)
    found = [profile for profile in store.catalog.find_profiles(model or None, None) if can_be_fitted(profile)]
    found.sort(key=lambda p: (p.gpu, p.gpus_per_replica))
    return [
        (
            p.id,
            f"{p.gpus_per_replica} × {p.gpu} · {p.engine.name} {p.engine.version} · {p.engine.dtype}",
            "",
        )
        for p in found
    ]


def _rents(store: Store, ids: Mapping[str, str]) -> list[Row]:
    gpu, on = _case_value("options.{own}.gpu_name")(store, ids), store.scenario.as_of
    if not gpu or (on is None and store.outcome is None):
        return []
    day = on or store.outcome.case.numbers.as_of  # type: ignore[union-attr]
    offers = {o.provider: o for o in reversed(store.catalog.rental_offers(gpu, day)) if o.term == "on_demand"}
    rows = [(o.provider, f"{o.provider} {money(o.usd_per_gpu_hour)}/GPU-h", "") for o in reversed(offers.values())]
    middle = (
        sorted(offers.values(), key=lambda offer: offer.usd_per_gpu_hour)[(len(offers) - 1) // 2] if offers else None
    )
    words = f": {middle.provider} {money(middle.usd_per_gpu_hour)}" if middle is not None else ""
    return [("", f"middle of {len(rows)} offers{words}", ""), *rows]


def _shapes(store: Store, _ids: Mapping[str, str]) -> list[Row]:
    rows = [(name, shape.label, "") for name, shape in store.catalog.shapes().items()]
    busy = store.scenario.get("workload.busy_hours")
    return [*rows, ("busy", f"{busy:g} busy hours a week", "")] if busy else rows


def _shape_now(store: Store, ids: Mapping[str, str]) -> str:
    return "busy" if store.scenario.get("workload.busy_hours") else _case_value("workload.shape")(store, ids)


def _own_profile(profile: str, ids: Mapping[str, str]) -> dict[str, Any]:
    own = f"options.{ids['own']}"
    return {
        f"{own}.profile": profile or None,
        f"{own}.model": None,
        f"{own}.gpu_name": None,
        f"{own}.capacity.gpus_per_replica": None,
        f"{own}.gpu.provider": None,
        f"{own}.gpu.on_demand_usd_per_gpu_hour": None,
    }


API = Names(
    "API model",
    "What you buy tokens from today; its list prices on the as-of day.",
    _skus,
    _case_value("options.{api}.sku"),
    lambda sku, ids: {
        f"options.{ids['api']}.sku": sku or None,
        **{f"options.{ids['api']}.price.{meter}": None for meter in ApiPrice.model_fields},
        f"options.{ids['api']}.label": None,
    },
    "options.{api}.price.output_usd_per_mtok",
)
MODEL = Names(
    "Open model",
    "Open-weight model you would serve; those with measured throughput are listed.",
    _models,
    _case_value("options.{own}.model"),
    lambda model, ids: {
        **_own_profile("", ids),
        f"options.{ids['hosted']}": None,  # a host of the other model
        f"options.{ids['own']}.model": model or None,
        f"options.{ids['own']}.label": None,
    },
    marked_by=".model",
)
PROFILE = Names(
    "GPUs of one replica",
    "GPUs, engine and version that the throughput was measured on.",
    _profiles,
    _case_value("options.{own}.profile"),
    _own_profile,
    "options.{own}.capacity.gpus_per_replica",
)
RENT = Names(
    "Rented from",
    "Whose on-demand price a GPU-hour has; the middle offer unless you choose one.",
    _rents,
    _said("options.{own}.gpu.provider"),
    lambda provider, ids: {
        f"options.{ids['own']}.gpu.provider": provider or None,
        f"options.{ids['own']}.gpu.on_demand_usd_per_gpu_hour": None,
    },
    "options.{own}.gpu.on_demand_usd_per_gpu_hour",
)
HOST = Names(
    "Same model from a host",
    "Who sells tokens of this open model; the cheapest at your lengths unless you choose one.",
    _hosts,
    _case_value("options.{hosted}.sku"),
    lambda sku, ids: {f"options.{ids['hosted']}": {"kind": "api", "sku": sku} if sku else None},
    "options.{hosted}.price.output_usd_per_mtok",
)
SHAPE = Names(
    "Shape of the week",
    "How demand moves over the hours of a week; a fixed fleet is sized for its peak.",
    _shapes,
    _shape_now,
    lambda shape, ids: {
        "workload.shape": shape or None,
        "workload.busy_hours": None,
        "workload.busy_ratio": None,
        "workload.burst_ratio": None,
    },
    "workload.shape_hours",
)
PERCENTILE = Names(
    "Both limits hold for",
    "Share of requests that must keep the two limits; where only medians are published they are used, and said so.",
    lambda _store, _ids: list(PERCENTILES),
    _case_value("service.slo_percentile"),
    lambda percentile, _ids: {"service.slo_percentile": float(percentile) if percentile else None},
)
