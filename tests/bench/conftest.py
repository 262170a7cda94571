"""A vllm made of paper: a command that serves and loads with scripted latencies, and a meter of constant power."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tco.bench.meter import NoMeter
from tco.bench.plan import Mix, Plan
from tco.bench.records import Energy
from tco.bench.settings import Settings
from tco.bench.summarise import Limits


class SteadyMeter(NoMeter):
    """350 W for ever; remembers whether it was let go."""

    closed = False

    def __init__(self) -> None:
        super().__init__(1)

    def energy(self, start_s: float, end_s: float) -> Energy:
        return Energy(350.0 * (end_s - start_s), 350.0, 1, "counter", 0.0)

    def facts(self) -> dict[str, Any]:
        return {"driver": "fake 1.0"}

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def fake_vllm(tmp_path: Path) -> Path:
    """An executable that calls the stand-in with this Python."""
    script = tmp_path / "bin" / "vllm"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).with_name("fake_vllm.py")}" "$@"\n')
    script.chmod(0o755)
    return script


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Tell the stand-in how to behave."""
    return lambda **script: monkeypatch.setenv("FAKE_VLLM", json.dumps(script))


@pytest.fixture
def settings(fake_vllm: Path, tmp_path: Path) -> Settings:
    """Two short mixes with windows of a second; the limits are met up to the planted knee of six."""
    plan = Plan(
        mixes=(Mix(16, 16), Mix(32, 8), Mix(8, 24)),
        window_s=1.0,
        repeats=1,
        neighbours=False,
        open_loop=False,
        first_concurrency=4,
        most_concurrency=16,
    )
    return Settings(
        model=f"maker/paper-{os.getpid()}",  # so that no other run's processes are taken for this one's
        known_as=f"maker/paper-{os.getpid()}",
        gpu="H100-SXM",
        gpus=1,
        limits=Limits(ttft_ms=1000.0, tpot_ms=24.0, percentile=95.0),
        plan=plan,
        state=tmp_path / "state",
        output=tmp_path / "profiles",
        vllm=str(fake_vllm),
        start_limit_s=20.0,
        idle_s=0.1,
    )
