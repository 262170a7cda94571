"""
Serve an open-weight model on rented GPUs. MODEL §3.1, 4.5.

All fleets are one sum: units that are always on, hours above them, starts. A fixed fleet is all base, an autoscaled one
has none, and reserved_and_burst reserves what is needed in enough hours to be worth it.
"""

from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from tco.inputs.base import NonNegative
from tco.inputs.prices import GpuRental
from tco.model.capacity import replicas_needed
from tco.model.fleet import NONE_RESERVED, Levels, Rule, edges_of, reserved_rank
from tco.model.ledger import Ledger
from tco.options.api import tokens_usd
from tco.options.base import OptionKind, Shared, Tail, WeekPlan, assemble
from tco.options.self_hosted import (
    Bound,
    SelfHostedOption,
    WeekKeys,
    busy_replicas,
    failover_kinks,
    failover_option,
    load_per_request,
    mean_request_s,
    peak_level,
    plain,
    plain_week,
    rest_bounds,
    rule_of,
    share_of_paid,
    step_requests,
    week_figures,
    week_keys,
    week_plan,
)
from tco.units import (
    HOURS_PER_MONTH,
    MINUTES_PER_HOUR,
    MONTHS_PER_YEAR,
    SECONDS_PER_MONTH,
    WEEKS_PER_MONTH,
    Array,
    Numeric,
)

Minutes = Annotated[float, Field(ge=0, le=10_080)]


