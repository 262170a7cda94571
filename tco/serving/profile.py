"""A serving profile at a service level: which points count, the fitted work model, and the facts that follow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

import numpy as np

from tco.case import LoadPoint, ServingEvidence
from tco.errors import Fault, ScenarioError
from tco.inputs.hardware import Gpu, Model, Percentiles, ServingPoint, ServingProfile
from tco.inputs.source import Fact, Grade, Source
from tco.inputs.workload import Service
from tco.model.work import Proportions, WorkFit, fit, scaled, throughput_at_slo
from tco.serving.datasheets import Calibration
from tco.serving.estimate import Estimate, Lengths, estimate
from tco.units import Array

TYPED = Source(where="scenario", grade="assumed")
WELL_INSIDE_FRAC = 0.5
"""Share of a limit below which a mix's heaviest point says that nobody tried the GPUs harder."""
ESTIMATE = "estimate"
"""What an option names in place of a profile when it wants none."""
FEWEST_MIXES = 3
"""Three coefficients need three length mixes."""
MIXES_THAT_CHECK = 4
"""From here on a fit can be checked; below, the estimate's proportions are borrowed, and the points say how large."""
KNOWN_PERCENTILES = (50.0, 90.0, 95.0, 99.0)
DOWNGRADED: dict[Grade, Grade] = {"measured": "imported", "imported": "published", "published": "estimated"}
"""What throughput counts as when the service level could be checked on medians only."""


@dataclass(frozen=True)
class Fitted:
    """A profile's work model at one service level."""

    work: WorkFit
    grade: Grade
    evidence: ServingEvidence


def fitted(profile: ServingProfile, service: Service, borrowed: Proportions | None = None) -> Fitted:
    """
    The work model of a profile at a service level.

    Each length mix gives the highest throughput inside both limits; the coefficients are fitted to those. With fewer than
    four, and proportions to borrow, only their common scale is, over all mixes.

    Parameters
    ----------
    borrowed : tuple, optional
        a, b, c of an estimate for the same model and GPUs. [s/tok, s/tok, s/tok²]

    Raises
    ------
    ScenarioError
        When no mix is inside, or fewer than three and nothing is borrowed; says what each mix reaches.
    """
    mixes = mixes_of(profile.points)
    best = {mix: best_within(points, service) for mix, points in mixes.items()}
    inside = {mix: speed for mix, speed in best.items() if speed is not None}
    if len(inside) < (FEWEST_MIXES if borrowed is None else 1):
        raise ScenarioError(_too_few(profile, service, mixes, len(inside), FEWEST_MIXES if borrowed is None else 1))
    lent = borrowed if len(inside) < MIXES_THAT_CHECK else None
    work = fit(*_observed(inside)) if lent is None else scaled(lent, *_observed(_with_lightest(mixes, inside)))
    evidence = replace(
        _evidence(profile, service, mixes, work),
        mixes=tuple(inside),
        borrowed=lent is not None,
        unsaturated_mixes=sum(_unsaturated(mixes[mix], service) for mix in inside),
    )
    grade = profile.grade
    for _ in range(evidence.on_medians + evidence.borrowed):
        grade = DOWNGRADED.get(grade, grade)
    return Fitted(work, grade, evidence)


def _observed(speeds: Mapping[tuple[float, float], float]) -> tuple[Array, Array, Array]:
    """Prompt and answer lengths, and throughput."""
    lengths = np.array(list(speeds))
    return lengths[:, 0], lengths[:, 1], np.array(list(speeds.values()))


def _with_lightest(
    mixes: Mapping[tuple[float, float], Sequence[ServingPoint]], inside: Mapping[tuple[float, float], float]
) -> dict[tuple[float, float], float]:
    """
    Every mix with its throughput; one that no load keeps inside the service level with that of its lightest load.

    It is served no faster than that, so a tighter level never makes the whole look faster.
    """
    return {mix: inside.get(mix, points[0].output_tok_per_s) for mix, points in mixes.items()}


