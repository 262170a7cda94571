"""`tco bench` as typed: what is asked for, every fault as one message, bars, lines and JSON."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tco.bench.asked import Asked, bound, settings
from tco.bench.plan import Mix
from tco.bench.records import Energy, Percentiles, PointResult, plain
from tco.bench.settings import serve_command
from tco.catalog import Catalog
from tco.cli_measure import Bars, line
from tco.errors import TcoError

H100 = {"gpus": [{"name": "NVIDIA H100 80GB HBM3"}]}
LLAMA = "meta-llama/Llama-3.1-8B-Instruct"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.open(Path(__file__).resolve().parents[2])


def test_what_is_not_said_comes_from_the_catalog_and_the_driver(catalog: Catalog) -> None:
    found = settings(Asked(LLAMA), catalog, H100)
    defaults = catalog.defaults()
    assert found.gpu == "H100-SXM"
    assert found.known_as == LLAMA
    assert found.limits.ttft_ms == defaults["service.ttft_ms"].value
    assert found.limits.percentile == defaults["service.slo_percentile"].value
    assert len(found.plan.mixes) == 6
    assert found.plan.cached == (Mix(1024, 256, 0.5),)
    assert found.output == catalog.profile_folder()
    assert (found.plan.window_s, found.plan.repeats) == (60.0, 3)


def test_a_level_by_name_and_limits_by_hand(catalog: Catalog) -> None:
    by_name = settings(Asked(LLAMA, slo="voice"), catalog, H100).limits
    assert by_name.ttft_ms == catalog.service_levels()["voice"].ttft_ms
    by_hand = settings(Asked(LLAMA, slo="ttft=1000ms,tpot=50ms", slo_percentile=90.0), catalog, H100).limits
    assert (by_hand.ttft_ms, by_hand.tpot_ms, by_hand.percentile) == (1000.0, 50.0, 90.0)


def test_a_quick_look_may_be_quicker_still(catalog: Catalog) -> None:
    plan = settings(Asked(LLAMA, quick=True, repeats=1, window_s=6.0), catalog, H100).plan
    assert (plan.window_s, plan.repeats) == (6.0, 1)


def test_split_over_gpus(catalog: Catalog) -> None:
    assert settings(Asked(LLAMA, gpus=4), catalog, H100).tensor_parallel == 4
    piped = settings(Asked(LLAMA, gpus=4, tensor_parallel=2, server_args=("-pp", "2")), catalog, H100)
    assert (piped.gpus, piped.tensor_parallel) == (4, 2)
    said = settings(Asked(LLAMA, server_args=("--tensor-parallel-size=4", "--quantization", "fp8")), catalog, H100)
    assert (said.gpus, said.tensor_parallel, said.quantization) == (4, 4, "fp8")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (Asked(LLAMA, gpus=4, tensor_parallel=2), "takes 2"),
        (Asked(LLAMA, gpus=4, tensor_parallel=3), "takes 3"),
        (Asked(LLAMA, tensor_parallel=2, server_args=("-tp", "4")), "but --server-args says 4"),
        (Asked(LLAMA, server_args=("-tp", "all")), "write a whole number"),
        (Asked(LLAMA, url="http://10.0.0.1:8000"), "how many GPUs serve one replica"),
        (Asked(LLAMA, gpu="H200-SXM"), "the driver says NVIDIA H100"),
        (Asked(LLAMA, server_args=("--port=8000", "--served_model_name", "x")), "--served-model-name; leave it out"),
        (
            Asked(LLAMA, server_args=("--api-key", "secret")),
            "--api-key; arguments are written into the profile: set VLLM_API_KEY",
        ),
    ],
)
def test_what_serves_is_not_guessed(catalog: Catalog, asked: Asked, found: str) -> None:
    with pytest.raises(TcoError, match=found):
        settings(asked, catalog, H100)


def test_the_engine_is_told_once_how_it_is_split(catalog: Catalog, fake_vllm: Path) -> None:
    asked = Asked(LLAMA, vllm=str(fake_vllm), dtype="bfloat16", server_args=("--tensor-parallel-size", "2"))
    words = serve_command(settings(asked, catalog, H100), 8000)
    assert words.count("--tensor-parallel-size") == 1
    assert words[words.index("--dtype") + 1] == "bfloat16"


def test_the_engines_arguments_are_read_as_it_spells_them(catalog: Catalog) -> None:
    words = ("--load_format", "dummy", "--no_enable_prefix_caching", "--max-num-seqs=8")
    found = settings(Asked(LLAMA, server_args=words), catalog, H100)
    assert found.dummy
    assert found.cache_off


def test_the_usual_mixes_that_a_short_context_has_no_room_for_are_left_out_and_said(catalog: Catalog) -> None:
    plan = settings(Asked(LLAMA, server_args=("--max-model-len", "4096")), catalog, H100).plan
    assert {mix.name for mix in plan.mixes} == {"1024x256", "256x1024", "2048x128", "512x512"}
    assert plan.unfit == (
        "8192x512, longer than the context of 4096 tokens",
        "4096x1024, longer than the context of 4096 tokens",
    )
    with pytest.raises(TcoError, match="exceed the context of 4096"):
        settings(Asked(LLAMA, lengths="8192x512", server_args=("--max-model-len", "4K")), catalog, H100)


def test_longer_answers_take_a_longer_plan(catalog: Catalog) -> None:
    def minutes(slo: str) -> float:
        return (
            settings(Asked(LLAMA, lengths="1024x256,512x1024,256x512", slo=slo), catalog, H100).plan.expected_s() / 60
        )

    assert minutes("ttft=1s,tpot=50ms") > 1.5 * minutes("ttft=1s,tpot=10ms")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(LLAMA, slo="chta"), "did you mean chat"),
        (Asked(LLAMA, gpu="H100"), "did you mean H100"),
        (Asked(LLAMA, lengths="1x"), "such as 1024x256"),
        (Asked(LLAMA, budget_minutes=2), "add --quick"),
        (Asked(LLAMA, slo_percentile=100.0), "between 0 and 100"),
        (Asked(LLAMA, quick=True, repeats=3), "--repeats: 3 with --quick; ask for 1 at most, or leave"),
        (Asked(LLAMA, quick=True, window_s=60.0), "--window-seconds: 60 s with --quick; ask for 20 s at most"),
        (Asked(LLAMA, lengths="200000x10"), "exceed the context"),
    ],
)
def test_what_cannot_be_is_said(catalog: Catalog, asked: Asked, said: str) -> None:
    with pytest.raises(TcoError, match=said):
        settings(asked, catalog, H100)


def test_without_a_driver_the_gpu_must_be_named(catalog: Catalog) -> None:
    with pytest.raises(TcoError, match="tco list gpus"):
        settings(Asked(LLAMA), catalog, {})
    assert settings(Asked(LLAMA, gpu="L40S"), catalog, {}).gpu == "L40S"


def test_the_bound_needs_the_models_facts(catalog: Catalog) -> None:
    assert bound(settings(Asked(LLAMA), catalog, H100), catalog) is not None
    assert bound(settings(Asked("mine/own"), catalog, H100), catalog) is None
    half, whole = (bound(settings(Asked(LLAMA, quantization=q), catalog, H100), catalog) for q in ("fp8", None))
    assert half is not None
    assert whole is not None
    assert half.weight_bytes == whole.weight_bytes / 2
    assert half.flops > whole.flops


def test_points_of_other_settings_are_not_taken_for_these(catalog: Catalog) -> None:
    one = settings(Asked(LLAMA), catalog, H100)
    assert replace(one, output=Path("/elsewhere")).key() == one.key()
    assert settings(Asked(LLAMA, budget_minutes=90), catalog, H100).key() == one.key()
    for other in (
        Asked(LLAMA, quick=True),
        Asked(LLAMA, slo="voice"),
        Asked(LLAMA, seed=1),
        Asked(LLAMA, server_args=("--enforce-eager",)),
    ):
        assert settings(other, catalog, H100).key() != one.key()


def flags(fake_vllm: Path, tmp_path: Path, *more: str) -> list[str]:
    return [
        "bench", "maker/paper", "--gpu", "H100-SXM", "--vllm", str(fake_vllm), "--lengths", "16x16", "--slo", "ttft=1s,tpot=15ms",
        "--quick", "--window-seconds", "1", "--concurrency", "2:2", "--cached-frac", "0", "--no-power",
        "--state", str(tmp_path / "state"), "--output", str(tmp_path / "profiles"), *more,
    ]  # fmt: skip


def test_json_lines_for_machines(run: Callable[..., Any], fake_vllm: Path, tmp_path: Path) -> None:
    ran = run(*flags(fake_vllm, tmp_path, "--json-log"))
    assert ran.status == 0, ran.err
    events = [json.loads(each) for each in ran.out.splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["plan", "written"]
    assert Path(events[-1]["path"]).exists()
    assert {"starting", "ready", "warm-up", "run", "point", "mix", "idle"} <= {event["event"] for event in events}


def test_a_plan_measures_nothing(run: Callable[..., Any], fake_vllm: Path, tmp_path: Path) -> None:
    ran = run(*flags(fake_vllm, tmp_path, "--plan"))
    assert ran.status == 0
    assert "1 length mixes" in ran.err
    assert "power is left out" in ran.err
    assert not (tmp_path / "state").exists()


def test_points_of_another_version_are_measured_anew_and_said(
    run: Callable[..., Any], fake_vllm: Path, tmp_path: Path
) -> None:
    words = flags(fake_vllm, tmp_path, "--json-log")
    first = run(*words)
    assert first.status == 0, first.err
    (kept,) = (tmp_path / "state").glob("*/closed-*.json")
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"of_another_version": 1}))
    assert "measured anew: 1 points that another version of tco kept" in run(*words[:-1], "--plan").err
    again = run(*words)
    assert again.status == 0, again.err
    assert '"event": "run"' in again.out


def test_nothing_but_a_model_and_a_gpu_need_be_said(run: Callable[..., Any]) -> None:
    ran = run("bench", LLAMA, "--gpu", "H200-SXM", "--no-power", "--plan")
    assert ran.status == 0, ran.err
    assert ran.err.startswith("6 length mixes")
    cut = run("bench", LLAMA, "--gpu", "H200-SXM", "--no-power", "--plan", "--quick", "--budget-minutes", "22")
    assert "left out for the budget: no mix of 512 in, 512 out" in cut.err


def test_nobody_at_the_url(run: Callable[..., Any], fake_vllm: Path, tmp_path: Path) -> None:
    ran = run(*flags(fake_vllm, tmp_path, "--gpus", "1", "--url", "http://127.0.0.1:9"))
    assert ran.status == 2
    assert "nothing answers at /v1/models" in ran.err


def test_terminated_it_leaves_no_process(fake_vllm: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tco.cli", *flags(fake_vllm, tmp_path, "--json-log", "--window-seconds", "2")]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for each in process.stdout:
        if json.loads(each)["event"] == "run":
            break
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=30) == 130
    marker = str(tmp_path).encode()
    alive = [entry for entry in Path("/proc").glob("[0-9]*/environ") if reads(entry, marker)]
    assert alive == []


def reads(entry: Path, marker: bytes) -> bool:
    """Whether a process was started from within the test's folder."""
    try:
        return marker in (entry.parent / "cmdline").read_bytes()
    except OSError:
        return False


