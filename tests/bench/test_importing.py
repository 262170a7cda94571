"""`tco bench import`: what is asked for, what is merged, what is written, and that a break-even takes it at once."""

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tco.bench.merging import SAME_MIX_FRAC, merged
from tco.bench.sources.found import FoundPoint
from tco.catalog import Catalog
from tco.inputs.hardware import Percentiles

SAMPLES = Path(__file__).parent / "samples"
SETUP = ("--gpu", "A100-SXM-80", "--gpus", 1, "--engine", "vllm", "--engine-version", "0.32.0", "--dtype", "auto")
MODEL = ("--model", "openai/gpt-oss-20b")


@pytest.fixture
def data(tmp_path: Path, repository: Path) -> Path:
    """A data folder of one's own, without a serving profile."""
    folder = tmp_path / "mine"
    for name in ("gpus", "models", "shapes", "service_levels"):
        shutil.copytree(repository / "hw_profiles" / name, folder / "hw_profiles" / name)
    (folder / "hw_profiles/serving").mkdir()
    for name in ("price_sheets", "scenarios"):
        shutil.copytree(repository / name, folder / name)
    return folder


@pytest.fixture
def importing(run: Callable[..., Any], data: Path) -> Callable[..., Any]:
    return lambda *words: run("bench", "import", *words, "--data", data)


# what is asked for


def test_everything_that_lacks_is_asked_for_at_once(importing: Callable[..., Any]) -> None:
    ran = importing(SAMPLES / "vllm/serve.json", SAMPLES / "mlperf-offline")
    assert ran.status == 2
    assert ran.err.startswith("tco: 8 things to mend")
    for flag in (
        "--model",
        "--gpu",
        "--gpus",
        "--engine",
        "--engine-version",
        "--dtype",
        "--input-tok",
        "--concurrency",
    ):
        assert f"  {flag}: not said by " in ran.err
    assert "the files call it 'tiny'" in ran.err
    assert "--input-tok: not said by mlperf_log_summary.txt" in ran.err  # the other file says it


def test_a_name_that_nobody_knows_gets_the_nearest(importing: Callable[..., Any]) -> None:
    ran = importing(SAMPLES / "vllm/serve.json", "--model", "gpt-oss-20b", "--gpu", "H100")
    assert ran.status == 2
    assert "did you mean openai/gpt-oss-20b" in ran.err
    assert "H100-SXM" in ran.err


def test_tokens_of_both_sides_are_taken_apart_only_when_told(importing: Callable[..., Any], tmp_path: Path) -> None:
    offline = (SAMPLES / "vllm/throughput.json", *MODEL, *SETUP, "--concurrency", 32)
    ran = importing(*offline)
    assert ran.status == 2
    assert "8351 tokens a second are prompt and answer together (97.0 a request)" in ran.err
    wrong = importing(*offline, "--input-tok", 1024, "--output-tok", 32)
    assert wrong.status == 2
    assert "give lengths that add up" in wrong.err
    point = profile_of(importing(*offline, "--output-tok", 32, "--json"))["points"][0]
    # 3,105 tokens / 32 requests = 97.03 each; 32 of them are the answer: 8,350.8 x 32 / 97.03 = 2,754.0
    assert (point["input_tok"], point["output_tok"], point["output_tok_per_s"]) == (65, 32, 2754.02)


def test_flags_that_contradict_every_file_are_an_error(importing: Callable[..., Any]) -> None:
    ran = importing(SAMPLES / "inferencex", "--gpu", "H200-SXM")
    assert ran.status == 2
    assert "--gpu H200-SXM and the file says B200-SXM" in ran.err


def test_flags_choose_among_several_setups(importing: Callable[..., Any], tmp_path: Path) -> None:
    both = importing(SAMPLES / "inferencex", "--output", tmp_path / "x.yaml")
    assert both.status == 2
    assert "2 setups in the files" in both.err
    one = importing(SAMPLES / "inferencex", "--gpu", "B200-SXM", "--output", tmp_path / "x.yaml", "--json")
    assert [len(made["profile"]["points"]) for made in one.data["profiles"]] == [3]
    assert one.data["dropped"] == [{"where": "agg_bmk.json, row 4", "why": "--gpu B200-SXM and the file says H100-SXM"}]
    assert yaml.safe_load((tmp_path / "x.yaml").read_text())["gpu"] == "B200-SXM"


def test_a_file_of_no_known_format_is_named_and_in_a_folder_passed_over(
    importing: Callable[..., Any], tmp_path: Path
) -> None:
    folder = tmp_path / "runs"
    shutil.copytree(SAMPLES / "vllm", folder)
    (folder / "throughput.json").unlink()
    (folder / "notes.txt").write_text("nothing")
    assert "of no format that is known; give a result of AIPerf" in importing(folder / "notes.txt").err
    ran = importing(folder, *MODEL, *SETUP)
    assert ran.status == 0
    assert "left out notes.txt: of no format that is known" in ran.out


