"""Every notebook is committed without outputs, defines nothing, stays short, and runs from a clean kernel."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
MOST_LINES = 40
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def code_of(path: Path) -> list[str]:
    return [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_there_are_two() -> None:
    assert {"01_break_even", "02_benchmark"} <= {path.stem for path in NOTEBOOKS}


@every_notebook
def test_a_notebook_is_valid_and_has_no_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)
    assert "widgets" not in notebook.metadata


@every_notebook
def test_a_notebook_begins_with_a_title(path: Path) -> None:
    first = nbformat.read(path, as_version=4).cells[0]
    assert first.cell_type == "markdown"
    assert re.match(r"#{1,3} \S", first.source)


@every_notebook
def test_a_notebook_defines_nothing_and_is_short(path: Path) -> None:
    code = code_of(path)
    defined = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
    assert [node for source in code for node in ast.walk(ast.parse(source)) if isinstance(node, defined)] == []
    assert sum(len(source.splitlines()) for source in code) <= MOST_LINES


@every_notebook
def test_a_notebook_runs_from_a_clean_kernel(path: Path, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    where = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", store_widget_state=False, resources=where).execute()
    outputs = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    assert [output for output in outputs if output.get("name") == "stderr"] == []


@every_notebook
def test_a_link_to_another_notebook_leads_there(path: Path) -> None:
    text = "".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown")
    linked = re.findall(r"\]\(([\w.]+\.ipynb)\)", text)
    assert linked
    assert all(path.with_name(name).is_file() for name in linked)
