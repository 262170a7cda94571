"""The documents at the root say what the code does: examples run, names exist, the table of rooms is the tested one."""

import ast
import doctest
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
METHODOLOGY = (ROOT / "METHODOLOGY.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_the_worked_numbers_are_what_the_code_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    blocks = re.findall(r"```pycon\n(.*?)```", METHODOLOGY, re.DOTALL)
    test = doctest.DocTestParser().get_doctest("\n".join(blocks), {}, "METHODOLOGY.md", None, 0)
    said: list[str] = []
    result = doctest.DocTestRunner().run(test, out=said.append)
    assert len(blocks) > 5
    assert result.failed == 0, "".join(said)


def found(name: str) -> Any:
    """What a dotted name leads to: a module, or something in one."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            thing: Any = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            thing = getattr(thing, part)
        return thing
    raise AttributeError(name)


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`(tco(?:\.\w+)+)`", METHODOLOGY + ARCHITECTURE))))
def test_a_name_in_the_text_exists(name: str) -> None:
    found(name)


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:tco|tests|benchmarks|tools)/[\w./-]+\.\w+)`", ARCHITECTURE)))
)
def test_a_file_in_the_text_exists(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_warning_is_in_the_table_and_no_other() -> None:
    code = (ROOT / "tco" / "solve" / "warn.py").read_text(encoding="utf-8")
    told = re.findall(r"^\| (W-[A-Z0-9]+) \|", METHODOLOGY, re.MULTILINE)
    assert sorted(told) == sorted(set(re.findall(r'"(W-[A-Z0-9]+)"', code)))


def test_the_table_of_rooms_is_the_one_that_is_tested() -> None:
    tree = ast.parse((ROOT / "tests" / "test_rooms.py").read_text(encoding="utf-8"))
    tested = next(
        ast.literal_eval(n.value)
        for n in tree.body
        if isinstance(n, ast.Assign) and ast.unparse(n.targets[0]) == "TABLE"
    )
    section = ARCHITECTURE.split("## Who imports whom")[1].split("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]*) \| ([^|]*) \|", section, re.MULTILINE)
    told = {room: (words(ours), words(outside)) for room, ours, outside in rows}
    assert told == {room: (set(ours.split()), set(outside.split())) for room, (ours, outside) in tested.items()}


def words(cell: str) -> set[str]:
    """The names of a cell; everything is a star, a dash is nothing."""
    return {"*"} if cell.strip() == "everything" else {word.strip(" `") for word in cell.split(",")} - {"", "—"}


def test_the_readme_shows_what_the_shipped_scenario_answers() -> None:
    from tco import Catalog, Scenario, break_even, resolve
    from tco.present.axis import volume_axis
    from tco.present.verdict import cheapest_text, position, verdict

    catalog = Catalog.open(ROOT)
    answer = break_even(resolve(Scenario.read(catalog.scenarios()["support-assistant"]), catalog))
    axis = volume_axis("requests", answer.axis, answer.labels[answer.baseline])
    shown = " ".join((ROOT / "README.md").read_text(encoding="utf-8").replace("\n>", "").split())
    for sentence in (verdict(answer, axis), position(answer, axis), cheapest_text(answer)):
        assert " ".join(sentence.split()) in shown
