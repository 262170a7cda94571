"""Money over time. MODEL §0, 3.2."""

import numpy as np

from tco.units import MONTHS_PER_YEAR, Numeric


def monthly_rate(discount_frac: Numeric) -> Numeric:
    """
    Monthly rate of an effective annual one.

    Examples
    --------
    >>> round(monthly_rate(0.10), 9)
    0.00797414
    """
    return (1.0 + discount_frac) ** (1.0 / MONTHS_PER_YEAR) - 1.0


def capital_recovery(discount_frac: Numeric, months: Numeric) -> Numeric:
    """
    Share of a sum spent today that is paid back each month, at month ends, with interest.

    Examples
    --------
    >>> round(96_000 * capital_recovery(0.10, 36.0), 6)  # G05's build over 36 months
    3078.259116
    >>> capital_recovery(0.0, 36.0) == 1 / 36
    True
    """
    rate = np.asarray(monthly_rate(discount_frac), dtype=float)
    safe = np.where(rate > 0, rate, 1.0)
    result = np.where(rate > 0, safe / -np.expm1(-np.asarray(months) * np.log1p(safe)), 1.0 / np.asarray(months))
    return float(result) if result.ndim == 0 else result
