"""
`tco bench` with the real vLLM on a processor, random weights and a stand-in for the driver: `make test-vllm`.

Holds the schema, the token counts and the arithmetic of what comes out, resume, and that no process is left; never a speed.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tco.catalog.profiles import read_profile
from tco.inputs.hardware import ServingProfile

HERE = Path(__file__).resolve().parent
VLLM = HERE.parents[1] / ".venv-vllm" / "bin"
MIXES = {(256.0, 16.0), (128.0, 8.0), (32.0, 24.0)}
SERVER = "--load-format dummy --dtype bfloat16 --max-model-len 512 --max-num-seqs 8 --enforce-eager --block-size 32"
FLAGS = [
    "--as", "test/tiny", "--gpu", "H100-SXM", "--lengths", "256x16,128x8,32x24", "--slo", "ttft=60s,tpot=10s", "--quick",
    "--window-seconds", "2", "--concurrency", "2:2", "--cached-frac", "0.5", "--seed", "1", "--json-log", "--server-args", SERVER,
]  # fmt: skip

pytestmark = pytest.mark.vllm


class Box:
    """A model without weights, a driver without a GPU, and folders for what comes out."""

    def __init__(self, folder: Path, driver: Path) -> None:
        self.folder = folder
        self.environment = os.environ | {
            "LD_LIBRARY_PATH": str(driver), "FAKE_NVML_MILLIWATTS": "350000", "HF_HUB_OFFLINE": "1", "VLLM_CPU_KVCACHE_SPACE": "1",
            "OMP_NUM_THREADS": "1",
        }  # fmt: skip
        subprocess.run(
            [VLLM / "python", HERE / "make_model.py", folder / "tiny", "tiny"], check=True, env=self.environment
        )

    def command(self, *more: str) -> list[str]:
        words = [
            sys.executable,
            "-m",
            "tco.cli",
            "bench",
            str(self.folder / "tiny"),
            "--vllm",
            str(VLLM / "vllm"),
            *FLAGS,
        ]
        return [*words, "--state", str(self.folder / "state"), "--output", str(self.folder / "profiles"), *more]

    def bench(self, *more: str) -> tuple[int, list[dict[str, Any]], str]:
        done = subprocess.run(self.command(*more), env=self.environment, capture_output=True, text=True, timeout=400)
        return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    def interrupted(self) -> None:
        """The same, ended by Ctrl-C after its first point; nothing of it may live on."""
        with subprocess.Popen(self.command(), env=self.environment, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                if json.loads(line)["event"] == "point":
                    process.send_signal(signal.SIGINT)
                    break
            process.communicate(timeout=60)
        assert process.returncode == 130
        assert self.left_over() == []
        assert list((self.folder / "state").glob("*/closed-*-r0.json"))

    def left_over(self) -> list[str]:
        """Processes that still serve or load this model."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                except OSError:
                    continue
                found += [line] if str(self.folder) in line and "pytest" not in line else []
        return found


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory, fake_nvml: Path) -> Box:
    if not (VLLM / "vllm").exists():
        pytest.fail("no vLLM for tests here: make test-vllm makes its environment")
    return Box(tmp_path_factory.mktemp("vllm"), fake_nvml)


@pytest.fixture(scope="module")
def measured(box: Box) -> tuple[list[dict[str, Any]], ServingProfile]:
    box.interrupted()
    status, events, said = box.bench()
    assert status == 0, said
    path = Path(next(event for event in events if event["event"] == "written")["path"])
    profile, faults = read_profile(path, path.name)
    assert faults == []
    assert profile is not None
    return events, profile


