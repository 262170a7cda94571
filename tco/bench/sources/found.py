"""What a reader finds in a result file, in this project's units, and the small tools that every reader needs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tco.errors import Fault, SheetError
from tco.inputs.hardware import Percentiles
from tco.units import MS_PER_S

HEAD_BYTES = 8192
"""How much of a file a format is recognised by."""
PERCENTILES = (50, 90, 95, 99)
UNKNOWN = Percentiles()
SAME_FRAC = 0.01
"""Two counts of one thing that differ by less are the same."""
_MS = {"ms": 1.0, "s": MS_PER_S, "sec": MS_PER_S, "us": 1e-3, "ns": 1e-6}
_WATTS = {"W": 1.0, "mW": 1e-3, "kW": 1e3}
_JOULES = {"J": 1.0, "mJ": 1e-3, "kJ": 1e3, "MJ": 1e6}


@dataclass(frozen=True)
class Setup:
    """What a file says of what served, in the file's own words; None where it says nothing."""

    model: str | None = None
    gpu: str | None = None
    gpus: int | None = None
    engine: str | None = None
    engine_version: str | None = None
    dtype: str | None = None
    tensor_parallel: int | None = None
    variant: str = ""
    """What else sets it apart, such as ``ep8`` or ``offline``."""


@dataclass(frozen=True)
class FoundPoint:
    """One run at one load, of everything that served together; None where the file does not say."""

    where: str
    """The file, and the row in it."""
    output_tok_per_s: float
    """Answer tokens a second; prompt and answer together where ``both_tok`` is known."""
    input_tok: float | None
    """Mean prompt tokens of a request."""
    output_tok: float | None
    """Mean answer tokens of a request."""
    concurrency: float | None
    """Requests in flight."""
    ttft_ms: Percentiles = UNKNOWN
    tpot_ms: Percentiles = UNKNOWN
    request_rate: float | None = None
    """Arrivals a second of an open loop."""
    cached_frac: float | None = None
    """Share of the prompt that a prefix cache served."""
    watts: float | None = None
    """Mean draw of all GPUs, of those watched where ``watched_gpus`` is known."""
    watched_gpus: int | None = None
    """GPUs whose power was read, where the file does not say which of them served."""
    both_tok: float | None = None
    """Mean tokens of a request, prompt and answer together, where a file only has the sum."""
    setup: Setup = Setup()
    flags: tuple[str, ...] = ()
    """What to know before using it, in sentences."""


@dataclass(frozen=True)
class Dropped:
    """What was not taken over, and why."""

    where: str
    why: str


@dataclass(frozen=True)
class Found:
    """What one file holds."""

    points: tuple[FoundPoint, ...] = ()
    dropped: tuple[Dropped, ...] = ()
    ended: str = ""
    """When the run ended, as far as the file says."""
    quality: str = ""
    """B where figures were worked out by others, C for a burst of requests; blank is one's own steady run."""


def nothing(path: Path, why: str) -> Found:
    """A file that is known and holds nothing to import."""
    return Found(dropped=(Dropped(path.name, why),))


def json_of(path: Path, text: bytes | None = None) -> Any:
    """A file's JSON; a file of several objects, one after the other, is their list."""
    data = path.read_bytes() if text is None else text
    try:
        return json.loads(data)
    except ValueError:
        pass
    try:
        return list(_objects(data.decode("utf-8-sig")))
    except ValueError as error:
        raise SheetError(
            Fault(path.name, f"not JSON: {error}", "give the file as the load generator wrote it")
        ) from None


def _objects(text: str) -> Iterator[Any]:
    decoder, at = json.JSONDecoder(), 0
    blank = re.compile(r"\s*")
    while (at := blank.match(text, at).end()) < len(text):  # type: ignore[union-attr]
        item, at = decoder.raw_decode(text, at)
        yield item


def number(value: Any) -> float | None:
    """A finite number, else None: files write null, "inf" and NaN for what they do not know."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        known = float(value)
    except ValueError:
        return None
    return known if np.isfinite(known) else None


def text(value: Any) -> str | None:
    """Words that say something, else None."""
    return value.strip() or None if isinstance(value, str) else None


def whole(value: Any) -> int | None:
    """A whole number above 0, else None."""
    known = number(value)
    return int(known) if known is not None and known >= 1 and known == int(known) else None


def percentiles_ms(row: Mapping[str, Any], names: Mapping[int, Sequence[str]], to_ms: float) -> Percentiles:
    """The percentiles that a row has, the first key that holds a number each; ``to_ms`` makes milliseconds of them."""
    known = {
        f"p{p}": next((n for key in keys if (n := number(row.get(key))) is not None), None) for p, keys in names.items()
    }
    return Percentiles(**{name: None if ms is None else ms * to_ms for name, ms in known.items()})


def percentiles_of(values_ms: ArrayLike) -> Percentiles:
    """The percentiles of requests; empty when there are none. [ms]"""
    known = np.asarray(values_ms, dtype=float)
    if not known.size:
        return Percentiles()
    found = np.percentile(known, PERCENTILES)
    return Percentiles(**{f"p{p}": float(ms) for p, ms in zip(PERCENTILES, found, strict=True)})


def scaled(known: Percentiles, ratio: float) -> Percentiles:
    """The same percentiles times a ratio."""
    return Percentiles(**{name: None if ms is None else ms * ratio for name, ms in known.model_dump().items()})


def ms_in(unit: str) -> float | None:
    """Milliseconds in one unit of time, None for a word that is none."""
    return _MS.get(unit)


def watts_in(unit: str) -> float | None:
    """Watts in one unit of power."""
    return _WATTS.get(unit)


def joules_in(unit: str) -> float | None:
    """Joules in one unit of energy; MJ is a million, mJ a thousandth."""
    return _JOULES.get(unit)
