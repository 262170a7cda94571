"""Break-even in cases that can be worked in the head: every status, the build, the axis, what would have to change."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.case import Case
from tco.errors import LookupFault
from tco.evaluate import VOLUME, evaluate, tail
from tco.solve.breakeven import Breakeven, break_even

CaseOf = Callable[..., Case]
Tree = Mapping[str, Any]
PRICE = "options.api.price.input_usd_per_mtok"
GPU = "options.own.gpu.on_demand_usd_per_gpu_hour"
DISCOUNTS = "options.api.volume_discounts"


def test_single(case_of: CaseOf, plain: Tree) -> None:
    # 0.005 V = 2,000 + 2 x 730 -> V = 692,000, on the first step; at the start of the second 5,000 beats 4,190
    answer = break_even(case_of(plain))
    assert answer.status == answer.running_cost.status == "single"
    assert answer.running_cost.intervals == ((pytest.approx(692_000), None),)
    assert answer.running_cost.first == answer.running_cost.permanent == pytest.approx(692_000)
    assert answer.times_break_even == pytest.approx(1e6 / 692_000)


def test_always(case_of: CaseOf, plain: Tree) -> None:
    answer = break_even(case_of(plain, {GPU: 0, "options.own.other_usd_per_month": 0}))
    assert answer.status == "always"
    assert answer.running_cost.first == answer.running_cost.permanent == 0
    assert answer.running_cost.intervals == ((0, None),)
    assert answer.times_break_even is None


def test_never(case_of: CaseOf, plain: Tree) -> None:
    # 0.0005 a request buys 500 USD a million; a replica that carries a million costs 730
    answer = break_even(case_of(plain, {PRICE: 0.5}))
    assert answer.status == "never"
    assert (answer.running_cost.first, answer.running_cost.permanent) == (None, None)
    assert answer.running_cost.proven
    assert answer.times_break_even is None
    # a lasting break-even needs 500 / 730 of the rent, or 730 / 500 of the throughput or the price
    assert answer.needs.ever.usd_per_gpu_hour == pytest.approx(500 / 730)
    assert answer.needs.ever.throughput_ratio == pytest.approx(1.46)
    assert answer.needs.ever.api_price_ratio == pytest.approx(1.46)


def test_window(case_of: CaseOf, plain: Tree) -> None:
    # beyond 2 M requests (10,000 USD) the API takes a tenth: 9,000 + 500 j at the end of step j, own 2,730 + 730 j:
    # won while 230 j <= 6,270, up to the end of step 27; on step 28 from (23,170 - 9,000) / 0.0005 = 28.34 M: not on it
    answer = break_even(case_of(plain, {DISCOUNTS: [{"above_usd_per_month": 10_000, "price_ratio": 0.1}]}))
    assert answer.status == "window"
    assert answer.running_cost.first == pytest.approx(692_000)
    assert answer.running_cost.intervals[-1][1] == pytest.approx(27e6)
    assert answer.running_cost.permanent is None
    assert answer.running_cost.proven


def test_multiple(case_of: CaseOf, plain: Tree) -> None:
    # at 1.00 USD/Mtok a step earns 1,000 - 730 = 270, own costs 2,730 + 730 j: first won at the end of step 11, since
    # j >= 2,730 / 270 = 10.1; won from the start of step j >= 3,730 / 270 = 13.8, so from within step 13
    answer = break_even(case_of(plain, {PRICE: 1.0}))
    assert answer.status == "multiple"
    assert answer.running_cost.first == pytest.approx((2_730 + 11 * 730) / 0.001)
    assert answer.running_cost.permanent == pytest.approx((2_730 + 13 * 730) / 0.001)
    assert len(answer.running_cost.intervals) == 3


def test_a_deep_discount_far_beyond_the_users_volume_is_not_overlooked(case_of: CaseOf, plain: Tree) -> None:
    # the user asks for 100 requests; the discount begins at 2 M, so nothing near the user tells that it comes
    changes = {DISCOUNTS: [{"above_usd_per_month": 10_000, "price_ratio": 0.5}], "workload.requests_per_month": 100}
    answer = break_even(case_of(plain, changes))
    assert answer.running_cost.first == pytest.approx(692_000)
    assert answer.status == "single"


def test_costs_that_stay_a_little_apart_are_never(case_of: CaseOf, plain: Tree) -> None:
    answer = break_even(case_of(plain, {PRICE: 0.73}))  # exactly what a full replica costs
    assert (answer.status, answer.running_cost.proven) == ("never", True)


def test_so_near_parity_the_answer_says_how_far_it_looked(case_of: CaseOf, plain: Tree) -> None:
    answer = break_even(case_of(plain, {PRICE: 0.73 * (1 + 1e-9)}))
    assert answer.status == "never"
    assert not answer.running_cost.proven
    assert 1e10 < answer.running_cost.searched_to < 1e12


def test_a_minimum_of_replicas_is_one_long_step(case_of: CaseOf, plain: Tree) -> None:
    # 5 needed at least, 1 spare: 2,000 + 6 x 730 = 6,380 up to 5 M requests -> 1,276,000
    answer = break_even(case_of(plain, {"options.own.capacity.min_replicas": 5}))
    assert answer.running_cost.first == pytest.approx(1_276_000)


def test_the_build_is_paid_back_by_the_month(case_of: CaseOf, plain: Tree) -> None:
    # 100 h x 100 USD = 10,000 over 10 months without interest: 1,000 a month, so 0.005 V = 4,460 on the
    # first step; the second starts at 5,190, more than 5,000, and is won from 5,190 / 0.005 on
    answer = break_even(
        case_of(plain, {"options.own.people.build_hours": 100, "options.own.people.contingency_frac": 0})
    )
    assert answer.running_cost.permanent == pytest.approx(692_000)
    assert answer.with_build.intervals == (
        (pytest.approx(892_000), pytest.approx(1e6)),
        (pytest.approx(1_038_000), None),
    )
    assert answer.with_build.status == "multiple"
    at = answer.at_volume
    assert (at.baseline_usd, at.baseline_with_build_usd) == (pytest.approx(5000), pytest.approx(5000))
    assert (at.challenger_usd, at.challenger_with_build_usd) == (pytest.approx(3460), pytest.approx(4460))


def test_the_other_way_round_the_api_wins_below(case_of: CaseOf, plain: Tree) -> None:
    answer = break_even(case_of(plain), "own", "api")
    assert answer.status == "window"
    assert answer.running_cost.intervals == ((0.0, pytest.approx(692_000)),)
    assert (answer.needs.at_volume.usd_per_gpu_hour, answer.needs.at_volume.throughput_ratio) == (None, None)


def test_units_of_volume(case_of: CaseOf, plain: Tree) -> None:
    axis = break_even(case_of(plain)).axis
    assert axis.tok_per_day * 365 / 12 == pytest.approx(1000)
    assert axis.api_usd_per_month == pytest.approx(0.005)


def test_from_a_bill(case_of: CaseOf, plain: Tree) -> None:
    # 4,000 USD at 0.005 are 800,000 requests; above 2,000 at half price they are 400,000 + 2,000 / 0.0025 = 1,200,000
    billed = case_of(plain, {"workload.bill_usd_per_month": 4000})
    assert break_even(billed).at_volume.requests_per_month == pytest.approx(800_000)
    discounts = [{"above_usd_per_month": 2000, "price_ratio": 0.5}]
    cheaper = break_even(case_of(plain, {"workload.bill_usd_per_month": 4000, DISCOUNTS: discounts}))
    assert cheaper.at_volume.requests_per_month == pytest.approx(1_200_000)
    assert cheaper.at_volume.baseline_usd == pytest.approx(4000)


def test_no_demand_at_all_is_a_volume_too(case_of: CaseOf, plain: Tree) -> None:
    answer = break_even(case_of(plain, {"workload.requests_per_month": 0}))
    assert answer.running_cost.permanent == pytest.approx(692_000)
    assert answer.at_volume.baseline_usd == 0
    assert answer.at_volume.challenger_usd == pytest.approx(3460)  # one replica is kept, and its spare


def test_an_unknown_option_is_told_the_nearest(case_of: CaseOf, plain: Tree) -> None:
    with pytest.raises(LookupFault, match="own"):
        break_even(case_of(plain), "api", "ownn")


# what would have to change


def test_needs_by_hand(case_of: CaseOf, plain: Tree) -> None:
    # at a million requests: 5,000 against 2,000 + 2 x 730
    need = break_even(case_of(plain)).needs.at_volume
    assert need.api_price_ratio == pytest.approx(3460 / 5000)
    assert need.usd_per_gpu_hour == pytest.approx(3000 / 1460)
    assert need.run_fte == pytest.approx(1540 / 15_000)
    # 3,000 USD pay 4 replicas, 3 of them needed: a third of the throughput, or three times the peak
    assert need.throughput_ratio == pytest.approx(1 / 3)
    assert need.peak_ratio == pytest.approx(3)


def test_needs_of_a_fleet_that_is_cheap_by_far(case_of: CaseOf, plain: Tree) -> None:
    # 1,000,000 USD of API: 998,000 / 730 = 1,367.1 replicas, 1,366 of them needed for a million requests
    need = break_even(case_of(plain, {PRICE: 1000})).needs.at_volume
    assert need.throughput_ratio == pytest.approx(1 / 1366)


def test_free_gpus_need_nothing_of_their_throughput(case_of: CaseOf, plain: Tree) -> None:
    need = break_even(case_of(plain, {GPU: 0})).needs.at_volume
    assert need.throughput_ratio is None
    assert need.peak_ratio is None


def test_needs_beyond_a_discount(case_of: CaseOf, plain: Tree) -> None:
    # at 5 times the price 40 % of the bill would be discounted; the root lies on another piece than today's price
    changes = {
        DISCOUNTS: [{"above_usd_per_month": 20_000, "price_ratio": 0.1}],
        "options.own.other_usd_per_month": 20_000,
    }
    # own 21,460; the API at r times its price 5,000 r, beyond 20,000 a tenth: 20,000 + 0.1 (5,000 r - 20,000), r = 6.92
    need = break_even(case_of(plain, changes)).needs.at_volume
    assert need.api_price_ratio == pytest.approx(6.92)


def gap(case: Case, answer: Breakeven, columns: Mapping[str, float]) -> tuple[float, float]:
    """Baseline minus challenger at the user's volume, and the size of the figures it is the difference of."""
    ledgers = evaluate(case, {VOLUME: answer.at_volume.requests_per_month, **columns})
    base, other = (float(ledgers[name].running_usd) for name in (answer.baseline, answer.challenger))
    return base - other, abs(base) + abs(other) + 1e-6


