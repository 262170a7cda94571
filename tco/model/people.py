"""People to money: run, on call, changes of model, the build. MODEL §3.4."""

import numpy as np

from tco.units import MONTHS_PER_YEAR, WEEKS_PER_MONTH, Numeric


def run_usd_per_month(
    run_fte: Numeric, scale_fte: Numeric, replicas: Numeric, loaded_usd_per_fte_year: Numeric
) -> Numeric:
    """
    People who keep it running: a fixed part and one that grows with ln(1 + replicas). [USD/month]

    Examples
    --------
    >>> float(run_usd_per_month(0.4, 0.0, 3.0, 300_000.0))  # G05
    10000.0
    """
    return (run_fte + scale_fte * np.log1p(replicas)) * loaded_usd_per_fte_year / MONTHS_PER_YEAR


def oncall_usd_per_month(
    stipend_usd_per_week: Numeric,
    rotations: Numeric,
    incidents_per_month: Numeric,
    hours_per_incident: Numeric,
    usd_per_hour: Numeric,
) -> Numeric:
    """
    On-call stipends and the hours of incidents. [USD/month]

    Examples
    --------
    >>> round(oncall_usd_per_month(500.0, 1.0, 2.0, 3.0, 100.0), 2)  # 500 x 4.345 weeks + 6 h x 100
    2772.62
    """
    return stipend_usd_per_week * rotations * WEEKS_PER_MONTH + incidents_per_month * hours_per_incident * usd_per_hour


def swaps_usd_per_month(
    swaps_per_year: Numeric,
    hours_per_swap: Numeric,
    learning_ratio: Numeric,
    usd_per_hour: Numeric,
    over_months: Numeric,
) -> Numeric:
    """
    Mean monthly cost of changing the model, each change cheaper by the learning ratio for every doubling. [USD/month]

    The k-th change takes ``h·k^log2(ratio)`` hours; the sum over the months is taken as the integral from ½ to K + ½,
    which needs no whole number of changes. It differs from the sum by under 3 % for ratios from 0.8.

    Examples
    --------
    >>> round(float(swaps_usd_per_month(2.0, 60.0, 1.0, 100.0, 36.0)), 6)  # 2 x 60 h x 100 / 12
    1000.0
    """
    swaps = swaps_per_year * over_months / MONTHS_PER_YEAR
    power, span = 1.0 + np.log2(learning_ratio), np.log1p(2.0 * swaps)
    flat = power == 0  # at a ratio of one half the integrand is 1/x
    area = 0.5**power * np.where(flat, span, np.expm1(power * span) / np.where(flat, 1.0, power))
    return area * hours_per_swap * usd_per_hour / over_months


def build_usd(build_hours: Numeric, usd_per_hour: Numeric, contingency_frac: Numeric) -> Numeric:
    """
    One-off build, contingency included. [USD]

    Examples
    --------
    >>> build_usd(600.0, 160.0, 0.0)  # G05
    96000.0
    """
    return build_hours * usd_per_hour * (1.0 + contingency_frac)
