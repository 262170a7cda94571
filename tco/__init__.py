"""
At what volume is it cheaper to serve an open-weight language model yourself than to buy tokens from an API?

The public names are imported when they are first asked for (PEP 562), so ``import tco`` loads nothing heavy.
"""

import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from tco._version import __version__

_HOMES = {
    "Case": "tco.case",
    "Catalog": "tco.catalog",
    "Scenario": "tco.scenario",
    "TcoError": "tco.errors",
    "break_even": "tco.solve.breakeven",
    "compare": "tco.solve.compare",
    "evaluate": "tco.evaluate",
    "resolve": "tco.resolve",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'tco' has no attribute {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__


class _Package(ModuleType):
    """The package. Importing ``tco.evaluate`` would set its module under the name of its function; that is refused."""

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