def value(case: Case, path: str) -> float:
    node: Any = case.numbers
    for part in path.split("."):
        node = node[part] if isinstance(node, dict) else getattr(node, part)
    return float(node)


def rent_ratio(case: Case, option: str, usd_per_gpu_hour: float | None) -> float | None:
    """A rent in dollars, over today's: all terms of the rent move together."""
    return usd_per_gpu_hour and usd_per_gpu_hour / value(case, f"options.{option}.gpu.on_demand_usd_per_gpu_hour")


@given(data=st.data())
def test_at_the_price_needed_both_cost_the_same(cases: st.SearchStrategy[Case], data: st.DataObject) -> None:
    case = data.draw(cases)
    answer = break_even(case)
    base, other, need = answer.baseline, answer.challenger, answer.needs.at_volume
    found = {
        f"options.{base}.price_ratio": need.api_price_ratio,
        f"options.{other}.gpu.price_ratio": rent_ratio(case, other, need.usd_per_gpu_hour),
        f"options.{other}.server.server_usd": need.server_usd,
        f"options.{other}.people.run_fte": need.run_fte,
    }
    for path, wanted in found.items():
        if wanted:
            difference, size = gap(case, answer, {path: wanted})
            assert abs(difference) <= 1e-7 * size, path
    its_own = {"rented": ("gpu.", "people."), "owned": ("server.", "people.")}.get(case.numbers.options[other].kind, ())
    for path in list(found)[1:]:
        mine = path.removeprefix(f"options.{other}.").startswith(its_own or ("-",))
        if mine and found[path] is None:  # not even for next to nothing
            difference, size = gap(case, answer, {path: 1e-12 if path.endswith("ratio") else 0.0})
            assert difference < 1e-7 * size, path


