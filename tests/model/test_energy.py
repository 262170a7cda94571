"""Watts over load, and the energy of a week, against summing its hours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.model.energy import electricity_usd, kwh_per_month, mean_excess, mean_gpu_kilowatts, watts_at

KNOTS = [0.0, 0.25, 0.6, 1.0]
WATTS: list[float] = [120.0, 400.0, 500.0, 620.0]


def test_idle_is_not_nothing_and_full_is_not_exceeded() -> None:
    # half way from 0.25 to 0.6 is 450 W
    assert [float(watts_at(load, KNOTS, WATTS)) for load in (0, 0.25, 0.425, 1, 1.2)] == pytest.approx(
        [120, 400, 450, 620, 620]
    )


def test_a_month_of_one_kilowatt() -> None:
    # 1 kW x 730 h x PUE 1.5 = 1,095 kWh x 0.10 = 109.50 USD
    assert kwh_per_month(1.0, 1.5) == 1095
    assert electricity_usd(1095.0, 0.10) == pytest.approx(109.5)


@given(st.floats(0, 50), st.floats(0, 60), st.lists(st.floats(0, 3), min_size=168, max_size=168))
def test_mean_excess_is_a_sum_over_hours(level: float, over: float, hours: list[float]) -> None:
    week = np.array(hours)
    assert float(mean_excess(level, over, week)) == pytest.approx(np.maximum(level * week - over, 0).mean(), abs=1e-9)


@given(st.floats(0.01, 20), st.integers(1, 40), st.lists(st.floats(0.1, 1), min_size=168, max_size=168))
def test_a_fleets_draw_is_the_mean_of_its_hours(busy: float, replicas: int, hours: list[float]) -> None:
    week = np.array(hours)
    gpus = replicas * 2.0 + 3  # three GPUs hold no replica
    found = mean_gpu_kilowatts(busy, float(replicas), gpus, 2.0, KNOTS, WATTS, week)
    by_hour = replicas * 2.0 * np.asarray(watts_at(busy * week / replicas, KNOTS, WATTS)) + 3 * 120
    assert float(found) == pytest.approx(by_hour.mean() / 1000)
