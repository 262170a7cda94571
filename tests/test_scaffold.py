"""`tco init` gives a person a folder of their own, and never takes anything of theirs."""

import subprocess
from pathlib import Path

import pytest

from tco import scaffold
from tco.errors import LookupFault, TcoError


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A pretended checkout with one file in each data folder, and a private one."""
    root = tmp_path / "checkout"
    for name in scaffold.DATA_FOLDERS:
        (root / name / "inner").mkdir(parents=True)
        (root / name / "inner" / "row.csv").write_text(name, encoding="utf-8")
    for name in (
        "contracts.csv",
        "contracts-2027.csv",
        "contracts (1).csv",
        "Copy of Contracts.xlsx",
        "api/contracts.csv",
    ):
        (root / "price_sheets" / name).parent.mkdir(exist_ok=True)
        (root / "price_sheets" / name).write_text("private", encoding="utf-8")
    (root / "tco").mkdir()
    monkeypatch.setattr(scaffold, "__file__", str(root / "tco" / "scaffold.py"))
    return root


def test_it_copies_every_public_file(package: Path, tmp_path: Path) -> None:
    written = scaffold.init(tmp_path / "mine")
    assert [path.relative_to(tmp_path / "mine").as_posix() for path in written] == [
        "price_sheets/inner/row.csv",
        "hw_profiles/inner/row.csv",
        "notebooks/inner/row.csv",
        "scenarios/inner/row.csv",
    ]
    assert (tmp_path / "mine/scenarios/inner/row.csv").read_text(encoding="utf-8") == "scenarios"


def test_it_lists_every_file_in_the_way_and_writes_nothing(package: Path, tmp_path: Path) -> None:
    for name in ("price_sheets", "scenarios"):
        (tmp_path / "mine" / name / "inner").mkdir(parents=True)
        (tmp_path / "mine" / name / "inner" / "row.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(TcoError, match="is already there") as caught:
        scaffold.init(tmp_path / "mine")
    assert len(caught.value.faults) == 2
    assert not (tmp_path / "mine" / "notebooks").exists()
    assert (tmp_path / "mine/price_sheets/inner/row.csv").read_text(encoding="utf-8") == "mine"


def test_a_folder_that_is_a_file_is_an_error_in_words(package: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("a file", encoding="utf-8")
    with pytest.raises(TcoError, match="cannot be written"):
        scaffold.init(tmp_path / "mine")


def test_an_unknown_notebook_offers_the_nearest() -> None:
    with pytest.raises(LookupFault, match="did you mean 01_break_even"):
        scaffold.find_notebook("break_evn", Path("nowhere"))


def test_a_notebook_of_the_user_comes_before_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01_break_even.ipynb").write_text("{}", encoding="utf-8")
    assert scaffold.find_notebook("01_break_even", tmp_path).parent == tmp_path / "notebooks"
    assert scaffold.find_notebook("01_break_even.ipynb", tmp_path / "none").is_file()


def test_a_folder_of_one_s_own_keeps_contracts_out_of_git(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    scaffold.init(mine)
    assert (mine / "price_sheets" / "contracts.example.csv").is_file()
    private = ["contracts.csv", "contracts-2027.csv", "contracts (1).csv", "Contracts.xlsx", "api/contracts.csv"]
    for name in private:
        (mine / "price_sheets" / name).write_text("private", encoding="utf-8")
    for words in (["init", "-q"], ["add", "."]):
        subprocess.run(["git", *words], cwd=mine, check=True)
    staged = subprocess.run(
        ["git", "ls-files"], cwd=mine, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    assert [name for name in staged if "ontract" in name] == ["price_sheets/contracts.example.csv"]
    assert "price_sheets/api/openai.csv" in staged
