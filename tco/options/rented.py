"""Serve an open-weight model on rented GPUs: whole replicas for the peak hour, paid all month. MODEL §3.1, 4."""

from typing import Annotated, Literal, cast

import numpy as np
from pydantic import Field

from tco.inputs.base import Frac, Input, NonNegative, Positive
from tco.inputs.hardware import Work
from tco.inputs.prices import GpuRental
from tco.inputs.source import Grade
from tco.inputs.workload import Workload
from tco.model.capacity import load_frac, replicas_needed, replicas_paid, requests_per_replica_month, step_edges
from tco.model.demand import mean_product_tok2, mean_square_tok2, peak_ratio
from tco.model.ledger import Ledger
from tco.model.work import request_seconds
from tco.options.api import ApiOption, bill_bounds, discount_kinks, tokens_usd
from tco.options.base import OptionBase, OptionKind, Shared, Tail, assemble
from tco.units import HOURS_PER_MONTH, MONTHS_PER_YEAR, Array, Numeric


class Capacity(Input):
    """What one replica can do at the service level asked for."""

    work: Work
    """Replica-seconds a request costs, fitted from the profile's points."""
    cached_work_ratio: Frac = 1.0
    """Work of a prompt token that the cache serves over one it does not, where the profile has not measured it."""
    gpus_per_replica: Annotated[float, Field(ge=1, le=4096)]
    """GPUs one copy of the model takes."""
    grade: Grade = "assumed"
    """Grade of the throughput behind it."""
    throughput_ratio: Positive = 1.0
    """Throughput over what the profile says, for what-if questions."""
    target_utilisation_frac: Annotated[float, Field(gt=0, le=1)]
    """Share of a replica's capacity planned for in the peak minute."""
    spare_replicas: NonNegative
    """Replicas kept beyond the peak's need, at least."""
    spare_frac: Frac
    """Spare replicas as a share of those needed, rounded up, where that is more."""
    min_replicas: Annotated[float, Field(ge=1)] = 1.0
    """Replicas needed at least, before spares."""


class RentedOption(OptionBase):
    """Serve an open-weight model on rented GPUs."""

    kind: Literal["rented"] = "rented"
    """Way of serving."""
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


def mean_request_s(option: RentedOption, workload: Workload) -> Numeric:
    """Replica-seconds of a mean request, spread of lengths and throughput factor in. [s]"""
    work, cached = option.capacity.work, option.cache_hit_frac
    input_tok, output_tok = option.input_tok(workload), option.output_tok(workload)
    spread_in, spread_out = workload.input_length.cv, workload.output_length.cv
    context_tok2 = (
        mean_product_tok2(input_tok, output_tok, spread_in, spread_out, workload.length_corr)
        + mean_square_tok2(output_tok, spread_out) / 2.0
    )
    seconds = request_seconds(
        work.prefill_s_per_tok,
        work.cached_s_per_tok,
        work.decode_s_per_tok,
        work.context_s_per_tok2,
        input_tok * (1.0 - cached),
        input_tok * cached,
        output_tok,
        context_tok2,
    )
    return seconds / option.capacity.throughput_ratio


def step_requests(option: RentedOption, workload: Workload) -> Numeric:
    """Monthly requests that one more replica carries. [requests/month]"""
    return requests_per_replica_month(
        mean_request_s(option, workload),
        option.capacity.target_utilisation_frac,
        workload.burst_ratio,
        peak_ratio(workload.shape_hours),
    )


def replica_usd_per_hour(option: RentedOption) -> Numeric:
    """Rent of one replica. [USD/h]"""
    return option.gpu.on_demand_usd_per_gpu_hour * option.capacity.gpus_per_replica


def failover_option(option: RentedOption, shared: Shared) -> ApiOption | None:
    """The API that serves while the fleet is down; None when nothing fails over."""
    target = shared.options.get(option.failover_to or shared.baseline)
    return target if isinstance(target, ApiOption) else None


def _ledger(option_id: str, option: RentedOption, shared: Shared) -> Ledger:
    capacity, workload = option.capacity, shared.workload
    request_s = mean_request_s(option, workload)
    needed = replicas_needed(shared.requests, step_requests(option, workload), capacity.min_replicas)
    replicas = replicas_paid(needed, capacity.spare_replicas, capacity.spare_frac)
    usd_per_hour = replica_usd_per_hour(option)
    api = failover_option(option, shared)
    lines: dict[str, Numeric] = {
        "gpu_rent": replicas * HOURS_PER_MONTH * usd_per_hour,
        "staging": option.staging_replica_hours_per_month * usd_per_hour,
        "failover": tokens_usd(api, workload, shared.requests * option.failover_frac) if api is not None else 0.0,
    }
    facts: dict[str, Numeric] = {
        "request_s": request_s,
        "step_requests_per_month": step_requests(option, workload),
        "replicas_needed": needed,
        "replicas": replicas,
        "gpu_hours_per_month": (replicas * HOURS_PER_MONTH + option.staging_replica_hours_per_month)
        * capacity.gpus_per_replica,
        "load_frac": load_frac(shared.requests, request_s, replicas),
    }
    return assemble(option_id, lines, option, shared, replicas, facts)


def _kinks(option: RentedOption, shared: Shared, max_requests: float) -> Array:
    step = float(np.max(step_requests(option, shared.workload)))
    found = [step_edges(step, option.capacity.min_replicas, max_requests)]
    api = failover_option(option, shared)
    if api is not None and option.failover_frac > 0:
        found.append(discount_kinks(api, shared.workload, option.failover_frac))
    return cast(Array, np.concatenate(found))


def _tail(option: RentedOption, shared: Shared, beyond_requests: float) -> Tail:
    """
    Bounds from x ≤ ⌈x⌉ ≤ x + 1: needed lies in [V/Q, V/Q + n_min], spares in [max(r, s·n), r + s·n + 1].

    People grow with a logarithm: from below it is taken where it stands, from above by its tangent.
    """
    capacity = option.capacity
    step = float(np.max(step_requests(option, shared.workload)))
    hour_month = float(replica_usd_per_hour(option)) * HOURS_PER_MONTH
    grown = 1.0 + capacity.spare_frac
    rounding = 1.0 if capacity.spare_frac > 0 else 0.0
    low_n = capacity.spare_replicas if capacity.spare_frac == 0 else 0.0
    high_n = grown * capacity.min_replicas + rounding + capacity.spare_replicas
    at = beyond_requests / step * grown
    fte_usd = option.people.scale_fte * shared.staffing.loaded_usd_per_fte_year / MONTHS_PER_YEAR
    bend = fte_usd / (1.0 + at)
    fixed_lines = assemble("", {}, option, shared, 0.0, {}).running_usd + (
        option.staging_replica_hours_per_month * replica_usd_per_hour(option)
    )
    fixed = float(fixed_lines)
    api = failover_option(option, shared)
    over_slope, over_low, over_high = 0.0, 0.0, 0.0
    if api is not None and option.failover_frac > 0:
        over_slope, over_low, over_high = bill_bounds(api, shared.workload, beyond_requests, option.failover_frac)
    slope = grown / step * hour_month + over_slope
    low = low_n * hour_month + fixed + fte_usd * float(np.log1p(at)) + over_low
    high = high_n * (hour_month + bend) + fixed + fte_usd * float(np.log1p(at)) - bend * at + over_high
    return Tail(slope, low, slope + bend * grown / step, high)


OPTION = OptionKind("rented", RentedOption, _ledger, _kinks, _tail)
