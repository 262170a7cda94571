"""What a profile says of latency and watts as load rises."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

import pytest

from tco.case import Case
from tco.catalog import Catalog
from tco.evaluate import evaluate
from tco.inputs.hardware import Engine, Gpu, PageSource, Percentiles, ServingPoint, ServingProfile
from tco.inputs.workload import Service
from tco.serving.operating import load_points, power_facts
from tco.solve.capacity import capacity_of, served

PAGE = PageSource(url="https://acme.example", checked_on=date(2026, 11, 1))
SERVICE = Service(ttft_ms=1000, tpot_ms=50, slo_percentile=99)
GPU = Gpu(gpu="G", vendor="Acme", memory_gb=80, memory_gb_per_s=3000, board_watts=700, sources=(PAGE,))


def point(speed: float, tpot: float, watts: float | None = None, lengths: tuple[float, float] = (1000, 1000)) -> Any:
    return ServingPoint(
        input_tok=lengths[0],
        output_tok=lengths[1],
        concurrency=speed / 20,
        output_tok_per_s=speed,
        ttft_ms=Percentiles(p99=10 * tpot),
        tpot_ms=Percentiles(p99=tpot),
        watts=watts,
    )


def profile(*points: ServingPoint, **more: Any) -> ServingProfile:
    return ServingProfile(
        profile=1, id="acme", model="m", gpu="G", gpus_per_replica=2, engine=Engine(name="vllm", version="1"),
        grade="published", sources=(PAGE,), points=points, **more,
    )  # fmt: skip


@pytest.fixture
def planned(catalog: Catalog) -> dict[str, Any]:
    names = ("idle_watts_per_gpu", "busy_board_ratio", "host_watts_per_gpu")
    return {name: catalog.default(f"power.{name}") for name in names}


def test_latency_over_load_is_of_the_nearest_lengths() -> None:
    far = [point(50, 5, lengths=(8000, 100)), point(100, 25, lengths=(8000, 100))]
    found = load_points(profile(point(500, 10), point(1000, 40), point(1100, 60), *far), SERVICE, (900, 1200))
    # 50 ms is half way from 1,000 to 1,100 tok/s: 1,050 is full load
    assert [p.load_frac for p in found] == pytest.approx([500 / 1050, 1000 / 1050, 1100 / 1050])
    assert [(p.ttft_ms, p.tpot_ms) for p in found] == [(100, 10), (400, 40), (600, 60)]
    assert len(load_points(profile(*far), SERVICE, (900, 1200))) == 2


def test_nothing_inside_the_service_level_says_nothing_of_latency() -> None:
    assert load_points(profile(point(500, 80)), SERVICE, (1000, 1000)) == ()


def test_watts_between_idle_and_full_load_are_those_measured(planned: dict[str, Any]) -> None:
    # a GPU of two: 80 W idle (160 of the replica), 300 W at half load, 500 W at full load
    measured = profile(point(500, 10, watts=600), point(1000, 40, watts=1000), idle_watts=160)
    facts = {fact.path: fact for fact in power_facts(measured, GPU, SERVICE, planned)}
    assert [p["watts_per_gpu"] for p in facts["power.points"].value] == pytest.approx([190, 300, 400])
    assert facts["power.busy_watts_per_gpu"].value == 500
    assert facts["power.idle_watts_per_gpu"].value == 80
    assert facts["power.grade"].value == "published"


def test_the_host_is_the_one_measured_where_it_was(planned: dict[str, Any]) -> None:
    found = profile(point(500, 10), host_watts_per_gpu=44.0, provenance={"host_power": "RAPL (package-0) over 8 GPUs"})
    facts = {fact.path: fact for fact in power_facts(found, GPU, SERVICE, planned)}
    assert facts["power.host_watts_per_gpu"].value == 44
    assert facts["power.host_watts_per_gpu"].source.note == "RAPL (package-0) over 8 GPUs"
    usual = {fact.path: fact for fact in power_facts(profile(point(500, 10)), GPU, SERVICE, planned)}
    assert usual["power.host_watts_per_gpu"].source.grade == "assumed"


def test_watts_that_nobody_measured_are_planning_values(planned: dict[str, Any]) -> None:
    facts = {fact.path: fact for fact in power_facts(profile(point(500, 10)), GPU, SERVICE, planned)}
    assert facts["power.busy_watts_per_gpu"].value == pytest.approx(0.9 * 700)
    assert (facts["power.busy_watts_per_gpu"].low, facts["power.busy_watts_per_gpu"].high) == (420, 700)
    assert facts["power.grade"].value == "assumed"
    assert "power.points" not in facts


def test_a_measured_curve_reaches_the_electricity(
    case_of: Callable[..., Case], plain: Mapping[str, Any], catalog: Catalog
) -> None:
    own = {"kind": "owned", "profile": "DeepSeek-V3--B200-SXMx4--sglang-unrecorded--nvfp4-ep4-2026-03"}
    service = {"ttft_ms": 5000, "tpot_ms": 100, "slo_percentile": 50}
    lengths = {"input_length": {"mean_tok": 2000, "cv": 0}, "output_length": {"mean_tok": 500, "cv": 0}}
    case = case_of({
        **plain, "service": service, "workload": {**plain["workload"], **lengths},
        "options": {**plain["options"], "own": own},
    })  # fmt: skip
    power = case.numbers.options["own"].power  # type: ignore[attr-defined]
    assert power.grade == "published"
    assert [p.load_frac for p in power.points] == [0.25, 0.5, 0.75]
    assert power.idle_watts_per_gpu < power.points[0].watts_per_gpu < power.busy_watts_per_gpu
    plan = capacity_of(case)
    assert plan is not None
    assert plan.energy is not None
    assert plan.energy.kwh_per_month == pytest.approx(plan.facts["kwh_per_month"])
    row = {item.option: item for item in served(case)}["own"]
    assert row.how == "profile"
    assert row.mean_hour.tpot_ms is not None
    assert row.busiest_minute.tpot_ms is not None
    assert row.mean_hour.tpot_ms <= row.busiest_minute.tpot_ms <= 100


@pytest.mark.parametrize(
    ("name", "limits"), [("ttft_ms", (3000, 2000, 1500, 1400, 800, 300)), ("tpot_ms", (100, 50, 20, 12, 8))]
)
def test_a_tighter_service_level_never_makes_it_faster(
    catalog: Catalog, case_of: Callable[..., Case], name: str, limits: tuple[float, ...]
) -> None:
    tree = {
        "scenario": 1,
        "workload": {"requests_per_month": 1e6},
        "options": {"api": {"kind": "api", "sku": "openai/gpt-5.4"},
                    "own": {"kind": "rented", "model": "openai/gpt-oss-120b", "gpu_name": "H100-SXM"}},
    }  # fmt: skip
    seconds = []
    for limit in limits:
        case = case_of(tree, {f"service.{name}": limit, "options.own.capacity.gpus_per_replica": 2})
        seconds.append(evaluate(case)["own"].facts["request_s"])
    assert seconds == sorted(seconds)
