"""
MLPerf's table of results (``summary.json`` of a round, ``summary_results.json``): one row a system, model and scenario.

A row has the system's tokens a second, its accelerators and its weights' format; no latencies, no lengths, no engine's version. All that
is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tco.bench.sources.found import Dropped, Found, FoundPoint, Setup, json_of, number, text, whole

NAME = "MLPerf table"
_TOKENS = "tokens/s"
_PER_SAMPLE = re.compile(r"TOKENS_PER_SAMPLE: *([\d.]+)")


def recognises(path: Path, head: str) -> bool:
    """By the columns of the table."""
    return '"MlperfModel"' in head and '"accelerator_model_name"' in head


def read(path: Path) -> Found:
    """Each row in tokens a second as a point of its own configuration."""
    data = json_of(path)
    rows = list(data.values()) if isinstance(data, Mapping) else data
    points, dropped = [], []
    for place, row in enumerate(rows, 1):
        where = f"{path.name}, row {place}"
        why = _unusable(row)
        if why is None:
            points.append(_point(row, where))
        else:
            dropped.append(Dropped(where, why))
    return Found(tuple(points), tuple(dropped), quality="B")


def _unusable(row: Mapping[str, Any]) -> str | None:
    if str(row.get("Units")).lower() != _TOKENS:
        return f"in {row.get('Units')}, not tokens a second"
    if not number(row.get("Result")):
        return "no result"
    if number(row.get("errors")):
        return "the submission checker found errors"
    if (whole(row.get("number_of_nodes")) or 1) > 1:
        return "over several servers: answers another question"
    return None


def _one_format(row: Mapping[str, Any]) -> str | None:
    """The weights' format where the row names one; of several it does not say which holds the weights."""
    told = text(row.get("weight_data_types"))
    return None if told is None or "," in told else told


def _point(row: Mapping[str, Any], where: str) -> FoundPoint:
    length = _PER_SAMPLE.search(str(row.get("Accuracy")))
    scenario = str(row.get("Scenario")).lower()
    flags = ["the table has no latencies: that the service level is met is MLPerf's own, of its scenario"]
    flags += ["inferred by MLPerf from another scenario"] if number(row.get("inferred")) else []
    return FoundPoint(
        where=where,
        output_tok_per_s=float(row["Result"]),
        input_tok=None,
        output_tok=float(length.group(1)) if length else None,
        concurrency=None,
        setup=Setup(
            model=text(row.get("Model")),
            gpu=text(row.get("accelerator_model_name")),
            gpus=whole(row.get("total_accelerators")),
            dtype=_one_format(row),
            variant=f"mlperf-{scenario}",
        ),
        flags=tuple(flags),
    )
