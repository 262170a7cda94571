"""
AIPerf (0.13, schema 1.4): ``profile_export_aiperf.json``, the requests in ``profile_export.jsonl``, and files that only go with them.

AIPerf counts tokens with the client's tokenizer. Where the server reported its usage, that is taken: tokens over
``benchmark_duration``, and the time per token after the first over the server's count. The ratio of both counts is told. Warm-up rows are no
measurement. Energy is MJ in telemetry and mJ a token in the summary; power is W. Telemetry watches every GPU of the node, not only those that
served: how many did is asked for where there are several.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tco.bench.sources.found import (
    PERCENTILES,
    SAME_FRAC,
    Dropped,
    Found,
    FoundPoint,
    Setup,
    joules_in,
    json_of,
    ms_in,
    nothing,
    number,
    percentiles_of,
    scaled,
    text,
    watts_in,
)
from tco.errors import Fault, SheetError
from tco.inputs.hardware import Percentiles

NAME = "AIPerf"
SUMMARY, REQUESTS, PHASES = "profile_export_aiperf.json", "profile_export.jsonl", "phase_manifest.json"
MEASURED = "profiling"
_NS = 1e-9
Metrics = Mapping[str, Any]


def recognises(path: Path, head: str) -> bool:
    """By the keys of each kind of file in an artifact folder."""
    kinds = ('"aiperf_version"', '"benchmark_phase"', '"timeslices"', '"phase_kind"')
    return any(word in head for word in kinds)


def read(path: Path) -> Found:
    """A run as a point, from its summary and the requests beside it, or from the requests alone."""
    if "phases" in path.parts[-3:-1]:
        return nothing(path, "one phase of a run that the summary tells whole; a warm-up is no measurement")
    if path.suffix == ".jsonl":
        beside = _beside(path, SUMMARY)
        return (
            nothing(path, f"its run is told by {SUMMARY} beside it, and these requests are read with that")
            if beside.exists()
            else _from_requests(path)
        )
    run = json_of(path)
    if not isinstance(run, Mapping) or "aiperf_version" not in run:
        return nothing(path, f"goes with {SUMMARY} and holds no run of its own")
    return _from_summary(path, run)


def _beside(path: Path, name: str) -> Path:
    """Another file of the same run: in its folder, and behind the same prefix where somebody gave them one."""
    for own in (SUMMARY, REQUESTS, PHASES):
        if path.name.endswith(own):
            return path.with_name(path.name.removesuffix(own) + name)
    return path.with_name(name)


def _from_summary(path: Path, run: Mapping[str, Any]) -> Found:
    usage, counted = (
        _sum(run, "total_usage_completion_tokens"),
        _sum(run, "total_output_tokens") or _sum(run, "total_osl"),
    )
    took, requests = _avg(run, "benchmark_duration"), _avg(run, "request_count")
    tokens = usage or counted
    if not tokens or not took or not requests:
        return nothing(path, "no request was completed")
    asked, prompts = _phase(run), _sum(run, "total_usage_prompt_tokens") if usage else _sum(run, "total_isl")
    rate = number(asked.get("rate")) or number(asked.get("request_rate"))
    rows = list(_measured(_beside(path, REQUESTS))) if _beside(path, REQUESTS).exists() else []
    point = FoundPoint(
        where=path.name,
        output_tok_per_s=tokens / took,
        input_tok=prompts / requests if prompts else None,
        output_tok=tokens / requests,
        concurrency=_avg(run, "effective_concurrency") if rate else number(asked.get("concurrency")),
        ttft_ms=_latency(run, "time_to_first_token"),
        tpot_ms=_tpot(run, rows, usage, counted, requests),
        request_rate=rate,
        cached_frac=_cached(run, prompts),
        watts=_watts(run, took),
        watched_gpus=len({gpu.get("gpu_uuid") for gpu in _gpus(run)}) or None,
        setup=_setup(run),
        flags=tuple(_flags(run, usage, counted)),
    )
    return Found((point,), _warm_ups(path), _ended(path, run))


def _tpot(
    run: Mapping[str, Any], rows: list[Metrics], usage: float | None, counted: float | None, requests: float
) -> Percentiles:
    """Time per token after the first by the server's count: from the requests, else the summary's times the ratio of counts."""
    if usage and (known := _gaps_ms(rows)):
        return percentiles_of(known)
    told = _latency(run, "inter_token_latency")
    if not usage or not counted or usage <= requests or counted <= requests:
        return told
    return scaled(told, (counted - requests) / (usage - requests))


def _gaps_ms(rows: Iterable[Metrics]) -> list[float]:
    known = []
    for row in rows:
        total, first, tokens = (
            _of(row, name) for name in ("request_latency", "time_to_first_token", "usage_completion_tokens")
        )
        if total is not None and first is not None and tokens is not None and tokens > 1:
            known.append((total - first) / (tokens - 1))
    return known


def _from_requests(path: Path) -> Found:
    """The requests alone: the window runs from the first send to the last answer."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    kept = [line for line in lines if line["metadata"].get("benchmark_phase") == MEASURED]
    warm = (Dropped(path.name, f"{len(lines) - len(kept)} warm-up requests"),) if len(lines) > len(kept) else ()
    rows: list[Metrics] = [line["metrics"] for line in kept]
    by_server = bool(rows) and all("usage_completion_tokens" in row for row in rows)
    output, prompt = (
        ("usage_completion_tokens", "usage_prompt_tokens")
        if by_server
        else ("output_sequence_length", "input_sequence_length")
    )
    tokens = sum(_of(row, output) or 0.0 for row in rows)
    if not tokens:
        return Found(dropped=(*warm, Dropped(path.name, "no request was completed")))
    starts, ends = ([line["metadata"][f"request_{edge}_ns"] * _NS for line in kept] for edge in ("start", "end"))
    took = max(ends) - min(starts)
    gaps = _gaps_ms(rows) if by_server else [ms for row in rows if (ms := _of(row, "inter_token_latency")) is not None]
    asked = sum(_of(row, prompt) or 0.0 for row in rows)
    cached = [n for row in rows if (n := _of(row, "usage_prompt_cache_read_tokens")) is not None]
    counted = sum(_of(row, "output_sequence_length") or 0.0 for row in rows)
    point = FoundPoint(
        where=path.name,
        output_tok_per_s=tokens / took,
        input_tok=asked / len(rows) if asked else None,
        output_tok=tokens / len(rows),
        concurrency=sum(end - start for start, end in zip(starts, ends, strict=True)) / took,
        ttft_ms=percentiles_of([ms for row in rows if (ms := _of(row, "time_to_first_token")) is not None]),
        tpot_ms=percentiles_of(gaps),
        cached_frac=sum(cached) / asked if cached and asked else None,
        flags=(
            *_counts(tokens if by_server else None, counted),
            "in flight by Little's law, from the requests' own times",
        ),
    )
    return Found((point,), warm, _utc(max(ends)))


