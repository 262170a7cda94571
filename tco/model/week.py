"""The hours of a week: what is asked in each, and what has to stand ready for it. MODEL §4.3, 4.5."""

import numpy as np

from tco.units import HOURS_PER_DAY, Array


def mean_one(shape_hours: tuple[float, ...]) -> Array:
    """A week's demand relative to its mean hour."""
    hours = np.asarray(shape_hours, dtype=float)
    scaled: Array = hours * len(hours) / hours.sum()
    return scaled


def ready_levels(shape: Array, burst_ratio: float, deferrable_frac: float, ahead_hours: int = 0) -> Array:
    """
    Capacity that has to stand ready in each hour, relative to the mean hour's load.

    What cannot wait is provided for at the burst of its hour. What may wait is worked off within its day, first in the
    slack that the bursts leave, then in the quiet hours, filled up to one level.

    Parameters
    ----------
    shape : Array, shape (168,)
        Demand in each hour relative to the mean.
    burst_ratio : float
        Peak minute over its hour.
    deferrable_frac : float
        Share of the work that may wait within the day.
    ahead_hours : int
        Hours by which replicas are started before they are needed.

    Examples
    --------
    >>> day = np.array([1.34] * 9 + [0.27] * 15)  # G17: 8 of 24.11 replica-hours may wait
    >>> level = ready_levels(day + np.array([8 * x / day.sum() for x in day]), 1.0, 8 / (day.sum() + 8))
    >>> round(float(level.max()), 6), round(float(level.min()), 6)
    (1.34, 0.803333)
    """
    prompt = (1.0 - deferrable_frac) * shape * burst_ratio
    levels = np.maximum(prompt, np.repeat(_fill(prompt, shape, deferrable_frac), HOURS_PER_DAY)[: len(shape)])
    return ahead(levels, ahead_hours)


def served_levels(shape: Array, burst_ratio: float, deferrable_frac: float) -> Array:
    """
    Work done in each hour relative to the mean hour's, what may wait moved to where it is done.

    Examples
    --------
    >>> week = np.tile(np.repeat([1.5, 0.5], 12), 7)
    >>> np.allclose(served_levels(week, 1.0, 0.25).mean(), 1.0)
    True
    """
    waiting = deferrable_frac * shape
    prompt = shape - waiting
    levels = ready_levels(shape, burst_ratio, deferrable_frac)
    slack = (levels - prompt).reshape(-1, HOURS_PER_DAY)
    asked = waiting.reshape(-1, HOURS_PER_DAY).sum(axis=1, keepdims=True)
    free = slack.sum(axis=1, keepdims=True)
    done: Array = prompt + (slack * np.where(free > 0, asked / np.where(free > 0, free, 1.0), 0.0)).ravel()
    return done


def ahead(levels: Array, hours: int) -> Array:
    """
    The highest level of each hour and those that follow it, the week taken round.

    Examples
    --------
    >>> ahead(np.array([0.0, 1.0, 0.0, 0.0]), 1)
    array([1., 1., 0., 0.])
    """
    highest: Array = np.max([np.roll(levels, -step) for step in range(hours + 1)], axis=0)
    return highest


def _fill(prompt: Array, shape: Array, deferrable_frac: float) -> Array:
    """Level to which each day's quiet hours are filled: 0 where the bursts' slack is enough."""
    days = np.sort(prompt.reshape(-1, HOURS_PER_DAY), axis=1)
    unavoidable = ((1.0 - deferrable_frac) * shape).reshape(-1, HOURS_PER_DAY).sum(axis=1)
    asked = deferrable_frac * shape.reshape(-1, HOURS_PER_DAY).sum(axis=1) + unavoidable
    filled = np.arange(1, HOURS_PER_DAY + 1)
    above = days.sum(axis=1, keepdims=True) - np.cumsum(days, axis=1)
    level = (asked[:, None] - above) / filled  # if the quietest 1, 2, … hours are filled
    enough = level <= np.concatenate([days[:, 1:], np.full((len(days), 1), np.inf)], axis=1)
    found = level[np.arange(len(days)), enough.argmax(axis=1)]
    return np.where(found > days[:, 0], found, 0.0)
