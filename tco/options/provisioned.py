"""
Throughput rented from an API vendor by the unit: units for a volume, what spills over them, where that bends. MODEL §2.3.

Every request is sent to the units, none by a batch tariff. Units are bought once for the peak minute, or so many as the
contract says; then what an hour asks beyond them, by the mean of the hour, is excess.
"""

import numpy as np

from tco.inputs.prices import Provisioned
from tco.inputs.workload import Workload
from tco.model.demand import peak_ratio
from tco.model.metering import (
    provisioned_units,
    requests_for_spill,
    spill_edges,
    spilled,
    unit_tok_per_month,
    weighted_tok,
)
from tco.options.base import OptionBase
from tco.units import HOURS_PER_MONTH, HOURS_PER_WEEK, MINUTES_PER_HOUR, Array, Numeric


def request_weighted_tok(units: Provisioned, option: OptionBase, workload: Workload) -> Numeric:
    """Weighted tokens of one mean request. [tok/request]"""
    prompt = option.input_tok(workload)
    cached = prompt * option.cache_hit_frac
    return weighted_tok(prompt - cached, cached, option.output_tok(workload), units.cached_ratio, units.output_ratio)


def peak_tok_per_minute(units: Provisioned, option: OptionBase, workload: Workload, requests: Numeric) -> Numeric:
    """Weighted tokens of the busiest minute of the week. [tok/min]"""
    mean = requests * request_weighted_tok(units, option, workload) / (HOURS_PER_MONTH * MINUTES_PER_HOUR)
    return mean * peak_ratio(workload.shape_hours) * workload.burst_ratio


def units_paid(units: Provisioned, option: OptionBase, workload: Workload, requests: Numeric) -> Numeric:
    """Units of a volume: those bought, else as many as its peak minute takes. [units]"""
    if units.bought_units is not None:
        return units.bought_units
    peak = peak_tok_per_minute(units, option, workload, requests)
    return provisioned_units(peak, units.unit_tok_per_minute, units.step_units, units.min_units)


def excess_requests(units: Provisioned, option: OptionBase, workload: Workload, requests: Numeric) -> Numeric:
    """Requests of a month beyond the units bought; none where units are bought for the peak. [requests/month]"""
    if units.bought_units is None:
        return 0.0 * np.asarray(requests)
    return spilled(requests, workload.shape_hours, _hour_requests(units, option, workload))


def _hour_requests(units: Provisioned, option: OptionBase, workload: Workload) -> Numeric:
    """What the units bought serve in a month's hours of one hour of the week. [requests]"""
    served = (units.bought_units or 0.0) * unit_tok_per_month(units.unit_tok_per_minute) / HOURS_PER_WEEK
    return served / request_weighted_tok(units, option, workload)


def unit_kinks(units: Provisioned, option: OptionBase, workload: Workload, max_requests: float) -> Array:
    """Volumes at which units are added, or at which one more hour of the week spills. [requests/month]"""
    if units.bought_units is not None:
        edges: Array = spill_edges(workload.shape_hours)[0] * _plain(_hour_requests(units, option, workload))
        return np.unique(edges[edges <= max_requests])
    step = step_requests(units, option, workload)
    first = max(1.0, np.floor(units.min_units / units.step_units))
    return step * np.arange(first, np.floor(max_requests / step) + 1.0)


def step_requests(units: Provisioned, option: OptionBase, workload: Workload) -> float:
    """Volume whose peak one step of units holds. [requests/month]"""
    return units.step_units * units.unit_tok_per_minute / _plain(peak_tok_per_minute(units, option, workload, 1.0))


def excess_kinks(units: Provisioned, option: OptionBase, workload: Workload, excess: Array) -> Array:
    """Volumes at which the excess reaches some figures. [requests/month]"""
    return requests_for_spill(excess, workload.shape_hours, _plain(_hour_requests(units, option, workload)))


def _plain(value: Numeric) -> float:
    return float(np.max(value))
