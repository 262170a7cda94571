"""The work model, and joules in its form, fitted to the points at the service level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tco.bench.codes import blocks
from tco.bench.energy import usable
from tco.bench.records import Floats, PointResult
from tco.bench.summarise import CONFIDENCE_FRAC, student_quantile
from tco.inputs.hardware import FittedEnergy, FittedWork
from tco.model.work import WorkFit, fit

FEWEST_MIXES = 3


def joules_per_request(point: PointResult) -> float | None:
    """Energy of all GPUs for one request; None where none was measured or a code voids it. [J/request]"""
    watts = watts_of(point)
    return None if watts is None or point.requests_per_s <= 0 else watts / point.requests_per_s


def watts_of(point: PointResult) -> float | None:
    """Mean power of all GPUs in the window; None where none was measured or a code voids it. [W]"""
    if point.energy is None or not usable(point.energy) or "B-JOULES" in point.codes:
        return None
    return point.energy.watts


def fitted_work(points: Sequence[PointResult]) -> FittedWork | None:
    """The work model of one cold point a length mix; None with fewer than three."""
    known = [point for point in points if not blocks(point.codes) and point.output_tok_per_s > 0]
    if len(known) < FEWEST_MIXES:
        return None
    seen = _lengths(known), np.array([point.output_tok / point.output_tok_per_s for point in known])
    found, half = _fit(*seen), _half_widths(*seen)
    return FittedWork(
        prefill_s_per_tok=found.prefill_s_per_tok,
        decode_s_per_tok=found.decode_s_per_tok,
        context_s_per_tok2=found.context_s_per_tok2,
        prefill_error_s_per_tok=half and half[0],
        decode_error_s_per_tok=half and half[1],
        context_error_s_per_tok2=half and half[2],
        error_frac=_mean_miss(found.error_frac) or 0.0,
        left_out_error_frac=_mean_miss(found.left_out_error_frac),
        mixes_count=len(known),
    )


def fitted_energy(points: Sequence[PointResult]) -> FittedEnergy | None:
    """Joules of a request in the same form; None where fewer than three mixes have an energy."""
    known = [(point, joules) for point in points if (joules := joules_per_request(point)) and not blocks(point.codes)]
    if len(known) < FEWEST_MIXES:
        return None
    found = _fit(_lengths([point for point, _ in known]), np.array([joules for _, joules in known]))
    return FittedEnergy(
        prefill_joules_per_tok=found.prefill_s_per_tok,
        decode_joules_per_tok=found.decode_s_per_tok,
        context_joules_per_tok2=found.context_s_per_tok2,
        error_frac=_mean_miss(found.error_frac) or 0.0,
        left_out_error_frac=_mean_miss(found.left_out_error_frac),
        mixes_count=len(known),
    )


def _lengths(points: Sequence[PointResult]) -> Floats:
    return np.array([[point.input_tok, point.output_tok] for point in points])


def _fit(lengths: Floats, each: Floats) -> WorkFit:
    """Seconds or joules of a request of each mix to coefficients: `fit` takes tokens over them for a speed."""
    return fit(lengths[:, 0], lengths[:, 1], lengths[:, 1] / each)


def _half_widths(lengths: Floats, each: Floats) -> tuple[float, float, float] | None:
    """Half the interval of each coefficient by the jackknife; None where too few mixes are left to fit."""
    count = len(each)
    if count <= FEWEST_MIXES:
        return None
    without = [_fit(lengths[keep], each[keep]) for keep in (np.arange(count) != j for j in range(count))]
    known = np.array([(w.prefill_s_per_tok, w.decode_s_per_tok, w.context_s_per_tok2) for w in without])
    spread = np.sqrt((count - 1) / count * ((known - known.mean(axis=0)) ** 2).sum(axis=0))
    a, b, c = (float(half) for half in student_quantile(CONFIDENCE_FRAC, count - 1) * spread)
    return a, b, c


def _mean_miss(errors: Floats) -> float | None:
    return float(np.abs(errors).mean()) if len(errors) else None
