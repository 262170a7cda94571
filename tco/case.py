"""The Case: a scenario with every name turned into numbers, and where each came from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from tco.inputs.base import Input
from tco.inputs.finance import Finance
from tco.inputs.source import Grade, Source
from tco.inputs.staffing import Staffing
from tco.inputs.workload import Service, Workload
from tco.options.base import OptionBase


class CaseNumbers(Input):
    """One number per field, everything validated."""

    name: str = ""
    """What the scenario is called."""
    as_of: date
    """The day whose prices hold."""
    workload: Workload
    """What is asked of the model."""
    service: Service
    """The service asked for."""
    finance: Finance
    """Money over time."""
    staffing: Staffing
    """What a person costs."""
    options: dict[str, OptionBase]
    """Ways to serve, by id."""
    baseline: str
    """Option to beat."""
    challenger: str
    """Option that might beat it."""
    hosted: str = ""
    """API option that sells the challenger's open weights, for the savings bridge; empty when there is none."""
    parity_evidence: str = ""
    """Where it is shown that the open model's answers are good enough: an evaluation's name or link."""


@dataclass(frozen=True)
class LoadPoint:
    """A replica at one load; NaN where it is not known."""

    load_frac: float
    """Load over what it serves at the service level."""
    ttft_ms: float
    tpot_ms: float


@dataclass(frozen=True)
class ServingEvidence:
    """What stands behind an option's throughput."""

    profile: str
    """Serving profile; ``estimate`` when there is none."""
    engine: str
    gpus_per_replica: float
    mixes: tuple[tuple[float, float], ...]
    """Length mixes (prompt, answer tokens) inside the service level."""
    percentile_used: str
    """``p99``, ``p50 (medians)`` …"""
    on_medians: bool
    """The service level could only be checked on medians."""
    ttft_known: bool
    error_frac: float
    """Mean absolute error of the fit on its own mixes."""
    left_out_error_frac: float | None
    """Mean absolute error on mixes left out; None with fewer than four."""
    unsaturated_mixes: int = 0
    """Length mixes whose heaviest point is well inside the service level: faster is likely, but nobody measured it."""
    estimated: bool = False
    """Nobody measured it: the coefficients come from data sheets."""
    interval: tuple[float, float] | None = None
    """Shares of the throughput that one in ten is under and over; None where it is not known."""
    borrowed: bool = False
    """Too few length mixes: the coefficients have an estimate's proportions, scaled to them."""
    memory_requests: float | None = None
    """Requests whose cache fits in memory at once; None when the facts are not known."""
    origin: Grade = "published"
    """Grade of the profile's points, whatever became of the throughput's."""
    codes: tuple[str, ...] = ()
    """What the measurement doubts of itself, as ``tco.serving.doubts`` tells, the heaviest first."""
    unconfirmed_mixes: int = 0
    """Length mixes inside of which an open loop at less load did not keep the service level."""
    uncounted_failures: int = 0
    """Points with failed requests of which nobody knows the share: they were judged on the answered ones."""

    load_points: tuple[LoadPoint, ...] = ()
    """Latency as load rises, of the measured lengths nearest to those asked; empty when it is not known."""


@dataclass(frozen=True)
class Case:
    """Numbers and sources. ``sources`` maps a field's dotted path to its origin."""

    numbers: CaseNumbers
    sources: Mapping[str, Source]
    scenario_hash: str
    today: date
    evidence: Mapping[str, ServingEvidence] = field(default_factory=dict)
    where: str = ""
    """Where the data folders were found."""
    licence_notes: Mapping[str, str] = field(default_factory=dict)
    """What the licence of an option's weights forbids, where it restricts commercial use."""
    opened: str = ""
    """Whether a saved scenario is answered as it was or repriced, in words; empty for one that was never saved."""
    as_saved: bool = True
    """False for a saved scenario that should open as it was and does not, for want of the private contract it was saved under."""
