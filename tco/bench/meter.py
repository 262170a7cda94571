"""A power meter: what every source of watts answers, a recorded one, and none at all."""

from __future__ import annotations

import math
import time
from abc import ABC, abstractmethod
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tco.bench.energy import over, unknown
from tco.bench.records import Energy
from tco.bench.sampler import Sampler
from tco.bench.trace import READINGS, GpuId, Trace, from_rows
from tco.errors import Fault, TcoError

Sample = list[list[float]]
"""The readings of a trace, for each GPU."""


class NoPower(TcoError):
    """Power cannot be measured here; ``code`` is that of a point measured without."""

    def __init__(self, code: str, faults: Fault | list[Fault]) -> None:
        self.code = code
        super().__init__(faults)


class NoDriver(NoPower):
    """Nothing on this machine can be asked: no NVIDIA driver, or not its bindings."""


@dataclass(frozen=True)
class Live:
    """The latest sample, for a line of progress."""

    at_s: float
    watts: float
    """All GPUs together. [W]"""
    temperature_c: float
    """The hottest, NaN where none is told. [°C]"""


class Meter(ABC):
    """
    Samples power from ``start`` to ``stop`` and tells what any window between drew; also a context manager.

    Every time is in seconds of ``time.monotonic``, as the load's are.
    """

    gpus: int
    """GPUs measured."""
    code: str = ""
    """Why there are no watts at all, as a code; empty for a meter that measures."""

    @abstractmethod
    def start(self) -> None:
        """Begin sampling; a second call does nothing."""

    @abstractmethod
    def stop(self) -> None:
        """End sampling; what was sampled stays."""

    def close(self) -> None:
        """Stop, and let go of the driver or connection."""
        self.stop()

    @abstractmethod
    def trace(self, since_s: float = -math.inf) -> Trace:
        """What was sampled so far, from the last sample at or before ``since_s`` on."""

    def energy(self, start_s: float, end_s: float) -> Energy:
        """
        What all GPUs together drew in a window that may just have ended; see ``energy.over``.

        Energy is told with codes, never raised: ``energy.usable`` says whether it may be used.
        """
        return over(self.trace(start_s), start_s, end_s)

    def live(self) -> Live | None:
        """The latest sample; None before the first."""
        return None

    @property
    def fault(self) -> str:
        """Why sampling ended by itself, such as a lost GPU; empty while it goes on."""
        return ""

    def facts(self) -> dict[str, Any]:
        """The GPUs and their driver, for a profile's provenance."""
        return {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class SampledMeter(Meter):
    """A meter with a thread that samples."""

    source = "nvml"

    def __init__(self, sampler: Sampler[Sample], ids: tuple[GpuId, ...], codes: tuple[str, ...] = ()) -> None:
        self.gpus, self.ids, self.codes = len(ids), ids, codes
        self.sampler = sampler
        self._unix_s = time.time() - time.monotonic()

    def start(self) -> None:
        self.sampler.start()

    def stop(self) -> None:
        self.sampler.stop()

    def trace(self, since_s: float = -math.inf) -> Trace:
        rows = self.sampler.rows()
        first = max(bisect_right(rows, since_s, key=lambda row: row[0]) - 1, 0)
        return from_rows(
            rows[first:],
            gpus=self.ids,
            source=self.source,
            unix_s=self._unix_s,
            codes=self.codes,
            fault=self.fault,
            meta=self.facts(),
        )

    def energy(self, start_s: float, end_s: float) -> Energy:
        self.sampler.reach(end_s, self.patience_s)
        return super().energy(start_s, end_s)

    @property
    def patience_s(self) -> float:
        """How long to wait for a sample after the end of a window. [s]"""
        return 2 * self.sampler.period_s

    @property
    def fault(self) -> str:
        return self.sampler.fault

    def live(self) -> Live | None:
        latest = self.sampler.last()
        if latest is None:
            return None
        at_s, rows = latest
        heat = [row[READINGS.index("temperature_c")] for row in rows]
        told = [each for each in heat if not math.isnan(each)]
        return Live(at_s, sum(row[READINGS.index("watts")] for row in rows), max(told, default=math.nan))


class ReplayMeter(Meter):
    """
    A recorded trace as a meter. ``start`` moves the recording to begin now; without it the recording keeps its own clock.

    What it replays was measured another time: it carries its own codes, and its facts name the file.
    """

    def __init__(self, recording: Trace | Path) -> None:
        self.path = recording if isinstance(recording, Path) else None
        self._trace = Trace.load(recording) if isinstance(recording, Path) else recording
        self.gpus, self._started = len(self._trace.gpus), False

    def start(self) -> None:
        if len(self._trace) and not self._started:
            self._trace = self._trace.moved(time.monotonic() - float(self._trace.at_s[0]))
        self._started = True

    def stop(self) -> None:
        """A recording has ended already."""

    def trace(self, since_s: float = -math.inf) -> Trace:
        return self._trace

    def live(self) -> Live | None:
        """The last sample of the recording that is not in the future."""
        before = bisect_right(self._trace.at_s.tolist(), time.monotonic()) - 1
        if before < 0:
            return None
        heat = float(self._trace.reading("temperature_c")[before].max())
        return Live(float(self._trace.at_s[before]), float(self._trace.reading("watts")[before].sum()), heat)

    @property
    def fault(self) -> str:
        return self._trace.fault

    def facts(self) -> dict[str, Any]:
        return {**self._trace.meta, "replayed": self.path.name if self.path else "a trace in memory"}


class NoMeter(Meter):
    """No power: every window answers with the code that says why, and no figure."""

    def __init__(self, gpus: int, code: str = "B-POWER", why: str = "") -> None:
        self.gpus, self.code, self.why = gpus, code, why

    def start(self) -> None:
        """Nothing to sample."""

    def stop(self) -> None:
        """Nothing to end."""

    def trace(self, since_s: float = -math.inf) -> Trace:
        ids = tuple(GpuId("unknown GPU", "") for _ in range(self.gpus))
        return from_rows([], gpus=ids, source="none", unix_s=0.0, codes=(self.code,))

    def energy(self, start_s: float, end_s: float) -> Energy:
        return unknown(self.gpus, self.code)
