"""The arithmetic of a window: counters and samples at its edges, gaps, holes, and what cannot be told."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.bench.codes import CODES
from tco.bench.energy import SPOILED, conditions, over, slowed, trapezoid_joules, usable
from tco.bench.trace import READINGS, GpuId, Trace
from tco.errors import TcoError

H100 = GpuId("NVIDIA H100 80GB HBM3", "GPU-1")


def trace_of(at_s: Sequence[float], gpus: Sequence[GpuId] = (H100,), **readings: object) -> Trace:
    """A trace with these readings, each ``[sample]`` or ``[sample, gpu]``; the rest is not told."""
    values = np.full((len(at_s), len(gpus), len(READINGS)), math.nan)
    for name, told in readings.items():
        column = np.asarray(told, float)
        values[:, :, READINGS.index(name)] = column.reshape(len(at_s), -1) if column.ndim else column
    return Trace(np.asarray(at_s, float), values, tuple(gpus), "nvml", 1000.0)


def steady(watts: float = 400, counter_gain: float = 1.0, samples: int = 101) -> Trace:
    """Ten seconds of constant power, ten samples a second, and a counter that gains this share of it."""
    at_s = np.linspace(50, 60, samples)
    return trace_of(at_s, watts=watts, counter_joules=1e6 + watts * counter_gain * (at_s - 50))


def test_both_edges_lie_between_samples() -> None:
    # power rises 0, 100, 200, 300 W at 0, 1, 2, 3 s; the counter has its area: 0, 50, 200, 450 J
    trace = trace_of([0, 1, 2, 3], watts=[0, 100, 200, 300], counter_joules=[0, 50, 200, 450])
    # sampled from 0 to 2.5: 50 + 150 + (200 + 250) / 2 x 0.5 = 312.5; counted: half of the last 250, so 200 + 125 = 325
    assert trapezoid_joules(trace.at_s, trace.reading("watts")[:, 0], 0, 2.5) == pytest.approx(312.5)
    energy = over(trace, 0, 2.5)  # one bracket of 1 s is more than a quarter of 2.5 s
    assert energy.codes == ("B-EDGE",)
    energy = over(trace, 0, 3)
    assert (energy.joules, energy.watts, energy.source) == (450, 150, "counter")


def test_counter_over_samples_is_the_gap() -> None:
    energy = over(steady(400, 1.04), 51, 59)
    # 8 s x 400 W = 3,200 J sampled, 3,328 counted
    assert energy.joules == pytest.approx(3328)
    assert energy.gap_frac == pytest.approx(0.04)
    assert (energy.codes, usable(energy)) == ((), True)
    spoiled = over(steady(400, 1.06), 51, 59)
    assert (spoiled.codes, usable(spoiled), spoiled.joules) == (("B-GAP",), False, pytest.approx(3392))


def test_the_gap_is_that_of_the_gpu_that_is_furthest_off() -> None:
    at_s = np.linspace(0, 10, 101)
    counters = np.stack([at_s * 400 * 1.08, at_s * 400 * 0.92], axis=1)  # together exactly right
    energy = over(trace_of(at_s, (H100, H100), watts=400, counter_joules=counters), 1, 9)
    assert abs(energy.gap_frac or 0) == pytest.approx(0.08)
    assert energy.codes == ("B-GAP",)


def test_a_window_beyond_the_samples_has_no_figure() -> None:
    for start_s, end_s in [(49.9, 55), (55, 60.1), (55, 55), (58, 52)]:
        energy = over(steady(), start_s, end_s)
        assert (energy.source, energy.codes, math.isnan(energy.joules)) == ("none", ("B-EDGE",), True)
    assert over(steady(), 50, 60).codes == ()


def test_a_hole_leaves_the_counter_unchecked_and_samples_unused() -> None:
    trace = steady()
    keep = (trace.at_s < 53) | (trace.at_s > 56)
    torn = replace(trace, at_s=trace.at_s[keep], values=trace.values[keep])
    energy = over(torn, 51, 59)
    assert (energy.joules, energy.gap_frac, energy.codes) == (pytest.approx(3200), None, ("B-HOLE",))
    uncounted = torn.values.copy()
    uncounted[:, :, READINGS.index("counter_joules")] = math.nan
    energy = over(replace(torn, values=uncounted), 51, 59)
    assert (usable(energy), energy.codes) == (False, ("B-HOLE", "B-NOCOUNTER", "B-POWER"))


def test_counter_without_power_and_power_of_nothing() -> None:
    at_s = np.linspace(0, 10, 101)
    alone = over(trace_of(at_s, counter_joules=at_s * 300), 1, 9)
    assert (alone.watts, alone.gap_frac, alone.codes) == (pytest.approx(300), None, ())
    assert "B-GAP" in over(trace_of(at_s, watts=0, counter_joules=at_s * 300), 1, 9).codes


def test_a_module_is_told_by_the_reading_that_its_counter_fits() -> None:
    at_s, hopper = np.linspace(0, 10, 101), GpuId("NVIDIA GH200 480GB", "GPU-2")
    module = over(trace_of(at_s, watts=400, module_watts=620, counter_joules=at_s * 620), 1, 9)
    assert (module.codes, module.gap_frac) == (("B-SCOPE",), pytest.approx(0, abs=1e-9))
    alone = over(trace_of(at_s, (hopper,), watts=400, module_watts=620, counter_joules=at_s * 400), 1, 9)
    assert alone.codes == ()
    named = over(trace_of(at_s, (hopper,), watts=400, counter_joules=at_s * 620), 1, 9)
    assert named.codes == ("B-SCOPE", "B-GAP")
    sampled = over(trace_of(at_s, (hopper,), watts=400), 1, 9)
    assert sampled.codes == ("B-NOCOUNTER",)


def test_slowing_counts_only_inside_the_window() -> None:
    at_s = np.arange(11.0)
    bits = [0x40, 0, 0, 0, 0x08, 0x0C, 0, 1, 1, 0, 0]
    trace = trace_of(at_s, watts=1, slowed_bits=bits, temperature_c=60 + at_s, sm_mhz=1700, cap_watts=700)
    # samples 2 to 8 are seven; two of them are slowed by hardware, one by the power cap; bit 1 is idleness
    assert slowed(trace, 2, 8) == {
        "software power cap": pytest.approx(1 / 7),
        "hardware slowdown": pytest.approx(2 / 7),
    }
    assert slowed(trace, 6, 9) == {}
    assert "B-THROTTLE" in over(trace, 2, 8).codes
    found = conditions(trace, 2, 8)
    assert (found.temperature_mean_c, found.temperature_max_c, found.sm_min_mhz, found.cap_watts) == (65, 68, 1700, 700)


def test_every_code_has_a_sentence() -> None:
    told = {"B-GAP", "B-EDGE", "B-HOLE", "B-LOST", "B-NOCOUNTER", "B-COUNTER", "B-THROTTLE", "B-SCOPE", "B-FAKE"}
    assert told | SPOILED <= set(CODES)


@given(
    watts=st.lists(st.floats(1, 1000), min_size=12, max_size=12),
    middle_s=st.floats(3, 8),
)
def test_two_halves_make_the_whole(watts: list[float], middle_s: float) -> None:
    at_s = np.arange(12.0)
    parts = [trapezoid_joules(at_s, np.array(watts), *edges) for edges in ((1, middle_s), (middle_s, 10))]
    whole = trapezoid_joules(at_s, np.array(watts), 1, 10)
    # a cut between two samples adds no height, so no area
    assert sum(parts) == pytest.approx(whole)
    assert 9 * min(watts) <= whole * (1 + 1e-9)
    assert whole <= 9 * max(watts) * (1 + 1e-9)


@given(by_s=st.floats(-1e6, 1e6))
def test_another_clock_changes_nothing(by_s: float) -> None:
    there, here = over(steady().moved(by_s), 51 + by_s, 59 + by_s), over(steady(), 51, 59)
    assert there.joules == pytest.approx(here.joules)
    assert steady().moved(by_s).unix_s + by_s == pytest.approx(1000)


# files


def test_a_trace_reads_back_as_written(tmp_path: Path) -> None:
    at_s = np.linspace(0, 1, 11)
    trace = trace_of(at_s, (H100, GpuId("NVIDIA H100 80GB HBM3", "GPU-2")), watts=np.stack([at_s, 2 * at_s], 1))
    trace = replace(trace, codes=("B-FAKE",), fault="lost", meta={"driver": "1"})
    trace.save(tmp_path / "new" / "power.csv")
    again = Trace.load(tmp_path / "new" / "power.csv")
    assert np.allclose(again.at_s, trace.at_s)
    assert np.allclose(again.values, trace.values, equal_nan=True)
    assert (again.gpus, again.codes, again.fault, again.meta) == (trace.gpus, trace.codes, trace.fault, trace.meta)
    assert (tmp_path / "new" / "power.csv").read_text().splitlines()[1].startswith("at_s,gpu,watts,average_watts")


def test_all_faults_of_a_broken_trace_are_told(tmp_path: Path) -> None:
    path = tmp_path / "power.csv"
    steady(samples=5).save(path)
    lines = path.read_text().splitlines()
    lines[3], lines[5] = lines[3].replace("400", "many"), lines[5] + ",1"
    path.write_text("\n".join(lines))
    with pytest.raises(TcoError) as caught:
        Trace.load(path)
    assert [fault.where.rpartition(": ")[2] for fault in caught.value.faults] == ["row 4", "row 6"]


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "# {}\nat_s\n", '# {"power_trace": 9}\n'])
def test_another_file_is_no_trace(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(TcoError, match="no power trace"):
        Trace.load(tmp_path / "x.csv")
    with pytest.raises(TcoError, match="No such file"):
        Trace.load(tmp_path / "none.csv")