def _evidence(
    profile: ServingProfile, service: Service, mixes: dict[tuple[float, float], list[ServingPoint]], work: WorkFit
) -> ServingEvidence:
    latencies = [known for points in mixes.values() for p in points for known in (p.ttft_ms, p.tpot_ms)]
    used = [_percentile(known, service.slo_percentile) for known in latencies]
    known = [found for found in used if found is not None]
    left_out = work.left_out_error_frac
    return ServingEvidence(
        profile=profile.id,
        engine=f"{profile.engine.name} {profile.engine.version}",
        gpus_per_replica=profile.gpus_per_replica,
        mixes=(),
        percentile_used=f"p{min(known):g}" if known else "none",
        on_medians=any(found is None or found < service.slo_percentile for found in used),
        ttft_known=all(_percentile(p.ttft_ms, 50) is not None for p in profile.points),
        error_frac=float(np.abs(work.error_frac).mean()),
        left_out_error_frac=float(np.abs(left_out).mean()) if len(left_out) else None,
    )


def proportions(
    profile: ServingProfile,
    model: Model | None,
    gpu: Gpu | None,
    service: Service,
    lengths: Lengths,
    known: Calibration | None,
) -> Proportions | None:
    """
    What a profile may borrow: a, b, c of an estimate for its own GPUs and format; None where there is no estimate.

    The estimate is made at the most requests in flight that the profile was measured with, whatever the service level:
    a tighter one then takes points away, but never changes what a token of a prompt costs beside one of an answer.
    """
    if model is None or gpu is None or known is None:
        return None
    dtype, kv_dtype = profile.engine.dtype.lower(), profile.engine.kv_cache_dtype
    gpus, in_flight = profile.gpus_per_replica, max(point.concurrency for point in profile.points)
    found = estimate(
        model, gpu, service, lengths, known, gpus=gpus, dtype=dtype, kv_dtype=kv_dtype, concurrency=in_flight
    )
    return found.work if isinstance(found, Estimate) else None


def estimated_evidence(found: Estimate) -> ServingEvidence:
    """What stands behind a throughput that nobody measured: nothing but the estimate and its interval."""
    return ServingEvidence(
        profile=ESTIMATE,
        engine="",
        gpus_per_replica=found.gpus_per_replica,
        mixes=(),
        percentile_used="typical latencies",
        on_medians=False,
        ttft_known=True,
        error_frac=0.0,
        left_out_error_frac=None,
        memory_requests=found.memory_requests,
        estimated=True,
        interval=(found.low_ratio, found.high_ratio),
        load_points=(LoadPoint(1.0, found.ttft_ms, found.tpot_ms),),
    )


def estimate_facts(found: Estimate, checked_on: date | None) -> list[Fact]:
    """The fields of an option's capacity that an estimate fills; its source is the constants it was made with."""
    note = f"estimated from data sheets; one in ten is under {found.low_ratio:.2f} or over {found.high_ratio:.2f} times the throughput"
    source = Source("price_sheets/assumptions/roofline.csv", "estimated", None, "", checked_on, note=note)
    return _work_facts(found.work, found.gpus_per_replica, "estimated", source)


def serving_facts(profile: ServingProfile, found: Fitted) -> list[Fact]:
    """The fields of an option's capacity that a fitted profile fills, each with the profile as its source."""
    page = profile.sources[0]
    where = f"hw_profiles/serving/{profile.id}.yaml"
    how = "an estimate's proportions, scaled to" if found.evidence.borrowed else "fitted to"
    mixes = f"{len(found.evidence.mixes)} length mix{'' if len(found.evidence.mixes) == 1 else 'es'}"
    note = f"{how} {mixes} inside the service level, judged on {found.evidence.percentile_used}"
    source = Source(where, found.grade, None, page.url, page.checked_on, note=note)
    work = (found.work.prefill_s_per_tok, found.work.decode_s_per_tok, found.work.context_s_per_tok2)
    return _work_facts(work, profile.gpus_per_replica, found.grade, source)


def _work_facts(work: Proportions, gpus: float, grade: Grade, source: Source) -> list[Fact]:
    values = {
        "capacity.work.prefill_s_per_tok": work[0],
        "capacity.work.decode_s_per_tok": work[1],
        "capacity.work.context_s_per_tok2": work[2],
        "capacity.gpus_per_replica": float(gpus),
        "capacity.grade": grade,
    }
    return [Fact(path, value, source) for path, value in values.items()]


def mixes_of(points: Sequence[ServingPoint]) -> dict[tuple[float, float], list[ServingPoint]]:
    """Points of closed loops without a warm cache, by length mix, in order of load."""
    steady = (p for p in points if p.cached_frac == 0 and p.request_rate is None)
    cold = sorted(steady, key=lambda p: (p.input_tok, p.output_tok, p.concurrency))
    return {mix: list(group) for mix, group in groupby(cold, key=lambda p: (p.input_tok, p.output_tok))}


