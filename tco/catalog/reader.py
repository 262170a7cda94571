"""Where the data are, and each sheet of them read once: what every reader of a subject stands on."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn, Self, TypeVar

from tco.catalog import contracts, fx
from tco.catalog.dated import DatedT, conflicts, when
from tco.catalog.locate import Found, in_words, locate, shipped
from tco.catalog.sheets import KEYS, SHEETS
from tco.catalog.table import Entry, RowT, duplicates, read_sheet
from tco.errors import Fault, LookupFault, SheetError, nearest

ItemT = TypeVar("ItemT")
_PROFILES = (
    "_read_gpus", "_read_models", "_read_shapes", "_read_service_levels", "_profile_paths", "_profile_heads", "_profile_cache",
)  # fmt: skip
"""What is read of ``hw_profiles``, which no edit of a sheet changes."""


class Reader:
    """The folders and the sheets in them; nothing is read before it is asked for."""

    def __init__(self, folders: Mapping[str, Found]) -> None:
        self._folders = folders
        self._read_sheets: dict[str, tuple[list[Any], list[Fault]]] = {}
        self._files: dict[Path, tuple[list[Any], list[Fault]]] = {}
        """Each sheet that was read, so that an edit of one reads no other again."""
        self._edited: dict[Path, bytes] = {}
        """What some sheets are taken to hold in place of what is on disk."""
        home = folders["price_sheets"].path if "price_sheets" in folders else None
        self._contract_file = home / contracts.FILE if home is not None else None
        """Private terms; those of other price sheets stay those of one's own."""
        self._public = False
        """Whether private terms and prices are left out."""

    @classmethod
    def open(cls, folder: Path | str | None = None) -> Self:
        """The data of a folder, else of the working directory, else what the package brings. Nothing is read yet."""
        return cls(locate(folder))

    @classmethod
    def shipped(cls) -> Self:
        """The data that the package brings, whatever the working directory holds."""
        return cls(shipped())

    def with_sheet(self, path: Path, content: bytes) -> Self:
        """Another catalog in which one sheet holds this, saved or not; nothing else is read anew."""
        other, path = type(self)(self._folders), path.resolve()
        other._edited = {**self._edited, path: content}
        other._contract_file, other._public = self._contract_file, self._public
        other._files = {known: read for known, read in self._files.items() if known != path}
        other.__dict__.update({name: self.__dict__[name] for name in _PROFILES if name in self.__dict__})
        return other

    def with_prices_of(self, folder: Path, whose: str) -> Self:
        """
        Another catalog with the price sheets of another folder; models, GPUs, profiles and scenarios stay.

        So do private contracts where the folder has none of its own: they are in no revision.
        """
        other = type(self)({**self._folders, "price_sheets": Found("price_sheets", folder, whose)})
        if self._public or not (folder / contracts.FILE).is_file():
            other._contract_file, other._public = self._contract_file, self._public
        return other

    def public(self) -> Self:
        """Another catalog that knows no private contract: what may be handed on."""
        other = type(self)(self._folders)
        other._edited, other._files = self._edited, dict(self._files)
        other._contract_file, other._public = None, True
        return other

    @property
    def price_folder(self) -> Path:
        """
        Where the price sheets are.

        Raises
        ------
        LookupFault
            When there are none.
        """
        path = self._folders["price_sheets"].path
        if path is None:
            raise LookupFault(Fault("price_sheets", "no such folder", "make one with `tco init`"))
        return path

    @property
    def own_price_folder(self) -> Path:
        """
        Where price sheets may be written.

        Raises
        ------
        LookupFault
            When the data are the package's own: they are not to be written to.
        """
        if self._folders["price_sheets"].whose == "the package":
            mend = "make a folder of your own with `tco init` and work there"
            raise LookupFault(Fault("price_sheets", "no folder to write to", mend))
        return self.price_folder

    @property
    def where(self) -> str:
        """Which data folder comes from where, in words."""
        return in_words(list(self._folders.values()))

    def sheet_files(self) -> dict[str, Path]:
        """Every sheet by the name that messages give it, such as ``price_sheets/api/openai.csv``."""
        return {self._name(path): path for folder in SHEETS for path in self._paths(folder)}

    def content(self, path: Path) -> bytes:
        """What a sheet holds, an edit that is not saved in place of the file."""
        edited = self._edited.get(path.resolve())
        return path.read_bytes() if edited is None else edited

    def rows(self, folder: str) -> list[Entry[Any]]:
        """The rows of a folder of sheets that are well by themselves; the faults of the others are the check's."""
        return list(self._sheet(folder, SHEETS[folder])[0])

    @property
    def rates(self) -> fx.Rates:
        """What other currencies are worth, from the rows that are well."""
        return fx.Rates(self.rows("fx"))

    @cached_property
    def _fx(self) -> list[Entry[fx.FxRow]]:
        return self._sheets("fx", fx.FxRow, fx.KEY)

    @cached_property
    def _rates(self) -> fx.Rates:
        return fx.Rates(self._fx)

    def _hardware(self, name: str) -> Path | None:
        folder = self._folders["hw_profiles"].path
        return folder / name if folder is not None else None

    def _sheets(self, name: str, model: type[RowT], key: Sequence[str]) -> list[Entry[RowT]]:
        """Every row of a folder of sheets without days, ``key`` being what may stand once; raises all their faults."""
        entries, faults = self._sheet(name, model)
        raise_any([*faults, *duplicates(entries, key)])
        return entries

    def _dated(self, name: str, model: type[DatedT]) -> list[Entry[DatedT]]:
        """Every row of a folder of dated sheets; raises all their faults."""
        entries, faults = self._sheet(name, model)
        raise_any([*faults, *conflicts(entries, KEYS[name])])
        return entries

    def _sheet(self, name: str, model: type[RowT]) -> tuple[list[Entry[RowT]], list[Fault]]:
        """The rows of a folder that are well, and the faults of those that are not; each file is read once."""
        if name not in self._read_sheets:
            read = [self._read_file(path, model) for path in self._paths(name)]
            entries = [e for rows, _ in read for e in rows if not (self._public and e.row.basis == "contract")]
            self._read_sheets[name] = entries, [fault for _, wrong in read for fault in wrong]
        return self._read_sheets[name]

    def _read_file(self, path: Path, model: type[RowT]) -> tuple[list[Entry[RowT]], list[Fault]]:
        known = path.resolve()
        if known not in self._files:
            self._files[known] = read_sheet(path, self._name(path), model, self._edited.get(known))
        return self._files[known]

    def _paths(self, name: str) -> list[Path]:
        """The sheets of a folder, those among them that are only edited yet."""
        folder = self._folders["price_sheets"].path
        if folder is None:
            return []
        new = [path for path in self._edited if path.parent == (folder / name).resolve() and not path.exists()]
        return sorted([*(folder / name).glob("*.csv"), *new])

    def _name(self, path: Path) -> str:
        return f"price_sheets/{path.parent.name}/{path.name}"


def raise_any(faults: Sequence[Fault]) -> None:
    """Raise faults, all at once, when there are any."""
    if faults:
        raise SheetError(faults)


def well(result: tuple[dict[str, ItemT], list[Fault]]) -> dict[str, ItemT]:
    """What was read of a folder; raises its faults."""
    found, faults = result
    raise_any(faults)
    return dict(found)


def named_in(known: Mapping[str, ItemT], what: str, name: str, folder: str) -> ItemT:
    """One of some things by its name; an unknown name is a ``LookupFault`` with the nearest."""
    if name not in known:
        unknown(what, f"not in {folder}", name, known)
    return known[name]


def unknown(what: str, found: str, name: str, known: Sequence[str] | set[str] | Mapping[str, object]) -> NoReturn:
    """Say that a name is unknown, and the nearest that are known."""
    raise LookupFault(Fault(what, found, nearest(name, known)))


def not_on(what: str, on: date, entries: Sequence[Entry[DatedT]]) -> NoReturn:
    """Say that something has no price on a day, and when it has."""
    raise LookupFault(Fault(f"{what} on {on}", f"no price on {on}", f"choose another day: {when(entries)}"))
