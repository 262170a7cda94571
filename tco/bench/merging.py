"""Found points as a profile's points: lengths that are one mix get one name, repeats become their median."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np

from tco.bench.guards import in_one_piece
from tco.bench.sources.found import FoundPoint
from tco.inputs.hardware import Percentiles, ServingPoint

SAME_MIX_FRAC = 0.05
"""Mean lengths this close are one mix whose requests were drawn at random."""
COLD_FRAC = 0.01
"""A cached share below it is a chat template's preamble, not a warm cache."""
_DIGITS = 6
"""Figures are written with so many digits."""


def merged(points: Sequence[FoundPoint]) -> tuple[ServingPoint, ...]:
    """
    The points of one setup by mix and load.

    Mean lengths within 5 % of each other are one mix, of their mean in whole tokens; runs of one mix at one load become the median of each figure.
    A cached share under 1 % is none.
    """
    named = [(mix, point) for mix, members in _mixes(points) for point in members]
    ordered = sorted(named, key=lambda pair: _key(*pair))
    return tuple(_median(key, [p for _, p in group]) for key, group in groupby(ordered, key=lambda pair: _key(*pair)))


def _mixes(points: Sequence[FoundPoint]) -> list[tuple[tuple[float, float], list[FoundPoint]]]:
    groups: list[list[FoundPoint]] = []
    for point in sorted(points, key=_lengths):
        home = next((group for group in groups if _near(group[0], point)), None)
        if home is None:
            groups.append([point])
        else:
            home.append(point)
    return [(_mean_lengths(group), group) for group in groups]


def _lengths(point: FoundPoint) -> tuple[float, float]:
    return point.input_tok or 0.0, point.output_tok or 0.0


def _near(one: FoundPoint, other: FoundPoint) -> bool:
    return all(abs(b - a) <= SAME_MIX_FRAC * a for a, b in zip(_lengths(one), _lengths(other), strict=True))


def _mean_lengths(group: Sequence[FoundPoint]) -> tuple[float, float]:
    means = np.array([_lengths(point) for point in group]).mean(axis=0)
    return max(float(round(means[0])), 1.0), max(float(round(means[1])), 1.0)


def _key(mix: tuple[float, float], point: FoundPoint) -> tuple[float, float, float, float, float]:
    cached = point.cached_frac or 0.0
    rate = _short(point.request_rate) if point.request_rate is not None else -1.0
    return (*mix, _short(point.concurrency or 0.0), 0.0 if cached < COLD_FRAC else _short(cached), rate)


def _median(key: tuple[float, float, float, float, float], runs: Sequence[FoundPoint]) -> ServingPoint:
    input_tok, output_tok, concurrency, cached, rate = key
    ttft, tpot = _latency([run.ttft_ms for run in runs]), _latency([run.tpot_ms for run in runs])
    pieces = ttft.p50 is not None and tpot.p50 is not None and in_one_piece(output_tok, ttft.p50, tpot.p50)
    return ServingPoint(
        input_tok=input_tok,
        output_tok=output_tok,
        concurrency=concurrency,
        output_tok_per_s=_middle([run.output_tok_per_s for run in runs]) or 0.0,
        ttft_ms=ttft,
        tpot_ms=tpot,
        cached_frac=cached,
        watts=_middle([run.watts for run in runs]),
        request_rate=None if rate < 0 else rate,
        repeats_count=len(runs),
        codes=("B-STREAM",) if pieces else (),
    )


def _middle(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return _short(float(np.median(known))) if known else None


def _latency(runs: Sequence[Percentiles]) -> Percentiles:
    return Percentiles(**{name: _middle([getattr(run, name) for run in runs]) for name in Percentiles.model_fields})


def _short(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