def best_within(points: Sequence[ServingPoint], service: Service) -> float | None:
    ttft = np.array([latency_ms(p.ttft_ms, service.slo_percentile) for p in points])
    tpot = np.array([latency_ms(p.tpot_ms, service.slo_percentile) for p in points])
    speed = np.array([p.output_tok_per_s for p in points])
    return throughput_at_slo(speed, ttft, tpot, service.ttft_ms, service.tpot_ms)


def _unsaturated(points: Sequence[ServingPoint], service: Service) -> bool:
    """Whether even the heaviest load measured is well inside both limits, so that more might be served."""
    heaviest = points[-1]
    ttft, tpot = (latency_ms(known, service.slo_percentile) for known in (heaviest.ttft_ms, heaviest.tpot_ms))
    return bool(np.nanmax([ttft / service.ttft_ms, tpot / service.tpot_ms, 0.0]) < WELL_INSIDE_FRAC)


def latency_ms(known: Percentiles, asked: float) -> float:
    """The latency at the lowest known percentile that is at least the one asked for, else at the highest known."""
    values = {p: v for p in KNOWN_PERCENTILES if (v := getattr(known, f"p{p:g}")) is not None}
    if not values:
        return float("nan")
    enough = [p for p in values if p >= asked]
    return float(values[min(enough) if enough else max(values)])


def _percentile(latency: Percentiles, asked: float) -> float | None:
    """The percentile that ``latency_ms`` takes; None when none is known."""
    known = [p for p in KNOWN_PERCENTILES if getattr(latency, f"p{p:g}") is not None]
    enough = [p for p in known if p >= asked]
    return min(enough) if enough else max(known, default=None)


def _too_few(
    profile: ServingProfile,
    service: Service,
    mixes: dict[tuple[float, float], list[ServingPoint]],
    inside: int,
    needed: int,
) -> Fault:
    reached = "; ".join(
        f"{i:g} in, {o:g} out: TTFT {_lowest_ms([p.ttft_ms for p in points], service)}, "
        f"TPOT {_lowest_ms([p.tpot_ms for p in points], service)}"
        for (i, o), points in mixes.items()
    )
    asked = f"TTFT {service.ttft_ms:g} ms and TPOT {service.tpot_ms:g} ms at p{service.slo_percentile:g}"
    if len(mixes) < needed:
        return Fault(
            profile.id,
            f"{len(mixes)} length mixes",
            "three are needed to price any other; add points or choose another profile",
        )
    return Fault(
        profile.id,
        f"{asked} is met by {inside} of {len(mixes)} length mixes, and {'three are' if needed > 1 else 'one is'} needed",
        f"{_enough_ms(service, mixes, needed)}; or choose another profile. The best it reaches is {reached}",
    )


def _enough_ms(service: Service, mixes: dict[tuple[float, float], list[ServingPoint]], needed: int) -> str:
    """What to loosen, and how far, so that mixes enough are inside."""

    def enough(
        of: Callable[[ServingPoint], Percentiles], other: Callable[[ServingPoint], Percentiles], limit: float
    ) -> float | None:
        reached = []
        for points in mixes.values():
            able = [p for p in points if not latency_ms(other(p), service.slo_percentile) > limit]
            reached += [min(np.nan_to_num(latency_ms(of(p), service.slo_percentile)) for p in able)] if able else []
        return float(sorted(reached)[needed - 1]) if len(reached) >= needed else None

    ttft = enough(lambda p: p.ttft_ms, lambda p: p.tpot_ms, service.tpot_ms)
    tpot = enough(lambda p: p.tpot_ms, lambda p: p.ttft_ms, service.ttft_ms)
    ways = [
        f"service.{name} of {np.ceil(ms):.0f}" for name, ms in (("ttft_ms", ttft), ("tpot_ms", tpot)) if ms is not None
    ]
    return f"a {' or a '.join(ways)} would do" if ways else "loosen both service.ttft_ms and service.tpot_ms"


def _lowest_ms(latencies: Sequence[Percentiles], service: Service) -> str:
    known = [ms for latency in latencies if not np.isnan(ms := latency_ms(latency, service.slo_percentile))]
    return f"{min(known):.0f} ms" if known else "not known"
