"""The work model: seconds of a request, the fit, throughput at a service level, and lengths among those measured."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import nnls

from tco.model.work import fit, inside_hull, non_negative_least_squares, request_seconds, throughput_at_slo

coefficient = st.floats(0, 1e-3)


def test_a_request_takes_the_sum_of_its_terms() -> None:
    # 1 ms x 10 + 0.1 ms x 20 + 2 ms x 30 + 1 µs x 1,000 = 10 + 2 + 60 + 1 = 73 ms
    assert request_seconds(1e-3, 1e-4, 2e-3, 1e-6, 10.0, 20.0, 30.0, 1000.0) == pytest.approx(0.073)


@given(st.lists(coefficient, min_size=4, max_size=4), st.floats(1, 10))
def test_slower_work_takes_longer_in_proportion(work: list[float], factor: float) -> None:
    terms = (900.0, 600.0, 400.0, 760_000.0)
    slower = request_seconds(*(c * factor for c in work), *terms)
    assert slower == pytest.approx(request_seconds(*work, *terms) * factor)


MIXES = np.array([(256, 256), (1024, 1024), (1024, 4096), (8192, 512), (4096, 1024)], dtype=float)


def speeds(a: float, b: float, c: float) -> np.ndarray:
    inputs, outputs = MIXES.T
    return np.asarray(outputs / (a * inputs + b * outputs + c * outputs * (inputs + outputs / 2)))


@given(st.floats(1e-6, 1e-3), st.floats(1e-6, 1e-3), st.floats(1e-10, 1e-7))
def test_the_fit_finds_the_coefficients_that_made_the_points(a: float, b: float, c: float) -> None:
    found = fit(*MIXES.T, speeds(a, b, c))
    assert (found.prefill_s_per_tok, found.decode_s_per_tok, found.context_s_per_tok2) == pytest.approx(
        (a, b, c), rel=1e-6
    )
    assert found.error_frac == pytest.approx(np.zeros(5), abs=1e-9)
    assert found.left_out_error_frac == pytest.approx(np.zeros(5), abs=1e-6)


def test_three_mixes_fit_and_nothing_checks_them() -> None:
    found = fit(*MIXES[:3].T, speeds(1e-5, 1e-4, 1e-8)[:3])
    assert found.prefill_s_per_tok == pytest.approx(1e-5)
    assert len(found.left_out_error_frac) == 0


def test_two_mixes_are_too_few() -> None:
    with pytest.raises(ValueError, match="three"):
        fit(*MIXES[:2].T, speeds(1e-5, 1e-4, 1e-8)[:2])


def test_a_left_out_mix_is_predicted_from_the_others() -> None:
    # the fourth mix is measured at half its speed: the others still agree on half its seconds
    measured = speeds(1e-5, 1e-4, 1e-8)
    measured[3] /= 2
    assert fit(*MIXES.T, measured).left_out_error_frac[3] == pytest.approx(-0.5)


@given(st.floats(1, 10))
def test_faster_points_make_cheaper_requests(factor: float) -> None:
    slow, fast = fit(*MIXES.T, speeds(1e-5, 1e-4, 1e-8)), fit(*MIXES.T, speeds(1e-5, 1e-4, 1e-8) * factor)
    assert fast.decode_s_per_tok * factor == pytest.approx(slow.decode_s_per_tok)


well_scaled = st.floats(-10, 10).map(lambda x: round(x, 3))


@given(arrays(float, st.tuples(st.integers(3, 8), st.just(3)), elements=well_scaled), st.data())
def test_non_negative_least_squares_is_scipys(rows: np.ndarray, data: st.DataObject) -> None:
    target = data.draw(arrays(float, len(rows), elements=well_scaled))
    rows = np.where(np.abs(rows).sum(axis=0) > 0, rows, 1.0)  # a column of nothing says nothing
    found = non_negative_least_squares(rows, target)
    _, distance = nnls(rows, target)
    assert (found >= 0).all()
    assert np.linalg.norm(rows @ found - target) == pytest.approx(distance, rel=1e-6, abs=1e-9)


# throughput at a service level


def test_the_last_point_inside_counts_and_a_little_beyond() -> None:
    speed, ttft, tpot = np.array([100.0, 200.0, 300.0]), np.array([10.0, 20.0, 30.0]), np.array([5.0, 10.0, 30.0])
    # tpot limit 15: inside at 10, outside at 30; a quarter of the way: 200 + 0.25 x 100
    assert throughput_at_slo(speed, ttft, tpot, 1000.0, 15.0) == pytest.approx(225)
    # ttft limit 25 is met half way: 250
    assert throughput_at_slo(speed, ttft, tpot, 25.0, 1000.0) == pytest.approx(250)
    assert throughput_at_slo(speed, ttft, tpot, 1000.0, 1000.0) == 300
    assert throughput_at_slo(speed, ttft, tpot, 1000.0, 4.0) is None


def test_a_latency_that_falls_again_is_not_believed() -> None:
    # 20 ms at the second point stays 20 ms or worse: the third point's 10 ms is taken as luck
    assert throughput_at_slo(np.array([1.0, 2.0, 3.0]), np.full(3, 1.0), np.array([5.0, 20.0, 10.0]), 9.0, 15.0) < 2


def test_a_latency_that_is_not_known_is_not_judged() -> None:
    unknown = np.full(2, np.nan)
    assert throughput_at_slo(np.array([1.0, 2.0]), unknown, np.array([5.0, 9.0]), 1.0, 10.0) == 2


@st.composite
def sweeps(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    size = draw(st.integers(1, 6))
    latencies = arrays(float, size, elements=st.floats(1, 1000))
    return draw(arrays(float, size, elements=st.floats(1, 1e4))), draw(latencies), draw(latencies)


@given(sweeps(), st.floats(1, 1000), st.floats(1, 1000), st.floats(1, 3))
def test_a_looser_service_level_never_serves_less(
    sweep: tuple[np.ndarray, np.ndarray, np.ndarray], ttft_ms: float, tpot_ms: float, looser: float
) -> None:
    tight = throughput_at_slo(*sweep, ttft_ms, tpot_ms)
    loose = throughput_at_slo(*sweep, ttft_ms * looser, tpot_ms * looser)
    only_one = throughput_at_slo(*sweep, ttft_ms, tpot_ms * looser)
    assert tight is None or tight * (1 - 1e-9) <= (only_one or 0) <= (loose or 0) * (1 + 1e-9)
    assert loose is None or loose <= sweep[0].max() * (1 + 1e-12)


# lengths among those measured


def in_a_triangle(point: np.ndarray, corners: np.ndarray) -> bool:
    """Whether a point lies in one of the triangles of some corners: the hull by brute force."""
    for triangle in combinations(corners, 3):
        a, b, c = triangle
        matrix = np.column_stack([b - a, c - a])
        if abs(np.linalg.det(matrix)) < 1e-12:
            continue
        u, v = np.linalg.solve(matrix, point - a)
        if u >= 0 and v >= 0 and u + v <= 1:
            return True
    return False


lengths = st.tuples(st.integers(0, 12), st.integers(0, 12)).map(lambda e: (2.0 ** e[0], 2.0 ** e[1]))

between = st.tuples(st.integers(0, 11), st.floats(0.05, 0.95)).map(sum)
"""Off the grid of corners by more than the 2 % within which a corner itself counts."""


@given(st.lists(lengths, min_size=3, max_size=7, unique=True), between, between)
def test_the_hull_is_the_union_of_its_triangles(corners: list[tuple[float, float]], x: float, y: float) -> None:
    found = inside_hull(2.0**x, 2.0**y, corners)
    assert found == in_a_triangle(np.array([x, y]), np.log2(np.array(corners)))


def test_corners_edges_and_lines() -> None:
    corners = [(1000.0, 1000.0), (1000.0, 4000.0), (4000.0, 1000.0)]
    assert all(inside_hull(*corner, corners) for corner in corners)
    assert inside_hull(1000.0, 2000.0, corners)  # on an edge
    assert inside_hull(1010.0, 990.0, corners)  # a corner within 2 %
    assert not inside_hull(900.0, 1000.0, corners)
    line = [(1000.0, 1000.0), (2000.0, 2000.0), (4000.0, 4000.0)]
    assert inside_hull(3000.0, 3000.0, line)
    assert not inside_hull(8000.0, 8000.0, line)
    assert not inside_hull(2000.0, 3000.0, line)
    assert not inside_hull(0.0, 1000.0, corners)
