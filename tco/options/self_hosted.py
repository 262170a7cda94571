"""What rented and bought GPUs have in common: the model, its replicas, the hours they stand ready. MODEL §4."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Annotated, Literal, cast

import numpy as np
from pydantic import Field

from tco.inputs.base import Frac, Input, NonNegative, Positive
from tco.inputs.hardware import Power, Work
from tco.inputs.source import Grade
from tco.inputs.workload import Workload
from tco.model.demand import mean_product_tok2, mean_square_tok2
from tco.model.energy import watts_at
from tco.model.fleet import Levels, Rule, burst_week, each, weighted_units
from tco.model.week import mean_one, ready_levels, served_levels
from tco.model.work import request_seconds
from tco.options.api import ApiOption, bill_bounds, discount_kinks
from tco.options.base import OptionBase, Shared, WeekPlan, guardrail_usd_per_request, shared_lines
from tco.units import MONTHS_PER_YEAR, SECONDS_PER_MONTH, WATTS_PER_KILOWATT, Array, Numeric


def plain(value: Numeric) -> float:
    """The one number of a field; the highest where a column is laid over it."""
    return float(value) if isinstance(value, float) else float(np.max(value))


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
    """Replicas kept beyond the need, at least."""
    spare_frac: Frac
    """Spare replicas as a share of those needed, rounded up, where that is more."""
    min_replicas: NonNegative = 1.0
    """Replicas needed at least, before spares; 0 lets a fleet sleep."""


class SelfHostedOption(OptionBase):
    """Serve an open-weight model on GPUs of one's own, rented or bought."""

    gpu_name: str = ""
    """GPU, as in hw_profiles/gpus."""
    profile: str = ""
    """Serving profile, as in hw_profiles/serving; empty takes the best one for model and GPU."""
    capacity: Capacity
    """What one replica can do."""
    power: Power | None = None
    """What its GPUs draw."""
    deferrable: Literal["as_it_comes", "in_valleys", "on_spot"] = "as_it_comes"
    """How requests that may wait are served: with the rest, in the day's quiet hours, or on interruptible GPUs."""
    standby_replicas: NonNegative = 0.0
    """Replicas kept warm in a second region, in case the first is lost."""
    licence_usd_per_gpu_year: NonNegative = 0.0
    """Software licences for each GPU; vLLM needs none."""
    failover_frac: Frac = 0.0
    """Share of requests that an API serves while the fleet is down."""
    failover_to: str = ""
    """Option that serves them; empty for the baseline."""


def mean_request_s(option: SelfHostedOption, workload: Workload) -> Numeric:
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


def busy_replicas(option: SelfHostedOption, workload: Workload, requests: Numeric) -> Numeric:
    """Replicas that the mean hour's work would keep fully busy, what runs on spot GPUs left out."""
    here = 1.0 - workload.batch_frac if option.deferrable == "on_spot" else 1.0
    return requests * here * mean_request_s(option, workload) / SECONDS_PER_MONTH


def load_per_request(option: SelfHostedOption, workload: Workload) -> Numeric:
    """
    Load of the mean hour for one request a month, in replicas at their target, relative to which a week's levels are.

    What is the same in all hours, the burst where nothing waits for quiet hours, is in here, so that levels stay plain.
    """
    burst: Numeric = 1.0 if option.deferrable == "in_valleys" else workload.burst_ratio
    return busy_replicas(option, workload, 1.0) * burst / option.capacity.target_utilisation_frac


def rule_of(option: SelfHostedOption, unit_gpus: Numeric, extra_replicas: Numeric = 0.0) -> Rule:
    """From a load to replicas and to what is paid for."""
    capacity = option.capacity
    return Rule(
        min_replicas=capacity.min_replicas,
        spare_replicas=capacity.spare_replicas,
        spare_frac=capacity.spare_frac,
        gpus_per_replica=capacity.gpus_per_replica,
        unit_gpus=unit_gpus,
        extra_replicas=extra_replicas,
    )


@lru_cache(maxsize=64)
def levels_of(shape_hours: tuple[float, ...], burst_ratio: float, deferrable_frac: float, ahead_hours: int) -> Array:
    """Ready levels of a week, remembered: one answer asks for the same week a hundred times. Not to be written to."""
    return ready_levels(mean_one(shape_hours), burst_ratio, deferrable_frac, ahead_hours)


@lru_cache(maxsize=512)
def week_of(
    shape_hours: tuple[float, ...],
    burst_ratio: float,
    deferrable_frac: float,
    ahead_hours: int,
    rank: int,
    min_billing_hours: float,
) -> Levels:
    """The figures of a fleet over a week: base units, unit-hours above them, starts, hours of minimum billing."""
    return burst_week(levels_of(shape_hours, burst_ratio, deferrable_frac, ahead_hours), rank, min_billing_hours)


WeekKeys = tuple[Numeric, Numeric, Numeric, Numeric, Numeric]


