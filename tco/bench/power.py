"""Watts and joules of the GPUs that serve: opened here, from the driver beside them (NVML) or an exporter elsewhere (DCGM)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tco.bench.dcgm import DcgmMeter
from tco.bench.energy import SPOILED, usable
from tco.bench.machine import gpu_facts
from tco.bench.meter import Live, Meter, NoDriver, NoMeter, NoPower, ReplayMeter, Sample, SampledMeter
from tco.bench.nvml import GpuChoice, Nvml
from tco.bench.sampler import Sampler
from tco.bench.trace import Trace

__all__ = [
    "PERIOD_S",
    "SPOILED",
    "DcgmMeter",
    "Live",
    "Meter",
    "NoDriver",
    "NoMeter",
    "NoPower",
    "NvmlMeter",
    "ReplayMeter",
    "Trace",
    "open_meter",
    "usable",
]

PERIOD_S = 0.1
"""Ten samples a second; the driver refreshes its energy counter about as often."""
FAKE = "fake"
"""A word in the driver's version by which the tests' stand-in gives itself away."""


class NvmlMeter(SampledMeter):
    """
    The local driver, ten times a second: energy counter, instant and average power, heat, clocks, limits, slow-downs.

    Raises
    ------
    NoPower
        See ``Nvml``.
    """

    def __init__(self, choice: GpuChoice = None, period_s: float = PERIOD_S) -> None:
        self._session = Nvml(choice)
        self._facts = {**gpu_facts(self._session), "power_from": "nvml"}
        codes = ("B-FAKE",) if FAKE in str(self._facts["driver"]).lower() else ()
        sampler: Sampler[Sample] = Sampler(self._session.read, period_s, "tco-nvml")
        super().__init__(sampler, tuple(gpu.id for gpu in self._session.gpus), codes)

    def facts(self) -> dict[str, Any]:
        return self._facts

    def close(self) -> None:
        super().close()
        if self._session is not None:
            self._session.close()


def open_meter(gpus: GpuChoice = None, dcgm: str | Sequence[str] | None = None, *, or_none: bool = False) -> Meter:
    """
    The meter of the GPUs that serve: an exporter's where one is named, the local driver's otherwise.

    Parameters
    ----------
    gpus : int, sequence of int or str, or None
        How many of the visible GPUs (``CUDA_VISIBLE_DEVICES`` is heeded), which ones by index or UUID, or all.
    dcgm : str, sequence of str, or None
        Addresses of DCGM exporters, or of a Prometheus that gathers them.
    or_none : bool
        Whether to give a meter without watts, which says why, where no exporter is named and this machine has no driver. A driver or an
        exporter that is there and cannot tell is refused all the same: nobody loses watts without being told.

    Raises
    ------
    NoPower
        No watts can be had; with ``or_none``, although there is something to have them from.
    """
    try:
        if dcgm:
            return DcgmMeter(dcgm, gpus if gpus is None or isinstance(gpus, int) else len(gpus))
        return NvmlMeter(gpus)
    except NoDriver as fault:
        if not or_none:
            raise
        return NoMeter(gpus if isinstance(gpus, int) else len(gpus or ()), fault.code, str(fault))
