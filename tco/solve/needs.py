"""Inverse break-evens: what would have to change for the challenger to win. MODEL §5.4."""

from dataclasses import dataclass

import numpy as np

from tco.case import Case
from tco.evaluate import VOLUME, evaluate, kinks, pieces_per_request, tail
from tco.model.crossings import grid, inside, pieces, winning_intervals
from tco.model.demand import peak_ratio
from tco.options.api import ApiOption
from tco.options.owned import OwnedOption
from tco.options.rented import RentedOption
from tco.options.self_hosted import SelfHostedOption
from tco.units import Array

SAME_FRAC = 1e-9
"""How far apart two costs may be, of the larger, and still count as the same."""
MOST_TIMES = 1e9
"""A load that can be afforded this many times over costs nothing to serve."""
FASTEST_RATIO = 1e4
"""Throughput over today's that no replica will ever have: what needs more than this, no throughput brings about."""
MOST_PIECES = 200_000
"""Steps of a fleet beyond which one more changes nothing that can be seen: the load is then found by bisection alone."""
NEAR_FRAC = 1e-3
"""How close two loads are before the pieces between them are solved exactly."""


@dataclass(frozen=True)
class Need:
    """The value of each field, alone, at which the two options cost the same. None where no value does."""

    api_price_ratio: float | None = None
    """Baseline's price over what it is now."""
    usd_per_gpu_hour: float | None = None
    """Rent on demand, other terms of the rent moving with it."""
    server_usd: float | None = None
    """Price of a server."""
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
    option = case.numbers.options[other]
    if isinstance(case.numbers.options[base], ApiOption):
        found["api_price_ratio"] = f"options.{base}.price_ratio"
    if isinstance(option, RentedOption):
        priced = option.gpu.on_demand_usd_per_gpu_hour > 0
        found["usd_per_gpu_hour"] = f"options.{other}.gpu.{'price_ratio' if priced else 'on_demand_usd_per_gpu_hour'}"
    if isinstance(option, OwnedOption):
        found["server_usd"] = f"options.{other}.server.server_usd"
    found["run_fte"] = f"options.{other}.people.run_fte"
    return found


def _as_told(case: Case, name: str, path: str, root: float | None) -> float | None:
    """A root in the figure that people know: a rent in dollars, a price over what it is now."""
    if root is None or not path.endswith(".price_ratio"):
        return root
    if name == "usd_per_gpu_hour":
        return root * _value(case, path.replace(".price_ratio", ".on_demand_usd_per_gpu_hour"))
    return root / _value(case, path)


def _at_volume(case: Case, base: str, other: str, requests: float) -> Need:
    values: dict[str, float | None] = {}
    for name, path in _paths(case, base, other).items():
        values[name] = _as_told(case, name, path, _affine_root(case, base, other, requests, path, name))
    option = case.numbers.options[other]
    if isinstance(option, SelfHostedOption):
        ratio = _throughput_root(case, base, other, requests)
        values["throughput_ratio"] = ratio
        steady = option.deferrable == "as_it_comes" and getattr(option, "fleet", "fixed") in ("fixed", "reserved")
        if ratio and steady:  # a fleet for the peak needs as much less throughput as its peak is lower
            lower = peak_ratio(case.numbers.workload.shape_hours) / ratio
            values["peak_ratio"] = lower if lower >= 1 else None
    return Need(**values)


def _affine_root(case: Case, base: str, other: str, requests: float, path: str, name: str) -> float | None:
    now = _value(case, path)
    probe = np.array([1.0, 2.0]) * (now if now > 0 else 1.0)
    gap = _gaps(case, base, other, requests, path, probe)
    slope = float((gap[1] - gap[0]) / (probe[1] - probe[0]))
    root = float(probe[0] - gap[0] / slope) if slope else None
    if name == "api_price_ratio" and (root is None or not _is_root(case, base, other, requests, path, root)):
        root = _bisected(case, base, other, requests, path)  # a volume discount bends the bill
    return None if root is None or root < 0 else root