@given(data=st.data())
def test_a_little_less_throughput_than_needed_is_too_little(
    cases: st.SearchStrategy[Case], data: st.DataObject
) -> None:
    case = data.draw(cases)
    answer = break_even(case)
    need = answer.needs.at_volume
    if case.numbers.options[answer.challenger].kind == "api":
        assert need.throughput_ratio is None
        return
    path = f"options.{answer.challenger}.capacity.throughput_ratio"
    if need.throughput_ratio is None:
        assert gap(case, answer, {path: 1e9})[0] < 0
        return
    enough, size = gap(case, answer, {path: need.throughput_ratio})
    assert enough >= -1e-7 * size
    too_little, size = gap(case, answer, {path: need.throughput_ratio * (1 - 1e-6)})
    assert too_little < 1e-7 * size


@given(data=st.data())
def test_what_is_needed_for_ever_turns_the_slopes(cases: st.SearchStrategy[Case], data: st.DataObject) -> None:
    case = data.draw(cases)
    answer = break_even(case)
    base, other, need = answer.baseline, answer.challenger, asdict(answer.needs.ever)
    paths = {
        "api_price_ratio": (f"options.{base}.price_ratio", 1.0),
        "usd_per_gpu_hour": (f"options.{other}.gpu.price_ratio", -1.0),
        "server_usd": (f"options.{other}.server.server_usd", -1.0),
        "throughput_ratio": (f"options.{other}.capacity.throughput_ratio", 1.0),
    }
    need["usd_per_gpu_hour"] = rent_ratio(case, other, need["usd_per_gpu_hour"])
    for name, (path, better) in paths.items():
        if need[name] is None:
            continue
        slopes = []
        for factor in (1 - 1e-4, 1 + 1e-4):
            columns = {path: need[name] * factor}
            far = answer.running_cost.searched_to
            slopes.append(tail(case, base, far, columns).low_slope - tail(case, other, far, columns).low_slope)
        assert np.sign(slopes).tolist() == [-better, better], name
