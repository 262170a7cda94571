"""Hand-worked sums for the arithmetic, the sum in the comment, and what must always hold."""

from math import log, log2, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.model.capacity import replicas_needed, replicas_paid, whole
from tco.model.demand import (
    hot_cold_hours,
    log_sigma,
    mean_product_tok2,
    mean_square_tok2,
    normal_cdf,
    peak_ratio,
    share_of_answers_above,
    share_of_requests_above,
    share_of_tokens_above,
)
from tco.model.finance import capital_recovery, monthly_rate
from tco.model.hours import hour_ratios, hours_of
from tco.model.ledger import Ledger
from tco.model.memory import cache_bytes_per_num, request_cache_bytes, requests_in_memory, room_gb, weights_gb
from tco.model.metering import (
    cache_break_even_uses,
    discounted_usd,
    hour_factor,
    list_usd_for,
    long_prompt_shares,
    meter_usd,
    special_tariff,
)
from tco.model.people import build_usd, oncall_usd_per_month, run_usd_per_month, swaps_usd_per_month

positive = st.floats(1e-3, 1e6)
fracs = st.floats(0, 1)
spreads = st.floats(0, 5)


# capacity


def test_whole_things_cover_a_need() -> None:
    assert whole(np.array([0.0, 0.4, 1.0, 1.0 + 5e-10, 1.1])).tolist() == [0, 1, 1, 1, 2]


@given(st.floats(0, 1e6))
def test_whole_is_at_least_the_need_and_less_than_one_more(x: float) -> None:
    assert x - 1e-8 <= float(whole(x)) <= x + 1  # the smallest need is one thing


def test_replicas_needed_are_whole_and_at_least_the_minimum() -> None:
    # 2,500 at 1,000 a replica are 3; 500 would be 1, but 2 are kept; 2,000 exactly are 2
    assert replicas_needed(np.array([500.0, 2000.0, 2500.0]), 1000.0, 2.0).tolist() == [2, 2, 3]


def test_spares_are_a_number_or_a_share_whichever_is_more() -> None:
    # 20 needed: a tenth is 2, more than 1; 5 needed: half a replica is rounded to 1; 30 % of 20 is 6
    assert replicas_paid(20.0, 1, 0.1) == 22
    assert replicas_paid(5.0, 0, 0.1) == 6
    assert replicas_paid(20.0, 1, 0.3) == 26
    assert replicas_paid(20.0, 0, 0.0) == 20


# demand


def test_means_of_squares_and_products() -> None:
    # lengths 100 and 300, alike often: mean 200, deviation 100, cv 0.5; mean square (10,000 + 90,000) / 2 = 50,000
    assert mean_square_tok2(200.0, 0.5) == pytest.approx(50_000)
    # (100, 100) or (300, 300), alike often: correlation 1, mean product 50,000; (100, 300) or (300, 100): 30,000
    assert mean_product_tok2(200.0, 200.0, 0.5, 0.5, 1.0) == pytest.approx(50_000)
    assert mean_product_tok2(200.0, 200.0, 0.5, 0.5, -1.0) == pytest.approx(30_000)


def test_the_normal_distribution_where_it_is_known_by_heart() -> None:
    assert normal_cdf(np.array([-np.inf, -1.959964, 0.0, 1.0, np.inf])) == pytest.approx(
        [0, 0.025, 0.5, 0.841345, 1], abs=1e-6
    )
    assert isinstance(normal_cdf(0.0), float)


def test_the_logarithm_of_a_lognormal_spreads_by() -> None:
    assert log_sigma(sqrt(np.e - 1)) == pytest.approx(1.0)  # cv² = e - 1, so ln(1 + cv²) = 1
    assert log_sigma(0.0) == 0


def test_half_the_requests_are_above_the_median() -> None:
    cv = sqrt(np.expm1(0.25))  # sigma 0.5, so the median is mean x exp(-1/8)
    median = 1000 * np.exp(-0.125)
    assert share_of_requests_above(median, 1000, cv) == pytest.approx(0.5)
    assert share_of_tokens_above(1000 * np.exp(0.125), 1000, cv) == pytest.approx(
        0.5
    )  # of tokens, above mean x exp(+1/8)


def test_lengths_that_are_all_alike_are_above_or_not() -> None:
    assert [share_of_tokens_above(limit, 1000.0, 0.0) for limit in (999, 1001)] == [1, 0]
    assert share_of_requests_above(1000, 0.0, 1.0) == 0  # no prompt at all


