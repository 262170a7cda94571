"""Why a profile does not serve a service level, what it reaches, and what would do."""

from collections.abc import Callable, Mapping, Sequence
from math import ceil, floor, isnan

from tco.errors import Fault
from tco.inputs.hardware import MeasuredAt, Percentiles, ServingPoint, ServingProfile
from tco.inputs.workload import Service
from tco.serving.points import Mix, by_latency, counted, latency_ms

LOWEST_PERCENTILE = 50
"""That a service level can ask for."""
_ALL = 100.0


def too_few(
    profile: ServingProfile,
    service: Service,
    mixes: Mapping[Mix, Sequence[ServingPoint]],
    inside: int,
    needed: int,
) -> Fault:
    """The fault of a profile of whose length mixes fewer are inside a service level than are needed."""
    if len(mixes) < needed:
        mend = "three are needed to price any other; add points or choose another profile"
        return Fault(profile.id, f"{len(mixes)} length mixes", mend)
    asked = f"TTFT {service.ttft_ms:g} ms and TPOT {service.tpot_ms:g} ms at p{service.slo_percentile:g}"
    reached = "; ".join(
        f"{i:g} in, {o:g} out: {_reached(points, service, profile.measured_at)}" for (i, o), points in mixes.items()
    )
    in_time = sum(any(by_latency(p, service) <= 1.0 for p in points) for points in mixes.values())
    mend = _lower(profile, service, mixes, needed) if in_time >= needed else _enough_ms(service, mixes, needed)
    return Fault(
        profile.id,
        f"{asked} is met by {inside} of {len(mixes)} length mixes, and {'three are' if needed > 1 else 'one is'} needed",
        f"{mend}; or choose another profile. The best it reaches is {reached}",
    )


def _reached(points: Sequence[ServingPoint], service: Service, measured_at: MeasuredAt | None) -> str:
    sides = [_lowest_ms([getattr(p, side) for p in points], service) for side in ("ttft_ms", "tpot_ms")]
    shares = [p.in_slo_frac for p in points if p.in_slo_frac is not None and counted(p, service, measured_at)]
    within = f", {max(shares):.1%} of the requests inside both".replace("%", " %") if shares else ""
    failed = sum(p.failed_count for p in points)
    return f"TTFT {sides[0]}, TPOT {sides[1]}{within}{f', {failed} failed' if failed else ''}"


def _lower(profile: ServingProfile, service: Service, mixes: Mapping[Mix, Sequence[ServingPoint]], needed: int) -> str:
    """What to do where the answered requests are in time, but too many failed or missed one limit or the other."""
    mend = "too many requests failed or missed one of the limits: find out why, and measure again"
    best = [
        max((p.in_slo_frac or 0.0) for p in points if counted(p, service, profile.measured_at))
        for points in mixes.values()
        if any(counted(p, service, profile.measured_at) for p in points)
    ]
    enough = floor(sorted(best, reverse=True)[needed - 1] * _ALL) if len(best) >= needed else 0
    return f"{mend}; a service.slo_percentile of {enough} would do" if enough >= LOWEST_PERCENTILE else mend


def _enough_ms(service: Service, mixes: Mapping[Mix, Sequence[ServingPoint]], needed: int) -> str:
    """What to loosen, and how far, so that mixes enough are inside."""

    def enough(
        of: Callable[[ServingPoint], Percentiles], other: Callable[[ServingPoint], Percentiles], limit: float
    ) -> float | None:
        reached = []
        for points in mixes.values():
            able = [p for p in points if not latency_ms(other(p), service.slo_percentile) > limit]
            known = [latency_ms(of(p), service.slo_percentile) for p in able]
            reached += [min(0.0 if isnan(ms) else ms for ms in known)] if known else []
        return float(sorted(reached)[needed - 1]) if len(reached) >= needed else None

    ttft = enough(lambda p: p.ttft_ms, lambda p: p.tpot_ms, service.tpot_ms)
    tpot = enough(lambda p: p.tpot_ms, lambda p: p.ttft_ms, service.ttft_ms)
    ways = [f"service.{name} of {ceil(ms)}" for name, ms in (("ttft_ms", ttft), ("tpot_ms", tpot)) if ms is not None]
    return f"a {' or a '.join(ways)} would do" if ways else "loosen both service.ttft_ms and service.tpot_ms"


def _lowest_ms(latencies: Sequence[Percentiles], service: Service) -> str:
    known = [ms for latency in latencies if not isnan(ms := latency_ms(latency, service.slo_percentile))]
    return f"{min(known):.0f} ms" if known else "not known"
