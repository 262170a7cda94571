"""Where the data folders are."""

from pathlib import Path

import pytest

from tco.catalog.locate import in_words, locate
from tco.errors import LookupFault


def test_the_working_directory_comes_before_the_package(tmp_path: Path) -> None:
    (tmp_path / "price_sheets").mkdir()
    found = locate(working_directory=tmp_path)
    assert found["price_sheets"].path == tmp_path / "price_sheets"
    assert found["hw_profiles"].path is not None
    assert found["hw_profiles"].path.parent != tmp_path
    words = in_words(list(found.values()))
    assert words.startswith("price_sheets from the working directory; hw_profiles")


def test_the_folder_asked_for_comes_first(tmp_path: Path) -> None:
    mine, here = tmp_path / "mine", tmp_path / "here"
    for folder in (mine, here):
        (folder / "price_sheets").mkdir(parents=True)
    assert locate(mine, here)["price_sheets"].path == mine / "price_sheets"


def test_a_folder_without_data_is_told(tmp_path: Path) -> None:
    with pytest.raises(LookupFault, match="has no data folders; name the folder that holds price_sheets"):
        locate(tmp_path)
    with pytest.raises(LookupFault, match="name a folder that exists"):
        locate(tmp_path / "nowhere")
