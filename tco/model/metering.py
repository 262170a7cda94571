"""Tokens to what a vendor's meters charge: caches, batch, long prompts, hours, discounts. MODEL §2.2."""

from collections.abc import Sequence

import numpy as np

from tco.model.demand import share_of_answers_above, share_of_requests_above, share_of_tokens_above
from tco.units import TOKENS_PER_MTOK, Numeric

TINY_TOK = 1e-300
"""Keeps a division by no tokens harmless; the share it multiplies is then 0."""


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
