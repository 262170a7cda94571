"""Time a thing several times, and say how it compares with its target."""

import statistics
import time
from collections.abc import Callable


def timed_ms(work: Callable[[], object], repeats: int) -> list[float]:
    """How long each repeat took. [ms]"""
    took = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        took.append((time.perf_counter() - start) * 1000)
    return took


def report(name: str, took_ms: list[float], target_ms: float) -> int:
    """Print median, 95th percentile and target; 1 when the median misses the target, else 0."""
    median = statistics.median(took_ms)
    slowest = statistics.quantiles(took_ms, n=20)[-1] if len(took_ms) > 1 else median
    verdict = "ok" if median <= target_ms else "TOO SLOW"
    print(f"{name:<38} median {median:9.1f} ms   p95 {slowest:9.1f} ms   target {target_ms:7.0f} ms   {verdict}")
    return int(median > target_ms)
