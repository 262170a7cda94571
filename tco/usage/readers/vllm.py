"""vLLM's counters: the text of ``/metrics``, or a range of them as Prometheus' ``query_range`` answers it."""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from tco.usage import sql
from tco.usage.files import LogFile
from tco.usage.readers.fields import Reading, Told

NAME = "vllm"
COUNTERS = {
    "vllm:request_success_total": "requests",
    "vllm:prompt_tokens_total": "prompt_tok",
    "vllm:prompt_tokens_cached_total": "cache_read_tok",
    "vllm:generation_tokens_total": "output_tok",
}
HITS = "vllm:prefix_cache_hits_total"
"""What versions without ``prompt_tokens_cached_total`` tell of their cache."""
STARTED = "vllm:prompt_tokens_created"
FIELDS = ("request_id", "stream", "at_s", "span_s", "model", *COUNTERS.values())
_SAMPLE = re.compile(r"^([\w:]+)\{([^}]*)\} (\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
NOTE = "counters are sums: they tell mean lengths, not their spread"
SNAPSHOT_NOTE = "one snapshot of counters: it is taken to end when the file was written; " + NOTE

Row = tuple[object, ...]


def recognises(file: LogFile) -> bool:
    """Names that begin with ``vllm:``."""
    return "vllm:" in file.head and (file.kind == "text" or '"matrix"' in file.head)


def read(file: LogFile, told: Told) -> Reading:
    """One row a server and model of a snapshot; of a range one row a server, model and step, counters that began anew included."""
    content = file.path.read_text(encoding="utf-8")
    snapshot = file.kind == "text"
    rows = list(_snapshot(content, file.told.stat().st_mtime) if snapshot else _steps(json.loads(content)))
    values = ", ".join(sql.row(row) for row in rows) or sql.row([None] * len(FIELDS))
    given = {
        "request_id": "request_id",
        "started": sql.utc_of_seconds("CAST(at_s AS DOUBLE)"),
        "span_s": "span_s",
        "provider": "'self-hosted'",
        "model": "model",
        "stream": "stream",
        **{name: name for name in COUNTERS.values()},
    }
    return Reading(
        given, f"(VALUES {values}) AS counters({', '.join(FIELDS)})", note=SNAPSHOT_NOTE if snapshot else NOTE
    )


def _snapshot(content: str, written_s: float) -> Iterator[Row]:
    sums: dict[tuple[str, str], dict[str, float]] = {}
    for line in content.splitlines():
        sample = _SAMPLE.match(line)
        if sample is not None and sample[1] in (*COUNTERS, HITS, STARTED):
            labels = dict(_LABEL.findall(sample[2]))
            of_one = sums.setdefault((labels.get("engine", ""), labels.get("model_name", "")), {})
            name = COUNTERS.get(sample[1], "hits" if sample[1] == HITS else "at_s")
            of_one[name] = of_one.get(name, 0.0) + float(sample[3])
    for (server, model), of_one in sums.items():
        start = of_one.get("at_s", written_s)
        process = (
            f"{server}|{start:.3f}"  # a snapshot does not name its server, but two replicas did not begin at one moment
        )
        yield _row(process, model, start, max(1.0, written_s - start), f"{start:.3f}", of_one)


def _steps(answer: object) -> Iterator[Row]:
    increments: dict[tuple[str, str, float, float], dict[str, float]] = {}
    for series in _matrix(answer):
        labels = series["metric"]
        name = (COUNTERS | {HITS: "hits"}).get(labels.get("__name__", ""))
        values = [(float(time), float(value)) for time, value in series["values"]]
        server = ",".join(labels.get(key, "") for key in ("instance", "engine"))
        for (start, was), (end, now) in pairwise(values) if name else ():
            of_one = increments.setdefault((server, labels.get("model_name", ""), start, end), {})
            of_one[str(name)] = of_one.get(str(name), 0.0) + (now - was if now >= was else now)
    for (server, model, start, end), of_one in increments.items():
        if any(of_one.values()):
            yield _row(server, model, start, end - start, f"{start:.0f}", of_one)


def _matrix(answer: object) -> Iterable[dict[str, Any]]:
    found = answer.get("data", {}).get("result", []) if isinstance(answer, dict) else []
    return [series for series in found if isinstance(series, dict) and {"metric", "values"} <= series.keys()]


def _row(server: str, model: str, start_s: float, span_s: float, key: str, counted: dict[str, float]) -> Row:
    when = datetime.fromtimestamp(start_s, UTC).isoformat()
    known = {"cache_read_tok": counted.get("hits", 0.0), **counted}
    counts = [round(known.get(name, 0.0)) for name in COUNTERS.values()]
    return (f"{server}|{model}|{key}|{when}", server, start_s, round(span_s), model, *counts)
