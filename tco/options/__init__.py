"""
Ways to serve the tokens, one file each: what it asks, and what it costs.

A module that is one names its ``OPTION`` (see ``base.OptionKind``). The folder is listed by name, so a new way of serving is a
new file and nothing else. May import inputs, model and units.
"""

from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from tco.options.base import OptionKind


@cache
def option_kinds() -> dict[str, OptionKind]:
    """Every way of serving, by its kind."""
    modules = [import_module(f"{__name__}.{info.name}") for info in iter_modules(__path__)]
    found = [module.OPTION for module in modules if hasattr(module, "OPTION")]
    return {option.kind: option for option in found}
