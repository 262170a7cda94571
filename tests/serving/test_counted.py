"""What a measurement counted against its limits decides whether a point is inside; what it doubts is kept beside the fit."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.bench.codes import CODES
from tco.errors import ScenarioError
from tco.inputs.hardware import Engine, MeasuredAt, PageSource, Percentiles, ServingPoint, ServingProfile
from tco.inputs.workload import Service
from tco.serving.doubts import ABOUT_SPEED, ABOUT_WATTS, SHORT, TOLD_OTHERWISE
from tco.serving.operating import power_facts
from tco.serving.points import best_within, over_limit
from tco.serving.profile import COUNTED, fitted, proportions, serving_facts

AT = MeasuredAt(ttft_ms=1000, tpot_ms=50, slo_percentile=95)
ASKED = Service(ttft_ms=1000, tpot_ms=50, slo_percentile=95)
MIXES = [(256.0, 256.0), (1024.0, 1024.0), (1024.0, 4096.0), (8192.0, 512.0)]
QUICK = Percentiles(p50=100, p90=110, p95=120, p99=130)
SWIFT = Percentiles(p50=20, p90=21, p95=22, p99=23)


def asked(**changes: float) -> Service:
    return ASKED.model_copy(update=changes)


def point(mix: tuple[float, float] = MIXES[0], concurrency: float = 8, **changes: Any) -> ServingPoint:
    """A point whose answered requests are all well in time."""
    values = {"output_tok_per_s": 1000.0, "ttft_ms": QUICK, "tpot_ms": SWIFT, **changes}
    return ServingPoint(input_tok=mix[0], output_tok=mix[1], concurrency=concurrency, **values)


def profile(*points: ServingPoint, measured_at: MeasuredAt | None = AT, **changes: Any) -> ServingProfile:
    values: dict[str, Any] = {"grade": "measured", **changes}
    return ServingProfile(
        profile=1, id="large--H100-SXMx2--vllm-1.0--measured", model="acme/large", gpu="H100-SXM", gpus_per_replica=2,
        engine=Engine(name="vllm", version="1.0"), sources=(PageSource(url="tco bench x", checked_on=date(2026, 11, 1)),),
        points=points or tuple(point(mix, in_slo_frac=1.0) for mix in MIXES), measured_at=measured_at, **values,
    )  # fmt: skip


# inside, by what was counted


def test_points_that_the_benchmark_found_outside_are_outside() -> None:
    # two to nine requests of each point failed: 88 to 91 % inside where 95 % are asked, whatever the answered ones took
    shares = (0.88, 0.89, 0.90, 0.91)
    points = [
        point(mix, in_slo_frac=share, failed_count=9 - n, completed_count=66)
        for n, (mix, share) in enumerate(zip(MIXES, shares, strict=True))
    ]
    with pytest.raises(ScenarioError) as told:
        fitted(profile(*points), ASKED)
    (fault,) = told.value.faults
    assert "met by 0 of 4 length mixes" in fault.found
    assert "too many requests failed or missed one of the limits: find out why, and measure again" in fault.mend
    assert "256 in, 256 out: TTFT 120 ms, TPOT 22 ms, 88.0 % of the requests inside both, 9 failed" in fault.mend
    # three of the mixes keep 89 % and more
    assert "a service.slo_percentile of 89 would do" in fault.mend
    assert fitted(profile(*points), asked(slo_percentile=89.0)).evidence.mixes == tuple(sorted(MIXES[1:]))


def test_a_share_that_is_just_the_one_asked_for_is_inside() -> None:
    for percentile, share in ((95.0, 0.95), (99.9, 0.999), (90.0, 0.9), (99.0, 0.99)):
        assert over_limit(point(in_slo_frac=share), asked(slo_percentile=percentile), AT) == 1.0
        assert over_limit(point(in_slo_frac=share - 1e-4), asked(slo_percentile=percentile), AT) > 1.0


def test_a_count_beats_percentiles_at_its_own_limits() -> None:
    # p99 alone is known, and over the limit; of the requests 96 % were inside, and 95 % are asked for
    late = Percentiles(p99=2000)
    assert over_limit(point(ttft_ms=late, in_slo_frac=0.96), ASKED, AT) == pytest.approx(0.8)
    assert over_limit(point(ttft_ms=late, in_slo_frac=0.96), ASKED) == 2.0
    found = fitted(profile(*(point(mix, ttft_ms=Percentiles(p50=1), in_slo_frac=0.96) for mix in MIXES)), ASKED)
    assert (found.evidence.percentile_used, found.evidence.on_medians, found.grade) == (COUNTED, False, "measured")


def test_between_a_point_inside_and_one_outside_the_share_is_drawn_to_the_limit() -> None:
    # 2 % outside, then 10 %, where 5 % may be: three eighths of the way from 1,000 to 1,800 tok/s
    pair = [point(in_slo_frac=0.98), point(concurrency=16, in_slo_frac=0.90, output_tok_per_s=1800.0)]
    assert best_within(pair, ASKED, AT) == pytest.approx(1300)


def test_at_tighter_limits_a_count_is_the_most_there_can_be() -> None:
    assert over_limit(point(in_slo_frac=0.90), asked(tpot_ms=30.0), AT) == pytest.approx(2.0)  # 10 % out, 5 % may be
    assert over_limit(point(in_slo_frac=1.0), asked(tpot_ms=11.0), AT) == pytest.approx(2.0)  # p95 of 22 ms


def test_at_looser_limits_a_count_is_the_least_there_can_be() -> None:
    late = Percentiles(p99=4000)
    assert over_limit(point(ttft_ms=late, in_slo_frac=0.96), asked(ttft_ms=2000.0), AT) == pytest.approx(0.8)
    # 80 % kept the tighter limit, and all the answered ones the looser
    slow = Percentiles(p95=1500, p99=1600)
    assert over_limit(point(ttft_ms=slow, in_slo_frac=0.80), asked(ttft_ms=2000.0), AT) == pytest.approx(0.75)


def test_failed_requests_are_outside_at_any_limits() -> None:
    some = point(in_slo_frac=0.80, failed_count=10, completed_count=90)
    assert over_limit(some, asked(ttft_ms=2000.0), AT) == pytest.approx(2.0)  # a tenth failed, a twentieth may
    assert over_limit(some, asked(ttft_ms=2000.0, tpot_ms=30.0), AT) == pytest.approx(2.0)
    assert over_limit(point(failed_count=10, completed_count=90), ASKED) == pytest.approx(2.0)
    # 4 of 100 failed: 95 % of all are 98.96 % of the answered, so their p99 counts and not their p95
    few = point(ttft_ms=Percentiles(p95=900, p99=1100), failed_count=4, completed_count=96)
    assert over_limit(few, ASKED) == pytest.approx(1.1)


def test_failures_that_nobody_can_count_are_told() -> None:
    points = [point(mix, in_slo_frac=0.80, failed_count=3) for mix in MIXES]
    found = fitted(profile(*points), asked(ttft_ms=2000.0))
    assert found.evidence.uncounted_failures == 4
    assert "failed requests of 4 points could not be counted" in serving_facts(profile(*points), found)[0].source.note
    assert fitted(profile(), ASKED).evidence.uncounted_failures == 0


limits = st.sampled_from([500.0, 1000.0, 2000.0])
paces = st.sampled_from([11.0, 25.0, 50.0, 80.0])
shares = st.floats(0, 1)


@given(st.lists(st.tuples(shares, st.floats(1, 3000), st.floats(1, 100), st.integers(0, 20)), min_size=1, max_size=5),
       limits, limits, paces, paces, st.sampled_from([50.0, 90.0, 95.0, 99.9]), st.sampled_from([50.0, 90.0, 95.0, 99.9]))  # fmt: skip
def test_a_tighter_level_never_makes_a_mix_faster(
    rows: list[tuple[float, float, float, int]],
    ttft: float,
    ttft2: float,
    tpot: float,
    tpot2: float,
    p: float,
    p2: float,
) -> None:
    points = [
        point(concurrency=n + 1, output_tok_per_s=100.0 * (n + 1), in_slo_frac=share, failed_count=failed,
              completed_count=80, ttft_ms=Percentiles(p50=ttft_ms / 2, p99=ttft_ms), tpot_ms=Percentiles(p50=pace, p99=pace))
        for n, (share, ttft_ms, pace, failed) in enumerate(rows)
    ]  # fmt: skip
    tight = Service(ttft_ms=min(ttft, ttft2), tpot_ms=min(tpot, tpot2), slo_percentile=max(p, p2))
    loose = Service(ttft_ms=max(ttft, ttft2), tpot_ms=max(tpot, tpot2), slo_percentile=min(p, p2))
    assert (best_within(points, tight, AT) or 0.0) <= (best_within(points, loose, AT) or 0.0) * (1 + 1e-9)


# arrivals of their own


def opened(rate: float, share: float) -> ServingPoint:
    return point(concurrency=500, request_rate=rate, in_slo_frac=share, codes=("B-OPEN",) if share < 0.95 else ())


def test_a_capacity_that_an_open_loop_did_not_confirm_is_doubted() -> None:
    closed = [point(mix, in_slo_frac=1.0) for mix in MIXES]
    # 1,000 tok/s of 256 each are 3.9 requests a second; nine tenths of them are 3.5
    assert fitted(profile(*closed, opened(3.5, 0.90)), ASKED).evidence.unconfirmed_mixes == 1
    assert fitted(profile(*closed, opened(3.5, 0.97)), ASKED).evidence.unconfirmed_mixes == 0
    assert fitted(profile(*closed, opened(3.5, 0.90)), asked(slo_percentile=90.0)).evidence.unconfirmed_mixes == 0
    assert fitted(profile(*closed, opened(9.0, 0.10)), ASKED).evidence.unconfirmed_mixes == 0  # more than was found
    alone = fitted(profile(*closed), ASKED).work
    assert fitted(profile(*closed, opened(3.5, 0.90)), ASKED).work.decode_s_per_tok == alone.decode_s_per_tok


def test_what_piles_up_in_an_open_loop_is_no_load_to_estimate_at(catalog: Any) -> None:
    from tco.serving.datasheets import calibration
    from tco.serving.estimate import Lengths

    model, gpu = catalog.model("meta-llama/Llama-3.1-8B-Instruct"), catalog.gpu("H100-SXM")
    closed = [point(mix) for mix in MIXES[:2]]
    asked_of = (model, gpu, ASKED, Lengths.alike(1000, 200), calibration(catalog.defaults()))
    piled = opened(3.5, 0.1).model_copy(update={"concurrency": 5000.0})
    assert proportions(profile(*closed, piled), *asked_of) == proportions(profile(*closed), *asked_of)


# doubts


def test_every_code_that_does_not_block_has_its_words_for_an_answer() -> None:
    assert {*ABOUT_SPEED, *ABOUT_WATTS, *TOLD_OTHERWISE} == {code for code, known in CODES.items() if not known.blocks}
    assert set(SHORT) <= set(ABOUT_SPEED)


def test_doubts_are_those_of_the_run_and_of_the_points_inside() -> None:
    points = [point(mix, in_slo_frac=1.0, codes=("B-CLIENT",)) for mix in MIXES]
    crowded = point(concurrency=64, in_slo_frac=0.2, failed_count=40, completed_count=60, codes=("B-FAILED",))
    codes = ("B-CLIENT", "B-DUMMY", "B-FAILED", "B-QUICK")
    found = fitted(profile(*points, crowded, codes=codes), ASKED)
    assert found.evidence.codes == ("B-DUMMY", "B-QUICK", "B-CLIENT")
    assert (found.grade, found.evidence.origin) == ("measured", "measured")
    note = serving_facts(profile(*points, codes=codes), found)[0].source.note
    assert note.startswith(
        "measured: fitted to 4 length mixes inside the service level, judged on the requests counted"
    )
    assert "windows were short and nothing was repeated (B-QUICK)" in note


def test_a_profile_from_before_the_field_has_its_codes_at_the_head_of_its_warnings() -> None:
    old = profile(warnings=("B-QUICK: A quick run.", "cut by the budget: repeats", "B-NEWER: who knows"))
    assert old.told_codes == ("B-QUICK", "B-NEWER")
    assert fitted(old, ASKED).evidence.codes == ("B-QUICK",)


def test_what_a_stand_in_for_the_driver_measured_is_an_assumption(catalog: Any) -> None:
    points = [point(mix, concurrency, in_slo_frac=1.0, watts=350.0) for mix in MIXES for concurrency in (4, 8)]
    fake, real = (
        profile(*points, codes=codes, idle_watts=350.0, host_watts_per_gpu=9.0) for codes in (("B-FAKE",), ())
    )
    assert fitted(fake, ASKED).grade == "assumed"
    keys = ("idle_watts_per_gpu", "busy_board_ratio", "host_watts_per_gpu")
    planned = {key: catalog.defaults()[f"power.{key}"] for key in keys}
    gpu = catalog.gpu("H100-SXM")
    grades = {one.told_codes: {f.path: f.value for f in power_facts(one, gpu, ASKED, planned)} for one in (fake, real)}
    assert grades[()]["power.grade"] == "measured"
    assert power_facts(fake, gpu, ASKED, planned) == power_facts(None, gpu, ASKED, planned)
