"""A trace of sampled power, a row a sample and a column a GPU; written to and read from a CSV file that a person can open."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from tco.bench.records import Floats, Watts
from tco.errors import Fault, TcoError

FORMAT = 1
READINGS = (
    "watts",
    "average_watts",
    "module_watts",
    "counter_joules",
    "temperature_c",
    "sm_mhz",
    "cap_watts",
    "slowed_bits",
)
"""What a sample of one GPU says; a reading that a GPU lacks is NaN."""
HEADER = ("at_s", "gpu", *READINGS)


@dataclass(frozen=True)
class GpuId:
    """Which GPU a column is."""

    name: str
    uuid: str


@dataclass(frozen=True)
class Trace:
    """
    Samples of some GPUs on the clock of ``time.monotonic``, which is also the load's.

    ``values[sample, gpu, reading]`` is in the order of ``READINGS``: power to be summed (the instant one where the driver tells it) [W],
    the driver's running average [W], power of the module with its CPU and memory [W], the energy counter [J], temperature [°C], clock
    [MHz], power limit [W], and the driver's bits for why the clock is held down.
    """

    at_s: Floats
    values: Floats
    gpus: tuple[GpuId, ...]
    source: str
    """``nvml`` or ``dcgm``."""
    unix_s: float
    """The time of day [s since 1970] when the clock of ``at_s`` stood at 0."""
    codes: tuple[str, ...] = ()
    """Guards that hold for the whole trace."""
    fault: str = ""
    """Why sampling ended before it was told to; empty when it did not."""
    meta: dict[str, Any] = field(default_factory=dict)
    """What else is known of the machine."""

    def __len__(self) -> int:
        return len(self.at_s)

    def reading(self, name: str) -> Floats:
        """One reading, ``[sample, gpu]``, in its unit."""
        column: Floats = self.values[:, :, READINGS.index(name)]
        return column

    def watts(self) -> Watts:
        """The power of each GPU, for a chart. [W]"""
        return Watts(self.at_s, self.reading("watts"))

    def moved(self, by_s: float) -> Trace:
        """The same trace on a clock that shows ``by_s`` more. [s]"""
        return replace(self, at_s=self.at_s + by_s, unix_s=self.unix_s - by_s)

    def save(self, path: Path) -> None:
        """Write the trace: a line of JSON behind ``#``, then CSV, a row for each sample of each GPU."""
        head = {
            "power_trace": FORMAT,
            "source": self.source,
            "clock": "time.monotonic",
            "unix_s": self.unix_s,
            "gpus": [{"name": gpu.name, "uuid": gpu.uuid} for gpu in self.gpus],
            "codes": list(self.codes),
            "fault": self.fault,
            "meta": self.meta,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".part")
        with partial.open("w", encoding="utf-8", newline="") as file:
            file.write(f"# {json.dumps(head)}\n")
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(HEADER)
            for at_s, sample in zip(self.at_s, self.values, strict=True):
                for gpu, row in enumerate(sample):
                    rows.writerow([f"{at_s:.6f}", gpu, *map(_cell, row)])
        partial.replace(path)

    @classmethod
    def load(cls, path: Path) -> Trace:
        """
        Read what ``save`` wrote.

        Raises
        ------
        TcoError
            The file is not there, is no power trace, or some rows are broken; all of them are told.
        """
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError as error:
            raise TcoError(Fault(str(path), str(error.strerror), "name a trace that tco bench wrote")) from error
        head = _head(lines, path)
        gpus = tuple(GpuId(gpu["name"], gpu["uuid"]) for gpu in head["gpus"])
        rows = _rows(lines[2:], len(gpus), path)
        return cls(
            at_s=rows[:: len(gpus), 0].copy(),
            values=rows[:, 2:].reshape(-1, len(gpus), len(READINGS)),
            gpus=gpus,
            source=head["source"],
            unix_s=head["unix_s"],
            codes=tuple(head["codes"]),
            fault=head["fault"],
            meta=head["meta"],
        )


def from_rows(rows: Sequence[tuple[float, Sequence[Sequence[float]]]], **known: Any) -> Trace:
    """A trace from samples ``(at_s, [[reading, …] for each GPU])``."""
    gpus = known["gpus"]
    at_s = np.array([at for at, _ in rows], float)
    values = np.array([row for _, row in rows], float).reshape(-1, len(gpus), len(READINGS))
    return Trace(at_s=at_s, values=values, **known)


def _cell(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.13g}"


def _head(lines: list[str], path: Path) -> dict[str, Any]:
    """The first line, checked to be this format's."""
    try:
        head: dict[str, Any] = json.loads(lines[0].removeprefix("#"))
        known = head["power_trace"] == FORMAT and head["gpus"] and lines[1] == ",".join(HEADER)
    except (IndexError, ValueError, KeyError, TypeError):
        known = False
    if not known:
        mend = f"a power trace starts with a line of JSON that says power_trace {FORMAT}, and the columns {', '.join(HEADER)}"
        raise TcoError(Fault(str(path), "no power trace", mend))
    return head


def _rows(lines: list[str], gpus: int, path: Path) -> Floats:
    """Every row as numbers, an empty cell as NaN; all broken rows are told at once."""
    rows, faults = [], []
    for number, cells in enumerate(csv.reader(lines)):
        try:
            rows.append([float(cell) if cell else math.nan for cell in cells])
            right = len(cells) == len(HEADER) and rows[-1][1] == number % gpus
        except ValueError:
            right = False
        if not right:
            mend = f"{len(HEADER)} numbers, GPUs in turn from 0 to {gpus - 1}"
            faults.append(Fault(f"{path}: row {number + 3}", ",".join(cells), mend))
    if len(lines) % gpus:
        faults.append(Fault(str(path), f"{len(lines)} rows for {gpus} GPUs", "the last sample is cut: take it out"))
    if faults:
        raise TcoError(faults)
    return np.array(rows, float).reshape(-1, len(HEADER))
