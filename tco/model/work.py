"""
The work model: replica-seconds a request costs, and its fit from serving points. MODEL §4.2.

``t = a·uncached + a_c·cached + b·output + c·output·(input + output/2)``, the load of a replica being Σ requests/s × t.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias

import numpy as np

from tco.units import Array, Numeric


def request_seconds(
    prefill_s_per_tok: Numeric,
    cached_s_per_tok: Numeric,
    decode_s_per_tok: Numeric,
    context_s_per_tok2: Numeric,
    uncached_tok: Numeric,
    cached_tok: Numeric,
    output_tok: Numeric,
    context_tok2: Numeric,
) -> Numeric:
    """
    Replica-seconds of a mean request. [s]

    Parameters
    ----------
    prefill_s_per_tok, cached_s_per_tok, decode_s_per_tok, context_s_per_tok2 : Numeric
        The four coefficients. [s/tok, s/tok, s/tok, s/tok²]
    uncached_tok, cached_tok, output_tok : Numeric
        Means per request. [tok]
    context_tok2 : Numeric
        E[input·output] + E[output²]/2. [tok²]

    Examples
    --------
    >>> # G05: 60µs·900 + 6µs·600 + 250µs·400 + 50ns·(1500·400 + 400²·2/2)
    >>> round(request_seconds(60e-6, 6e-6, 250e-6, 50e-9, 900.0, 600.0, 400.0, 760_000.0), 10)
    0.1956
    """
    return (
        prefill_s_per_tok * uncached_tok
        + cached_s_per_tok * cached_tok
        + decode_s_per_tok * output_tok
        + context_s_per_tok2 * context_tok2
    )


Proportions: TypeAlias = tuple[float, float, float]
"""a, b, c of the work model. [s/tok, s/tok, s/tok²]"""


@dataclass(frozen=True)
class WorkFit:
    """Coefficients per replica, and how well they reproduce the mixes they were fitted to."""

    prefill_s_per_tok: float
    decode_s_per_tok: float
    context_s_per_tok2: float
    error_frac: Array
    """Fitted over observed seconds, minus 1, a mix each."""
    left_out_error_frac: Array
    """The same, each mix predicted from the others; empty where too few are left to predict from."""


def fit(input_tok: Array, output_tok: Array, output_tok_per_s: Array) -> WorkFit:
    """
    Coefficients of the work model from the throughput of single length mixes.

    Non-negative least squares on relative error: each mix counts alike, however heavy its requests.

    Parameters
    ----------
    input_tok, output_tok, output_tok_per_s : Array, shape (mixes,)
        Lengths of each mix and the replica's output throughput at the service level. [tok, tok, tok/s]

    Raises
    ------
    ValueError
        With fewer than three mixes: three coefficients need three observations.
    """
    if len(input_tok) < 3:
        raise ValueError("three coefficients need at least three length mixes")
    seconds = output_tok / output_tok_per_s
    terms = np.stack([input_tok, output_tok, output_tok * (input_tok + output_tok / 2.0)], axis=1)
    rows = terms / seconds[:, None]
    a, b, c = non_negative_least_squares(rows, np.ones(len(seconds)))
    left_out = np.array([])
    if len(seconds) >= 4:
        keep = [np.arange(len(seconds)) != j for j in range(len(seconds))]
        fits = [non_negative_least_squares(rows[k], np.ones(int(k.sum()))) for k in keep]
        left_out = np.array([rows[j] @ fits[j] - 1.0 for j in range(len(seconds))])
    return WorkFit(float(a), float(b), float(c), rows @ np.array([a, b, c]) - 1.0, left_out)


def scaled(proportions: Proportions, input_tok: Array, output_tok: Array, output_tok_per_s: Array) -> WorkFit:
    """
    Coefficients in given proportions, as large as the throughput of single length mixes says: least squares on the log.

    Parameters
    ----------
    proportions : tuple
        a, b, c of somebody else, for their ratios. [s/tok, s/tok, s/tok²]

    Examples
    --------
    >>> # half the work of 1·100 + 2·100 is seen in one mix, and twice of it in another: on the whole, as much as said
    >>> found = scaled((1.0, 2.0, 0.0), np.array([100.0, 100.0]), np.array([100.0, 100.0]), np.array([100 / 150, 100 / 600]))
    >>> [round(x, 6) for x in (found.prefill_s_per_tok, found.decode_s_per_tok, found.context_s_per_tok2)]
    [1.0, 2.0, 0.0]
    """
    a, b, c = proportions
    guessed = a * input_tok + b * output_tok + c * output_tok * (input_tok + output_tok / 2.0)
    logs = np.log(output_tok / output_tok_per_s / guessed)
    scale, count = float(np.exp(logs.mean())), len(logs)
    left_out = np.exp((logs.sum() - logs) / (count - 1) - logs) - 1.0 if count > 1 else np.array([])
    return WorkFit(a * scale, b * scale, c * scale, np.exp(logs.mean() - logs) - 1.0, left_out)


def non_negative_least_squares(rows: Array, target: Array) -> Array:
    """
    The x ≥ 0 with the least |rows·x − target|², for a handful of columns.

    The optimum is the plain least-squares solution on its own positive columns, so the best admissible subset is exact.
    """
    columns = rows.shape[1]
    scale = np.linalg.norm(rows, axis=0)
    best, best_cost = np.zeros(columns), float(target @ target)
    for size in range(1, columns + 1):
        for subset in map(list, combinations(range(columns), size)):
            x, *_ = np.linalg.lstsq(rows[:, subset] / scale[subset], target, rcond=None)
            cost = float(np.sum((rows[:, subset] / scale[subset] @ x - target) ** 2))
            if (x >= 0).all() and cost < best_cost * (1 - 1e-12):
                best = np.zeros(columns)
                best[subset], best_cost = x / scale[subset], cost
    return best


def throughput_at_slo(
    throughput_tok_per_s: Array, ttft_ms: Array, tpot_ms: Array, ttft_limit_ms: float, tpot_limit_ms: float
) -> float | None:
    """
    Highest output throughput of one length mix inside both limits. [tok/s]

    Points are sorted by rising load; latencies are made non-decreasing, and between the last point inside and the first
    outside the throughput is interpolated to where the tighter limit is met. A latency that is NaN is not judged.

    Returns
    -------
    float | None
        None when no point is inside the limits.

    Examples
    --------
    >>> # at 40 ms half way from 30 to 50 ms, so half way from 1000 to 2000 tok/s
    >>> throughput_at_slo(np.array([1000., 2000.]), np.array([100., 100.]), np.array([30., 50.]), 1000., 40.)
    1500.0
    """
    worst = np.maximum(np.nan_to_num(ttft_ms / ttft_limit_ms), np.nan_to_num(tpot_ms / tpot_limit_ms))
    return throughput_inside(throughput_tok_per_s, worst)


def throughput_inside(throughput_tok_per_s: Array, over_limit: Array) -> float | None:
    """
    The same for points of which it is told how near the limit each is: 1 is on it, more is outside. [tok/s]

    Examples
    --------
    >>> # 2 % of the requests late where 5 % may be, then 10 %: three eighths of the way
    >>> throughput_inside(np.array([1000., 1800.]), np.array([0.02, 0.10]) / 0.05)
    1300.0
    """
    load = np.maximum.accumulate(over_limit)
    inside = int(np.searchsorted(load, 1.0, side="right"))
    if inside == 0:
        return None
    best = float(throughput_tok_per_s[:inside].max())
    if inside == len(load):
        return best
    share = (1.0 - load[inside - 1]) / (load[inside] - load[inside - 1])
    between = throughput_tok_per_s[inside - 1] + share * (
        throughput_tok_per_s[inside] - throughput_tok_per_s[inside - 1]
    )
    return max(best, float(between))


def inside_hull(input_tok: float, output_tok: float, mixes: Sequence[tuple[float, float]]) -> bool:
    """
    Whether a length mix lies among those measured, in logarithms, on their convex hull included.

    Examples
    --------
    >>> corners = [(1000., 1000.), (1000., 8000.), (8000., 1000.)]
    >>> inside_hull(2000., 2000., corners), inside_hull(500., 500., corners)
    (True, False)
    """
    if input_tok <= 0 or output_tok <= 0:
        return False
    corners = np.log(np.array(mixes, dtype=float)) - np.log([input_tok, output_tok])
    angles = np.sort(np.arctan2(corners[:, 1], corners[:, 0]))
    if (np.abs(corners) < 0.02).all(axis=1).any():
        return True
    gaps = np.diff(np.concatenate([angles, angles[:1] + 2 * np.pi]))
    return bool(gaps.max() <= np.pi + 1e-9)
