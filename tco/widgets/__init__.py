"""
Notebook screens: thin. Each reads a control, asks ``solve``, and hands the answer to ``present``; no arithmetic.

``break_even()`` opens the break-even screen, ``benchmark()`` the one that measures, live.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tco.widgets.app import BreakEvenApp
    from tco.widgets.bench_app import BenchApp


def break_even(scenario: str = "support-assistant", data: str | None = None) -> "BreakEvenApp":
    """
    The break-even screen.

    Parameters
    ----------
    scenario : str
        A shipped scenario by name, or a YAML file.
    data : str, optional
        Folder with ``price_sheets/`` and ``hw_profiles/``; the working directory's, or those that ship, when left out.
    """
    from tco.widgets.app import BreakEvenApp

    return BreakEvenApp.for_scenario(scenario, data)


def benchmark(data: str | None = None) -> "BenchApp":
    """
    The screen that measures a model on this machine's GPUs, or a server elsewhere, and imports results of other tools.

    Parameters
    ----------
    data : str, optional
        As in ``break_even``; the profile is written there.
    """
    from tco.widgets.bench_app import BenchApp

    return BenchApp.opened(data)


def __getattr__(name: str) -> Any:
    if name == "BreakEvenApp":
        from tco.widgets.app import BreakEvenApp

        return BreakEvenApp
    if name == "BenchApp":
        from tco.widgets.bench_app import BenchApp

        return BenchApp
    raise AttributeError(name)
