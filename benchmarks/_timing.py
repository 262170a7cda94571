"""Time a thing several times, and say how it compares with its target."""

import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path


def timed_ms(work: Callable[[], object], repeats: int) -> list[float]:
    """How long each repeat took. [ms]"""
    took = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        took.append((time.perf_counter() - start) * 1000)
    return took


def process_ms(command: Sequence[str], repeats: int, extra: Mapping[str, str] | None = None) -> list[float]:
    """
    How long a command takes in a process of its own, from its start to its end. [ms]

    It runs once unmeasured, and may write bytecode whatever the shell says: what is timed is a person's second run.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= extra or {}

    def run() -> None:
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)

    run()
    return timed_ms(run, repeats)


def tco_command() -> list[str]:
    """The ``tco`` that belongs to this interpreter, as a person would type it."""
    script = shutil.which("tco", path=str(Path(sys.executable).parent))
    return [script] if script else [sys.executable, "-m", "tco.cli"]


def machine() -> str:
    """The machine in one line, for the head of a table."""
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        system = platform.platform(terse=True)
    return f"{date.today()} · {os.cpu_count()} cores · {system} · Python {platform.python_version()}"


def report(name: str, took_ms: list[float], target_ms: float | None) -> int:
    """Print median, 95th percentile and target; 1 when the median misses the target, else 0."""
    median = statistics.median(took_ms)
    slowest = statistics.quantiles(took_ms, n=20)[-1] if len(took_ms) > 1 else median
    missed = target_ms is not None and median > target_ms
    wanted = "" if target_ms is None else f"target {target_ms:7.0f} ms   {'TOO SLOW' if missed else 'ok'}"
    print(f"{name:<52} median {median:9.1f} ms   p95 {slowest:9.1f} ms   {wanted}".rstrip())
    return int(missed)
