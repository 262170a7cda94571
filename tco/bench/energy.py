"""
What a window drew, from a trace: the difference of the energy counter, beside the area under the sampled power. Pure arithmetic.

The counter leads where every GPU has one. Both are asked at the very edges of the window by a straight line between the samples around an
edge, so a sample must stand on either side of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tco.bench.records import Energy, Floats
from tco.bench.trace import READINGS, Trace

GAP_LIMIT_FRAC = 0.05
"""Counter and sampled power may differ by this much; InferenceX allows its counters the same."""
EDGE_LIMIT_FRAC = 0.25
"""How much of the window the two pairs of samples around its edges may span together. The line between two samples is then within the limit
above unless power swings by more than a fifth while it is taken."""
HOLE_LIMIT_FRAC = 0.10
"""How much of the window may pass between two samples for the area under them to be trusted; less than ``HOLE_PACES`` is no hole."""
HOLE_PACES = 3
"""Times the usual time between samples that a late one may take."""
SPOILED = frozenset({"B-GAP", "B-MIG", "B-POWER", "B-EDGE", "B-LOST"})
"""Codes after which watts and joules are not used."""
MODULE_COUNTERS = ("GH200",)
"""GPUs whose energy counter is known to be that of the whole module (Zeus, issue 172)."""
SLOWED_BITS = {
    "software power cap": 0x04,
    "hardware slowdown": 0x08,
    "software thermal slowdown": 0x20,
    "hardware thermal slowdown": 0x40,
    "hardware power brake": 0x80,
}
"""The driver's reasons (nvmlClocksEventReason…) by which a GPU slows itself; idle and set clocks are none of them."""


@dataclass(frozen=True)
class Conditions:
    """How the GPUs were during a window; a reading that was not to be had is None."""

    watts_per_gpu: tuple[float, ...]
    """Mean sampled power of each. [W]"""
    temperature_mean_c: float | None
    temperature_max_c: float | None
    sm_mean_mhz: float | None
    sm_min_mhz: float | None
    cap_watts: float | None
    """Lowest power limit of a GPU. [W]"""
    slowed_frac: dict[str, float]
    """The share of samples in which any GPU was slowed, by reason."""


def usable(energy: Energy | None) -> bool:
    """
    Whether the watts and joules may be used; a code says why not.

    Examples
    --------
    >>> usable(Energy(700.0, 350.0, 1, "counter", 0.01))
    True
    >>> usable(Energy(700.0, 350.0, 1, "counter", 0.08, ("B-GAP",)))
    False
    """
    return energy is not None and energy.source != "none" and not SPOILED & set(energy.codes)


def unknown(gpus: int, *codes: str) -> Energy:
    """No figure, and the codes that say why; joules and watts are NaN, never 0."""
    return Energy(math.nan, math.nan, gpus, "none", None, tuple(dict.fromkeys(codes)))


def over(trace: Trace, start_s: float, end_s: float) -> Energy:
    """
    What all GPUs drew from ``start_s`` to ``end_s`` [s on the trace's clock].

    A counter that went back is left for the sampled power (B-COUNTER), as is one that is not there (B-NOCOUNTER). Where counter and
    samples differ by more than 5 % on any GPU, the figure stands with B-GAP and is not used. Where the trace does not reach from before
    the window to after it, or a GPU was lost, there is no figure.

    Parameters
    ----------
    trace : Trace
        Samples. [W, J]
    start_s, end_s : float
        The window. [s]
    """
    gpus, codes = len(trace.gpus), list(trace.codes)
    if trace.fault and (not len(trace) or trace.at_s[-1] < end_s):
        return unknown(gpus, *codes, "B-LOST")
    if end_s <= start_s or not _bracketed(trace.at_s, start_s, end_s):
        return unknown(gpus, *codes, "B-EDGE")
    seconds = end_s - start_s
    sampled = _area(trace, "watts", start_s, end_s)
    if _hole(trace.at_s, start_s, end_s):
        codes.append("B-HOLE")
        sampled = np.full(gpus, math.nan)
    counted, why_not = _counted(trace, start_s, end_s)
    codes += ["B-THROTTLE"] if slowed(trace, start_s, end_s) else []
    if why_not:
        codes.append(why_not)
        if not np.isfinite(sampled).all():
            return unknown(gpus, *codes, "B-POWER")
        joules, gap_frac, source = float(sampled.sum()), None, "polled"
    else:
        module = _area(trace, "module_watts", start_s, end_s)
        joules, source = float(counted.sum()), "counter"
        gap_frac, more = _gap(counted, sampled, module)
        codes += _of_module(trace, module) + more
    source = "dcgm" if trace.source == "dcgm" else source
    return Energy(joules, joules / seconds, gpus, source, gap_frac, tuple(dict.fromkeys(codes)))


def slowed(trace: Trace, start_s: float, end_s: float) -> dict[str, float]:
    """The share of the window's samples in which any GPU slowed itself, by reason; empty when none did."""
    bits = trace.reading("slowed_bits")[_within(trace.at_s, start_s, end_s)]
    reasons = np.where(np.isfinite(bits), bits, 0).astype(np.int64)
    shares = {name: float(((reasons & bit) != 0).any(axis=1).mean()) for name, bit in SLOWED_BITS.items() if len(bits)}
    return {name: share for name, share in shares.items() if share > 0}


