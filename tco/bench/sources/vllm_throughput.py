"""
``vllm bench throughput`` and ``vllm bench latency``: the engine's offline scripts, a few totals and no lengths.

``tokens_per_second`` sums prompt and answer tokens and cannot be taken apart by itself: with one of the two lengths told, it can.
"""

from __future__ import annotations

from pathlib import Path

from tco.bench.sources.found import Found, FoundPoint, Setup, json_of, nothing, number, text

NAME = "vLLM bench throughput"


def recognises(path: Path, head: str) -> bool:
    """By the totals of the two offline scripts."""
    throughput = '"elapsed_time"' in head and '"tokens_per_second"' in head and '"total_num_tokens"' in head
    return throughput or ('"avg_latency"' in head and '"percentiles"' in head)


def read(path: Path) -> Found:
    """A point without latencies, whose answer tokens are told by ``--input-tok`` or ``--output-tok``."""
    row = json_of(path)
    if "avg_latency" in row:
        return nothing(path, "vllm bench latency says neither lengths nor tokens; run `vllm bench serve --save-result`")
    requests, total, took = (number(row.get(key)) for key in ("num_requests", "total_num_tokens", "elapsed_time"))
    if not requests or not total or not took:
        return nothing(path, "no request was completed")
    point = FoundPoint(
        where=path.name,
        output_tok_per_s=total / took,
        input_tok=None,
        output_tok=None,
        concurrency=None,
        both_tok=total / requests,
        setup=Setup(model=text(row.get("model_id")), engine="vllm", variant="offline"),
        flags=("the engine's offline script: no latencies, so no service level can be checked",),
    )
    return Found((point,), quality="C")
