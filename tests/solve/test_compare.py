"""One volume, every line; the bridge; and the curves that are drawn."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.case import Case
from tco.evaluate import VOLUME, evaluate, kinks
from tco.solve.breakeven import break_even
from tco.solve.compare import compare
from tco.solve.curves import MOST_STEPS, curves

CaseOf = Callable[..., Case]
Tree = Mapping[str, Any]


def test_a_month_by_hand(case_of: CaseOf, plain: Tree) -> None:
    api, own = compare(case_of(plain)).options
    assert (api.id, api.kind, own.id, own.kind) == ("api", "api", "own", "rented")
    assert api.usd_per_month == pytest.approx(5000)
    assert api.usd_per_request == pytest.approx(0.005)
    assert api.usd_per_mtok == pytest.approx(5)
    assert (api.replicas_peak, api.load_frac) == (None, None)
    assert own.usd_per_month == pytest.approx(3460)
    assert own.lines_usd["gpu_rent"] == pytest.approx(1460)
    assert (own.replicas_peak, own.gpu_hours_per_month) == (2, pytest.approx(1460))
    assert own.load_frac == pytest.approx(0.5)  # one of two is busy all month


def test_nothing_is_divided_by_no_requests(case_of: CaseOf, plain: Tree) -> None:
    api, own = compare(case_of(plain, {"workload.requests_per_month": 0})).options
    assert (api.usd_per_request, api.usd_per_mtok, own.usd_per_mtok) == (None, None, None)


@given(data=st.data())
def test_lines_add_up_to_the_month_and_the_bridge_to_the_end(
    cases: st.SearchStrategy[Case], data: st.DataObject
) -> None:
    case = data.draw(cases)
    answer, crossing = compare(case), break_even(case)
    found = {option.id: option for option in answer.options}
    for option in answer.options:
        assert sum(option.lines_usd.values()) == pytest.approx(option.usd_per_month)
        assert option.with_build_usd >= option.usd_per_month
        assert all(np.isfinite(value) for value in option.lines_usd.values())
        assert all(usd >= 0 for name, usd in option.lines_usd.items() if name != "volume_discount")
    base, other = found[case.numbers.baseline], found[case.numbers.challenger]
    assert crossing.at_volume.baseline_usd == pytest.approx(base.usd_per_month)
    assert crossing.at_volume.challenger_with_build_usd == pytest.approx(other.with_build_usd)
    assert [answer.bridge[0].id, answer.bridge[-1].id] == [base.id, other.id]
    kept = sum(step.saving_usd for step in answer.bridge)
    assert base.usd_per_month - kept == pytest.approx(other.usd_per_month)


def test_a_bridge_goes_over_the_hosted_weights(case_of: CaseOf, plain: Tree) -> None:
    hosted = {**plain["options"]["api"], "price": {"input_usd_per_mtok": 0.5, "output_usd_per_mtok": 1}}
    answer = compare(case_of({**plain, "hosted": "host", "options": {**plain["options"], "host": hosted}}))
    assert [(step.id, step.effect) for step in answer.bridge] == [
        ("api", "start"),
        ("host", "model"),
        ("own", "hosting"),
    ]
    assert [step.saving_usd for step in answer.bridge] == pytest.approx([0, 4500, -2960])


def test_without_a_host_the_bridge_has_one_step(case_of: CaseOf, plain: Tree) -> None:
    assert [(step.id, step.effect) for step in compare(case_of(plain)).bridge] == [("api", "start"), ("own", "both")]


@given(data=st.data(), low=st.floats(1e-3, 0.5), high=st.floats(2, 10))
def test_curves_lie_on_the_costs(cases: st.SearchStrategy[Case], data: st.DataObject, low: float, high: float) -> None:
    case = data.draw(cases)
    requests = float(case.numbers.workload.requests_per_month or 1)
    drawn = curves(case, low * requests, high * requests)
    assert list(drawn) == list(case.numbers.options)
    steps = kinks(case, high * requests)
    for name, curve in drawn.items():
        assert (np.diff(curve.volume) >= 0).all()
        assert curve.volume[0] == pytest.approx(low * requests)
        assert curve.volume[-1] == pytest.approx(high * requests)
        assert len(curve.volume) == len(curve.running_usd) == len(curve.with_build_usd) < 2 * MOST_STEPS + 400
        if len(steps[name]) > MOST_STEPS:
            continue
        left, right = curve.volume[::2], curve.volume[1::2]
        for which in ("running_usd", "with_build_usd"):
            drawn_usd = getattr(curve, which)
            middle = getattr(evaluate(case, {VOLUME: (left + right) / 2})[name], which) + 0 * left
            assert (drawn_usd[::2] + drawn_usd[1::2]) / 2 == pytest.approx(middle, rel=1e-9, abs=1e-9)
            end = getattr(evaluate(case, {VOLUME: right * (1 - 1e-12)})[name], which) + 0 * right
            assert drawn_usd[1::2] == pytest.approx(end, rel=1e-7, abs=1e-7)


def test_both_ends_of_a_step_are_drawn(case_of: CaseOf, plain: Tree) -> None:
    curve = curves(case_of(plain), 5e5, 2.5e6)["own"]
    at_first_edge = curve.running_usd[np.isclose(curve.volume, 1e6)]
    assert at_first_edge == pytest.approx([3460, 4190])


def test_steps_narrower_than_a_pixel_are_sampled(case_of: CaseOf, plain: Tree) -> None:
    curve = curves(case_of(plain), 1e6, 1e10)["own"]
    assert len(curve.volume) == MOST_STEPS
    assert curve.running_usd[-1] == pytest.approx(2000 + 10_001 * 730)
