"""The break-even at both ends of an estimate's interval."""

from collections.abc import Callable

import pytest

from tco.case import Case
from tco.evaluate import lay
from tco.solve.breakeven import break_even
from tco.solve.doubt import doubt

TREE = {
    "workload": {"requests_per_month": 6e6, "input_length": {"mean_tok": 1500}, "output_length": {"mean_tok": 400}},
    "options": {
        "api": {"kind": "api", "sku": "openai/gpt-5.4"},
        "own": {"kind": "rented", "model": "openai/gpt-oss-120b", "gpu_name": "L40S"},
    },
}


def test_a_slower_replica_moves_it_out_and_a_faster_one_in(case_of: Callable[..., Case]) -> None:
    case = case_of(TREE)
    found, middle = doubt(case), break_even(case).running_cost
    assert found is not None
    assert (found.low_ratio, found.high_ratio) == case.evidence["own"].interval
    assert found.fast.permanent <= middle.permanent <= found.slow.permanent
    assert found.fast.permanent < found.slow.permanent


def test_it_is_the_break_even_of_that_throughput(case_of: Callable[..., Case]) -> None:
    case = case_of(TREE)
    found = doubt(case)
    typed = case_of(TREE, {"options.own.capacity.throughput_ratio": found.low_ratio})
    assert found.slow.permanent == pytest.approx(break_even(typed).running_cost.permanent)
    assert lay(case.numbers, {}).options["own"].capacity.throughput_ratio == 1.0  # the case itself stays as it was


def test_a_measured_throughput_has_no_interval(case_of: Callable[..., Case]) -> None:
    assert doubt(case_of(TREE, {"options.own.gpu_name": "H100-SXM"})) is None
    assert doubt(case_of(TREE), challenger="api", baseline="own") is None
