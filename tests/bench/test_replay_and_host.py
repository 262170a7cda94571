"""Recordings played back, and the machine beside the GPUs."""

import math
import threading
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from tco.bench.host import HostMeter, unwrapped_joules, zones
from tco.bench.machine import host_facts, model_revision, provenance
from tco.bench.power import NoMeter, ReplayMeter, Trace, usable
from tco.bench.sampler import ReadFault, Sampler
from tco.bench.trace import READINGS, GpuId
from tco.catalog import Catalog
from tco.inputs.source import Fact, Source

PLANNED = Fact(
    "power.host_watts_per_gpu", 200.0, Source("price_sheets/assumptions", "assumed", 90, "", date(2026, 11, 20))
)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Ten seconds: 100 W for four, then 500 W, with a counter."""
    at_s = np.linspace(200, 210, 101)
    watts = np.where(at_s < 204.05, 100.0, 500.0)
    values = np.full((101, 1, len(READINGS)), math.nan)
    values[:, 0, READINGS.index("watts")] = watts
    joules = np.where(at_s < 204.05, 100 * (at_s - 200), 400 + 500 * (at_s - 204))
    values[:, 0, READINGS.index("counter_joules")] = joules
    values[:, 0, READINGS.index("temperature_c")] = 55
    path = tmp_path / "power.csv"
    Trace(at_s, values, (GpuId("NVIDIA H100", "GPU-1"),), "nvml", 1e9, meta={"driver": "575.1"}).save(path)
    return path


def test_a_recording_answers_on_its_own_clock(recording: Path) -> None:
    meter = ReplayMeter(recording)
    energy = meter.energy(202, 206)  # 2 s at 100 W, 2 s at 500 W
    assert energy.joules == pytest.approx(1200)
    assert (usable(energy), meter.gpus) == (True, 1)
    told = provenance(meter)
    assert (told["driver"], told["replayed"]) == ("575.1", "power.csv")


def test_a_started_recording_begins_now(recording: Path) -> None:
    with ReplayMeter(recording) as meter:
        now_s = time.monotonic()
        assert meter.energy(now_s + 5, now_s + 9).watts == pytest.approx(500)
        meter.start()
        assert meter.trace().at_s[0] == pytest.approx(now_s, abs=0.5)
        live = meter.live()
        assert live is not None
        assert (live.watts, live.temperature_c) == (100, 55)
        assert meter.energy(now_s + 5, now_s + 30).codes == ("B-EDGE",)


def test_a_recording_keeps_its_codes(recording: Path) -> None:
    fake = replace(Trace.load(recording), codes=("B-FAKE",))
    assert ReplayMeter(fake).energy(205, 209).codes == ("B-FAKE",)


def test_no_meter_says_why() -> None:
    with NoMeter(2, "B-MIG", "MIG is on") as meter:
        assert (meter.energy(0, 1).codes, meter.live(), len(meter.trace()), meter.fault) == (("B-MIG",), None, 0, "")


# the sampler


def test_a_sampler_keeps_its_pace_and_its_last_word() -> None:
    counted = iter(range(1000))
    sampler = Sampler(lambda: next(counted), 0.02, "test")
    sampler.start()
    sampler.start()
    time.sleep(0.5)
    sampler.stop()
    sampler.stop()
    rows = sampler.rows()
    assert [row for _, row in rows] == list(range(len(rows)))
    assert 10 <= len(rows) <= 28  # 25 ticks and one at each edge; a busy machine misses some, and none is made up for
    assert not sampler.running
    assert "test" not in [thread.name for thread in threading.enumerate()]


def test_a_reader_that_fails_ends_the_thread_not_the_load() -> None:
    def read() -> int:
        raise ReadFault("GPU 0: lost")

    sampler = Sampler(read, 0.01, "test")
    sampler.start()
    sampler.reach(time.monotonic() + 5, 5)
    sampler.stop()
    assert (sampler.fault, sampler.rows(), sampler.last()) == ("GPU 0: lost", [], None)


# the machine


def powercap(folder: Path, **zones_uj: tuple[str, int, int]) -> Path:
    for zone, (name, energy_uj, range_uj) in zones_uj.items():
        here = folder / ("intel-rapl:" + zone.removeprefix("z").replace("_", ":"))
        here.mkdir(parents=True)
        (here / "name").write_text(name + "\n")
        (here / "energy_uj").write_text(f"{energy_uj}\n")
        (here / "max_energy_range_uj").write_text(f"{range_uj}\n")
    return folder


def test_nothing_is_counted_twice(tmp_path: Path) -> None:
    found = zones(
        powercap(
            tmp_path,
            z0=("package-0", 1, 9),
            z0_0=("core", 1, 9),
            z0_1=("dram", 1, 9),
            z1=("package-1", 1, 9),
            z2=("psys", 1, 9),
        )
    )
    assert [zone.name for zone in found] == ["package-0", "dram", "package-1"]


def test_the_hosts_watts_are_shared_by_all_gpus_of_the_machine(tmp_path: Path) -> None:
    folder = powercap(tmp_path, z0=("package-0", 262_000_000_000, 262_143_328_850), z0_0=("dram", 0, 65_712_999_613))
    meter = HostMeter(8, PLANNED, folder, period_s=0.02)
    meter.start()
    start_s = time.monotonic()
    time.sleep(0.1)
    # the package gains 300 J, over the end of its counter; the memory gains 100 J
    (folder / "intel-rapl:0" / "energy_uj").write_text(str((262_000_000_000 + 300_000_000) % 262_143_328_850))
    (folder / "intel-rapl:0:0" / "energy_uj").write_text("100000000")
    time.sleep(0.1)
    end_s = time.monotonic()
    found = meter.power(start_s, end_s)
    meter.stop()
    assert found.watts_per_gpu == pytest.approx(400 / (end_s - start_s) / 8, rel=1e-6)
    assert (found.grade, "package-0, dram" in found.note) == ("measured", True)


def test_without_rapl_the_planning_value_is_marked_assumed(tmp_path: Path, catalog: Catalog) -> None:
    planned = catalog.defaults()["power.host_watts_per_gpu"]
    meter = HostMeter(8, planned, tmp_path)
    meter.start()
    found = meter.power(0, 1)
    meter.stop()
    assert (found.watts_per_gpu, found.grade) == (planned.value, "assumed")
    assert "RAPL cannot be read here: price_sheets/assumptions" in found.note


def test_a_counter_that_turns_twice_gains_both_turns() -> None:
    counters = np.array([[8.0], [3.0], [9.0], [2.0]])  # range 10: 5, 6, 3
    assert unwrapped_joules(counters, [10])[:, 0].tolist() == pytest.approx([0, 5e-6, 11e-6, 14e-6])


def test_the_processor_is_named(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text(
        "processor\t: 0\nmodel name\t: Some CPU @ 2.0GHz\nprocessor\t: 1\nmodel name\t: x\n"
    )
    assert host_facts(tmp_path / "cpuinfo")["cpu"] == "Some CPU @ 2.0GHz"
    assert host_facts(tmp_path / "none")["cpu"]


def test_the_revision_served_is_told(tmp_path: Path) -> None:
    snapshot = tmp_path / "models--acme--large" / "snapshots" / "abc123"
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    (tmp_path / "models--acme--large" / "refs").mkdir()
    (tmp_path / "models--acme--large" / "refs" / "main").write_text("abc123")
    assert model_revision("acme/large", ("--revision", "v2"), tmp_path) == "v2"
    assert model_revision("acme/large", (), tmp_path) == "abc123"
    assert model_revision(str(snapshot)) == "abc123"
    (tmp_path / "config.json").write_text("{}")
    assert model_revision(str(tmp_path)) == "config.json sha256 44136fa355b3678a"  # sha256sum of the two braces
    assert model_revision("acme/small", (), tmp_path) is None
