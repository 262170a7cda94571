"""One load run to one point: the steady window, tokens by the time they took, latencies, and the share inside the service level."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tco.bench.records import Energy, Flags, Floats, Percentiles, PointResult, Requests
from tco.units import MS_PER_S

CONFIDENCE_FRAC = 0.95
"""Of every interval told."""
_STEPS = 20_001


@dataclass(frozen=True)
class Limits:
    """The service level a point is judged by: a request is inside when it keeps both limits."""

    ttft_ms: float
    tpot_ms: float
    percentile: float

    @property
    def target_frac(self) -> float:
        """The share of requests that must be inside."""
        return self.percentile / 100.0


@dataclass(frozen=True)
class Load:
    """What was asked of the client at one point: so many in flight (closed loop) or so many a second (open loop)."""

    input_tok: int
    output_tok: int
    concurrency: int
    request_rate: float | None = None


@dataclass(frozen=True)
class Interval:
    """A mean and the half-width of its interval; the half-width is None from a single value."""

    mean: float
    half_width: float | None


def occupancy(requests: Requests) -> tuple[Floats, Floats]:
    """Times at which the number in flight changes, and that number from each of them on; an end comes before a start. [s]"""
    times = np.concatenate([requests.end_s, requests.start_s])
    steps = np.concatenate([-np.ones(len(requests)), np.ones(len(requests))])
    order = np.lexsort((steps, times))
    return times[order], np.cumsum(steps[order])


def steady_window(requests: Requests, concurrency: int | None) -> tuple[float, float] | None:
    """
    From full occupancy to the start of drain; None when the load was never full or nothing is left between. [s]

    A closed loop is full when `concurrency` requests are in flight for the first time, and drains from the first finish that nothing
    follows. An open loop has settled a mean request's time after its first send, and drains after its last.
    """
    if not len(requests):
        return None
    last_send = float(requests.start_s.max())
    if concurrency is None:
        opened = float(requests.start_s.min() + (requests.end_s - requests.start_s).mean())
        return (opened, last_send) if last_send > opened else None
    times, in_flight = occupancy(requests)
    full = np.flatnonzero(in_flight >= concurrency)
    if not len(full):
        return None
    unfollowed = requests.end_s[requests.end_s > last_send]
    start, end = float(times[full[0]]), float(unfollowed.min()) if len(unfollowed) else last_send
    return (start, end) if end > start else None


def inside_s(from_s: Floats, to_s: Floats, window: tuple[float, float]) -> Floats:
    """The share of each span that lies inside the window; an instant counts whole when it does."""
    length = to_s - from_s
    shared = np.clip(np.minimum(to_s, window[1]) - np.maximum(from_s, window[0]), 0.0, None)
    instant = ((from_s >= window[0]) & (from_s < window[1])).astype(float)
    return np.where(length > 0, shared / np.where(length > 0, length, 1.0), instant)


def rates(requests: Requests, window: tuple[float, float]) -> tuple[float, float, float]:
    """
    Input tokens, output tokens and requests a second inside the window, each weighted by the time it took. [tok/s, tok/s, requests/s]

    A prompt is spread from its send to the first token; that token is an instant, the others are spread from it to the end.
    """
    done = requests.among(requests.ok)
    first_s = done.start_s + done.ttft_s
    length = window[1] - window[0]
    prompt = done.input_tok @ inside_s(done.start_s, first_s, window)
    later = np.clip(done.output_tok - 1.0, 0.0, None) @ inside_s(first_s, done.end_s, window)
    firsts = np.minimum(done.output_tok, 1.0) @ inside_s(first_s, first_s, window)
    whole = inside_s(done.start_s, done.end_s, window).sum()
    return float(prompt / length), float((later + firsts) / length), float(whole / length)


def whole_run_output_tok_per_s(requests: Requests) -> float:
    """Output tokens over the time from the first send to the last finish: what load clients print. [tok/s]"""
    if not requests.ok.any():
        return 0.0
    span = float(requests.end_s.max() - requests.start_s.min())
    return float(requests.output_tok[requests.ok].sum() / span)


def tpot_ms(requests: Requests) -> Floats:
    """Time per output token after the first; NaN for answers of one token. [ms]"""
    decode_s = requests.end_s - requests.start_s - requests.ttft_s
    more = requests.output_tok > 1
    return np.where(more, decode_s / np.where(more, requests.output_tok - 1.0, 1.0), np.nan) * MS_PER_S


def in_slo(requests: Requests, limits: Limits) -> Flags:
    """Which requests kept both limits; a failed one did not, an answer of one token has only the first."""
    late = (requests.ttft_s * MS_PER_S > limits.ttft_ms) | (tpot_ms(requests) > limits.tpot_ms)
    return np.asarray(requests.ok & ~late, dtype=np.bool_)


def percentiles(values: Floats) -> Percentiles:
    """Mean and percentiles of what is known; NaN where nothing is."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Percentiles(*[math.nan] * 5)
    return Percentiles(float(known.mean()), *(float(q) for q in np.percentile(known, [50, 90, 95, 99])))


