"""What a serving profile says beside throughput: latency and watts as a replica's load rises."""

from collections.abc import Mapping
from math import log

import numpy as np

from tco.case import LoadPoint
from tco.inputs.hardware import Gpu, ServingPoint, ServingProfile
from tco.inputs.source import Fact, Source
from tco.inputs.workload import Service
from tco.serving.doubts import FAKE
from tco.serving.points import Mix, best_within, latency_ms, mixes_of
from tco.units import Array

LOADS = (0.25, 0.5, 0.75)
"""Loads between idle and full at which a power curve is told (MEASURING)."""


def load_points(profile: ServingProfile, service: Service, lengths: Mix) -> tuple[LoadPoint, ...]:
    """
    Latency over load of the measured length mix nearest to some lengths, by rising load; empty where none is inside.

    Latencies are those at the percentile of the service level, or the nearest known.
    """
    inside = _inside(profile, service)
    if not inside:
        return ()
    mix = min(inside, key=lambda known: _distance(known, lengths))
    points, best = inside[mix]
    found = [
        LoadPoint(
            p.output_tok_per_s / best,
            latency_ms(p.ttft_ms, service.slo_percentile),
            latency_ms(p.tpot_ms, service.slo_percentile),
        )
        for p in points
    ]
    return tuple(sorted(found, key=lambda point: point.load_frac))


def power_facts(
    profile: ServingProfile | None, gpu: Gpu | None, service: Service, planned: Mapping[str, Fact]
) -> list[Fact]:
    """
    The draw of a GPU: measured with the profile's points, else from the data sheet and planning values.

    Watts of a stand-in for the driver are nobody's: such a profile counts as one without.

    Parameters
    ----------
    planned : Mapping[str, Fact]
        ``idle_watts_per_gpu``, ``busy_board_ratio`` and ``host_watts_per_gpu`` of the sheet of defaults.
    """
    if profile is not None and FAKE in profile.told_codes:
        profile = None
    facts = [_host(profile, planned)]
    idle = _idle(profile, gpu, planned)
    curve = _curve(profile, service, idle.value) if profile is not None else None
    if profile is not None and curve is not None:
        grade, where = profile.grade, f"hw_profiles/serving/{profile.id}.yaml"
        page = profile.sources[0]
        source = Source(where, grade, None, page.url, page.checked_on, note="board power while serving, as measured")
        knots = [
            {"load_frac": load, "watts_per_gpu": float(watts)} for load, watts in zip(LOADS, curve[:-1], strict=True)
        ]
        facts += [
            Fact("power.points", knots, source),
            Fact("power.busy_watts_per_gpu", float(curve[-1]), source),
            Fact("power.grade", grade, source),
        ]
    elif gpu is not None:
        ratio = planned["busy_board_ratio"]
        low, high = (None if r is None else r * gpu.board_watts for r in (ratio.low, ratio.high))
        busy = Fact("power.busy_watts_per_gpu", ratio.value * gpu.board_watts, ratio.source, low, high)
        facts += [busy, Fact("power.grade", "assumed", ratio.source)]
    return [*facts, idle]


def _idle(profile: ServingProfile | None, gpu: Gpu | None, planned: Mapping[str, Fact]) -> Fact:
    path = "power.idle_watts_per_gpu"
    usual = planned["idle_watts_per_gpu"]
    if profile is not None and profile.idle_watts is not None:
        page, where = profile.sources[0], f"hw_profiles/serving/{profile.id}.yaml"
        source = Source(where, profile.grade, None, page.url, page.checked_on, note="loaded and idle, as measured")
        return Fact(path, profile.idle_watts / profile.gpus_per_replica, source)
    if gpu is not None and gpu.idle_watts is not None:
        page = gpu.sources[0]
        source = Source(
            f"hw_profiles/gpus/{gpu.gpu}.yaml", "published", None, page.url, page.checked_on, note=page.note
        )
        return Fact(path, gpu.idle_watts, source, usual.low, usual.high)
    return _renamed(usual, path)


def _host(profile: ServingProfile | None, planned: Mapping[str, Fact]) -> Fact:
    path = "power.host_watts_per_gpu"
    if profile is None or profile.host_watts_per_gpu is None:
        return _renamed(planned["host_watts_per_gpu"], path)
    page, where = profile.sources[0], f"hw_profiles/serving/{profile.id}.yaml"
    note = profile.provenance.get("host_power", "server beside its GPUs, as measured")
    return Fact(
        path, profile.host_watts_per_gpu, Source(where, profile.grade, None, page.url, page.checked_on, note=note)
    )


def _renamed(fact: Fact, path: str) -> Fact:
    return Fact(path, fact.value, fact.source, fact.low, fact.high)


def _curve(profile: ServingProfile, service: Service, idle_watts: float) -> Array | None:
    """Draw of one GPU at each of ``LOADS`` and at full load, the mean of the length mixes that know it. [W]"""
    curves = []
    for points, best in _inside(profile, service).values():
        known = [(p.output_tok_per_s / best, p.watts / profile.gpus_per_replica) for p in points if p.watts is not None]
        if len(known) >= 2 and max(load for load, _ in known) >= LOADS[-1]:
            loads, watts = zip((0.0, idle_watts), *sorted(known), strict=True)
            curves.append(np.interp([*LOADS, 1.0], loads, watts))
    if not curves:
        return None
    mean: Array = np.mean(curves, axis=0)
    return mean


def _inside(profile: ServingProfile, service: Service) -> dict[Mix, tuple[list[ServingPoint], float]]:
    """The length mixes inside the service level, each with its points and its throughput there."""
    at = profile.measured_at
    found = {mix: (points, best_within(points, service, at)) for mix, points in mixes_of(profile.points).items()}
    return {mix: (points, best) for mix, (points, best) in found.items() if best is not None}


def _distance(known: Mix, wanted: Mix) -> float:
    return sum(log(max(a, 1.0) / max(b, 1.0)) ** 2 for a, b in zip(known, wanted, strict=True))
