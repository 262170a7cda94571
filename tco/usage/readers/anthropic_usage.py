"""Anthropic's admin usage report, ``GET /v1/organizations/usage_report/messages``: buckets of fields that do not overlap."""

from tco.usage import sql
from tco.usage.files import LogFile
from tco.usage.readers.fields import Reading, Told, relation, seen

NAME = "anthropic"
GROUPS = (
    "model",
    "workspace_id",
    "api_key_id",
    "account_id",
    "service_account_id",
    "service_tier",
    "context_window",
    "inference_geo",
    "speed",
)
LONG_WINDOW = "200k-1M"
LONG_ABOVE_TOK = 200_000
"""What the report's own name for the long window says."""
NOTE = "Anthropic's report counts no requests: lengths and volume cannot be worked out from it"


def recognises(file: LogFile) -> bool:
    """Pages or buckets of messages."""
    return seen(file, "uncached_input_tokens", "starting_at")


def read(file: LogFile, told: Told) -> Reading:
    """Each result of each bucket. Nothing is subtracted: the whole prompt is the sum of its parts."""
    start, end = (sql.utc_of_stamp(sql.inside("bucket", name)) for name in ("starting_at", "ending_at"))
    groups = {name: sql.inside("result", name) for name in GROUPS}
    key = ", '|', ".join(f"COALESCE({value}, '')" for value in groups.values())
    by = sql.grouped_by(groups)
    read, short = (
        _count("cache_read_input_tokens"),
        _count("cache_creation.ephemeral_5m_input_tokens", "cache_creation_5m_input_tokens"),
    )
    long = _count("cache_creation.ephemeral_1h_input_tokens", "cache_creation_1h_input_tokens")
    window = groups["context_window"]
    given = {
        "request_id": f"CONCAT({sql.inside('bucket', 'starting_at')}, '|', {sql.inside('bucket', 'ending_at')}, '|', {key}, '|', {by})",
        "started": start,
        "span_s": f"EXTRACT(EPOCH FROM {end}) - EXTRACT(EPOCH FROM {start})",
        "provider": "'anthropic'",
        "model": groups["model"],
        "service_tier": sql.tier_with(sql.tier_of(groups["service_tier"]), groups["speed"], groups["inference_geo"]),
        "batch": f"COALESCE(LOWER({groups['service_tier']}) = 'batch', FALSE)",
        "project": groups["workspace_id"],
        "grouping_key": by,
        "requests": "NULL",
        "prompt_tok": f"{_count('uncached_input_tokens')} + {read} + {short} + {long}",
        "cache_read_tok": read,
        "cache_write_5m_tok": short,
        "cache_write_1h_tok": long,
        "web_search_requests": _count("server_tool_use.web_search_requests"),
        "output_tok": sql.whole(sql.inside("result", "output_tokens")),
        "context_tok": f"CASE WHEN {window} = '{LONG_WINDOW}' THEN {LONG_ABOVE_TOK} WHEN {window} IS NOT NULL THEN 0 END",
    }
    return Reading(given, sql.opened_lists(relation(file), "results"), note=NOTE, of_lines=False)


def _count(*names: str) -> str:
    return sql.first_of([sql.whole(sql.inside("result", name)) for name in names] + ["0"])
