"""
MLPerf inference: the load generator's ``mlperf_log_summary.txt`` (nanoseconds), and ``result_summary.json`` of its endpoints since 6.1.

Server, Interactive and Offline performance runs that were VALID. Of the lengths only the answer's follows; the prompt's is asked for. What
was in flight is Little's law. The whole system counts, however many copies of the model it held.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tco.bench.sources.found import (
    PERCENTILES,
    Found,
    FoundPoint,
    Setup,
    json_of,
    nothing,
    number,
    percentiles_ms,
    whole,
)
from tco.inputs.hardware import Percentiles
from tco.units import MS_PER_S

NAME = "MLPerf"
_S_PER_NS = 1e-9
_MS_PER_NS = MS_PER_S * _S_PER_NS
_TITLE = "MLPerf Results Summary"
_LINE = re.compile(r"^\s*([^:\n]+?)\s*:\s*(\S.*?)\s*$", re.MULTILINE)
_SYSTEM = re.compile(
    r"(?:^|/)(?:results/)?([^/]+)/([^/]+)/(Server|Offline|Interactive)/performance(?:/run_\d+)?$", re.IGNORECASE
)
_LITTLE = "in flight by Little's law: mean time in the system times samples a second"


def recognises(path: Path, head: str) -> bool:
    """By the log's title, or the keys of the endpoints' summary."""
    return _TITLE in head or ('"n_samples_issued"' in head and '"duration_ns"' in head)


def read(path: Path) -> Found:
    """A valid performance run as one point."""
    return _from_json(path) if path.suffix == ".json" else _from_log(path)


def _from_log(path: Path) -> Found:
    told = dict(_LINE.findall(path.read_text(encoding="utf-8", errors="replace")))
    if told.get("Mode") != "PerformanceOnly":
        return nothing(path, f"a run of mode {told.get('Mode')}: no performance")
    if told.get("Result is") != "VALID":
        return nothing(path, f"MLPerf calls the run {told.get('Result is')}")
    tokens, samples = (
        number(told.get(f"Completed {of} per second") or told.get(f"{of.capitalize()} per second"))
        for of in ("tokens", "samples")
    )
    if not tokens or not samples:
        return nothing(path, "no tokens a second: the load generator was not told of tokens")
    offline, mean_ns = told.get("Scenario") == "Offline", number(told.get("Mean latency (ns)"))
    names = {p: f"{p}.00 percentile" for p in PERCENTILES}
    point = FoundPoint(
        where=path.name,
        output_tok_per_s=tokens,
        input_tok=None,
        output_tok=tokens / samples,
        concurrency=None if offline or mean_ns is None else mean_ns * _S_PER_NS * samples,
        ttft_ms=percentiles_ms(told, {p: [f"{n} first token latency (ns)"] for p, n in names.items()}, _MS_PER_NS),
        tpot_ms=percentiles_ms(told, {p: [f"{n} time to output token (ns)"] for p, n in names.items()}, _MS_PER_NS),
        request_rate=None if offline else number(told.get("Scheduled samples per second")),
        setup=_setup(path, "offline" if offline else ""),
        flags=("all samples were sent at once, offline",) if offline else (_LITTLE,),
    )
    return Found((point,), quality="C" if offline else "B")


def _from_json(path: Path) -> Found:
    run = json_of(path)
    tokens, samples = number(run.get("tps")), number(run.get("qps"))
    done, took_ns = number(run.get("n_samples_completed")), number(run.get("duration_ns"))
    if run.get("complete") is False or not tokens or not samples or not done or not took_ns:
        return nothing(path, "the run was not completed")
    load = (run.get("run_config") or {}).get("load_pattern") or {}
    asked, waited = number(load.get("target_concurrency")), number((run.get("latency") or {}).get("total"))
    failed = number(run.get("n_samples_failed")) or 0.0
    burst = load.get("type") in ("max_throughput", "offline")
    flags = [] if asked or burst else [_LITTLE]
    flags += [f"{failed:g} of {failed + done:g} samples failed"] if failed else []
    flags += (
        ["tokens a second are those of the load generator's own window, without the drain"]
        if run.get("legacy_loadgen_window_duration_ns")
        else []
    )
    point = FoundPoint(
        where=path.name,
        output_tok_per_s=tokens,
        input_tok=None,
        output_tok=number((run.get("output_sequence_lengths") or {}).get("avg")) or tokens / samples,
        concurrency=asked or (waited / took_ns if waited is not None and not burst else None),
        ttft_ms=_percentiles(run, "ttft"),
        tpot_ms=_percentiles(run, "tpot"),
        request_rate=None if asked else number(load.get("target_qps")),
        setup=_setup(path, ""),
        flags=tuple(flags),
    )
    return Found((point,), quality="C" if burst else "B")


def _percentiles(run: Mapping[str, Any], name: str) -> Percentiles:
    return percentiles_ms(
        (run.get(name) or {}).get("percentiles") or {}, {p: [f"{p}.0"] for p in PERCENTILES}, _MS_PER_NS
    )


def _setup(path: Path, variant: str) -> Setup:
    """System and model by the folders that every submission has; a log of one's own may lie anywhere."""
    found = _SYSTEM.search(path.parent.as_posix())
    if found is None:
        return Setup(variant=variant)
    system, model, _ = found.groups()
    count = re.match(r"(\d+)x", system) or re.search(r"x(\d+)(?:_|$)", system)
    return Setup(model=model, gpu=system, gpus=whole(count.group(1)) if count else None, variant=variant)
