"""The benchmark screen without a browser, against the stand-in for vLLM: plan, start, stop, go on, import."""

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tco.bench.measure import Learnt
from tco.bench.meter import NoMeter
from tco.bench.plan import Mix, Plan
from tco.bench.records import Energy, Percentiles, PointResult
from tco.catalog import Catalog
from tco.errors import Fault
from tco.scaffold import init
from tco.widgets.bench_app import BenchApp
from tco.widgets.bench_pages import points_html, short_path
from tco.widgets.bench_plan import Machine
from tco.widgets.bench_progress import Progress
from tco.widgets.fields import Drop

H200 = Machine({"gpus": [{"name": "NVIDIA H200"}]})
NONE = Machine({}, "no NVIDIA driver on this machine")
FAKE = Path(__file__).resolve().parents[1] / "bench" / "fake_vllm.py"
SAMPLES = Path(__file__).resolve().parents[1] / "bench" / "samples"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mine")
    init(folder)
    return folder


@pytest.fixture
def vllm(tmp_path: Path) -> Path:
    script = tmp_path / "vllm"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{FAKE}" "$@"\n')
    script.chmod(0o755)
    return script


@pytest.fixture
def app(data: Path, vllm: Path, tmp_path: Path) -> Iterator[BenchApp]:
    made = BenchApp(Catalog.open(data), H200)
    made.form.set(
        {"model": "maker/screen", "vllm": str(vllm), "lengths": "16x16", "slo": "ttft=1s,tpot=15ms", "window_s": "1",
         "concurrency": "2:4", "cached_frac": "0", "state": str(tmp_path / "state"), "output": str(tmp_path / "profiles")}
    )  # fmt: skip
    made.form.power.value = "none"
    made.form.thorough.value = "quick"
    made.form.open_loop.value = "no"
    yield made
    made.stop()
    assert made.work is None or made.work.join(30)


def until(app: BenchApp, what: str, seconds: float = 40.0) -> None:
    """Wait for some words above."""
    end = time.monotonic() + seconds
    while what not in app.words.html and time.monotonic() < end:
        time.sleep(0.05)
    assert what in app.words.html


