"""NVML through its real bindings: each test is a process of its own, in front of a scripted stand-in for the driver."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

MEASURE = """
import json, sys, time
from tco.bench.energy import conditions as seen
from tco.bench.machine import provenance
from tco.bench.power import NoPower, NvmlMeter, open_meter, usable
gpus, seconds, period = json.loads(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
try:
    meter = NvmlMeter(gpus, period) if period else open_meter(gpus)
except NoPower as fault:
    print(json.dumps({"refused": fault.code, "says": str(fault)}))
    raise SystemExit
with meter:
    for attempt in range(5):  # a machine too busy to sample says so by a code, and gets another chance
        time.sleep(0.1)
        start = time.monotonic()
        time.sleep(seconds)
        end = time.monotonic()
        energy, conditions = meter.energy(start, end), seen(meter.trace(start), start, end)
        if meter.fault or not {"B-HOLE", "B-EDGE"} & set(energy.codes):
            break
    live, trace = meter.live(), meter.trace()
after = meter.energy(start, end)
print(json.dumps({
    "joules": energy.joules, "watts": energy.watts, "gpus": energy.gpus, "source": energy.source, "gap": energy.gap_frac,
    "codes": energy.codes, "usable": usable(energy), "seconds": end - start, "fault": meter.fault, "samples": len(trace),
    "after_joules": after.joules, "live_watts": live.watts, "live_c": live.temperature_c,
    "average_watts": trace.reading("average_watts")[-1].tolist(),
    "slowed": conditions.slowed_frac, "sm_mhz": conditions.sm_mean_mhz, "cap_watts": conditions.cap_watts,
    "each": conditions.watts_per_gpu, "machine": provenance(meter), "code": meter.code,
}))
"""
"""Samples a window and prints what it found."""
TIMING = 0.01
"""A short window on a busy machine is measured to this, as a share."""
Measure = Callable[..., dict[str, Any]]


@pytest.fixture
def measure(fake_nvml: Path) -> Measure:
    """What a window finds on GPUs that behave as scripted, ``measure(COUNTER="back")``; 33 samples a second unless ``paced``."""

    def run(gpus: object = None, seconds: float = 0.6, paced: bool = False, **script: object) -> dict[str, Any]:
        clean = {k: v for k, v in os.environ.items() if k not in ("LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")}
        told = {name if "_" in name else f"FAKE_NVML_{name}": str(value) for name, value in script.items()}
        path = {"LD_LIBRARY_PATH": str(fake_nvml)}
        command = [sys.executable, "-c", MEASURE, json.dumps(gpus), str(seconds), "0" if paced else "0.03"]
        done = subprocess.run(command, env=clean | path | told, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return run


def test_the_counter_leads_and_the_samples_agree(measure: Measure) -> None:
    found = measure(seconds=2, paced=True)
    # 350 W for two seconds and a little: 350 J a second
    assert found["joules"] == pytest.approx(350 * found["seconds"], rel=TIMING)
    assert found["watts"] == pytest.approx(350, rel=TIMING)
    assert (found["source"], found["usable"]) == ("counter", True)
    assert abs(found["gap"]) < TIMING
    assert found["codes"] == ["B-FAKE"]
    assert found["samples"] >= 20  # 2.1 s at ten a second
    assert (found["live_watts"], found["live_c"], found["average_watts"]) == (350, 60, [350])
    assert (found["sm_mhz"], found["cap_watts"], found["slowed"]) == (1755, 700, {})
    assert found["after_joules"] == pytest.approx(found["joules"], rel=1e-6)  # closed, the trace still answers


def test_swinging_power_is_followed_by_both(measure: Measure) -> None:
    # 40 % either way, once in two seconds: over the whole turn it cancels
    found = measure(seconds=2, paced=True, SWING=40)
    assert found["watts"] == pytest.approx(350, rel=0.01)
    assert abs(found["gap"]) < 0.01


def test_the_gpus_of_a_replica_are_summed(measure: Measure) -> None:
    found = measure(gpus=2, GPUS=4, MILLIWATTS="300000,500000,1,1")
    assert found["gpus"] == 2
    assert found["watts"] == pytest.approx(800, rel=TIMING)
    assert found["each"] == pytest.approx([300, 500], rel=TIMING)
    assert found["live_c"] == 61
    assert [gpu["uuid"][:12] for gpu in found["machine"]["gpus"]] == ["GPU-fa4e0000", "GPU-fa4e0001"]


def test_cuda_visible_devices_says_which(measure: Measure) -> None:
    watts = "100000,200000,300000,400000"
    assert measure(gpus=1, GPUS=4, MILLIWATTS=watts, CUDA_VISIBLE_DEVICES="2,0")["watts"] == pytest.approx(
        300, rel=1e-3
    )
    named = measure(GPUS=4, MILLIWATTS=watts, CUDA_VISIBLE_DEVICES="GPU-fa4e0003,GPU-fa4e0000,-1,1")
    assert named["watts"] == pytest.approx(500, rel=TIMING)
    told = measure(gpus=[1, "GPU-fa4e0002"], GPUS=4, MILLIWATTS=watts, CUDA_VISIBLE_DEVICES="0")
    assert told["watts"] == pytest.approx(500, rel=TIMING)


def test_without_a_counter_the_samples_are_summed(measure: Measure) -> None:
    found = measure(COUNTER="none", SWING=10)
    assert found["watts"] == pytest.approx(350, rel=0.15)
    assert (found["source"], found["gap"], found["usable"]) == ("polled", None, True)
    assert found["codes"] == ["B-FAKE", "B-NOCOUNTER"]


def test_a_counter_that_jumps_back_is_left_for_the_samples(measure: Measure) -> None:
    found = measure(seconds=1.5, COUNTER="back", AFTER=0.8)
    assert found["watts"] == pytest.approx(350, rel=TIMING)  # not 350 W less 5,000 J in half a second
    assert (found["source"], found["usable"]) == ("polled", True)
    assert "B-COUNTER" in found["codes"]


@pytest.mark.parametrize(("percent", "spoiled"), [(4, False), (-4, False), (8, True), (-8, True)])
def test_a_gap_of_over_five_percent_spoils_the_figure(measure: Measure, percent: int, spoiled: bool) -> None:
    found = measure(GAP=percent)
    assert found["gap"] == pytest.approx(percent / 100, abs=TIMING)
    assert ("B-GAP" in found["codes"], found["usable"]) == (spoiled, not spoiled)


def test_a_counter_that_stands_still_is_a_gap(measure: Measure) -> None:
    found = measure(COUNTER="stuck")
    assert (found["gap"], found["usable"]) == (-1, False)


def test_an_old_driver_has_only_the_running_average(measure: Measure) -> None:
    found = measure(FIELDS="none")
    assert found["watts"] == pytest.approx(350, rel=TIMING)
    assert found["machine"]["gpus"][0]["instruments"] == ["counter"]
    assert abs(found["gap"]) < TIMING


def test_a_counter_alone_stands_unchecked(measure: Measure) -> None:
    found = measure(POWER="none")
    assert found["watts"] == pytest.approx(350, rel=TIMING)
    assert (found["source"], found["gap"]) == ("counter", None)


def test_a_superchip_counts_its_module(measure: Measure) -> None:
    found = measure(NAME="NVIDIA GH200 480GB", MODULE=600000)
    assert found["watts"] == pytest.approx(600, rel=TIMING)
    assert abs(found["gap"]) < TIMING  # against the module's own power; against the GPU's 350 W it would be 71 %
    assert found["codes"] == ["B-FAKE", "B-SCOPE"]


def test_a_superchip_is_known_by_name(measure: Measure) -> None:
    assert "B-SCOPE" in measure(NAME="NVIDIA GH200 480GB")["codes"]
    assert "B-SCOPE" not in measure(NAME="NVIDIA H200")["codes"]


def test_a_gpu_that_slows_itself_is_told(measure: Measure) -> None:
    found = measure(SLOWED=0x44)  # software power cap and hardware thermal slowdown
    assert found["slowed"] == {"software power cap": 1, "hardware thermal slowdown": 1}
    assert "B-THROTTLE" in found["codes"]
    assert measure(SLOWED=0x03)["slowed"] == {}  # idle, and clocks that somebody set


def test_a_lost_gpu_leaves_no_figure(measure: Measure) -> None:
    found = measure(LOST=1, AFTER=0.3)
    assert found["fault"].startswith("GPU 0 (FAKE-GPU): GPU is lost")
    assert (found["source"], found["usable"]) == ("none", False)
    assert "B-LOST" in found["codes"]
    assert found["joules"] != found["joules"]  # NaN, never 0


def test_slices_are_refused(measure: Measure) -> None:
    found = measure(MIG=1, GPUS=2)
    assert found["refused"] == "B-MIG"
    assert found["says"].count("MIG is on; the driver tells the power of the whole card, never a slice's") == 2
    slice_named = measure(CUDA_VISIBLE_DEVICES="MIG-0a1b")
    assert (slice_named["refused"], "a slice's" in slice_named["says"]) == ("B-MIG", True)
    assert "refused" not in measure(MIG=0)


def test_no_driver_is_one_sentence(measure: Measure) -> None:
    for found in (measure(LD_LIBRARY_PATH=""), measure(DRIVER="missing")):
        assert found["refused"] == "B-POWER"
        assert "no NVIDIA driver on this machine" in found["says"]
        assert "--dcgm URL" in found["says"]
    assert "nvidia-smi" in measure(DRIVER="mismatch")["says"]


def test_gpus_that_are_not_there_are_told_all_at_once(measure: Measure) -> None:
    assert "4 asked for, 2 visible; ask for 1 to 2" in measure(gpus=4, GPUS=2)["says"]
    assert "1 asked for, 0 visible (CUDA_VISIBLE_DEVICES=)" in measure(gpus=1, CUDA_VISIBLE_DEVICES="")["says"]
    assert len(measure(gpus=[7, "GPU-nope"], GPUS=2)["says"].splitlines()) == 2
    assert "neither its power nor its energy" in measure(POWER="none", COUNTER="none")["says"]


def test_the_machine_is_told_without_its_name(measure: Measure) -> None:
    machine = measure(NAME="NVIDIA H200")["machine"]
    gpu = machine["gpus"][0]
    assert (machine["driver"], machine["cuda"], machine["nvml"]) == ("000.00-fake", "13.0", "13.000.00-fake")
    assert (gpu["name"], gpu["vbios"], gpu["cap_watts"], gpu["memory_bytes"]) == (
        "NVIDIA H200",
        "00.00.00.fake",
        700,
        80 << 30,
    )
    assert gpu["instruments"] == ["counter", "instant", "average"]
    assert machine["host"].keys() == {"cpu", "cores_count", "kernel", "python"}
    assert f'"{os.uname().nodename}"' not in json.dumps(machine)


def test_where_watts_cannot_be_had_they_may_be_left_out() -> None:
    script = (
        "from tco.bench.power import open_meter, usable\n"
        "meter = open_meter(2, or_none=True)\n"
        "with meter: energy = meter.energy(0, 1)\n"
        "print(meter.code, meter.gpus, energy.source, energy.codes, usable(energy), meter.live())"
    )
    clean = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}
    done = subprocess.run([sys.executable, "-c", script], env=clean, capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "B-POWER 2 none ('B-POWER',) False None"
