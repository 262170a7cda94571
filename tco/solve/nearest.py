"""The measurement nearest to an estimate, to hold it against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log

from tco.errors import ScenarioError
from tco.inputs.hardware import Gpu, Model, ServingProfile
from tco.inputs.source import Grade
from tco.inputs.workload import Service
from tco.serving.datasheets import Calibration
from tco.serving.estimate import Estimate, Lengths
from tco.serving.profile import fitted, proportions


@dataclass(frozen=True)
class Measured:
    """What a profile says of the same requests at the same service level."""

    profile: str
    gpu: str
    gpus_per_replica: int
    grade: Grade
    output_tok_per_s: float
    """Of one replica, on the lengths asked for."""
    unsaturated: bool
    """Nobody tried these GPUs harder: they may serve more."""
    codes: tuple[str, ...] = ()
    """What the measurement doubts of itself."""


def nearest_measured(
    found: Estimate,
    profiles: Sequence[ServingProfile],
    model: Model,
    gpus: Mapping[str, Gpu],
    service: Service,
    lengths: Lengths,
    known: Calibration,
) -> Measured | None:
    """
    The profile of the same model that is closest: the same GPU, then as many of them; None when none keeps the limits.
    """

    def far(profile: ServingProfile) -> tuple[bool, float]:
        return profile.gpu != found.gpu, abs(log(profile.gpus_per_replica / found.gpus_per_replica))

    for profile in sorted(profiles, key=far):
        lent = proportions(profile, model, gpus.get(profile.gpu), service, lengths, known)
        try:
            fit = fitted(profile, service, lent)
        except ScenarioError:
            continue
        work = fit.work
        seconds = work.prefill_s_per_tok * lengths.input_tok + lengths.output_tok * (
            work.decode_s_per_tok + work.context_s_per_tok2 * lengths.context_tok
        )
        speed, unsaturated = lengths.output_tok / seconds, fit.evidence.unsaturated_mixes > 0
        codes = fit.evidence.codes
        return Measured(profile.id, profile.gpu, profile.gpus_per_replica, fit.grade, speed, unsaturated, codes)
    return None
