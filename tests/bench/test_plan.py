"""Plans: six mixes, a budget that cuts what matters least and never a window, seeds that never meet."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.bench.plan import (
    DEFAULT_LENGTHS,
    Mix,
    Plan,
    check,
    lengths,
    limits,
    prompts_count,
    quick,
    seed_of,
    warm_up_seed,
    within,
)
from tco.errors import ScenarioError, TcoError

PLAN = Plan(mixes=lengths(DEFAULT_LENGTHS), cached=(Mix(1024, 256, 0.5),))


def test_the_default_has_six_mixes_and_fills_the_plane() -> None:
    assert len(PLAN.mixes) >= 6
    assert len(set(PLAN.mixes)) == len(PLAN.mixes)
    ratios = [mix.input_tok / mix.output_tok for mix in PLAN.mixes]
    assert min(ratios) < 1 < 10 < max(ratios)


def test_every_unreadable_length_is_told() -> None:
    with pytest.raises(ScenarioError) as error:
        lengths("1024x256,8k,0x5,1024x256,10x1")
    assert [fault.found for fault in error.value.faults] == ["'8k'", "'0x5'", "'1024x256'", "'10x1'"]


def test_limits_need_their_unit() -> None:
    assert limits("ttft=1.5s, tpot=50ms") == {"ttft": 1500.0, "tpot": 50.0}
    for wrong in ("ttft=1000", "tpot=0ms", "itl=5ms"):
        with pytest.raises(ScenarioError, match="ttft=1000ms,tpot=50ms"):
            limits(wrong)


def test_quick_is_short_windows_once() -> None:
    assert (quick(PLAN).window_s, quick(PLAN).repeats, quick(PLAN).quick) == (20.0, 1, True)
    assert not PLAN.quick


@given(minutes=st.floats(1, 500), fast=st.booleans())
def test_a_budget_is_kept_and_windows_are_not_cut(minutes: float, fast: bool) -> None:
    whole = quick(PLAN) if fast else PLAN
    try:
        cut = within(whole, minutes)
    except ScenarioError:
        assert minutes * 60 < quick(PLAN).expected_s() if fast else True
        return
    assert cut.expected_s() <= minutes * 60
    assert cut.window_s == whole.window_s
    assert len(cut.mixes) >= 3
    assert cut.mixes == whole.mixes[: len(cut.mixes)]
    assert bool(cut.cuts) == (cut.expected_s() < whole.expected_s())


def test_cuts_say_what_is_gone() -> None:
    cut = within(PLAN, 60)
    assert cut.cuts[0] == "no repeats of the neighbouring loads"
    assert cut.budget_s == 3600
    with pytest.raises(ScenarioError, match="add --quick"):
        within(PLAN, 5)


def test_warm_up_and_measurement_never_share_a_seed() -> None:
    seeds = {
        seed_of(7, mix, load, repeat, kind)
        for mix in PLAN.mixes
        for load in (1, 8, 64)
        for repeat in range(3)
        for kind in ("closed", "open")
    }
    assert len(seeds) == len(PLAN.mixes) * 3 * 3 * 2
    assert not seeds & {warm_up_seed(seed) for seed in seeds}
    assert seed_of(7, PLAN.mixes[0], 8, 0, "closed") == seed_of(7, PLAN.mixes[0], 8, 0, "closed")


def test_enough_prompts_for_the_window() -> None:
    # 60 s at 10 a second, 5 % more, and 32 in flight twice
    assert prompts_count(60, 10, 32) == 630 + 64
    assert prompts_count(20, 0.01, 32) == 96


def test_a_mix_beyond_the_context_is_told() -> None:
    with pytest.raises(TcoError, match="8192x512; prompt and answer exceed the context of 4096 tokens"):
        check(PLAN.mixes, 4096)
    check(PLAN.mixes, None)
