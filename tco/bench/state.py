"""Finished points on disk, one JSON a run: what a later start with the same settings need not measure again."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from tco.bench.records import Energy, Percentiles, PointResult, plain


class State:
    """The folder of one measurement; files are renamed into place, so each is whole or not there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def raw(self, name: str) -> Path:
        """Where the load client's own result of a run goes."""
        return self.folder / "raw" / f"{name}.json"

    def read(self, name: str) -> dict[str, Any] | None:
        """What was kept under a name; None when nothing was, or a file is not JSON."""
        try:
            found = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return found if isinstance(found, dict) else None

    def keep(self, name: str, data: Mapping[str, Any]) -> None:
        """Write whole or not at all."""
        self.folder.mkdir(parents=True, exist_ok=True)
        beside = self.folder / f".{name}.tmp"
        beside.write_text(json.dumps(plain(data), indent=1, allow_nan=False), encoding="utf-8")
        os.replace(beside, self.folder / f"{name}.json")

    def point(self, name: str) -> PointResult | None:
        """A finished point; None where there is none, or one of another version of this program."""
        found = self.read(name)
        try:
            return None if found is None else point_of(found)
        except (TypeError, KeyError, ValueError, AttributeError):
            return None

    def stale_count(self) -> int:
        """How many files are kept that are no points any more, of another version of this program: they are measured anew."""
        return len(self._files()) - self.points_count()

    def swap_raw(self, name: str, other: str) -> None:
        """Let two raw results change names: a point's own is the one that its figures come from."""
        beside = self.raw(f".{name}")
        os.replace(self.raw(name), beside)
        os.replace(self.raw(other), self.raw(name))
        os.replace(beside, self.raw(other))

    def points_count(self) -> int:
        """How many points are finished."""
        return sum(self.point(file.stem) is not None for file in self._files())

    def _files(self) -> list[Path]:
        return list(self.folder.glob("*-r[0-9]*.json"))

    def keep_point(self, name: str, point: PointResult) -> None:
        """Keep a finished point."""
        self.keep(name, asdict(point))


def point_of(data: Mapping[str, Any]) -> PointResult:
    """
    A point from what was kept of it.

    Raises
    ------
    TypeError, KeyError, ValueError, AttributeError
        When it was kept by a version with other fields.
    """
    parts = _with_nan(PointResult, data)
    for latency in ("ttft_ms", "tpot_ms", "e2e_ms"):
        parts[latency] = Percentiles(**_with_nan(Percentiles, parts[latency]))
    if parts["energy"] is not None:
        energy = _with_nan(Energy, parts["energy"])
        parts["energy"] = Energy(**energy | {"codes": tuple(energy["codes"])})
    return PointResult(**parts | {"codes": tuple(parts["codes"])})


def _with_nan(of: type, data: Mapping[str, Any]) -> dict[str, Any]:
    """JSON has no word for a figure that is none: null where a number must be is one."""
    numbers = {each.name for each in fields(of) if each.type == "float"}
    return {name: math.nan if value is None and name in numbers else value for name, value in data.items()}
