"""Serving profiles: what was measured or published of one model on some GPUs. Read here, and written here."""

import os
import re
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

import yaml

from tco.catalog.yaml_files import read_file
from tco.errors import Fault
from tco.inputs.hardware import ServingPoint, ServingProfile
from tco.inputs.source import Grade

_HEAD = re.compile(r"^(model|gpu): *['\"]?([^'\"\n#]+?)['\"]? *(?:#.*)?$", re.MULTILINE)
_VERSION_PARTS = re.compile(r"\d+")
ENOUGH_MIXES = 4
"""With so many length mixes all coefficients are measured; more of them make a profile no more trustworthy."""
_QUALITIES = ("A", "", "B", "C")
"""From the most to the least direct measurement; blank is one's own."""
FAKE, DUMMY, QUICK = "B-FAKE", "B-DUMMY", "B-QUICK"
"""Codes of a run that make it another kind of measurement."""
_KINDS: tuple[tuple[Grade, str], ...] = (
    ("measured", ""), ("measured", QUICK), ("imported", ""), ("measured", DUMMY), ("published", ""), ("measured", "experts"),
    ("estimated", ""), ("assumed", ""), ("measured", FAKE),
)  # fmt: skip
"""The kinds of measurement, the most trustworthy first."""
_ENGINES = ("vllm", "sglang", "trtllm")
"""In the order a reader is likely to run them; versions are only compared within one."""


def read_profile(path: Path, where: str) -> tuple[ServingProfile | None, list[Fault]]:
    """One profile, its id taken from the file's name; or None with every fault in it."""
    profile, faults = read_file(path, where, ServingProfile, id=path.stem)
    if profile is not None:
        faults = [
            Fault(f"{where}: points", str(twice), "measured twice; keep one") for twice in _repeated(profile.points)
        ]
        if not profile.points:
            faults.append(Fault(f"{where}: points", "none", "add at least one measured point"))
    return (None, faults) if faults else (profile, [])


def head(path: Path) -> tuple[str, str]:
    """The model and the GPU a profile says it is of, without reading its points; blank when they cannot be found."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError):
        return "", ""
    found = dict(_HEAD.findall(text.split("\npoints:", maxsplit=1)[0]))
    return found.get("model", ""), found.get("gpu", "")


def best_first(profiles: Iterable[ServingProfile], experts: Collection[str] = ()) -> list[ServingProfile]:
    """
    The profiles by how far to trust them, the most trustworthy first.

    Kind of measurement, then tail latencies, steady service before a burst, length mixes up to four, measured before worked
    out; among equals vLLM before other engines, the newest version, the smaller replica, and more points.

    The kinds: measured; measured quickly; imported; measured with random weights; published; random weights of one of
    ``experts``, the models with a mixture of experts; estimated; assumed; last a test with a stand-in for the driver.
    METHODOLOGY 4.2 says why.
    """
    return sorted(profiles, key=lambda profile: _merit(profile, experts), reverse=True)


def is_test(profile: ServingProfile) -> bool:
    """Whether a stand-in for the driver took part: such a profile is used only by its name."""
    return FAKE in profile.told_codes


def has_random_weights(profile: ServingProfile) -> bool:
    """Whether what was served had the model's shape only."""
    return DUMMY in profile.told_codes


def mixes(profile: ServingProfile) -> int:
    """How many pairs of prompt and answer lengths were measured."""
    return len({(point.input_tok, point.output_tok) for point in profile.points})


def points_with_tails(profile: ServingProfile) -> int:
    """How many points know a latency beyond the median."""
    return sum(_has_tails(point) for point in profile.points)


def file_name(profile: ServingProfile, variant: str = "") -> str:
    """
    The file a profile belongs in: ``<model>--<gpu>x<n>--<engine>-<version>[--<variant>].yaml``.
    """
    model = profile.model.rsplit("/", maxsplit=1)[-1]
    where = f"{profile.gpu}x{profile.gpus_per_replica}"
    parts = [model, where, f"{profile.engine.name}-{profile.engine.version}", *([variant] if variant else [])]
    return "--".join(re.sub(r"[^A-Za-z0-9._+-]+", "-", part) for part in parts) + ".yaml"


def write_profile(profile: ServingProfile, folder: Path, variant: str = "") -> Path:
    """
    Write a profile whole or not at all, and return where it is.

    The text goes to a file beside the target, which is then renamed over it: a reader never meets half a profile.
    """
    return write_profile_to(profile, folder / file_name(profile, variant))


