"""The points of a profile at a service level: how far each is from its limits, by counted requests where they were counted."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from tco.inputs.hardware import MeasuredAt, Percentiles, ServingPoint, ServingProfile
from tco.inputs.workload import Service
from tco.model.work import throughput_inside

Mix = tuple[float, float]
"""Prompt and answer tokens of a request."""
KNOWN_PERCENTILES = (50.0, 90.0, 95.0, 99.0)
WELL_INSIDE_FRAC = 0.5
"""Share of a limit below which a mix's heaviest point says that nobody tried the GPUs harder."""
_ALL = 100.0
_DIGITS = 9
"""A share that is the one asked for stays so, whatever floating point makes of its complement."""


def mixes_of(points: Sequence[ServingPoint]) -> dict[Mix, list[ServingPoint]]:
    """Points of closed loops without a warm cache, by length mix, in order of load."""
    steady = (p for p in points if p.cached_frac == 0 and p.request_rate is None)
    cold = sorted(steady, key=lambda p: (p.input_tok, p.output_tok, p.concurrency))
    return {mix: list(group) for mix, group in groupby(cold, key=lambda p: (p.input_tok, p.output_tok))}


def best_within(
    points: Sequence[ServingPoint], service: Service, measured_at: MeasuredAt | None = None
) -> float | None:
    """
    Highest output throughput of one length mix inside a service level; None when no point is. [tok/s]

    Parameters
    ----------
    points : Sequence[ServingPoint]
        By rising load.
    measured_at : MeasuredAt, optional
        The limits that requests were counted against when the points were measured.
    """
    over = np.array([over_limit(p, service, measured_at) for p in points])
    return throughput_inside(np.array([p.output_tok_per_s for p in points]), over)


def over_limit(point: ServingPoint, service: Service, measured_at: MeasuredAt | None = None) -> float:
    """
    How far a point is to the limits of a service level: 1 is on it, more is outside.

    Where requests were counted against these very limits, the share outside over the share that may be; a failed request is
    outside. At other limits the worst of both latencies over their limits and of failed requests over those that may be; but
    no nearer than the share counted against looser limits, and no farther than that counted against tighter ones. So a
    tighter level never makes a point look better.
    """
    allowed = 1.0 - service.slo_percentile / _ALL
    outside = None if point.in_slo_frac is None else round((1.0 - point.in_slo_frac) / allowed, _DIGITS)
    tighter, looser = _beside(service, measured_at)
    if outside is not None and tighter and looser:
        return outside
    failed = point.failed_frac or 0.0
    found = max(by_latency(point, service), failed / allowed)
    if outside is None or not (tighter or looser):
        return found
    return max(found, outside) if tighter else min(found, outside)


def counted(point: ServingPoint, service: Service, measured_at: MeasuredAt | None) -> bool:
    """Whether a point's requests were counted against the very limits asked for."""
    return point.in_slo_frac is not None and all(_beside(service, measured_at))


def _beside(service: Service, measured_at: MeasuredAt | None) -> tuple[bool, bool]:
    """Whether the limits asked for are nowhere looser than those measured at, and nowhere tighter."""
    if measured_at is None:
        return False, False
    pairs = ((service.ttft_ms, measured_at.ttft_ms), (service.tpot_ms, measured_at.tpot_ms))
    return all(asked <= was for asked, was in pairs), all(asked >= was for asked, was in pairs)


def by_latency(point: ServingPoint, service: Service) -> float:
    """
    The worse of both latencies over its limit; one that is not known is not judged.

    Latencies are of answered requests: with some failed, more of the answered ones must be in time.
    """
    percentile = service.slo_percentile / (1.0 - min(point.failed_frac or 0.0, 0.5))
    ratios = [
        latency_ms(point.ttft_ms, percentile) / service.ttft_ms,
        latency_ms(point.tpot_ms, percentile) / service.tpot_ms,
    ]
    return float(np.nanmax([*ratios, 0.0]))


def unsaturated(points: Sequence[ServingPoint], service: Service, measured_at: MeasuredAt | None = None) -> bool:
    """Whether even the heaviest load measured is well inside, so that more might be served."""
    heaviest = points[-1]
    return max(by_latency(heaviest, service), over_limit(heaviest, service, measured_at)) < WELL_INSIDE_FRAC


def unconfirmed(profile: ServingProfile, mix: Mix, service: Service, found_tok_per_s: float) -> bool:
    """Whether requests that arrived by themselves, at less than the throughput found, did not keep the service level."""
    return any(
        over_limit(p, service, profile.measured_at) > 1.0
        for p in profile.points
        if (p.input_tok, p.output_tok) == mix and p.cached_frac == 0
        if p.request_rate is not None and p.request_rate * p.output_tok <= found_tok_per_s
    )


def latency_ms(known: Percentiles, asked: float) -> float:
    """The latency at the lowest known percentile that is at least the one asked for, else at the highest known."""
    percentile = percentile_used(known, asked)
    return float("nan") if percentile is None else float(getattr(known, f"p{percentile:g}"))


def percentile_used(known: Percentiles, asked: float) -> float | None:
    """The percentile that ``latency_ms`` takes; None when none is known."""
    there = [p for p in KNOWN_PERCENTILES if getattr(known, f"p{p:g}") is not None]
    enough = [p for p in there if p >= asked]
    return min(enough) if enough else max(there, default=None)
