"""The shipped GPUs, models and serving profiles: complete, sourced, inside what the hardware can do, and as published."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tco.catalog import Catalog
from tco.catalog.profiles import mixes, points_with_tails
from tco.inputs.hardware import Gpu, Model, ServingPoint, ServingProfile
from tco.model.memory import room_gb, served_bytes, weights_gb

CATALOG = Catalog.open(Path(__file__).resolve().parents[1])
GPUS, MODELS, PROFILES = CATALOG.gpus(), CATALOG.models(), CATALOG.profiles()
FEW_POINTS = {"Qwen3-30B-A3B--L40Sx1--vllm-unrecorded--int4"}
"""The only measurement there is of an L40S: it sets the level of an estimate, no more."""
FOUR_BITS = ("fp4", "nvfp4", "mxfp4")


def points() -> Iterator[tuple[str, ServingProfile, ServingPoint]]:
    for name, profile in PROFILES.items():
        for point in profile.points:
            lengths = f"{point.input_tok:g} in, {point.output_tok:g} out at {point.concurrency:g}"
            yield f"{name}: {lengths}", profile, point


def served(profile: ServingProfile) -> float:
    """Bytes of one parameter as served."""
    return float(served_bytes(profile.engine.dtype, MODELS[profile.model].native_weight_bytes))


def fastest_tflops(gpu: Gpu, dtype: str) -> float:
    """The rate of the narrowest units a format can use; 4-bit weights run on wider units where there are none."""
    rates = [gpu.bf16_tflops, gpu.fp8_tflops if dtype in ("fp8", *FOUR_BITS) else None]
    return max(rate for rate in [*rates, gpu.fp4_tflops if dtype in FOUR_BITS else None] if rate is not None)


def test_every_gpu_and_model_is_here() -> None:
    assert len(GPUS) == 24
    assert len(MODELS) == 42
    assert {"H100-SXM", "H200-SXM", "B200-SXM", "A100-SXM-80", "L40S", "MI300X", "RTX-4090", "GB300"} <= set(GPUS)


@pytest.mark.parametrize("gpu", GPUS.values(), ids=list(GPUS))
def test_a_gpu_is_plausible(gpu: Gpu) -> None:
    assert gpu.bf16_tflops is not None
    assert gpu.announced_on is not None
    if gpu.fp8_tflops is not None:
        # 8-bit units do twice what 16-bit units do
        assert gpu.fp8_tflops == pytest.approx(2 * gpu.bf16_tflops, rel=0.02)
    if gpu.fp4_tflops is not None and gpu.fp8_tflops is not None:
        assert 2 <= gpu.fp4_tflops / gpu.fp8_tflops <= 4.01
    assert 10 <= gpu.memory_gb_per_s / gpu.memory_gb <= 60  # times a second that its whole memory can be read
    assert gpu.idle_watts is None or gpu.idle_watts < 0.3 * gpu.board_watts


@pytest.mark.parametrize("model", MODELS.values(), ids=list(MODELS))
def test_a_model_is_consistent(model: Model) -> None:
    assert model.active_params_billions <= model.total_params_billions
    assert (model.experts_count is None) == (model.active_params_billions == model.total_params_billions)
    assert (model.experts_count is None) == (model.experts_per_tok_count is None)
    assert (model.window_tok is None) == (model.window_kv_bytes_per_tok_fp16_bytes == 0)
    assert model.layers_count is not None
    assert (model.full_attention_layers_count or 0) < model.layers_count  # left out when all layers are
    assert model.query_heads_count
    assert model.head_size_count
    assert 0.5 <= model.native_weight_bytes <= 2


def test_a_licence_that_restricts_says_so() -> None:
    free = {"Apache-2.0", "MIT"}
    for model in MODELS.values():
        assert model.licence, model.model
        assert bool(model.licence_note) == (model.licence not in free), model.model
        assert not model.licence_note or model.licence_note.endswith(".")


def test_cache_sizes_by_hand() -> None:
    # Llama 70B: 80 layers x 8 key-value heads x 128 elements x (key and value) x 2 bytes
    assert MODELS["meta-llama/Llama-3.3-70B-Instruct"].kv_bytes_per_tok_fp16_bytes == 80 * 8 * 128 * 2 * 2
    # DeepSeek: 61 layers x (512 compressed + 64 rotary) x 2 bytes
    assert MODELS["deepseek-ai/DeepSeek-V3"].kv_bytes_per_tok_fp16_bytes == 61 * (512 + 64) * 2
    # gpt-oss-120b: 18 of 36 layers see everything, 18 a window of 128; 8 heads x 64 x (key and value) x 2 bytes
    oss = MODELS["openai/gpt-oss-120b"]
    assert oss.kv_bytes_per_tok_fp16_bytes == oss.window_kv_bytes_per_tok_fp16_bytes == 18 * 8 * 64 * 2 * 2
    # Gemma 3 27B: 52 of 62 layers see 1,024 tokens; 16 heads x 128
    gemma = MODELS["google/gemma-3-27b-it"]
    assert (gemma.window_kv_bytes_per_tok_fp16_bytes, gemma.window_tok) == (52 * 16 * 128 * 2 * 2, 1024)
    # DeepSeek V4 Flash: a row of 512 and an index of 128 for 4 tokens in 21 layers, a row for 128 tokens in 20
    flash = MODELS["deepseek-ai/DeepSeek-V4-Flash"]
    assert flash.kv_bytes_per_tok_fp16_bytes == (512 + 128) * 2 / 4 * 21 + 512 * 2 / 128 * 20
    # Kimi K2.5: 60 layers of 384 experts of three 7,168 x 2,048 matrices at 4.5 bits, the rest at 16
    experts = 60 * 384 * 3 * 7168 * 2048
    weights = experts * 4.5 / 8 + (1026.41e9 - experts) * 2
    assert MODELS["moonshotai/Kimi-K2.5"].native_weight_bytes == pytest.approx(weights / 1026.41e9, abs=1e-4)


def test_there_are_profiles_for_many_gpus() -> None:
    assert len(PROFILES) >= 20
    measured = {profile.gpu for profile in PROFILES.values()}
    wanted = {"H100-SXM", "H200-SXM", "B200-SXM", "B300-SXM", "A100-SXM-80", "L40S", "MI300X", "MI355X"}
    assert wanted | {"RTX-PRO-6000", "RTX-4090"} <= measured
    assert {name for name, profile in PROFILES.items() if len(profile.points) < 3} == FEW_POINTS


def test_the_readme_counts_every_profile() -> None:
    folder = Path(__file__).resolve().parents[1] / "hw_profiles" / "serving"
    counts = re.findall(r"^\| (\d+) \|", (folder / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sum(map(int, counts)) == len(PROFILES)


def test_the_weights_of_every_profile_fit() -> None:
    for name, profile in PROFILES.items():
        model, gpu = MODELS[profile.model], GPUS[profile.gpu]
        weights = weights_gb(model.total_params_billions, served(profile))
        assert room_gb(gpu.memory_gb, profile.gpus_per_replica, 0.90, 4.0, weights) > 0, name


def test_no_point_is_faster_than_its_memory() -> None:
    """A step of all requests in flight reads the active parameters at least once."""
    for place, profile, point in points():
        gpu, model = GPUS[profile.gpu], MODELS[profile.model]
        steps_per_s = point.output_tok_per_s / point.concurrency
        read_gb_per_s = steps_per_s * model.active_params_billions * served(profile)
        assert read_gb_per_s <= 0.8 * gpu.memory_gb_per_s * profile.gpus_per_replica, place


def test_no_point_is_faster_than_its_arithmetic() -> None:
    """Every token, of the prompt or the answer, takes two operations for each active parameter."""
    for place, profile, point in points():
        gpu, model = GPUS[profile.gpu], MODELS[profile.model]
        tok_per_s = point.output_tok_per_s * (1 + point.input_tok / point.output_tok)
        tflops = 2 * model.active_params_billions * tok_per_s / 1000
        assert tflops <= 0.8 * fastest_tflops(gpu, profile.engine.dtype) * profile.gpus_per_replica, place


def test_rates_and_latencies_agree() -> None:
    """Little's law: requests in flight put out at most one token each in the time of one token."""
    for place, _, point in points():
        if point.tpot_ms.p50 is not None:
            assert point.output_tok_per_s * point.tpot_ms.p50 / 1000 <= 1.1 * point.concurrency, place