@pytest.mark.parametrize(
    "text",
    ["", "{", '{"num_prompts": 3, "endpoint_type": "x", "completed": 1, "total_output_tokens": 1, "duration": 1}'],
)
def test_a_broken_file_is_one_message(importing: Callable[..., Any], tmp_path: Path, text: str) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(text)
    ran = importing(broken, *MODEL, *SETUP)
    assert ran.status == 2
    assert "broken.json" in ran.err
    assert "Traceback" not in ran.err


def test_a_name_that_leads_nowhere(importing: Callable[..., Any], tmp_path: Path) -> None:
    ran = importing(tmp_path / "none.json", tmp_path / "*.json")
    assert ran.err.startswith("tco: 2 things to mend")


def test_copies_behind_one_address_are_divided(importing: Callable[..., Any]) -> None:
    ran = importing(
        SAMPLES / "mlperf",
        "--engine",
        "vllm",
        "--engine-version",
        "0.9",
        "--dtype",
        "fp8",
        "--input-tok",
        294,
        "--replicas",
        8,
        "--json",
    )
    made = profile_of(ran)
    # 30,339.4 / 8 = 3,792.43 tokens a second on one of eight GPUs, 3,498.9 / 8 = 437.4 in flight
    assert (made["gpus_per_replica"], made["points"][0]["output_tok_per_s"], made["points"][0]["concurrency"]) == (
        1,
        3792.43,
        437.36,
    )
    assert importing(SAMPLES / "mlperf", "--replicas", 3, "--input-tok", 294).status == 2


# what is written


def test_the_profile_lies_beside_the_others_and_says_where_it_is_from(
    importing: Callable[..., Any], data: Path
) -> None:
    ran = importing(SAMPLES / "guidellm", *MODEL, *SETUP)
    assert ran.status == 0, ran.err
    (path,) = (data / "hw_profiles/serving").iterdir()
    assert path.name == "gpt-oss-20b--A100-SXM-80x1--vllm-0.32.0--imported.yaml"
    profile = Catalog.open(data).profile(path.stem)
    assert profile.grade == "imported"
    assert profile.sources[0].url.startswith("benchmarks.json (sha256 ")
    assert profile.sources[0].note == "GuideLLM, run ended 2026-11-20 17:13 UTC"
    assert "GuideLLM warns" in profile.note
    assert Catalog.open(data).check() == []
    assert str(path) in ran.out


def test_importing_again_replaces_its_own_file_and_no_other(importing: Callable[..., Any], data: Path) -> None:
    own = data / "hw_profiles/serving/gpt-oss-20b--A100-SXM-80x1--vllm-0.32.0.yaml"
    own.write_text("mine")
    for _ in range(2):
        assert importing(SAMPLES / "vllm/serve.json", *MODEL, *SETUP).status == 0
    assert own.read_text() == "mine"
    assert len(list(own.parent.iterdir())) == 2  # mine, and the imported one; nothing half-written is left


def test_every_setup_of_a_file_gets_its_profile(importing: Callable[..., Any], data: Path) -> None:
    assert importing(SAMPLES / "inferencex").status == 0
    names = {path.name for path in (data / "hw_profiles/serving").iterdir()}
    assert names == {
        "gpt-oss-120b--B200-SXMx1--vllm-0.11.2--mxfp4-imported.yaml",
        "gpt-oss-120b--H100-SXMx4--vllm-0.11.2--mxfp4-imported.yaml",
    }


# what is merged


def test_repeats_are_their_median_and_near_lengths_one_mix() -> None:
    def point(prompt: float, speed: float, p50: float | None = None) -> FoundPoint:
        return FoundPoint("x", speed, prompt, 32, 4, ttft_ms=Percentiles(p50=p50))

    made = merged([point(64, 100, 10), point(64.9, 130), point(64.3, 120, 20), point(80, 90)])
    assert [(p.input_tok, p.output_tok_per_s, p.ttft_ms.p50) for p in made] == [(64, 120, 15), (80, 90, None)]


def test_a_preamble_in_the_cache_is_still_a_cold_run() -> None:
    cold, warm = (FoundPoint("x", 100, 1000, 32, 4, cached_frac=share) for share in (0.005, 0.35))
    assert [p.cached_frac for p in merged([cold, warm])] == [0, 0.35]


