"""The public names are exactly these, and each is the thing itself however it is reached."""

import subprocess
import sys
from types import ModuleType

import pytest

import tco

NAMES = ["Case", "Catalog", "Scenario", "TcoError", "__version__", "break_even", "compare", "evaluate", "resolve"]


def test_the_names_are_these() -> None:
    assert sorted(dir(tco)) == NAMES
    assert sorted(tco.__all__) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_the_thing_and_not_its_module(name: str) -> None:
    assert not isinstance(getattr(tco, name), ModuleType)
    assert not isinstance(getattr(tco, name), ModuleType)  # importing a submodule sets its name on the package


@pytest.mark.parametrize("name", ["evaluate", "resolve"])
def test_a_function_is_not_hidden_by_its_module_of_the_same_name(name: str) -> None:
    code = f"import tco.{name}, tco; from tco import {name}; assert callable(tco.{name}) and callable({name})"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(AttributeError, match=r"breakeven.*break_even"):
        tco.breakeven  # noqa: B018
