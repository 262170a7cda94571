"""Offering load with `vllm bench serve`: its command, the run, and its result file as `Requests`."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tco.bench.processes import environment, guarded, last_lines, stop_group
from tco.bench.records import Requests
from tco.bench.summarise import Load
from tco.errors import Fault, MissingTool, TcoError

POLL_S = 0.2
CLOCK_SLACK_S = 5.0
"""How far a client's times may lie outside of its run before its clock is held for another than ours."""


@dataclass(frozen=True)
class Target:
    """The server to load, and the client that does it."""

    url: str
    model: str
    tokenizer: str
    client: tuple[str, ...]  # how to call vllm: a path, or an interpreter and a script
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Loaded:
    """One run: its requests from the first send on, and when that was on our monotonic clock. [s]"""

    requests: Requests
    zero_s: float
    file: Path
    command: tuple[str, ...]
    printed: Mapping[str, Any]  # the totals of the client's own result


def command(target: Target, load: Load, prompts: int, seed: int, prefix_tok: int, file: Path) -> list[str]:
    """The command line of one run; a closed loop has no rate, an open one no bound on what is in flight."""
    pace = (
        ["--max-concurrency", str(load.concurrency)]
        if load.request_rate is None
        else ["--request-rate", f"{load.request_rate:.6g}", "--burstiness", "1.0"]
    )
    return [
        *target.client, "bench", "serve", "--backend", "openai", "--base-url", target.url, "--endpoint", "/v1/completions",
        "--model", target.model, "--tokenizer", target.tokenizer, "--dataset-name", "random",
        "--random-input-len", str(load.input_tok - prefix_tok), "--random-prefix-len", str(prefix_tok),
        "--random-output-len", str(load.output_tok), "--random-range-ratio", "0", "--num-prompts", str(prompts),
        *pace, "--ignore-eos", "--temperature", "0", "--seed", str(seed),
        "--percentile-metrics", "ttft,tpot,itl,e2el", "--metric-percentiles", "50,90,95,99", "--disable-tqdm",
        "--save-result", "--save-detailed", "--result-dir", str(file.parent), "--result-filename", file.name, *target.extra,
    ]  # fmt: skip


def run(words: Sequence[str], file: Path, limit_s: float, waiting: Callable[[], None] = lambda: None) -> Loaded:
    """
    Run the client and read what it wrote. Whatever ends this call, no process of it is left.

    Parameters
    ----------
    limit_s : float
        After so long it is held for hung. [s]
    waiting : callable
        Called a few times a second; may raise, to end the run because the server died.

    Raises
    ------
    TcoError
        When the client fails, hangs or writes nothing; with its last lines.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    log = file.with_suffix(".log")
    began = time.monotonic()
    with log.open("wb") as out:
        process = _start(words, out)
        with guarded(process):
            try:
                while process.poll() is None:
                    waiting()
                    if time.monotonic() - began > limit_s:
                        raise TcoError(Fault("load client", f"still running after {limit_s:.0f} s", _tail(log)))
                    time.sleep(POLL_S)
            finally:
                stop_group(process)
    if process.returncode != 0 or not file.exists():
        time.sleep(POLL_S)
        waiting()  # a client that fails because its server died is the server's fault
        raise TcoError(Fault("load client", f"ended with status {process.returncode}", _tail(log)))
    data, requests, first_s, took_s = _result(file)
    ended = time.monotonic()
    zero = first_s if began - CLOCK_SLACK_S <= first_s <= ended else ended - took_s
    return Loaded(requests, zero, file, tuple(words), {k: v for k, v in data.items() if not isinstance(v, list)})


def _result(file: Path) -> tuple[dict[str, Any], Requests, float, float]:
    """What the client wrote, its requests, its time of the first send and how long it took; a broken file is one message. [s]"""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        return data, *parse(data), float(data["duration"])
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        mend = f"the disk may be full or the client not of a version that is known: see {file} and {file.with_suffix('.log').name} beside it"
        raise TcoError(Fault("load client's result", f"not whole ({type(error).__name__}: {error})", mend)) from error


def parse(data: Mapping[str, Any]) -> tuple[Requests, float]:
    """
    The requests of a detailed result, and the client's time of the first send. [s]

    A request that failed has an error text, or no answer. The end is the send plus its whole latency; older clients do not write that,
    so there it is the send, the time to the first token and every gap after it.

    Raises
    ------
    TcoError
        When the file lacks the detail.
    KeyError, TypeError, ValueError
        When it is not shaped as the client writes it.
    """
    missing = [key for key in ("start_times", "ttfts", "input_lens", "output_lens") if not data.get(key)]
    if missing:
        raise TcoError(
            Fault("load client's result", f"no {', '.join(missing)}", "run it with --save-detailed; no request ended")
        )
    if len({len(data[key]) for key in ("start_times", "ttfts", "input_lens", "output_lens")}) > 1:
        raise ValueError("its columns are of different lengths")
    start, ttft = np.array(data["start_times"], float), np.array(data["ttfts"], float)
    input_tok, output_tok = np.array(data["input_lens"], float), np.array(data["output_lens"], float)
    errors = data.get("errors") or [""] * len(start)
    ok = np.array([not error for error in errors]) & (output_tok > 0)
    latency = data.get("latencies") or []
    took = (
        np.array(latency, float)
        if len(latency) == len(start)
        else ttft + np.array([sum(gaps) for gaps in data.get("itls", [[]] * len(start))], float)
    )
    zero = float(start.min())
    return Requests(input_tok, output_tok, start - zero, ttft, start - zero + took, ok), zero


def _start(words: Sequence[str], out: Any) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            words,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            env=environment(),
        )
    except FileNotFoundError as missing:
        raise MissingTool(Fault("vllm", words[0], "not on this machine: pip install 'llm-tco[bench]'")) from missing


def _tail(log: Path) -> str:
    return f"its last lines:\n{last_lines(log)}"
