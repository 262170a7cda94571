"""Other load generators' files: one test over all formats, then each trap by itself. Origins: samples/README.md."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.bench.names import gpu_named, model_named
from tco.bench.sources import source_of, sources
from tco.bench.sources.found import Found, FoundPoint, joules_in, json_of, ms_in, watts_in
from tco.bench.sources.vllm_serve import without_numbers
from tco.errors import TcoError

SAMPLES = Path(__file__).parent / "samples"
VULTR = "mlperf/results/8xMI325X_2xEPYC_9554/llama2-70b-99.9/Server/performance/run_1/mlperf_log_summary.txt"
RUBIN = "mlperf-endpoints/results/VR-NVL72_VR-288GB_aarch64x72_TRT/deepseek-r1/Server/performance/result_summary.json"
KNOWN = [
    # file, format, tokens a second of the whole system, prompt, answer, in flight, TTFT p50, TPOT p50 [ms]
    # 768 tokens / 0.9240989 s; 1,557 / 24 prompts; answers came in one chunk of 31 tokens, hence the odd TPOT
    ("vllm/serve-detailed.json", "vLLM bench serve", 831.0799, 64.875, 32, 4, 86.2033, 0.0041022),
    ("vllm/serve.json", "vLLM bench serve", 872.4313, 64, 32, 4, 72.1234, 2.926918),  # 768 / 0.8802986
    (
        "vllm/throughput.json",
        "vLLM bench throughput",
        8350.7984,
        None,
        None,
        None,
        None,
        None,
    ),  # 3,105 / 0.3718207, both sides
    ("guidellm/benchmarks.json", "GuideLLM", 908.7021, 32.3333, 32, 4, 24.15299, 3.175366),  # 768 / 0.8451614
    ("aiperf/profile_export_aiperf.json", "AIPerf", 1089.480, 26.16667, 32, 4, 23.24847, 2.562456),  # 768 / 0.7049236
    # 3.480998 s x 5.163428 requests/s = 17.974 in flight; (3.480998 - 0.066866) / 179.7861 = 18.990 ms a token,
    # the file says 9.1722 ms: x 2.0704; 9.195 x 2.0704 = 19.037
    (
        "inference-perf/stage_1_lifecycle_metrics.json",
        "inference-perf",
        933.4761,
        279.1361,
        180.7861,
        17.9738,
        60.5983,
        19.037,
    ),
    # 11.407195 s x 37.626029 requests/s = 429.2; nothing was streamed
    (
        "inference-perf-unstreamed/stage_3_lifecycle_metrics.json",
        "inference-perf",
        4825.5165,
        135.7993,
        128.2494,
        429.2075,
        None,
        None,
    ),
    ("inferencex/agg_bmk.json", "InferenceX", 2584.238, 1024, 1024, 16, 49.29405, 6.021784),
    # 30,339.40 / 101.00 = 300.39 tokens; 34.642387 s x 101.00 = 3,498.9
    (VULTR, "MLPerf", 30339.4, None, 300.3901, 3498.8811, 941.9099, 120.001),
    ("mlperf-offline/mlperf_log_summary.txt", "MLPerf", 4103.7, None, 260.387, None, None, None),
    (RUBIN, "MLPerf", 1175890.22, None, 3792.1575, 38014.3, 205.5159, 41.10502),  # 88,152,497 s of waiting / 2,318.93 s
    ("mlperf-table/summary.json", "MLPerf table", 113241.0, None, None, None, None, None),
]


def found(name: str | Path) -> Found:
    source = source_of(SAMPLES / name)
    assert source is not None, name
    return source.read(SAMPLES / name)


def only(name: str | Path) -> FoundPoint:
    (point,) = found(name).points
    return point


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Path]:
    """A copy of a sample with its JSON changed in place."""

    def copy(name: str, change: Callable[[Any], object], to: str = "") -> Path:
        data = json.loads((SAMPLES / name).read_text())
        change(data)
        target = tmp_path / (to or Path(name).name)
        target.write_text(json.dumps(data))
        return target

    return copy


# one test over all


def test_every_file_of_the_folder_is_a_format() -> None:
    folder = Path(__file__).resolve().parents[2] / "tco/bench/sources"
    assert len(sources()) == len({path.stem for path in folder.glob("*.py")} - {"__init__", "found"})
    assert {source.NAME for source in sources()} == {name for _, name, *_ in KNOWN}
    assert all(callable(source.recognises) and callable(source.read) for source in sources())


@pytest.mark.parametrize(
    ("name", "of", "speed", "prompt", "answer", "in_flight", "ttft", "tpot"), KNOWN, ids=[row[0] for row in KNOWN]
)
def test_a_format_is_recognised_and_read_in_our_units(
    name: str, of: str, speed: float, prompt: float | None, answer: float | None, in_flight: float | None,
    ttft: float | None, tpot: float | None,
) -> None:  # fmt: skip
    head = (SAMPLES / name).read_text()[:8192]
    assert [source.NAME for source in sources() if source.recognises(SAMPLES / name, head)] == [of]
    point = found(name).points[0]
    said = (
        point.output_tok_per_s,
        point.input_tok,
        point.output_tok,
        point.concurrency,
        point.ttft_ms.p50,
        point.tpot_ms.p50,
    )
    for value, wanted in zip(said, (speed, prompt, answer, in_flight, ttft, tpot), strict=True):
        assert value == (None if wanted is None else pytest.approx(wanted, rel=1e-4))
    for latency, most in ((point.ttft_ms, 60_000), (point.tpot_ms, 1_000)):
        known = [ms for ms in (latency.p50, latency.p90, latency.p95, latency.p99) if ms is not None]
        assert known == sorted(known)
        assert all(0 < ms < most for ms in known)


def test_all_but_results_are_left_out_with_a_reason() -> None:
    left = ["aiperf/phase_manifest.json", "aiperf/profile_export_aiperf_timeslices.json", "aiperf/profile_export.jsonl"]
    left += ["inference-perf/summary_lifecycle_metrics.json", "vllm/latency.json"]
    for name in left:
        assert not found(name).points
        assert len(found(name).dropped) == 1


# vLLM


def test_the_summary_of_a_detailed_result_is_what_its_requests_say(edited: Callable[..., Path]) -> None:
    def forget(row: dict[str, Any]) -> None:
        for key in [key for key in row if key.endswith(("_ttft_ms", "_tpot_ms"))]:
            del row[key]

    told, counted = only("vllm/serve-detailed.json"), only(edited("vllm/serve-detailed.json", forget))
    for side in ("ttft_ms", "tpot_ms"):
        for p in ("p50", "p90", "p99"):
            assert getattr(getattr(counted, side), p) == pytest.approx(getattr(getattr(told, side), p))
    assert told.ttft_ms.p95 == counted.ttft_ms.p95  # the summary has no p95: it comes from the requests


def test_runs_one_after_the_other_in_one_file_are_points(tmp_path: Path) -> None:
    runs = tmp_path / "appended.json"
    runs.write_text((SAMPLES / "vllm/serve.json").read_text() + (SAMPLES / "vllm/serve-detailed.json").read_text())
    assert [point.output_tok_per_s for point in found(runs).points] == [
        pytest.approx(872.4313),
        pytest.approx(831.0799),
    ]
    assert found(runs).ended == "2026-11-20 17:22 by the client's clock"  # the later of both, and the run's end


def test_a_sweep_is_its_runs(tmp_path: Path) -> None:
    row = json.loads((SAMPLES / "vllm/serve.json").read_text())
    for name in ("run=0.json", "run=1.json", "warmup.json", "run=2.failure.json"):
        (tmp_path / name).write_text(json.dumps({**row, "run_number": 0, "tensor_parallel_size": 2}))
    (tmp_path / "summary.json").write_text(json.dumps([row, row]))
    assert len(found(tmp_path / "run=0.json").points) == 1
    assert only(tmp_path / "run=1.json").setup.gpus == 2  # server parameters are written beside the results
    for name in ("warmup.json", "run=2.failure.json", "summary.json"):
        assert not found(tmp_path / name).points
    for name in ("run=0.json", "run=1.json"):
        (tmp_path / name).unlink()
    assert len(found(tmp_path / "summary.json").points) == 2  # alone, it is all there is


def test_a_burst_is_told_and_its_load_is_littles(edited: Callable[..., Path]) -> None:
    burst = edited("vllm/serve.json", lambda row: row.update(max_concurrency=None))
    assert found(burst).quality == "C"
    # 24 requests in 0.8802986 s, 0.1451634 s each: 27.26348 x 0.1451634 = 3.9577; the file's max_concurrent_requests is 24
    assert only(burst).concurrency == pytest.approx(3.957662, rel=1e-5)


def test_an_open_loop_keeps_its_rate(edited: Callable[..., Path]) -> None:
    rated = only(edited("vllm/serve.json", lambda row: row.update(request_rate=20.0)))
    assert (rated.request_rate, rated.concurrency) == (20.0, pytest.approx(3.957662, rel=1e-5))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"completed": 0}, "no request"),
        ({"total_output_tokens": 0}, "no request"),
        ({"ramp_up_strategy": "linear"}, "ramped"),
        ({"total_input_sequences": 24}, "embedding"),
    ],
)
def test_a_run_that_is_no_steady_load_is_left_out(
    edited: Callable[..., Path], change: dict[str, Any], why: str
) -> None:
    read = found(edited("vllm/serve.json", lambda row: row.update(change)))
    assert not read.points
    assert why in read.dropped[0].why


def test_failures_are_told(edited: Callable[..., Path]) -> None:
    assert any(
        "3 of 24 requests failed" in flag
        for flag in only(edited("vllm/serve.json", lambda row: row.update(completed=21, failed=3))).flags
    )


@given(
    st.lists(st.lists(st.floats(0, 9, allow_nan=False), max_size=4), max_size=5),
    st.text(st.sampled_from('ab"[]\\,: '), max_size=12),
    st.sampled_from([None, 1]),
)
def test_cutting_numbers_out_leaves_the_rest_as_it_was(gaps: list[list[float]], words: str, indent: int | None) -> None:
    row = {"generated_texts": [words, '"itls": [[1]]'], "itls": gaps, "errors": [words]}
    left = json_of(Path("x"), without_numbers(json.dumps(row, indent=indent).encode(), b"itls"))
    assert left == {**row, "itls": []}


# GuideLLM


def test_guidellm_rates_are_means_and_tpot_leaves_the_first_token_out() -> None:
    run = json.loads((SAMPLES / "guidellm/benchmarks.json").read_text())["benchmarks"][0]["metrics"]
    point, rate = only("guidellm/benchmarks.json"), run["output_tokens_per_second"]["successful"]
    assert rate["total_sum"] > 600 * point.output_tok_per_s
    assert rate["median"] < 0.9 * point.output_tok_per_s
    with_first = run["time_per_output_token_ms"]["successful"]["percentiles"]["p50"]
    # (126.2 ms a request - 24.2 to the first) / 31 = 3.3, and 126.2 / 32 = 3.9
    assert point.tpot_ms.p50 == pytest.approx(3.175366)
    assert with_first > 1.2 * (point.tpot_ms.p50 or 0)
    assert any("GuideLLM warns" in flag for flag in point.flags)
    assert point.cached_frac == 0


def test_guidellm_open_loops_take_what_was_in_flight(edited: Callable[..., Path]) -> None:
    def rated(report: Any) -> None:
        report["benchmarks"][0]["config"]["strategy"] = {"type_": "poisson", "rate": 20.0}

    point = only(edited("guidellm/benchmarks.json", rated))
    assert (point.request_rate, point.concurrency) == (20.0, pytest.approx(3.7208, rel=1e-4))


def test_another_format_of_guidellm_is_an_error(edited: Callable[..., Path]) -> None:
    with pytest.raises(TcoError, match="of format 1"):
        found(edited("guidellm/benchmarks.json", lambda report: report["metadata"].update(version=1)))


# AIPerf


def test_aiperf_tokens_are_the_servers() -> None:
    point = only("aiperf/profile_export_aiperf.json")
    # the client's tokenizer made 64 tokens of the server's 32: 2,150.7 tokens a second in the file, 1,089.5 in truth
    assert point.output_tok_per_s == pytest.approx(2150.7369 * 0.5065, rel=1e-3)
    assert any("2.00 times" in flag for flag in point.flags)
    # the file's 1.26 ms a token are over 63 gaps of its own, the server made 31: about twice as long
    assert point.tpot_ms.p50 == pytest.approx(1.2609 * 63 / 31, rel=0.02)


def test_aiperf_without_requests_scales_by_the_ratio_of_counts(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "aiperf/profile_export_aiperf.json", tmp_path)
    alone = only(tmp_path / "profile_export_aiperf.json")
    assert alone.tpot_ms.p50 == pytest.approx(1.2608912 * 63 / 31, rel=1e-6)


def test_aiperf_requests_alone_leave_the_warm_up_out(tmp_path: Path) -> None:
    shutil.copy(SAMPLES / "aiperf/profile_export.jsonl", tmp_path)
    read = found(tmp_path / "profile_export.jsonl")
    (point,) = read.points
    assert [item.why for item in read.dropped] == ["4 warm-up requests"]
    whole = only("aiperf/profile_export_aiperf.json")
    assert point.output_tok_per_s == pytest.approx(whole.output_tok_per_s, rel=0.02)
    assert point.ttft_ms.p50 == pytest.approx(whole.ttft_ms.p50)
    assert point.tpot_ms == whole.tpot_ms
    assert point.concurrency == pytest.approx(3.75, abs=0.1)


def test_aiperf_ends_by_the_manifests_clock(tmp_path: Path) -> None:
    assert found("aiperf/profile_export_aiperf.json").ended == "2026-11-20 17:14 UTC"
    shutil.copy(SAMPLES / "aiperf/profile_export_aiperf.json", tmp_path)
    assert found(tmp_path / "profile_export_aiperf.json").ended == "2026-11-20T17:14:17.123267"  # no zone is told


@pytest.mark.parametrize(
    ("metric", "watts"),
    [
        ({"nvidia_total_gpu_power": {"unit": "W", "avg": 1300.0}}, 1300.0),
        ({"nvidia_total_gpu_power": {"unit": "kW", "avg": 1.3}}, 1300.0),
        ({"nvidia_total_gpu_energy": {"unit": "J", "avg": 704.923648}}, 1000.0),  # over 0.704923648 s
        ({"amd_total_gpu_energy": {"unit": "MJ", "avg": 0.000704923648}}, 1000.0),
        ({"nvidia_energy_per_output_token": {"unit": "mJ", "avg": 5.0}}, None),  # over the client's tokens: left alone
    ],
)
def test_aiperf_power_by_its_unit(edited: Callable[..., Path], metric: dict[str, Any], watts: float | None) -> None:
    point = only(edited("aiperf/profile_export_aiperf.json", lambda run: run.update(metric)))
    assert point.watts == (None if watts is None else pytest.approx(watts))


def test_aiperf_telemetry_names_the_gpus(edited: Callable[..., Path]) -> None:
    power = {"nvidia_power_usage": {"unit": "W", "avg": 600.0}}
    gpus = {str(i): {"gpu_name": "NVIDIA H100 80GB HBM3", "gpu_uuid": f"GPU-{i}", "metrics": power} for i in range(2)}
    point = only(
        edited(
            "aiperf/profile_export_aiperf.json",
            lambda run: run["telemetry_data"].update(endpoints={"http://x": {"gpus": gpus}}),
        )
    )
    # what the node has, not what served: how many did is told by flag
    assert (point.watts, point.setup.gpu, point.setup.gpus) == (1200.0, "NVIDIA H100 80GB HBM3", None)
    assert point.watched_gpus == 2


def test_units_are_not_guessed() -> None:
    assert (joules_in("MJ"), joules_in("mJ"), watts_in("mW"), ms_in("s"), ms_in("sec"), ms_in("ns")) == (
        1e6,
        1e-3,
        1e-3,
        1000,
        1000,
        1e-6,
    )
    assert ms_in("tokens") is None


# inference-perf


def test_inference_perf_time_per_token_is_put_right_and_told() -> None:
    point = only("inference-perf/stage_1_lifecycle_metrics.json")
    assert any("0.48 of what its own request times say" in flag for flag in point.flags)
    assert point.tpot_ms.p90 == pytest.approx(10.185217 * 2.0704, rel=1e-3)
    assert point.request_rate == pytest.approx(6.0030186)  # what was sent, not the 6.0 that were asked for


def test_inference_perf_time_per_token_that_agrees_is_left_alone(edited: Callable[..., Path]) -> None:
    def agree(stage: Any) -> None:
        stage["successes"]["latency"]["time_per_output_token"]["mean"] = 0.0189

    assert only(edited("inference-perf/stage_1_lifecycle_metrics.json", agree)).tpot_ms.p50 == pytest.approx(
        9.195015911600416
    )


def test_inference_perf_lag_and_missing_streaming_are_told() -> None:
    flags = " ".join(only("inference-perf-unstreamed/stage_3_lifecycle_metrics.json").flags)
    assert "not streamed" in flags
    assert "lagged 65643 ms" in flags  # asked 129.78 requests a second, sent 39.3


def test_a_closed_stage_has_its_own_concurrency(edited: Callable[..., Path]) -> None:
    closed = only(
        edited(
            "inference-perf/stage_1_lifecycle_metrics.json", lambda stage: stage["load_summary"].update(concurrency=16)
        )
    )
    assert (closed.concurrency, closed.request_rate) == (16, None)


# InferenceX


def test_inferencex_rows_are_per_gpu_and_in_seconds() -> None:
    row = found("inferencex/agg_bmk.json").points[3]
    assert row.output_tok_per_s == pytest.approx(4 * 888.16982)  # four GPUs
    assert (row.ttft_ms.p99, row.tpot_ms.p99) == (pytest.approx(6779.815), pytest.approx(20.521495))
    assert (row.setup.gpu, row.setup.gpus, row.setup.engine, row.setup.engine_version, row.setup.dtype) == (
        "h100",
        4,
        "vllm",
        "0.11.2",
        "mxfp4",
    )


@pytest.mark.parametrize(
    "change", [{"spec_decoding": "mtp"}, {"disagg": True}, {"is_multinode": True}, {"output_tput_per_gpu": None}]
)
def test_inferencex_rows_that_answer_another_question_are_left_out(
    edited: Callable[..., Path], change: dict[str, Any]
) -> None:
    read = found(edited("inferencex/agg_bmk.json", lambda rows: rows[0].update(change)))
    assert (len(read.points), len(read.dropped)) == (3, 1)


@pytest.mark.parametrize(
    ("power", "watts"),
    [
        ({"power_metric_schema_version": 2, "power_valid": 1, "avg_power_w": 500.0}, 2000.0),  # each of four
        (
            {"power_metric_schema_version": 2, "power_valid": 1, "avg_power_w": 500.0, "avg_total_gpu_power_w": 2010.0},
            2010.0,
        ),
        ({"power_metric_schema_version": 2, "power_valid": 0, "avg_power_w": 500.0}, None),
        ({"avg_power_w": 500.0}, None),
    ],
)
def test_inferencex_power_only_where_its_schema_is_known_and_valid(
    edited: Callable[..., Path], power: dict[str, Any], watts: float | None
) -> None:
    row = found(edited("inferencex/agg_bmk.json", lambda rows: rows[3].update(power))).points[3]
    assert row.watts == watts
    assert any("power is left out" in flag for flag in row.flags) == (watts is None)


# MLPerf


def test_mlperf_takes_nanoseconds_and_the_folders_names() -> None:
    point = only(VULTR)
    assert (point.ttft_ms.p99, point.tpot_ms.p99, point.request_rate) == (
        pytest.approx(1678.814847),
        pytest.approx(135.708631),
        103.49,
    )
    assert (point.setup.gpu, point.setup.gpus, point.setup.model) == ("8xMI325X_2xEPYC_9554", 8, "llama2-70b-99.9")
    assert only(RUBIN).setup.gpus == 72


@pytest.mark.parametrize(
    ("line", "instead"), [("Result is : VALID", "Result is : INVALID"), (": PerformanceOnly", ": AccuracyOnly")]
)
def test_mlperf_runs_that_do_not_count_are_left_out(tmp_path: Path, line: str, instead: str) -> None:
    log = tmp_path / "mlperf_log_summary.txt"
    log.write_text((SAMPLES / VULTR).read_text().replace(line, instead))
    assert not found(log).points


def test_mlperf_rows_in_other_units_are_left_out() -> None:
    read = found("mlperf-table/summary.json")
    assert [item.why for item in read.dropped] == ["in Samples/s, not tokens a second"]
    assert [point.output_tok for point in read.points] == [None, 284.1, 284.2]


# names


def test_names_of_others_lead_to_ours(repository: Path) -> None:
    gpus = [path.stem for path in (repository / "hw_profiles/gpus").glob("*.yaml")]
    told = {
        "NVIDIA H100 80GB HBM3": "H100-SXM", "NVIDIA H100 PCIe": "H100-PCIe", "NVIDIA H100 NVL": "H100-NVL", "NVIDIA H200": "H200-SXM",
        "NVIDIA A100-SXM4-40GB": "A100-SXM-40", "NVIDIA A100 80GB PCIe": "A100-PCIe-80", "NVIDIA L40S": "L40S", "NVIDIA L4": "L4",
        "NVIDIA B200": "B200-SXM", "AMD Instinct MI355X 288GB HBM3e": "MI355X", "NVIDIA GeForce RTX 4090": "RTX-4090",
        "H200-SXM-141GBx8_TRT": "H200-SXM", "gb200": "GB200", "NVIDIA RTX PRO 6000 Blackwell Server Edition": "RTX-PRO-6000",
        "VR-NVL72_VR-288GB_aarch64x72_TRT": None, "Tesla V100": None, "NVIDIA A100": None,
    }  # fmt: skip
    assert {name: gpu_named(name, gpus) for name in told} == told
    models = [
        "meta-llama/Llama-3.1-8B-Instruct",
        "meta-llama/Llama-3.1-70B-Instruct",
        "deepseek-ai/DeepSeek-R1",
        "deepseek-ai/DeepSeek-V3",
    ]
    assert model_named("meta-llama/Meta-Llama-3.1-8B", models) is None  # close, but the person says so
    assert model_named("deepseek-r1", models) == "deepseek-ai/DeepSeek-R1"
    assert model_named("llama3.1-70b", models) == "meta-llama/Llama-3.1-70B-Instruct"


def test_percentiles_of_no_requests_are_unknown() -> None:
    from tco.bench.sources.found import percentiles_of

    assert percentiles_of([]).p50 is None
    assert percentiles_of(np.arange(101.0)).p95 == pytest.approx(95)


def test_files_of_one_aiperf_run_are_one_point_behind_any_prefix(tmp_path: Path) -> None:
    for name in ("profile_export_aiperf.json", "profile_export.jsonl"):
        shutil.copy(SAMPLES / "aiperf" / name, tmp_path / f"monday-{name}")
    assert only(tmp_path / "monday-profile_export_aiperf.json").output_tok_per_s == pytest.approx(1089.480, abs=5e-4)
    assert found(tmp_path / "monday-profile_export.jsonl").points == ()
