"""OpenAI's organization usage, ``GET /v1/organization/usage/completions``: buckets whose input holds what was cached."""

from tco.usage import sql
from tco.usage.files import LogFile
from tco.usage.readers.fields import Reading, Told, relation, seen

NAME = "openai"
GROUPS = ("model", "project_id", "user_id", "api_key_id", "batch", "service_tier")


def recognises(file: LogFile) -> bool:
    """Pages or buckets of completions."""
    return seen(file, "num_model_requests", "start_time", "input_tokens")


def read(file: LogFile, told: Told) -> Reading:
    """
    Each result of each bucket of each page.

    ``input_tokens`` hold what the cache served and took, ``output_tokens`` the hidden reasoning. How many of them were reasoning, and
    how long single prompts were, the report does not say.
    """
    start, end = sql.real(sql.inside("bucket", "start_time")), sql.real(sql.inside("bucket", "end_time"))
    groups = {name: sql.inside("result", name) for name in GROUPS}
    key = ", '|', ".join(f"COALESCE({value}, '')" for value in groups.values())
    by = sql.grouped_by(groups)
    given = {
        "request_id": f"CONCAT({start}, '|', {end}, '|', {key}, '|', {by})",
        "started": sql.utc_of_seconds(start),
        "span_s": f"{end} - {start}",
        "provider": "'openai'",
        "model": groups["model"],
        "service_tier": sql.tier_of(groups["service_tier"]),
        "batch": f"COALESCE({groups['batch']} = 'true', FALSE)",
        "project": groups["project_id"],
        "grouping_key": by,
        "requests": sql.whole(sql.inside("result", "num_model_requests")),
        "prompt_tok": sql.whole(sql.inside("result", "input_tokens")),
        "cache_read_tok": f"COALESCE({sql.whole(sql.inside('result', 'input_cached_tokens'))}, 0)",
        "cache_write_5m_tok": f"COALESCE({sql.whole(sql.inside('result', 'input_cache_write_tokens'))}, 0)",
        "output_tok": sql.whole(sql.inside("result", "output_tokens")),
        "input_audio_tok": f"COALESCE({sql.whole(sql.inside('result', 'input_audio_tokens'))}, 0)",
        "output_audio_tok": f"COALESCE({sql.whole(sql.inside('result', 'output_audio_tokens'))}, 0)",
    }
    return Reading(given, sql.opened_lists(relation(file), "results"), of_lines=False)
