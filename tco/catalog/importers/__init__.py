"""
Public price data as quotes for our models: one file a source, each in its own units and words.

A module that is one names ``NAME``, ``SITE``, ``read(data) -> Reading`` and ``bundled()``, which finds the data inside an
installed package or says that there is none. The folder is listed. Nothing here reaches for the network.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


@cache
def importers() -> dict[str, ModuleType]:
    """Every source by the name it is asked for."""
    modules = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
    return {module.NAME: module for module in modules if hasattr(module, "NAME")}