def test_a_profile_comes_out_that_says_what_it_is(measured: tuple[list[dict[str, Any]], ServingProfile]) -> None:
    _, profile = measured
    assert profile.id.endswith("--bfloat16-measured-dummy-weights-fake-power-quick")
    assert profile.grade == "measured"
    assert profile.note == "dummy weights; power from a stand-in, a test; quick windows, no repeats"
    assert (profile.engine.name, profile.engine.version) == ("vllm", "0.32.0")
    assert {(p.input_tok, p.output_tok) for p in profile.points if p.request_rate is None} == MIXES
    assert profile.work is not None
    assert profile.work.mixes_count == 3
    told = {warning.partition(":")[0] for warning in profile.warnings}
    assert {"B-DUMMY", "B-FAKE", "B-QUICK", "B-LIMIT"} <= told
    for name in (
        "gpus",
        "driver",
        "engine_command",
        "client_command",
        "seed",
        "host",
        "command",
        "sha256",
        "began",
        "written",
    ):
        assert profile.provenance[name]
    assert "fake" in profile.provenance["driver"]


def test_the_server_counts_the_tokens_asked_for_and_the_sums_hold(
    box: Box, measured: tuple[list[dict[str, Any]], ServingProfile]
) -> None:
    events, _ = measured
    points = {event["name"]: event["point"] for event in events if event["event"] == "point"}
    assert sum(name.startswith("closed") for name in points) == 3
    for name, point in points.items():
        raw = next((box.folder / "state").glob(f"*/raw/{name}.json"))
        data = json.loads(raw.read_text())
        mix = name.split("-")[1]
        asked = [float(word) for word in mix.split("x")]
        assert [point["input_tok"], point["output_tok"]] == asked
        assert point["failed_count"] == data["failed"] == 0
        assert point["completed_count"] == data["completed"] == data["num_prompts"]
        assert data["total_output_tokens"] == asked[1] * data["num_prompts"]
        if point["request_rate"] is None:
            assert point["whole_run_output_tok_per_s"] == pytest.approx(data["output_throughput"], rel=0.05)
        # tokens and requests of one window: apart by no more than what was in flight at its edges
        edges = 2 * point["concurrency"] * asked[1] / point["window_s"]
        assert point["output_tok_per_s"] == pytest.approx(point["requests_per_s"] * asked[1], abs=edges)
        assert 0 < point["ttft_ms"]["p50"] <= point["ttft_ms"]["p99"] <= data["duration"] * 1000


def test_power_comes_through_the_real_bindings(measured: tuple[list[dict[str, Any]], ServingProfile]) -> None:
    events, profile = measured
    energies = [event["point"]["energy"] for event in events if event["event"] == "point"]
    assert all(energy["source"] == "counter" for energy in energies)
    assert all(energy["watts"] == pytest.approx(350, rel=0.05) for energy in energies)
    assert profile.idle is not None
    assert profile.idle.loaded_watts == pytest.approx(350, rel=0.05)


def test_prompts_of_a_warm_cache_are_found_there(measured: tuple[list[dict[str, Any]], ServingProfile]) -> None:
    events, _ = measured
    shares = {event["kind"]: event["point"]["cached_frac"] for event in events if event["event"] == "point"}
    # half the prompt is shared, and cached in whole blocks
    assert 0.2 < shares["cached"] <= 0.55
    assert shares["closed"] < 0.01


def test_the_same_command_measures_nothing_again(
    box: Box, measured: tuple[list[dict[str, Any]], ServingProfile]
) -> None:
    _, before = measured
    began = time.monotonic()
    status, events, said = box.bench()
    assert status == 0, said
    assert not [event for event in events if event["event"] in ("run", "starting")]
    assert time.monotonic() - began < 20
    after, _ = read_profile(Path(events[-1]["path"]), "again")
    assert after is not None
    assert after.points == before.points


def test_a_model_that_cannot_be_is_one_message(box: Box) -> None:
    status, _, said = box.bench("--server-args", f"{SERVER} --no-such-argument 1", "--state", str(box.folder / "other"))
    assert status == 2
    assert "mend --server-args" in said
    assert "no-such-argument" in said
    assert "Traceback (most recent call last)" not in said.split("last lines")[0]


def test_nothing_is_left_running(box: Box, measured: tuple[list[dict[str, Any]], ServingProfile]) -> None:
    assert box.left_over() == []
