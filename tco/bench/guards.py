"""What makes a measured point doubtful or void, each a code of `tco.bench.codes`. Pure functions of numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tco.bench.records import Energy, PointResult, Requests
from tco.bench.summarise import Load
from tco.inputs.hardware import Gpu, Model
from tco.units import BYTES_PER_GB, FLOPS_PER_TFLOP, MS_PER_S, PARAMS_PER_BILLION

LAG_FRAC = 0.01
"""Share of the time to first token that the client may take to follow a finish with a send."""
WINDOW_FRAC = 0.01
"""By how much a window may miss the length it should have."""
TOKENS_FRAC = 0.02
"""How far the server's count may be from what was asked for."""
SEVERAL_TOK = 8
STREAM_FRAC = 0.01
"""An answer of so many tokens takes more than this share of its whole time after the first of them."""
COLD_FRAC = 0.01
"""Share of prompt tokens that a cold run may find in the prefix cache."""
JOULES_FRAC = 0.05
"""How far joules may lie below idle draw, or above the power limit, over the window."""
FULL_WINDOW_S = 60.0
QUICK_WINDOW_S = 20.0
REQUESTS_LONG = 5.0
"""A window is so many mean request times long, or longer."""
MATMUL_FLOPS_PER_PARAM = 2.0
"""A multiplication and an addition for each parameter and token."""


@dataclass(frozen=True)
class Ceiling:
    """What the GPUs of one replica could do at the very best, from their data sheet and the model's."""

    memory_bytes_per_s: float
    flops: float
    weight_bytes: float
    flops_per_tok: float

    def output_tok_per_s(
        self, input_tok: float, output_tok: float, concurrency: float, cached_frac: float = 0.0
    ) -> float:
        """The lower of two bounds: one reading of the weights a step, and arithmetic on every token. [tok/s]"""
        by_memory = concurrency * self.memory_bytes_per_s / self.weight_bytes
        tok_per_answer = (input_tok * (1.0 - cached_frac) + output_tok) / output_tok
        return min(by_memory, self.flops / (self.flops_per_tok * tok_per_answer))


def ceiling(model: Model, gpu: Gpu, gpus: int, weight_bytes_each: float) -> Ceiling | None:
    """The bound of a replica; None where the data sheet lacks the rate of its format. Weights read are those one token needs."""
    rates = {2.0: gpu.bf16_tflops, 1.0: gpu.fp8_tflops or gpu.bf16_tflops}
    tflops = max((rate for rate in (gpu.fp4_tflops, *rates.values()) if rate is not None), default=None)
    chosen = rates.get(weight_bytes_each) or tflops
    if chosen is None:
        return None
    active = model.active_params_billions * PARAMS_PER_BILLION
    return Ceiling(
        memory_bytes_per_s=gpus * gpu.memory_gb_per_s * BYTES_PER_GB,
        flops=gpus * chosen * FLOPS_PER_TFLOP,
        weight_bytes=active * weight_bytes_each,
        flops_per_tok=MATMUL_FLOPS_PER_PARAM * active,
    )


def client_lag_s(requests: Requests, concurrency: int) -> float:
    """
    Median time from a finish to the send that takes its place, in a closed loop; 0 where nothing was replaced. [s]

    Send number n + concurrency waits for finish number n.
    """
    replaced = len(requests) - concurrency
    if replaced <= 0:
        return 0.0
    lag = np.sort(requests.start_s)[concurrency:] - np.sort(requests.end_s)[:replaced]
    return float(max(np.median(lag), 0.0))


def window_codes(point: PointResult, wanted_s: float) -> list[str]:
    """Too short for a real run, or for what was asked."""
    long_enough = max(FULL_WINDOW_S, REQUESTS_LONG * point.e2e_ms.mean / MS_PER_S)
    found = [] if point.window_s >= long_enough * (1 - WINDOW_FRAC) else ["B-SHORT"]
    return found + (["B-QUICK"] if wanted_s < FULL_WINDOW_S else [])


def stream_codes(point: PointResult) -> list[str]:
    """
    Whether the answers came in one piece: an answer of several tokens takes more than a hundredth of its time after the first of them.

    Medians are compared, so that a few answers change nothing.
    """
    decode_ms = point.tpot_ms.p50 * (point.output_tok - 1.0)
    return ["B-STREAM"] if in_one_piece(point.output_tok, point.e2e_ms.p50 - decode_ms, point.tpot_ms.p50) else []


def in_one_piece(output_tok: float, ttft_ms: float, tpot_ms: float) -> bool:
    """
    Whether an answer of several tokens took next to no time after its first token.

    Examples
    --------
    >>> in_one_piece(24, 156.0, 0.007), in_one_piece(128, 4000.0, 12.0)
    (True, False)
    """
    decode_ms = tpot_ms * (output_tok - 1.0)
    return output_tok >= SEVERAL_TOK and decode_ms < STREAM_FRAC * (ttft_ms + decode_ms)


def load_codes(requests: Requests, load: Load, hit_frac: float | None, cold: bool) -> list[str]:
    """What the load itself shows: failures, other lengths than asked, a late client, a warm cache."""
    done = requests.among(requests.ok)
    found = ["B-EMPTY"] if not len(done) else ["B-FAILED"] if len(done) < len(requests) else []
    for counted, asked in ((done.input_tok, load.input_tok), (done.output_tok, load.output_tok)):
        if len(done) and abs(counted.mean() / asked - 1.0) > TOKENS_FRAC and "B-TOKENS" not in found:
            found.append("B-TOKENS")
    if load.request_rate is None and len(done):
        late = client_lag_s(requests, load.concurrency) > LAG_FRAC * float(np.median(done.ttft_s))
        found += ["B-CLIENT"] if late else []
    if hit_frac is None:
        return [*found, "B-CACHE" if cold else "B-WARM"]
    if cold != (hit_frac <= COLD_FRAC):
        found.append("B-PREFIX" if cold else "B-COLD")
    return found


def speed_codes(point: PointResult, bound: Ceiling | None) -> list[str]:
    """Faster than the hardware allows."""
    if bound is None:
        return []
    most = bound.output_tok_per_s(point.input_tok, point.output_tok, point.concurrency, point.cached_frac)
    return ["B-ROOFLINE"] if point.output_tok_per_s > most else []


def energy_codes(
    point: PointResult, energy: Energy | None, idle_watts: float | None = None, cap_watts: float | None = None
) -> list[str]:
    """
    No power, the meter's own doubts, or joules that the GPUs cannot have drawn in the window: under what they draw idle, over their limit.

    Parameters
    ----------
    idle_watts, cap_watts : float, optional
        Of all GPUs together: drawn with the model loaded and nobody served, and the power limit. [W]
    """
    if energy is None or energy.source == "none":
        return list(dict.fromkeys(["B-POWER", *(energy.codes if energy else ())]))
    least = (idle_watts or 0.0) * point.window_s * (1 - JOULES_FRAC)
    most = (cap_watts or math.inf) * point.window_s * (1 + JOULES_FRAC)
    return [*energy.codes, *([] if least <= energy.joules <= most or math.isnan(energy.joules) else ["B-JOULES"])]
