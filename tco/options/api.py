"""Buy tokens from a vendor: the ledger of its bill, where that bends, and what encloses it beyond the search. MODEL §2."""

from collections.abc import Callable, Mapping

import numpy as np

from tco.inputs.prices import Provisioned
from tco.inputs.workload import Workload
from tco.model.crossings import grid, inside, pieces, winning_intervals
from tco.model.ledger import Ledger
from tco.options.api_bill import (
    ApiOption,
    bill_lines,
    committed_usd,
    discount_kinks,
    request_lines,
    request_usd,
    requests_for_bill,
    tokens_usd,
    used_lines,
)
from tco.options.base import OptionKind, Shared, Tail, assemble, guardrail_usd_per_request, shared_lines
from tco.options.provisioned import (
    excess_kinks,
    excess_requests,
    request_weighted_tok,
    step_requests,
    unit_kinks,
    units_paid,
)
from tco.units import Array, Numeric

__all__ = [
    "OPTION",
    "ApiOption",
    "bill_bounds",
    "bill_lines",
    "committed_usd",
    "discount_kinks",
    "request_lines",
    "request_usd",
    "requests_for_bill",
    "tokens_usd",
]


def _ledger(option_id: str, option: ApiOption, shared: Shared) -> Ledger:
    lines = bill_lines(option, shared.workload, shared.requests)
    facts: dict[str, Numeric] = {
        "usd_per_list_request": request_usd(option, shared.workload),
        "tokens_usd": sum(lines.values(), 0.0),
    }
    if option.provisioned is not None:
        facts |= _unit_facts(option, option.provisioned, shared)
    return assemble(option_id, lines, option, shared, 0.0, facts)


def _unit_facts(option: ApiOption, units: Provisioned, shared: Shared) -> Mapping[str, Numeric]:
    workload, requests = shared.workload, shared.requests
    excess = excess_requests(units, option, workload, requests)
    asked = np.asarray(requests) > 0
    return {
        "provisioned_units": units_paid(units, option, workload, requests),
        "excess_frac": np.where(asked, excess / np.where(asked, requests, 1.0), 0.0),
        "weighted_tok_per_request": request_weighted_tok(units, option, workload),
    }


def _kinks(option: ApiOption, shared: Shared, max_requests: float) -> Array:
    found = _used_kinks(option, shared.workload, max_requests)
    found = found[found <= max_requests]
    least = float(np.max(committed_usd(option)))
    corners = _corners(option, shared.workload, least, found, max_requests) if least else np.array([])
    return np.sort(np.concatenate([found, corners]))


def _used_kinks(option: ApiOption, workload: Workload, max_requests: float) -> Array:
    """Where the use bends or jumps, whatever is committed. [requests/month]"""
    units = option.provisioned
    if units is None:
        return discount_kinks(option, workload)
    if units.bought_units is None:
        return unit_kinks(units, option, workload, max_requests)
    if units.excess == "refused":
        return np.array([])
    bends = excess_kinks(units, option, workload, discount_kinks(option, workload))
    return np.concatenate([unit_kinks(units, option, workload, max_requests), bends])


def _corners(option: ApiOption, workload: Workload, least_usd: float, bends: Array, max_requests: float) -> Array:
    """Where use reaches what is committed: it never falls, so there is one such volume at most. [requests/month]"""
    ends = grid([bends], max_requests)
    used = np.asarray(sum(used_lines(option, workload, inside(ends)).values(), 0.0))
    return np.array([start for start, _ in winning_intervals(pieces(used - least_usd, ends)) if start > 0])


def bill_bounds(
    option: ApiOption, workload: Workload, beyond_requests: float, share_frac: float = 1.0
) -> tuple[float, float, float]:
    """
    Bounds on what a share of the requests costs by the token beyond a volume: (slope, low, high), ``slope·V`` plus low
    or high.
    """
    bends = discount_kinks(option, workload, share_frac)
    return _line_bounds(lambda volume: tokens_usd(option, workload, volume * share_frac), bends, beyond_requests)


def _line_bounds(usd: Callable[[Array], Numeric], bends: Array, beyond: float) -> tuple[float, float, float]:
    """
    (slope, low, high) of a cost that bends at a few volumes and is a line beyond the last: it is furthest from that
    line at the bends.
    """
    bends = np.concatenate([[beyond], bends[bends > beyond]])
    top = float(bends.max())
    ends = np.array([top, 2.0 * top + 1.0])
    slope = float(np.diff(np.asarray(usd(ends)))[0] / (ends[1] - ends[0]))
    levels = np.asarray(usd(bends)) - slope * bends
    return slope, float(levels.min()), float(levels.max())


def _used_bounds(option: ApiOption, workload: Workload, beyond: float) -> tuple[float, float, float]:
    """Bounds on what the use costs beyond a volume, whatever is committed: (slope, low, high)."""
    units = option.provisioned
    if units is not None and units.bought_units is None:  # a staircase: never below its ramp, never a step above it
        slope = units.step_units * units.unit_usd_per_month / step_requests(units, option, workload)
        most = max(units.step_units, units.min_units) * units.unit_usd_per_month
        return slope, 0.0, most

    def used(volume: Array) -> Numeric:
        return sum(used_lines(option, workload, volume).values(), 0.0) + 0.0 * volume

    return _line_bounds(used, _used_kinks(option, workload, np.inf), beyond)


def _tail(option: ApiOption, shared: Shared, beyond_requests: float) -> Tail:
    slope, low, high = _used_bounds(option, shared.workload, beyond_requests)
    high = max(high, float(np.max(committed_usd(option))) - slope * beyond_requests)
    slope += float(guardrail_usd_per_request(option, shared.workload))
    fixed = float(sum(shared_lines(option, shared, 0.0).values(), 0.0))
    return Tail(slope, low + fixed, slope, high + fixed)


OPTION = OptionKind("api", ApiOption, _ledger, _kinks, _tail)
