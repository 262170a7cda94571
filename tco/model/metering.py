"""Tokens to what a vendor charges: caches, batch, long prompts, hours, discounts, commitments. MODEL §2.2–2.3."""

from collections.abc import Sequence

import numpy as np

from tco.model.capacity import whole
from tco.model.demand import share_of_answers_above, share_of_requests_above, share_of_tokens_above
from tco.units import HOURS_PER_MONTH, MINUTES_PER_HOUR, MONTHS_PER_YEAR, TOKENS_PER_MTOK, Array, Numeric

TINY_TOK = 1e-300
"""Keeps a division by no tokens harmless; the share it multiplies is then 0."""

NO_DEMAND_RATIO = 1e-15
"""An hour that asks this little of what the busiest does asks nothing that rounding would keep."""


def meter_usd(tok: Numeric, usd_per_mtok: Numeric) -> Numeric:
    """
    Tokens at a price per million. [USD]

    Examples
    --------
    >>> round(meter_usd(975.0, 2.50), 7)
    0.0024375
    """
    return tok * usd_per_mtok / TOKENS_PER_MTOK


def special_tariff(share_frac: Numeric, ratio: Numeric) -> Numeric:
    """
    Mean factor when a share is billed at ``ratio`` and the rest at 1.

    Examples
    --------
    >>> special_tariff(0.20, 0.5)  # a fifth by batch at half price
    0.9
    """
    return 1.0 + share_frac * (ratio - 1.0)


def long_prompt_shares(
    rule: str, above_tok: Numeric, input_tok: Numeric, input_cv: Numeric, output_cv: Numeric, corr: Numeric
) -> tuple[Numeric, Numeric]:
    """
    Shares of prompt tokens and of answer tokens that the dearer tariff of long prompts bills, lengths lognormal.

    ``whole_request`` bills every token of a request above the limit; ``marginal`` only the prompt tokens beyond it.

    Examples
    --------
    >>> long_prompt_shares("whole_request", 272_000.0, 300_000.0, 0.0, 0.0, 0.0)
    (1.0, 1.0)
    >>> [float(share) for share in long_prompt_shares("marginal", 272_000.0, 340_000.0, 0.0, 0.0, 0.0)]
    [0.2, 0.0]
    """
    tokens_above = share_of_tokens_above(above_tok, input_tok, input_cv)
    if rule == "marginal":
        requests_above = share_of_requests_above(above_tok, input_tok, input_cv)
        below = above_tok * requests_above / np.maximum(input_tok, TINY_TOK)
        return np.round(tokens_above - below, 15), 0.0
    return tokens_above, share_of_answers_above(above_tok, input_tok, input_cv, output_cv, corr)


def hour_factor(shape_hours: Sequence[float], hour_ratio: Sequence[float], utc_offset_hours: float) -> float:
    """
    Mean price factor over a week: the factor of each UTC hour weighted by the demand in it.

    Examples
    --------
    >>> round(hour_factor([1.0] * 168, [2.0] * 84 + [1.0] * 84, 0.0), 6)
    1.5
    """
    demand = np.roll(np.asarray(shape_hours, dtype=float), -round(utc_offset_hours))
    return float(demand @ np.asarray(hour_ratio, dtype=float) / demand.sum())


def discounted_usd(list_usd: Numeric, above_usd: Sequence[float], ratios: Sequence[float]) -> Numeric:
    """
    Spend after marginal volume discounts: each slice of list spend at the factor of its own tier. [USD]

    Examples
    --------
    >>> round(float(discounted_usd(15_000.0, [12_000.0], [1 / 6])), 6)  # G04: 3.00 to 4,000 Mtok, then 0.50
    12500.0
    """
    list_spend = np.asarray(list_usd, dtype=float)
    total = list_spend
    ratio_below = 1.0
    for above, ratio in sorted(zip(above_usd, ratios, strict=True)):
        total = total + np.maximum(0.0, list_spend - above) * (ratio - ratio_below)
        ratio_below = ratio
    return total


def list_usd_for(bill_usd: Numeric, above_usd: Sequence[float], ratios: Sequence[float]) -> Numeric:
    """
    List spend that comes to a bill after marginal volume discounts: the inverse of ``discounted_usd``. [USD]

    Examples
    --------
    >>> round(float(list_usd_for(12_500.0, [12_000.0], [1 / 6])), 6)
    15000.0
    """
    bill = np.asarray(bill_usd, dtype=float)
    total, ratio_below, from_list, from_bill = bill, 1.0, 0.0, 0.0
    for above, ratio in sorted(zip(above_usd, ratios, strict=True)):
        from_bill, from_list, ratio_below = from_bill + (above - from_list) * ratio_below, above, ratio
        total = np.where(bill > from_bill, from_list + (bill - from_bill) / max(ratio_below, TINY_TOK), total)
    return total


def cache_break_even_uses(
    write_usd_per_mtok: Numeric, read_usd_per_mtok: Numeric, input_usd_per_mtok: Numeric
) -> Numeric:
    """
    Uses of a prefix above which writing it to the vendor's cache pays.

    Examples
    --------
    >>> round(cache_break_even_uses(6.25, 0.50, 5.00), 9)  # G01: from the second use
    1.277777778
    """
    return (write_usd_per_mtok - read_usd_per_mtok) / (input_usd_per_mtok - read_usd_per_mtok)


def shortfall_usd(usage_usd: Numeric, committed_usd: Numeric) -> Numeric:
    """
    What a commitment adds to the usage of the same time: the bill is ``max(committed, usage)``. [USD]

    Examples
    --------
    >>> [float(shortfall_usd(usage, 100_000.0)) for usage in (70_000.0, 130_000.0)]
    [30000.0, 0.0]
    """
    return np.maximum(0.0, committed_usd - np.asarray(usage_usd, dtype=float))


