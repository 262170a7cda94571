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


def capital_charge_usd_per_month(
    price_usd: Numeric, residual_usd: Numeric, discount_frac: Numeric, life_months: Numeric
) -> Numeric:
    """
    What a thing bought today and sold at the end of its life costs a month, at the cost of capital. [USD/month]

    Examples
    --------
    >>> round(capital_charge_usd_per_month(351_000.0, 45_000.0, 0.10, 48.0), 6)  # G06; a straight line would say 6,375
    8056.598299
    """
    kept = (price_usd - residual_usd) * capital_recovery(discount_frac, life_months)
    return kept + residual_usd * monthly_rate(discount_frac)


def present_value_usd(
    once_usd: Numeric, monthly_usd: Numeric, end_usd: Numeric, discount_frac: Numeric, months: Numeric
) -> Numeric:
    """
    Value today of a sum now, equal sums in the middle of each month, and a sum at the end. [USD]

    Examples
    --------
    >>> opex = 1500.0 + 125.0 + 1989.0 + 351.2322  # G06
    >>> round(float(present_value_usd(351_000.0, opex, -45_000.0, 0.10, 48.0)), 4)
    478516.7809
    """
    rate = monthly_rate(discount_frac)
    middle = (1.0 + rate) ** 0.5 / capital_recovery(discount_frac, months)
    return once_usd + monthly_usd * middle + end_usd * (1.0 + rate) ** -months


def after_tax_present_value_usd(
    price_usd: Numeric,
    monthly_usd: Numeric,
    residual_usd: Numeric,
    discount_frac: Numeric,
    months: Numeric,
    tax_frac: Numeric,
) -> Numeric:
    """
    The same after tax: costs and resale less tax, and the tax saved by writing the price off evenly to nothing. [USD]

    Examples
    --------
    >>> round(float(after_tax_present_value_usd(351_000.0, 3965.2322, 45_000.0, 0.10, 48.0, 0.25)), 4)  # G06
    373677.1311
    """
    kept = 1.0 - tax_frac
    monthly = monthly_usd * kept - tax_frac * price_usd / months
    return present_value_usd(price_usd, monthly, -residual_usd * kept, discount_frac, months)


def escalation_ratio(escalation_frac: Numeric, discount_frac: Numeric, months: Numeric) -> Numeric:
    """
    A price that rises every year, averaged over some months: the constant price with the same present value.

    Examples
    --------
    >>> round(float(escalation_ratio(0.035, 0.10, 36.0)), 6)  # 3.5 % a year over three years, discounted at 10 %
    1.05084
    >>> float(escalation_ratio(0.0, 0.10, 36.0)), round(float(escalation_ratio(0.12, 0.0, 12.0)), 6)
    (1.0, 1.058863)
    """
    fall = 1.0 / (1.0 + np.asarray(discount_frac))
    rising, steady = (_mid_months((1.0 + np.asarray(growth)) * fall, months) for growth in (escalation_frac, 0.0))
    return rising / steady


def _mid_months(yearly_ratio: Numeric, months: Numeric) -> Numeric:
    """Sum over the months of a yearly ratio taken to the middle of each."""
    ratio = np.asarray(yearly_ratio, dtype=float) ** (1.0 / MONTHS_PER_YEAR)
    flat = np.abs(ratio - 1.0) < 1e-12
    total = np.where(flat, months, np.expm1(months * np.log(ratio)) / np.where(flat, 1.0, ratio - 1.0))
    return np.sqrt(ratio) * total
