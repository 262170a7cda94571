"""Windows, rates, latencies and intervals of scripted runs, by hand and to the millisecond."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.bench.records import Requests
from tco.bench.summarise import (
    Limits,
    Load,
    in_slo,
    percentiles,
    rates,
    steady_window,
    student_quantile,
    summarise,
    t_interval,
    tpot_ms,
    whole_run_output_tok_per_s,
    wilson,
)

LIMITS = Limits(ttft_ms=200.0, tpot_ms=50.0, percentile=95.0)


def closed_loop(
    count: int, concurrency: int, ttft_s: float, tpot_s: float, output_tok: int, input_tok: int = 100
) -> Requests:
    """A client that sends the next request the moment a slot is free; every request takes the same time."""
    took = ttft_s + tpot_s * (output_tok - 1)
    start = np.repeat(np.arange(math.ceil(count / concurrency)), concurrency)[:count] * took
    return requests(start, start + took, ttft_s, output_tok, input_tok)


def requests(
    start: np.ndarray,
    end: np.ndarray,
    ttft_s: float,
    output_tok: int,
    input_tok: int = 100,
    ok: np.ndarray | None = None,
) -> Requests:
    count = len(start)
    return Requests(
        np.full(count, float(input_tok)),
        np.full(count, float(output_tok)),
        np.asarray(start, float),
        np.full(count, ttft_s),
        np.asarray(end, float),
        np.ones(count, bool) if ok is None else ok,
    )


def test_the_window_runs_from_full_occupancy_to_the_first_finish_that_nothing_follows() -> None:
    # sent at 0, 1, 2 (three slots), then 4, 5 as those finish; the last send is at 5, the next finish at 6
    run = requests(np.array([0.0, 1, 2, 4, 5]), np.array([4.0, 5, 6, 8, 9]), 1.0, 4)
    assert steady_window(run, 3) == (2.0, 6.0)
    assert steady_window(run, 4) is None


def test_an_open_loop_settles_for_a_mean_request_and_ends_with_the_last_send() -> None:
    run = requests(np.array([0.0, 1, 2, 3, 10]), np.array([2.0, 3, 4, 5, 12]), 0.5, 4)
    assert steady_window(run, None) == (2.0, 10.0)


def test_tokens_are_weighted_by_the_time_they_took() -> None:
    # one request from 0 to 10: first token at 1, then nine more, one a second. In the window from 4 to 6: two of them
    run = requests(np.array([0.0]), np.array([10.0]), 1.0, 10, input_tok=50)
    assert rates(run, (4.0, 6.0)) == pytest.approx((0.0, 1.0, 0.1))
    # in the window from 0 to 2: the prompt, the first token at 1, and one more
    assert rates(run, (0.0, 2.0)) == pytest.approx((25.0, 1.0, 0.1))


def test_a_steady_closed_loop_gives_what_it_must() -> None:
    # eight in flight, 0.1 s to the first token and 99 gaps of 10 ms: 1.09 s a request, 8·100/1.09 = 733.94 tok/s
    point = summarise(closed_loop(80, 8, 0.1, 0.01, 100), Load(100, 100, 8), LIMITS)
    assert point.output_tok_per_s == pytest.approx(8 * 100 / 1.09, rel=1e-9)
    assert point.input_tok_per_s == pytest.approx(8 * 100 / 1.09, rel=1e-9)
    assert point.requests_per_s == pytest.approx(8 / 1.09, rel=1e-9)
    assert point.ttft_ms.p50 == pytest.approx(100.0)
    assert point.tpot_ms.p99 == pytest.approx(10.0)
    assert point.e2e_ms.mean == pytest.approx(1090.0)
    assert point.in_slo_frac == 1.0
    # full from the first send; drains from the end of the last round of sends
    assert point.window_s == pytest.approx(10 * 1.09)
    assert point.codes == ()


def test_ramp_and_drain_are_in_the_whole_run_only() -> None:
    # four slots that open a second apart and share a queue of 40: sent at 0, at 1, then two every second until 20
    start = np.array([0.0, 1.0, *np.repeat(np.arange(2.0, 21.0), 2)])
    point = summarise(requests(start, start + 2.0, 0.5, 4), Load(100, 4, 4), LIMITS)
    # full from 3, when the fourth slot opens, to 21, when the first of the last three finishes
    assert point.window_s == pytest.approx(21.0 - 3.0)
    # four in flight at four tokens in two seconds: 8 tok/s; whole run: 160 tokens in 22 s
    assert point.output_tok_per_s == pytest.approx(8.0, rel=0.02)
    assert point.whole_run_output_tok_per_s == pytest.approx(160 / 22)


def test_percentiles_to_the_millisecond() -> None:
    found = percentiles(np.array([float(ms) for ms in range(1, 102)]))
    assert (found.p50, found.p90, found.p95, found.p99) == (51.0, 91.0, 96.0, 100.0)
    assert math.isnan(percentiles(np.array([])).p50)


def test_a_request_is_inside_when_it_keeps_both_limits() -> None:
    # time per token of 5 tokens: (1.0 - 0.1)/4 = 225 ms; 0.1 + 4·0.05 = 0.3 keeps it just; a late first token does not; a failure never
    run = Requests(
        np.full(4, 10.0), np.full(4, 5.0), np.zeros(4), np.array([0.1, 0.1, 0.25, 0.1]), np.array([1.0, 0.29, 0.4, 0.2]),
        np.array([True, True, True, False]),
    )  # fmt: skip
    assert tpot_ms(run)[0] == pytest.approx(225.0)
    assert in_slo(run, LIMITS).tolist() == [False, True, False, False]


def test_goodput_is_the_share_inside_of_the_requests_a_second() -> None:
    run = closed_loop(8, 4, 0.1, 0.01, 11)  # 0.2 s each: 20 a second
    late = Requests(
        run.input_tok, run.output_tok, run.start_s, np.where(np.arange(8) % 2, 0.1, 0.15), run.end_s, run.ok
    )
    for requests_, limit_ms, good in ((run, 200, 20.0), (late, 120, 10.0)):  # every other first token is late
        point = summarise(requests_, Load(100, 11, 4), Limits(limit_ms, 50, 95))
        assert point.requests_per_s * point.in_slo_frac == pytest.approx(good)


def test_failures_count_against_the_share_and_not_for_the_rate() -> None:
    ok = np.array([True, True, True, False] * 10)
    base = closed_loop(40, 4, 0.1, 0.01, 11)
    point = summarise(
        Requests(base.input_tok, base.output_tok, base.start_s, base.ttft_s, base.end_s, ok), Load(100, 11, 4), LIMITS
    )
    assert point.in_slo_frac == 0.75
    assert (point.completed_count, point.failed_count) == (30, 10)
    assert point.output_tok_per_s == pytest.approx(0.75 * 4 * 11 / 0.2)


def test_a_load_that_was_never_full_is_said_to_be() -> None:
    point = summarise(closed_loop(4, 4, 0.1, 0.01, 11), Load(100, 11, 8), LIMITS)
    assert "B-FULL" in point.codes


def test_intervals_by_the_table() -> None:
    assert [student_quantile(0.95, n) for n in (1, 2, 4, 30)] == pytest.approx([12.706, 4.303, 2.776, 2.042], abs=2e-3)
    assert t_interval([100.0]).half_width is None
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(50, 50)[1] == pytest.approx(1.0)


@given(good=st.integers(0, 200), more=st.integers(0, 200))
def test_wilson_encloses_the_share(good: int, more: int) -> None:
    low, high = wilson(good, good + more)
    share = good / (good + more) if good + more else 0.5
    assert 0.0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1.0


@given(
    starts=st.lists(st.floats(0, 50), min_size=1, max_size=30),
    took=st.floats(0.2, 10),
    cut=st.floats(0.05, 0.95),
)
def test_two_windows_side_by_side_hold_what_the_whole_holds(starts: list[float], took: float, cut: float) -> None:
    start = np.array(starts) - min(starts)
    run = requests(start, start + took, took * 0.1, 20)
    end = float(run.end_s.max()) + 1e-6
    middle = cut * end
    parts = [
        np.array(rates(run, window)) * (window[1] - window[0]) for window in ((0.0, middle), (middle, end), (0.0, end))
    ]
    assert parts[0] + parts[1] == pytest.approx(parts[2], rel=1e-6, abs=1e-6)
    # all of it: every token of every request
    assert parts[2][1] == pytest.approx(20 * len(starts), rel=1e-6)
    assert whole_run_output_tok_per_s(run) == pytest.approx(20 * len(starts) / float(run.end_s.max()))