@given(positive, positive, st.floats(0.01, 3))
def test_long_requests_hold_more_than_their_share_of_tokens(limit: float, mean: float, cv: float) -> None:
    requests, tokens = share_of_requests_above(limit, mean, cv), share_of_tokens_above(limit, mean, cv)
    assert 0 <= requests <= tokens <= 1
    assert share_of_requests_above(limit * 2, mean, cv) <= requests


@given(st.floats(100, 1e4), st.floats(0.1, 1), st.floats(0.1, 1), st.floats(-0.5, 0.9))
def test_answers_of_long_prompts_against_many_draws(mean: float, cv: float, output_cv: float, corr: float) -> None:
    rng = np.random.default_rng(7)
    shared = np.log1p(corr * cv * output_cv)
    covariance = [[log(1 + cv**2), shared], [shared, log(1 + output_cv**2)]]
    prompt, answer = np.exp(rng.multivariate_normal([0.0, 0.0], covariance, 20_000)).T
    limit = mean * 1.2
    long = prompt / np.exp(covariance[0][0] / 2) * mean > limit
    assert share_of_answers_above(limit, mean, cv, output_cv, corr) == pytest.approx(
        answer[long].sum() / answer.sum(), abs=0.03
    )


def test_without_correlation_answers_follow_the_requests() -> None:
    assert share_of_answers_above(900, 1000, 1.0, 1.0, 0.0) == share_of_requests_above(900, 1000, 1.0)


@given(st.integers(1, 167), st.floats(1, 10))
def test_busy_and_quiet_hours_have_mean_one(hours: int, ratio: float) -> None:
    ratio = min(ratio, 168 / hours)
    week = hot_cold_hours(hours, ratio)
    assert len(week) == 168
    assert sum(week) == pytest.approx(168)
    assert min(week) >= -1e-12
    assert peak_ratio(week) == pytest.approx(ratio)


def test_the_peak_does_not_need_a_mean_of_one() -> None:
    assert peak_ratio((2.0,) * 84 + (6.0,) * 84) == pytest.approx(1.5)  # 6 over a mean of 4


# finance


def test_twelve_monthly_rates_make_a_year() -> None:
    assert (1 + monthly_rate(0.10)) ** 12 == pytest.approx(1.10)


def test_two_instalments_by_hand() -> None:
    # 1 % a month: r/(1 - 1.01^-2) = 0.01/0.0197039 = 0.507512; 0.507512/1.01 + 0.507512/1.0201 = 1
    assert capital_recovery(1.01**12 - 1, 2.0) == pytest.approx(0.5075124)


@given(st.floats(1e-6, 1), st.integers(1, 120))
def test_instalments_are_worth_the_sum_paid(discount: float, months: int) -> None:
    rate = monthly_rate(discount)
    worth = sum((1 + rate) ** -m for m in range(1, months + 1))
    assert capital_recovery(discount, float(months)) * worth == pytest.approx(1.0)


def test_instalments_of_many_rates_at_once() -> None:
    found = capital_recovery(np.array([0.0, 0.1]), 36.0)
    assert found == pytest.approx([1 / 36, capital_recovery(0.1, 36.0)])


# hours


def test_hours_as_people_write_them() -> None:
    assert hours_of("Sun 22-24") == [166, 167]
    assert hours_of("Sat-Mon 00-01") == [0, 120, 144]  # over the end of the week
    assert hours_of("Tue 22-02") == [24, 25, 46, 47]  # over midnight, counted to the day named
    assert len(hours_of("Mon-Fri 01-04,06-10")) == 5 * 7
    assert hours_of("Mon,Wed 01-02") == [1, 49]
    assert hours_of("Mon-Tue,Sun 01-02") == [1, 25, 145]


@pytest.mark.parametrize("text", ["", "all day", "Mon", "Foo 01-02", "Mon 1", "Mon 01-25", "Mon-Fri 01-04-06"])
def test_hours_that_cannot_be_read_are_told(text: str) -> None:
    with pytest.raises(ValueError, match="Mon"):
        hours_of(text)


def test_a_factor_for_each_hour() -> None:
    ratios = hour_ratios([("Mon 00-02", 2.0), ("Mon 01-02", 3.0)])
    assert ratios[:3] == [2, 3, 1]  # the later rule wins
    assert len(ratios) == 168


# metering


def test_a_meter() -> None:
    assert meter_usd(2_000_000, 1.25) == pytest.approx(2.5)


def test_a_special_tariff() -> None:
    assert special_tariff(0.25, 3.0) == pytest.approx(1.5)  # three quarters at 1, one at 3


def test_a_long_prompt_billed_whole_or_beyond() -> None:
    # all prompts of 400 against a limit of 300: a quarter of the tokens lies beyond; the answer is not dearer
    assert long_prompt_shares("marginal", 300.0, 400.0, 0.0, 0.0, 0.0) == (pytest.approx(0.25), 0)
    assert long_prompt_shares("whole_request", 300.0, 200.0, 1e-9, 0.0, 0.0) == (0, 0)


