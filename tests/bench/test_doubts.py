"""What a measurement doubts reaches the answer: from a server with scripted latencies to the words of a break-even."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tco.bench.run import bench
from tco.bench.settings import Settings
from tco.bench.summarise import Limits
from tco.catalog import Catalog
from tco.catalog.profiles import read_profile
from tco.errors import ScenarioError
from tco.inputs.workload import Service
from tco.serving.profile import fitted

from .conftest import SteadyMeter

LLAMA = "meta-llama/Llama-3.1-8B-Instruct"
LEVEL = ("--set", "service.ttft_ms=10000", "--set", "service.tpot_ms=500")
"""Limits that a busy machine keeps too."""
OPTION = tuple(
    word
    for value in (f"model={LLAMA}", "gpu_name=H100-SXM", "capacity.gpus_per_replica=1")
    for word in ("--set", f"options.self_host.{value}")
)


@pytest.fixture
def data(tmp_path: Path, repository: Path) -> Path:
    """A data folder of one's own, the shipped profiles in it."""
    folder = tmp_path / "mine"
    for name in ("hw_profiles", "price_sheets", "scenarios"):
        shutil.copytree(repository / name, folder / name)
    return folder


def test_a_server_that_fails_a_tenth_serves_no_level_of_95(settings: Settings, scripted: Callable[..., None]) -> None:
    scripted(fails_every=10)
    plan = replace(settings.plan, mixes=settings.plan.mixes[:1], first_concurrency=2, most_concurrency=2)
    loose = replace(settings, plan=plan, limits=Limits(ttft_ms=10_000.0, tpot_ms=500.0, percentile=95.0))
    _, written = bench(loose, SteadyMeter(), lambda name, facts: None)
    for point in written.points:
        assert point.in_slo_frac is not None
        assert point.in_slo_frac < 0.95
        assert point.completed_count is not None
        asked = point.completed_count + point.failed_count  # every tenth of all: of so many, a tenth or one beside it
        assert point.failed_frac == pytest.approx(0.1, abs=1.01 / asked)
        # the answered ones are well in time
        assert (point.ttft_ms.p95 or 0) < 10_000
        assert (point.tpot_ms.p95 or 0) < 500
    lent = (1e-5, 1e-4, 1e-8)
    with pytest.raises(ScenarioError, match="too many requests failed"):
        fitted(written, Service(ttft_ms=10_000, tpot_ms=500, slo_percentile=95), lent)
    with pytest.raises(ScenarioError, match="too many requests failed"):
        fitted(written, Service(ttft_ms=60_000, tpot_ms=1000, slo_percentile=95), lent)
    assert fitted(written, Service(ttft_ms=10_000, tpot_ms=500, slo_percentile=75), lent).work.error_frac[0] == 0


def test_a_quick_run_of_random_weights_says_so_to_the_end(
    run: Callable[..., Any], fake_vllm: Path, data: Path, tmp_path: Path
) -> None:
    serving = data / "hw_profiles/serving"
    for path in serving.glob("Llama-3.1-8B*"):
        path.unlink()
    ran = run(
        "bench", LLAMA, "--gpu", "H100-SXM", "--vllm", fake_vllm, "--lengths", "16x16,32x8,8x24", "--slo", "ttft=10s,tpot=500ms",
        "--quick", "--window-seconds", "1", "--concurrency", "2:2", "--cached-frac", "0", "--no-power", "--no-open-loop",
        "--state", tmp_path / "state", "--server-args", "--load-format dummy", "--data", data,
    )  # fmt: skip
    assert ran.status == 0, ran.err
    (path,) = serving.glob("Llama-3.1-8B*")
    profile, faults = read_profile(path, path.name)
    assert faults == []
    assert profile is not None
    assert {"B-DUMMY", "B-QUICK", "B-SHORT", "B-LIMIT"} <= set(profile.codes)
    assert {warning.partition(":")[0] for warning in profile.warnings if warning.startswith("B-")} == set(profile.codes)
    asked = ("breakeven", data / "scenarios/support-assistant.yaml", *OPTION, *LEVEL, "--data", data)
    answer = run(*asked, "--json").data
    warnings = {warning["code"]: warning["message"] for warning in answer["warnings"]}
    assert (
        "the weights were random numbers (B-DUMMY); windows were short and nothing was repeated" in warnings["W-BENCH"]
    )
    assert "from an estimate, and only its scale from what was measured" in warnings["W-MIX"]
    assert {"B-DUMMY", "B-QUICK"} <= set(answer["measurement_codes"])
    # three mixes borrow an estimate's proportions: an estimate in part, never somebody else's measurement
    assert answer["grades"]["throughput"] == "estimated"
    sources = [source for source in answer["sources"] if "Llama-3.1-8B" in source["where"]]
    assert sources
    assert all("measured" in s["note"] and "B-DUMMY" in s["note"] for s in sources if "capacity" in s["path"])
    text = " ".join(run(*asked).out.split())
    assert "PARTLY ESTIMATED Only " in text
    assert "measured: other lengths are estimated in proportion. Of the measurement itself:" in text
    assert "were published" not in text + json.dumps(answer["warnings"])
    assert "imported" not in text


