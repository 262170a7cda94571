"""`tco estimate` and `tco rank`: the badge, the interval and the reasons, in words and as JSON."""

from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]
LLAMA = "meta-llama/Llama-3.3-70B-Instruct"


def test_an_estimate_in_words(run: Run) -> None:
    told = " ".join(run("estimate", LLAMA, "H200-SXM", "--gpus", "2", "--dtype", "fp8").out.split())
    assert "ESTIMATED" in told
    assert "2 × H200-SXM, between" in told
    assert "70.6 GB" in told
    assert "Limited by the service level" in told
    assert "nearest measurement: 2 × H200-SXM" in told


def test_an_estimate_as_data(run: Run) -> None:
    found = run(
        "estimate", LLAMA, "H200-SXM", "--gpus", "2", "--dtype", "fp8", "--input", "1024", "--output", "1024", "--json"
    ).data
    assert (found["grade"], found["gpus_per_replica"], found["limited_by"]) == ("estimated", 2, "tpot")
    assert found["weights_gb"] == pytest.approx(70.6)
    assert found["room_gb"] == pytest.approx(175.2)  # as in G11
    assert found["low_output_tok_per_s"] < found["output_tok_per_s"] < found["high_output_tok_per_s"]
    assert found["memory_requests"] == pytest.approx(696.2 / 2, abs=0.1)  # a cache of 16 bits, where G11 has 8
    cached = run(
        "estimate", LLAMA, "H200-SXM", "--gpus", "2", "--dtype", "fp8", "--kv-dtype", "fp8", "--input", "1024", "--output", "1024", "--json"
    ).data  # fmt: skip
    assert cached["memory_requests"] == pytest.approx(696.2, abs=0.1)
    tight = run("estimate", LLAMA, "H200-SXM", "--gpus", "2", "--dtype", "fp8", "--tpot-ms", "30", "--json").data
    assert tight["output_tok_per_s"] < found["output_tok_per_s"]


def test_an_estimate_at_a_number_in_flight(run: Run) -> None:
    found = run("estimate", LLAMA, "H200-SXM", "--gpus", "4", "--concurrency", "16", "--json").data
    assert (found["batch_count"], found["limited_by"]) == (16, "concurrency")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((LLAMA, "H200"), "H200-SXM"),
        (("meta-llama/Llama-3.3", "H200-SXM"), "Llama-3.3-70B-Instruct"),
        ((LLAMA, "L4"), "at least 9 are needed"),
        ((LLAMA, "H200-SXM", "--tpot-ms", "1"), "loosen service.ttft_ms or service.tpot_ms"),
    ],
)
def test_what_cannot_be_estimated(run: Run, words: tuple[str, ...], told: str) -> None:
    done = run("estimate", *words)
    assert (done.status, done.out) == (2, "")
    assert told in done.err


def test_a_ranking_in_words(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    told = " ".join(run("rank", LLAMA).out.split())
    assert "Llama 3.3 70B" in told
    assert "ESTIMATED" in told
    assert "no rent known" in told
    assert "RTX-4090: 4 × RTX-4090 hold 96 GB, the weights alone take 141 GB" in told


def test_a_ranking_as_data_follows_the_scenario(run: Run) -> None:
    few = run("rank", LLAMA, "--set", "workload.bill_usd_per_month=1000", "--json").data
    many = run("rank", LLAMA, "--set", "workload.bill_usd_per_month=1e6", "--json").data
    assert few["rows"][0]["usd_per_month"] < many["rows"][0]["usd_per_month"]
    assert few["requests_per_month"] < many["requests_per_month"]


def test_an_estimate_tells_how_far_its_doubt_moves_the_break_even(run: Run) -> None:
    changed = ("--set", "options.mix.gpu_name=L40S", "--set", "options.mix.capacity.gpus_per_replica=4")
    answer = run("breakeven", "scenarios/own-or-rent.yaml", *changed, "--json").data
    assert (answer["estimated"], answer["borrowed"]) == (True, False)
    doubt = answer["doubt"]
    assert doubt["low_throughput_ratio"] < 1 < doubt["high_throughput_ratio"]
    ends = [doubt[f"running_cost_{end}"]["permanent"] for end in ("fast", "slow")]
    assert ends[0] <= answer["running_cost"]["permanent"] <= ends[1]


def test_a_comparison_tells_every_fleet_and_its_service(run: Run) -> None:
    answer = run("compare", "scenarios/own-or-rent.yaml", "--json").data
    fleets = {fleet["option"]: fleet for fleet in answer["fleets"]}
    assert set(fleets) == {"fixed", "autoscaled", "mix", "bought"}
    assert len(fleets["mix"]["replicas_by_hour"]) == 168
    assert fleets["mix"]["replicas_low"] < fleets["mix"]["replicas_peak"]
    assert fleets["bought"]["facts"]["worth_owning_above_frac"] > 0
    assert {row["how"] for row in answer["service"]} == {"profile", "unknown"}
