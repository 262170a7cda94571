"""`tco bench` as typed in front of a scripted driver: power is measured, refused with the reason, or left out where nobody could tell."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Typed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def typed(fake_nvml: Path, fake_vllm: Path) -> Typed:
    """``tco bench … --plan`` in a process of its own; ``typed("--gpus", "4", MIG=1)``."""

    def run(*flags: str, driver: bool = True, **script: object) -> subprocess.CompletedProcess[str]:
        clean = {k: v for k, v in os.environ.items() if k not in ("LD_LIBRARY_PATH", "CUDA_VISIBLE_DEVICES")}
        told = {f"FAKE_NVML_{name}": str(value) for name, value in ({"NAME": "NVIDIA H200"} | script).items()}
        path = {"LD_LIBRARY_PATH": str(fake_nvml)} if driver else {}
        words = [sys.executable, "-m", "tco.cli", "bench", "maker/paper", "--vllm", str(fake_vllm), "--plan", *flags]
        return subprocess.run(words, env=clean | path | told, capture_output=True, text=True, check=False)

    return run


def test_a_driver_that_answers_names_the_gpu_and_measures(typed: Typed) -> None:
    ran = typed()
    assert ran.returncode == 0, ran.stderr
    assert "6 length mixes" in ran.stderr
    assert "power is left out" not in ran.stderr


def test_slices_are_refused_with_the_reason_unless_power_is_left_out(typed: Typed) -> None:
    for named in ((), ("--gpu", "H200-SXM")):
        ran = typed(*named, MIG=1)
        assert ran.returncode == 2
        assert "GPU 0 (NVIDIA H200): MIG is on" in ran.stderr
        assert "--no-power" in ran.stderr
        assert "no GPU was seen" not in ran.stderr
    without = typed("--gpu", "H200-SXM", "--no-power", MIG=1)
    assert without.returncode == 0, without.stderr
    assert "power is left out" in without.stderr


def test_more_gpus_than_there_are_is_a_fault(typed: Typed) -> None:
    ran = typed("--gpus", "4", "--gpu", "H200-SXM")
    assert ran.returncode == 2
    assert "--gpus: 4 asked for, 1 visible" in ran.stderr


def test_a_driver_that_does_not_answer_is_refused(typed: Typed) -> None:
    ran = typed("--gpu", "H200-SXM", DRIVER="mismatch")
    assert ran.returncode == 2
    assert "the NVIDIA driver does not answer" in ran.stderr
    mute = typed("--gpu", "H200-SXM", POWER="none", COUNTER="none")
    assert (mute.returncode, "tells neither its power nor its energy" in mute.stderr) == (2, True)


def test_an_exporter_named_by_hand_is_never_left_out(typed: Typed) -> None:
    ran = typed("--gpu", "H200-SXM", "--dcgm", "http://127.0.0.1:9")
    assert ran.returncode == 2
    assert "http://127.0.0.1:9: no answer" in ran.stderr
    assert typed("--gpu", "H200-SXM", "--dcgm", "http://127.0.0.1:9", "--no-power").returncode == 0


@pytest.mark.parametrize("how", [{"driver": False}, {"DRIVER": "missing"}])
def test_without_a_driver_power_is_left_out_and_said(typed: Typed, how: dict[str, object]) -> None:
    named = typed("--gpu", "H200-SXM", **how)
    assert named.returncode == 0, named.stderr
    assert "power is left out (B-POWER power: no NVIDIA driver on this machine" in named.stderr
    unnamed = typed(**how)
    assert unnamed.returncode == 2
    assert "--gpu: power: no NVIDIA driver on this machine" in unnamed.stderr
    assert "say which GPU serves" in unnamed.stderr
