"""Any CSV, JSON lines or Parquet with one request a row: names told with ``--map``, or the usual ones."""

from tco.errors import Fault, LookupFault, nearest
from tco.usage import sql
from tco.usage.files import LogFile
from tco.usage.readers.fields import Reading, Told, count, has, real, relation, text, time, whole, zone

NAME = "table"
USUAL = {
    "request_id": ("request_id", "id", "requestId", "generation_id"),
    "started": ("started", "at", "time", "timestamp", "created_at", "start_time", "startTime", "created", "date", "ts"),
    "ended": ("ended", "end_time", "endTime", "completed_at"),
    "provider": ("provider", "vendor", "custom_llm_provider"),
    "model": ("model", "model_name", "gen_ai.request.model", "modelId"),
    "service_tier": ("service_tier", "tier"),
    "batch": ("batch", "is_batch"),
    "project": ("project", "team", "team_id", "user", "tag"),
    "requests": ("requests", "num_requests"),
    "prompt_tok": ("prompt_tok", "input_tok", "prompt_tokens", "input_tokens", "usage.prompt_tokens", "usage.input_tokens", "inputTokens"),
    "cache_read_tok": (
        "cache_read_tok", "cached_tokens", "cache_read_input_tokens", "input_cached_tokens",
        "usage.prompt_tokens_details.cached_tokens",
    ),
    "cache_write_5m_tok": ("cache_write_5m_tok", "cache_creation_input_tokens", "cache_write_tokens"),
    "cache_write_1h_tok": ("cache_write_1h_tok",),
    "output_tok": ("output_tok", "completion_tokens", "output_tokens", "usage.completion_tokens", "usage.output_tokens", "outputTokens"),
    "reasoning_tok": ("reasoning_tok", "reasoning_tokens", "usage.completion_tokens_details.reasoning_tokens"),
    "claimed_usd": ("claimed_usd", "cost_usd", "cost", "spend"),
}  # fmt: skip
"""What each column is usually called."""
OTHER = {
    "input_tok": "prompt_tok",
    "timestamp": "started",
    "at": "started",
    "time": "started",
    "cached_tok": "cache_read_tok",
    "cost_usd": "claimed_usd",
}
"""Other words that ``--map`` takes."""
NEEDED = ("started", "prompt_tok", "output_tok")


def recognises(file: LogFile) -> bool:
    """Any table whose time and tokens have a usual name."""
    if file.kind == "json":
        return all(any(f'"{name.split(".")[-1]}"' in file.head for name in USUAL[need]) for need in NEEDED)
    return all(any(has(file, name) for name in USUAL[need]) for need in NEEDED)


def read(file: LogFile, told: Told) -> Reading:
    """One request a row, or one hour where it counts several; the prompt's tokens hold what was cached."""
    names = _names(file, told)
    given = {
        "started": time(file, told, *names["started"]),
        "zone": zone(file, *names["started"]),
        "prompt_tok": whole(file, *names["prompt_tok"]),
        "output_tok": whole(file, *names["output_tok"]),
    }
    for name in ("cache_read_tok", "cache_write_5m_tok", "cache_write_1h_tok", "reasoning_tok"):
        given |= {name: count(file, *names[name])} if name in names else {}
    for name in ("request_id", "provider", "model", "project"):
        given |= {name: text(file, *names[name])} if name in names else {}
    if "ended" in names:
        given["ended"] = time(file, told, *names["ended"])
    if "service_tier" in names:
        given["service_tier"] = sql.tier_of(text(file, *names["service_tier"]))
    if "batch" in names:
        given["batch"] = f"COALESCE(LOWER({text(file, *names['batch'])}) IN ('true', '1', 'yes', 't'), FALSE)"
    if "requests" in names:
        requests = whole(file, *names["requests"])
        given["requests"] = f"COALESCE({requests}, 1)"
        given["span_s"] = f"CASE WHEN {requests} > 1 THEN 3600 ELSE 0 END"
    if "claimed_usd" in names:
        given["claimed_usd"] = real(file, *names["claimed_usd"])
    return Reading(given, relation(file))


def _names(file: LogFile, told: Told) -> dict[str, tuple[str, ...]]:
    """Canonical column to the names it may have in this file; every name that leads nowhere is told at once."""
    wanted = {OTHER.get(ours, ours): theirs for ours, theirs in told.names.items()}
    faults = [
        Fault(f"--map {ours}=…", "no such column of ours", nearest(ours, USUAL)) for ours in wanted if ours not in USUAL
    ]
    faults += [
        Fault(f"--map …={theirs}", f"no such column in {file.told.name}", nearest(theirs, file.columns))
        for theirs in wanted.values()
        if file.kind != "json" and not _there(file, theirs)
    ]
    names = {
        ours: (wanted[ours],)
        if ours in wanted
        else tuple(name for name in usual if file.kind == "json" or _there(file, name))
        for ours, usual in USUAL.items()
    }
    faults += [
        Fault(
            f"{file.told.name}: {need}",
            f"no column with it among {', '.join(file.columns[:12])}",
            f"name it with --map {need}=…",
        )
        for need in NEEDED
        if not names[need]
    ]
    if faults:
        raise LookupFault(faults)
    return {ours: found for ours, found in names.items() if found}


def _there(file: LogFile, name: str) -> bool:
    return has(file, name) or ("." in name and has(file, name.split(".")[0]))
