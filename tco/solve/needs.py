"""Inverse break-evens: what would have to change for the challenger to win. MODEL §5.4."""

from dataclasses import dataclass

import numpy as np

from tco.case import Case
from tco.evaluate import VOLUME, evaluate, tail
from tco.model.demand import peak_ratio
from tco.options.api import ApiOption
from tco.options.rented import RentedOption
from tco.units import Array

SAME_FRAC = 1e-9
"""How far apart two costs may be, of the larger, and still count as the same."""
MOST_REPLICAS = 1e9
"""A fleet that can be afforded at this size costs nothing to enlarge."""


@dataclass(frozen=True)
class Need:
    """The value of each field, alone, at which the two options cost the same. None where no value does."""

    api_price_ratio: float | None = None
    """Baseline's price over what it is now."""
    usd_per_gpu_hour: float | None = None
    run_fte: float | None = None
    throughput_ratio: float | None = None
    """Throughput of a replica over what it is now."""
    peak_ratio: float | None = None
    """Peak hour over the mean hour."""


@dataclass(frozen=True)
class Needs:
    """At the user's own volume, and for a break-even that lasts at any volume at all."""

    at_volume: Need
    ever: Need


def needs_of(case: Case, base: str, other: str, requests: float, far: float) -> Needs:
    """
    What each field would have to be, all others as they are, at running cost.

    Cost is affine in a price and in people, so two evaluations give the answer, unless a discount bends the bill;
    throughput moves whole replicas, so the most replicas that can be afforded give the answer.
    """
    return Needs(_at_volume(case, base, other, requests), _ever(case, base, other, far))


def _paths(case: Case, base: str, other: str) -> dict[str, str]:
    found: dict[str, str] = {}
    if isinstance(case.numbers.options[base], ApiOption):
        found["api_price_ratio"] = f"options.{base}.price_ratio"
    if isinstance(case.numbers.options[other], RentedOption):
        found["usd_per_gpu_hour"] = f"options.{other}.gpu.on_demand_usd_per_gpu_hour"
    found["run_fte"] = f"options.{other}.people.run_fte"
    return found


def _at_volume(case: Case, base: str, other: str, requests: float) -> Need:
    values: dict[str, float | None] = {}
    for name, path in _paths(case, base, other).items():
        values[name] = _affine_root(case, base, other, requests, path, name)
    option = case.numbers.options[other]
    if isinstance(option, RentedOption):
        ratio = _throughput_root(case, base, other, requests)
        values["throughput_ratio"] = ratio
        values["peak_ratio"] = peak_ratio(case.numbers.workload.shape_hours) / ratio if ratio else None
        if values["peak_ratio"] is not None and values["peak_ratio"] < 1:
            values["peak_ratio"] = None
    return Need(**values)


def _affine_root(case: Case, base: str, other: str, requests: float, path: str, name: str) -> float | None:
    now = _value(case, path)
    probe = np.array([1.0, 2.0]) * (now if now > 0 else 1.0)
    gap = _gaps(case, base, other, requests, path, probe)
    slope = float((gap[1] - gap[0]) / (probe[1] - probe[0]))
    root = float(probe[0] - gap[0] / slope) if slope else None
    if name == "api_price_ratio" and (root is None or not _is_root(case, base, other, requests, path, root)):
        root = _bisected(case, base, other, requests, path)  # a volume discount bends the bill
    if root is None or root < 0:
        return None
    return root / now if name == "api_price_ratio" and now > 0 else root


def _gaps(case: Case, base: str, other: str, requests: float, path: str, values: Array) -> Array:
    """Baseline minus challenger at running cost, one field at some values. [USD/month]"""
    ledgers = evaluate(case, {VOLUME: requests, path: values})
    gap: Array = ledgers[base].running_usd - ledgers[other].running_usd + np.zeros_like(values)
    return gap


def _is_root(case: Case, base: str, other: str, requests: float, path: str, value: float) -> bool:
    if value <= 0:
        return False
    ledgers = evaluate(case, {VOLUME: requests, path: value})
    costs = float(ledgers[base].running_usd), float(ledgers[other].running_usd)
    return abs(costs[0] - costs[1]) <= SAME_FRAC * max(costs)


def _bisected(case: Case, base: str, other: str, requests: float, path: str) -> float | None:
    """Lowest root of a gap on a logarithmic grid, zoomed in."""
    low, high = 1e-6 * _value(case, path), 1e6 * _value(case, path)
    for _ in range(12):
        probe = np.geomspace(low, high, 33)
        gap = _gaps(case, base, other, requests, path, probe)
        change = np.flatnonzero(np.diff(np.sign(gap)) != 0)
        if not len(change):
            return None
        low, high = float(probe[change[0]]), float(probe[change[0] + 1])
    return float(np.sqrt(low * high))


def _throughput_root(case: Case, base: str, other: str, requests: float) -> float | None:
    """Least throughput that still pays: where the most replicas are taken that can be afforded."""
    steps = requests / float(np.max(evaluate(case, {VOLUME: requests})[other].facts["step_requests_per_month"]))
    if steps <= 0:
        return None
    path = f"options.{other}.capacity.throughput_ratio"
    now = _value(case, path)
    counts = np.array([1.0, MOST_REPLICAS])
    while True:
        paid = _gaps(case, base, other, requests, path, steps / counts * now) >= 0
        if not paid[0] or paid[-1]:
            return None
        low, high = float(counts[paid].max()), float(counts[~paid].min())
        if high - low <= 1:
            return steps / low
        counts = np.unique(np.round(np.geomspace(low, high, 65)))


def _ever(case: Case, base: str, other: str, far: float) -> Need:
    """Where the slopes of both curves meet, far out: beyond it a lasting break-even exists."""
    values: dict[str, float | None] = {}
    paths = _paths(case, base, other)
    paths.pop("run_fte")
    for name, path in paths.items():
        now = _value(case, path)
        near, double = (_slope_gap(case, base, other, far, {path: now * k}) for k in (1.0, 2.0))
        slope = (double - near) / now if now > 0 else 0.0
        root = now - near / slope if slope else None
        if root is not None and name == "api_price_ratio":
            root = root / now
        values[name] = root if root is not None and root > 0 else None
    if isinstance(case.numbers.options[other], RentedOption):
        path = f"options.{other}.capacity.throughput_ratio"
        now = _value(case, path)
        near, double = (_slope_gap(case, base, other, far, {path: now * k}) for k in (1.0, 2.0))
        stairs = 2.0 * (double - near)
        rest = near + stairs
        values["throughput_ratio"] = stairs / rest if rest > 0 else None
    return Need(**values)


def _slope_gap(case: Case, base: str, other: str, far: float, columns: dict[str, float]) -> float:
    return tail(case, base, far, columns).low_slope - tail(case, other, far, columns).low_slope


def _value(case: Case, path: str) -> float:
    node: object = case.numbers
    for part in path.split("."):
        node = node[part] if isinstance(node, dict) else getattr(node, part)
    return float(node)  # type: ignore[arg-type]
