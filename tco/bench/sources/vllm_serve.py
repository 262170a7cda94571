"""
``vllm bench serve --save-result`` (0.32, 0.33): one flat JSON object a run, several in one file with ``--append-result``, a folder of
``run=N.json`` and a ``summary.json`` from ``vllm bench sweep``.

Summary latencies are in milliseconds, arrays in seconds; ``date`` is the run's end in the client's local time; a TTFT starts at the
send, so a cap on concurrency hides waiting in the client.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tco.bench.sources.found import (
    PERCENTILES,
    Dropped,
    Found,
    FoundPoint,
    Setup,
    json_of,
    nothing,
    number,
    percentiles_ms,
    percentiles_of,
    text,
    whole,
)
from tco.inputs.hardware import Percentiles
from tco.units import MS_PER_S

NAME = "vLLM bench serve"
_ENGINES = ("vllm", "sglang", "tensorrt-llm", "tgi", "lmdeploy")
"""Backends whose name is an engine's; `openai` may be any server."""
_END_OF_NUMBERS = re.compile(rb"\]\s*\]")
_EMPTY = re.compile(rb"\[\s*\]")
_BURST = "all requests were sent at once: a burst, and no steady load"


def recognises(path: Path, head: str) -> bool:
    """By the keys that every result of ``vllm bench serve`` starts with."""
    return '"num_prompts"' in head and ('"endpoint_type"' in head or '"tokenizer_id"' in head)


def read(path: Path) -> Found:
    """Each run of a file as a point; warm-ups, failures and what a sweep tells twice are dropped."""
    if path.name == "warmup.json":
        return nothing(path, "the warm-up of a sweep")
    if path.name.endswith(".failure.json"):
        return nothing(path, "a run of the sweep that failed")
    if path.name == "summary.json" and any(run.name.count(".") == 1 for run in path.parent.glob("run=*.json")):
        return nothing(path, "the sweep's run=….json files beside it say the same")
    rows = json_of(path, without_numbers(path.read_bytes(), b"itls"))
    rows = [row for row in (rows if isinstance(rows, list) else [rows]) if isinstance(row, dict)]
    points, dropped = [], []
    for place, row in enumerate(rows, 1):
        where = path.name if len(rows) == 1 else f"{path.name}, run {place}"
        why = _unusable(row)
        if why is None:
            points.append(_point(row, where))
        else:
            dropped.append(Dropped(where, why))
    ends = sorted({day for row in rows if (day := text(row.get("date")))})
    burst = any(_BURST in point.flags for point in points)
    return Found(tuple(points), tuple(dropped), _day(ends[-1]) if ends else "", "C" if burst else "")


def _day(told: str) -> str:
    """
    The end of a run as people write it; the file names no zone.

    Examples
    --------
    >>> _day("20261120-171412")
    "2026-11-20 17:14 by the client's clock"
    """
    parts = re.fullmatch(r"(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)\d\d", told)
    return "{}-{}-{} {}:{} by the client's clock".format(*parts.groups()) if parts else told


def without_numbers(data: bytes, name: bytes) -> bytes:
    """
    JSON with every list of lists of numbers under a key made empty, without parsing them.

    The gaps between tokens are nine tenths of a detailed result, and nothing here reads them.

    Examples
    --------
    >>> without_numbers(b'{"itls": [[0.1, 0.2], [], [0.3]], "errors": []}', b"itls")
    b'{"itls": [], "errors": []}'
    """
    key, kept, at = re.compile(rb'(?<!\\)"' + name + rb'"\s*:\s*'), [], 0
    while found := key.search(data, at):
        start = found.end()
        if _EMPTY.match(data, start) or data[start : start + 1] != b"[":
            end = start
        else:
            last = _END_OF_NUMBERS.search(data, start)
            end = last.end() if last else start
        kept.append(data[at:start] + (b"[]" if end > start else b""))
        at = end
    return b"".join([*kept, data[at:]])


def _unusable(row: Mapping[str, Any]) -> str | None:
    """Why a run says nothing about serving at a steady load; None when it does."""
    if "total_input_sequences" in row or "input_sequence_throughput" in row:
        return "an embedding run: it writes no tokens"
    if not number(row.get("completed")) or not number(row.get("total_output_tokens")):
        return "no request was completed"
    if not number(row.get("duration")):
        return "no duration, so no throughput"
    if row.get("ramp_up_strategy"):
        return "the rate was ramped up while measuring: no steady load"
    return None


