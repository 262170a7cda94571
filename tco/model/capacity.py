"""Load and work to whole replicas. MODEL §4.3, 4.5, 5.2."""

import numpy as np

from tco.units import Array, Numeric

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
    value = np.asarray(x, dtype=float)
    things: Array = np.ceil(value - CEIL_SLACK * np.minimum(value, 1.0)) + 0.0  # any need is one thing; and never -0
    return things


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
