"""What is read back: finished points, those of another version of this program too, and what the load client wrote."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tco.bench import load
from tco.bench.records import Energy, Percentiles, PointResult
from tco.bench.state import State
from tco.errors import TcoError

LATENCY = Percentiles(1.0, 1.0, 1.0, 1.0, 1.0)
POINT = PointResult(
    16, 16, 4, None, 0.0, 800.0, 800.0, 50.0, 790.0, LATENCY, LATENCY, LATENCY, 1.0, 0.9, 1.0, 100, 0, 20.0,
    Energy(7000.0, 350.0, 1, "counter"), ("B-QUICK",),
)  # fmt: skip
NAME = "closed-16x16-c4-r0"
DETAIL = {"start_times": [1.0], "ttfts": [0.1], "input_lens": [4], "output_lens": [2], "itls": [[0.1]], "duration": 0.2}


@pytest.fixture
def state(tmp_path: Path) -> State:
    kept = State(tmp_path / "state")
    kept.keep_point(NAME, POINT)
    return kept


def edit(state: State, **changes: Any) -> None:
    """Change fields of the kept point; None takes one away."""
    found = state.read(NAME)
    assert found is not None
    found |= changes
    state.keep(NAME, {name: value for name, value in found.items() if value != "gone"})


def test_a_kept_point_comes_back(state: State) -> None:
    assert state.point(NAME) == POINT
    assert state.points_count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"of_another_version": 1.0},
        {"window_s": "gone"},
        {"energy": {"joules": 1.0}},
        {"ttft_ms": [1.0]},
        {"codes": None},
    ],
)
def test_a_point_of_another_version_is_not_kept(state: State, changes: dict[str, Any]) -> None:
    edit(state, **changes)
    assert state.point(NAME) is None
    assert state.stale_count() == 1
    assert state.points_count() == 0  # what will be measured anew is not told as finished


def test_a_field_that_came_later_is_its_default(state: State) -> None:
    edit(state, host_watts_per_gpu="gone")
    assert state.point(NAME) == POINT
    assert state.stale_count() == 0


@pytest.mark.parametrize(
    "written",
    [
        json.dumps(DETAIL)[:40],
        json.dumps({**DETAIL, "duration": None}),
        json.dumps({name: value for name, value in DETAIL.items() if name != "duration"}),
        json.dumps({**DETAIL, "ttfts": ["x"]}),
        json.dumps({**DETAIL, "ttfts": [0.1, 0.2]}),
        "[]",
        "",
    ],
)
def test_a_broken_result_of_the_client_is_one_message(tmp_path: Path, written: str) -> None:
    file = tmp_path / "result.json"
    words = [sys.executable, "-c", "import sys; open(sys.argv[1], 'w').write(sys.argv[2])", str(file), written]
    with pytest.raises(TcoError, match="load client's result") as error:
        load.run(words, file, 30.0)
    assert len(error.value.faults) == 1
