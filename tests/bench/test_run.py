"""A whole benchmark against a server with scripted latencies: the knee, the profile, resume, death, and no process left over."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tco.bench.guards import Ceiling
from tco.bench.host import HostMeter
from tco.bench.meter import NoMeter, ReplayMeter
from tco.bench.plan import Mix, prompts_count
from tco.bench.processes import stop_group
from tco.bench.run import bench
from tco.bench.server import healthy
from tco.bench.settings import Settings, free_port
from tco.bench.state import State
from tco.bench.summarise import Limits
from tco.bench.trace import READINGS, GpuId, Trace
from tco.catalog.profiles import read_profile
from tco.errors import MissingTool, TcoError
from tco.inputs.source import Fact, Source

from .conftest import SteadyMeter


class Heard(list[tuple[str, dict[str, Any]]]):
    def __call__(self, name: str, facts: dict[str, Any]) -> None:
        self.append((name, facts))

    def all(self, name: str) -> list[dict[str, Any]]:
        return [facts for event, facts in self if event == name]


def left_over(marker: str) -> list[str]:
    """Command lines of living processes that mention the marker."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            found += [line] if marker in line else []
    return found


def test_the_planted_knee_is_found_and_the_profile_is_read_back(settings: Settings) -> None:
    meter, heard = SteadyMeter(), Heard()
    limits = replace(
        settings.limits, percentile=80.0
    )  # a machine that halts for a moment slows some requests, never most
    plan = replace(settings.plan, window_s=0.5)
    path, written = bench(replace(settings, limits=limits, plan=plan), meter, heard)
    read, faults = read_profile(path, path.name)
    assert not faults
    assert read is not None
    assert read.model_dump(exclude={"id", "points"}) == written.model_dump(exclude={"id", "points"})
    # tokens 4 ms apart up to six in flight and 30 ms from seven on, against a limit of 24 ms: six is the last load inside
    inside = {(p.input_tok, p.output_tok): p.concurrency for p in read.points if (p.in_slo_frac or 0) > 0.8 - 1e-9}
    assert set(inside) == {(16, 16), (32, 8), (8, 24)}
    for mix in inside:
        loads = [
            p.concurrency
            for p in read.points
            if (p.input_tok, p.output_tok) == mix and (p.in_slo_frac or 0) > 0.8 - 1e-9
        ]
        assert max(loads) == 6
    assert read.grade == "measured"
    assert read.engine.version == "0.0-fake"
    assert read.work is not None
    assert read.work.mixes_count == 3
    assert read.energy is not None
    assert read.idle is not None
    assert read.idle.bare_watts == read.idle.loaded_watts == read.idle.after_watts == 350
    assert read.provenance["driver"] == "fake 1.0"
    assert "serve maker/paper" in read.provenance["engine_command"]
    assert "bench serve" in read.provenance["client_command"]
    assert any(warning.startswith("B-SHORT") for warning in read.warnings)
    for point in read.points:
        # watts over requests a second
        assert point.joules_per_request == pytest.approx(350 / (point.output_tok_per_s / point.output_tok), rel=0.05)
    assert meter.closed
    assert left_over(str(settings.state)) == []


def test_a_second_run_measures_nothing_again_and_starts_no_server(settings: Settings) -> None:
    one = replace(settings, plan=replace(settings.plan, mixes=settings.plan.mixes[:1], most_concurrency=4))
    first, again = Heard(), Heard()
    _, before = bench(one, SteadyMeter(), first)
    _, after = bench(one, SteadyMeter(), again)
    assert first.all("run")
    assert first.all("starting")
    assert not again.all("run")
    assert not again.all("starting")
    assert after.points == before.points
    assert after.provenance["engine_command"] == before.provenance["engine_command"]


