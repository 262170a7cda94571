"""Published request traces: Azure's, BurstGPT's, Mooncake's. Times without a date are put in one week, and it is said."""

from tco.usage import sql
from tco.usage.files import LogFile
from tco.usage.readers.fields import Reading, Told, count, has, relation, seen, text, time, whole, zone

NAME = "trace"
AZURE = ("TIMESTAMP", "ContextTokens", "GeneratedTokens")
BURSTGPT = ("Timestamp", "Request tokens", "Response tokens")
MOONCAKE = ("input_length", "output_length")
START = "TIMESTAMP '2024-01-01 00:00:00'"
"""A Monday, for traces that count from a start of their own."""
NOTE = "the trace counts time from its own start, which is taken as a Monday, midnight UTC: its hours of the week are not real"


def recognises(file: LogFile) -> bool:
    """The columns of each."""
    return has(file, *AZURE) or has(file, *BURSTGPT) or _mooncake(file)


def _mooncake(file: LogFile) -> bool:
    return has(file, *MOONCAKE) or seen(file, "timestamp", *MOONCAKE)


def read(file: LogFile, told: Told) -> Reading:
    """One request a row; a trace names no model but BurstGPT's."""
    if has(file, *AZURE):
        given = {
            "started": time(file, told, "TIMESTAMP"),
            "zone": zone(file, "TIMESTAMP"),
            "prompt_tok": whole(file, "ContextTokens"),
            "output_tok": whole(file, "GeneratedTokens"),
        }
        return Reading(given, relation(file))
    if has(file, *BURSTGPT):
        given = {
            "started": _from_start(f"TRY_CAST({text(file, 'Timestamp')} AS DOUBLE)"),
            "model": text(file, "Model"),
            "prompt_tok": count(file, "Request tokens"),
            "output_tok": count(file, "Response tokens"),
        }
        return Reading(given, relation(file), note=NOTE)
    given = {
        "started": _from_start(f"TRY_CAST({text(file, 'timestamp_ms', 'timestamp')} AS DOUBLE) / 1000"),
        "prompt_tok": whole(file, "input_length"),
        "output_tok": whole(file, "output_length"),
    }
    return Reading(given, relation(file), note=NOTE)


def _from_start(seconds: str) -> str:
    return sql.after(START, seconds)
