"""Load and watts to kilowatt-hours. MODEL §3.3."""

from collections.abc import Sequence

import numpy as np

from tco.units import HOURS_PER_MONTH, WATTS_PER_KILOWATT, Array, Numeric


def watts_at(load_frac: Numeric, knots_frac: Sequence[float], knots_watts: Sequence[Numeric]) -> Numeric:
    """
    Draw of a GPU at a load, straight between the points known. [W]

    Parameters
    ----------
    load_frac : Numeric
        Load over what it serves at the service level. [0–1]
    knots_frac, knots_watts : Sequence
        Rising loads, the first 0, and the draw at each.

    Examples
    --------
    >>> round(float(watts_at(0.35, [0.0, 1.0], [120.0, 620.0])), 6)  # G06
    295.0
    """
    bends = slopes(knots_frac, knots_watts)
    rising = sum(bend * np.maximum(load_frac - at, 0.0) for at, bend in zip(knots_frac, bends, strict=True))
    return np.asarray(knots_watts[0] + rising)


def slopes(knots_frac: Sequence[float], knots_watts: Sequence[Numeric]) -> list[Numeric]:
    """By how much the draw's slope grows at each knot, flat beyond the last. [W per unit of load]"""
    between = [
        (high - low) / (right - left)
        for left, right, low, high in zip(knots_frac, knots_frac[1:], knots_watts, knots_watts[1:], strict=False)
    ]
    return [now - before for before, now in zip([0.0, *between], [*between, 0.0], strict=True)]


def mean_excess(level: Numeric, over: Numeric, hours: Array) -> Numeric:
    """
    Mean over the hours of ``max(level·hour - over, 0)``, without a loop over the hours.

    Examples
    --------
    >>> float(mean_excess(2.0, 1.0, np.array([0.25, 0.5, 1.0, 2.25])))  # (0 + 0 + 1 + 3.5) / 4
    1.125
    """
    low = np.sort(hours)
    above = np.concatenate([np.cumsum(low[::-1])[::-1], [0.0]])
    level, over = np.broadcast_arrays(np.asarray(level, dtype=float), np.asarray(over, dtype=float))
    with np.errstate(divide="ignore", invalid="ignore"):
        first = np.searchsorted(low, np.where(level > 0, over / level, np.inf), side="right")
    mean: Numeric = (level * above[first] - over * (len(low) - first)) / len(low)
    return mean


def mean_gpu_kilowatts(
    busy_replicas: Numeric,
    replicas: Numeric,
    gpus: Numeric,
    gpus_per_replica: Numeric,
    knots_frac: Sequence[float],
    knots_watts: Sequence[Numeric],
    hours: Array,
) -> Numeric:
    """
    Mean draw of a fleet's GPUs that are on all month, those that hold no replica idling. [kW]

    Parameters
    ----------
    busy_replicas : Numeric
        Work of the mean hour, in replicas that would be busy with it.
    replicas, gpus, gpus_per_replica : Numeric
        Replicas that share the work, all GPUs, and GPUs of one replica.
    hours : Array
        Work of each hour relative to the mean hour's.

    Examples
    --------
    >>> flat = np.ones(168)  # G06: eight GPUs, each 35 % loaded: 8 x 295 W
    >>> round(float(mean_gpu_kilowatts(8 * 0.35, 8.0, 8.0, 1.0, [0.0, 1.0], [120.0, 620.0], flat)), 6)
    2.36
    """
    bends = slopes(knots_frac, knots_watts)
    busy: Numeric = 0.0
    for at, bend in zip(knots_frac, bends, strict=True):
        if np.any(bend):
            busy = busy + bend * mean_excess(busy_replicas, at * np.asarray(replicas), hours)
    return (gpus * knots_watts[0] + busy * gpus_per_replica) / WATTS_PER_KILOWATT


def kwh_per_month(it_kilowatts: Numeric, pue: Numeric) -> Numeric:
    """
    Energy of a month, cooling included. [kWh]

    Examples
    --------
    >>> round(kwh_per_month(3.96, 1.35), 2)  # G06
    3902.58
    """
    return it_kilowatts * pue * HOURS_PER_MONTH


def electricity_usd(kwh: Numeric, usd_per_kwh: Numeric) -> Numeric:
    """
    Bill for energy. [USD]

    Examples
    --------
    >>> round(electricity_usd(3902.58, 0.09), 4)  # G06
    351.2322
    """
    return kwh * usd_per_kwh
