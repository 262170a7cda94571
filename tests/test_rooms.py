"""Who may import whom: the table of ARCHITECTURE.md, read against every import there is, inside functions too."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "tco"
TABLE = {  # room or loose file: (what it may import from tco, what it may import from outside)
    "__init__": ("_version", ""),
    "_version": ("", ""),
    "units": ("", "numpy"),
    "errors": ("", "numpy"),
    "yaml12": ("errors", "yaml"),
    "inputs": ("units errors", "pydantic"),
    "model": ("units", "numpy"),
    "options": ("inputs model units", "numpy pydantic"),
    "case": ("inputs options", "pydantic"),
    "scenario": ("inputs options errors yaml12", "pydantic yaml ruamel"),
    "serving": ("case inputs model units errors", "numpy"),
    "resolve": ("scenario serving case inputs options catalog model units errors", "pydantic"),
    "evaluate": ("case inputs options model units errors", "numpy pydantic"),
    "solve": ("evaluate serving case inputs options model units errors", "numpy scipy"),
    "reprice": ("scenario resolve solve case catalog errors", ""),
    "catalog": ("inputs errors units yaml12", "pydantic yaml ruamel httpx"),
    "usage": ("inputs catalog model errors units", "duckdb numpy"),
    "bench": ("_version inputs model catalog units errors", "httpx pynvml vllm numpy prometheus_client"),
    "present": (
        "model solve serving scenario case inputs units errors options",
        "numpy pandas plotly kaleido xlsxwriter openpyxl jinja2 pptx rich",
    ),
    "scaffold": ("errors catalog", ""),
    "lab": ("errors scaffold", "nbformat nbclient jupyter_client"),
    "lab_contents": ("lab", "jupyter_server"),
    "widgets": ("*", "ipywidgets anywidget traitlets IPython plotly pandas numpy"),
    "cli": ("*", "rich"),
    "cli_usage": ("usage catalog scenario errors", ""),
    "cli_bench": ("bench catalog inputs errors", ""),
    "cli_measure": ("bench catalog errors", "rich"),
    "cli_prices": ("catalog reprice scenario present errors cli_propose", ""),
    "cli_propose": ("catalog present errors", ""),
    "__main__": ("cli", ""),
}
FACES = {
    "widgets",
    "cli",
    "cli_bench",
    "cli_usage",
    "cli_measure",
    "cli_prices",
    "cli_propose",
    "lab",
    "lab_contents",
    "__main__",
}  # nothing but a face imports a face
HEAVY = {
    "pandas",
    "plotly",
    "kaleido",
    "ipywidgets",
    "anywidget",
    "IPython",
    "pynvml",
    "vllm",
    "httpx",
    "ruamel",
    "rich",
}
HEAVY |= {"scipy", "duckdb", "nbformat", "nbclient", "jupyter_client", "jupyterlab", "xlsxwriter", "openpyxl", "pptx"}
MAY_BE_HEAVY = {"widgets", "present"}  # elsewhere these are imported by the function that needs them


def imports(tree: ast.AST, top: bool = True) -> Iterator[tuple[str, bool]]:
    """Every dotted name imported, and whether it is loaded with the file, not by a function or for types only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, top) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""] if node.module != "tco" else [f"tco.{alias.name}" for alias in node.names]
            yield from (("." * node.level + name, top) for name in names)
        else:
            lazy = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            lazy |= isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            yield from imports(node, top and not lazy)


def broken(room: str, source: str) -> list[str]:
    """What breaks the table in a file of this room."""
    ours, outside = (set(words.split()) for words in TABLE[room])
    found = []
    for name, top in imports(ast.parse(source)):
        first, *rest = name.split(".")
        if first == "tco":
            other = rest[0] if rest else ""
            told = other in ours or "*" in ours
            if other != room and (not told or (other in FACES and room not in FACES)):
                found.append(f"{room} may not import {name}")
        elif first not in outside | sys.stdlib_module_names:
            found.append(f"{room} may not import {name}")
        if first in HEAVY and top and room not in MAY_BE_HEAVY:
            found.append(f"{room} may import {name} only inside a function")
    return found


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_keeps_to_its_room(path: Path) -> None:
    if "_data" in path.parts:
        return
    room = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    assert room in TABLE, f"{room} is no room: give it a line in ARCHITECTURE.md and in this table"
    assert broken(room, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("room", "source", "fault"),
    [
        ("model", "from tco.inputs.base import Input", "model may not import tco.inputs.base"),
        ("options", "def f():\n    from tco import solve", "options may not import tco.solve"),
        ("inputs", "import pandas as pd", "inputs may not import pandas"),
        ("solve", "import scipy.stats", "solve may import scipy.stats only inside a function"),
        ("model", "from .demand import x", "model may not import .demand"),
        ("catalog", "class A:\n    import httpx", "catalog may import httpx only inside a function"),
        ("present", "import tco.widgets.store", "present may not import tco.widgets.store"),
    ],
)
def test_a_broken_rule_is_found(room: str, source: str, fault: str) -> None:
    assert fault in broken(room, source)


def test_what_the_table_allows_is_not_a_fault() -> None:
    types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import httpx"
    assert broken("catalog", types) == []
    assert broken("solve", "import numpy as np\n\ndef f():\n    from scipy import stats") == []
    assert broken("widgets", "import ipywidgets\nfrom tco.solve import breakeven") == []
