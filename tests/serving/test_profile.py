"""A serving profile at a service level: which latency counts, which mixes are inside, and how far to trust the fit."""

from datetime import date
from typing import Any

import pytest

from tco.errors import ScenarioError
from tco.inputs.hardware import Engine, PageSource, Percentiles, ServingPoint, ServingProfile
from tco.inputs.source import Grade
from tco.inputs.workload import Service
from tco.serving.profile import fitted, serving_facts

PREFILL, DECODE, CONTEXT = 2e-5, 1e-4, 1e-8
MIXES = [(256.0, 256.0), (1024.0, 1024.0), (1024.0, 4096.0), (8192.0, 512.0)]
SERVICE = Service(ttft_ms=1000, tpot_ms=50, slo_percentile=95)


def speed(input_tok: float, output_tok: float) -> float:
    """Output tokens a second of a replica whose requests cost what the coefficients say."""
    work = PREFILL * input_tok + DECODE * output_tok + CONTEXT * output_tok * (input_tok + output_tok / 2)
    return output_tok / work


def point(mix: tuple[float, float], concurrency: float = 8, share: float = 1.0, **changes: Any) -> ServingPoint:
    values: dict[str, Any] = {
        "input_tok": mix[0],
        "output_tok": mix[1],
        "concurrency": concurrency,
        "output_tok_per_s": share * speed(*mix),
        "ttft_ms": Percentiles(p50=100, p99=900),
        "tpot_ms": Percentiles(p50=20, p99=45),
    }
    return ServingPoint(**{**values, **changes})


def profile(*points: ServingPoint, grade: Grade = "measured") -> ServingProfile:
    return ServingProfile(
        profile=1,
        id="acme--H100-SXMx2--vllm-1.0",
        model="acme/large",
        gpu="H100-SXM",
        gpus_per_replica=2,
        engine=Engine(name="vllm", version="1.0"),
        grade=grade,
        sources=(PageSource(url="https://acme.example", checked_on=date(2026, 11, 1)),),
        points=points or tuple(point(mix) for mix in MIXES),
    )


def test_the_fit_finds_what_the_points_were_made_of() -> None:
    found = fitted(profile(), SERVICE)
    assert found.work.prefill_s_per_tok == pytest.approx(PREFILL)
    assert found.work.decode_s_per_tok == pytest.approx(DECODE)
    assert found.work.context_s_per_tok2 == pytest.approx(CONTEXT)
    assert found.grade == "measured"
    assert found.evidence.mixes == tuple(sorted(MIXES))
    assert found.evidence.error_frac == pytest.approx(0, abs=1e-9)
    assert found.evidence.left_out_error_frac == pytest.approx(0, abs=1e-6)
    assert (found.evidence.percentile_used, found.evidence.on_medians) == ("p99", False)
    assert found.evidence.engine == "vllm 1.0"


def test_the_highest_load_inside_the_service_level_counts() -> None:
    # half the speed at 8 in flight, full speed at 64 just outside: TPOT 40 -> 60 ms, so half way, at 75 %
    quick = Percentiles(p99=100)
    points = [
        one
        for mix in MIXES
        for one in (
            point(mix, 64, 1.0, ttft_ms=quick, tpot_ms=Percentiles(p99=60)),  # written out of order
            point(mix, 8, 0.5, ttft_ms=quick, tpot_ms=Percentiles(p99=40)),
        )
    ]
    assert fitted(profile(*points), SERVICE).work.decode_s_per_tok == pytest.approx(DECODE / 0.75)
    loose = SERVICE.model_copy(update={"tpot_ms": 60.0})
    assert fitted(profile(*points), loose).work.decode_s_per_tok == pytest.approx(DECODE)


def test_points_with_a_warm_cache_are_left_out() -> None:
    points = [point(mix) for mix in MIXES] + [point(mix, 16, 5.0, cached_frac=0.9) for mix in MIXES]
    assert fitted(profile(*points), SERVICE).work.decode_s_per_tok == pytest.approx(DECODE)


