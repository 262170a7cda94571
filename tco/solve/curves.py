"""The cost curves to draw: both ends of every step, and enough points between for a logarithmic axis."""

from dataclasses import dataclass

import numpy as np

from tco.case import Case
from tco.evaluate import VOLUME, evaluate, kinks, pieces_per_request, with_volume
from tco.model.crossings import grid, inside, pieces
from tco.units import Array

SMOOTH_POINTS = 120
MOST_STEPS = 1500
"""Steps drawn one by one; beyond, each is narrower than a pixel and the curve is sampled."""


@dataclass(frozen=True)
class Curve:
    """One option's monthly cost over volume, left to right, both ends of every step. [requests/month, USD/month]"""

    option: str
    volume: Array
    running_usd: Array
    with_build_usd: Array


def curves(case: Case, low_requests: float, high_requests: float) -> dict[str, Curve]:
    """Every option's curve between two volumes."""
    case = with_volume(case)
    smooth = np.geomspace(low_requests, high_requests, SMOOTH_POINTS)
    found = {}
    if pieces_per_request(case, high_requests) * high_requests > MOST_STEPS:
        sampled = np.geomspace(low_requests, high_requests, MOST_STEPS)
        return {name: _sampled(case, name, sampled) for name in case.numbers.options}
    for name, edges in kinks(case, high_requests).items():
        within = edges[edges > low_requests]
        ends = grid([within, smooth], high_requests)
        found[name] = _stepped(case, name, ends[ends >= low_requests * (1 - 1e-12)])
    return found


def _stepped(case: Case, name: str, ends: Array) -> Curve:
    ledger = evaluate(case, {VOLUME: inside(ends)}, only=[name])[name]
    running, built = pieces(ledger.running_usd, ends), pieces(ledger.with_build_usd, ends)
    return Curve(
        name,
        np.stack([running.left, running.right], axis=1).ravel(),
        np.stack([running.at_left, running.at_right], axis=1).ravel(),
        np.stack([built.at_left, built.at_right], axis=1).ravel(),
    )


def _sampled(case: Case, name: str, volume: Array) -> Curve:
    ledger = evaluate(case, {VOLUME: volume}, only=[name])[name]
    shape = np.zeros_like(volume)
    return Curve(name, volume, ledger.running_usd + shape, ledger.with_build_usd + shape)
