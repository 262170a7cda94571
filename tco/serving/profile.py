"""A serving profile at a service level: which points count, the fitted work model, and the facts that follow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from tco.case import LoadPoint, ServingEvidence
from tco.errors import ScenarioError
from tco.inputs.hardware import Gpu, Model, ServingPoint, ServingProfile
from tco.inputs.source import Fact, Grade, Source
from tco.inputs.workload import Service
from tco.model.work import Proportions, WorkFit, fit, scaled
from tco.serving.datasheets import Calibration
from tco.serving.doubts import FAKE, doubts, in_words
from tco.serving.estimate import Estimate, Lengths, estimate
from tco.serving.points import (
    Mix,
    best_within,
    counted,
    mixes_of,
    over_limit,
    percentile_used,
    unconfirmed,
    unsaturated,
)
from tco.serving.refusal import too_few
from tco.units import Array

TYPED = Source(where="scenario", grade="assumed")
ESTIMATE = "estimate"
"""What an option names in place of a profile when it wants none."""
FEWEST_MIXES = 3
"""Three coefficients need three length mixes."""
MIXES_THAT_CHECK = 4
"""From here on a fit can be checked; below, the estimate's proportions are borrowed, and the points say how large."""
COUNTED = "the requests counted"
"""What a service level was judged on where each request was held against its limits."""


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
    best = {mix: best_within(points, service, profile.measured_at) for mix, points in mixes.items()}
    inside = {mix: speed for mix, speed in best.items() if speed is not None}
    needed = FEWEST_MIXES if borrowed is None else 1
    if len(inside) < needed:
        raise ScenarioError(too_few(profile, service, mixes, len(inside), needed))
    lent = borrowed if len(inside) < MIXES_THAT_CHECK else None
    work = fit(*_observed(inside)) if lent is None else scaled(lent, *_observed(_with_lightest(mixes, inside)))
    evidence = replace(
        _evidence(profile, service, mixes, work),
        mixes=tuple(inside),
        borrowed=lent is not None,
        unsaturated_mixes=sum(unsaturated(mixes[mix], service, profile.measured_at) for mix in inside),
        unconfirmed_mixes=sum(unconfirmed(profile, mix, service, speed) for mix, speed in inside.items()),
        codes=_doubts(profile, service, [mixes[mix] for mix in inside]),
    )
    return Fitted(work, _grade(profile, evidence), evidence)


def _grade(profile: ServingProfile, evidence: ServingEvidence) -> Grade:
    """
    That of the points; estimated where an estimate or medians stand in for some of them, and assumed where they are a test.

    Never the grade of another origin: what was measured is not called imported or published.
    """
    if FAKE in evidence.codes:
        return "assumed"
    return "estimated" if evidence.on_medians or evidence.borrowed else profile.grade


def _doubts(profile: ServingProfile, service: Service, mixes: Sequence[Sequence[ServingPoint]]) -> tuple[str, ...]:
    used = [p for points in mixes for p in points if over_limit(p, service, profile.measured_at) <= 1.0]
    return doubts(profile, used)


def _observed(speeds: Mapping[Mix, float]) -> tuple[Array, Array, Array]:
    """Prompt and answer lengths, and throughput."""
    lengths = np.array(list(speeds))
    return lengths[:, 0], lengths[:, 1], np.array(list(speeds.values()))


def _with_lightest(mixes: Mapping[Mix, Sequence[ServingPoint]], inside: Mapping[Mix, float]) -> dict[Mix, float]:
    """
    Every mix with its throughput; one that no load keeps inside the service level with that of its lightest load.

    It is served no faster than that, so a tighter level never makes the whole look faster.
    """
    return {mix: inside.get(mix, points[0].output_tok_per_s) for mix, points in mixes.items()}


def _evidence(
    profile: ServingProfile, service: Service, mixes: dict[Mix, list[ServingPoint]], work: WorkFit
) -> ServingEvidence:
    closed = [p for points in mixes.values() for p in points]
    judged = [p for p in closed if not counted(p, service, profile.measured_at)]
    used = [percentile_used(side, service.slo_percentile) for p in judged for side in (p.ttft_ms, p.tpot_ms)]
    known = [found for found in used if found is not None]
    left_out = work.left_out_error_frac
    return ServingEvidence(
        profile=profile.id,
        engine=f"{profile.engine.name} {profile.engine.version}",
        gpus_per_replica=profile.gpus_per_replica,
        mixes=(),
        percentile_used=f"p{min(known):g}" if known else "none" if judged else COUNTED,
        on_medians=any(found is None or found < service.slo_percentile for found in used),
        ttft_known=all(percentile_used(p.ttft_ms, 50) is not None for p in profile.points),
        error_frac=float(np.abs(work.error_frac).mean()),
        left_out_error_frac=float(np.abs(left_out).mean()) if len(left_out) else None,
        origin=profile.grade,
        uncounted_failures=sum(p.failed_frac is None for p in judged),
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

    The estimate is made at the most requests in flight that a closed loop of the profile held, whatever the service level:
    a tighter one then takes points away, but never changes what a token of a prompt costs beside one of an answer. An open
    loop that falls behind holds ever more, so it does not count.
    """
    if model is None or gpu is None or known is None:
        return None
    dtype, kv_dtype = profile.engine.dtype.lower(), profile.engine.kv_cache_dtype
    closed = [point.concurrency for points in mixes_of(profile.points).values() for point in points]
    gpus, in_flight = profile.gpus_per_replica, max(closed, default=1.0)
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
    note = f"{profile.grade}: {how} {mixes} inside the service level, judged on {found.evidence.percentile_used}"
    left = found.evidence.uncounted_failures
    note += f"; failed requests of {left} point{'' if left == 1 else 's'} could not be counted" if left else ""
    note += f"; doubts of the measurement: {in_words(found.evidence.codes)}" if found.evidence.codes else ""
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