class RentedOption(SelfHostedOption):
    """Serve an open-weight model on rented GPUs."""

    kind: Literal["rented"] = "rented"
    """Way of serving."""
    fleet: Literal["fixed", "reserved", "autoscaled", "reserved_and_burst"] = "fixed"
    """fixed keeps the peak's replicas all month on demand, reserved at the reserved price; autoscaled follows the hours
    of the week; reserved_and_burst reserves what pays and follows with the rest."""
    gpu: GpuRental
    """Rent."""
    cold_start_minutes: Minutes = 0.0
    """From starting a GPU until it serves, billed on demand."""
    drain_minutes: Minutes = 0.0
    """From taking a GPU out of service until it is given back, billed on demand."""
    min_billing_minutes: Minutes = 0.0
    """Shortest time for which a GPU on demand is billed."""
    scale_ahead_hours: Annotated[float, Field(ge=0, le=24)] = 0.0
    """Hours by which a fleet that follows the week is made larger before it has to be."""
    addon_frac: Annotated[float, Field(ge=0, le=3)] = 0.0
    """Storage, traffic and support that the vendor charges beside the rent, over the rent."""
    spot_waste_frac: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of interruptible hours lost to restarts and work done twice."""
    staging_replica_hours_per_month: NonNegative = 0.0
    """Hours a month of one replica for staging and evaluation."""
    reserved_term: Literal["reserved_1y", "reserved_3y"] = "reserved_1y"
    """Commitment whose price is looked up for reserved GPUs."""
    region: str = ""
    """Region whose grid the memo of carbon is of."""
    pue: Annotated[float, Field(ge=1, le=5)] = 1.0
    """Facility power over IT power, for the memo of energy; the vendor pays for it."""
    carbon_kg_per_kwh: NonNegative = 0.0
    """Carbon dioxide of one kilowatt-hour of the grid, for the memo of carbon."""

    @model_validator(mode="after")
    def _check(self) -> "RentedOption":
        if self.fleet in ("fixed", "reserved") and self.scale_ahead_hours > 0:
            raise ValueError(f"fleet {self.fleet} never scales: leave scale_ahead_hours at 0, or choose autoscaled")
        wants = self.fleet in ("reserved", "reserved_and_burst")
        gpu = self.gpu
        if wants and gpu.reserved_usd_per_gpu_hour is None and gpu.reserved_discount_frac == 0:
            raise ValueError(f"fleet {self.fleet} needs gpu.reserved_usd_per_gpu_hour or gpu.reserved_discount_frac")
        if self.deferrable == "on_spot" and gpu.spot_usd_per_gpu_hour is None and gpu.spot_discount_frac == 0:
            raise ValueError("deferrable on_spot needs gpu.spot_usd_per_gpu_hour or gpu.spot_discount_frac")
        return self


def on_demand_usd_per_gpu_hour(gpu: GpuRental) -> Numeric:
    """Price by the hour, without commitment. [USD/GPU-h]"""
    return gpu.on_demand_usd_per_gpu_hour * gpu.price_ratio


def reserved_usd_per_gpu_hour(gpu: GpuRental) -> Numeric:
    """Published price of a reserved GPU, else the discount on the price on demand. [USD/GPU-h]"""
    if gpu.reserved_usd_per_gpu_hour is not None:
        return gpu.reserved_usd_per_gpu_hour * gpu.price_ratio
    return on_demand_usd_per_gpu_hour(gpu) * (1.0 - gpu.reserved_discount_frac)


def spot_usd_per_gpu_hour(gpu: GpuRental) -> Numeric:
    """Published price of an interruptible GPU, else the discount on the price on demand. [USD/GPU-h]"""
    if gpu.spot_usd_per_gpu_hour is not None:
        return gpu.spot_usd_per_gpu_hour * gpu.price_ratio
    return on_demand_usd_per_gpu_hour(gpu) * (1.0 - gpu.spot_discount_frac)


def _keys(option: RentedOption, shared: Shared) -> WeekKeys:
    rank: Numeric = {"autoscaled": float(NONE_RESERVED)}.get(option.fleet, 1.0)
    if option.fleet == "reserved_and_burst":
        rank = reserved_rank(reserved_usd_per_gpu_hour(option.gpu), on_demand_usd_per_gpu_hour(option.gpu))
    ahead = option.scale_ahead_hours
    return week_keys(option, shared.workload, rank, ahead, option.min_billing_minutes / MINUTES_PER_HOUR)


def _rule(option: RentedOption) -> Rule:
    return rule_of(option, option.gpu.instance_gpus)


def _unit_gpus(option: RentedOption) -> Array:
    return np.where(
        np.asarray(option.gpu.instance_gpus) > 0, option.gpu.instance_gpus, option.capacity.gpus_per_replica
    )


def _month_hours(option: RentedOption, figures: Array) -> tuple[Array, Array, Array]:
    """Unit-hours a month: of the base, above it, and for starting, stopping and minimum billing."""
    base, above, starts, billing = figures
    friction_h = (option.cold_start_minutes + option.drain_minutes) / MINUTES_PER_HOUR
    return base * HOURS_PER_MONTH, above * WEEKS_PER_MONTH, (starts * friction_h + billing) * WEEKS_PER_MONTH


def _base_usd_per_gpu_hour(option: RentedOption) -> Numeric:
    fixed = option.fleet == "fixed"
    return on_demand_usd_per_gpu_hour(option.gpu) if fixed else reserved_usd_per_gpu_hour(option.gpu)


def _spot_gpu_hours(option: RentedOption, shared: Shared) -> Numeric:
    """GPU-hours a month of interruptible GPUs, those lost to interruptions in."""
    if option.deferrable != "on_spot":
        return 0.0
    capacity = option.capacity
    work_h = shared.requests * shared.workload.batch_frac * mean_request_s(option, shared.workload) / SECONDS_PER_MONTH
    hours = work_h * HOURS_PER_MONTH * capacity.gpus_per_replica / capacity.target_utilisation_frac
    billed: Numeric = hours / (1.0 - option.spot_waste_frac)
    return billed


def _ledger(option_id: str, option: RentedOption, shared: Shared) -> Ledger:
    capacity, workload, keys, rule = option.capacity, shared.workload, _keys(option, shared), _rule(option)
    load = shared.requests * load_per_request(option, workload)
    figures = week_figures(load, workload, keys, rule)
    base_h, above_h, friction_h = (hours * _unit_gpus(option) for hours in _month_hours(option, figures))
    on_demand, gpus = on_demand_usd_per_gpu_hour(option.gpu), capacity.gpus_per_replica
    spot_h, staging_h = _spot_gpu_hours(option, shared), option.staging_replica_hours_per_month * gpus
    standby_h = option.standby_replicas * gpus * HOURS_PER_MONTH
    api = failover_option(option, shared)
    rent: dict[str, Numeric] = {
        "gpu_rent": base_h * _base_usd_per_gpu_hour(option) + above_h * on_demand,
        "scaling": friction_h * on_demand,
        "spot_rent": spot_h * spot_usd_per_gpu_hour(option.gpu),
        "standby": standby_h * on_demand,
        "staging": staging_h * on_demand,
    }
    paid_h = base_h + above_h + friction_h + spot_h + standby_h + staging_h
    lines: dict[str, Numeric] = {
        **rent,
        "rent_addons": sum(rent.values(), 0.0) * option.addon_frac,
        "licences": paid_h / HOURS_PER_MONTH * option.licence_usd_per_gpu_year / MONTHS_PER_YEAR,
        "failover": tokens_usd(api, workload, shared.requests * option.failover_frac) if api is not None else 0.0,
    }
    peak = load * peak_level(workload, keys)
    replicas = rule.replicas(peak)
    busy = busy_replicas(option, workload, shared.requests)
    fleet_h = base_h + above_h
    facts: dict[str, Numeric] = {
        "request_s": mean_request_s(option, workload),
        "step_requests_per_month": step_requests(option, workload, keys),
        "replicas_needed": replicas_needed(peak, 1.0, capacity.min_replicas),
        "replicas": replicas,
        "replicas_mean": fleet_h / HOURS_PER_MONTH / gpus,
        "starts_per_week": figures[2],
        "gpu_hours_per_month": paid_h,
        "fleet_gpu_hours_per_month": fleet_h,
        "load_frac": share_of_paid(busy * HOURS_PER_MONTH * gpus, fleet_h),
    }
    return assemble(option_id, lines, option, shared, replicas, facts)


def _unit_usd(option: RentedOption) -> Array:
    """What one unit of each of the week's figures costs a month, all that grows with the rent in. [USD/month]"""
    on_demand = float(on_demand_usd_per_gpu_hour(option.gpu)) * (1.0 + option.addon_frac)
    base = float(_base_usd_per_gpu_hour(option)) * (1.0 + option.addon_frac)
    licence = option.licence_usd_per_gpu_year / MONTHS_PER_YEAR / HOURS_PER_MONTH
    friction_h = (option.cold_start_minutes + option.drain_minutes) / MINUTES_PER_HOUR
    hours = np.array([HOURS_PER_MONTH, WEEKS_PER_MONTH, WEEKS_PER_MONTH * friction_h, WEEKS_PER_MONTH])
    prices = np.array([base, on_demand, on_demand, on_demand]) + licence
    usd: Array = hours * prices * float(_unit_gpus(option))
    return usd


