"""The wheel carries the data, finds it from any directory, and never packs a person's private prices."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DATA = ("price_sheets", "hw_profiles", "notebooks", "scenarios")
PRIVATE = "vendor,discount\nsecret-vendor,0.99\n"
LEFT_OUT = shutil.ignore_patterns(".git", ".venv*", ".lab", "*_cache", "dist", "build", "__pycache__", "tests")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of a copy of this tree in which contracts.csv, and copies of it, were planted in every data folder."""
    tree, out = tmp_path_factory.mktemp("tree") / "tco", tmp_path_factory.mktemp("dist")
    shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
    (tree / ".gitignore").unlink()  # as in a downloaded archive: only the build's own rules protect
    for folder in (tree, tree / "tco", *(tree / name for name in DATA), tree / "price_sheets" / "api"):
        folder.mkdir(exist_ok=True)
        for name in ("contracts.csv", "contracts-2027.csv", "contracts (1).csv", "Copy of Contracts.xlsx"):
            (folder / name).write_text(PRIVATE, encoding="utf-8")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=tree, check=True, capture_output=True)
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel unpacked into an empty folder, which is what installing it without its requirements does."""
    target = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(target)
    return target


def tracked(folder: str) -> set[str]:
    """The data files of this checkout that a wheel must carry."""
    files = (path for path in (ROOT / folder).rglob("*") if path.is_file())
    private = {"contracts.csv", ".ipynb_checkpoints", "__pycache__", ".lab"}
    return {f"tco/_data/{path.relative_to(ROOT).as_posix()}" for path in files if not private & set(path.parts)}


def test_private_prices_are_never_packed(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        assert [name for name in packed.namelist() if "ontracts" in name and name.endswith((".csv", ".xlsx"))] == [
            "tco/_data/price_sheets/contracts.example.csv"
        ]
        assert all(b"secret-vendor" not in packed.read(name) for name in packed.namelist())


@pytest.mark.parametrize("folder", DATA)
def test_every_data_file_is_inside(wheel: Path, folder: str) -> None:
    with zipfile.ZipFile(wheel) as packed:
        assert tracked(folder) <= set(packed.namelist())


def test_the_licence_and_the_types_are_inside(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as packed:
        names = packed.namelist()
    assert "tco/py.typed" in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert any(name.endswith("licenses/NOTICE") for name in names)


def test_the_installed_package_finds_its_data_from_any_directory(installed: Path, tmp_path: Path) -> None:
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import tco; from tco.scaffold import init, shipped; from pathlib import Path\n"
        "assert Path(tco.__file__).is_relative_to(sys.argv[1]), tco.__file__\n"
        "assert shipped('notebooks') == Path(sys.argv[1]) / 'tco' / '_data' / 'notebooks'\n"
        "print(*(path.relative_to(Path('mine')).as_posix() for path in init(Path('mine'))), sep='\\n')"
    )
    command = [sys.executable, "-I", "-c", code, str(installed)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    expected = {name.removeprefix("tco/_data/") for folder in DATA for name in tracked(folder)}
    assert set(done.stdout.split("\n")) - {""} == expected
