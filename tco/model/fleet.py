"""
Replicas and what is paid for them, by hour of the week. MODEL §3.1, 4.5.

A load is in replicas busy at the target utilisation in the mean hour. Units are what is paid for: instances or servers.
Everything a fleet costs is a weighted sum of units over levels of the week, ``Σ weight × units(load × level)``: a
staircase in the load whose edges are known, so that it is looked up instead of counted hour by hour.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from tco.model.capacity import CEIL_SLACK, replicas_needed, replicas_paid, whole
from tco.units import HOURS_PER_WEEK, Array, Numeric

FEW = 50_000
"""Units counted one by one; beyond, they are looked up between edges."""
MOST_EDGES = 2_000_000
"""Edges of a table; a fleet with more is counted one by one."""
NONE_RESERVED = HOURS_PER_WEEK + 1
"""Rank of a level that no hour has: nothing is reserved."""


@dataclass(frozen=True)
class Rule:
    """From a load in replicas to units paid for."""

    min_replicas: Numeric = 1.0
    spare_replicas: Numeric = 0.0
    spare_frac: Numeric = 0.0
    gpus_per_replica: Numeric = 1.0
    unit_gpus: Numeric = 0.0
    """GPUs of a unit; 0 where a unit is just what a replica takes."""
    extra_replicas: Numeric = 0.0
    """Replicas that hold no load, such as a second place to test."""

    def replicas(self, load: Numeric) -> Numeric:
        """Replicas paid for, spares in."""
        return replicas_paid(replicas_needed(load, 1.0, self.min_replicas), self.spare_replicas, self.spare_frac)

    def units(self, load: Numeric) -> Numeric:
        """Instances or servers that hold them."""
        return units_for(self.replicas(load) + self.extra_replicas, self.gpus_per_replica, self.unit_gpus)

    @property
    def plain(self) -> bool:
        """Whether it is the same rule for every load."""
        return all(np.ndim(value) == 0 for value in self.__dict__.values())


def units_for(replicas: Numeric, gpus_per_replica: Numeric, unit_gpus: Numeric) -> Numeric:
    """
    Units that hold some replicas: several in one unit, or several units for one.

    Examples
    --------
    >>> [float(units_for(n, 2.0, 8.0)) for n in (4, 5)]  # four replicas of 2 GPUs in each instance of 8
    [1.0, 2.0]
    >>> float(units_for(3, 16.0, 8.0)), float(units_for(3, 2.0, 0.0))
    (6.0, 3.0)
    """
    unit = np.where(np.asarray(unit_gpus) > 0, unit_gpus, gpus_per_replica)
    in_one = np.maximum(np.floor(unit / np.asarray(gpus_per_replica) + CEIL_SLACK), 1.0)
    of_one = whole(np.asarray(gpus_per_replica) / unit)
    return whole(np.asarray(replicas) / in_one) * np.maximum(of_one, 1.0)


@dataclass(frozen=True, eq=False)
class Levels:
    """Levels of the week and how each counts: one row of weights for each figure asked. Known by identity."""

    levels: Array
    """Shape (levels,), relative to the mean hour."""
    weights: Array
    """Shape (figures, levels)."""

    @classmethod
    def of(cls, *figures: list[tuple[Array, float]]) -> "Levels":
        """Each figure as (levels, weight) pairs; equal levels are counted together."""
        found = [(np.ravel(level), row, weight) for row, parts in enumerate(figures) for level, weight in parts]
        levels, place = np.unique(np.concatenate([level for level, _, _ in found]), return_inverse=True)
        weights, at = np.zeros((len(figures), len(levels))), 0
        for level, row, weight in found:
            np.add.at(weights[row], place[at : at + len(level)], weight)
            at += len(level)
        used = (weights != 0).any(axis=0)
        return cls(levels[used], weights[:, used])


def weighted_units(load: Numeric, week: Levels, rule: Rule) -> Array:
    """
    ``Σ weight × units(load × level)`` for each row of weights. Shape (figures, *load).

    Examples
    --------
    >>> week = Levels.of([(np.array([2.4] * 45 + [0.487805] * 123), 1.0)])
    >>> load = 6e6 * 1.15 * 0.1956 / 0.80 / 2_628_000  # G05: unit-hours a week, one spare
    >>> float(weighted_units(load, week, Rule(spare_replicas=1.0))[0])  # 45 x 3 + 123 x 2
    381.0
    """
    loads = np.asarray(load, dtype=float)
    many = loads.size * len(week.levels) > FEW
    if rule.plain and many and float(loads.max()) * float(week.levels.sum()) <= MOST_EDGES:
        found = _table(float(loads.max()), week, rule, CEIL_SLACK)
        looked_up: Array = found.totals[:, np.searchsorted(found.edges, loads, side="left")]
        return looked_up
    return _counted(loads, week, rule)


def edges_of(top_load: float, week: Levels, rule: Rule) -> Array:
    """Loads at which a figure of the week jumps, up to one, in order; some may come more than once."""
    edges = _table(top_load, week, rule, 0.0).edges
    return edges[: int(np.searchsorted(edges, top_load, side="right"))]


def _counted(loads: Array, week: Levels, rule: Rule) -> Array:
    every = Rule(**{name: np.asarray(value)[..., None] for name, value in rule.__dict__.items()})
    units = np.asarray(every.units(loads[..., None] * week.levels))
    counted: Array = np.moveaxis(units @ week.weights.T, -1, 0)
    return counted


@dataclass(frozen=True, eq=False)
class _Table:
    edges: Array
    """Loads at which units are added, rising; at least up to the load asked for."""
    totals: Array
    """Figures below the first edge, between the first and the second, and so on. Shape (figures, edges + 1)."""


def _table(top: float, week: Levels, rule: Rule, slack: float) -> _Table:
    """The staircase up to a load, made once for loads of about that size."""
    reach = float(np.exp2(np.ceil(np.log2(top) * 2.0) / 2.0)) if top > 0 else 0.0
    return _made(reach, week, Rule(**{name: float(np.asarray(v)) for name, v in rule.__dict__.items()}), slack)


@lru_cache(maxsize=128)
def _made(top: float, week: Levels, rule: Rule, slack: float) -> _Table:
    high = float(week.levels.max(initial=0.0)) * top
    first = int(rule.min_replicas)
    needs = np.arange(first, max(first, int(high)) + 2, dtype=float)
    added = np.diff(np.asarray(rule.units(needs)))
    needs, added = needs[:-1][added > 0], added[added > 0]
    with np.errstate(divide="ignore", invalid="ignore"):  # an hour without work needs nothing more at any load
        edges = (needs + slack * np.minimum(needs, 1.0))[:, None] / week.levels
    jumps = added[:, None, None] * week.weights.T[None]
    inside = edges <= top
    edges, jumps = edges[inside], jumps[inside]
    order = np.argsort(edges, kind="stable")
    start = week.weights.sum(axis=1, keepdims=True) * float(np.asarray(rule.units(0.0)))
    return _Table(edges[order], np.concatenate([start, start + np.cumsum(jumps[order].T, axis=1)], axis=1))


def reserved_rank(reserved_usd: Numeric, on_demand_usd: Numeric) -> Numeric:
    """
    The hour, counted from the busiest, whose units are just worth reserving. MODEL §3.1.

    A unit needed in a share u of the hours is reserved when ``u > reserved/on demand``; the units needed in the hour of
    this rank are those. 169 when nothing is worth it.

    Examples
    --------
    >>> float(reserved_rank(2.60, 3.50))  # 0.742857 x 168 = 124.8
    125.0
    """
    share = np.asarray(reserved_usd) / np.where(np.asarray(on_demand_usd) > 0, on_demand_usd, np.inf)
    return np.minimum(np.floor(share * HOURS_PER_WEEK + CEIL_SLACK) + 1.0, NONE_RESERVED)


def burst_week(levels: Array, rank: int, min_billing_hours: float) -> Levels:
    """
    The figures of a fleet that follows its week above what is reserved: reserved units, unit-hours on demand a week,
    starts a week, and the hours that minimum billing adds a week.
    """
    ranked = np.sort(levels)[::-1]
    reserved = ranked[rank - 1 : rank]  # empty when nothing is reserved
    high = np.maximum(levels, reserved) if len(reserved) else levels
    demand = [(high, 1.0), (np.repeat(reserved, len(levels)), -1.0)]
    return Levels.of([(reserved, 1.0)], demand, _runs(high, 1), _short_runs(high, min_billing_hours))


def _runs(levels: Array, hours: int) -> list[tuple[Array, float]]:
    """Runs of at least so many hours in which a unit is on, counted where they begin."""
    lasting = np.min([np.roll(levels, -step) for step in range(hours)], axis=0)
    return [(lasting, 1.0), (np.minimum(lasting, np.roll(levels, 1)), -1.0)]


def _short_runs(levels: Array, min_billing_hours: float) -> list[tuple[Array, float]]:
    """Hours billed beyond those used, over all runs: ``(minimum - length)`` where that is more than nothing."""
    missing = [max(0.0, min_billing_hours - length) for length in range(1, int(np.ceil(min_billing_hours)) + 1)]
    parts: list[tuple[Array, float]] = []
    for length, (now, then) in enumerate(pairwise([*missing, 0.0]), start=1):
        parts += [(level, weight * (now - then)) for level, weight in _runs(levels, 1)]
        parts += [(level, -weight * (now - then)) for level, weight in _runs(levels, length + 1)]
    return parts


def each(function: Callable[..., Array], keys: Sequence[Numeric], *values: Numeric) -> Array:
    """
    ``function(*keys, *values)`` where the keys must be plain numbers: once for each distinct combination of them.

    The result has a first axis of its own, then the shape of keys and values together.
    """
    if all(np.size(key) == 1 for key in keys):
        return function(*(float(np.ravel(key)[0]) for key in keys), *values)
    shape = np.broadcast_shapes(*(np.shape(item) for item in (*keys, *values)))
    wide = [np.broadcast_to(key, shape) for key in keys]
    rows, place = np.unique(np.stack([np.ravel(key) for key in wide], axis=1), axis=0, return_inverse=True)
    place = place.reshape(shape)
    parts = {}
    for j, row in enumerate(rows):
        mine = place == j
        chosen = [value if np.size(value) == 1 else np.broadcast_to(value, shape)[mine] for value in values]
        parts[j] = mine, function(*map(float, row), *chosen)
    found = np.zeros((len(parts[0][1]), *shape))
    for mine, part in parts.values():
        found[:, mine] = part if part.ndim > 1 else part[:, None]
    return found