def test_a_window_too_short_is_measured_again_and_its_result_bears_the_points_name(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter([12])  # the first run: far too few for a second of four in flight, each done in 80 ms
    monkeypatch.setattr("tco.bench.session.prompts_count", lambda *asked: next(counts, None) or prompts_count(*asked))
    one = replace(settings, plan=replace(settings.plan, mixes=settings.plan.mixes[:1], most_concurrency=4))
    heard = Heard()
    bench(one, SteadyMeter(), heard)
    (told,) = heard.all("point")
    raw = settings.state / one.key() / "raw"
    used, first = (json.loads((raw / f"{told['name']}{end}.json").read_text()) for end in ("", "-again"))
    assert first["completed"] == 12
    assert used["completed"] == told["point"].completed_count > 12


def test_repeats_open_loop_and_no_power(settings: Settings) -> None:
    plan = replace(settings.plan, mixes=(Mix(16, 16),), repeats=3, most_concurrency=4, open_loop=True)
    _, written = bench(replace(settings, plan=plan), NoMeter(1), Heard())
    closed, opened = sorted(written.points, key=lambda p: p.request_rate or 0.0)
    assert closed.repeats_count == 3
    # 16 tokens of each of many requests, ramp and drain in the span: below the window's, and not by much
    assert closed.whole_run_output_tok_per_s is not None
    assert 0.5 < closed.whole_run_output_tok_per_s / closed.output_tok_per_s < 1.05
    assert closed.output_error_frac is not None
    assert opened.request_rate == pytest.approx(0.9 * closed.output_tok_per_s / 16, rel=0.05)
    assert closed.watts is closed.joules_per_request is None
    assert any(warning.startswith("B-POWER") for warning in written.warnings)
    assert any(warning.startswith("B-LIMIT") for warning in written.warnings)
    assert written.work is None


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 GiB", "the GPU ran out of memory"),
        ("ValueError: No available memory for the cache blocks.", "the model does not fit"),
        ("vllm: error: unrecognized arguments: --nonsense", "mend --server-args"),
        ("OSError: [Errno 98] address already in use", "start the same command again"),
        ("RuntimeError: nobody knows why", "see its log"),
    ],
)
def test_a_server_that_dies_at_the_start(
    settings: Settings, scripted: Callable[..., None], said: str, mend: str
) -> None:
    scripted(dies=said)
    with pytest.raises(TcoError) as error:
        bench(settings, SteadyMeter(), Heard())
    assert error.value.faults[0].where == "server"
    assert mend in str(error.value)
    assert said in str(error.value)