@given(st.lists(st.tuples(st.floats(1, 1e5), st.floats(1, 1e5), st.sampled_from([1, 8, 64])), min_size=1, max_size=12))
def test_merging_keeps_every_load_once_and_its_speed_within_what_was_found(
    rows: list[tuple[float, float, int]],
) -> None:
    found = [FoundPoint("x", speed, prompt, 100, load) for prompt, speed, load in rows]
    made = merged(found)
    names = [(p.input_tok, p.output_tok, p.concurrency) for p in made]
    assert len(set(names)) == len(names) <= len(found)
    assert {p.concurrency for p in made} == {float(load) for *_, load in rows}
    for p in made:
        speeds = [speed for prompt, speed, load in rows if load == p.concurrency]
        assert min(speeds) * (1 - 1e-5) <= p.output_tok_per_s <= max(speeds) * (1 + 1e-5)
        assert any(abs(prompt - p.input_tok) <= 2 * SAME_MIX_FRAC * prompt + 1 for prompt, *_ in rows)


# and then


def test_a_break_even_takes_an_imported_profile_at_once(
    importing: Callable[..., Any], run: Callable[..., Any], data: Path
) -> None:
    scenario = data / "scenarios/support-assistant.yaml"
    option = ["--set", "options.self_host.gpu_name=B200-SXM", "--set", "options.self_host.capacity.gpus_per_replica=1"]
    before = run("breakeven", scenario, *option, "--data", data, "--json")
    assert "imported" not in json.dumps(before.data)
    assert importing(SAMPLES / "inferencex", "--gpu", "B200-SXM").status == 0
    ran = run("breakeven", scenario, *option, "--data", data)
    assert ran.status == 0, ran.err
    assert "gpt-oss-120b--B200-SXMx1--vllm-0.11.2--mxfp4-imported" in ran.out
    assert "imported" in ran.out
    after = run("breakeven", scenario, *option, "--data", data, "--json")
    assert after.data != before.data


def profile_of(ran: Any) -> Mapping[str, Any]:
    assert ran.status == 0, ran.err
    (made,) = ran.data["profiles"]
    found: Mapping[str, Any] = made["profile"]
    return found


def aiperf_on_a_node(folder: Path, gpus: int) -> Path:
    """An AIPerf summary whose telemetry watched a whole node, 600 W a card."""
    run = json.loads((SAMPLES / "aiperf/profile_export_aiperf.json").read_text())
    power = {"nvidia_power_usage": {"unit": "W", "avg": 600.0}}
    cards = {
        str(i): {"gpu_name": "NVIDIA H100 80GB HBM3", "gpu_uuid": f"GPU-{i}", "metrics": power} for i in range(gpus)
    }
    run["telemetry_data"].update(endpoints={"http://x": {"gpus": cards}})
    path = folder / "profile_export_aiperf.json"
    path.write_text(json.dumps(run))
    return path


def test_aiperf_tells_the_nodes_gpus_and_the_flag_tells_the_replicas(
    importing: Callable[..., Any], tmp_path: Path
) -> None:
    told = (*MODEL, "--engine", "vllm", "--engine-version", "0.32.0", "--dtype", "auto", "--json")
    made = profile_of(importing(aiperf_on_a_node(tmp_path, 8), *told, "--gpus", 1))
    assert made["gpus_per_replica"] == 1
    assert made["points"][0]["watts"] is None  # 4,800 W are of eight cards, one served
    assert "watts of 8 GPUs, and 1 served: left out" in made["note"]
    whole = profile_of(importing(aiperf_on_a_node(tmp_path, 2), *told, "--gpus", 2))
    assert (whole["gpus_per_replica"], whole["points"][0]["watts"]) == (2, 1200.0)
    two = profile_of(importing(aiperf_on_a_node(tmp_path, 8), *told, "--gpus", 8, "--replicas", 2))
    assert (two["gpus_per_replica"], two["points"][0]["watts"]) == (4, 2400.0)


def test_aiperf_without_the_flag_asks_and_says_what_the_node_has(importing: Callable[..., Any], tmp_path: Path) -> None:
    path, told = (
        aiperf_on_a_node(tmp_path, 8),
        (*MODEL, "--engine", "vllm", "--engine-version", "0.32.0", "--dtype", "auto"),
    )
    asked = importing(path, *told)
    assert asked.status == 2
    assert "--gpus: not said by profile_export_aiperf.json; say how many GPUs served; the files watched 8" in asked.err
    more = profile_of(importing(path, *told, "--gpus", 16, "--json"))
    assert more["points"][0]["watts"] is None  # one of two nodes was watched
    assert "watts of 8 GPUs, and 16 served: left out" in more["note"]
    alone = profile_of(importing(aiperf_on_a_node(tmp_path, 1), *told, "--json"))
    assert (alone["gpus_per_replica"], alone["points"][0]["watts"]) == (1, 600.0)