@given(st.floats(10, 1e5), st.floats(10, 1e5), spreads)
def test_only_beyond_is_never_more_than_the_whole(limit: float, mean: float, cv: float) -> None:
    beyond, _ = long_prompt_shares("marginal", limit, mean, cv, 0.0, 0.0)
    whole_prompt, _ = long_prompt_shares("whole_request", limit, mean, cv, 0.0, 0.0)
    assert -1e-9 <= beyond <= whole_prompt + 1e-9
    assert beyond >= (mean - limit) / mean - 1e-9  # at least what the mean is above the limit (Jensen)


def test_marginal_shares_against_many_draws() -> None:
    rng = np.random.default_rng(3)
    prompt = np.exp(rng.normal(0, log_sigma(1.5), 400_000))
    prompt *= 1000 / prompt.mean()
    found, _ = long_prompt_shares("marginal", 1800.0, 1000.0, 1.5, 0.0, 0.0)
    assert found == pytest.approx(np.maximum(0, prompt - 1800).sum() / prompt.sum(), abs=0.01)


def test_hours_are_moved_to_utc() -> None:
    # all demand between 08 and 09 on Monday at UTC+2 is 06 to 07 in UTC, where the price is double
    demand = [0.0] * 168
    demand[8] = 168.0
    assert hour_factor(demand, hour_ratios([("Mon 06-07", 2.0)]), 2.0) == 2
    assert hour_factor(demand, hour_ratios([("Mon 08-09", 2.0)]), 2.0) == 1


def test_discounts_by_slice() -> None:
    # 100 at list, the next 100 at 0.8, the rest at 0.5: 100 + 80 + 25 = 205 for 250
    assert float(discounted_usd(250.0, [200.0, 100.0], [0.5, 0.8])) == pytest.approx(205)
    assert float(list_usd_for(205.0, [200.0, 100.0], [0.5, 0.8])) == pytest.approx(250)


tiers = st.lists(st.tuples(st.floats(1, 1e5), st.floats(0.05, 1.5)), max_size=4, unique_by=lambda t: t[0])


@given(st.floats(0, 1e6), tiers)
def test_a_bill_is_turned_back_into_spend(spend: float, found: list[tuple[float, float]]) -> None:
    above, ratios = [t[0] for t in found], [t[1] for t in found]
    bill = discounted_usd(spend, above, ratios)
    assert float(list_usd_for(bill, above, ratios)) == pytest.approx(spend, rel=1e-9, abs=1e-6)
    assert float(discounted_usd(spend * 1.5, above, ratios)) >= float(bill)


def test_writing_a_prefix_pays_from_the_second_use() -> None:
    # written once at 6.25 and read once at 0.50 is 6.75 for two uses, twice at 5.00 is 10.00; for one 6.25 against 5.00
    assert 1 < cache_break_even_uses(6.25, 0.50, 5.00) < 2


# people


def test_people_who_run_it_grow_with_the_logarithm() -> None:
    # (0.5 + 0.2 x ln(1 + 3)) x 240,000 / 12 = (0.5 + 0.277259) x 20,000 = 15,545.18
    assert float(run_usd_per_month(0.5, 0.2, 3.0, 240_000.0)) == pytest.approx(15_545.177)


def test_on_call() -> None:
    # 1,000 x 2 rotations x 730/168 weeks + 3 x 4 h x 50
    assert oncall_usd_per_month(1000.0, 2.0, 3.0, 4.0, 50.0) == pytest.approx(2000 * 730 / 168 + 600)


def test_a_build_with_contingency() -> None:
    assert build_usd(100.0, 120.0, 0.25) == pytest.approx(15_000)


def exact_swaps_usd(swaps: int, hours: float, ratio: float, usd_per_hour: float, months: float) -> float:
    return sum(hours * k ** log2(ratio) for k in range(1, swaps + 1)) * usd_per_hour / months


def test_two_changes_by_hand() -> None:
    # the second takes 80 % of the first: 100 + 80 = 180 h x 50 / 12 = 750; the integral is within 1.5 %
    assert exact_swaps_usd(2, 100.0, 0.8, 50.0, 12.0) == pytest.approx(750)
    assert float(swaps_usd_per_month(2.0, 100.0, 0.8, 50.0, 12.0)) == pytest.approx(750, rel=0.015)