def write_profile_to(profile: ServingProfile, target: Path) -> Path:
    """The same, to a file whose name is chosen."""
    folder = target.parent
    folder.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(prefix=f".{target.stem}.", suffix=".tmp", dir=folder)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(as_yaml(profile))
            file.flush()
            os.fsync(file.fileno())
        os.chmod(beside, 0o644)
        os.replace(beside, target)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
    return target


def as_yaml(profile: ServingProfile) -> str:
    """The profile as text: short keys first, then one point a line, sorted by lengths and concurrency."""
    data = profile.model_dump(exclude={"id", "points"}, exclude_defaults=True)
    lines = [_line(key, data[key]) for key in ("profile", "model", "gpu", "gpus_per_replica", "engine", "grade")]
    lines += [_line("note", profile.note)] if profile.note else []
    lines += [
        _line(key, data[key])
        for key in ("idle_watts", "host_watts_per_gpu", "measured_at", "idle", "work", "energy")
        if key in data
    ]
    lines += [_line("codes", data["codes"])] if profile.codes else []
    for key, many in (("warnings", profile.warnings), ("provenance", profile.provenance)):
        lines += _block(key, many)
    lines += ["sources:", *(f"  - {_flow(page)}" for page in data["sources"]), "points:"]
    points = sorted(profile.points, key=lambda p: (p.input_tok, p.output_tok, p.cached_frac, p.concurrency))
    lines += [f"  - {_flow(point.model_dump(exclude_defaults=True))}" for point in points]
    return "\n".join(lines) + "\n"


Merit = tuple[int, bool, bool, bool, int, int, int, list[int], int, int, str]


def _merit(profile: ServingProfile, experts: Collection[str]) -> Merit:
    version = [int(part) for part in _VERSION_PARTS.findall(profile.engine.version)]
    trust, engine = -_kind(profile, experts), -_place(profile.engine.name, _ENGINES)
    slow = QUICK not in profile.told_codes
    qualities = {page.quality for page in profile.sources}
    direct = -max((_place(quality, _QUALITIES) for quality in qualities), default=0)
    tails, smaller = points_with_tails(profile) > 0, -profile.gpus_per_replica
    known = min(mixes(profile), ENOUGH_MIXES)
    steady = "C" not in qualities
    return trust, slow, tails, steady, known, direct, engine, version, smaller, len(profile.points), profile.id


def _kind(profile: ServingProfile, experts: Collection[str]) -> int:
    """The place of a profile's kind of measurement."""
    told = profile.told_codes
    if FAKE in told:
        return _KINDS.index(("measured", FAKE))
    if profile.grade != "measured":
        return _KINDS.index((profile.grade, ""))
    if DUMMY in told:
        return _KINDS.index(("measured", "experts" if profile.model in experts else DUMMY))
    return _KINDS.index(("measured", QUICK if QUICK in told else ""))


def _place(name: str, order: tuple[str, ...]) -> int:
    """Where a name stands in an order; behind the last when it is not there."""
    return order.index(name) if name in order else len(order)


def _has_tails(point: ServingPoint) -> bool:
    return any(tail is not None for side in (point.ttft_ms, point.tpot_ms) for tail in (side.p90, side.p95, side.p99))


def _repeated(points: tuple[ServingPoint, ...]) -> list[str]:
    seen: set[tuple[Any, ...]] = set()
    twice = []
    for point in points:
        name = (point.input_tok, point.output_tok, point.concurrency, point.cached_frac, point.request_rate)
        if name in seen:
            twice.append(f"{point.input_tok:g} in, {point.output_tok:g} out at {point.concurrency:g} in flight")
        seen.add(name)
    return twice


def _line(key: str, value: Any) -> str:
    return f"{key}: {_flow(value)}"


def _block(key: str, many: tuple[str, ...] | dict[str, str]) -> list[str]:
    """A list or a table of words with one line each; nothing when it is empty."""
    if not many:
        return []
    if isinstance(many, dict):
        return [f"{key}:", *(f"  {name}: {_flow(value)}" for name, value in many.items())]
    return [f"{key}:", *(f"  - {_flow(value)}" for value in many)]


def _flow(value: Any) -> str:
    """A value on one line of YAML; whole numbers without a decimal point."""
    text = yaml.safe_dump(
        _tidy(value), default_flow_style=True, width=float("inf"), sort_keys=False, allow_unicode=True
    )
    return text.removesuffix("...\n").strip()


def _tidy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _tidy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_tidy(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
