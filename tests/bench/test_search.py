"""The search for the highest load inside: it finds a planted knee, says what it could not tell, and stops when told."""

from hypothesis import given
from hypothesis import strategies as st

from tco.bench.records import Percentiles, PointResult
from tco.bench.search import CLOSE_RATIO, capacity, resolved
from tco.bench.summarise import wilson


def point(load: int, share: float, count: int = 2000, codes: tuple[str, ...] = ()) -> PointResult:
    low, high = wilson(round(share * count), count)
    none = Percentiles(1.0, 1.0, 1.0, 1.0, 1.0)
    return PointResult(
        100, 100, load, None, 0.0, 100.0 * load, 100.0 * load, load, 90.0 * load, none, none, none, share, low, high, count, 0, 60.0,
        codes=codes,
    )  # fmt: skip


def server(knee: int, tried: list[int] | None = None):
    def measure(load: int) -> PointResult:
        if tried is not None:
            tried.append(load)
        return point(load, 1.0 if load <= knee else 0.2)

    return measure


@given(knee=st.integers(1, 900), first=st.integers(1, 1024))
def test_a_planted_knee_is_found(knee: int, first: int) -> None:
    tried: list[int] = []
    found = capacity(server(knee, tried), 0.95, first, 1024)
    assert found.concurrency is not None
    assert found.concurrency <= knee
    outside = min(load for load in tried if load > knee)
    assert outside - found.concurrency <= 1 or outside / found.concurrency <= CLOSE_RATIO
    assert len(tried) == len(set(tried)) <= 16
    assert found.codes == ()


def test_a_knee_by_hand() -> None:
    # 8, 16, 32, 64 and out; between 32 and 64: 45 in, 54 out, 49 in; 54 is within 15 % of 49
    tried: list[int] = []
    found = capacity(server(50, tried), 0.95, 8, 1024)
    assert tried == [8, 16, 32, 64, 45, 54, 49]
    assert found.concurrency == 49
    assert found.neighbours == (45, 54)


def test_a_server_that_is_never_inside() -> None:
    found = capacity(server(0), 0.95, 8, 1024)
    assert found.concurrency is None
    assert [load for load, _ in found.tried] == [8, 4, 2, 1]
    assert found.point is None
    assert found.neighbours == ()


def test_a_server_that_never_leaves_is_at_least_that_good() -> None:
    found = capacity(server(5000), 0.95, 100, 1000)
    assert found.concurrency == 1000
    assert found.codes == ("B-LIMIT",)


def test_the_search_ends_when_it_may_not_go_on() -> None:
    left = iter([True, True, False])
    found = capacity(server(500), 0.95, 8, 1024, lambda: next(left, False))
    assert [load for load, _ in found.tried] == [8, 16, 32]
    assert found.concurrency == 32


def test_a_verdict_by_accident_is_said_to_be() -> None:
    found = capacity(lambda load: point(load, 0.96 if load <= 8 else 0.94, count=100), 0.95, 8, 16)
    assert found.concurrency == 8
    assert found.codes == ("B-NOISE",)
    assert not resolved(point(8, 0.96, 100), 0.95)
    assert resolved(point(8, 0.99, 2000), 0.95)


def test_a_blocked_point_is_not_inside() -> None:
    found = capacity(lambda load: point(load, 1.0, codes=("B-PREFIX",) if load > 8 else ()), 0.95, 8, 1024)
    assert found.concurrency is not None
    assert found.concurrency == 8
