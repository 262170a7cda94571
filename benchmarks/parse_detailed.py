"""How long a detailed result of 100,000 requests takes to become a point, beside parsing all of it."""

import json
import random
import tempfile
from pathlib import Path

from _timing import machine, report, timed_ms

from tco.bench.sources import vllm_serve

REQUESTS = 100_000
GAPS = 48
"""Recorded gaps of each answer: 49 tokens in as many chunks."""
REPEATS = 5
TARGET_MS = 1500


def detailed(path: Path) -> None:
    """A result as ``vllm bench serve --save-result --save-detailed`` writes one, all but its figures."""
    draw = random.Random(1)
    ttfts = [draw.uniform(0.03, 0.4) for _ in range(REQUESTS)]
    itls = [[draw.uniform(0.008, 0.02) for _ in range(GAPS)] for _ in range(REQUESTS)]
    row = {
        "date": "20261120-171412", "endpoint_type": "openai", "backend": "openai", "model_id": "m", "num_prompts": REQUESTS,
        "request_rate": "inf", "max_concurrency": 256, "duration": 300.0, "completed": REQUESTS, "failed": 0,
        "total_input_tokens": 1024 * REQUESTS, "total_output_tokens": (GAPS + 1) * REQUESTS,
        "input_lens": [1024] * REQUESTS, "output_lens": [GAPS + 1] * REQUESTS, "ttfts": ttfts, "itls": itls,
        "latencies": [first + sum(gaps) for first, gaps in zip(ttfts, itls, strict=True)],
        "start_times": [1465.0 + place * 0.003 for place in range(REQUESTS)],
        "generated_texts": ["abcdefgh " * 24] * REQUESTS, "errors": [""] * REQUESTS,
    }  # fmt: skip
    path.write_text(json.dumps(row), encoding="utf-8")


def main() -> int:
    """Time the reader, and the whole file parsed without it."""
    print(machine())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "detailed.json"
        detailed(path)
        size = path.stat().st_size / 1e6
        missed = report(
            f"{REQUESTS:,} requests ({size:.0f} MB) read", timed_ms(lambda: vllm_serve.read(path), REPEATS), TARGET_MS
        )
        report("the same, json.loads of all of it", timed_ms(lambda: json.loads(path.read_bytes()), 2), None)
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