def _gaps(case: Case, base: str, other: str, requests: float, path: str, values: Array) -> Array:
    """Baseline minus challenger at running cost, one field at some values. [USD/month]"""
    ledgers = evaluate(case, {VOLUME: requests, path: values}, only=(base, other))
    gap: Array = ledgers[base].running_usd - ledgers[other].running_usd + np.zeros_like(values)
    return gap


def _is_root(case: Case, base: str, other: str, requests: float, path: str, value: float) -> bool:
    if value <= 0:
        return False
    ledgers = evaluate(case, {VOLUME: requests, path: value}, only=(base, other))
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
    """
    Least throughput that still pays, over what it is now.

    Half the throughput is twice the load, so the fleet's cost over its load bends where it does over volume: a bisection
    finds the last stretch that pays, and the pieces in it the exact end.
    """
    path = f"options.{other}.capacity.throughput_ratio"
    now = _value(case, path)
    low, high = _last_load_that_pays(case, base, other, requests, path, NEAR_FRAC)
    if low is None or high is None:
        return None
    far = requests * high
    if far * pieces_per_request(case, far, only=[other]) > MOST_PIECES:
        low, _ = _last_load_that_pays(case, base, other, requests, path, SAME_FRAC)
        return None if low is None else 1.0 / low
    edges = kinks(case, requests * high, only=[other])[other] / requests
    ends = low + grid([edges[(edges > low) & (edges < high)] - low], high - low)
    gap = pieces(_gaps(case, base, other, requests, path, now / inside(ends)), ends)
    won = winning_intervals(gap)
    return 1.0 / won[-1][1] if won else 1.0 / low


def _last_load_that_pays(
    case: Case, base: str, other: str, requests: float, path: str, near_frac: float
) -> tuple[float | None, float | None]:
    """Loads, over today's, close together: one that pays and one that does not. None where all or none pay."""
    now = _value(case, path)
    loads = np.geomspace(1.0 / FASTEST_RATIO, MOST_TIMES, 73)
    while True:
        paid = _gaps(case, base, other, requests, path, now / loads) >= 0
        if not paid[0] or paid[-1]:
            return None, None
        last = int(np.flatnonzero(paid).max())
        low, high = float(loads[last]), float(loads[last + 1])
        if high / low < 1 + near_frac:
            return low, high
        loads = np.geomspace(low, high, 33)


def _ever(case: Case, base: str, other: str, far: float) -> Need:
    """Where the slopes of both curves meet, far out: beyond it a lasting break-even exists."""
    values: dict[str, float | None] = {}
    paths = _paths(case, base, other)
    paths.pop("run_fte")
    for name, path in paths.items():
        now = _value(case, path)
        near, double = (_slope_gap(case, base, other, far, {path: now * k}) for k in (1.0, 2.0))
        slope = (double - near) / now if now > 0 else 0.0
        helps = slope > 0 if name == "api_price_ratio" else slope < 0  # a failover alone may make a dearer API hurt
        root = now - near / slope if helps else None
        values[name] = _as_told(case, name, path, root) if root is not None and root > 0 else None
    if isinstance(case.numbers.options[other], SelfHostedOption):
        path = f"options.{other}.capacity.throughput_ratio"
        now = _value(case, path)
        near, double = (_slope_gap(case, base, other, far, {path: now * k}) for k in (1.0, 2.0))
        stairs = 2.0 * (double - near)
        rest = near + stairs
        values["throughput_ratio"] = stairs / rest if rest * FASTEST_RATIO > abs(stairs) else None
    return Need(**values)


def _slope_gap(case: Case, base: str, other: str, far: float, columns: dict[str, float]) -> float:
    return tail(case, base, far, columns).low_slope - tail(case, other, far, columns).low_slope


def _value(case: Case, path: str) -> float:
    node: object = case.numbers
    for part in path.split("."):
        node = node[part] if isinstance(node, dict) else getattr(node, part)
    return float(node)  # type: ignore[arg-type]
