"""The one door to the data files: ask by name and day, and get facts with their sources."""

from collections.abc import Sequence

from tco.catalog import api_prices, checks, contracts, hardware, rentals
from tco.catalog.reader_api import ApiReader
from tco.catalog.reader_hardware import HardwareReader
from tco.catalog.reader_planning import PlanningReader
from tco.catalog.reader_sites import SiteReader
from tco.catalog.sheets import KEYS, SHEETS
from tco.errors import Fault, TcoError
from tco.inputs.hardware import ServingProfile

__all__ = ["KEYS", "SHEETS", "Catalog"]
_SHEETS = (
    "_api", "_contracts", "_rentals", "_servers", "_electricity", "_colocation", "_carbon", "_people", "_fx", "_assumptions", "_aliases",
)  # fmt: skip

TABLES = (".csv", ".tsv", ".xls", ".xlsx", ".xlsm", ".ods")
"""Endings of tables."""


class Catalog(ApiReader, SiteReader, HardwareReader, PlanningReader):
    """
    Price sheets, hardware profiles and scenarios, read when first asked for.

    Every question is a name and, for prices, a day; every answer is ``Fact``s or the model of a file. An unknown name
    is a ``LookupFault`` with the nearest known ones, a file with faults a ``SheetError`` with all of them.
    """

    def check(self) -> list[Fault]:
        """Read every file, and return every fault of every one; an empty list when all is well."""
        faults = self._sheet_faults()
        read = [self._read_profile(path) for path in self._profile_paths.values()]
        faults += [fault for _, wrong in read for fault in wrong]
        for _, wrong in (self._read_gpus, self._read_models, self._read_shapes, self._read_service_levels):
            faults += wrong
        good = [profile for profile, _ in read if profile is not None]
        return faults + self._disagreements() + self._dangling(good)

    def remarks(self) -> list[Fault]:
        """What may stand as it is, and is worth knowing: profiles of models that no file describes, tables that nobody reads."""
        models, unread = self._read_models
        read = [self._read_profile(path)[0] for path in self._profile_paths.values()]
        good = [profile for profile in read if profile is not None]
        return self.unread() + ([] if unread else hardware.undescribed(models, good))

    def unread(self) -> list[Fault]:
        """Tables among the price sheets that are never read: in no folder of sheets, or a copy of the contracts."""
        home = self._folders["price_sheets"].path
        if home is None:
            return []
        known = {path.resolve() for path in self.sheet_files().values()} | {home / name for name in contracts.NAMES}
        mend = f"rows of contracts go into {contracts.FILE}, prices into a .csv of one of the folders {', '.join(SHEETS)}; or move it away"
        found = (path for path in sorted(home.rglob("*")) if path.suffix.lower() in TABLES)
        return [
            Fault(f"price_sheets/{path.relative_to(home).as_posix()}", "is never read", mend)
            for path in found
            if path not in known and path.resolve() not in known
        ]

    def check_sheets(self) -> list[Fault]:
        """
        Every fault of every sheet, and of the names that lead from them or to them; no serving profile is read.

        Models of another place, such as the package's beside sheets of one's own, may name hosts that are not here.
        """
        ours = self._folders["price_sheets"].whose == self._folders["hw_profiles"].whose
        return self._sheet_faults() + self._disagreements() + self._dangling([] if ours else None)

    def _sheet_faults(self) -> list[Fault]:
        faults: list[Fault] = []
        for name in _SHEETS:
            try:
                getattr(self, name)
            except TcoError as error:
                faults += error.faults
        return faults

    def _disagreements(self) -> list[Fault]:
        """What is wrong between the rows of one kind; a file with an unread row is left out, lest that row be missed."""
        broken = {fault.where.split(": ")[0] for _, faults in self._read_sheets.values() for fault in faults}
        good = {name: [e for e in entries if e.where not in broken] for name, (entries, _) in self._read_sheets.items()}
        gaps = [fault for name, key in KEYS.items() for fault in checks.holes(good.get(name, []), key)]
        return gaps + checks.incomplete(good["api"])

    def _dangling(self, good: Sequence[ServingProfile] | None) -> list[Fault]:
        """Names that lead nowhere, as far as the files they lead to can be read; without profiles, those of rents alone."""
        gpus, wrong = self._read_gpus
        if wrong:
            return []
        prices, broken = self._sheet("api", api_prices.ApiPriceRow)
        skus = {f"{entry.row.provider}/{entry.row.model}" for entry in prices}
        faults = checks.unknown_gpus(self._sheet("gpu_rental", rentals.RentalRow)[0], gpus)
        models, unread = self._read_models
        terms, _ = self._contract_sheet
        faults += [] if broken else contracts.unknown(terms, skus)
        if broken or unread or good is None:
            return faults
        return faults + hardware.dangling(models.values(), good, gpus, skus)
