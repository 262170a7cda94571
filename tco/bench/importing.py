"""Other tools' result files as serving profiles of grade `imported`: what they leave out is asked for, all of it at once."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tco.bench.codes import sentence
from tco.bench.merging import merged
from tco.bench.sources import source_of, sources
from tco.bench.sources.found import Dropped, Found, FoundPoint, Setup
from tco.bench.told import AS_PUBLISHED, Told, against, check_flags, completed, lacking, none_fits
from tco.catalog import Catalog
from tco.errors import Fault, LookupFault, TcoError
from tco.inputs.hardware import Engine, PageSource, ServingProfile

VARIANT = "imported"
_SUFFIXES = (".json", ".jsonl", ".txt")


@dataclass(frozen=True)
class ReadFile:
    """A file that was read: its format, and what it gave."""

    path: Path
    format: str
    found: Found


@dataclass(frozen=True)
class Imported:
    """One profile from some files, with the variant of its file's name."""

    profile: ServingProfile
    variant: str
    flags: tuple[str, ...]
    """What to know before using it, in sentences; they are the profile's note too."""


@dataclass(frozen=True)
class Import:
    """Everything one import made: profiles, the files behind them, and what was left behind and why."""

    profiles: tuple[Imported, ...]
    files: tuple[ReadFile, ...]
    dropped: tuple[Dropped, ...]


def import_files(names: Sequence[str], told: Told, catalog: Catalog, today: date) -> Import:
    """
    Read result files and make a profile of each setup in them.

    Parameters
    ----------
    names : Sequence[str]
        Files, folders (everything in them that is known) and patterns such as ``runs/*.json``.
    told : Told
        What the files do not say.
    catalog : Catalog
        Which models and GPUs there are.
    today : date
        The day of reading, kept beside each source.

    Raises
    ------
    TcoError
        With every file that cannot be read; else with everything that neither files nor flags say.
    """
    paths, named = files_of(names)
    read, dropped = _read(paths, named)
    rows = [(file, point) for file in read for point in file.found.points]
    if not rows:
        why = "; ".join(f"{item.where}: {item.why}" for item in dropped) or "no files"
        raise TcoError(Fault(", ".join(names), f"nothing to import ({why})", f"give a result of {_formats()}"))
    check_flags(told, catalog)
    fit = [(file, point, against(point.setup, told, catalog)) for file, point in rows]
    if all(why is not None for *_, why in fit):
        raise none_fits([why for *_, why in fit if why is not None])
    whole = [(file, point, completed(point, told, catalog)) for file, point, why in fit if why is None]
    faults = lacking([(found, made) for _, found, made in whole], told, catalog)
    if faults:
        raise LookupFault(faults)
    setups: dict[Setup, list[tuple[ReadFile, FoundPoint]]] = {}
    for file, _, made in whole:
        setups.setdefault(made.setup, []).append((file, made))
    other = [Dropped(point.where, why) for _, point, why in fit if why is not None]
    profiles = tuple(_profile(setup, parts, today) for setup, parts in setups.items())
    return Import(profiles, tuple(read), (*dropped, *other))


def files_of(names: Iterable[str]) -> tuple[list[Path], set[Path]]:
    """
    The files meant, each once and in order, and which of them were named one by one.

    Raises
    ------
    TcoError
        With each name that leads to no file.
    """
    paths: dict[Path, None] = {}
    named: set[Path] = set()
    faults = []
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and p.suffix in _SUFFIXES)
        else:
            inside = (
                [path]
                if path.is_file()
                else sorted(Path(p) for p in glob.glob(name, recursive=True) if Path(p).is_file())
            )
            named.update(inside if path.is_file() else [])
        if not inside:
            faults.append(
                Fault(
                    name,
                    "no such file, or nothing in it",
                    f"name result files ({', '.join(_SUFFIXES)}), a folder or a pattern",
                )
            )
        paths.update(dict.fromkeys(inside))
    if faults:
        raise TcoError(faults)
    return list(paths), named


def _read(paths: Sequence[Path], named: set[Path]) -> tuple[list[ReadFile], list[Dropped]]:
    read, dropped, faults = [], [], []
    for path in paths:
        try:
            source = source_of(path)
            if source is None and path in named:
                faults.append(Fault(str(path), "of no format that is known", f"give a result of {_formats()}"))
            elif source is None:
                dropped.append(Dropped(path.name, "of no format that is known"))
            else:
                found = source.read(path)
                read.append(ReadFile(path, source.NAME, found))
                dropped += found.dropped
        except TcoError as error:
            faults += error.faults
        except (OSError, UnicodeDecodeError) as error:
            faults.append(
                Fault(
                    str(path), f"cannot be read ({error.__class__.__name__})", "give it as the load generator wrote it"
                )
            )
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            faults.append(
                Fault(str(path), f"not shaped as its format says ({error!r})", "give it as the load generator wrote it")
            )
    if faults:
        raise TcoError(faults)
    return read, dropped


def _formats() -> str:
    return ", ".join(source.NAME for source in sources())


def _profile(setup: Setup, parts: Sequence[tuple[ReadFile, FoundPoint]], today: date) -> Imported:
    gpus = setup.gpus or 1
    pages = tuple(_page(file, today) for file in {file.path: file for file, _ in parts}.values())
    points = merged([point for _, point in parts])
    codes = sorted({code for point in points for code in point.codes})
    flags = tuple(dict.fromkeys([*(flag for _, point in parts for flag in point.flags), *map(sentence, codes)]))
    profile = ServingProfile(
        profile=1,
        model=setup.model or "",
        gpu=setup.gpu or "",
        gpus_per_replica=gpus,
        engine=Engine(
            name=setup.engine or "",
            version=setup.engine_version or "",
            tensor_parallel=setup.tensor_parallel or gpus,
            dtype=setup.dtype or AS_PUBLISHED,
        ),
        grade="imported",
        sources=pages,
        points=points,
        note="; ".join(flags),
    )
    words = [setup.dtype if setup.dtype not in (None, AS_PUBLISHED) else None, setup.variant, VARIANT]
    return Imported(profile, "-".join(word for word in words if word), flags)


def _page(file: ReadFile, today: date) -> PageSource:
    digest = hashlib.sha256(file.path.read_bytes()).hexdigest()
    ended = f", run ended {file.found.ended}" if file.found.ended else ""
    return PageSource(
        url=f"{file.path.name} (sha256 {digest[:16]})",
        checked_on=today,
        quality=file.found.quality,
        note=f"{file.format}{ended}",
    )
