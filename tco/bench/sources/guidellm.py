"""
GuideLLM reports of format 2 (0.8): ``benchmarks[]``, each with its strategy and distributions of what succeeded.

A rate is the ``mean`` of ``successful``: its ``total_sum`` and its ``median`` are no throughput. ``inter_token_latency_ms`` is the time per
token after the first; ``time_per_output_token_ms`` spreads the first token's wait over the answer and is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tco.bench.sources.found import (
    PERCENTILES,
    Dropped,
    Found,
    FoundPoint,
    Setup,
    json_of,
    number,
    percentiles_ms,
    text,
)
from tco.errors import Fault, SheetError
from tco.inputs.hardware import Percentiles

NAME = "GuideLLM"
FORMAT = 2
_OPEN = ("constant", "poisson")
_AT_ONCE = "throughput"


def recognises(path: Path, head: str) -> bool:
    """By the version that every report names."""
    return '"guidellm_version"' in head or ('"benchmarks"' in head and '"generative_benchmark"' in head)


def read(path: Path) -> Found:
    """
    Each benchmark of a report as a point.

    Raises
    ------
    SheetError
        When the report is of another format.
    """
    report = json_of(path)
    version = report.get("metadata", {}).get("version")
    if version != FORMAT:
        mend = f"make it again with GuideLLM 0.8, whose reports are of format {FORMAT}"
        raise SheetError(Fault(path.name, f"GuideLLM report of format {version}", mend))
    model = text(report.get("config", {}).get("spec", {}).get("backend", {}).get("model"))
    points, dropped, ends = [], [], []
    for place, run in enumerate(report.get("benchmarks") or [], 1):
        where = f"{path.name}, benchmark {place}"
        if not number(_good(run, "output_tokens_per_second").get("mean")):
            dropped.append(Dropped(where, "no request was completed"))
            continue
        points.append(_point(run, where, model))
        ends.append(number(run.get("end_time")) or 0.0)
    burst = any(run["config"]["strategy"].get("type_") == _AT_ONCE for run in report.get("benchmarks") or [])
    return Found(tuple(points), tuple(dropped), _day(max(ends, default=0.0)), "C" if burst else "")


def _point(run: Mapping[str, Any], where: str, model: str | None) -> FoundPoint:
    strategy = run["config"]["strategy"]
    kind, seen = strategy.get("type_"), number(_good(run, "request_concurrency").get("mean"))
    closed = {"concurrent": number(strategy.get("streams")), "synchronous": 1.0}.get(kind)
    return FoundPoint(
        where=where,
        output_tok_per_s=float(_good(run, "output_tokens_per_second")["mean"]),
        input_tok=number(_good(run, "prompt_token_count").get("mean")),
        output_tok=number(_good(run, "output_token_count").get("mean")),
        concurrency=closed or seen,
        ttft_ms=_latency(run, "time_to_first_token_ms"),
        tpot_ms=_latency(run, "inter_token_latency_ms"),
        request_rate=number(strategy.get("rate")) if kind in _OPEN else None,
        cached_frac=_cached_frac(run),
        setup=Setup(model=model or text(run["config"].get("backend", {}).get("model"))),
        flags=tuple(_flags(run, kind)),
    )


def _good(run: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The distribution of a metric over the requests that succeeded."""
    found = (run.get("metrics") or {}).get(name)
    good = found.get("successful") if isinstance(found, Mapping) else None
    return good if isinstance(good, Mapping) else {}


def _latency(run: Mapping[str, Any], name: str) -> Percentiles:
    return percentiles_ms(_good(run, name).get("percentiles") or {}, {p: [f"p{p}"] for p in PERCENTILES}, 1.0)


def _cached_frac(run: Mapping[str, Any]) -> float | None:
    """Cached over all prompt tokens of the requests in the report; None when it keeps none or does not count them."""
    inputs = [row.get("input_metrics") or {} for row in (run.get("requests") or {}).get("successful") or []]
    known = [(number(row.get("cached_tokens")), number(row.get("total_tokens"))) for row in inputs]
    counted = [(cached, every) for cached, every in known if cached is not None and every]
    if not counted:
        return None
    return sum(cached for cached, _ in counted) / sum(every for _, every in counted)


def _flags(run: Mapping[str, Any], kind: str | None) -> list[str]:
    made = (run.get("scheduler_metrics") or {}).get("requests_made") or {}
    lost = sum(number(made.get(name)) or 0.0 for name in ("errored", "incomplete"))
    flags = [f"{lost:g} of {number(made.get('total')) or 0:g} requests failed or were cut off"] if lost else []
    flags += [f"GuideLLM warns: {warning.get('message')}" for warning in run.get("warnings") or []]
    flags += ["in flight as GuideLLM counted it, on average"] if kind not in ("concurrent", "synchronous") else []
    flags += ["all requests were sent at once: a burst, and no steady load"] if kind == _AT_ONCE else []
    if _cached_frac(run) is None:
        flags.append("that no prompt was cached is assumed: the file does not say")
    return flags


def _day(unix_s: float) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M} UTC" if unix_s else ""