def wilson(good: int, count: int, confidence_frac: float = CONFIDENCE_FRAC) -> tuple[float, float]:
    """
    Wilson's interval of a share; from 0 to 1 when nothing was counted.

    Examples
    --------
    >>> [round(edge, 3) for edge in wilson(95, 100)]
    [0.888, 0.978]
    """
    if count == 0:
        return 0.0, 1.0
    z2 = NormalDist().inv_cdf(0.5 + confidence_frac / 2.0) ** 2
    share = good / count
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = math.sqrt(z2 * (share * (1 - share) / count + z2 / (4 * count**2))) / (1 + z2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def student_quantile(confidence_frac: float, freedom: int) -> float:
    """
    The t inside whose ±t so much of Student's distribution lies: with x = √n tan θ its density is cosⁿ⁻¹ θ.

    Examples
    --------
    >>> round(student_quantile(0.95, 2), 3), round(student_quantile(0.95, 9), 3)
    (4.303, 2.262)
    """
    angle = np.linspace(0.0, math.pi / 2.0, _STEPS)
    density = np.cos(angle) ** (freedom - 1)
    mass = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2.0)])
    return float(math.sqrt(freedom) * math.tan(np.interp(confidence_frac, mass / mass[-1], angle)))


def t_interval(values: Sequence[float], confidence_frac: float = CONFIDENCE_FRAC) -> Interval:
    """
    Mean of repeats and the half-width of its t-interval.

    Examples
    --------
    >>> # deviation of 9, 10, 11 is 1: 4.303 · 1/√3
    >>> round(t_interval([9.0, 10.0, 11.0]).half_width, 3)
    2.484
    """
    mean = float(np.mean(values))
    if len(values) < 2:
        return Interval(mean, None)
    error = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return Interval(mean, student_quantile(confidence_frac, len(values) - 1) * error)


def counted(requests: Requests, window: tuple[float, float]) -> Requests:
    """The requests whose latency counts: sent and finished inside the window, so neither the first burst nor the drain."""
    return requests.among((requests.start_s >= window[0]) & (requests.end_s <= window[1]))


def summarise(
    requests: Requests,
    load: Load,
    limits: Limits,
    cached_frac: float = 0.0,
    energy: Energy | None = None,
    codes: tuple[str, ...] = (),
) -> PointResult:
    """
    One point from one run. Without a steady window it is taken over the whole run and carries B-FULL, which keeps it out of the fits.

    Raises
    ------
    ValueError
        When no request was sent.
    """
    if not len(requests):
        raise ValueError("no request was sent")
    window = window_of(requests, load)
    if window is None:
        codes = (*codes, "B-FULL")
    span = window or (float(requests.start_s.min()), float(requests.end_s.max()))
    chosen = counted(requests, span)
    judged = chosen if len(chosen) else requests
    answered, good = judged.among(judged.ok), int(in_slo(judged, limits).sum())
    low, high = wilson(good, len(judged))
    per_s = rates(requests, span)
    return PointResult(
        input_tok=_mean(requests.input_tok[requests.ok], load.input_tok),
        output_tok=_mean(requests.output_tok[requests.ok], load.output_tok),
        concurrency=load.concurrency,
        request_rate=load.request_rate,
        cached_frac=cached_frac,
        input_tok_per_s=per_s[0],
        output_tok_per_s=per_s[1],
        requests_per_s=per_s[2],
        whole_run_output_tok_per_s=whole_run_output_tok_per_s(requests),
        ttft_ms=percentiles(answered.ttft_s * MS_PER_S),
        tpot_ms=percentiles(tpot_ms(answered)),
        e2e_ms=percentiles((answered.end_s - answered.start_s) * MS_PER_S),
        in_slo_frac=good / len(judged),
        in_slo_low=low,
        in_slo_high=high,
        completed_count=int(requests.ok.sum()),
        failed_count=int((~requests.ok).sum()),
        window_s=span[1] - span[0],
        judged_count=len(judged),
        energy=energy,
        codes=codes,
    )


def judged_count(point: PointResult) -> int:
    """How many requests the share inside is of; the whole run's where an older record does not say."""
    return point.judged_count or point.completed_count + point.failed_count


def nothing(load: Load, codes: tuple[str, ...]) -> PointResult:
    """A point without a figure: no request was answered, none was inside."""
    none = Percentiles(*[math.nan] * 5)
    return PointResult(
        load.input_tok, load.output_tok, load.concurrency, load.request_rate, 0.0, 0.0, 0.0, 0.0, 0.0, none, none, none,
        0.0, 0.0, 0.0, 0, 0, 0.0, None, codes,
    )  # fmt: skip


def window_of(requests: Requests, load: Load) -> tuple[float, float] | None:
    """The steady window of a run under its load. [s]"""
    return steady_window(requests, load.concurrency if load.request_rate is None else None)


def _mean(values: Floats, otherwise: float) -> float:
    return float(values.mean()) if len(values) else float(otherwise)