def test_a_test_is_used_by_its_name_alone(run: Callable[..., Any], data: Path) -> None:
    catalog = Catalog.open(data)
    best, *_ = catalog.find_profiles("openai/gpt-oss-120b", "H100-SXM")
    fake = best.model_copy(update={"grade": "measured", "codes": ("B-FAKE", "B-QUICK"), "id": ""})
    path = catalog.save_profile(fake, "measured-fake-power-quick")
    found = Catalog.open(data).find_profiles("openai/gpt-oss-120b", "H100-SXM")
    assert [one.id for one in found if "fake" in one.id] == []
    asked = ("breakeven", data / "scenarios/support-assistant.yaml", "--data", data)
    by_itself = run(*asked, "--json").data
    assert path.stem not in json.dumps(by_itself)
    named = run(*asked, "--set", f"options.self_host.profile={path.stem}", "--json").data
    assert named["measurement_codes"][:2] == ["B-FAKE", "B-QUICK"]
    assert named["grades"]["throughput"] == "assumed"
    told = {warning["code"]: warning["message"] for warning in named["warnings"]}
    assert "a test and no measurement (B-FAKE)" in told["W-BENCH"]


def test_where_tests_are_all_there_is_the_mend_names_one(run: Callable[..., Any], data: Path) -> None:
    catalog = Catalog.open(data)
    best, *_ = catalog.find_profiles("openai/gpt-oss-120b", "H100-SXM")
    fake = best.model_copy(update={"grade": "measured", "codes": ("B-FAKE",), "id": "", "model": "mine/new"})
    path = catalog.save_profile(fake, "measured-fake-power")
    ran = run(
        "breakeven",
        data / "scenarios/support-assistant.yaml",
        "--data",
        data,
        "--set",
        "options.self_host.model=mine/new",
    )
    assert ran.status == 2
    assert (
        "options.self_host.model: mine/new; an estimate needs a model and a gpu_name that hw_profiles describes"
        in ran.err
    )
    assert f"{path.stem} is a test with a stand-in for the driver" in ran.err


def test_a_profile_of_a_new_model_is_a_warning_of_the_check(run: Callable[..., Any], data: Path) -> None:
    catalog = Catalog.open(data)
    best, *_ = catalog.find_profiles("openai/gpt-oss-120b", "H100-SXM")
    path = catalog.save_profile(best.model_copy(update={"model": "mine/new", "id": ""}))
    ran = run("check", "--data", data)
    assert ran.status == 0, ran.err
    assert "Nothing to mend" in ran.out
    assert f"warning: hw_profiles/serving/{path.name}: model: mine/new; no file describes it" in ran.err
    assert "add hw_profiles/models/mine--new.yaml" in ran.err
    slip = best.model_copy(update={"model": "openai/gpt-oss120b", "id": ""})
    Catalog.open(data).save_profile(slip)
    assert "or did you mean openai/gpt-oss-120b" in run("check", "--data", data).err
    # and the new model is answered for, without what its file would add
    answer = run(
        "breakeven",
        data / "scenarios/support-assistant.yaml",
        "--data",
        data,
        "--set",
        "options.self_host.model=mine/new",
        "--json",
    )
    assert answer.status == 0, answer.err
    assert answer.data["grades"]["throughput"] == "published"
