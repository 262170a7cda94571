"""What measuring costs while 200 requests are in flight, and whether our tokens per second are those that vLLM's client prints."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from _timing import machine, report

HERE = Path(__file__).resolve()
FAKE = HERE.parents[1] / "tests" / "bench" / "fake_vllm.py"
NVML = HERE.parents[1] / "tests" / "fake_nvml" / "fake_nvml.c"
TINY = HERE.parents[1] / "tests" / "vllm" / "make_model.py"
VLLM = HERE.parents[1] / ".venv-vllm" / "bin"
IN_FLIGHT = 200
CPU_TARGET_MS = 50  # of each second: 5 % of one core
APART_TARGET_FRAC = 0.01
SCRIPT = {"ttft_s": 0.3, "tpot_s": 0.1, "knee": 10_000}
PORT = 8731


def bench(folder: Path) -> list[tuple[dict[str, float], float, float]]:
    """
    Run `tco bench` against the server; of each finished point its figures, and of its run the seconds and the processor
    seconds that `tco` itself took: search, progress and power, without the load client, which is another process.
    """
    environment = os.environ | {"LD_LIBRARY_PATH": str(folder), "HF_HUB_OFFLINE": "1"}
    words = [
        sys.executable, "-m", "tco.cli", "bench", "maker/tiny", "--url", f"http://127.0.0.1:{PORT}", "--gpus", "1",
        "--gpu", "H100-SXM", "--lengths", "64x32",
        "--concurrency", f"{IN_FLIGHT}:{IN_FLIGHT}", "--slo", "ttft=60s,tpot=10s", "--quick", "--window-seconds", "20", "--no-open-loop",
        "--cached-frac", "0", "--json-log", "--vllm", str(VLLM / "vllm"), "--tokenizer", str(folder / "tiny"),
        "--state", str(folder / "state"), "--output", str(folder / "profiles"),
    ]  # fmt: skip
    found = []
    loads: list[float] = []
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        began = used = 0.0
        threading.Thread(target=client_ms, args=(process.pid, loads), daemon=True).start()
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "run":
                began, used = time.monotonic(), cpu_s(process.pid)
            elif event["event"] == "point":
                raw = next((folder / "state").glob(f"*/raw/{event['name']}.json"))
                printed = json.loads(raw.read_text())["output_throughput"]
                ours = event["point"]["whole_run_output_tok_per_s"]
                found.append(({"ours": ours, "printed": printed}, time.monotonic() - began, cpu_s(process.pid) - used))
    if process.returncode:
        raise SystemExit(process.returncode)
    steady = loads[-15:-3]  # behind its start, before its summing up
    report("vllm bench serve, the same load: processor time in a second", steady, None)
    return found


def client_ms(pid: int, took: list[float]) -> None:
    """Processor time of the load client in each second of a run, until it ends. [ms]"""
    before: dict[int, float] = {}
    while Path(f"/proc/{pid}").exists():
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            try:
                now = cpu_s(int(child))
            except OSError:
                continue
            took += [(now - before[int(child)]) * 1000] if int(child) in before else []
            before[int(child)] = now
        time.sleep(1)


def cpu_s(pid: int) -> float:
    """Processor time of one process so far, its children apart. [s]"""
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    """The table; 2 where the real client is not there."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if not (VLLM / "vllm").exists() or compiler is None:
        print("left out: needs the environment of `make test-vllm`, and a C compiler")
        return 0
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        subprocess.run(
            [compiler, "-O1", "-shared", "-fPIC", "-o", folder / "libnvidia-ml.so.1", NVML, "-lm"], check=True
        )
        subprocess.run([VLLM / "python", TINY, folder / "tiny", "tiny"], check=True)
        script = os.environ | {"FAKE_VLLM": json.dumps(SCRIPT)}
        server = subprocess.Popen(
            [sys.executable, FAKE, "serve", "maker/tiny", "--port", str(PORT)], env=script, start_new_session=True
        )
        try:
            time.sleep(1)
            found = bench(folder)
        finally:
            os.killpg(server.pid, 9)
    busy = [used / took * 1000 for _, took, used in found]
    missed = report(f"tco and its sampler, {IN_FLIGHT} in flight: processor time in a second", busy, CPU_TARGET_MS)
    for figures, _, _ in found:
        apart = figures["ours"] / figures["printed"] - 1
        missed |= abs(apart) > APART_TARGET_FRAC
        print(
            f"whole run: {figures['ours']:.1f} tok/s; vllm bench serve prints {figures['printed']:.1f}; apart {apart:+.2%}, target 1 %"
        )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