@pytest.mark.parametrize("ratio", [1.0, 0.95, 0.9, 0.85, 0.8])
def test_the_integral_of_changes_is_as_close_as_its_docstring_says(ratio: float) -> None:
    for swaps in range(1, 61):
        exact = exact_swaps_usd(swaps, 80.0, ratio, 100.0, 36.0)
        found = float(swaps_usd_per_month(swaps / 3.0, 80.0, ratio, 100.0, 36.0))
        assert found == pytest.approx(exact, rel=0.03 if ratio < 1 else 1e-12)


@given(st.floats(0, 50), st.floats(0.05, 1), st.floats(1, 120))
def test_more_changes_never_cost_less(per_year: float, ratio: float, months: float) -> None:
    found = float(swaps_usd_per_month(per_year, 10.0, ratio, 100.0, months))
    assert np.isfinite(found)
    assert 0 <= found <= float(swaps_usd_per_month(per_year * 2, 10.0, ratio, 100.0, months)) + 1e-9
    if ratio >= 0.8 and per_year * months >= 12:  # from the first change on, and as close as the docstring says
        assert found <= float(swaps_usd_per_month(per_year, 10.0, 1.0, 100.0, months)) * 1.03


def test_halving_each_time_is_no_hole() -> None:
    near = [float(swaps_usd_per_month(2.0, 60.0, ratio, 100.0, 36.0)) for ratio in (0.4999999, 0.5, 0.5000001)]
    assert near[1] == pytest.approx(near[0], rel=1e-5)
    assert near[1] == pytest.approx(near[2], rel=1e-5)
    ratios = np.array([0.4, 0.5, 0.9])
    assert swaps_usd_per_month(2.0, 60.0, ratios, 100.0, 36.0) == pytest.approx(
        [float(swaps_usd_per_month(2.0, 60.0, ratio, 100.0, 36.0)) for ratio in ratios]
    )


# memory


def test_weights_and_what_is_left() -> None:
    assert weights_gb(8.0, 2.0) == pytest.approx(16)  # 8 x 10⁹ parameters at 2 bytes
    # 2 x 80 x 0.9 = 144 - 2 x 4 - 16 = 120
    assert room_gb(80.0, 2, 0.9, 4.0, 16.0) == pytest.approx(120)
    assert room_gb(24.0, 1, 0.9, 4.0, 140.0) < 0


def test_requests_that_fit_in_memory() -> None:
    # 1 GB over 1,000 bytes a token and 500 + 1,000/2 tokens = 1,000 requests
    each = request_cache_bytes(1000.0, 0.0, np.inf, 500.0 + 1000.0 / 2)
    assert requests_in_memory(1.0, each) == pytest.approx(1000)
    # 250 bytes a token more in layers that see 100 tokens: 25,000 bytes beside the million
    assert request_cache_bytes(1000.0, 250.0, 100.0, 1000.0) == pytest.approx(1_025_000)


@pytest.mark.parametrize(
    ("named", "size"), [("auto", 2), ("bf16", 2), ("fp8", 1), ("FP8_E4M3", 1), ("fp8_e5m2", 1), ("int8", 1)]
)
def test_a_cache_has_16_bits_unless_another_format_is_named(named: str, size: float) -> None:
    assert cache_bytes_per_num(named) == size


# ledger


def test_a_ledger_adds_its_lines() -> None:
    ledger = Ledger("x", {"a": 10.0, "b": np.array([1.0, 2.0])}, {"build": 100.0}, 0.1, 5.0, 50.0)
    assert ledger.running_usd.tolist() == [11, 12]
    assert float(ledger.build_usd) == 100
    assert ledger.with_build_usd.tolist() == [21, 22]


def test_an_empty_ledger_costs_nothing() -> None:
    assert float(Ledger("x", {}, {}, 0.1, 5.0, 50.0).with_build_usd) == 0


@given(fracs, positive, positive)
def test_arithmetic_cannot_tell_a_number_from_an_array(share: float, x: float, y: float) -> None:
    both = np.array([x, y])
    for row, scalar in enumerate((x, y)):
        pairs = [
            (special_tariff(share, both), special_tariff(share, scalar)),
            (replicas_paid(whole(both), 1, share), replicas_paid(whole(scalar), 1, share)),
            (share_of_tokens_above(both, 1000.0, 1.0), share_of_tokens_above(scalar, 1000.0, 1.0)),
            (discounted_usd(both, [10.0], [share]), discounted_usd(scalar, [10.0], [share])),
            (swaps_usd_per_month(both, 10.0, 0.9, 100.0, 36.0), swaps_usd_per_month(scalar, 10.0, 0.9, 100.0, 36.0)),
            (capital_recovery(share, both), capital_recovery(share, scalar)),
        ]
        for array, number in pairs:
            assert float(np.asarray(array)[row]) == pytest.approx(float(np.asarray(number)), rel=1e-12)
