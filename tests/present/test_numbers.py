"""Numbers on screen: exact spellings, order kept, nothing lost beyond half a percent."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tco.present import numbers as n

NB = n.NO_BREAK
sizes = st.floats(1e-7, 1e14)
fast = settings(derandomize=True, deadline=None)
POWERS = {"K": 1e3, "M": 1e6, "B": 1e9, "T": 1e12}


def read(text: str) -> float:
    bare = text.replace(n.MINUS, "-").replace("$", "").replace(",", "").replace("+", "").split(NB)[0]
    return float(bare[:-1]) * POWERS[bare[-1]] if bare[-1] in POWERS else float(bare)


@pytest.mark.parametrize(
    ("usd", "text"),
    [(46271.25, "$46.3K"), (999_950, "$1M"), (999.6, "$1K"), (0.00771, "$0.00771"), (-15_700, f"{n.MINUS}$15.7K"),
     (0, "$0"), (-0.0, "$0"), (2.40, "$2.4"), (1_200_000, "$1.2M"), (4e-7, "$0.0000004")],
)  # fmt: skip
def test_money(usd, text):
    assert n.money(usd) == text


def test_units_follow_after_a_space_that_does_not_break():
    assert n.tokens(3.4e9) == f"3.4B{NB}tokens"
    assert n.percent(0.35) == f"35{NB}%"
    assert n.percent(-0.05, signed=True) == f"{n.MINUS}5{NB}%"
    assert n.ratio(0.6) == f"0.6{NB}×"
    assert n.quantity(3.0, "") == "3"


@pytest.mark.parametrize("show", [n.money, n.count, n.tokens, n.percent, n.ratio, n.exact])
@pytest.mark.parametrize("bad", [float("inf"), float("-inf"), float("nan")])
def test_what_is_not_finite_is_refused(show, bad):
    with pytest.raises(ValueError, match="finite"):
        show(bad)


@fast
@given(sizes)
def test_a_number_reads_back_within_half_a_percent(size):
    for show in (n.money, n.count, n.ratio):
        assert read(show(size)) == pytest.approx(size, rel=0.005)
        assert read(show(-size)) == pytest.approx(-size, rel=0.005)
    assert read(n.percent(size)) / 100 == pytest.approx(size, rel=0.005)


@fast
@given(sizes, sizes)
def test_a_larger_number_never_reads_smaller(one, other):
    low, high = sorted((one, other))
    assert read(n.money(low)) <= read(n.money(high))


@fast
@given(st.floats(-1e15, 1e15))
def test_exact_loses_nothing(number):
    assert read(n.exact(number)) == number
