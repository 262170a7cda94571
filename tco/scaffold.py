"""Behind ``tco init``: copies the sheets, profiles, notebooks and scenarios into a folder of the user's own."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

from tco.errors import Fault, LookupFault, TcoError, nearest

DATA_FOLDERS = ("price_sheets", "hw_profiles", "notebooks", "scenarios")
"""The folders that hold data, beside the package in a checkout and inside it in an installed wheel."""
_LEFT_OUT = {"__pycache__", ".ipynb_checkpoints", ".DS_Store"}
_PRIVATE = re.compile(r"(?!contracts\.example\.csv$).*contract.*\.(csv|xls.*|ods)", re.IGNORECASE)
"""A table that may hold what somebody agreed with a vendor, whatever a spreadsheet or a copy made of its name."""


def shipped(name: str) -> Path:
    """
    The folder ``name`` as it came with the package: inside the wheel, else beside the package in a checkout.

    Raises
    ------
    LookupFault
        There is no such folder: a broken install, or a name that is not in ``DATA_FOLDERS``.
    """
    package = Path(__file__).resolve().parent
    for candidate in (package / "_data" / name, package.parent / name):
        if name in DATA_FOLDERS and candidate.is_dir():
            return candidate
    mend = nearest(name, DATA_FOLDERS) if name not in DATA_FOLDERS else "install the package again"
    raise LookupFault(Fault("data folder", name, mend))


def find_notebook(name: str, folder: Path) -> Path:
    """
    A notebook by its name, the one in ``folder/notebooks`` before the one shipped; or by its path.

    Raises
    ------
    LookupFault
        No notebook has that name; the message offers the nearest.
    """
    given = Path(name)
    if given.suffix == ".ipynb" and given.is_file():
        return given.resolve()
    stem = given.name.removesuffix(".ipynb")
    known = {path.stem: path for path in notebooks(folder)}
    if stem not in known:
        raise LookupFault(Fault("notebook", name, nearest(stem, known)))
    return known[stem]


def notebooks(folder: Path) -> list[Path]:
    """Every notebook there is by name: those in ``folder/notebooks``, and the shipped ones that have no namesake there."""
    homes = [home for home in (shipped("notebooks"), folder / "notebooks") if home.is_dir()]
    by_name = {path.name: path for home in homes for path in home.glob("*.ipynb")}
    return [by_name[name] for name in sorted(by_name)]


def init(folder: Path) -> list[Path]:
    """
    Copy price sheets, hardware profiles, notebooks and scenarios into ``folder``, to edit and commit there.

    Private files (``contracts.csv``, and every table with such a name) are never copied; the ``.gitignore`` that comes with the
    price sheets keeps those of one's own out of git. Nothing is written when any file is in the way.

    Returns
    -------
    list[Path]
        The files written, in order.

    Raises
    ------
    TcoError
        Files that are already there, all of them; or a folder that cannot be written.
    """
    plan = [(source, folder / target) for name in DATA_FOLDERS for source, target in _files(name)]
    in_the_way = [target for _, target in plan if target.exists()]
    if in_the_way:
        mend = "move it away, or name another folder; nothing was written"
        raise TcoError([Fault(str(target), "is already there", mend) for target in in_the_way])
    try:
        for source, target in plan:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    except OSError as error:
        found = f"cannot be written ({error.strerror or error})"
        raise TcoError(Fault(str(error.filename or folder), found, "name a folder you may write in")) from None
    return [target for _, target in plan]


def _files(name: str) -> Iterator[tuple[Path, Path]]:
    """Each public file of a data folder, and where it goes below the new folder."""
    root = shipped(name)
    for source in sorted(root.rglob("*")):
        inside = source.relative_to(root)
        if source.is_file() and not _LEFT_OUT.intersection(inside.parts) and not _PRIVATE.fullmatch(source.name):
            yield source, Path(name) / inside