def test_a_server_that_dies_under_load_leaves_what_was_measured(
    settings: Settings, scripted: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tco.bench.session.MOST_DEATHS", 0)  # it has died often enough
    heard = Heard()
    one = replace(settings, plan=replace(settings.plan, mixes=settings.plan.mixes[:2], most_concurrency=4))
    scripted(dies_after=120)
    with pytest.raises(TcoError) as error:
        bench(one, SteadyMeter(), heard)
    assert "CUDA out of memory" in str(error.value)
    assert "the same command goes on from there" in str(error.value)
    scripted()
    again = Heard()
    bench(one, SteadyMeter(), again)
    assert len(again.all("run")) < 2 + len(heard.all("run"))
    assert left_over(str(settings.state)) == []


def test_a_server_that_dies_at_a_high_load_counts_as_outside_there(
    settings: Settings, scripted: Callable[..., None]
) -> None:
    scripted(dies_above=5)
    one = replace(
        settings, plan=replace(settings.plan, mixes=settings.plan.mixes[:1], first_concurrency=2, most_concurrency=8)
    )
    heard = Heard()
    _, written = bench(one, SteadyMeter(), heard)
    assert max(point.concurrency for point in written.points) <= 5
    assert [death["concurrency"] for death in heard.all("died")][:1] == [8]
    assert "CUDA out of memory" in heard.all("died")[0]["why"]
    assert any("8 in flight (B-DIED)" in warning for warning in written.warnings)
    again = Heard()
    bench(one, SteadyMeter(), again)
    assert again.all("run") == []
    assert left_over(str(settings.state)) == []


def test_the_first_load_may_be_the_one_that_kills(settings: Settings, scripted: Callable[..., None]) -> None:
    scripted(dies_above=3)
    plan = replace(settings.plan, mixes=settings.plan.mixes[:1], first_concurrency=4, most_concurrency=4)
    heard = Heard()
    _, written = bench(replace(settings, plan=plan), SteadyMeter(), heard)
    assert [death["concurrency"] for death in heard.all("died")] == [4]
    assert max(point.concurrency for point in written.points) == 3


def test_a_mix_is_given_up_at_what_no_other_load_would_mend(settings: Settings) -> None:
    bound = Ceiling(memory_bytes_per_s=1.0, flops=1.0, weight_bytes=1.0, flops_per_tok=1.0)
    heard = Heard()
    with pytest.raises(TcoError, match="B-ROOFLINE"):
        bench(
            replace(settings, plan=replace(settings.plan, mixes=settings.plan.mixes[:2])), SteadyMeter(), heard, bound
        )
    assert len(heard.all("point")) == 2


def test_a_warm_point_that_nobody_can_vouch_for_is_left_out(settings: Settings, scripted: Callable[..., None]) -> None:
    scripted(hides_metrics=True)
    plan = replace(settings.plan, mixes=(Mix(16, 16),), cached=(Mix(16, 16, 0.5),), most_concurrency=4)
    _, written = bench(replace(settings, plan=plan), SteadyMeter(), Heard())
    assert [point.concurrency for point in written.points] == [4]
    assert any("(B-WARM)" in warning for warning in written.warnings)


def test_what_the_time_was_too_short_for_is_told(settings: Settings) -> None:
    plan = replace(settings.plan, open_loop=True, repeats=3, cached=(Mix(16, 16, 0.5),), budget_s=0.1)
    _, written = bench(replace(settings, plan=plan), SteadyMeter(), Heard())
    assert {(point.input_tok, point.output_tok) for point in written.points} == {(16, 16)}
    told = "\n".join(written.warnings)
    for cut in ("1 of 3 runs of 16x16", "no open loop of 16x16", "no mix of 32 in, 8 out", "no point 16x16-cached0.5"):
        assert f"cut by the budget: {cut}" in told
    assert re.search(r"B-BUDGET: .* \(16x16\)", told)


def test_a_service_level_that_nothing_keeps_is_said(settings: Settings) -> None:
    plan = replace(settings.plan, mixes=settings.plan.mixes[:1], first_concurrency=2)
    _, written = bench(replace(settings, plan=plan, limits=Limits(1000.0, 1.0, 95.0)), SteadyMeter(), Heard())
    assert {point.in_slo_frac for point in written.points} == {0}
    assert any(warning.startswith("B-NONE") for warning in written.warnings)


def test_a_run_without_any_answer_is_one_message(settings: Settings, scripted: Callable[..., None]) -> None:
    scripted(fails_every=1)
    plan = replace(settings.plan, mixes=settings.plan.mixes[:1], first_concurrency=1, most_concurrency=1)
    with pytest.raises(TcoError, match=r"No request was answered|no request ended"):
        bench(replace(settings, plan=plan), SteadyMeter(), Heard())


def test_another_model_behind_the_url_is_refused(settings: Settings, fake_vllm: Path) -> None:
    port = free_port()
    process = subprocess.Popen([str(fake_vllm), "serve", "maker/other", "--port", str(port)], start_new_session=True)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 20
        while not healthy(url) and time.monotonic() < until:
            time.sleep(0.05)
        with pytest.raises(TcoError, match="serves maker/other: name one with --served-as"):
            bench(replace(settings, url=f"{url}/v1"), SteadyMeter(), Heard())
        longer = replace(settings.plan, mixes=(Mix(4000, 100),))
        with pytest.raises(TcoError, match="exceed the context of 4096"):
            bench(replace(settings, url=url, served_as="maker/other", plan=longer), SteadyMeter(), Heard())
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_another_engine_or_gpu_is_another_measurement(settings: Settings) -> None:
    keys = {
        each.key()
        for each in (
            settings,
            replace(settings, engine_version="0.25.1"),
            replace(settings, gpus_seen=("NVIDIA H200",)),
            replace(settings, model_revision="abc"),
            replace(settings, environment=(("VLLM_USE_V1", "0"),)),
        )
    }
    assert len(keys) == 5


def test_a_folder_that_cannot_be_written_is_told_before_anything_runs(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    heard = Heard()
    for name in ("output", "state"):
        with pytest.raises(TcoError, match=f"--{name}"):
            bench(replace(settings, **{name: file / "below"}), SteadyMeter(), heard)
    assert heard.all("starting") == []


def test_a_server_that_hangs_is_given_up_and_killed(
    settings: Settings, scripted: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop_group, "__defaults__", (0.3,))
    scripted(hangs=True)
    with pytest.raises(TcoError, match="not ready after 2 s") as error:
        bench(replace(settings, start_limit_s=2.0), SteadyMeter(), Heard())
    assert "loading weights for ever" in str(error.value)
    assert left_over(settings.model) == []


def test_failed_requests_are_counted_and_outside_the_service_level(
    settings: Settings, scripted: Callable[..., None]
) -> None:
    scripted(fails_every=4)
    plan = replace(settings.plan, mixes=settings.plan.mixes[:1], first_concurrency=2, most_concurrency=2)
    one = replace(settings, plan=plan, limits=Limits(60_000.0, 60_000.0, 95.0))  # only a failure is outside of these
    _, written = bench(one, SteadyMeter(), Heard())
    assert written.points[0].failed_count > 0
    assert "B-FAILED" in written.points[0].codes
    assert written.points[0].in_slo_frac == pytest.approx(0.75, abs=0.06)


def test_no_vllm_is_one_message(settings: Settings) -> None:
    with pytest.raises(MissingTool, match="--vllm PATH"):
        bench(replace(settings, vllm="/nowhere/vllm"), SteadyMeter(), Heard())


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_ctrl_c_and_a_kill_end_the_server_and_its_child(settings: Settings, tmp_path: Path, how: int) -> None:
    code = (
        "import sys, json\n"
        "from tests_settings import settings\n"
        "from tco.bench.run import bench\n"
        "from tests_settings import SteadyMeter\n"
        "bench(settings, SteadyMeter(), lambda name, facts: print(name, flush=True))\n"
    )
    conftest = Path(__file__).with_name("conftest.py")
    module = tmp_path / "tests_settings.py"
    module.write_text(
        f"import importlib.util\nspec = importlib.util.spec_from_file_location('c', {str(conftest)!r})\n"
        "c = importlib.util.module_from_spec(spec)\nimport sys\nsys.modules['c'] = c\nspec.loader.exec_module(c)\n"
        "SteadyMeter = c.SteadyMeter\nfrom pathlib import *\nfrom tco.bench.settings import Settings\n"
        "from tco.bench.plan import Mix, Plan\nfrom tco.bench.summarise import Limits\n"
        f"settings = {settings!r}\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(tmp_path)}
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == "run":
            break
    time.sleep(0.5)
    assert left_over(settings.model)
    process.send_signal(how)
    process.wait(timeout=30)
    assert process.returncode != 0
    until = time.monotonic() + (20 if how == signal.SIGKILL else 0)  # by then the guardian has ended what is left
    while left_over(settings.model) and time.monotonic() < until:
        time.sleep(0.1)
    assert left_over(settings.model) == []


def test_what_is_kept_is_whole_json(settings: Settings) -> None:
    one = replace(settings, plan=replace(settings.plan, mixes=settings.plan.mixes[:1], most_concurrency=4))
    bench(one, SteadyMeter(), Heard())
    folder = settings.state / one.key()
    assert {path.stem for path in folder.glob("*.json")} >= {
        "closed-16x16-c4-r0",
        "idle-bare",
        "idle-loaded",
        "idle-after",
        "provenance",
    }
    for path in folder.rglob("*.json"):
        json.loads(path.read_text(), parse_constant=pytest.fail)


def test_what_was_not_measured_is_kept_as_null_and_comes_back(settings: Settings) -> None:
    plan = replace(settings.plan, mixes=settings.plan.mixes[:1], most_concurrency=4)
    one, heard = replace(settings, plan=plan), Heard()
    bench(one, NoMeter(1), heard)
    (path,) = (settings.state / one.key()).glob("closed-*.json")
    assert json.loads(path.read_text(), parse_constant=pytest.fail)["energy"]["joules"] is None
    energy = State(path.parent).point(path.stem).energy  # type: ignore[union-attr]
    assert energy is not None
    assert math.isnan(energy.joules)


def test_the_host_is_measured_beside_the_gpus_and_the_power_trace_kept(settings: Settings, tmp_path: Path) -> None:
    zone = tmp_path / "powercap" / "intel-rapl:0"
    zone.mkdir(parents=True)
    (zone / "name").write_text("package-0")
    (zone / "max_energy_range_uj").write_text("262143328850")
    (zone / "energy_uj").write_text("0")
    stop = threading.Event()

    def draw() -> None:  # 80 W
        began = time.monotonic()
        while not stop.wait(0.02):
            beside = zone / "beside"
            beside.write_text(str(int((time.monotonic() - began) * 80e6)))
            beside.replace(zone / "energy_uj")

    drawing = threading.Thread(target=draw)
    drawing.start()
    try:
        planned = Fact("power.host_watts_per_gpu", 100.0, Source("sheet", "assumed"))
        host = HostMeter(4, planned, tmp_path / "powercap", period_s=0.05)
        one = replace(settings, plan=replace(settings.plan, mixes=settings.plan.mixes[:1], most_concurrency=4))
        trace = Trace(np.array([0.0, 1e6]), np.full((2, 1, len(READINGS)), 350.0), (GpuId("G", "u"),), "nvml", 0.0)
        path, written = bench(one, ReplayMeter(trace), Heard(), host=host)
    finally:
        stop.set()
        drawing.join()
    # 80 W of the processors over the four GPUs of the machine
    assert written.host_watts_per_gpu == pytest.approx(20, rel=0.1)
    assert read_profile(path, path.name)[0].host_watts_per_gpu == written.host_watts_per_gpu  # type: ignore[union-attr]
    assert written.provenance["host_power"].startswith("RAPL (package-0) over 4 GPUs")
    (kept,) = (settings.state / one.key() / "power").glob("*.csv")
    assert len(Trace.load(kept)) == 2
