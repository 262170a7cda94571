from typing import Annotated, Literal

from pydantic import Field

from tco.inputs.base import Frac, Input, NonNegative, Positive
from tco.inputs.hardware import Work
from tco.inputs.prices import GpuRental
from tco.inputs.source import Grade
from tco.options.base import OptionBase


class Capacity(Input):
    """What one replica can do at the service level asked for."""

    work: Work
    """Replica-seconds a request costs, fitted from the profile's points."""
    gpus_per_replica: Annotated[float, Field(ge=1)]
    """GPUs one copy of the model takes."""
    grade: Grade = "assumed"
    """Grade of the throughput behind it."""
    throughput_ratio: Positive = 1.0
    """Throughput over what the profile says, for what-if questions."""
    fit_error_frac: NonNegative = 0.0
    """Mean error of the work model on the profile's own points."""
    target_utilisation_frac: Annotated[Frac, Field(gt=0)]
    """Share of a replica's capacity planned for in the peak minute."""
    spare_replicas: NonNegative
    """Replicas kept beyond the peak's need, at least."""
    spare_frac: NonNegative
    """Spare replicas as a share of those needed, rounded up, where that is more."""
    min_replicas: Annotated[float, Field(ge=1)] = 1.0
    """Replicas needed at least, before spares."""


class RentedOption(OptionBase):
    """Serve an open-weight model on rented GPUs: replicas for the peak hour, paid all month."""

    kind: Literal["rented"] = "rented"
    """Way of serving."""
    model: str = ""
    """Open-weight model, as in hw_profiles/models."""
    gpu_name: str = ""
    """GPU, as in hw_profiles/gpus."""
    profile: str = ""
    """Serving profile, as in hw_profiles/serving; empty takes the best one for model and GPU."""
    fleet: Literal["fixed"] = "fixed"
    """fixed keeps the replicas of the peak hour all month."""
    gpu: GpuRental
    """Rent."""
    capacity: Capacity
    """What one replica can do."""
    staging_replica_hours_per_month: NonNegative = 0.0
    """Hours a month of one replica for staging and evaluation."""
    failover_frac: Frac = 0.0
    """Share of requests that an API serves while the fleet is down."""
    failover_to: str = ""
    """Option that serves them; empty for the baseline."""
