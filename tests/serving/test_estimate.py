"""The estimate: which GPUs hold a model, what limits them, its interval, and why some cannot serve."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest

from tco.catalog import Catalog
from tco.errors import LookupFault
from tco.inputs.hardware import Gpu, Model
from tco.inputs.source import Fact
from tco.inputs.workload import Service
from tco.model.work import request_seconds
from tco.resolve import resolve
from tco.scenario import Scenario
from tco.serving.datasheets import Calibration, calibration, in_memory, rate_tflops
from tco.serving.estimate import Estimate, Lengths, Unable, estimate, estimates

SERVICE = Service(ttft_ms=2000, tpot_ms=50, slo_percentile=95)
CHAT = Lengths.alike(1500, 400)


@pytest.fixture(scope="module")
def known(catalog: Catalog) -> Calibration:
    return calibration(catalog.defaults())


@pytest.fixture(scope="module")
def llama(catalog: Catalog) -> Model:
    return catalog.model("meta-llama/Llama-3.3-70B-Instruct")


@pytest.fixture(scope="module")
def h100(catalog: Catalog) -> Gpu:
    return catalog.gpu("H100-SXM")


def able(found: Estimate | Unable) -> Estimate:
    assert isinstance(found, Estimate), [str(fault) for fault in found.faults]
    return found


def unable(found: Estimate | Unable) -> Unable:
    assert isinstance(found, Unable)
    return found


def test_the_sheet_holds_the_constants_and_no_others(catalog: Catalog) -> None:
    class Read(dict[str, Fact]):
        def __contains__(self, path: object) -> bool:
            read.add(str(path))
            return super().__contains__(path)

    read: set[str] = set()
    calibration(Read(catalog.defaults()))
    assert {path for path in read if path.startswith("roofline.")} == {
        path for path in catalog.defaults() if path.startswith("roofline.")
    }


def test_all_missing_constants_are_told_at_once() -> None:
    class Nothing(Mapping[str, Fact]):
        def __getitem__(self, path: str) -> Fact:
            raise KeyError(path)

        def __iter__(self) -> Iterator[str]:
            return iter(())

        def __len__(self) -> int:
            return 0

    with pytest.raises(LookupFault) as error:
        calibration(Nothing())
    assert len(error.value.faults) == 14
    assert error.value.faults[0].where == "memory.usable_frac"


def test_memory_by_hand(llama: Model, h100: Gpu, known: Calibration) -> None:
    # 70.6e9 parameters at 2 bytes: 141.2 GB; four H100 leave 0.9 x 320 - 16 - 141.2 = 130.8 GB; two leave -5.2 GB
    found = able(estimate(llama, h100, SERVICE, CHAT, known))
    assert found.gpus_per_replica == 4
    assert (found.weights_gb, found.room_gb) == (pytest.approx(141.2), pytest.approx(130.8))
    # 327,680 bytes a token at 16 bits, times 1,500 + 200
    assert found.kv_gb_per_request == pytest.approx(0.557056)
    assert found.memory_requests == pytest.approx(130.8 / 0.557056)


@pytest.mark.parametrize("kv_dtype", ["auto", "fp8"])
def test_the_check_of_memory_and_the_estimate_hold_the_same(
    catalog: Catalog, known: Calibration, kv_dtype: str
) -> None:
    b300, lengths = catalog.gpu("B300-SXM"), Lengths(1500.0, 400.0, 1900.0)
    room = (float(known.reached.usable_frac), float(known.reached.overhead_gb))
    for model in catalog.models().values():
        found = estimate(model, b300, SERVICE, lengths, known, gpus=8, kv_dtype=kv_dtype)
        if isinstance(found, Unable):
            continue
        held = in_memory(model, b300, 8, room, served_as=("auto", kv_dtype), lengths_tok=(1500.0, 400.0, 1900.0))
        assert held.requests == pytest.approx(found.memory_requests), model.model


def test_a_profile_and_an_estimate_hold_the_same_requests(catalog: Catalog) -> None:
    scenario = Scenario.read(catalog.scenarios()["support-assistant"])
    for path, value in (("model", "openai/gpt-oss-120b"), ("gpu_name", "H100-SXM"), ("capacity.gpus_per_replica", 2)):
        scenario = scenario.set(f"options.self_host.{path}", value)
    cases = [
        resolve(scenario.set("options.self_host.profile", profile), catalog)
        for profile in ("estimate", catalog.find_profiles("openai/gpt-oss-120b", "H100-SXM")[0].id)
    ]
    by_estimate, by_profile = (case.evidence["self_host"] for case in cases)
    assert (by_estimate.estimated, by_profile.estimated) == (True, False)
    assert by_profile.memory_requests == pytest.approx(by_estimate.memory_requests)


def test_the_work_model_serves_the_throughput_that_is_told(llama: Model, h100: Gpu, known: Calibration) -> None:
    found = able(estimate(llama, h100, SERVICE, CHAT, known))
    work = (found.prefill_s_per_tok, 0.0, found.decode_s_per_tok, found.context_s_per_tok2)
    seconds = request_seconds(*work, 1500.0, 0.0, 400.0, 400.0 * 1700.0)
    assert 400.0 / seconds == pytest.approx(found.output_tok_per_s)
    assert found.batch_count / found.tpot_ms * 1e3 == pytest.approx(found.output_tok_per_s)
    assert sum(found.waits_ms.values()) == pytest.approx(found.tpot_ms)


def test_what_limits_it(llama: Model, catalog: Catalog, known: Calibration, h100: Gpu) -> None:
    found = able(estimate(llama, h100, SERVICE, CHAT, known))
    assert (found.limited_by, found.tpot_ms) == ("tpot", pytest.approx(50.0))
    first = replace(CHAT, input_tok=3000.0, context_tok=3200.0)
    tight = Service(ttft_ms=1250, tpot_ms=200, slo_percentile=95)
    found = able(estimate(llama, h100, tight, first, known, gpus=4))
    assert (found.limited_by, found.ttft_ms) == ("ttft", pytest.approx(1250.0))
    loose = Service(ttft_ms=1e6, tpot_ms=1e6, slo_percentile=95)
    found = able(estimate(llama, h100, loose, CHAT, known))
    assert (found.limited_by, found.batch_count) == ("memory", pytest.approx(found.memory_requests))
    small = catalog.model("Qwen/Qwen3-8B")
    found = able(estimate(small, catalog.gpu("B200-SXM"), loose, Lengths.alike(100, 100), known))
    assert (found.limited_by, found.batch_count) == ("engine", known.reached.max_batch_count)


def test_a_number_in_flight_is_taken_whatever_the_service_level(llama: Model, h100: Gpu, known: Calibration) -> None:
    tight = Service(ttft_ms=1, tpot_ms=1, slo_percentile=95)
    found = able(estimate(llama, h100, tight, CHAT, known, gpus=4, concurrency=64))
    assert (found.batch_count, found.limited_by) == (64, "concurrency")
    assert able(estimate(llama, h100, tight, CHAT, known, gpus=4, concurrency=1e6)).limited_by == "memory"


def test_the_interval_holds_eight_of_ten(llama: Model, h100: Gpu, known: Calibration) -> None:
    found = able(estimate(llama, h100, SERVICE, CHAT, known))
    # the 10th and the 90th of a hundred normal deviates are 1.2816 standard deviations from the middle
    assert np.log(found.high_ratio) == pytest.approx(1.2815516 * known.error_sigma)
    assert found.low_ratio * found.high_ratio == pytest.approx(1.0)
    assert found.low_output_tok_per_s < found.output_tok_per_s < found.high_output_tok_per_s


@pytest.mark.parametrize(
    ("model", "gpu", "gpus", "lengths", "told"),
    [
        ("meta-llama/Llama-3.3-70B-Instruct", "RTX-4090", 1, CHAT, "at least 9 are needed"),
        ("deepseek-ai/DeepSeek-V3.2", "H100-SXM", None, CHAT, "at least 10 are needed"),
        ("Qwen/Qwen3-8B", "H100-SXM", None, Lengths.alike(50_000, 1_000), "the model's context ends at 40,960"),
        ("meta-llama/Llama-3.3-70B-Instruct", "L40S", 8, CHAT, "loosen service.ttft_ms or service.tpot_ms"),
    ],
)
def test_what_cannot_serve_says_why(
    catalog: Catalog, known: Calibration, model: str, gpu: str, gpus: int | None, lengths: Lengths, told: str
) -> None:
    found = unable(estimate(catalog.model(model), catalog.gpu(gpu), SERVICE, lengths, known, gpus=gpus))
    assert told in "\n".join(map(str, found.faults))


def test_facts_that_are_missing_are_named(llama: Model, h100: Gpu, known: Calibration) -> None:
    bare = llama.model_copy(update={"layers_count": None, "query_heads_count": None})
    found = unable(estimate(bare, h100.model_copy(update={"bf16_tflops": None}), SERVICE, CHAT, known))
    told = "\n".join(map(str, found.faults))
    assert all(name in told for name in ("layers_count", "query_heads_count", "bf16_tflops"))


def test_many_gpus_at_once_are_each_of_them_alone(catalog: Catalog, known: Calibration) -> None:
    model = catalog.model("openai/gpt-oss-120b")
    cards = list(catalog.gpus().values())
    assert estimates(model, cards, SERVICE, CHAT, known) == [
        estimate(model, gpu, SERVICE, CHAT, known) for gpu in cards
    ]


def test_every_model_on_every_gpu_has_an_answer(catalog: Catalog, known: Calibration) -> None:
    cards = list(catalog.gpus().values())
    for model in catalog.models().values():
        for found in estimates(model, cards, SERVICE, CHAT, known):
            if isinstance(found, Estimate):
                assert 0 < found.output_tok_per_s < 1e6
                assert found.tpot_ms <= 50.0 + 1e-9
                assert found.room_gb >= found.batch_count * found.kv_gb_per_request * (1 - 1e-9)
            else:
                assert found.faults


def test_formats(catalog: Catalog, known: Calibration, llama: Model, h100: Gpu) -> None:
    half, eight = (able(estimate(llama, h100, SERVICE, CHAT, known, gpus=4, dtype=d)) for d in ("auto", "fp8"))
    assert eight.weights_gb == pytest.approx(half.weights_gb / 2)
    assert eight.kv_gb_per_request == half.kv_gb_per_request  # weights of 8 bits do not make the cache smaller
    cached = able(estimate(llama, h100, SERVICE, CHAT, known, gpus=4, dtype="fp8", kv_dtype="fp8_e4m3"))
    assert cached.kv_gb_per_request == pytest.approx(half.kv_gb_per_request / 2)
    assert cached.output_tok_per_s > eight.output_tok_per_s
    assert eight.output_tok_per_s > half.output_tok_per_s
    b200, a100 = catalog.gpu("B200-SXM"), catalog.gpu("A100-SXM-80")
    assert rate_tflops(b200, "auto", 0.5585) == b200.fp4_tflops  # published in four bits
    assert rate_tflops(h100, "auto", 0.5585) == h100.bf16_tflops  # no units for four bits
    assert rate_tflops(h100, "auto", 1.0) == h100.fp8_tflops
    assert rate_tflops(a100, "fp8", 1.0) == a100.bf16_tflops
    assert rate_tflops(b200, "int4", 0.5) == b200.bf16_tflops  # weights alone are quantised
