"""The exact solver against brute force, and the facts about kinks and tails that it stands on, on random cases."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.case import Case
from tco.evaluate import VOLUME, evaluate, kinks, tail
from tco.inputs.base import Input
from tco.model.crossings import grid, inside, line_against_staircase
from tco.model.demand import hot_cold_hours
from tco.solve.breakeven import Breakeven, Winning, break_even

Cases = st.SearchStrategy[Case]


def gap_at(case: Case, answer: Breakeven, volume: np.ndarray, which: str) -> tuple[np.ndarray, np.ndarray]:
    """Baseline minus challenger at some volumes, and where rounding may decide its sign."""
    ledgers = evaluate(case, {VOLUME: volume})
    base, other = (
        getattr(ledgers[name], which) + np.zeros_like(volume) for name in (answer.baseline, answer.challenger)
    )
    return base - other, np.abs(base - other) <= 1e-7 * (np.abs(base) + np.abs(other) + 1e-9)


def won_at(found: Winning, volume: np.ndarray) -> np.ndarray:
    won = np.zeros(len(volume), dtype=bool)
    for start, stop in found.intervals:
        won |= (volume >= start) & (volume <= (np.inf if stop is None else stop))
    return won


def volumes(case: Case, far: float) -> np.ndarray:
    """Many volumes up to a limit: even, geometric, and on both sides of every kink when they are few."""
    edges = np.concatenate(list(kinks(case, far).values()))[:2000]
    around = (edges[:, None] * np.array([1 - 1e-7, 1 + 1e-7])).ravel()
    found = np.concatenate([np.linspace(far / 3000, far, 3000), np.geomspace(far / 1e6, far, 2000), around])
    return np.sort(found[(found > 0) & (found <= far)])  # a kink at 0 has one side only


@given(data=st.data())
def test_brute_force_finds_the_same(cases: Cases, data: st.DataObject) -> None:
    case = data.draw(cases)
    answer = break_even(case)
    for which, found in (("running_usd", answer.running_cost), ("with_build_usd", answer.with_build)):
        volume = volumes(case, found.searched_to)
        gap, unclear = gap_at(case, answer, volume, which)
        assert ((gap >= 0) == won_at(found, volume))[~unclear].all()


@given(data=st.data())
def test_beyond_the_search_it_goes_on_as_proven(cases: Cases, data: st.DataObject) -> None:
    case = data.draw(cases)
    answer = break_even(case)
    for which, found in (("running_usd", answer.running_cost), ("with_build_usd", answer.with_build)):
        if found.proven:
            volume = found.searched_to * np.geomspace(1 + 1e-6, 1e4, 3000)
            gap, unclear = gap_at(case, answer, volume, which)
            assert ((gap >= 0) == won_at(found, volume))[~unclear].all()


@given(data=st.data())
def test_the_status_says_what_the_intervals_are(cases: Cases, data: st.DataObject) -> None:
    answer = break_even(data.draw(cases))
    for found in (answer.running_cost, answer.with_build):
        ends = [end for pair in found.intervals for end in pair if end is not None]
        assert ends == sorted(ends)
        assert found.first == (ends[0] if found.intervals else None)
        endless = bool(found.intervals) and found.intervals[-1][1] is None
        assert (found.permanent is not None) == endless
        if found.permanent is not None:
            assert found.first is not None
            assert found.first <= found.permanent == found.intervals[-1][0] <= found.searched_to
        kinds = {
            "never": not found.intervals,
            "window": bool(found.intervals) and not endless,
            "always": endless and found.intervals == ((0.0, None),),
            "single": endless and len(found.intervals) == 1 and found.first != 0,
            "multiple": endless and len(found.intervals) > 1,
        }
        assert kinds[found.status]
        assert sum(kinds.values()) == 1


@given(data=st.data())
def test_between_kinks_every_cost_is_a_line(cases: Cases, data: st.DataObject) -> None:
    case = data.draw(cases)
    far = 20 * float(case.numbers.workload.requests_per_month or 1)
    for name, bends in kinks(case, far).items():
        edges = np.sort(bends)
        ends = grid([edges[:500]], min(far, float(edges[499]) if len(edges) > 500 else far))
        low, high = np.split(inside(ends), 2)
        values = [
            evaluate(case, {VOLUME: points})[name].running_usd + 0 * points for points in (low, (low + high) / 2, high)
        ]
        assert values[1] == pytest.approx((values[0] + values[2]) / 2, rel=1e-8, abs=1e-9)


@given(data=st.data(), times=st.floats(0.01, 100))
def test_the_bounds_of_a_tail_hold(cases: Cases, data: st.DataObject, times: float) -> None:
    case = data.draw(cases)
    beyond = times * float(case.numbers.workload.requests_per_month or 1)
    volume = beyond * np.geomspace(1 + 1e-9, 1e4, 1500)
    ledgers = evaluate(case, {VOLUME: volume})
    for name, ledger in ledgers.items():
        bounds, cost = tail(case, name, beyond), ledger.running_usd + 0 * volume
        slack = 1e-7 * np.abs(cost) + 1e-6
        assert (cost >= bounds.low_slope * volume + bounds.low - slack).all(), name
        assert (cost <= bounds.high_slope * volume + bounds.high + slack).all(), name


@given(data=st.data())
def test_the_envelope_is_the_cheapest_option(cases: Cases, data: st.DataObject) -> None:
    case = data.draw(cases)
    answer = break_even(case)
    volume = volumes(case, answer.running_cost.searched_to)
    ledgers = evaluate(case, {VOLUME: volume})
    costs = {name: ledger.running_usd + 0 * volume for name, ledger in ledgers.items()}
    cheapest = np.min(list(costs.values()), axis=0)
    for start, stop, name in answer.envelope:
        within = (volume > start * (1 + 1e-9)) & (volume < (np.inf if stop is None else stop * (1 - 1e-9)))
        assert (costs[name][within] <= cheapest[within] * (1 + 1e-7) + 1e-7).all()
    assert answer.envelope[0][0] == 0
    end = answer.envelope[-1][1]
    assert end is None or end >= answer.running_cost.searched_to  # no end only where it is proven
    if end is None:
        beyond = answer.running_cost.searched_to * np.geomspace(1.0, 100.0, 40)
        later = {name: ledger.running_usd + 0 * beyond for name, ledger in evaluate(case, {VOLUME: beyond}).items()}
        assert (later[answer.envelope[-1][2]] <= np.min(list(later.values()), axis=0) * (1 + 1e-7) + 1e-7).all()


def times_money(node: Any, factor: float, name: str = "") -> Any:
    """The same inputs with every sum of money multiplied."""
    if isinstance(node, Input):
        return node.model_copy(
            update={key: times_money(getattr(node, key), factor, key) for key in type(node).model_fields}
        )
    if isinstance(node, dict):
        return {key: times_money(value, factor) for key, value in node.items()}
    if isinstance(node, tuple) and node and isinstance(node[0], Input):
        return tuple(times_money(item, factor) for item in node)
    return node * factor if isinstance(node, float | int) and "usd" in name.split("_") else node


@given(data=st.data(), factor=st.sampled_from([0.125, 8.0]))
def test_in_another_currency_costs_scale_and_volumes_stay(cases: Cases, data: st.DataObject, factor: float) -> None:
    case = data.draw(cases)
    other = replace(case, numbers=times_money(case.numbers, factor))
    one, two = break_even(case), break_even(other)
    assert one.status == two.status
    for mine, theirs in ((one.running_cost, two.running_cost), (one.with_build, two.with_build)):
        assert np.array(mine.intervals, float) == pytest.approx(
            np.array(theirs.intervals, float), rel=1e-7, nan_ok=True
        )
    assert two.at_volume.baseline_usd == pytest.approx(one.at_volume.baseline_usd * factor)
    assert two.at_volume.challenger_with_build_usd == pytest.approx(one.at_volume.challenger_with_build_usd * factor)


def fleets(case: Case) -> list[str]:
    return [name for name, option in case.numbers.options.items() if option.kind == "rented"]


@given(data=st.data(), more=st.floats(1, 5))
def test_a_cost_never_falls_when_something_gets_dearer(cases: Cases, data: st.DataObject, more: float) -> None:
    case = data.draw(cases)
    now = evaluate(case)
    for name in fleets(case):
        option: Any = case.numbers.options[name]
        dearer = {
            f"options.{name}.gpu.on_demand_usd_per_gpu_hour": option.gpu.on_demand_usd_per_gpu_hour * more,
            f"options.{name}.people.run_fte": option.people.run_fte + more,
            f"options.{name}.capacity.spare_replicas": option.capacity.spare_replicas + more,
            "workload.burst_ratio": float(case.numbers.workload.burst_ratio) * more,
            "staffing.loaded_usd_per_fte_year": 180_000 * more,
        }
        for path, value in dearer.items():
            then = evaluate(case, {path: value})[name]
            assert float(then.running_usd) >= float(now[name].running_usd) * (1 - 1e-12), path
            assert float(then.with_build_usd) >= float(now[name].with_build_usd) * (1 - 1e-12), path


@given(data=st.data(), peak=st.floats(1, 3.7))
def test_a_higher_peak_never_needs_fewer_replicas(cases: Cases, data: st.DataObject, peak: float) -> None:
    case = data.draw(cases)
    flat, busy = (
        replace(
            case,
            numbers=case.numbers.model_copy(
                update={"workload": case.numbers.workload.model_copy(update={"shape_hours": hot_cold_hours(45, ratio)})}
            ),
        )
        for ratio in (1.0, peak)
    )
    for name in fleets(case):
        low, high = evaluate(flat)[name], evaluate(busy)[name]
        assert float(high.facts["replicas"]) >= float(low.facts["replicas"])
        narrow, wide = (float(ledger.facts["step_requests_per_month"]) for ledger in (high, low))
        if case.numbers.options[name].deferrable == "in_valleys":  # type: ignore[attr-defined]
            assert narrow <= wide * (1 + 1e-9) <= narrow * peak * (1 + 2e-9)  # what may wait makes the peak lower
        else:
            assert narrow * peak == pytest.approx(wide)


@given(data=st.data())
def test_twice_the_work_halves_what_a_replica_carries(cases: Cases, data: st.DataObject) -> None:
    case = data.draw(cases)
    now = evaluate(case)
    for name in fleets(case):
        work: Any = case.numbers.options[name].capacity.work  # type: ignore[attr-defined]
        twice = {f"options.{name}.capacity.work.{key}": 2 * value for key, value in dict(work).items()}
        then = evaluate(case, twice)[name].facts
        assert 2 * float(then["step_requests_per_month"]) == pytest.approx(
            float(now[name].facts["step_requests_per_month"])
        )
        faster = evaluate(case, {f"options.{name}.capacity.throughput_ratio": 0.5})[name].facts
        assert float(faster["request_s"]) == pytest.approx(float(then["request_s"]))


@given(data=st.data())
def test_a_row_of_a_column_is_the_scalar_run(cases: Cases, data: st.DataObject) -> None:
    case = data.draw(cases)
    requests = float(case.numbers.workload.requests_per_month or 1)
    columns = {
        VOLUME: requests * np.array([0.5, 1.0, 3.0]),
        "workload.burst_ratio": np.array([1.0, 1.2, 1.5]),
        "workload.input_length.mean_tok": np.array([300.0, 900.0, 5000.0]),
        "options.own.gpu.on_demand_usd_per_gpu_hour": np.array([1.0, 2.0, 3.0]),
        "options.own.capacity.target_utilisation_frac": np.array([0.5, 0.7, 0.9]),
        "options.own.capacity.spare_replicas": np.array([0.0, 1.0, 2.0]),
        "options.api.price.output_usd_per_mtok": np.array([1.0, 10.0, 30.0]),
        "options.api.price_ratio": np.array([0.8, 1.0, 1.2]),
        "finance.discount_frac": np.array([0.0, 0.1, 0.2]),
    }
    together = evaluate(case, columns)
    for row in range(3):
        alone = evaluate(case, {path: float(column[row]) for path, column in columns.items()})
        for name, ledger in together.items():
            assert (ledger.with_build_usd + np.zeros(3))[row] == pytest.approx(
                float(alone[name].with_build_usd), rel=1e-12
            )


@given(
    price=st.floats(0.5, 10),
    fixed=st.floats(0, 2e4),
    gpu=st.floats(0.5, 6),
    spare=st.integers(0, 3),
    volume=st.floats(1e4, 1e7),
)
def test_a_plain_case_is_the_closed_form(
    case_of: Callable[..., Case],
    plain: dict[str, Any],
    price: float,
    fixed: float,
    gpu: float,
    spare: int,
    volume: float,
) -> None:
    closed = line_against_staircase(price / 1000, fixed, gpu * 730, 1e6, spare, 0.0)
    if closed.bound is not None and closed.bound > 1e10:
        return
    changes = {
        "options.api.price.input_usd_per_mtok": price,
        "options.own.other_usd_per_month": fixed,
        "options.own.gpu.on_demand_usd_per_gpu_hour": gpu,
        "options.own.capacity.spare_replicas": spare,
        "workload.requests_per_month": volume,
    }
    found = break_even(case_of(plain, changes)).running_cost
    assert found.proven
    assert found.permanent == (None if closed.permanent is None else pytest.approx(closed.permanent, rel=1e-6))
    if closed.first is not None:  # without a lasting one there may still be islands, which the closed form leaves out
        assert found.first == pytest.approx(closed.first, rel=1e-6)
