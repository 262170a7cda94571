"""
InferenceX (InferenceMAX) ``agg_*.json``: one row a run, closed loop, per GPU and in seconds.

Lengths are the nominal ones; rows name GPU, image, model, precision and parallelism. Speculative decoding, separate prefill and several
nodes answer another question and are dropped. Power is taken only from power schema 2 and where the row calls it valid.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
    whole,
)
from tco.inputs.hardware import Percentiles
from tco.units import MS_PER_S

NAME = "InferenceX"
POWER_SCHEMA = 2
_VERSION = re.compile(r"(?:^|[-_v])v?(\d+\.\d+(?:\.\d+)*(?:[._-]?(?:rc|post|dev)\d+)*)")
_ENGINES = {"trt": "trtllm", "tensorrt-llm": "trtllm"}
_SHORTER_FRAC = 0.05


def recognises(path: Path, head: str) -> bool:
    """By the keys of its rows."""
    return '"output_tput_per_gpu"' in head and '"hw"' in head


def read(path: Path) -> Found:
    """Each row as a point of its own configuration."""
    data = json_of(path)
    rows = [row for row in (data if isinstance(data, list) else [data]) if isinstance(row, Mapping)]
    points, dropped = [], []
    for place, row in enumerate(rows, 1):
        where = path.name if len(rows) == 1 else f"{path.name}, row {place}"
        why = _unusable(row)
        if why is None:
            points.append(_point(row, where))
        else:
            dropped.append(Dropped(where, why))
    return Found(tuple(points), tuple(dropped))


def _unusable(row: Mapping[str, Any]) -> str | None:
    if not number(row.get("output_tput_per_gpu")) or not whole(row.get("tp")):
        return "no throughput, or no number of GPUs"
    if row.get("spec_decoding") not in (None, "", "none"):
        return f"speculative decoding ({row['spec_decoding']}): answers another question"
    if _true(row.get("disagg")):
        return "prefill and decode on GPUs of their own: answers another question"
    if _true(row.get("is_multinode")):
        return "over several servers: answers another question"
    return None


def _point(row: Mapping[str, Any], where: str) -> FoundPoint:
    gpus = whole(row["tp"]) or 1
    ep, dpa = whole(row.get("ep")) or 1, _true(row.get("dp_attention"))
    variant = "-".join([*([f"ep{ep}"] if ep > 1 else []), *([f"dpa{gpus}"] if dpa else [])])
    engine = text(row.get("framework"))
    return FoundPoint(
        where=where,
        output_tok_per_s=float(row["output_tput_per_gpu"]) * gpus,
        input_tok=number(row.get("isl")),
        output_tok=number(row.get("osl")),
        concurrency=number(row.get("conc")),
        ttft_ms=_latency(row, "ttft"),
        tpot_ms=_latency(row, "tpot"),
        watts=_watts(row, gpus),
        setup=Setup(
            model=text(row.get("model")),
            gpu=text(row.get("hw")),
            gpus=gpus,
            engine=_ENGINES.get(engine or "", engine),
            engine_version=_version(text(row.get("image"))),
            dtype=_dtype(row),
            tensor_parallel=gpus,
            variant=variant,
        ),
        flags=tuple(_flags(row)),
    )


def _true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"


def _latency(row: Mapping[str, Any], name: str) -> Percentiles:
    keys = {p: [f"p{p}_{name}", *([f"median_{name}"] if p == 50 else [])] for p in PERCENTILES}
    return percentiles_ms(row, keys, MS_PER_S)


def _version(image: str | None) -> str | None:
    """
    The engine's version in an image's tag.

    Examples
    --------
    >>> _version("vllm/vllm-openai:v0.11.2"), _version("lmsysorg/sglang:v0.5.6.post2-cu130"), _version("acme/engine:nightly")
    ('0.11.2', '0.5.6.post2', None)
    >>> _version("rocm/atom:rocm7.1.1-ubuntu24.04-pytorch2.9-atom0.1.1-MI350x")
    '0.1.1'
    """
    name, _, tag = (image or "").partition(":")
    own = re.search(re.escape(name.rsplit("/", maxsplit=1)[-1]) + r"[-_]?v?(\d+\.\d+[\w.]*)", tag)
    found = own or _VERSION.search(tag)
    return found.group(1) if found else None


def _dtype(row: Mapping[str, Any]) -> str | None:
    """Four bits mean MXFP4 where the model was published in it; elsewhere the file does not say which."""
    told = text(row.get("precision"))
    return "mxfp4" if told == "fp4" and "gpt-oss" in str(row.get("model")).lower() else told


def _watts(row: Mapping[str, Any], gpus: int) -> float | None:
    if row.get("power_metric_schema_version") != POWER_SCHEMA or row.get("power_valid") not in (1, True):
        return None
    each = number(row.get("avg_power_w"))
    return number(row.get("avg_total_gpu_power_w")) or (each * gpus if each is not None else None)


def _flags(row: Mapping[str, Any]) -> list[str]:
    flags = ["lengths are nominal; prompts are random and not cached"]
    power = any(key in row for key in ("avg_power_w", "avg_total_gpu_power_w", "total_gpu_energy_j"))
    if power and _watts(row, 1) is None:
        flags.append("power is left out: the row calls it invalid, or is of a power schema other than 2")
    total, first, gap, asked = (number(row.get(key)) for key in ("mean_e2el", "mean_ttft", "mean_tpot", "osl"))
    if total is not None and first is not None and gap and asked:
        share = ((total - first) / gap + 1) / asked
        if share < 1 - _SHORTER_FRAC:
            flags.append(f"answers were about {share:.1f} of the nominal length, as the latencies tell")
    return flags
