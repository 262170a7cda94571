"""Where the data folders are: the one asked for, else the working directory, else the package, else its repository."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tco.errors import Fault, LookupFault

FOLDERS = ("price_sheets", "hw_profiles", "scenarios")
"""The folders of data, each found on its own: a working directory may hold just the sheets it changes."""


@dataclass(frozen=True)
class Found:
    """One data folder: its path (None when there is none) and, in words, whose it is."""

    name: str
    path: Path | None
    whose: str


def locate(explicit: Path | str | None = None, working_directory: Path | None = None) -> dict[str, Found]:
    """
    Each data folder by name, from the first place that has it.

    Parameters
    ----------
    explicit : Path | str | None
        A folder that was asked for (``--data``); it must exist and hold at least one of the data folders.
    working_directory : Path | None
        Where to look next; None is the current one.

    Raises
    ------
    LookupFault
        When the folder asked for is missing or holds none of the data folders.
    """
    places: list[tuple[Path, str]] = []
    if explicit is not None:
        asked = Path(explicit)
        _check_asked(asked)
        places.append((asked, str(asked)))
    places.append((working_directory or Path.cwd(), "the working directory"))
    return {name: _first(name, [*places, *_ours()]) for name in FOLDERS}


def shipped() -> dict[str, Found]:
    """Each data folder as it came with the package."""
    return {name: _first(name, _ours()) for name in FOLDERS}


def in_words(found: Sequence[Found]) -> str:
    """
    Which folder comes from where, in a sentence.

    Examples
    --------
    >>> in_words([Found("price_sheets", Path("a"), "a"), Found("hw_profiles", Path("a"), "a"), Found("x", None, "")])
    'price_sheets and hw_profiles from a; no x'
    """
    groups: dict[str, list[str]] = {}
    for folder in found:
        if folder.path is not None:
            groups.setdefault(folder.whose, []).append(folder.name)
    parts = [f"{_join(names)} from {whose}" for whose, names in groups.items()]
    missing = [folder.name for folder in found if folder.path is None]
    return "; ".join([*parts, *([f"no {_join(missing)}"] if missing else [])])


def _ours() -> list[tuple[Path, str]]:
    package = Path(__file__).resolve().parents[1]
    return [(package / "_data", "the package"), (package.parent, "the repository")]


def _first(name: str, places: Sequence[tuple[Path, str]]) -> Found:
    for place, whose in places:
        if (place / name).is_dir():
            return Found(name, place / name, whose)
    return Found(name, None, "")


def _check_asked(asked: Path) -> None:
    if not asked.is_dir():
        raise LookupFault(Fault("--data", str(asked), "name a folder that exists, or write one with `tco init`"))
    if not any((asked / name).is_dir() for name in FOLDERS):
        mend = f"name the folder that holds {_join(list(FOLDERS), 'or')}"
        raise LookupFault(Fault("--data", f"{asked} has no data folders", mend))


def _join(names: list[str], word: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"
