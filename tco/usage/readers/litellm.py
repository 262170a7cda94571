"""LiteLLM's ``LiteLLM_SpendLogs``: one request a row, as CSV or JSON; the vendor's cache is told in ``metadata``."""

from tco.usage import sql
from tco.usage.files import LogFile
from tco.usage.readers.fields import Reading, Told, count, has, real, relation, seen, text, time, whole, zone

NAME = "litellm"
USAGE = ("metadata.usage_object", "metadata.additional_usage_values")
"""Where versions keep what the vendor said of its cache and of hidden reasoning."""


def recognises(file: LogFile) -> bool:
    """The columns that every version has."""
    return has(file, "request_id", "spend", "startTime") or seen(file, "request_id", "spend", "startTime")


def read(file: LogFile, told: Told) -> Reading:
    """
    One request a row. ``prompt_tokens`` hold what was cached.

    ``cache_hit`` is the gateway's own cache: such a request asked no vendor and is no usage.
    """

    def inside(*names: str) -> tuple[str, ...]:
        return tuple(f"{place}.{name}" for place in USAGE for name in names)

    written = count(file, *inside("cache_creation_input_tokens", "prompt_tokens_details.cache_creation_tokens"))
    hour = count(file, *inside("cache_creation_token_details.ephemeral_1h_input_tokens"))
    gateway = f"LOWER(COALESCE({text(file, 'cache_hit')}, '')) = 'true'"
    given = {
        "request_id": text(file, "request_id"),
        "started": time(file, told, "startTime"),
        "ended": time(file, told, "endTime"),
        "zone": zone(file, "startTime"),
        "provider": text(file, "custom_llm_provider"),
        "model": text(file, "model", "model_group"),
        "service_tier": sql.tier_of(text(file, *inside("service_tier"), "metadata.service_tier")),
        "batch": f"COALESCE({text(file, 'call_type')} LIKE '%batch%', FALSE)",
        "project": text(file, "team_id", "user", "end_user"),
        "prompt_tok": whole(file, "prompt_tokens"),
        "cache_read_tok": count(file, *inside("cache_read_input_tokens", "prompt_tokens_details.cached_tokens")),
        "cache_write_5m_tok": f"({written} - {hour})",
        "cache_write_1h_tok": hour,
        "output_tok": whole(file, "completion_tokens"),
        "reasoning_tok": count(file, *inside("completion_tokens_details.reasoning_tokens")),
        "claimed_usd": real(file, "spend"),
        "skip": f"CASE WHEN {gateway} THEN 'gateway' END",
    }
    return Reading(given, relation(file))