def _point(row: Mapping[str, Any], where: str) -> FoundPoint:
    completed, failed = float(row["completed"]), number(row.get("failed")) or 0.0
    detailed = _detailed(row)
    rate, cap = number(row.get("request_rate")), number(row.get("max_concurrency"))
    burst = rate is None and cap is None
    closed = min(cap, number(row.get("num_prompts")) or cap) if cap is not None and rate is None else None
    flags = ["that no prompt was cached is assumed: the file does not say"]
    flags += [_BURST] if burst else []
    flags += [f"{failed:g} of {completed + failed:g} requests failed"] if failed else []
    flags += ["in flight by Little's law: mean time in the system times requests a second"] if closed is None else []
    return FoundPoint(
        where=where,
        output_tok_per_s=float(row["total_output_tokens"]) / float(row["duration"]),
        input_tok=float(row["total_input_tokens"]) / completed,
        output_tok=float(row["total_output_tokens"]) / completed,
        concurrency=closed if closed is not None else _in_flight(row, detailed),
        ttft_ms=_latency(row, "ttft", detailed),
        tpot_ms=_latency(row, "tpot", detailed),
        request_rate=rate,
        setup=_setup(row),
        flags=tuple(flags),
    )


def _latency(row: Mapping[str, Any], name: str, detailed: Mapping[str, Percentiles | float]) -> Percentiles:
    """The percentiles of the summary; those it leaves out come from the requests, where they were saved."""
    keys = {p: [f"p{p}_{name}_ms", *([f"median_{name}_ms"] if p == 50 else [])] for p in PERCENTILES}
    told, counted = percentiles_ms(row, keys, 1.0), detailed.get(name)
    if not isinstance(counted, Percentiles):
        return told
    return Percentiles(**{**counted.model_dump(), **told.model_dump(exclude_none=True)})


def _detailed(row: Mapping[str, Any]) -> dict[str, Percentiles | float]:
    """What the arrays of a detailed result say (seconds) that its summary may leave out. [ms]"""
    arrays = [row.get(name) for name in ("ttfts", "latencies", "output_lens")]
    if not all(isinstance(values, list) and values for values in arrays):
        known = row.get("latencies")
        return {"e2e": float(np.mean(known)) * MS_PER_S} if isinstance(known, list) and known else {}
    ttft, e2e, output = (np.array(values, dtype=float) for values in arrays)
    if not len(ttft) == len(e2e) == len(output):
        return {}
    errors = row.get("errors") or []
    good = np.array([not error for error in errors]) if len(errors) == len(ttft) else output > 0
    many = good & (output > 1)
    gaps = (e2e - ttft)[many] / (output - 1)[many]
    return {
        "ttft": percentiles_of(ttft[good] * MS_PER_S),
        "tpot": percentiles_of(gaps * MS_PER_S),
        "e2e": float(e2e[good].mean()) * MS_PER_S if good.any() else 0.0,
    }


def _in_flight(row: Mapping[str, Any], detailed: Mapping[str, Percentiles | float]) -> float | None:
    """Little's law over the run; None when the file has no time of a whole request."""
    mean = number(row.get("mean_e2el_ms")) or detailed.get("e2e")
    if not isinstance(mean, float) or not mean:
        return None
    return mean / MS_PER_S * float(row["completed"]) / float(row["duration"])


def _setup(row: Mapping[str, Any]) -> Setup:
    """What the run says of its server: the model's name, and what a sweep or ``--metadata`` wrote beside it."""
    backend = text(row.get("backend"))
    parallel = whole(row.get("tensor_parallel_size"))
    return Setup(
        model=text(row.get("model_id")),
        gpu=text(row.get("gpu")),
        gpus=whole(row.get("gpus")) or parallel,
        engine=text(row.get("engine")) or (backend if backend in _ENGINES else None),
        engine_version=text(row.get("engine_version")) or text(row.get("vllm_version")),
        dtype=text(row.get("quantization")) or text(row.get("dtype")),
        tensor_parallel=parallel,
    )
