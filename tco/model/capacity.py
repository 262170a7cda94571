"""Load and work to whole replicas. MODEL §4.3, 4.5, 5.2."""

import numpy as np

from tco.units import SECONDS_PER_MONTH, Array, Numeric

CEIL_SLACK = 1e-9
"""A need this little above a whole number is that whole number: demand equal to capacity needs no extra step."""


def whole(x: Numeric) -> Numeric:
    """
    Smallest whole number of things that covers ``x``.

    Examples
    --------
    >>> float(whole(2.0000000001)), float(whole(2.1))
    (2.0, 3.0)
    """
    return np.ceil(np.asarray(x) - CEIL_SLACK)


def requests_per_replica_month(
    request_s: Numeric, target_utilisation_frac: Numeric, burst_ratio: Numeric, peak_ratio: Numeric
) -> Numeric:
    """
    Monthly requests that one more replica of a fleet sized for its peak carries: the width Q of a step. [requests/month]

    Parameters
    ----------
    request_s : Numeric
        Replica-seconds of a request. [s]
    target_utilisation_frac : Numeric
        Share of a replica planned for in the peak minute.
    burst_ratio, peak_ratio : Numeric
        Peak minute over its hour, peak hour over the mean hour.

    Examples
    --------
    >>> round(requests_per_replica_month(0.1956, 0.80, 1.15, 2.4), 3)  # G05
    3894371.832
    """
    return target_utilisation_frac * SECONDS_PER_MONTH / (burst_ratio * peak_ratio * request_s)


def replicas_needed(requests_per_month: Numeric, step_requests: Numeric, min_replicas: Numeric) -> Numeric:
    """Replicas that carry the peak, before spares: whole steps, at least the minimum."""
    return np.maximum(min_replicas, whole(np.asarray(requests_per_month) / step_requests))


def replicas_paid(needed: Numeric, spare_replicas: Numeric, spare_frac: Numeric) -> Numeric:
    """
    Replicas paid for: those needed, and the spares, a fixed number or a share of them, whichever is more.

    Examples
    --------
    >>> [float(replicas_paid(n, 1, 0.1)) for n in (1, 10, 11)]
    [2.0, 11.0, 13.0]
    """
    return needed + np.maximum(spare_replicas, whole(np.asarray(needed) * spare_frac))


def step_edges(step_requests: float, min_replicas: float, max_requests: float) -> Array:
    """Volumes at which one more replica is needed, up to a volume: the jumps of a fixed fleet's cost."""
    last = int(np.floor(max_requests / step_requests))
    return np.arange(max(1, int(min_replicas)), last + 1, dtype=float) * step_requests


def load_frac(requests_per_month: Numeric, request_s: Numeric, replicas: Numeric) -> Numeric:
    """
    Work done over what the replicas paid for could do, averaged over the month. [0–1]

    Examples
    --------
    >>> round(load_frac(6e6, 0.1956, 3.0), 10)  # G05: 15 % of what is paid for
    0.1488584475
    """
    return requests_per_month * request_s / (replicas * SECONDS_PER_MONTH)
