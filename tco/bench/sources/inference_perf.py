"""
inference-perf: ``stage_N_lifecycle_metrics.json``, one load a stage, in seconds.

An open loop whose arrivals are the rate that was achieved, or a closed one where ``load_summary`` has a ``concurrency``. The summary over all
stages mixes loads and is no point. Builds that time each streamed chunk twice report half the time per token; the requests' own times say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tco.bench.sources.found import Found, FoundPoint, Setup, json_of, nothing, number, percentiles_ms, scaled
from tco.inputs.hardware import Percentiles
from tco.units import MS_PER_S

NAME = "inference-perf"
_NAMES = {50: ["median", "p50"], 90: ["p90"], 95: ["p95"], 99: ["p99"]}
_AGREE_FRAC = 0.25
"""Time per token may differ from the requests' own mean by so much, for answers of unlike lengths."""
_LAG_FRAC = 0.01
"""Of the time to the first token (of the whole request, where that is unknown), what a client may lag behind its schedule."""


def recognises(path: Path, head: str) -> bool:
    """By the load summary that every stage starts with, or by the names of what lies beside it."""
    return (
        '"load_summary"' in head
        or path.name.endswith("_prometheus_metrics.json")
        or path.name == "per_request_lifecycle_metrics.json"
    )


def read(path: Path) -> Found:
    """A stage as a point."""
    if not path.name.endswith("lifecycle_metrics.json") or path.name.startswith("per_request"):
        return nothing(path, "goes with the stages and holds no load of its own")
    if path.name.startswith("summary_"):
        return nothing(path, "all stages in one, whatever their load; give stage_…_lifecycle_metrics.json")
    stage = json_of(path)
    good, load = stage.get("successes") or {}, stage.get("load_summary") or {}
    speed = good.get("throughput") or {}
    tokens, requests = number(speed.get("output_tokens_per_sec")), number(speed.get("requests_per_sec"))
    if not tokens or not requests:
        return nothing(path, "no request was completed")
    latency = good.get("latency") or {}
    mean_s = _mean(latency, "request_latency")
    asked = number(load.get("concurrency"))
    tpot, doubts = _tpot(latency, good)
    return Found(
        (
            FoundPoint(
                where=path.name,
                output_tok_per_s=tokens,
                input_tok=_length(good, "prompt"),
                output_tok=_length(good, "output"),
                concurrency=asked or (mean_s * requests if mean_s else None),
                ttft_ms=_latency(latency, "time_to_first_token"),
                tpot_ms=tpot,
                request_rate=None if asked else number(load.get("achieved_rate")) or number(load.get("requested_rate")),
                cached_frac=_cached(good),
                setup=Setup(),
                flags=(*doubts, *_flags(stage, asked)),
            ),
        )
    )


def _mean(latency: Mapping[str, Any], name: str) -> float | None:
    return number((latency.get(name) or {}).get("mean"))


def _length(good: Mapping[str, Any], side: str) -> float | None:
    """Mean tokens of a request; newer builds keep them under ``…_tokens.total``."""
    newer = (good.get(f"{side}_tokens") or {}).get("total")
    return number((good.get(f"{side}_len") or {}).get("mean")) or (
        number(newer.get("mean")) if isinstance(newer, Mapping) else None
    )


def _cached(good: Mapping[str, Any]) -> float | None:
    tokens = good.get("prompt_tokens") or {}
    cached, every = (
        number((tokens.get(name) or {}).get("mean")) if isinstance(tokens.get(name), Mapping) else None
        for name in ("cached", "total")
    )
    return cached / every if cached is not None and every else None


def _latency(latency: Mapping[str, Any], name: str) -> Percentiles:
    return percentiles_ms(latency.get(name) or {}, _NAMES, MS_PER_S)


def _tpot(latency: Mapping[str, Any], good: Mapping[str, Any]) -> tuple[Percentiles, tuple[str, ...]]:
    """The time per token after the first, put right where the requests' own times contradict it."""
    told, mean = _latency(latency, "time_per_output_token"), _mean(latency, "time_per_output_token")
    whole, first, tokens = (
        _mean(latency, "request_latency"),
        _mean(latency, "time_to_first_token"),
        _length(good, "output"),
    )
    if mean is None or not mean or whole is None or first is None or tokens is None or tokens <= 1:
        return told, ()
    ratio = (whole - first) / (tokens - 1) / mean
    if abs(ratio - 1) <= _AGREE_FRAC:
        return told, ()
    why = (
        f"the file's time per token is {1 / ratio:.2f} of what its own request times say, as when each streamed chunk is timed "
        f"more than once; it is put right by {ratio:.2f}"
    )
    return scaled(told, ratio), (why,)


def _flags(stage: Mapping[str, Any], asked: float | None) -> list[str]:
    good = stage["successes"]
    failed = number((stage.get("failures") or {}).get("count")) or 0.0
    flags = [] if asked else ["in flight by Little's law: mean time in the system times requests a second"]
    flags += [f"{failed:g} of {failed + (number(good.get('count')) or 0):g} requests failed"] if failed else []
    latency = good.get("latency") or {}
    first, whole = (
        number((latency.get(name) or {}).get("median")) for name in ("time_to_first_token", "request_latency")
    )
    lag, wait = number(((stage.get("load_summary") or {}).get("schedule_delay") or {}).get("median")), first or whole
    flags += [] if first else ["answers were not streamed: no time to the first token, none per token"]
    if wait and lag and lag > _LAG_FRAC * wait:
        flags.append(f"the client lagged {lag * MS_PER_S:.0f} ms behind its own schedule: more was asked than was sent")
    if _cached(good) is None:
        flags.append("that no prompt was cached is assumed: the file does not say")
    return flags