def left_over(marker: str) -> list[str]:
    lines = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(entry.read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return [line for line in lines if marker in line]


def test_a_machine_with_nothing_says_what_is_missing_and_what_can_be_done(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tco.bench.settings.shutil.which", lambda name: None)
    app = BenchApp(Catalog.open(data), NONE)
    assert "Nothing can be measured here yet" in app.words.html
    assert "llm-tco[bench]" in app.words.html
    assert "give the address of a server" in app.words.html
    assert app.tabs.titles[app.tabs.selected] == "Import"
    assert app.starts.disabled
    assert app.stops.disabled


def test_the_plan_follows_what_is_typed(app: BenchApp) -> None:
    assert "screen on 1 × H200-SXM: 1 length mix" in app.words.html
    assert "tco bench maker/screen" in app.planned.html
    assert not app.starts.disabled
    app.form.set({"lengths": "16x16, 32x8\n64x8"})
    assert "3 length mixes" in app.words.html
    app.form.set({"lengths": "16x"})
    assert "such as 1024x256" in app.form.boxes["lengths"][1].error
    assert app.starts.disabled
    app.form.set({"lengths": "16x16", "gpus": "two"})
    assert app.form.boxes["gpus"][1].error == "'two': write a number, with a decimal point"
    app.form.set({"gpus": "0"})
    assert "1 or more" in app.form.boxes["gpus"][1].error
    app.form.set({"gpus": "", "model": ""})
    assert "name the model" in app.words.html
    assert app.form.boxes["model"][1].error == ""  # nobody has typed anything wrong


def test_a_budget_cuts_the_plan_and_says_what(app: BenchApp) -> None:
    app.form.set(
        {"lengths": "16x16,32x8,8x24,24x16", "window_s": "20", "budget_minutes": "13"}
    )  # four mixes take 120 s and 19 runs of 40 s: 14.7 minutes
    assert "Left out for the time: no mix of 24 in, 16 out" in app.planned.html
    app.form.set({"budget_minutes": "1"})
    assert "take about" in app.form.boxes["budget_minutes"][1].error


def test_measured_to_the_end_with_points_chart_and_profile(app: BenchApp, tmp_path: Path) -> None:
    app.start()
    assert app.starts.disabled, app.words.html
    assert not app.stops.disabled
    until(app, "is measured")
    app.tabs.selected = 1
    assert app.points.html.count("<tr>") == 1 + 2  # the heading, and loads of two and four
    (profile,) = (tmp_path / "profiles").glob("*.yaml")
    assert profile.name in app.words.html
    assert "01_break_even.ipynb" in app.words.html
    assert [trace["uid"] for trace in app.chart.traces] == ["speed", "steady"]  # no power, no panel of watts
    assert app.progress is not None
    assert np.nanmax(app.progress.trace.output_tok_per_s) > 0
    assert app.progress.done_frac == 1.0
    app.tabs.selected = 2
    assert "16 in, 16 out" in str(app.loads.figure_layout["annotations"])
    app.tabs.selected = 3
    assert "No power was measured" in app.doubted.html
    assert left_over("maker/screen") == []
    before = profile.stat().st_mtime_ns
    app.start()
    until(app, "2 kept" if "2 kept" in app.meter.html else "is measured")
    assert app.work is not None
    assert app.work.join(20)
    assert "2, 2 kept" in app.meter.html
    assert profile.stat().st_mtime_ns > before


def test_stop_leaves_no_process_and_what_is_finished_is_kept(app: BenchApp) -> None:
    app.start()
    end = time.monotonic() + 30
    while (app.progress is None or not app.progress.rows) and time.monotonic() < end:
        time.sleep(0.05)
    app.stop()
    assert app.stops.disabled
    until(app, "Stopped.")
    assert left_over("maker/screen") == []
    assert "1 run" in app.words.html
    assert app.starts.description == "Go on"
    assert "not measured again" in app.planned.html


class TwoGpus(NoMeter):
    """A meter of the GPUs asked for, of two that are here."""

    def facts(self) -> dict[str, Any]:
        return {"gpus": [{"name": "NVIDIA H200"}] * self.gpus, "driver": "1.0"}


def test_go_on_is_offered_where_two_gpus_are_seen_and_one_is_used(
    app: BenchApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tco.bench.measure.open_meter", lambda gpus, dcgm, or_none: TwoGpus(gpus))
    app.machine = Machine({"gpus": [{"name": "NVIDIA H200"}] * 2, "driver": "1.0"})
    app.form.power.value = "seen"
    assert app.prepared.settings is not None
    assert app.prepared.settings.gpus_seen == ("NVIDIA H200",)
    app.start()
    end = time.monotonic() + 30
    while (app.progress is None or not app.progress.rows) and time.monotonic() < end:
        time.sleep(0.05)
    app.stop()
    until(app, "Stopped.")
    assert app.starts.description == "Go on"
    assert app.progress is not None
    found = app.prepared.settings
    assert app.progress.folder == str(found.state / found.key())
    app.form.set({"gpus": "3"})
    assert "3 asked for, 2 visible" in app.form.boxes["gpus"][1].error


def test_what_is_kept_of_a_server_elsewhere_is_told_once_it_has_been_asked(
    app: BenchApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnt = Learnt()
    for room in ("tco.bench.measure", "tco.widgets.bench_plan"):
        monkeypatch.setattr(f"{room}.LEARNT", learnt)
    app.form.server.value = "running"
    app.form.set({"url": "http://node:8000/v1", "gpus": "1"})
    assert app.prepared.settings is None  # whose GPU it is cannot be seen from here
    assert "say which GPU serves" in app.words.html
    app.form.gpu.value = "H200-SXM"
    assert app.prepared.kept_count is None
    assert "known at the start" in app.words.html
    learnt.versions["http://node:8000"] = "0.25.1"
    app.asked_anew()
    assert app.prepared.kept_count == 0
    assert app.prepared.settings is not None
    assert app.prepared.settings.engine_version == "0.25.1"


def test_a_card_in_slices_is_told_where_it_would_be_used(
    data: Path, vllm: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slices = Fault("GPU 1 (NVIDIA H200)", "MIG is on", "go without watts: --no-power")
    whole = {"gpus": [{"name": "NVIDIA H200"}]}
    monkeypatch.setattr(
        "tco.widgets.bench_plan.look_at_few",
        lambda gpus: Machine(whole) if gpus == 1 else Machine({}, str(slices), (slices,)),
    )
    app = BenchApp(Catalog.open(data), Machine({}, str(slices), (slices,)))
    app.form.set({"model": "maker/screen", "vllm": str(vllm)})
    assert app.prepared.ready  # the first card is whole
    app.form.set({"gpus": "2"})
    assert "MIG is on" in app.words.html
    assert not app.prepared.ready


def test_a_server_that_dies_is_told_with_its_last_lines(app: BenchApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_VLLM", json.dumps({"dies": "<b>CUDA out of memory</b>"}))
    app.start()
    until(app, "ended early")
    assert "&lt;b&gt;CUDA out of memory" in app.words.html
    assert not app.starts.disabled


# ---- what the screen is made of


def latencies(ms: float) -> Percentiles:
    return Percentiles(ms, ms, ms, ms, ms)


def point(concurrency: float, speed: float, inside: float, tpot_ms: float) -> PointResult:
    return PointResult(
        16, 16, concurrency, None, 0.0, speed, speed, speed / 16, speed, latencies(20), latencies(tpot_ms), latencies(90), inside,
        inside, inside, 100, 0, 20.0, Energy(7000.0, 350.0, 1, "counter"), ("B-QUICK", "B-CLIENT"),
    )  # fmt: skip


def events(*more: tuple[float, str, dict]) -> list[tuple[float, str, dict]]:
    plan = {"power": "measured", "folder": "", "mixes": [], "runs": 1, "minutes": 1, "cuts": ()}
    return [(10.0, "plan", plan), (10.0, "mix", {"mix": "16x16", "number": 1, "of": 1}), *more]


def test_progress_is_made_of_events() -> None:
    plan = Plan(mixes=(Mix(16, 16),), window_s=20.0, repeats=1, neighbours=False, open_loop=False)
    progress = Progress(plan, 0.95, began_s=10.0)
    run = {"name": "closed-16x16-c8-r0", "mix": "16x16", "concurrency": 8, "prompts": 9, "seconds": 20.0}
    done = {"name": "closed-16x16-c8-r0", "mix": "16x16", "kind": "closed", "point": point(8, 900.0, 1.0, 5.0)}
    kept = {"name": "closed-16x16-c4-r0", "mix": "16x16", "kind": "closed", "point": point(4, 500.0, 1.0, 4.0)}
    tick = {"watts": 350.0, "output_tok_per_s": 880.0}
    progress.take(events((10.0, "point", kept), (20.0, "run", run), (30.0, "tick", tick), (50.0, "point", done)))
    assert [(row.point.concurrency, row.kept) for row in progress.rows] == [(4, True), (8, False)]
    (shown,) = progress.runs
    assert (shown.start_s, shown.end_s, shown.output_tok_per_s) == (10.0, 40.0, 900.0)
    assert (progress.speed, progress.watts) == (880.0, 350.0)
    # seven runs were planned, two are there; the one that was measured took 30 s
    assert plan.runs() == 7
    assert progress.left_s() == pytest.approx(5 * 30.0)
    assert progress.done_frac == pytest.approx(40.0 / (40.0 + 150.0))
    (curve,) = progress.curves()
    assert curve.best is not None
    assert curve.best.in_flight == 8
    assert not curve.settled


def test_a_point_over_its_limit_says_so_and_its_codes_have_their_sentence(data: Path) -> None:
    from tco.bench.summarise import Limits

    progress = Progress(Plan(mixes=(Mix(16, 16),)), 0.95, began_s=0.0)
    slow = {"name": "closed-16x16-c9-r0", "mix": "16x16", "kind": "closed", "point": point(9, 300.0, 0.2, 31.4)}
    progress.take([(1.0, "point", slow)])
    page = points_html(progress.rows, Limits(1000.0, 15.0, 95.0))
    assert "31.4 (over)" in page
    assert "20\u00a0% (too few)" in page
    assert 'title="The load client lagged' in page
    assert "B-QUICK" not in page  # told once, under Doubts


def test_results_of_another_tool_are_asked_about_shown_and_saved(data: Path, tmp_path: Path) -> None:
    screen = BenchApp(Catalog.open(data), NONE).imports
    screen.drop._piece(screen.drop, {"name": "serve-detailed.json", "begin": True},
                       [(SAMPLES / "vllm/serve-detailed.json").read_bytes()[:1000]])  # fmt: skip
    screen.drop._piece(screen.drop, {"name": "serve-detailed.json"},
                       [(SAMPLES / "vllm/serve-detailed.json").read_bytes()[1000:]])  # fmt: skip
    screen.drop._piece(screen.drop, {"end": True}, [])
    assert "leave out what is asked above" in screen.said.html
    shown = {name for name, box in screen.boxes.items() if "tco-hidden" not in box._dom_classes}
    assert {"model", "gpu", "gpus", "engine_version"} <= shown
    screen.entries["model"].value = "meta-llama/Llama-3.1-8B-Instruct"
    for name, text in (("gpu", "H200-SXM"), ("gpus", "1"), ("engine_version", "0.32"), ("dtype", "auto")):
        screen.entries[name].value = text
    if "engine" in shown:
        screen.entries["engine"].value = "vllm"
    assert screen.made is not None, screen.said.html
    assert "Llama-3.1-8B-Instruct on 1 × H200-SXM" in screen.said.html
    screen.keep()
    assert "Profile written to" in screen.said.html
    (written,) = (data / "hw_profiles/serving").glob("Llama-3.1-8B-Instruct--H200-SXMx1--vllm-0.32*imported.yaml")
    written.unlink()


def test_what_is_no_result_is_told_without_the_folder_it_was_put_in(data: Path) -> None:
    screen = BenchApp(Catalog.open(data), NONE).imports
    screen.take({"../../etc/<b>notes.json": b"{}"})
    assert screen.made is None
    assert "&lt;b&gt;notes.json" in screen.said.html
    assert "/tmp" not in screen.said.html


def test_a_drop_of_several_files_comes_whole() -> None:
    drop, came = Drop(), []
    drop.on_files(came.append)
    for content, piece in (
        ({"name": "a", "begin": True}, b"12"),
        ({"name": "a"}, b"3"),
        ({"name": "b"}, b""),
        ({"end": True}, None),
    ):
        drop._piece(drop, content, [piece] if piece is not None else [])
    assert came == [{"a": b"123", "b": b""}]


def test_faults_without_a_control_are_told_above(app: BenchApp) -> None:
    rest = app.form.tell([Fault("--lengths", "x", "mend it"), Fault("elsewhere", "y", "look there")])
    assert [fault.where for fault in rest] == ["elsewhere"]
    assert app.form.boxes["lengths"][1].error == "x: mend it"


def test_a_path_below_the_working_directory_is_told_short() -> None:
    assert short_path(str(Path.cwd() / "a" / "b")) == str(Path("a") / "b")
    assert short_path("/elsewhere/x") == "/elsewhere/x"
