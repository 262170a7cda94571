"""OpenRouter's activity: the export of generations as CSV, or the report by day as JSON."""

from tco.usage import sql
from tco.usage.files import LogFile
from tco.usage.readers.fields import Reading, Told, count, has, real, relation, seen, text, time, whole, zone

NAME = "openrouter"


def recognises(file: LogFile) -> bool:
    """The export's own names."""
    export = has(file, "generation_id", "created_at", "tokens_prompt")
    return export or seen(file, "model_permaslug", "byok_usage_inference", "prompt_tokens")


def read(file: LogFile, told: Told) -> Reading:
    """One generation a row, or one day of one model at one endpoint."""
    return _days(file, told) if file.kind == "json" else _generations(file, told)


def _generations(file: LogFile, told: Told) -> Reading:
    model, variant = text(file, "model_permaslug"), text(file, "variant")
    name = (
        f"CASE WHEN COALESCE({variant}, 'standard') = 'standard' THEN {model} ELSE CONCAT({model}, ':', {variant}) END"
    )
    given = {
        "request_id": text(file, "generation_id"),
        "started": time(file, told, "created_at"),
        "zone": zone(file, "created_at"),
        "provider": f"LOWER({text(file, 'provider_name')})" if has(file, "provider_name") else "NULL",
        "model": name if has(file, "variant") else model,
        "project": text(file, "app_name", "api_key_name", "user"),
        "prompt_tok": whole(file, "tokens_prompt"),
        "cache_read_tok": count(file, "tokens_cached"),
        "output_tok": whole(file, "tokens_completion"),
        "reasoning_tok": count(file, "tokens_reasoning"),
        "claimed_usd": real(file, "cost_total"),
    }
    return Reading(given, relation(file))


def _days(file: LogFile, told: Told) -> Reading:
    def of(name: str) -> str:
        return sql.inside("item", name)

    given = {
        "request_id": f"CONCAT({of('date')}, '|', {of('endpoint_id')}, '|', {of('model_permaslug')}, '|', {of('provider_name')})",
        "started": sql.utc_of_stamp(f"CONCAT({of('date')}, ' 00:00:00+00')"),
        "span_s": "86400",
        "provider": f"LOWER({of('provider_name')})",
        "model": sql.first_of([of("model_permaslug"), of("model")]),
        "grouping_key": "'endpoint'",
        "requests": sql.whole(of("requests")),
        "prompt_tok": sql.whole(of("prompt_tokens")),
        "output_tok": sql.whole(of("completion_tokens")),
        "reasoning_tok": f"COALESCE({sql.whole(of('reasoning_tokens'))}, 0)",
        "claimed_usd": sql.real(of("usage")),
    }
    return Reading(given, sql.opened_items(relation(file)), of_lines=False)
