"""How far prices may go before the check asks: from ``price_sheets/assumptions/checks.csv``, else the package's own."""

from functools import cached_property

from tco.catalog.catalog import Catalog
from tco.catalog.finding import Finding
from tco.errors import SheetError
from tco.inputs.source import Fact

SHEET = "price_sheets/assumptions/checks.csv"


class Limits:
    """The limits of a catalog; a folder without them takes those that the package brings."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._missing: dict[str, None] = {}

    @cached_property
    def _own(self) -> dict[str, Fact]:
        try:
            return self._catalog.defaults()
        except SheetError:  # its faults are told by the check itself
            return {}

    @cached_property
    def _shipped(self) -> dict[str, Fact]:
        return Catalog.shipped().defaults()

    def _fact(self, name: str) -> Fact | None:
        path = f"checks.{name}"
        found = self._own.get(path) or self._shipped.get(path)
        if found is None:
            self._missing[path] = None
        return found

    def ratio(self, name: str) -> float:
        """A factor that is too far; infinite, so that nothing is, where no sheet says it."""
        found = self._fact(name)
        return float(found.value) if found is not None else float("inf")

    def between(self, name: str) -> tuple[float, float]:
        """The lowest and the highest that is believed."""
        found = self._fact(name)
        if found is None or found.low is None or found.high is None:
            return 0.0, float("inf")
        return found.low, found.high

    def stale_days(self, folder: str) -> float | None:
        """Days after which a sheet's rows are to be checked again; None for sheets that do not age."""
        path = f"checks.stale_days.{folder}"
        found = self._own.get(path) or self._shipped.get(path)
        return float(found.value) if found is not None else None

    def missing(self) -> list[Finding]:
        """A warning for each limit that no sheet has: its check was not made."""
        mend = "this check was not made: copy the row from the sheet that ships, see `tco init`"
        return [Finding("warning", SHEET, None, path, "no such row", mend, "limit") for path in self._missing]