def _kinks(option: RentedOption, shared: Shared, max_requests: float) -> Array:
    keys, rule = _keys(option, shared), _rule(option)
    load = plain(load_per_request(option, shared.workload))
    if load == 0:  # all of the work is done on spot
        return failover_kinks(option, shared)
    found = [edges_of(max_requests * load, plain_week(shared.workload, keys), rule) / load]
    if option.people.scale_fte and option.gpu.instance_gpus > 0:  # people follow replicas, rent follows instances
        at_peak = Levels.of([(np.atleast_1d(np.asarray(peak_level(shared.workload, keys))), 1.0)])
        found.append(edges_of(max_requests * load, at_peak, replace(rule, unit_gpus=0.0)) / load)
    return np.concatenate([*found, failover_kinks(option, shared)])


def _tail(option: RentedOption, shared: Shared, beyond_requests: float) -> Tail:
    keys, bound = _keys(option, shared), Bound(_rule(option))
    week, load = plain_week(shared.workload, keys), float(load_per_request(option, shared.workload))
    slope, low, high = bound.of(week.levels, _unit_usd(option) @ week.weights)
    peak = load * float(peak_level(shared.workload, keys))
    rest_slope, rest_low, rest_high_slope, rest_high = rest_bounds(option, shared, beyond_requests, bound, peak)
    extra = float(option.standby_replicas) * HOURS_PER_MONTH + float(option.staging_replica_hours_per_month)
    gpus, on_demand = float(option.capacity.gpus_per_replica), float(on_demand_usd_per_gpu_hour(option.gpu))
    licence = option.licence_usd_per_gpu_year / MONTHS_PER_YEAR / HOURS_PER_MONTH
    extra_usd = extra * gpus * (on_demand * (1.0 + option.addon_frac) + licence)
    one = replace(shared, requests=1.0)
    spot = float(_spot_gpu_hours(option, one)) * (
        float(spot_usd_per_gpu_hour(option.gpu)) * (1.0 + option.addon_frac) + licence
    )
    steps = slope * load + spot
    return Tail(steps + rest_slope, low + rest_low + extra_usd, steps + rest_high_slope, high + rest_high + extra_usd)


def _week(option: RentedOption, shared: Shared) -> WeekPlan:
    around = (option.pue, option.carbon_kg_per_kwh)
    gpus, month = option.capacity.gpus_per_replica, HOURS_PER_MONTH
    aside: list[tuple[Numeric, Numeric]] = [
        (_spot_gpu_hours(option, shared) / month, option.capacity.target_utilisation_frac),
        (option.standby_replicas * gpus, 0.0),
        (option.staging_replica_hours_per_month * gpus / month, 0.0),
    ]
    return week_plan(option, shared, _keys(option, shared), _rule(option), around, aside)


OPTION = OptionKind("rented", RentedOption, _ledger, _kinks, _tail, _week, kin="self_hosted")
