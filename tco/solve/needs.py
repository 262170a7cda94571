"""Inverse break-evens: what would have to change for the challenger to win. MODEL §5.4."""

from dataclasses import dataclass

import numpy as np

from tco.case import Case
from tco.evaluate import VOLUME, evaluate, tail
from tco.model.demand import peak_ratio
from tco.options.api import ApiOption
from tco.options.rented import RentedOption


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

    Cost is affine in a price and in people, so two evaluations give the answer; throughput moves whole replicas, so
    the factors at which one replica fewer is enough are tried.
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
    probe = np.array([0.5, 1.0, 2.0]) * (now if now > 0 else 1.0)
    ledgers = evaluate(case, {VOLUME: requests, path: probe})
    gap = np.broadcast_to(ledgers[base].running_usd - ledgers[other].running_usd, probe.shape)
    slope = (gap[2] - gap[1]) / (probe[2] - probe[1])
    bent = abs(gap[0] + slope * (probe[1] - probe[0]) - gap[1]) > 1e-9 * max(abs(gap[1]), 1.0)
    if slope == 0:
        return None
    root = _bisected(case, base, other, requests, path) if bent else float(probe[1] - gap[1] / slope)
    if root is None or root < 0:
        return None
    return root / now if name == "api_price_ratio" and now > 0 else root


def _bisected(case: Case, base: str, other: str, requests: float, path: str) -> float | None:
    """Root of a monotone gap on a logarithmic grid, zoomed in."""
    low, high = 1e-6 * _value(case, path), 1e6 * _value(case, path)
    for _ in range(12):
        probe = np.geomspace(low, high, 33)
        ledgers = evaluate(case, {VOLUME: requests, path: probe})
        gap = np.broadcast_to(ledgers[base].running_usd - ledgers[other].running_usd, probe.shape)
        change = np.flatnonzero(np.diff(np.sign(gap)) != 0)
        if not len(change):
            return None
        low, high = float(probe[change[0]]), float(probe[change[0] + 1])
    return float(np.sqrt(low * high))


def _throughput_root(case: Case, base: str, other: str, requests: float) -> float | None:
    facts = evaluate(case, {VOLUME: requests})[other].facts
    steps = requests / float(np.max(facts["step_requests_per_month"]))
    most = int(max(np.ceil(steps) * 4, 64))
    ratios = steps / np.arange(1, min(most, 4096) + 1)
    now = case.numbers.options[other].capacity.throughput_ratio  # type: ignore[attr-defined]
    path = f"options.{other}.capacity.throughput_ratio"
    ratios = np.clip(ratios, 1e-9, None)
    ledgers = evaluate(case, {VOLUME: requests, path: ratios * now})
    gap = np.broadcast_to(ledgers[base].running_usd - ledgers[other].running_usd, ratios.shape)
    enough = ratios[gap >= 0]
    return float(enough.min()) if len(enough) else None


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
