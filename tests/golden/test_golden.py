"""
The golden cases, worked by hand and in a spreadsheet (``how.md`` beside each), through the command line where it can
say them.

Every figure is met to one part in a million, the precision with which the expected figures are written.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tco.case import Case
from tco.catalog import Catalog
from tco.evaluate import VOLUME, evaluate
from tco.model.capacity import whole
from tco.model.crossings import line_against_staircase
from tco.model.demand import share_of_requests_above, share_of_tokens_above
from tco.model.finance import capital_recovery, monthly_rate
from tco.model.memory import room_gb, weights_gb
from tco.model.metering import (
    cache_break_even_uses,
    meter_usd,
    paying_use_frac,
    provisioned_units,
    unit_tok_per_month,
    weighted_tok,
)
from tco.model.roofline import (
    Replica,
    batch_at_slo,
    batch_in_memory,
    compute_s,
    kv_bytes,
    prefill_s,
    read_s,
    request_s,
    step_s,
    tpot_s,
)
from tco.model.work import fit, request_seconds
from tco.resolve import resolve
from tco.scenario import Scenario
from tco.solve.capacity import capacity_of
from tco.units import BYTES_PER_GB, FLOPS_PER_TFLOP, PARAMS_PER_BILLION

HERE = Path(__file__).parent
CASES = sorted(folder.name for folder in HERE.iterdir() if folder.is_dir() and (folder / "expected.json").exists())
REQUESTS_PER_MTOK = 1000
"""In G02, G03, G04 and G16 a request is 1,000 prompt tokens."""
Run = Callable[..., Any]


def approx(value: Any) -> Any:
    return pytest.approx(value, rel=1e-6, abs=1e-9)


def expected(case: str) -> dict[str, Any]:
    (figures,) = json.loads((HERE / case / "expected.json").read_text(encoding="utf-8")).values()
    return dict(figures)


def case_from(path: Path, catalog: Catalog) -> Case:
    return resolve(Scenario.read(path), catalog)


def mtok(requests: float) -> float:
    return requests / REQUESTS_PER_MTOK


@pytest.mark.parametrize(
    ("scenario", "option", "figure"),
    [
        ("scenario.yaml", "plain", "plain"),
        ("scenario.yaml", "batch20", "batch20"),
        ("long.yaml", "long", "long_context_whole_request"),
        ("uplift.yaml", "uplift", "opus_like_uplift_tok_reasoning"),
    ],
)
def test_g01_the_price_of_one_request(run: Run, scenario: str, option: str, figure: str) -> None:
    answer = run("compare", HERE / "g01" / scenario, "--json").data
    found = {item["id"]: item for item in answer["options"]}[option]
    assert found["usd_per_request"] == approx(expected("g01")[figure])
    assert sum(found["lines_usd"].values()) == approx(found["usd_per_month"])


def test_g01_cache_writes_and_long_prompts() -> None:
    figures = expected("g01")
    assert cache_break_even_uses(6.25, 0.50, 5.00) == approx(figures["cache_break_even_uses"])
    lengths, cv = figures["lognormal_mean20k_sigma1p2"], float(np.sqrt(np.expm1(1.2**2)))
    assert share_of_requests_above(272_000, 20_000, cv) == approx(lengths["share_requests_gt_272k"])
    assert share_of_tokens_above(272_000, 20_000, cv) == approx(lengths["share_tokens_gt_272k"])


def test_g02_every_crossing(run: Run) -> None:
    figures, answer = expected("g02"), run("breakeven", HERE / "g02" / "scenario.yaml", "--json").data
    found = answer["running_cost"]
    assert answer["status"] == "multiple"
    assert found["proven"]
    assert mtok(found["first"]) == approx(figures["first_crossing"])
    assert mtok(found["permanent"]) == approx(figures["permanent_crossing"])
    assert found["winning_intervals"][-1][1] is None
    ends = [[mtok(a), 20_000 if b is None else mtok(b)] for a, b in found["winning_intervals"]]
    assert np.array(ends) == approx(np.array(figures["self_wins_intervals_upto_20000"]))
    inner = sorted(end for pair in ends for end in pair if end < 20_000)
    assert len(inner) == figures["n_sign_changes"]
    assert inner == pytest.approx(figures["brute_force_sign_changes"], abs=0.051)  # its grid is 0.05 wide
    api = [[mtok(a), mtok(b)] for a, b in pairwise([0, *(x * REQUESTS_PER_MTOK for x in inner)])][::2]
    assert np.array(api) == approx(np.array(figures["api_wins"]))


def test_g02_every_step_of_the_staircase(catalog: Catalog) -> None:
    case = case_from(HERE / "g02" / "scenario.yaml", catalog)
    for step in expected("g02")["steps"]:
        just_after, end = step["lo"] * REQUESTS_PER_MTOK + 0.1, step["hi"] * REQUESTS_PER_MTOK
        low, high = (evaluate(case, {VOLUME: requests}) for requests in (just_after, end))
        assert float(low["own"].running_usd) == approx(step["self_at_lo"])
        assert float(high["own"].running_usd) == approx(step["self_at_hi"])
        assert float(low["api"].running_usd) == pytest.approx(step["api_at_lo"], abs=0.001)
        assert float(high["api"].running_usd) == approx(step["api_at_hi"])


def test_g02_in_closed_form() -> None:
    given, figures = expected("g02")["inputs"], expected("g02")
    found = line_against_staircase(given["p"], given["F"], given["k"], given["Q"], given["r"], given["v"])
    assert found.first == approx(figures["first_crossing"])
    assert found.permanent == approx(figures["permanent_crossing"])
    assert found.bound == approx(figures["V_bound"])
    assert given["p"] - given["v"] == approx(figures["margin"])


def test_g03_never_and_what_would_have_to_change(run: Run) -> None:
    figures, answer = expected("g03"), run("breakeven", HERE / "g03" / "scenario.yaml", "--json").data
    assert answer["status"] == answer["with_build"]["status"] == "never"
    assert answer["running_cost"]["winning_intervals"] == []
    assert answer["running_cost"]["first"] is answer["running_cost"]["permanent"] is None
    assert answer["running_cost"]["proven"]
    needs, needed = answer["needs"]["ever"], figures["needed"]
    assert needs["usd_per_gpu_hour"] == approx(needed["gpu_price_per_h_below"])
    assert needs["throughput_ratio"] == approx(needed["throughput_multiplier_above"])
    assert needs["api_price_ratio"] * figures["inputs"]["p"] == approx(needed["api_price_above"])
    at = answer["at_volume"]
    assert mtok(at["requests_per_month"]) == approx(100_000)
    assert at["baseline_usd"] == approx(figures["at_100k_Mtok"]["api"])
    assert at["challenger_usd"] == approx(figures["at_100k_Mtok"]["self"])


def test_g03_in_closed_form() -> None:
    given = expected("g03")["inputs"]
    found = line_against_staircase(given["p"], given["F"], given["k"], given["Q"], given["r"], given["v"])
    assert (found.first, found.permanent, found.bound) == (None, None, None)
    assert given["k"] / given["Q"] == approx(expected("g03")["asymptotic_unit_cost"])


def test_g04_windows_only(run: Run) -> None:
    figures, answer = expected("g04"), run("breakeven", HERE / "g04" / "scenario.yaml", "--json").data
    found = answer["running_cost"]
    assert answer["status"] == "window"
    assert found["permanent"] is figures["permanent"] is None
    assert found["proven"]
    assert np.array(found["winning_intervals"]) / REQUESTS_PER_MTOK == approx(np.array(figures["self_wins"]))


def test_g04_slopes_far_out(catalog: Catalog) -> None:
    figures, case = expected("g04"), case_from(HERE / "g04" / "scenario.yaml", catalog)
    ledgers = evaluate(case, {VOLUME: np.array([100e6, 200e6])})  # 100,000 and 200,000 Mtok, ends of steps
    slopes = {name: float(np.diff(ledger.running_usd)[0]) / 100_000 for name, ledger in ledgers.items()}
    assert slopes["own"] == approx(figures["asymptotic_self_slope"])
    assert slopes["api"] == approx(figures["asymptotic_api_slope"])


NAMES_OF_G16 = {"api": "frontier_api", "hosted": "hosted_open_api", "own": "self_host"}


def test_g16_the_lower_envelope_of_three(run: Run) -> None:
    figures, answer = expected("g16"), run("breakeven", HERE / "g16" / "scenario.yaml", "--json").data
    exact = figures["inputs"]["exact_envelope"]
    assert [NAMES_OF_G16[part["option"]] for part in answer["envelope"]] == [name for _, name in exact]
    assert [mtok(part["from"]) for part in answer["envelope"]] == approx([start for start, _ in exact])
    assert [mtok(part["to"]) for part in answer["envelope"][:-1]] == approx([start for start, _ in exact[1:]])
    assert answer["envelope"][-1]["to"] is None


def test_g16_on_whole_mtok(catalog: Catalog) -> None:
    case = case_from(HERE / "g16" / "scenario.yaml", catalog)
    volume = np.arange(1.0, 400_001.0)
    ledgers = evaluate(case, {VOLUME: volume * REQUESTS_PER_MTOK})
    best = np.stack([ledgers[name].running_usd for name in NAMES_OF_G16]).argmin(axis=0)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    found = [[volume[j], list(NAMES_OF_G16.values())[best[j]]] for j in starts]
    assert found == expected("g16")["envelope_to_400k"]


def test_g16_the_month_of_100_mtok_a_day(run: Run) -> None:
    answer = run("compare", HERE / "g16" / "scenario.yaml", "--json").data
    for option in answer["options"]:
        wanted = expected("g16")["cost_at_3042Mtok"][NAMES_OF_G16[option["id"]]]
        assert option["usd_per_month"] == approx(wanted)


def test_g16_self_host_against_the_hosted(run: Run) -> None:
    figures = expected("g16")
    answer = run("breakeven", HERE / "g16" / "scenario.yaml", "--baseline", "hosted", "--json").data
    assert mtok(answer["running_cost"]["first"]) == approx(figures["self_first_beats_hosted"])
    assert mtok(answer["running_cost"]["permanent"]) == approx(figures["inputs"]["exact_envelope"][-1][0])


@pytest.mark.parametrize("name", expected("g12")["inputs"]["points"])
def test_g12_the_work_model_fitted_to_published_points(name: str) -> None:
    figures, points = expected("g12")[name], np.array(expected("g12")["inputs"]["points"][name], dtype=float)
    found = fit(points[:, 0], points[:, 1], points[:, 2])
    assert found.prefill_s_per_tok * 1e6 == approx(figures["a_us"])
    assert found.decode_s_per_tok * 1e6 == approx(figures["b_us"])
    assert found.context_s_per_tok2 * 1e9 == approx(figures["c_ns"])
    assert found.error_frac == approx(np.array(figures["rel_err"]))
    seconds = request_seconds(
        found.prefill_s_per_tok,
        0.0,
        found.decode_s_per_tok,
        found.context_s_per_tok2,
        uncached_tok=1500.0,
        cached_tok=0.0,
        output_tok=500.0,
        context_tok2=500.0 * (1500.0 + 250.0),
    )
    assert seconds == approx(figures["t_1500_500"])


def g11_replica() -> Replica:
    given = expected("g11")["inputs"]
    gpus, rates = given["gpus"], np.array([given["flops_fp8"], given["flops_bf16"]]) / FLOPS_PER_TFLOP
    weights = weights_gb(given["params"] / PARAMS_PER_BILLION, given["bytes_per_weight"])
    room = room_gb(
        given["memory_bytes"] / BYTES_PER_GB,
        gpus,
        given["memory_frac"],
        given["overhead_bytes_per_gpu"] / BYTES_PER_GB,
        weights,
    )
    return Replica(
        weights_gb=weights,
        experts_frac=0.0,
        chosen_frac=1.0,
        active_params_billions=given["params"] / PARAMS_PER_BILLION,
        attention_count=given["layers"] * given["heads_x_head_dim"],
        kv_bytes_per_tok=given["kv_bytes_per_tok"],
        window_kv_bytes_per_tok=0.0,
        window_tok=np.inf,
        room_gb=room,
        memory_gb_per_s=gpus * given["bandwidth_bytes_per_s"] / BYTES_PER_GB * given["eta_bandwidth"],
        tflops=gpus * rates[0] * given["eta_compute"],
        attention_tflops=gpus * rates[1] * given["eta_compute"],
        overhead_s=given["step_overhead_s"],
        exchange_s_per_tok=0.0,
        max_batch_count=given["max_batch"],
    )


G11_LENGTHS = (1024.0, 1024.0, 1024.0 + 512.0)
"""Prompt, answer, and mean context: the prompt and half the answer."""


def test_g11_the_roofline() -> None:
    figures, replica, (prompt, answer, context) = expected("g11"), g11_replica(), G11_LENGTHS
    batch = batch_in_memory(replica, context)
    assert replica.weights_gb == approx(figures["weights_GB"])
    assert replica.room_gb == approx(figures["kv_room_GB"])
    assert kv_bytes(replica, context) == approx(figures["kv_per_seq_MB"] * 1e6)
    assert batch == approx(figures["B"])
    assert read_s(replica, batch, context) == approx(figures["mem_s"])
    assert compute_s(replica, batch) == approx(figures["comp_s"])
    assert step_s(replica, batch, context) == approx(figures["step_s"])
    assert prefill_s(replica, prompt) == approx(figures["prefill_s"])
    assert request_s(replica, batch, *G11_LENGTHS) == approx(figures["request_s"])
    assert answer / request_s(replica, batch, *G11_LENGTHS) == approx(figures["out_tok_s_replica"])
    assert figures["out_tok_s_gpu"] / figures["published_out_tok_s_gpu"] == approx(figures["ratio_est_over_published"])
    assert tpot_s(replica, batch, *G11_LENGTHS) == approx(figures["tpot_eff_s"])


def test_g11_its_straight_lines() -> None:
    lines, replica, (prompt, _, context) = expected("g11")["lin"], g11_replica(), G11_LENGTHS
    assert read_s(replica, 0.0, context) == approx(lines["mem0"])
    assert read_s(replica, 1.0, context) - read_s(replica, 0.0, context) == approx(lines["mem1"])
    assert compute_s(replica, 1.0) == approx(lines["comp1"])
    assert prefill_s(replica, prompt) / prompt == approx(lines["pre1"])
    assert replica.overhead_s == approx(lines["t0"])


@pytest.mark.parametrize("limit_ms", [30, 50, 100])
def test_g11_what_a_service_level_leaves(limit_ms: int) -> None:
    figures, gpus = expected("g11"), expected("g11")["inputs"]["gpus"]
    batch = batch_at_slo(g11_replica(), *G11_LENGTHS, tpot_limit_s=limit_ms / 1e3, ttft_limit_s=np.inf)
    per_gpu = batch / tpot_s(g11_replica(), batch, *G11_LENGTHS) / gpus
    wanted = figures["at_TPOT_slo"][f"{limit_ms}ms"]
    assert batch == approx(wanted["B"])
    assert per_gpu == approx(wanted["out_tok_s_gpu"])
    assert per_gpu / figures["out_tok_s_gpu"] == approx(wanted["derate_vs_max"])


def test_g11_what_fits_and_what_does_not(catalog: Catalog) -> None:
    figures = expected("g11")
    assert room_gb(24.0, 1, 0.9, 4.0, figures["fp8_on_one_4090_24GB"]["weights_GB"]) < 0
    for name, key in (
        ("meta-llama/Llama-3.3-70B-Instruct", "llama33_70b_bf16"),
        ("Qwen/Qwen3-32B", "qwen3_32b_bf16"),
        ("deepseek-ai/DeepSeek-V3", "deepseek_v3_mla_bf16"),
        ("meta-llama/Llama-4-Scout-17B-16E-Instruct", "llama4_scout_global_layers_bf16"),
    ):
        assert catalog.model(name).kv_bytes_per_tok_fp16_bytes == figures["kv_bytes_per_token"][key]
    scout = catalog.model("meta-llama/Llama-4-Scout-17B-16E-Instruct").kv_bytes_per_tok_fp16_bytes
    assert 10e6 * scout / BYTES_PER_GB == approx(figures["scout_10M_ctx_kv_GB"])
    deepseek = weights_gb(catalog.model("deepseek-ai/DeepSeek-V3").total_params_billions, 1.0)
    assert deepseek == approx(figures["dsv3_weights_fp8_GB"])
    assert np.ceil(deepseek / 24.0) == figures["dsv3_4090s_for_weights_only"]
    assert np.ceil(deepseek / (0.9 * 24.0)) == figures["dsv3_4090s_at_90pct"]


G05 = HERE / "g05" / "scenario.yaml"


def test_g05_work_and_capacity(run: Run) -> None:
    figures = expected("g05")
    own = option(run, "rent_fixed")
    assert own["request_s"] == approx(figures["request_seconds"]["total"])
    assert 1 / own["request_s"] == approx(figures["replica_req_per_s"])
    assert 6e6 / own["step_requests_per_month"] == approx(figures["need_hot"])
    assert own["step_requests_per_month"] == approx(figures["rent_fixed"]["break_even_requests"]["step_capacity"])
    assert own["replicas_peak"] == figures["replicas"]["hot"]
    assert own["load_frac"] == approx(figures["allocation_util"]["fixed"])


def test_g05_the_parts_of_a_request(catalog: Catalog) -> None:
    parts = expected("g05")["request_seconds"]["parts"]
    numbers = case_from(G05, catalog).numbers
    work = numbers.options["rent_fixed"].capacity.work  # type: ignore[attr-defined]
    terms = (900.0, 600.0, 400.0, 1500.0 * 400.0 + 400.0**2 * 2 / 2)
    seconds = [request_seconds(*coefficients, *terms) for coefficients in np.diag(list(dict(work).values()))]
    assert seconds == approx([parts["prefill"], parts["cached"], parts["decode"], parts["context"]])
    means_only = sum(seconds[:3]) + work.context_s_per_tok2 * 400 * (1500 + 200)
    assert means_only == approx(expected("g05")["request_seconds"]["if_means_only"])
    assert min(numbers.workload.shape_hours) == approx(expected("g05")["x_cold"])


def test_g05_the_month(run: Run) -> None:
    figures = expected("g05")
    own, api = option(run, "rent_fixed"), option(run, "api")
    assert own["lines_usd"]["gpu_rent"] == approx(figures["compute_per_month"]["fixed_on_demand"])
    other = sum(own["lines_usd"][line] for line in ("staging", "people_run", "other"))
    assert other == approx(figures["F_without_compute"])
    assert own["usd_per_month"] == approx(figures["self_host_month"]["fixed"])
    assert own["usd_per_month"] == approx(figures["rent_fixed"]["month_usd"])
    assert api["usd_per_month"] == approx(figures["api_per_month"])
    assert api["usd_per_request"] == approx(figures["api_per_request"])
    assert api["usd_per_mtok"] == approx(figures["api_usd_per_Mtok_total"])
    assert own["build_usd"] == approx(figures["cash"]["build_I0"])
    amortised = own["with_build_usd"] - own["usd_per_month"]
    assert amortised == approx(figures["rent_fixed"]["amortised_build_per_month"])
    assert monthly_rate(0.10) == approx(figures["cash"]["monthly_rate"])
    assert option(run, "hosted")["usd_per_request"] == approx(figures["hosted_open_price"]["usd_per_request"])


def test_g05_the_break_even(run: Run) -> None:
    figures, answer = expected("g05"), run("breakeven", G05, "--json").data
    for which in ("running_cost", "with_build"):
        found = answer[which]
        ((start, _),) = figures["rent_fixed"]["break_even_requests"][which]
        assert found["status"] == "single"
        assert found["first"] == found["permanent"] == approx(start)
        assert found["winning_intervals"] == [[found["first"], None]]
        assert found["proven"]
    needs, inverse = answer["needs"]["at_volume"], figures["inverse"]
    assert needs["api_price_ratio"] == approx(inverse["api_price_multiplier"])
    assert needs["usd_per_gpu_hour"] == approx(inverse["gpu_usd_per_h"])
    assert needs["run_fte"] == approx(inverse["fte"])


def test_g05_the_bridge(run: Run) -> None:
    figures = expected("g05")["saving_bridge_month"]
    start, model, hosting = run("compare", G05, "--json").data["bridge"]
    assert start["usd_per_month"] == approx(figures["frontier_api"])
    assert model["usd_per_month"] == approx(figures["hosted_open_api_same_tokens"])
    assert (model["effect"], model["saving_usd"]) == ("model", approx(figures["model_substitution"]))
    assert (hosting["effect"], hosting["id"]) == ("hosting", "rent_fixed")
    assert start["usd_per_month"] - model["saving_usd"] - hosting["saving_usd"] == approx(hosting["usd_per_month"])


def test_g05_replicas_by_hour(catalog: Catalog) -> None:
    figures, case = expected("g05"), case_from(G05, catalog)
    plan = capacity_of(case, "rent_mix")
    assert plan is not None
    assert (plan.replicas_peak, plan.replicas_low) == (figures["replicas"]["hot"], figures["replicas"]["cold"])
    assert plan.base_gpus == 2
    assert plan.starts_per_week == 5
    assert plan.replicas_by_hour.sum() == 45 * 3 + 123 * 2


@pytest.mark.parametrize(
    ("fleet", "line"),
    [("fixed", "fixed_on_demand"), ("autoscaled", "autoscaled_on_demand"), ("", "reserved_plus_burst")],
)
def test_g05_the_rent_of_each_fleet(run: Run, fleet: str, line: str) -> None:
    change = ("--set", f"options.rent_mix.fleet={fleet}") if fleet else ()
    own = option(run, "rent_mix", *change)
    assert own["lines_usd"]["gpu_rent"] + own["lines_usd"]["scaling"] == approx(
        expected("g05")["compute_per_month"][line]
    )
    if fleet == "autoscaled":
        assert own["load_frac"] == approx(expected("g05")["allocation_util"]["auto"])


def test_g05_reserved_and_burst(run: Run) -> None:
    figures = expected("g05")
    own = option(run, "rent_mix")
    assert own["usd_per_month"] == approx(figures["rent_mix"]["month_usd"])
    assert own["usd_per_mtok"] == approx(figures["self_host_usd_per_Mtok_total"])
    answer = run("breakeven", G05, "--challenger", "rent_mix", "--json").data
    for which in ("running_cost", "with_build"):
        ((start, _),) = figures["rent_mix"]["break_even_requests"][which]
        assert answer[which]["status"] == "single"
        assert answer[which]["permanent"] == approx(start)
        assert answer[which]["proven"]


def test_g05_autoscaled(run: Run) -> None:
    change = ("--set", "options.rent_mix.fleet=autoscaled", "--challenger", "rent_mix")
    found = run("breakeven", G05, *change, "--json").data["running_cost"]
    ((start, _),) = expected("g05")["break_even_autoscaled"]["intervals_upto_40M"]
    assert found["permanent"] == approx(start)


def test_g05_the_bridge_to_reserved_and_burst(run: Run) -> None:
    figures = expected("g05")["saving_bridge_month"]
    *_, hosting = run("compare", G05, "--challenger", "rent_mix", "--json").data["bridge"]
    assert (hosting["id"], hosting["effect"]) == ("rent_mix", "hosting")
    assert hosting["usd_per_month"] == approx(figures["self_host_mix"])
    assert hosting["saving_usd"] == approx(figures["hosting"])


def test_g05_work_that_may_wait_in_the_valleys(run: Run) -> None:
    # the 20 % that may wait leave the peak: each step carries 3,894,371.832 / 0.8
    own = option(run, "rent_fixed", "--set", "options.rent_fixed.deferrable=in_valleys")
    assert own["step_requests_per_month"] == approx(3_894_371.832 / 0.8)


G06 = HERE / "g06" / "scenario.yaml"


def test_g06_a_bought_server(run: Run) -> None:
    figures = expected("g06")
    own = {item["id"]: item for item in run("compare", G06, "--json").data["options"]}["own"]
    lines = own["lines_usd"]
    assert lines["capital"] == approx(figures["capital_charge"])
    assert lines["support"] == approx(figures["support"])
    assert lines["insurance"] == approx(figures["insurance"])
    assert lines["colocation"] == approx(figures["colo"])
    assert lines["electricity"] == approx(figures["electricity"])
    assert own["usd_per_month"] == approx(figures["own_month_with_0p1_fte"])
    assert own["usd_per_month"] - lines["people_hands"] == approx(figures["own_month"])


def test_g06_a_gpu_hour_and_the_life_of_the_hardware(catalog: Catalog) -> None:
    figures, case = expected("g06"), case_from(G06, catalog)
    plan = capacity_of(case)
    assert plan is not None
    assert plan.facts["hardware_usd"] == approx(figures["capex"])
    assert plan.facts["usd_per_gpu_hour"] == approx(figures["usd_per_gpu_hour_ex_people"])
    assert plan.facts["usd_per_gpu_hour_with_hands"] == approx(figures["usd_per_gpu_hour"])
    assert plan.facts["worth_owning_above_frac"] == approx(figures["break_even_share_of_hours_vs_on_demand"])
    assert plan.facts["present_value_usd"] == approx(figures["pv48_cash"])
    assert plan.facts["after_tax_present_value_usd"] == approx(figures["after_tax_pv48_T25_SL"])
    assert plan.energy is not None
    assert plan.energy.kwh_per_month == approx(figures["kwh_month"])
    reserved = evaluate(case, {"options.own.rent_usd_per_gpu_hour": 2.60})["own"].facts
    assert float(np.asarray(reserved["rent_present_value_usd"])) == approx(figures["pv48_rent_reserved"])
    assert capital_recovery(0.10, 48.0) == approx(figures["crf_monthly"])
    # the cash over the life and the monthly charge are the same money
    monthly = figures["capital_charge"] / figures["crf_monthly"]
    assert approx(monthly) == 351_000 - 45_000 / 1.1**4


def test_g17_work_that_may_wait_fills_the_quiet_hours(run: Run) -> None:
    figures, scenario = expected("g17"), HERE / "g17" / "scenario.yaml"
    own = {item["id"]: item for item in run("compare", scenario, "--json").data["options"]}
    assert own["deferred"]["replicas_peak"] == figures["n_deferred"]
    assert own["same_shape"]["replicas_peak"] == figures["n_if_same_shape"]
    assert float(whole(1.34 + 8 / 24)) == figures["n_if_spread_evenly"]


def test_g17_the_slack_of_two_replicas(catalog: Catalog) -> None:
    plan = capacity_of(case_from(HERE / "g17" / "scenario.yaml", catalog))
    assert plan is not None
    free = (plan.replicas_by_hour - plan.busy_by_hour)[:24].sum()
    assert free + 8 == approx(expected("g17")["free_replica_hours_at_2"])  # what may wait is among the busy hours
    assert plan.busy_by_hour[:24].sum() == approx(24.11)


def test_g05_with_another_price_of_a_gpu_from_the_command_line(run: Run) -> None:
    # 3 replicas x 730 h x 4.20 = 9,198 rent, 200 h x 4.20 = 840 staging, 12,500 people and other, 231.35625 failover
    change = ("--set", "options.rent_fixed.gpu.on_demand_usd_per_gpu_hour=4.2")
    assert option(run, "rent_fixed", *change)["usd_per_month"] == approx(9_198 + 840 + 12_500 + 231.35625)


def test_g05_by_a_real_process_in_an_empty_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tco.cli", "breakeven", str(G05), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=True)
    ((start, _),) = expected("g05")["rent_fixed"]["break_even_requests"]["running_cost"]
    assert json.loads(done.stdout)["running_cost"]["permanent"] == approx(start)
    assert done.stderr == ""


def option(run: Run, name: str, *arguments: str) -> dict[str, Any]:
    answer = run("compare", G05, "--json", *arguments).data
    return {item["id"]: dict(item) for item in answer["options"]}[name]


def test_g13_a_unit_beside_the_same_tokens_as_they_go() -> None:
    figures, given = expected("g13"), expected("g13")["inputs"]
    tpm, paid = given["input_tpm_per_unit"], given["payg_input_usd_per_mtok"]
    assert unit_tok_per_month(tpm) == approx(figures["tokens_per_ptu_month"])
    assert meter_usd(unit_tok_per_month(tpm), paid) == approx(figures["payg_value_full_month"])
    found = [paying_use_frac(usd, tpm, paid) for usd in given["unit_usd_per_month"].values()]
    assert found == approx(list(figures["break_even_util"].values()))
    peak = figures["example"]
    weighted = weighted_tok(peak["in_tpm"], 0.0, peak["out_tpm"], 1.0, peak["out_weight"])
    assert weighted == approx(peak["weighted"])
    assert weighted / tpm == approx(peak["ptu_raw"])
    assert provisioned_units(weighted, tpm, 5.0, 0.0) == peak["ptu_increment5"]


def test_g13_units_bought_for_a_peak(run: Run) -> None:
    figures, answer = expected("g13")["example"], run("compare", HERE / "g13" / "scenario.yaml", "--json").data
    found = {item["id"]: item for item in answer["options"]}
    assert found["units"]["lines_usd"]["provisioned"] == approx(figures["month_annual_res"])
    assert found["units"]["usd_per_month"] == approx(figures["month_annual_res"])  # nothing spills
    # as they go: 8,760 Mtok in at 1.25 and 438 Mtok out at 10
    assert found["as_they_go"]["usd_per_month"] == approx(10_950 + 4_380)


@pytest.mark.parametrize("case", CASES)
def test_each_case_says_how_it_was_worked(case: str) -> None:
    assert len((HERE / case / "how.md").read_text(encoding="utf-8").split()) > 40


def reference() -> Path | None:
    places = [Path(os.environ["TCO_SHARED"])] if "TCO_SHARED" in os.environ else []
    places.append(HERE.parents[2] / "shared")
    return next(
        (place / "golden" / "golden.json" for place in places if (place / "golden" / "golden.json").exists()), None
    )


def differences(carried: Any, original: Any, path: str) -> Iterator[str]:
    if isinstance(carried, dict):
        for key, value in carried.items():
            yield from differences(value, original[key], f"{path}.{key}")
    elif carried != original:
        yield f"{path}: {carried!r}, not {original!r}"


@pytest.mark.skipif(reference() is None, reason="the reference figures are not beside this checkout (TCO_SHARED)")
@pytest.mark.parametrize("case", CASES)
def test_the_carried_figures_are_those_of_the_reference(case: str) -> None:
    original = json.loads((reference() or Path()).read_text(encoding="utf-8"))
    carried = json.loads((HERE / case / "expected.json").read_text(encoding="utf-8"))
    assert list(differences(carried, original, case)) == []
