"""
Result files of other load generators, one format a file: how it is recognised, and its points in this project's units and meanings.

A module that is one names its ``NAME``, and has ``recognises(path, head)`` and ``read(path)`` (see ``SourceModule``). The folder is
listed, so a new format is a new file and nothing else. ``found`` holds what every reader returns. Imports inputs, units and errors only.
"""

from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Protocol, cast

from tco.bench.sources.found import HEAD_BYTES, Found


class SourceModule(Protocol):
    """What a format's module has."""

    NAME: str

    def recognises(self, path: Path, head: str) -> bool:
        """Whether a file is of this format, by its name and its first ``found.HEAD_BYTES`` bytes."""

    def read(self, path: Path) -> Found:
        """What the file holds; a file that is recognised and holds nothing to import says why in ``dropped``."""


@cache
def sources() -> tuple[SourceModule, ...]:
    """Every format, in order of its module's name."""
    modules = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
    return tuple(cast(SourceModule, module) for module in modules if hasattr(module, "NAME"))


def source_of(path: Path) -> SourceModule | None:
    """The format of a file; None when nobody knows it."""
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES).decode("utf-8-sig", errors="replace")
    return next((source for source in sources() if source.recognises(path, head)), None)
