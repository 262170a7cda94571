"""
A million requests priced row by row, sheets read anew each time; beside LiteLLM and genai-prices, who price one row a call.

The peers are no dependencies of this project. With them: `uv run --with litellm --with genai-prices python benchmarks/usage_pricing.py`.
"""

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
from _timing import machine, report, timed_ms

from tco.catalog import Catalog
from tco.usage import bill, import_logs

ROOT = Path(__file__).resolve().parents[1]
ROWS = 1_000_000
PEER_ROWS = 2_000
REPEATS = 7
TARGET_MS = 500
TIMES_FASTER = 150
DIGITS = 1e-9
MODELS = {"gpt-5.4": "openai", "gpt-5.4-mini": "openai", "claude-opus-4-6": "anthropic"}
"""Models whose prices of today's sheets are those of both peers: tiers above 272,000 tokens, cached reads."""
Row = tuple[datetime, str, int, int, int]
Priced = Callable[[Row], float]


def rows(count: int) -> list[Row]:
    """Requests over the last 30 days of the sheets, one in two hundred long, with cached reads."""
    draw, start = random.Random(5), datetime(2026, 10, 22, tzinfo=UTC)
    names = list(MODELS)
    found = []
    for n in range(count):
        prompt = 200 + draw.randrange(4000) + (280_000 if draw.randrange(200) == 0 else 0)
        at = start + timedelta(seconds=2_592_000 * n / count)
        found.append((at, draw.choice(names), prompt, draw.randrange(200), 20 + draw.randrange(800)))
    return found


def written(found: Sequence[Row], path: Path) -> Path:
    """The rows as Parquet, as a gateway would have kept them."""
    text = path.with_suffix(".csv")
    with text.open("w") as file:
        file.write("time,model,prompt_tokens,cached_tokens,completion_tokens\n")
        file.writelines(
            f"{at:%Y-%m-%d %H:%M:%S},{model},{prompt},{cached},{out}\n" for at, model, prompt, cached, out in found
        )
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{text}')) TO '{path}' (FORMAT parquet)")
    return path


def priced(log: Path, folder: Path) -> float:
    """Sheets read, log read, every request priced. [USD]"""
    catalog = Catalog.open(ROOT)
    table = import_logs(log, folder / "table.parquet", catalog=catalog, bursts=False).table_path
    return bill(table, catalog).total_usd


def peers() -> dict[str, Priced]:
    """Those that are installed here."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    found: dict[str, Priced] = {}
    try:
        from litellm import cost_per_token

        def by_litellm(row: Row) -> float:
            _, model, prompt, cached, out = row
            parts = cost_per_token(
                model, prompt, out, custom_llm_provider=MODELS[model], cache_read_input_tokens=cached
            )
            return float(sum(parts))

        found["LiteLLM cost_per_token"] = by_litellm
    except ImportError:
        print("LiteLLM is not installed here: see the head of this script")
    try:
        from genai_prices import Usage, calc_price

        def by_genai(row: Row) -> float:
            at, model, prompt, cached, out = row
            usage = Usage(input_tokens=prompt, cache_read_tokens=cached, output_tokens=out)
            return float(calc_price(usage, model, provider_id=MODELS[model], genai_request_timestamp=at).total_price)

        found["genai-prices calc_price"] = by_genai
    except ImportError:
        print("genai-prices is not installed here: see the head of this script")
    return found


def compared(name: str, peer: Priced, ours_us: float, folder: Path) -> int:
    """Time a peer on fewer rows, and hold its sums against ours model by model; 1 when it is not left behind, or disagrees."""
    sample = rows(PEER_ROWS)
    peer(sample[0])
    start = time.perf_counter()
    costs = [peer(row) for row in sample]
    theirs_us = (time.perf_counter() - start) / len(sample) * 1e6
    times = theirs_us / ours_us
    print(f"{name}: {theirs_us:.1f} µs a row, {times:.0f} times ours ({ours_us:.3f} µs)")
    failed = int(times < TIMES_FASTER)
    for long in (False, True):
        for model in MODELS:
            chosen = [
                (row, usd)
                for row, usd in zip(sample, costs, strict=True)
                if row[1] == model and (row[2] > 272_000) == long
            ]
            theirs = sum(usd for _, usd in chosen)
            ours = priced(written([row for row, _ in chosen], folder / "part.parquet"), folder)
            apart = abs(ours - theirs) / theirs
            kind = "long" if long else "short"
            verdict = "equal to 9 digits" if apart < DIGITS else f"apart by {apart:.2g}: their price is another"
            print(f"  {model}, {kind}: {ours:.9f} and {theirs:.9f} USD, {verdict}")
    return failed


def main() -> int:
    """Time our million, then each peer's thousands."""
    print(machine())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        log = written(rows(ROWS), folder / "log.parquet")
        priced(log, folder)
        took = timed_ms(lambda: priced(log, folder), REPEATS)
        failed = report("1,000,000 rows of Parquet priced, with the sheets", took, TARGET_MS)
        ours_us = statistics.median(took) * 1000 / ROWS
        return max([failed, *(compared(peer, price, ours_us, folder) for peer, price in peers().items())])


if __name__ == "__main__":
    raise SystemExit(main())