def conditions(trace: Trace, start_s: float, end_s: float) -> Conditions:
    """Temperature, clocks, limits and slow-downs during a window [s], for its provenance."""
    within = trace.values[_within(trace.at_s, start_s, end_s)]

    def known(name: str) -> Floats:
        values: Floats = within[:, :, READINGS.index(name)]
        return values[np.isfinite(values)]

    heat, clock, cap = known("temperature_c"), known("sm_mhz"), known("cap_watts")
    watts = _area(trace, "watts", start_s, end_s) / (end_s - start_s)
    return Conditions(
        watts_per_gpu=tuple(float(each) for each in watts),
        temperature_mean_c=float(heat.mean()) if len(heat) else None,
        temperature_max_c=float(heat.max()) if len(heat) else None,
        sm_mean_mhz=float(clock.mean()) if len(clock) else None,
        sm_min_mhz=float(clock.min()) if len(clock) else None,
        cap_watts=float(cap.min()) if len(cap) else None,
        slowed_frac=slowed(trace, start_s, end_s),
    )


def trapezoid_joules(at_s: Floats, watts: Floats, start_s: float, end_s: float) -> float:
    """
    The area under sampled power from one time to another, both edges on straight lines between samples. [J]

    Examples
    --------
    >>> trapezoid_joules(np.array([0.0, 1.0, 2.0]), np.array([100.0, 200.0, 300.0]), 0.5, 1.5)  # 87.5 + 112.5
    200.0
    """
    inside = (at_s > start_s) & (at_s < end_s)
    times = np.concatenate([[start_s], at_s[inside], [end_s]])
    edges = np.interp([start_s, end_s], at_s, watts)
    heights = np.concatenate([edges[:1], watts[inside], edges[1:]])
    return float(np.sum(np.diff(times) * (heights[1:] + heights[:-1])) / 2)


def _within(at_s: Floats, start_s: float, end_s: float) -> slice:
    """The samples from the last at or before the window to the first at or after it."""
    first = max(int(np.searchsorted(at_s, start_s, side="right")) - 1, 0)
    return slice(first, int(np.searchsorted(at_s, end_s, side="left")) + 1)


def _bracketed(at_s: Floats, start_s: float, end_s: float) -> bool:
    """Whether samples stand on either side of both edges, close enough for the line between them."""
    if len(at_s) < 2 or at_s[0] > start_s or at_s[-1] < end_s:
        return False
    spans = [_edge_s(at_s, start_s), _edge_s(at_s, end_s)]
    return sum(spans) <= EDGE_LIMIT_FRAC * (end_s - start_s)


def _edge_s(at_s: Floats, edge_s: float) -> float:
    """Seconds between the two samples around an edge; 0 when a sample stands on it."""
    after = int(np.searchsorted(at_s, edge_s, side="left"))
    return 0.0 if at_s[after] == edge_s else float(at_s[after] - at_s[after - 1])


def _hole(at_s: Floats, start_s: float, end_s: float) -> bool:
    """Whether a part of the window that matters passed without a sample."""
    paces = np.diff(at_s[_within(at_s, start_s, end_s)])
    allowed_s = max(HOLE_LIMIT_FRAC * (end_s - start_s), HOLE_PACES * float(np.median(paces)))
    return float(paces.max()) > allowed_s


def _area(trace: Trace, name: str, start_s: float, end_s: float) -> Floats:
    """The area under a reading of each GPU [J]; NaN where a sample of the window lacks it."""
    window = _within(trace.at_s, start_s, end_s)
    at_s, readings = trace.at_s[window], trace.reading(name)[window]
    return np.array([trapezoid_joules(at_s, each, start_s, end_s) for each in readings.T])


def _counted(trace: Trace, start_s: float, end_s: float) -> tuple[Floats, str]:
    """What each GPU's counter gained [J], and the code of why the counters do not serve."""
    window = _within(trace.at_s, start_s, end_s)
    at_s, counters = trace.at_s[window], trace.reading("counter_joules")[window]
    if not np.isfinite(counters).all():
        return np.full(counters.shape[1], math.nan), "B-NOCOUNTER"
    gained = np.array([np.interp(end_s, at_s, each) - np.interp(start_s, at_s, each) for each in counters.T])
    return gained, "B-COUNTER" if (np.diff(counters, axis=0) < 0).any() else ""


def _of_module(trace: Trace, module: Floats) -> list[str]:
    """The code of a counter that is known to be the module's, where the driver has no module reading to tell by."""
    named = [any(name in gpu.name for name in MODULE_COUNTERS) for gpu in trace.gpus]
    return ["B-SCOPE"] if (np.array(named) & ~np.isfinite(module)).any() else []


def _gap(counted: Floats, sampled: Floats, module: Floats) -> tuple[float | None, list[str]]:
    """The widest gap of a GPU, (counter - sampled) / sampled, and its codes. A counter may be that of the whole module."""
    if not np.isfinite(sampled).all():
        return None, []
    if (sampled <= 0).any():
        return None, ["B-GAP"]
    gaps, codes = counted / sampled - 1, []
    with np.errstate(invalid="ignore", divide="ignore"):
        to_module = counted / module - 1
        wide = np.isfinite(to_module) & (np.abs(to_module) < np.abs(gaps))
    if wide.any():
        gaps, codes = np.where(wide, to_module, gaps), ["B-SCOPE"]
    widest = float(gaps[np.argmax(np.abs(gaps))])
    return widest, codes + (["B-GAP"] if abs(widest) > GAP_LIMIT_FRAC else [])