@pytest.mark.parametrize(
    ("asked", "known", "used"),
    [
        (95, {"p50": 1, "p90": 1, "p99": 1}, "p99"),
        (95, {"p50": 1, "p95": 1, "p99": 1}, "p95"),
        (90, {"p50": 1, "p90": 1, "p99": 1}, "p90"),
        (50, {"p50": 1, "p99": 1}, "p50"),
        (50, {"p99": 1}, "p99"),
    ],
)
def test_the_lowest_percentile_that_is_enough_counts(asked: float, known: dict[str, float], used: str) -> None:
    latency = Percentiles(**known)
    points = [point(mix, ttft_ms=latency, tpot_ms=latency) for mix in MIXES]
    found = fitted(profile(*points), SERVICE.model_copy(update={"slo_percentile": asked}))
    assert (found.evidence.percentile_used, found.evidence.on_medians, found.grade) == (used, False, "measured")


@pytest.mark.parametrize("grade", ["measured", "imported", "published"])
def test_medians_make_an_estimate_and_never_another_origin(grade: Grade) -> None:
    medians = [point(mix, ttft_ms=Percentiles(p50=100), tpot_ms=Percentiles(p50=20)) for mix in MIXES]
    found = fitted(profile(*medians, grade=grade), SERVICE)
    assert (found.grade, found.evidence.on_medians, found.evidence.percentile_used) == ("estimated", True, "p50")
    assert found.evidence.origin == grade
    asked = SERVICE.model_copy(update={"slo_percentile": 50.0})
    assert fitted(profile(*medians, grade=grade), asked).grade == grade


def test_the_weaker_of_the_two_latencies_decides() -> None:
    mixed = [point(mix, ttft_ms=Percentiles(p50=100)) for mix in MIXES]
    found = fitted(profile(*mixed), SERVICE)
    assert (found.grade, found.evidence.on_medians, found.evidence.percentile_used) == ("estimated", True, "p50")


def test_a_latency_nobody_measured_is_not_judged_but_told() -> None:
    silent = [point(mix, ttft_ms=Percentiles()) for mix in MIXES]
    found = fitted(profile(*silent), SERVICE)
    assert not found.evidence.ttft_known
    assert (found.grade, found.evidence.on_medians) == ("estimated", True)


def test_three_mixes_fit_but_nothing_checks_them() -> None:
    found = fitted(profile(*(point(mix) for mix in MIXES[:3])), SERVICE)
    assert found.evidence.left_out_error_frac is None


def test_a_service_level_that_no_point_meets_says_what_is_reached() -> None:
    with pytest.raises(ScenarioError) as told:
        fitted(profile(), SERVICE.model_copy(update={"tpot_ms": 10.0}))
    (fault,) = told.value.faults
    assert "TTFT 1000 ms and TPOT 10 ms at p95 is met by 0 of 4 length mixes" in fault.found
    assert "256 in, 256 out: TTFT 900 ms, TPOT 45 ms" in fault.mend
    assert "service.tpot_ms" in fault.mend


def test_what_is_reached_is_told_without_numbers_nobody_knows() -> None:
    silent = [point(mix, ttft_ms=Percentiles()) for mix in MIXES]
    with pytest.raises(ScenarioError) as told:
        fitted(profile(*silent), SERVICE.model_copy(update={"tpot_ms": 10.0}))
    assert "TTFT not known, TPOT 45 ms" in str(told.value)


def test_two_mixes_inside_are_too_few() -> None:
    slow = [point(mix, tpot_ms=Percentiles(p99=99)) for mix in MIXES[2:]]
    with pytest.raises(ScenarioError, match="met by 2 of 4"):
        fitted(profile(*(point(mix) for mix in MIXES[:2]), *slow), SERVICE)
    with pytest.raises(ScenarioError, match="2 length mixes"):
        fitted(profile(*(point(mix) for mix in MIXES[:2])), SERVICE)


def test_facts_fill_an_options_capacity_and_name_the_profile() -> None:
    one = profile()
    facts = {fact.path: fact for fact in serving_facts(one, fitted(one, SERVICE))}
    assert facts["capacity.gpus_per_replica"].value == 2
    assert facts["capacity.grade"].value == "measured"
    assert facts["capacity.work.prefill_s_per_tok"].value == pytest.approx(PREFILL)
    for fact in facts.values():
        assert fact.source.where == "hw_profiles/serving/acme--H100-SXMx2--vllm-1.0.yaml"
        assert (fact.source.url, fact.source.checked_on) == ("https://acme.example", date(2026, 11, 1))
        assert "4 length mixes" in fact.source.note
        assert "p99" in fact.source.note
