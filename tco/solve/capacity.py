"""What a fleet is at the user's volume: replicas by hour, latency beside the limits, energy of a request. MODEL §3.3, 4.5."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tco.case import Case, LoadPoint
from tco.evaluate import evaluate, week, with_volume
from tco.model.energy import kwh_per_month
from tco.options.api import ApiOption
from tco.options.base import WeekPlan
from tco.options.self_hosted import GPU_LINES, share_of_paid
from tco.units import JOULES_PER_KWH, Array


@dataclass(frozen=True)
class Latency:
    """Times at one load, at the service level's percentile or the nearest known; None where nobody knows."""

    ttft_ms: float | None
    tpot_ms: float | None


@dataclass(frozen=True)
class Served:
    """The service of one option beside what was asked."""

    option: str
    label: str
    ttft_limit_ms: float
    tpot_limit_ms: float
    percentile: float
    mean_hour: Latency
    busiest_minute: Latency
    how: str
    """How it is known: ``profile``, ``estimate``, ``yours`` or ``unknown``."""


@dataclass(frozen=True)
class Energy:
    """A memo, not a cost of its own."""

    kwh_per_month: float
    joules_per_request: float | None
    kg_per_request: float | None
    pue: float


@dataclass(frozen=True)
class CapacityPlan:
    """A self-hosted option's week."""

    option: str
    label: str
    busy_by_hour: Array
    """Replicas busy in each hour from Monday 00:00; shape (168,)."""
    replicas_by_hour: Array
    """Replicas paid for; shape (168,)."""
    gpus_by_hour: Array
    replicas_peak: float
    replicas_low: float
    replicas_mean: float
    base_gpus: float
    starts_per_week: float
    gpu_hours_per_month: float
    usd_per_gpu_hour: float | None
    """All that GPUs cost, over the hours paid for."""
    load_frac: float
    """Work over what is paid for."""
    energy: Energy | None
    facts: Mapping[str, float] = field(default_factory=dict)
    """Further figures of the ledger, such as the hardware's price and present value."""


def capacity_of(case: Case, option: str | None = None) -> CapacityPlan | None:
    """The plan of an option, the challenger's unless one is named; None for an API."""
    name, case = option or case.numbers.challenger, with_volume(case)
    plan = week(case, name)
    if plan is None:
        return None
    ledger = evaluate(case, only=[name])[name]
    facts = {key: float(np.asarray(value)) for key, value in ledger.facts.items()}
    gpu_usd = sum(float(np.asarray(usd)) for line, usd in ledger.lines_usd.items() if line in GPU_LINES)
    hours = facts["gpu_hours_per_month"]
    return CapacityPlan(
        option=name,
        label=case.numbers.options[name].label,
        busy_by_hour=plan.busy_replicas,
        replicas_by_hour=plan.replicas,
        gpus_by_hour=plan.gpus,
        replicas_peak=float(plan.replicas.max()),
        replicas_low=float(plan.replicas.min()),
        replicas_mean=float(plan.replicas.mean()),
        base_gpus=plan.base_gpus,
        starts_per_week=plan.starts_per_week,
        gpu_hours_per_month=hours,
        usd_per_gpu_hour=gpu_usd / hours if hours > 0 else None,
        load_frac=facts["load_frac"],
        energy=_energy(plan, float(np.asarray(ledger.requests))),
        facts=facts,
    )


def _energy(plan: WeekPlan, requests: float) -> Energy | None:
    if plan.kilowatts is None:
        return None
    kwh = float(np.asarray(kwh_per_month(float(plan.kilowatts.mean()) + plan.aside_kilowatts, plan.pue)))
    each = kwh / requests if requests > 0 else None
    joules = None if each is None else each * JOULES_PER_KWH
    carbon = each * plan.carbon_kg_per_kwh if each is not None and plan.carbon_kg_per_kwh > 0 else None
    return Energy(kwh, joules, carbon, plan.pue)


def served(case: Case) -> tuple[Served, ...]:
    """Time to first token and per output token of every option, beside the limits asked for."""
    case = with_volume(case)
    service = case.numbers.service
    limits = (service.ttft_ms, service.tpot_ms, service.slo_percentile)
    return tuple(
        Served(name, option.label, *limits, *_latencies(case, name)) for name, option in case.numbers.options.items()
    )


def _latencies(case: Case, name: str) -> tuple[Latency, Latency, str]:
    option, plan, unknown = case.numbers.options[name], week(case, name), Latency(None, None)
    if isinstance(option, ApiOption):
        known = Latency(option.ttft_ms, option.tpot_ms)
        return known, known, "unknown" if known == unknown else "yours"
    evidence = case.evidence.get(name)
    if plan is None or evidence is None or not evidence.load_points:
        return unknown, unknown, "unknown"
    loads = np.asarray(share_of_paid(plan.busy_replicas, plan.replicas))
    top = float(loads.max()) * plan.burst_ratio
    found = [latency_at(evidence.load_points, load) for load in (float(loads.mean()), top)]
    return found[0], found[1], "estimate" if evidence.estimated else "profile"


def latency_at(points: tuple[LoadPoint, ...], load_frac: float) -> Latency:
    """
    Latency at a load, straight between the loads measured; below the lowest it is that of the lowest.

    Examples
    --------
    >>> latency_at((LoadPoint(0.2, 100.0, 10.0), LoadPoint(1.0, 500.0, 50.0)), 0.6)
    Latency(ttft_ms=300.0, tpot_ms=30.0)
    """

    def at(name: str) -> float | None:
        known = np.array([(p.load_frac, getattr(p, name)) for p in points if not np.isnan(getattr(p, name))])
        return float(np.interp(load_frac, known[:, 0], known[:, 1])) if len(known) else None

    return Latency(at("ttft_ms"), at("tpot_ms"))