def test_a_point_in_words() -> None:
    latency = Percentiles(100.0, 100.0, 100.0, 120.0, 140.0)
    point = PointResult(
        1024, 256, 64, None, 0.0, 3210.4, 12800.0, 12.5, 3000.0, latency, latency, latency, 0.984, 0.97, 0.99, 800, 0, 60.0,
        Energy(42000.0, 700.0, 1, "counter"), ("B-THROTTLE",),
    )  # fmt: skip
    said = line("point", {"mix": "1024x256", "kind": "closed", "point": point})
    assert "64 in flight: 3,210 tok/s, 700 W, p95 TTFT 120 ms, TPOT 120.0 ms, 98.4% inside  [B-THROTTLE]" in said


def test_what_json_cannot_say_is_null() -> None:
    assert plain({"a": float("nan"), "b": (1, Energy(float("nan"), 1.0, 1, "none"))}) == {
        "a": None,
        "b": [1, {"joules": None, "watts": 1.0, "gpus": 1, "source": "none", "gap_frac": None, "codes": []}],
    }


def test_bars_take_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    with Bars() as bars:
        bars("mix", {"mix": "16x16", "number": 1, "of": 2})
        bars("waiting", {"seconds": 1.0, "line": "loading"})
        bars("run", {"name": "closed-16x16-c2-r0", "seconds": 20.0})
        bars("tick", {"watts": 350.0})
        bars("tick", {"watts": None})
        bars("idle", {"state": "after", "seconds": 1.0})
        bars("written", {"points": 2, "path": "x.yaml", "warnings": ("B-SHORT: short.",)})
    said = capsys.readouterr().err
    assert "2 points written to x.yaml" in said
    assert "B-SHORT: short." in said
