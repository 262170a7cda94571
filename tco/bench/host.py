"""What the machine draws beside its GPUs: the processors' own energy counters (RAPL) where they can be read, a planning value otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tco.bench.records import Floats
from tco.bench.sampler import Sampler
from tco.inputs.source import Fact, Grade

POWERCAP = Path("/sys/class/powercap")
PERIOD_S = 1.0
"""A processor's counter runs over after some minutes at full load; once a second misses no turn."""
MICRO = 1e-6
"""RAPL counts in microjoules."""
PATH = "power.host_watts_per_gpu"
"""The planning value, in price_sheets/assumptions."""


@dataclass(frozen=True)
class HostPower:
    """The server's draw beside its GPUs, for each GPU it holds. [W]"""

    watts_per_gpu: float
    grade: Grade
    note: str


@dataclass(frozen=True)
class Zone:
    """One counter of RAPL: a processor package, or the memory beside it."""

    name: str
    counter: Path
    range_uj: int
    """Where the counter starts again from 0. [µJ]"""

    def read_uj(self) -> int:
        """The counter now. [µJ]"""
        return int(self.counter.read_text())


def zones(powercap: Path = POWERCAP) -> list[Zone]:
    """
    The counters that together make up processors and memory, none twice; empty where they cannot be read.

    Packages hold their cores and graphics; memory (``dram``) stands beside them. ``psys``, the whole platform where laptops have it,
    would count both again.
    """
    found: dict[str, Zone] = {}
    for folder in sorted(powercap.glob("intel-rapl:*")):
        try:
            name = (folder / "name").read_text().strip()
            zone = Zone(name, folder / "energy_uj", int((folder / "max_energy_range_uj").read_text()))
            zone.read_uj()
        except (OSError, ValueError):
            continue
        if name.startswith("package") or name == "dram":
            found[folder.name] = zone
    return list(found.values())


class HostMeter:
    """
    Watts of processors and memory for each GPU of the machine, or the planning value marked ``assumed``.

    RAPL leaves out fans, network, disks and the power supply's loss, and counts whatever else runs on the machine; the note says so.

    Parameters
    ----------
    machine_gpus : int
        GPUs in the machine, used or not: the host serves them all.
    planned : Fact
        ``power.host_watts_per_gpu`` of the sheets.
    powercap : Path
        Where the kernel keeps its counters.
    """

    def __init__(self, machine_gpus: int, planned: Fact, powercap: Path = POWERCAP, period_s: float = PERIOD_S) -> None:
        self.machine_gpus, self.planned, self.zones = machine_gpus, planned, zones(powercap)
        self._sampler = Sampler(self._read, period_s, "tco-rapl")

    def start(self) -> None:
        """Begin sampling, where there is something to sample."""
        if self.zones:
            self._sampler.start()

    def stop(self) -> None:
        """End sampling."""
        self._sampler.stop()

    def power(self, start_s: float, end_s: float) -> HostPower:
        """The mean draw between two times [s, monotonic], or the planning value where the samples do not span them."""
        self._sampler.reach(end_s, 2 * self._sampler.period_s)
        rows = self._sampler.rows()
        at_s = np.array([at for at, _ in rows])
        if end_s <= start_s or len(rows) < 2 or at_s[0] > start_s or at_s[-1] < end_s:
            return self._assumed()
        joules = unwrapped_joules(np.array([row for _, row in rows], float), [zone.range_uj for zone in self.zones])
        total = joules.sum(axis=1)
        drawn = float(np.interp(end_s, at_s, total) - np.interp(start_s, at_s, total))
        names = ", ".join(zone.name for zone in self.zones)
        note = f"RAPL ({names}) over {self.machine_gpus} GPUs; without fans, network, disks and the supply's loss"
        return HostPower(drawn / (end_s - start_s) / self.machine_gpus, "measured", note)

    def _assumed(self) -> HostPower:
        why = "RAPL was not sampled long enough" if self.zones else "RAPL cannot be read here"
        return HostPower(float(self.planned.value), "assumed", f"{why}: {self.planned.source.where}, {PATH}")

    def _read(self) -> list[int] | None:
        try:
            return [zone.read_uj() for zone in self.zones]
        except (OSError, ValueError):
            return None


def unwrapped_joules(counters_uj: Floats, ranges_uj: list[int]) -> Floats:
    """
    Joules since the first sample, ``[sample, zone]``, of counters [µJ] that start again from 0 at their range.

    Examples
    --------
    >>> unwrapped_joules(np.array([[4e6], [9e6], [1e6]]), [10_000_000])[:, 0].tolist()  # 5 J, then 1 + 1 J over the end
    [0.0, 5.0, 7.0]
    """
    steps = np.diff(counters_uj, axis=0, prepend=counters_uj[:1])
    steps = np.where(steps < 0, steps + np.array(ranges_uj), steps)
    joules: Floats = np.cumsum(steps, axis=0) * MICRO
    return joules
