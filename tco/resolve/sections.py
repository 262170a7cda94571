"""The sections that every option shares: demand, service, money, people."""

from typing import Any

from tco.inputs.base import Input
from tco.model.demand import hot_cold_hours
from tco.resolve.draft import Draft
from tco.units import HOURS_PER_WEEK


def section(draft: Draft, name: str, model: type[Input]) -> Any:
    """One of the sections, its names looked up, validated; None when it is faulty."""
    prefix, before = f"{name}.", len(draft.faults)
    draft.take_kept(prefix)
    if name == "workload":
        _shape(draft)
    if name == "staffing" and draft.get("staffing.loaded_usd_per_fte_year") is None:
        role, region = (draft.get(f"staffing.{key}") or draft.word(f"staffing.{key}") for key in ("role", "region"))
        draft.look_up("staffing.role", "", lambda: draft.catalog.people(role, draft.on, region))
    if name == "service" and draft.get("service.level"):
        draft.look_up("service.level", "", lambda: draft.catalog.service_level(draft.get("service.level")))
    unknown = len(draft.faults)
    draft.defaults(prefix, [prefix], model)
    made = draft.validated(model, draft.tree.get(name) or {}, name)
    if unknown > before:  # what an unknown name would have brought is missing because of it, and told with it
        draft.faults[unknown:] = [fault for fault in draft.faults[unknown:] if fault.found != "nothing"]
    return made


def _shape(draft: Draft) -> None:
    if draft.get("workload.shape_hours") is not None:
        return
    hours, ratio = draft.get("workload.busy_hours"), draft.get("workload.busy_ratio")
    if hours is not None and ratio is not None and 1 <= hours < HOURS_PER_WEEK and hours * ratio <= HOURS_PER_WEEK:
        typed = draft.sources["workload.busy_hours"]
        draft.put("workload.shape_hours", list(hot_cold_hours(int(hours), float(ratio))), typed)
        return
    name = draft.get("workload.shape") or draft.word("workload.shape")
    draft.look_up("workload.shape", "", lambda: draft.catalog.shape(name))
