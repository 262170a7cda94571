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

    The k-th change takes ``h·k^log2(ratio)`` hours. The first is taken as it is, the sum over the later ones as the
    integral between the halves around them, which needs no whole number of changes and is within 1.7 % of the sum.

    Examples
    --------
    >>> round(float(swaps_usd_per_month(2.0, 60.0, 1.0, 100.0, 36.0)), 6)  # 2 x 60 h x 100 / 12
    1000.0
    """
    swaps = swaps_per_year * over_months / MONTHS_PER_YEAR
    power = 1.0 + np.log2(learning_ratio)
    growth = np.log((np.maximum(swaps, 1.0) + 0.5) / 1.5)
    integral = np.where(power == 0, growth, np.expm1(power * growth) / np.where(power == 0, 1.0, power))
    firsts = np.minimum(swaps, 1.0) + 1.5**power * integral
    return firsts * hours_per_swap * usd_per_hour / over_months


def build_usd(build_hours: Numeric, usd_per_hour: Numeric, contingency_frac: Numeric) -> Numeric:
    """
    One-off build, contingency included. [USD]

    Examples
    --------
    >>> build_usd(600.0, 160.0, 0.0)  # G05
    96000.0
    """
    return build_hours * usd_per_hour * (1.0 + contingency_frac)