def trued_up_usd(usage_usd: Array, commitment_usd_per_year: float, true_up: str) -> Array:
    """
    Shortfall by month of usage by month, whole years of a contract, months last. [USD]

    ``monthly`` charges in each month what a twelfth of the commitment was not used; ``annual`` at the end of each year
    what the whole was not. Where all months are alike both come to the same.

    Examples
    --------
    >>> usage = np.array([4_000.0] * 6 + [12_000.0] * 6)  # 96,000 of 120,000 committed
    >>> trued_up_usd(usage, 120_000.0, "monthly").sum(), trued_up_usd(usage, 120_000.0, "annual").sum()
    (np.float64(36000.0), np.float64(24000.0))
    """
    if true_up == "monthly":
        return np.asarray(shortfall_usd(usage_usd, commitment_usd_per_year / MONTHS_PER_YEAR))
    months = int(MONTHS_PER_YEAR)
    years = usage_usd.reshape(*usage_usd.shape[:-1], -1, months)
    due = np.zeros_like(years)
    due[..., -1] = shortfall_usd(years.sum(axis=-1), commitment_usd_per_year)
    return due.reshape(usage_usd.shape)


def weighted_tok(
    fresh_tok: Numeric, cached_tok: Numeric, output_tok: Numeric, cached_ratio: Numeric, output_ratio: Numeric
) -> Numeric:
    """
    Tokens as provisioned units count them: a fresh prompt token weighs 1. [tok]

    Examples
    --------
    >>> weighted_tok(200_000.0, 0.0, 10_000.0, 0.1, 8.0)  # G13
    280000.0
    """
    return fresh_tok + cached_ratio * cached_tok + output_ratio * output_tok


def provisioned_units(
    peak_tok_per_minute: Numeric, unit_tok_per_minute: Numeric, step_units: Numeric, min_units: Numeric
) -> Numeric:
    """
    Units that hold the peak: whole steps, at least the fewest sold. [units]

    Examples
    --------
    >>> float(provisioned_units(280_000.0, 4_750.0, 5.0, 15.0))  # G13: 58.947 units, sold in fives
    60.0
    """
    return np.maximum(min_units, step_units * whole(peak_tok_per_minute / (unit_tok_per_minute * step_units)))


def unit_tok_per_month(unit_tok_per_minute: Numeric) -> Numeric:
    """
    Weighted tokens that a unit serves in a month, every minute full. [tok]

    Examples
    --------
    >>> unit_tok_per_month(4_750.0)  # G13
    208050000.0
    """
    return unit_tok_per_minute * MINUTES_PER_HOUR * HOURS_PER_MONTH


def paying_use_frac(unit_usd_per_month: Numeric, unit_tok_per_minute: Numeric, usd_per_mtok: Numeric) -> Numeric:
    """
    Use of a unit from which it costs no more than the same prompt tokens as they go; above 1 it never does.

    Examples
    --------
    >>> [round(paying_use_frac(usd, 4_750.0, 1.25), 10) for usd in (730.0, 260.0, 221.0)]  # G13: hourly, month, year
    [2.8070175439, 0.9997596732, 0.8497957222]
    """
    return unit_usd_per_month / meter_usd(unit_tok_per_month(unit_tok_per_minute), usd_per_mtok)


def spilled(requests: Numeric, shape_hours: Sequence[float], hour_requests: Numeric) -> Numeric:
    """
    Requests of a month beyond what can be served in their own hour of the week.

    Parameters
    ----------
    requests : Numeric
        All of the month. [requests]
    shape_hours : Sequence[float]
        Demand in each hour of the week, relative to any of them.
    hour_requests : Numeric
        What the month's hours of one hour of the week can serve together. [requests]

    Examples
    --------
    >>> round(float(spilled(168.0, [3.0] * 42 + [1.0 / 3.0] * 126, 1.5)), 9)  # 3 asked in 42 hours, 1.5 served
    63.0
    """
    edges, shares = spill_edges(shape_hours)
    asked, served = np.asarray(requests, dtype=float), np.asarray(hour_requests, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        over = np.searchsorted(edges, np.where(asked > 0, asked / served, 0.0))
    beyond: Array = np.maximum(asked * np.concatenate([[0.0], np.cumsum(shares)])[over] - over * served, 0.0)
    return beyond


def spill_edges(shape_hours: Sequence[float]) -> tuple[Array, Array]:
    """Volumes over an hour's capacity at which one hour of the week after the other is full, and their shares."""
    hours = np.sort(np.asarray(shape_hours, dtype=float))[::-1]
    shares = hours[hours > hours[0] * NO_DEMAND_RATIO] / hours.sum()
    return 1.0 / shares, shares


def requests_for_spill(spill: Numeric, shape_hours: Sequence[float], hour_requests: float) -> Array:
    """
    The volume at which so many requests spill: the inverse of ``spilled`` above 0. [requests]

    Examples
    --------
    >>> round(float(requests_for_spill(63.0, [3.0] * 42 + [1.0 / 3.0] * 126, 1.5)), 9)
    168.0
    """
    edges, _ = spill_edges(shape_hours)
    volumes = edges * hour_requests
    last = len(volumes) * hour_requests  # beyond the last edge all that comes more spills
    found: Array = np.where(
        np.asarray(spill) > spilled(volumes[-1], shape_hours, hour_requests),
        np.asarray(spill) + last,
        np.interp(spill, spilled(volumes, shape_hours, hour_requests), volumes),
    )
    return found