def week_keys(
    option: SelfHostedOption,
    workload: Workload,
    rank: Numeric = 1.0,
    ahead_hours: Numeric = 0.0,
    min_billing_hours: Numeric = 0.0,
) -> WeekKeys:
    """What a fleet's week depends on, beside its shape."""
    waits = option.deferrable == "in_valleys"
    burst, share = (workload.burst_ratio, workload.batch_frac) if waits else (1.0, 0.0)
    return burst, share, ahead_hours, rank, min_billing_hours


def plain_week(workload: Workload, keys: WeekKeys) -> Levels:
    """The one week of plain numbers."""
    burst, share, ahead, rank, billing = (plain(key) for key in keys)
    return week_of(workload.shape_hours, burst, share, int(np.ceil(ahead)), int(rank), billing)


def week_figures(load: Numeric, workload: Workload, keys: WeekKeys, rule: Rule) -> Array:
    """
    Units that are always on, unit-hours a week above them, starts a week, hours a week that minimum billing adds.
    """

    def one(
        burst: float, share: float, ahead: float, rank: float, billing: float, loads: Array, *rest: Numeric
    ) -> Array:
        week = week_of(workload.shape_hours, burst, share, int(np.ceil(ahead)), int(rank), billing)
        return weighted_units(loads, week, Rule(*rest))

    return each(one, keys, load, *rule.__dict__.values())


def peak_level(workload: Workload, keys: WeekKeys) -> Numeric:
    """Highest level of the week over the mean hour."""

    def one(burst: float, share: float, ahead: float, *_: float) -> Array:
        return np.array([levels_of(workload.shape_hours, burst, share, 0).max()])

    return cast(Numeric, each(one, keys[:3], 0.0)[0])


def step_requests(option: SelfHostedOption, workload: Workload, keys: WeekKeys) -> Numeric:
    """Monthly requests that one more replica at the peak carries; infinite when none of the work is done here."""
    each_request = np.asarray(load_per_request(option, workload) * peak_level(workload, keys))
    return np.where(each_request > 0, 1.0 / np.where(each_request > 0, each_request, 1.0), np.inf)


def share_of_paid(busy: Numeric, paid: Numeric) -> Numeric:
    """Busy over paid, in the same unit; 0 where nothing is paid for."""
    there = np.asarray(paid) > 0
    return np.where(there, busy / np.where(there, paid, 1.0), 0.0)


def failover_option(option: SelfHostedOption, shared: Shared) -> ApiOption | None:
    """The API that serves while the fleet is down; None when nothing fails over."""
    target = shared.options.get(option.failover_to or shared.baseline)
    return target if isinstance(target, ApiOption) else None


def failover_kinks(option: SelfHostedOption, shared: Shared) -> Array:
    """Volumes at which the bill of what fails over bends."""
    api = failover_option(option, shared)
    if api is None or option.failover_frac == 0:
        return np.array([])
    return discount_kinks(api, shared.workload, option.failover_frac)


GPU_LINES = frozenset(
    [
        "gpu_rent",
        "scaling",
        "spot_rent",
        "standby",
        "staging",
        "rent_addons",
        "licences",
        "capital",
        "opportunity",
        "support",
        "insurance",
        "colocation",
        "electricity",
        "demand_charge",
        "tariff_escalation",
    ]
)
"""Lines of a ledger that GPUs cost, without the people."""


def knots(power: Power) -> tuple[list[float], list[Numeric]]:
    """Loads, and the draw of a GPU at each."""
    loads = [0.0, *(point.load_frac for point in power.points), 1.0]
    watts: list[Numeric] = [power.idle_watts_per_gpu, *(point.watts_per_gpu for point in power.points)]
    return loads, [*watts, power.busy_watts_per_gpu]


def served_hours(option: SelfHostedOption, shared: Shared) -> Array:
    """Work of each hour of the week relative to the mean hour's."""
    workload = shared.workload
    shape = mean_one(workload.shape_hours)
    if option.deferrable != "in_valleys":
        return shape
    return served_levels(shape, plain(workload.burst_ratio), plain(workload.batch_frac))


