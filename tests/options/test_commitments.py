"""What a contract asks, worked by hand: committed spend, a month's minimum, units of throughput; the screen's inverse."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.case import Case
from tco.errors import ScenarioError
from tco.evaluate import BILL, VOLUME, evaluate, kinks, shared_of, tail
from tco.model.metering import requests_for_spill, shortfall_usd, spilled, trued_up_usd
from tco.present.axis import volume_axis
from tco.present.verdict import position, verdict
from tco.solve.breakeven import break_even

CaseOf = Callable[..., Case]
Tree = Mapping[str, Any]
YEAR, MINIMUM = "options.api.contract.commitment_usd_per_year", "options.api.contract.minimum_usd_per_month"
UNITS = {"unit_usd_per_month": 1000, "unit_tok_per_minute": 1000, "cached_ratio": 0.1, "output_ratio": 8}
"""A unit serves 1,000 tok/min x 43,800 min = 43.8 Mtok a month: 43,800 requests of 1,000 prompt tokens."""


def lines(case: Case, requests: float) -> dict[str, float]:
    return {name: float(np.asarray(usd)) for name, usd in evaluate(case, {VOLUME: requests})["api"].lines_usd.items()}


def test_what_is_committed_is_billed_used_or_not(case_of: CaseOf, plain: Tree) -> None:
    case = case_of(plain, {YEAR: 60_000})  # 5,000 a month: a million requests at 0.005
    assert lines(case, 400_000)["shortfall"] == pytest.approx(3_000)  # 2,000 used
    assert lines(case, 400_000)["input"] == pytest.approx(2_000)
    assert lines(case, 1_000_000)["shortfall"] == lines(case, 3_000_000)["shortfall"] == 0
    assert kinks(case, 5e6)["api"] == pytest.approx([1_000_000])
    assert "shortfall" not in lines(case_of(plain), 1.0)


def test_a_minimum_counts_towards_the_commitment(case_of: CaseOf, plain: Tree) -> None:
    found = lines(case_of(plain, {YEAR: 60_000, MINIMUM: 3_000}), 400_000)
    assert (found["minimum"], found["shortfall"]) == (pytest.approx(1_000), pytest.approx(2_000))


def test_a_commitment_moves_the_break_even_to_where_it_is_used_up(case_of: CaseOf, plain: Tree) -> None:
    # own: 2,000 + 730 (need + 1); 5,000 a month is owed from the first request: own wins below and above
    answer = break_even(case_of(plain, {YEAR: 60_000}))
    assert answer.running_cost.intervals == ((0.0, None),)
    # 3,000 a month owed: own at 3,460 loses until 0.005 V = 3,460 on the first step, as without
    later = break_even(case_of(plain, {YEAR: 36_000}))
    assert later.running_cost.first == pytest.approx(692_000)


def test_while_a_commitment_runs_own_gpus_come_on_top_of_it(case_of: CaseOf, plain: Tree) -> None:
    # 5,000 owed and own 2,000 + 730 x 3 on the second step: 0.005 V = 9,190; at a million own is 3,460, the bill 5,000
    answer = break_even(case_of(plain, {YEAR: 60_000}))
    found, axis = answer.while_owed, volume_axis("requests", answer.axis, "api")
    assert answer.owed_usd_per_month == 5_000
    assert found is not None
    assert found.intervals == ((pytest.approx(1_838_000), None),)
    said = verdict(answer, axis)
    assert said.startswith("At running cost, self-hosting own is cheaper than api at every volume")
    assert "against renewing the contract for api: while it runs, $5K a month is owed whoever serves" in said
    assert said.endswith("with that it is cheaper from 1.84M requests a month on.")
    assert (
        "saves you $1.54K a month at running cost against renewing the contract; while it runs, a switch adds $3.46K"
        in (position(answer, axis))
    )


def test_without_a_commitment_nothing_is_said_of_one(case_of: CaseOf, plain: Tree) -> None:
    answer = break_even(case_of(plain))
    assert (answer.owed_usd_per_month, answer.while_owed) == (0.0, None)
    axis = volume_axis("requests", answer.axis, "api")
    assert "contract" not in verdict(answer, axis) + position(answer, axis)
    turned = break_even(case_of(plain, {YEAR: 60_000}), baseline="own", challenger="api")
    assert turned.while_owed is None  # an API is chosen, not left


@given(year=st.floats(0, 2e5))
def test_while_owed_wins_where_the_bill_is_above_own_and_owed(case_of: CaseOf, plain: Tree, year: float) -> None:
    case = case_of(plain, {YEAR: year})
    answer = break_even(case)
    if answer.while_owed is None:
        return
    for volume in (10_000.0, 777_777.0, 1_500_000.0, 4_321_000.0):
        usd = {name: float(ledger.running_usd) for name, ledger in evaluate(case, {VOLUME: volume}).items()}
        gap = usd["api"] - usd["own"] - answer.owed_usd_per_month
        won = any(a <= volume and (b is None or volume <= b) for a, b in answer.while_owed.intervals)
        if abs(gap) > 1e-6 and volume <= answer.while_owed.searched_to:
            assert won == (gap > 0)


def test_both_true_ups_by_hand() -> None:
    # 96,000 used of 120,000: by the month 6 x (10,000 - 4,000); by the year 120,000 - 96,000, in its last month
    usage = np.array([4_000.0] * 6 + [12_000.0] * 6)
    assert trued_up_usd(usage, 120_000, "monthly").tolist() == [6_000.0] * 6 + [0.0] * 6
    assert trued_up_usd(usage, 120_000, "annual").tolist() == [0.0] * 11 + [24_000.0]
    two_years = np.stack([np.tile(usage, 2), np.tile(usage * 2, 2)])
    assert trued_up_usd(two_years, 120_000, "annual").sum(axis=-1).tolist() == [48_000.0, 0.0]


@given(months=st.lists(st.floats(0, 1e6), min_size=12, max_size=12), year=st.floats(0, 1e7))
def test_a_year_trued_up_by_the_month_never_costs_less(months: list[float], year: float) -> None:
    usage = np.array(months)
    monthly, annual = (trued_up_usd(usage, year, kind).sum() for kind in ("monthly", "annual"))
    assert monthly >= annual * (1 - 1e-12) - 1e-6
    assert usage.sum() + annual == pytest.approx(max(year, usage.sum()))
    assert float(shortfall_usd(usage.sum(), year)) == pytest.approx(annual)


def test_units_for_the_peak_go_in_steps(case_of: CaseOf, plain: Tree) -> None:
    case = case_of(plain, {"options.api.provisioned": {**UNITS, "min_units": 10, "step_units": 5}})
    step = 5 * 43_800
    units = [lines(case, volume)["provisioned"] / 1000 for volume in (1, 2 * step, 2 * step + 1, 4 * step)]
    assert units == [10, 10, 15, 20]
    assert lines(case, 4 * step)["input"] == 0
    assert kinks(case, 4.5 * step)["api"] == pytest.approx([2 * step, 3 * step, 4 * step])


def test_a_peak_needs_the_units_of_its_busiest_minute(case_of: CaseOf, plain: Tree) -> None:
    changes = {"options.api.provisioned": UNITS, "workload.busy_hours": 42, "workload.busy_ratio": 3.0}
    case = case_of(plain, {**changes, "workload.burst_ratio": 1.2})
    assert lines(case, 43_800)["provisioned"] == 4_000  # 3 x 1.2 = 3.6 units
    ledger = evaluate(case, {VOLUME: 43_800.0})["api"]
    assert float(ledger.facts["excess_frac"]) == 0


def test_what_exceeds_the_units_bought_is_paid_by_the_token(case_of: CaseOf, plain: Tree) -> None:
    # 42 hours ask 3 x the mean, 126 a third of it ... at 43,800 requests the 42 ask 3 units' worth, one is bought:
    # of 43,800 x 42 x 3 / 168 = 32,850 requests in busy hours two thirds, 21,900, spill: 109.50 USD
    changes = {"workload.busy_hours": 42, "workload.busy_ratio": 3.0}
    case = case_of(plain, {**changes, "options.api.provisioned": {**UNITS, "bought_units": 1}})
    found = lines(case, 43_800)
    assert (found["provisioned"], found["input"]) == (1_000, pytest.approx(109.50))
    # busy hours are full from a third of a unit's month on; the quiet ones (1/3 of the mean) from three times
    assert kinks(case, 1e6)["api"] == pytest.approx([14_600, 131_400])
    refused = case_of(plain, {**changes, "options.api.provisioned": {**UNITS, "bought_units": 1, "excess": "refused"}})
    assert lines(refused, 43_800)["input"] == 0
    assert float(evaluate(refused, {VOLUME: 43_800.0})["api"].facts["excess_frac"]) == pytest.approx(0.5)


@given(
    shape=st.lists(st.floats(0, 5), min_size=168, max_size=168).filter(lambda hours: sum(hours) > 1),
    requests=st.floats(1, 1e9),
    capacity=st.floats(0, 1e7),
)
def test_what_spills_is_the_sum_over_hours(shape: list[float], requests: float, capacity: float) -> None:
    hours = requests * np.array(shape) / sum(shape)
    spill = float(spilled(requests, shape, capacity))
    assert spill == pytest.approx(np.maximum(0, hours - capacity).sum(), rel=1e-9, abs=1e-6 * requests)
    if spill > 1e-3 * requests:
        assert float(requests_for_spill(spill, shape, capacity)) == pytest.approx(requests, rel=1e-6)


def test_a_bill_above_what_is_committed_tells_the_volume(case_of: CaseOf, plain: Tree) -> None:
    def asked(bill: float, **more: Any) -> float:
        return float(np.asarray(shared_of(case_of(plain, {BILL: bill, YEAR: 60_000, **more})).requests))

    assert asked(7_500) == pytest.approx(1.5e6)
    assert asked(5_000) == pytest.approx(1e6)  # all that the commitment pays for
    with pytest.raises(ScenarioError, match=r"4,000\.00, below what 'api' commits; give requests_per_month"):
        asked(4_000)
    with pytest.raises(ScenarioError, match="provisioned units"):
        asked(9_000, **{"options.api.provisioned": UNITS})


def test_a_failover_is_paid_by_the_token_alone(case_of: CaseOf, plain: Tree) -> None:
    case = case_of(plain, {YEAR: 60_000, "options.own.failover_frac": 0.01})
    found = evaluate(case, {VOLUME: 1e6})["own"].lines_usd
    assert float(np.asarray(found["failover"])) == pytest.approx(50)


def test_the_tail_knows_what_is_committed(case_of: CaseOf, plain: Tree) -> None:
    bounds = tail(case_of(plain, {YEAR: 60_000}), "api", 400_000)
    assert (bounds.low_slope, bounds.low) == (pytest.approx(0.005), pytest.approx(0))
    assert bounds.high == pytest.approx(3_000)  # 5,000 at 400,000 requests, 2,000 of which are used
