"""Each guard at its edge, the client's file as requests, the fits, and what a dead engine's log points to."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tco.bench import guards
from tco.bench.codes import CODES, blocks, sentence
from tco.bench.fits import fitted_energy, fitted_work, joules_per_request
from tco.bench.load import Target, command, parse
from tco.bench.records import Energy, Percentiles, PointResult, Requests
from tco.bench.server import Counters, explained, hit_frac, parse_counters
from tco.bench.summarise import Load
from tco.catalog import Catalog
from tco.errors import TcoError

LATENCY = Percentiles(100.0, 100.0, 100.0, 100.0, 100.0)


def point(
    input_tok: float, output_tok: float, output_tok_per_s: float, watts: float | None = None, window_s: float = 60.0
) -> PointResult:
    energy = None if watts is None else Energy(watts * window_s, watts, 1, "counter", 0.0)
    return PointResult(
        input_tok, output_tok, 8, None, 0.0, output_tok_per_s, output_tok_per_s * input_tok / output_tok, output_tok_per_s / output_tok,
        output_tok_per_s, LATENCY, LATENCY, replace(LATENCY, mean=10_000.0), 1.0, 0.99, 1.0, 100, 0, window_s, energy,
    )  # fmt: skip


def run(count: int = 10, lag_s: float = 0.0, input_tok: float = 100, output_tok: float = 10) -> Requests:
    """Two in flight, a second each, each slot taken again after a lag."""
    start = np.repeat(np.arange(count // 2) * (1.0 + lag_s), 2)
    many = np.ones(count)
    return Requests(input_tok * many, output_tok * many, start, 0.2 * many, start + 1.0, many.astype(bool))


def test_every_code_has_one_sentence() -> None:
    for code, told in CODES.items():
        assert code.startswith("B-")
        assert told.sentence.endswith(".")
    assert sentence("B-SHORT") == CODES["B-SHORT"].sentence
    assert not blocks(("B-SHORT", "B-QUICK"))
    assert blocks(("B-SHORT", "B-ROOFLINE"))


def test_a_window_is_long_enough_or_said_to_be_short() -> None:
    # a mean request takes 10 s: 60 s are enough, and five of them too
    assert guards.window_codes(point(100, 10, 50.0), 60.0) == []
    assert guards.window_codes(point(100, 10, 50.0, window_s=55.0), 60.0) == ["B-SHORT"]
    assert guards.window_codes(point(100, 10, 50.0, window_s=20.0), 20.0) == ["B-SHORT", "B-QUICK"]
    slow = replace(point(100, 10, 50.0), e2e_ms=replace(LATENCY, mean=20_000.0))
    assert guards.window_codes(slow, 60.0) == ["B-SHORT"]


def test_the_client_may_lag_one_percent_of_the_first_token() -> None:
    # 200 ms to the first token: 2 ms
    load = Load(100, 10, 2)
    assert guards.client_lag_s(run(lag_s=0.003), 2) == pytest.approx(0.003)
    assert guards.load_codes(run(lag_s=0.0015), load, 0.0, cold=True) == []
    assert guards.load_codes(run(lag_s=0.003), load, 0.0, cold=True) == ["B-CLIENT"]


def test_other_lengths_failures_and_a_warm_cache() -> None:
    load = Load(100, 10, 2)
    assert guards.load_codes(run(input_tok=101), load, 0.0, cold=True) == []
    assert guards.load_codes(run(input_tok=110), load, 0.0, cold=True) == ["B-TOKENS"]
    assert guards.load_codes(run(output_tok=5), load, 0.0, cold=True) == ["B-TOKENS"]
    assert guards.load_codes(run(), load, 0.02, cold=True) == ["B-PREFIX"]
    assert guards.load_codes(run(), load, 0.5, cold=False) == []
    assert guards.load_codes(run(), load, 0.0, cold=False) == ["B-COLD"]
    assert guards.load_codes(run(), load, None, cold=True) == ["B-CACHE"]
    failed = replace(run(), ok=np.arange(10) > 0)
    assert guards.load_codes(failed, load, 0.0, cold=True) == ["B-FAILED"]


def test_no_gpu_reads_its_weights_faster_than_its_memory(repository: Path) -> None:
    catalog = Catalog.open(repository)
    model, gpu = catalog.model("meta-llama/Llama-3.1-8B-Instruct"), catalog.gpu("H100-SXM")
    bound = guards.ceiling(model, gpu, 1, 2.0)
    assert bound is not None
    # one in flight: 3,350 GB/s over 2 bytes · 8.03·10⁹ parameters, about 209 steps a second
    most = 3350e9 / (2 * model.active_params_billions * 1e9)
    assert bound.output_tok_per_s(10, 1000, 1) == pytest.approx(most)
    # many in flight with long prompts: 989 TFLOP/s over 2 flops a parameter, shared by prompt and answer
    by_flops = 989e12 / (2 * model.active_params_billions * 1e9 * 11)
    assert bound.output_tok_per_s(1000, 100, 512) == pytest.approx(by_flops)
    one = replace(point(10, 1000, most * 1.01), concurrency=1)
    assert guards.speed_codes(one, bound) == ["B-ROOFLINE"]
    assert guards.speed_codes(replace(one, output_tok_per_s=most * 0.99), bound) == []
    assert guards.speed_codes(one, None) == []


def test_joules_must_go_with_watts_and_window() -> None:
    good = point(100, 10, 50.0, watts=300.0)
    assert guards.energy_codes(good, good.energy) == []
    # a minute at 300 W: under the 320 W drawn idle, over a limit of 250 W, and between both
    minute = Energy(300.0 * 60, 300.0, 1, "counter")
    assert guards.energy_codes(good, minute, idle_watts=320.0) == ["B-JOULES"]
    assert guards.energy_codes(good, minute, cap_watts=250.0) == ["B-JOULES"]
    assert guards.energy_codes(good, minute, idle_watts=120.0, cap_watts=700.0) == []
    assert guards.energy_codes(good, None) == ["B-POWER"]
    assert guards.energy_codes(good, Energy(1.0, 1.0, 1, "none", codes=("B-POWER",))) == ["B-POWER"]
    assert guards.energy_codes(good, Energy(1.0, 1.0, 8, "none", codes=("B-MIG",))) == ["B-POWER", "B-MIG"]
    assert joules_per_request(good) == pytest.approx(60.0)
    assert joules_per_request(replace(good, codes=("B-JOULES",))) is None


def test_the_fit_gives_back_planted_coefficients() -> None:
    # 50 µs a prompt token, 200 µs an answer token, 10 ns of context; and 700 W while it works
    mixes = [(1024, 256), (8192, 512), (256, 1024), (2048, 128), (512, 512)]
    points = []
    for i, o in mixes:
        seconds = 50e-6 * i + 200e-6 * o + 10e-9 * o * (i + o / 2)
        points.append(point(i, o, o / seconds, watts=700.0))
    work, energy = fitted_work(points), fitted_energy(points)
    assert work is not None
    assert (work.prefill_s_per_tok, work.decode_s_per_tok, work.context_s_per_tok2) == pytest.approx(
        (50e-6, 200e-6, 10e-9)
    )
    assert work.left_out_error_frac == pytest.approx(0, abs=1e-9)
    assert work.prefill_error_s_per_tok == pytest.approx(0, abs=1e-12)
    assert energy is not None
    assert (energy.prefill_joules_per_tok, energy.decode_joules_per_tok) == pytest.approx((0.035, 0.14))
    assert fitted_work(points[:2]) is None
    assert fitted_energy([replace(p, energy=None) for p in points]) is None
    assert fitted_work([*points[:2], replace(points[2], codes=("B-PREFIX",))]) is None


def test_a_clients_file_becomes_requests() -> None:
    data = {
        "start_times": [100.5, 100.0, 101.0], "ttfts": [0.1, 0.2, 0.0], "itls": [[0.1, 0.1], [0.2], []], "input_lens": [5, 6, 7],
        "output_lens": [3, 2, 0], "errors": ["", "", "status 500"], "duration": 1.0,
    }  # fmt: skip
    requests, zero = parse(data)
    assert zero == 100.0
    assert requests.start_s.tolist() == [0.5, 0.0, 1.0]
    assert requests.end_s.tolist() == pytest.approx([0.8, 0.4, 1.0])
    assert requests.ok.tolist() == [True, True, False]
    with_latency, _ = parse(data | {"latencies": [0.4, 0.5, 0.0]})
    assert with_latency.end_s.tolist() == pytest.approx([0.9, 0.5, 1.0])
    with pytest.raises(TcoError, match="--save-detailed"):
        parse({"duration": 1.0})


def test_the_real_clients_file(repository: Path) -> None:
    sample = repository / "tests" / "bench" / "samples" / "vllm" / "serve-detailed.json"
    data = json.loads(sample.read_text())
    requests, _ = parse(data)
    assert len(requests) == data["num_prompts"]
    assert int(requests.ok.sum()) == data["completed"]
    span = float(requests.end_s.max() - requests.start_s.min())
    assert span == pytest.approx(data["duration"], rel=0.01)
    assert requests.output_tok.sum() / span == pytest.approx(data["output_throughput"], rel=0.01)


def test_a_closed_loop_has_no_rate_and_an_open_one_no_bound() -> None:
    target = Target("http://h:1", "m", "t", ("vllm",))
    closed = command(target, Load(100, 10, 8), 50, 3, 40, Path("out/x.json"))
    assert closed[closed.index("--max-concurrency") + 1] == "8"
    assert "--request-rate" not in closed
    assert closed[closed.index("--random-prefix-len") + 1] == "40"
    assert closed[closed.index("--random-input-len") + 1] == "60"
    opened = command(target, Load(100, 10, 8, 2.5), 50, 3, 0, Path("out/x.json"))
    assert opened[opened.index("--request-rate") + 1] == "2.5"
    assert "--max-concurrency" not in opened


def test_hits_between_two_readings() -> None:
    assert hit_frac(Counters(100, 10), Counters(300, 60)) == 0.25
    assert hit_frac(Counters(100, 10), Counters(100, 10)) == 0.0
    assert hit_frac(None, Counters(1, 1)) is None
    assert parse_counters("vllm:prefix_cache_queries_total 5.0") is None


def test_a_dead_engines_log_is_explained(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    log.write_text("one\n" * 40 + "ValueError: Free memory on device (3/80 GiB) is less than desired\n")
    told = explained(log)
    assert told.startswith("the model does not fit")
    assert told.count("one") == 14
