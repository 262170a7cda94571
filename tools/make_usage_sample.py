"""
Writes the sample log that ``notebooks/04_usage.ipynb`` opens with; see ``notebooks/samples/README.md``.

Run it with the two files of Azure's 2023 traces: ``python tools/make_usage_sample.py CONV.csv CODE.csv OUT.csv.gz``. Lengths are the
traces' own, each request's pair taken at most once; how many fall in each hour follows the shapes of ``hw_profiles/shapes``.
"""

import csv
import gzip
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from tco.catalog import Catalog
from tco.units import HOURS_PER_WEEK

START = datetime(2026, 10, 28, tzinfo=UTC)
"""A Wednesday, so that a week falls in two months."""
WEEK_REQUESTS = {"conversation": 27_300_000, "coding": 16_800_000}
"""Requests in the weeks that the shapes are of, as their notes say."""
ONE_IN = 10_000
MODELS = {
    "conversation": ("gpt-5.4-mini", "gpt-5.4", "gpt-5.4-mini", "claude-haiku-4-5", "gpt-5.4-mini", "gpt-5.4", "house-router-2"),
    "coding": ("claude-sonnet-4-6", "claude-sonnet-4-6", "gpt-5.4"),
}  # fmt: skip
"""Names that the traces do not tell: ours, one of them in no price sheet."""
PROJECT = {"conversation": "support", "coding": "editor"}
SEED = 20261028


def lengths(path: Path, wanted: int) -> Iterator[tuple[str, str]]:
    """Prompt and answer of so many requests, evenly through the file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if len(rows) < wanted:
        raise SystemExit(f"{path}: {len(rows)} requests, {wanted} are needed")
    for number in range(wanted):
        row = rows[number * len(rows) // wanted]
        yield row["ContextTokens"], row["GeneratedTokens"]


def times(name: str, wanted: int, random: Random) -> list[datetime]:
    """Moments of so many requests in the week, by the hours of its shape."""
    hours = Catalog.open(Path(__file__).parents[1]).shapes()[name].hours
    begins = START.weekday() * 24
    weights = [hours[(begins + hour) % HOURS_PER_WEEK] for hour in range(HOURS_PER_WEEK)]
    chosen = random.choices(range(HOURS_PER_WEEK), weights, k=wanted)
    return sorted(START + timedelta(hours=hour, seconds=random.randrange(3600)) for hour in chosen)


def main(conversation: Path, coding: Path, out: Path) -> None:
    """Write the sample, the same bytes every time."""
    random, rows = Random(SEED), []
    for name, path in (("conversation", conversation), ("coding", coding)):
        wanted = WEEK_REQUESTS[name] // ONE_IN
        for number, (at, pair) in enumerate(zip(times(name, wanted, random), lengths(path, wanted), strict=True)):
            rows.append((f"{at:%Y-%m-%dT%H:%M:%SZ}", MODELS[name][number % len(MODELS[name])], PROJECT[name], *pair))
    head = "time,model,project,prompt_tokens,completion_tokens"
    text = "\n".join([head, *(",".join(row) for row in sorted(rows)), ""])
    with out.open("wb") as raw, gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as file:
        file.write(text.encode())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