def test_watts_lie_between_idle_and_the_limit_of_the_boards() -> None:
    known = [(place, profile, point) for place, profile, point in points() if point.watts is not None]
    assert len(known) >= 50
    for place, profile, point in known:
        limit = GPUS[profile.gpu].board_watts * profile.gpus_per_replica
        assert point.watts is not None
        assert 0.2 * limit <= point.watts <= limit, place


def at(name: str, input_tok: float, output_tok: float, concurrency: float) -> ServingPoint:
    wanted = (input_tok, output_tok, concurrency)
    return next(p for p in PROFILES[name].points if (p.input_tok, p.output_tok, p.concurrency) == wanted)


def test_points_as_published() -> None:
    # the published figures are tokens a second of one GPU
    amd = at("DeepSeek-R1--MI300Xx8--sglang-0.5.5.post3--fp8", 1024, 1024, 4)
    # two runs: 17.501 and 17.547 tokens a second a GPU, p99 of TTFT 2.96975 and 2.90405 s
    assert amd.output_tok_per_s == pytest.approx(8 * (17.501 + 17.547) / 2, abs=0.1)
    assert amd.ttft_ms.p99 == pytest.approx(1000 * (2.96975 + 2.90405) / 2)
    # eight cards, two copies of four: 281.022 a card, 256 requests, so 128 a copy
    coder = at("Qwen3-Coder-480B-A35B-Instruct--RTX-PRO-6000x4--vllm-unrecorded--int4", 1000, 1000, 128)
    assert coder.output_tok_per_s == pytest.approx(4 * 281.022, abs=0.1)
    # two cards, two copies: 1,575.5 a card, 400 requests
    l40s = at("Qwen3-30B-A3B--L40Sx1--vllm-unrecorded--int4", 1000, 1000, 200)
    assert (l40s.output_tok_per_s, l40s.tpot_ms.p50) == (1575.5, 101.57)


