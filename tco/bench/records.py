"""What passes between the parts of a measurement: requests as sent, watts as sampled, one measured point."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field, is_dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Requests:
    """One load run, a row a request: seconds on one monotonic clock whose zero is the first send; a failed row has `ok` false."""

    input_tok: Floats
    output_tok: Floats
    start_s: Floats
    ttft_s: Floats
    end_s: Floats
    ok: Flags

    def __len__(self) -> int:
        return len(self.start_s)

    def among(self, keep: Flags) -> Requests:
        """The requests whose flag is set."""
        return Requests(
            self.input_tok[keep],
            self.output_tok[keep],
            self.start_s[keep],
            self.ttft_s[keep],
            self.end_s[keep],
            self.ok[keep],
        )


@dataclass(frozen=True)
class Watts:
    """A trace of the power of one or several GPUs: `watts[sample, gpu]` at `at_s[sample]`, on the clock of `Requests`."""

    at_s: Floats
    watts: Floats


@dataclass(frozen=True)
class Energy:
    """What all GPUs together drew in one window. [J, mean W]"""

    joules: float
    watts: float
    gpus: int
    source: str  # "counter", "polled", "dcgm" or "none"
    gap_frac: float | None = None  # (counter - polled) / polled, None where there is only one of them
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Percentiles:
    """Mean and percentiles of a latency. [ms]"""

    mean: float
    p50: float
    p90: float
    p95: float
    p99: float


@dataclass(frozen=True)
class PointResult:
    """One measured point: one length mix at one load, over the steady window; `whole_run_…` is over first send to last finish."""

    input_tok: float
    output_tok: float
    concurrency: float
    request_rate: float | None  # [requests/s] of an open loop, None for a closed one
    cached_frac: float
    output_tok_per_s: float
    input_tok_per_s: float
    requests_per_s: float
    whole_run_output_tok_per_s: float
    ttft_ms: Percentiles
    tpot_ms: Percentiles
    e2e_ms: Percentiles
    in_slo_frac: float
    in_slo_low: float  # Wilson interval of `in_slo_frac`
    in_slo_high: float
    completed_count: int
    failed_count: int
    window_s: float
    energy: Energy | None = None
    codes: tuple[str, ...] = field(default=())
    judged_count: int = 0  # requests that `in_slo_frac` is of: sent and finished inside the window
    conditions: dict[str, Any] | None = None  # temperature, clocks, limits and slow-downs in the window
    host_watts_per_gpu: float | None = None  # of the server beside its GPUs, where it could be measured


def plain(value: Any) -> Any:
    """The same in what JSON has; what is not a number is null."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
