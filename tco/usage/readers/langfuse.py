"""Langfuse's export of observations: JSON, JSON lines or CSV; what is not a generation is no request."""

from tco.usage import sql
from tco.usage.files import LogFile
from tco.usage.readers.fields import Reading, Told, has, real, relation, seen, text, time, zone

NAME = "langfuse"
PLACES = ("usageDetails", "usage_details", "usage")


def recognises(file: LogFile) -> bool:
    """An observation's own names, in the spelling of the screen's export or of the blob storage's."""
    table = any(has(file, "traceId", place) for place in PLACES) or has(file, "trace_id", "usage_details")
    return table or seen(file, "traceId", "usageDetails") or seen(file, "trace_id", "usage_details")


def read(file: LogFile, told: Told) -> Reading:
    """
    One generation a row.

    ``input`` in the details is what no cache served, where caches are told beside it; so is ``output`` beside reasoning. Their sums are
    taken.
    """

    def details(*names: str) -> str:
        found = text(file, *(f"{place}.{name}" for name in names for place in PLACES))
        return f"COALESCE({sql.whole(found)}, 0)"

    read = details("input_cached_tokens", "cache_read_input_tokens", "input_cache_read")
    write = details("cache_creation_input_tokens", "input_cache_creation")
    reasoning = details("output_reasoning_tokens", "reasoning_tokens", "output_reasoning")
    kind = text(file, "type")
    start = ("startTime", "start_time", "timestamp")
    given = {
        "request_id": text(file, "id"),
        "started": time(file, told, *start),
        "ended": time(file, told, "endTime", "end_time"),
        "zone": zone(file, *start),
        "model": text(file, "model", "providedModelName", "provided_model_name"),
        "service_tier": sql.tier_of(text(file, "modelParameters.service_tier", "model_parameters.service_tier")),
        "project": text(file, "projectId", "project_id", "environment"),
        "prompt_tok": f"{details('input', 'promptTokens', 'prompt_tokens')} + {read} + {write}",
        "cache_read_tok": read,
        "cache_write_5m_tok": write,
        "output_tok": f"{details('output', 'completionTokens', 'completion_tokens')} + {reasoning}",
        "reasoning_tok": reasoning,
        "claimed_usd": real(
            file,
            "totalCost",
            "calculatedTotalCost",
            "totalPrice",
            "total_cost",
            "costDetails.total",
            "cost_details.total",
        ),
        "skip": f"CASE WHEN COALESCE({kind}, 'GENERATION') NOT IN ('GENERATION', 'EMBEDDING') THEN 'other' END",
    }
    return Reading(given, relation(file))
