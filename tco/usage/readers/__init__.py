"""
Logs of use, one format a file: how it is recognised, and which expression gives each canonical column.

A module that is one names its ``NAME`` and has ``recognises(file)`` and ``read(file, told)`` (see ``ReaderModule``). The folder is
listed, so that a new format is a new file and nothing else. ``fields`` has what readers are written with.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Protocol, cast

from tco.usage.files import LogFile
from tco.usage.readers.fields import Reading, Told


class ReaderModule(Protocol):
    """What a format's module has."""

    NAME: str
    """As ``--format`` takes it."""

    def recognises(self, file: LogFile) -> bool:
        """Whether a file is of this format, by its columns or its head."""

    def read(self, file: LogFile, told: Told) -> Reading:
        """Which SQL gives the canonical columns of this file."""


@cache
def readers() -> dict[str, ReaderModule]:
    """Every format by name; the one that takes any table, with names told or guessed, comes last."""
    modules = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
    found = [cast(ReaderModule, module) for module in modules if hasattr(module, "NAME")]
    return {module.NAME: module for module in sorted(found, key=lambda module: (module.NAME == "table", module.NAME))}


def reader_of(file: LogFile) -> ReaderModule | None:
    """The format of a file; None when nobody knows it."""
    return next((reader for reader in readers().values() if reader.recognises(file)), None)