def _measured(path: Path) -> Iterable[Metrics]:
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line) if line.strip() else {}
        if row.get("metadata", {}).get("benchmark_phase") == MEASURED:
            yield row["metrics"]


def _of(row: Metrics, name: str) -> float | None:
    """One request's metric, times in milliseconds."""
    item = row.get(name) or {}
    value = number(item.get("value"))
    return None if value is None else value * (ms_in(str(item.get("unit"))) or 1.0)


def _avg(run: Mapping[str, Any], name: str) -> float | None:
    item = run.get(name)
    return number(item.get("avg")) if isinstance(item, Mapping) else None


def _sum(run: Mapping[str, Any], name: str) -> float | None:
    """A total: scalars keep it in ``avg``."""
    return _avg(run, name)


def _latency(run: Mapping[str, Any], name: str) -> Percentiles:
    item = run.get(name)
    if not isinstance(item, Mapping):
        return Percentiles()
    to_ms = ms_in(str(item.get("unit")))
    if to_ms is None:
        raise SheetError(Fault(name, f"in {item.get('unit')!r}", "a latency is in ms, s, us or ns"))
    known = {f"p{p}": number(item.get(f"p{p}")) for p in PERCENTILES}
    return scaled(Percentiles(**known), to_ms)


def _phase(run: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the measured phase was asked to offer."""
    phases = (run.get("input_config") or {}).get("phases") or []
    return next((phase for phase in phases if phase.get("kind") == MEASURED), {})


def _cached(run: Mapping[str, Any], prompts: float | None) -> float | None:
    read = _sum(run, "total_usage_prompt_cache_read_tokens")
    return read / prompts if read is not None and prompts else None


def _watts(run: Mapping[str, Any], took_s: float) -> float | None:
    """Mean draw of all GPUs: total power, else total energy over the run, else the GPUs' own telemetry."""
    for maker in ("nvidia", "amd"):
        for name, unit in ((f"{maker}_total_gpu_power", watts_in), (f"{maker}_total_gpu_energy", joules_in)):
            item, value = run.get(name), _avg(run, name)
            factor = unit(str(item.get("unit"))) if isinstance(item, Mapping) else None
            if value is not None and factor is not None:
                return value * factor / (took_s if unit is joules_in else 1.0)
    drawn = [_telemetry_watts(gpu.get("metrics") or {}) for gpu in _gpus(run)]
    return sum(w for w in drawn if w is not None) if drawn and None not in drawn else None


def _telemetry_watts(metrics: Mapping[str, Any]) -> float | None:
    for name in ("nvidia_power_usage", "amd_power_usage", "gpu_power_usage"):
        value, factor = _avg(metrics, name), watts_in(str((metrics.get(name) or {}).get("unit")))
        if value is not None and factor is not None:
            return value * factor
    return None


def _gpus(run: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    ends = ((run.get("telemetry_data") or {}).get("endpoints") or {}).values()
    return [gpu for end in ends for gpu in (end.get("gpus") or {}).values()]


def _setup(run: Mapping[str, Any]) -> Setup:
    models = ((run.get("input_config") or {}).get("models") or {}).get("items") or [{}]
    names = {text(gpu.get("gpu_name")) for gpu in _gpus(run)}
    return Setup(
        model=text(models[0].get("name")),
        gpu=names.pop() if len(names) == 1 else None,
    )


def _flags(run: Mapping[str, Any], usage: float | None, counted: float | None) -> list[str]:
    flags = list(_counts(usage, counted))
    failed = _avg(run, "error_request_count") or 0.0
    flags += [f"{failed:g} requests failed"] if failed else []
    stopped = run.get("was_cancelled") or run.get("is_complete") is False
    flags += [f"the run did not end by itself ({run.get('incomplete_reason') or 'cancelled'})"] if stopped else []
    if _sum(run, "total_usage_prompt_cache_read_tokens") is None:
        flags.append("that no prompt was cached is assumed: the file does not say")
    return flags


def _counts(usage: float | None, counted: float | None) -> tuple[str, ...]:
    """How the two counts of answer tokens compare."""
    if not usage:
        return ("answer tokens are counted with the client's tokenizer: the server reported none",)
    if not counted or abs(counted / usage - 1) <= SAME_FRAC:
        return ()
    return (
        f"the client's tokenizer counts {counted / usage:.2f} times the answer tokens that the server reports; the server's are taken",
    )


def _warm_ups(path: Path) -> tuple[Dropped, ...]:
    warm = _beside(path, REQUESTS)
    if not warm.exists():
        return ()
    count = sum(
        1
        for line in warm.read_text(encoding="utf-8").splitlines()
        if '"benchmark_phase":"warmup"' in line.replace(" ", "")
    )
    return (Dropped(REQUESTS, f"{count} warm-up requests"),) if count else ()


def _ended(path: Path, run: Mapping[str, Any]) -> str:
    """The measured phase's end by the manifest's clock, else the summary's own, which names no zone."""
    manifest = _beside(path, PHASES)
    if manifest.exists():
        ends = [phase["end_ns"] for phase in json_of(manifest)["phases"] if phase.get("phase_kind") == MEASURED]
        if ends:
            return _utc(max(ends) * _NS)
    return text(run.get("end_time")) or ""


def _utc(unix_s: float) -> str:
    return f"{datetime.fromtimestamp(unix_s, UTC):%Y-%m-%d %H:%M} UTC"