def week_plan(
    option: SelfHostedOption,
    shared: Shared,
    keys: WeekKeys,
    rule: Rule,
    surroundings: tuple[float, float],
    aside: Sequence[tuple[Numeric, Numeric]],
) -> WeekPlan:
    """
    What stands ready by hour at one volume: the levels of the week, none below that of what is always on.

    Parameters
    ----------
    surroundings : tuple[float, float]
        PUE, and carbon of the grid. [–, kg/kWh]
    aside : Sequence[tuple[Numeric, Numeric]]
        GPUs that stand beside the week, on average, and their load.
    """
    workload, power = shared.workload, option.power
    burst, share, ahead, rank, _ = (plain(key) for key in keys)
    levels = levels_of(workload.shape_hours, burst, share, int(np.ceil(ahead)))
    always = float(np.sort(levels)[::-1][int(rank) - 1]) if rank <= len(levels) else 0.0
    load = float(np.asarray(shared.requests * load_per_request(option, workload)))
    ready = load * np.maximum(levels, always)
    unit = plain(rule.unit_gpus) or plain(rule.gpus_per_replica)
    replicas, units = np.asarray(rule.replicas(ready)), np.asarray(rule.units(ready))
    base = float(np.asarray(rule.units(load * always))) if rank <= len(levels) else 0.0
    busy = float(np.asarray(busy_replicas(option, workload, shared.requests))) * served_hours(option, shared)
    watts = None if power is None else _kilowatts(power, busy, replicas, units * unit, option.capacity.gpus_per_replica)
    starts = float(np.maximum(units - np.roll(units, 1), 0.0).sum())
    phi = plain(workload.burst_ratio)
    beside = (
        0.0 if power is None else sum(_drawn(power, float(np.asarray(n)), float(np.asarray(at))) for n, at in aside)
    )
    return WeekPlan(busy, replicas, units * unit, base * unit, starts, phi, watts, beside, *surroundings)


def _drawn(power: Power, gpus: float, load_frac: float) -> float:
    """Mean draw of some GPUs at one load, with their part of the servers. [kW]"""
    loads, watts = knots(power)
    return gpus * (float(np.asarray(watts_at(load_frac, loads, watts))) + power.host_watts_per_gpu) / WATTS_PER_KILOWATT


def _kilowatts(power: Power, busy: Array, replicas: Array, gpus: Array, gpus_per_replica: float) -> Array:
    loads, watts = knots(power)
    each_gpu = np.asarray(watts_at(share_of_paid(busy, replicas), loads, watts))
    idle = (gpus - replicas * gpus_per_replica) * watts[0]
    drawn: Array = (
        replicas * gpus_per_replica * each_gpu + idle + gpus * power.host_watts_per_gpu
    ) / WATTS_PER_KILOWATT
    return drawn


class Bound:
    """Units beyond a load lie between ``per_load·load + low`` and ``per_load·load + high``. From x ≤ ⌈x⌉ ≤ x + 1."""

    def __init__(self, rule: Rule) -> None:
        spare, share = plain(rule.spare_replicas), plain(rule.spare_frac)
        unit = plain(rule.unit_gpus) or plain(rule.gpus_per_replica)
        in_one = max(np.floor(unit / plain(rule.gpus_per_replica) + 1e-9), 1.0)
        of_one = max(np.ceil(plain(rule.gpus_per_replica) / unit - 1e-9), 1.0)
        self.grown = 1.0 + share
        extra = plain(rule.extra_replicas)
        self.low_replicas = (spare if share == 0 else 0.0) + extra
        least = max(plain(rule.min_replicas), 1.0)
        self.high_replicas = self.grown * least + (1.0 if share > 0 else 0.0) + spare + extra
        per = of_one / in_one
        self.per_load = self.grown * per
        self.low = self.low_replicas * per
        self.high = self.high_replicas * per + (1.0 if in_one > 1 else 0.0)

    def of(self, levels: Array, usd: Array) -> tuple[float, float, float]:
        """Slope in the load, low and high of ``Σ usd × units(load × level)``."""
        gains, losses = float(usd[usd > 0].sum()), float(usd[usd < 0].sum())
        slope = float((usd * levels).sum()) * self.per_load
        return slope, gains * self.low + losses * self.high, gains * self.high + losses * self.low


def rest_bounds(
    option: SelfHostedOption, shared: Shared, beyond_requests: float, bound: Bound, peak_load_per_request: float
) -> tuple[float, float, float, float]:
    """
    Bounds on all that is not paid by the unit: (low slope, low, high slope, high).

    People grow with a logarithm: from below it is taken where it stands, from above by its tangent.
    """
    finance_rise = _people_rise(shared, option)
    fte_usd = option.people.scale_fte * shared.staffing.loaded_usd_per_fte_year / MONTHS_PER_YEAR * finance_rise
    grown = peak_load_per_request * bound.grown
    at = beyond_requests * grown
    bend = fte_usd / (1.0 + at)
    fixed = float(sum(shared_lines(option, shared, 0.0).values(), 0.0))
    slope = float(guardrail_usd_per_request(option, shared.workload))
    over_low, over_high = 0.0, 0.0
    api = failover_option(option, shared)
    if api is not None and option.failover_frac > 0:
        over_slope, over_low, over_high = bill_bounds(api, shared.workload, beyond_requests, option.failover_frac)
        slope += over_slope
    level = fixed + fte_usd * float(np.log1p(at))
    high = level - bend * at + bend * bound.high_replicas + over_high
    return slope, level + over_low, slope + bend * grown, high


def _people_rise(shared: Shared, option: SelfHostedOption) -> float:
    """What rising wages make of each dollar of people."""
    lines = shared_lines(option, shared, 1.0)
    people = sum(float(np.asarray(usd)) for name, usd in lines.items() if name.startswith("people_"))
    return 1.0 + float(np.asarray(lines["wage_escalation"])) / people if people > 0 else 1.0
