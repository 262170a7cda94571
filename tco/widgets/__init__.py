"""
Notebook screens: thin. Each reads a control, asks ``solve``, and hands the answer to ``present``; no arithmetic.

``break_even()`` opens the break-even screen, ``benchmark()`` the one that measures, ``prices()`` the price sheets, ``usage()`` the
one that reads logs; live.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tco.widgets.app import BreakEvenApp
    from tco.widgets.bench_app import BenchApp
    from tco.widgets.prices_app import PricesApp
    from tco.widgets.usage_app import UsageApp


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


def prices(scenario: str = "support-assistant", data: str | None = None) -> "PricesApp":
    """
    The price sheets, to add to and mend, with the break-even before and after.

    Parameters
    ----------
    scenario : str
        Whose break-even is told: a shipped scenario by name, or a YAML file.
    data : str, optional
        Folder with ``price_sheets/``; the working directory's, or those that ship, when left out.
    """
    from tco.widgets.prices_app import PricesApp

    return PricesApp.for_scenario(scenario, data)


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


def usage(log: str = "", data: str | None = None) -> "UsageApp":
    """
    The screen that reads request logs: their week, their bill beside an invoice, and a workload for a scenario.

    Parameters
    ----------
    log : str
        A file, a folder or a pattern to open with; a sample that ships when left out.
    data : str, optional
        As in ``break_even``.
    """
    from tco.widgets.usage_app import UsageApp

    return UsageApp.opened(log, data)


def __getattr__(name: str) -> Any:
    if name == "BreakEvenApp":
        from tco.widgets.app import BreakEvenApp

        return BreakEvenApp
    if name == "PricesApp":
        from tco.widgets.prices_app import PricesApp

        return PricesApp
    if name == "BenchApp":
        from tco.widgets.bench_app import BenchApp

        return BenchApp
    if name == "UsageApp":
        from tco.widgets.usage_app import UsageApp

        return UsageApp
    raise AttributeError(name)
