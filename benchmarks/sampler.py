"""What sampling power costs the machine that serves: processor time for each second of it, against a stand-in for the driver."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from _timing import machine, report, timed_ms

SECONDS = 8
CPU_TARGET_MS = 10  # for each second: 1 % of one core
WINDOW_TARGET_MS = 250
SOURCE = Path(__file__).resolve().parents[1] / "tests" / "fake_nvml" / "fake_nvml.c"


def sampling_ms(gpus: int) -> list[float]:
    """Processor time that the process took in each second of sampling. [ms]"""
    from tco.bench.power import NvmlMeter

    took = []
    with NvmlMeter(gpus) as meter:
        time.sleep(1)
        for _ in range(SECONDS):
            before, start = time.process_time(), time.monotonic()
            time.sleep(1)
            took.append((time.process_time() - before) / (time.monotonic() - start) * 1000)
        rate = len(meter.trace()) / (SECONDS + 1)
    print(f"{'samples a second':<52} {rate:16.1f}")
    return took


def window_ms(gpus: int) -> list[float]:
    """The energy of one minute out of an hour's trace. [ms]"""
    from tco.bench.energy import over
    from tco.bench.trace import READINGS, GpuId, Trace

    at_s = np.arange(0, 3600, 0.1)
    values = np.full((len(at_s), gpus, len(READINGS)), 300.0)
    values[:, :, READINGS.index("counter_joules")] = (300 * at_s)[:, None]
    trace = Trace(at_s, values, tuple(GpuId("FAKE-GPU", str(n)) for n in range(gpus)), "nvml", 0.0)
    return timed_ms(lambda: over(trace, 1800, 1860), 20)


def rows() -> int:
    """The table, in a process that finds the stand-in."""
    print(machine())
    missed = 0
    for gpus in (1, 8):
        missed |= report(f"sampler, {gpus} GPUs: processor time in a second", sampling_ms(gpus), CPU_TARGET_MS)
    return missed | report("a minute's energy out of an hour's trace, 8 GPUs", window_ms(8), WINDOW_TARGET_MS)


def main() -> int:
    """Build the stand-in, then measure in a process whose loader finds it."""
    if "FAKE_NVML_GPUS" in os.environ:
        return rows()
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        print("no C compiler here: the sampler is not timed (Debian: apt-get install gcc libc6-dev)")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / "libnvidia-ml.so.1"
        subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-lm"], check=True)
        scripted = {**os.environ, "LD_LIBRARY_PATH": folder, "FAKE_NVML_GPUS": "8"}
        scripted.pop("CUDA_VISIBLE_DEVICES", None)
        return subprocess.run([sys.executable, __file__], env=scripted, check=False).returncode


if __name__ == "__main__":
    raise SystemExit(main())