def test_a_burst_by_littles_law() -> None:
    # 2,276.4 tokens a second at 90.7 ms a token, and 196.7 tokens of which the first is not waited for:
    # 2276.4 x 195.7 / 196.7 x 0.0907 = 205.4 requests being answered at once
    burst = at("gpt-oss-120b--A100-SXM-80x1--vllm-0.11.0--bursts", 215.3, 196.7, 205)
    assert burst.output_tok_per_s == 2276.4
    assert burst.ttft_ms.p50 is None
    assert burst.tpot_ms.p50 == 90.7


def test_watts_as_published() -> None:
    # four GPUs at 794.7 W, 496.452 tokens a second each
    point = at("DeepSeek-V3--B200-SXMx4--sglang-unrecorded--nvfp4-ep4-2026-03", 8192, 1024, 128)
    assert point.watts == pytest.approx(4 * 794.7, abs=0.1)
    assert point.output_tok_per_s == pytest.approx(4 * 496.452, abs=0.1)


def test_the_default_profiles_are_those_with_tails() -> None:
    for gpu, gpus in (("H100-SXM", 2), ("B200-SXM", 1)):
        found = CATALOG.find_profiles("openai/gpt-oss-120b", gpu)
        assert (found[0].engine.name, found[0].engine.version, found[0].gpus_per_replica) == ("vllm", "0.13.0", gpus)
        assert points_with_tails(found[0])
    assert CATALOG.find_profiles("Qwen/Qwen3-32B", "H100-SXM")[0].id == "Qwen3-32B--H100-SXMx2--vllm-unrecorded"
    assert mixes(CATALOG.find_profiles("deepseek-ai/DeepSeek-R1", "MI300X")[0]) == 3
