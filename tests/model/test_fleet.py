"""Fleets over the week: weights, edges and lookups against counting hour by hour."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.model import fleet
from tco.model.fleet import (
    NONE_RESERVED,
    Levels,
    Rule,
    burst_week,
    each,
    edges_of,
    reserved_rank,
    units_for,
    weighted_units,
)
from tco.model.week import ahead, mean_one, ready_levels, served_levels

weeks = st.lists(st.sampled_from([0.2, 0.5, 1.0, 1.3, 2.4]), min_size=168, max_size=168).map(
    lambda hours: mean_one(tuple(hours))
)
rules = st.builds(
    Rule,
    min_replicas=st.sampled_from([0.0, 1.0, 2.0]),
    spare_replicas=st.sampled_from([0.0, 1.0]),
    spare_frac=st.sampled_from([0.0, 0.1]),
    gpus_per_replica=st.sampled_from([1.0, 2.0, 16.0]),
    unit_gpus=st.sampled_from([0.0, 8.0]),
    extra_replicas=st.sampled_from([0.0, 1.0]),
)


def test_several_replicas_in_an_instance_and_several_instances_for_one() -> None:
    # 3 replicas of 4 GPUs need 2 instances of 8; a replica of 16 GPUs takes 2 of them; 3 GPUs leave 2 of 8 idle in each
    assert float(units_for(3, 4, 8)) == 2
    assert float(units_for(1, 16, 8)) == 2
    assert float(units_for(5, 3, 8)) == 3


def counted(levels: np.ndarray, load: float, rule: Rule, rank: int, min_billing: float) -> list[float]:
    """The four figures of a week, hour by hour, run by run."""
    units = np.asarray(rule.units(load * levels))
    base = float(np.sort(units)[::-1][rank - 1]) if rank <= 168 else 0.0
    above = np.maximum(units - base, 0)
    starts, billing = 0.0, 0.0
    for unit in range(int(base) + 1, int(units.max()) + 1):
        on = units >= unit
        if on.all():
            continue
        first = int(np.flatnonzero(~on)[0])
        runs = [len(run) for run in "".join("x" if hour else " " for hour in np.roll(on, -first)).split()]
        starts += len(runs)
        billing += sum(max(0.0, min_billing - run) for run in runs)
    return [base, float(above.sum()), starts, billing]


@given(
    weeks,
    st.floats(0.01, 12),
    rules,
    st.sampled_from([1, 40, 125, 168, NONE_RESERVED]),
    st.sampled_from([0.0, 1.0, 2.5]),
)
def test_a_week_is_what_counting_its_hours_gives(
    levels: np.ndarray, load: float, rule: Rule, rank: int, min_billing: float
) -> None:
    found = weighted_units(load, burst_week(levels, rank, min_billing), rule)
    assert found == pytest.approx(counted(levels, load, rule, rank, min_billing), abs=1e-6)


@given(weeks, st.floats(1, 40), rules)
def test_looking_up_is_counting(levels: np.ndarray, top: float, rule: Rule) -> None:
    week = burst_week(levels, NONE_RESERVED, 0.0)
    loads = np.linspace(0, top, 700)
    before, fleet.FEW = fleet.FEW, 0
    try:
        looked_up = weighted_units(loads, week, rule)
    finally:
        fleet.FEW = before
    assert looked_up == pytest.approx(np.stack([weighted_units(load, week, rule) for load in loads], axis=1))


@given(weeks, st.floats(1, 20), rules)
def test_figures_change_at_the_edges_and_nowhere_else(levels: np.ndarray, top: float, rule: Rule) -> None:
    week = burst_week(levels, NONE_RESERVED, 0.0)
    edges = np.unique(edges_of(top, week, rule))
    ends = np.concatenate([[0.0], edges[edges < top * (1 - 1e-6)], [top]])
    ends = ends[np.concatenate([[True], np.diff(ends) > 1e-6])]
    inner = ends[:-1] + np.diff(ends) * np.array([[0.01], [0.5], [0.99]])
    found = weighted_units(inner, week, rule)
    assert np.ptp(found, axis=1) == pytest.approx(np.zeros(found[:, 0].shape), abs=1e-6)


def test_a_unit_is_reserved_when_it_is_needed_often_enough() -> None:
    # needed in 100 of 168 hours, 59.5 %: reserved at 59 % of the price on demand, not at 60 %
    levels = np.array([2.0] * 100 + [1.0] * 68)
    for share, units in ((0.59, 2.0), (0.60, 1.0), (1.2, 0.0)):
        week = burst_week(levels, int(reserved_rank(share, 1.0)), 0.0)
        assert float(weighted_units(1.0, week, Rule())[0]) == units


@given(weeks, st.floats(0.1, 8), rules, st.floats(0.05, 1.5))
def test_no_other_number_of_reserved_units_is_cheaper(
    levels: np.ndarray, load: float, rule: Rule, price: float
) -> None:
    units = np.asarray(rule.units(load * levels))
    week = burst_week(levels, int(reserved_rank(price, 1.0)), 0.0)
    base, above, *_ = weighted_units(load, week, rule)
    best = min(168 * price * kept + np.maximum(units - kept, 0).sum() for kept in range(int(units.max()) + 1))
    assert 168 * price * base + above == pytest.approx(best)


@given(weeks, st.floats(1, 1.5), st.floats(0, 1))
def test_all_work_is_done_within_its_day_and_within_what_stands_ready(
    shape: np.ndarray, burst: float, share: float
) -> None:
    ready, done = ready_levels(shape, burst, share), served_levels(shape, burst, share)
    assert done.reshape(7, 24).sum(axis=1) == pytest.approx(shape.reshape(7, 24).sum(axis=1))
    assert (done <= ready + 1e-9).all()
    assert (done >= (1 - share) * shape - 1e-9).all()
    assert ready.max() <= (shape * burst).max() + 1e-9  # waiting never makes the peak higher


def test_a_fleet_is_larger_before_it_has_to_be() -> None:
    # needed in hour 3 only; two hours ahead it stands from hour 1 on
    assert ahead(np.array([0.0, 0, 0, 5, 0]), 2).tolist() == [0, 5, 5, 5, 0]


def test_each_asks_once_for_each_combination() -> None:
    asked = []

    def figures(key: float, value: np.ndarray) -> np.ndarray:
        asked.append(key)
        return np.stack([key * value, value])

    found = each(figures, [np.array([[1.0], [2.0], [1.0]])], np.array([10.0, 20.0]))
    assert sorted(asked) == [1.0, 2.0]
    assert found.shape == (2, 3, 2)
    assert found[0].tolist() == [[10, 20], [20, 40], [10, 20]]
    assert found[1].tolist() == [[10, 20]] * 3


def test_figures_that_count_alike_are_counted_together() -> None:
    week = Levels.of([(np.array([1.0, 1.0, 2.0]), 1.0)], [(np.array([2.0, 3.0]), 1.0), (np.array([3.0]), -1.0)])
    assert week.levels.tolist() == [1, 2]
    assert week.weights.tolist() == [[2, 1], [0, 1]]
