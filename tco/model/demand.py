"""Workload to the moments of its lengths, and its week to a peak. MODEL §1.2–1.4."""

from math import erf

import numpy as np

from tco.units import HOURS_PER_DAY, HOURS_PER_WEEK, Array, Numeric

WORKING_DAYS = 5
MORNING_HOUR = 9
"""When busy hours begin."""


def mean_square_tok2(mean_tok: Numeric, cv: Numeric) -> Numeric:
    """
    E[o²] of lengths with this mean and spread. [tok²]

    Examples
    --------
    >>> mean_square_tok2(400.0, 1.0)  # 400² (1 + 1²)
    320000.0
    """
    return mean_tok**2 * (1.0 + cv**2)


def mean_product_tok2(a_tok: Numeric, b_tok: Numeric, a_cv: Numeric, b_cv: Numeric, corr: Numeric) -> Numeric:
    """
    E[i·o] of two lengths with these means, spreads and correlation. [tok²]

    Examples
    --------
    >>> mean_product_tok2(1500.0, 400.0, 1.0, 1.0, 0.0)
    600000.0
    """
    return a_tok * b_tok * (1.0 + corr * a_cv * b_cv)


def normal_cdf(x: Numeric) -> Numeric:
    """Probability that a standard normal is at most ``x``; infinities allowed."""
    values = np.asarray(x, dtype=float)
    flat = np.fromiter((0.5 * (1.0 + erf(v / 2**0.5)) for v in values.ravel()), float, values.size)
    shaped: Array = flat.reshape(values.shape)
    return float(shaped) if values.ndim == 0 else shaped


def log_sigma(cv: Numeric) -> Numeric:
    """Standard deviation of the logarithm of a lognormal length with this spread."""
    return np.sqrt(np.log1p(np.square(cv)))


def share_of_requests_above(limit_tok: Numeric, mean_tok: Numeric, cv: Numeric) -> Numeric:
    """
    Share of requests longer than a limit, lengths lognormal. [0–1]

    Examples
    --------
    >>> sigma = 1.2
    >>> cv = float(np.sqrt(np.expm1(sigma**2)))
    >>> round(share_of_requests_above(272_000, 20_000, cv), 8)  # G01
    0.00275959
    """
    return _share_above(limit_tok, mean_tok, cv, shift=0.0)


def share_of_tokens_above(limit_tok: Numeric, mean_tok: Numeric, cv: Numeric) -> Numeric:
    """
    Share of all tokens that stand in requests longer than a limit, lengths lognormal. [0–1]

    Examples
    --------
    >>> cv = float(np.sqrt(np.expm1(1.2**2)))
    >>> round(share_of_tokens_above(272_000, 20_000, cv), 8)  # G01: 0.28 % of requests, 5.8 % of tokens
    0.05762151
    """
    return _share_above(limit_tok, mean_tok, cv, shift=log_sigma(cv) ** 2)


def share_of_answers_above(
    limit_tok: Numeric, mean_tok: Numeric, cv: Numeric, output_cv: Numeric, corr: Numeric
) -> Numeric:
    """
    Share of all answer tokens that belong to requests whose prompt is longer than a limit. [0–1]

    Both lengths lognormal with the given correlation; with none it is the share of requests.
    """
    return _share_above(limit_tok, mean_tok, cv, shift=np.log1p(corr * cv * output_cv))


def _share_above(limit_tok: Numeric, mean_tok: Numeric, cv: Numeric, shift: Numeric) -> Numeric:
    """Share of a lognormal above a limit, its logarithm shifted; lengths that are all alike are above or not."""
    sigma = np.asarray(log_sigma(cv), dtype=float)
    spread = np.where(sigma > 0, sigma, 1.0)
    with np.errstate(divide="ignore"):
        distance = np.log(mean_tok) - np.square(sigma) / 2.0 + shift - np.log(limit_tok)
    alike = np.where(distance > 0, np.inf, -np.inf)
    return normal_cdf(np.where(sigma > 0, distance / spread, alike))


def hot_cold_hours(hot_hours: int, hot_ratio: float, hours: int = HOURS_PER_WEEK) -> tuple[float, ...]:
    """
    A week with ``hot_hours`` busy hours and the rest quiet, its mean exactly 1.

    The busy hours are those of working days, evenly from Monday to Friday, from nine in the morning where they fit; more
    than five full days go into the weekend.

    Examples
    --------
    >>> week = hot_cold_hours(45, 2.4)
    >>> max(week), round(min(week), 6), round(sum(week) / 168, 12)
    (2.4, 0.487805, 1.0)
    >>> [hour for hour in range(24) if week[hour] > 1]
    [9, 10, 11, 12, 13, 14, 15, 16, 17]
    """
    cold = (hours - hot_hours * hot_ratio) / (hours - hot_hours)
    busy = min(hot_hours, WORKING_DAYS * HOURS_PER_DAY)
    counts = [busy // WORKING_DAYS + (day < busy % WORKING_DAYS) for day in range(WORKING_DAYS)]
    starts = [min(MORNING_HOUR, HOURS_PER_DAY - count) for count in counts]
    week = [cold] * hours
    for day, (start, count) in enumerate(zip(starts, counts, strict=True)):
        first = day * HOURS_PER_DAY + start
        week[first : first + count] = [hot_ratio] * count
    weekend = WORKING_DAYS * HOURS_PER_DAY
    week[weekend : weekend + hot_hours - busy] = [hot_ratio] * (hot_hours - busy)
    return tuple(week)


def peak_ratio(shape_hours: tuple[float, ...]) -> float:
    """Busiest hour over the mean hour of a week."""
    return max(shape_hours) * len(shape_hours) / sum(shape_hours)
