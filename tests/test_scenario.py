"""The scenario: what a person writes, checked at the door, changed by path, read back the same."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.errors import LookupFault, ScenarioError, TcoError
from tco.scenario import SECTIONS, Scenario, field_paths

YAML = """
scenario: 1
as_of: 2026-11-20
workload:
  requests_per_month: 6.0e6   # a number to YAML 1.2
  input_length: {mean_tok: 1500, cv: 1}
  output_length: {mean_tok: 400, cv: 1}
  shape: flat
options:
  api: {kind: api, sku: openai/gpt-5.4}
  own: {kind: rented, model: openai/gpt-oss-120b, gpu_name: H100-SXM, capacity: {gpus_per_replica: 2}}
"""


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return Scenario.from_yaml(YAML)


def faults(tree: Any) -> list[str]:
    with pytest.raises(ScenarioError) as told:
        Scenario.from_tree(tree)
    return [str(fault) for fault in told.value.faults]


OPTIONS = {"api": {"kind": "api"}}


def test_it_reads_yaml_1_2(scenario: Scenario) -> None:
    assert scenario.get("workload.requests_per_month") == 6e6
    assert scenario.as_of == date(2026, 11, 20)
    assert Scenario.from_yaml("as_of: null\noptions: {no: {kind: api}}").get("options.no.kind") == "api"


def test_what_is_not_said_is_none(scenario: Scenario) -> None:
    assert scenario.get("finance.discount_frac") is None
    assert scenario.get("options.api.price.input_usd_per_mtok") is None
    assert scenario.get("no.such.path") is None


def test_it_reads_back_the_same(scenario: Scenario, repository: Path) -> None:
    for one in (scenario, *(Scenario.read(path) for path in sorted((repository / "scenarios").glob("*.yaml")))):
        again = Scenario.from_yaml(one.to_yaml())
        assert dict(again.tree) == dict(one.tree)
        assert again.hash == one.hash


def test_set_makes_another_and_leaves_the_first(scenario: Scenario) -> None:
    changed = scenario.set("options.own.capacity.spare_replicas", 2)
    assert changed.get("options.own.capacity.spare_replicas") == 2
    assert changed.get("options.own.capacity.gpus_per_replica") == 2
    assert scenario.get("options.own.capacity.spare_replicas") is None


def test_none_takes_back_what_was_said(scenario: Scenario) -> None:
    assert scenario.set("workload.shape", None).get("workload.shape") is None
    assert scenario.set("finance.discount_frac", None).get("finance.discount_frac") is None


def test_a_bill_takes_the_place_of_requests_and_back(scenario: Scenario) -> None:
    billed = scenario.set("workload.bill_usd_per_month", 38_000)
    assert billed.get("workload.requests_per_month") is None
    assert billed.set("workload.requests_per_month", 5).get("workload.bill_usd_per_month") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("35", 35),
        ("6e6", 6e6),
        ("60e-6", 60e-6),
        ("conversation", "conversation"),
        ("null", None),
        ("", None),
    ],
)
def test_a_value_as_typed_on_a_command_line(scenario: Scenario, text: str, value: object) -> None:
    path = "workload.shape" if isinstance(value, str) or value is None else "workload.requests_per_month"
    assert scenario.set_text(path, text).get(path) == value


@pytest.mark.parametrize("value", [[1], "1,5", "$10", float("nan"), float("inf"), -1])
def test_a_number_that_is_none_is_refused(scenario: Scenario, value: object) -> None:
    with pytest.raises(ScenarioError, match=r"workload\.requests_per_month"):
        scenario.set("workload.requests_per_month", value)


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("workload.request_per_month", "workload.requests_per_month"),
        ("options.own.gpu.usd_per_gpu_hour", "options.own.gpu.on_demand_usd_per_gpu_hour"),
        ("discount_frac", "finance.discount_frac"),
        ("options.owned.gpu.provider", "options.own.gpu.provider"),
    ],
)
def test_an_unknown_path_is_told_the_nearest(scenario: Scenario, path: str, nearest: str) -> None:
    with pytest.raises(LookupFault, match=nearest):
        scenario.set(path, 1)


def test_every_field_has_a_path(scenario: Scenario) -> None:
    paths = scenario.paths()
    for section, model in SECTIONS.items():
        assert {f"{section}.{path}" for path in field_paths(model)} <= set(paths)
    wanted = {
        "options.api.price.input_usd_per_mtok",
        "options.api.batch",
        "options.api.batch.input_ratio",
        "options.own.capacity.work.prefill_s_per_tok",
        "options.own.people.run_fte",
    }
    assert wanted <= set(paths)
    assert "options.api.auto_added" not in paths
    assert len(paths) == len(set(paths))


def test_an_option_can_be_added_and_taken_away(scenario: Scenario) -> None:
    more = scenario.set("options.host", {"kind": "api", "sku": "groq/openai/gpt-oss-120b"})
    assert more.get("options.host.sku") == "groq/openai/gpt-oss-120b"
    assert "options.host.price.input_usd_per_mtok" in more.paths()
    assert more.set("options.host", None).get("options.host") is None


def test_every_fault_is_told_at_once() -> None:
    told = faults(
        {
            "scenario": 2,
            "as_of": "tomorrow",
            "workloud": {},
            "name": 7,
            "workload": {"batch_frac": 35, "input_length": {"mean": 5}, "burst_ratio": 0.5},
            "finance": {"discount_frac": float("nan"), "amortise_build_months": 0},
            "options": {
                "api": {"kind": "api", "cache_hit_frac": -0.1, "price": {"input_usd_per_mtok": "$10"}},
                "own": {"kind": "rent"},
                "a.b": {"kind": "api"},
                "set": {"kind": "api", "auto_added": True},
            },
        }
    )
    wanted = [
        ("scenario: scenario: 2", "format 1"),
        ("scenario: as_of", "2026-11-20"),
        ("workloud", "did you mean workload"),
        ("name", "words"),
        ("workload.batch_frac: 35", "0.35 for 35 %"),
        ("workload.input_length.mean:", "mean_tok"),
        ("workload.burst_ratio: 0.5", "at least 1"),
        ("finance.discount_frac: nan", "finite"),
        ("finance.amortise_build_months: 0", "above 0"),
        ("options.api.cache_hit_frac: -0.1", "at least 0"),
        ("options.api.price.input_usd_per_mtok: '$10'", "without a currency sign"),
        ("options.own.kind: 'rent'", "api, owned, rented"),
        ("options.a.b", "no dot"),
        ("options.set.auto_added", "leave it out"),
        ("options.set.auto_added: true", "neither here"),
    ]
    for where, mend in wanted:
        assert any(where in fault and mend in fault for fault in told), (where, mend, told)
    assert len(told) == len(wanted)


@pytest.mark.parametrize(
    ("tree", "words"),
    [
        (None, "mapping"),
        ([1, 2], "mapping"),
        ({}, "name at least one option"),
        ({"options": {}}, "name at least one option"),
        ({"options": {"api": 5}}, "api, owned, rented"),
        ({"options": OPTIONS, "workload": 5}, "group of keys"),
        ({"options": {1: {"kind": "api"}}}, "in quotes"),
        ({"options": OPTIONS, "workload": {1: 2}}, "workload"),
    ],
)
def test_a_tree_that_is_no_scenario(tree: Any, words: str) -> None:
    assert any(words in fault for fault in faults(tree))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [1", "line"),
        ("options: {a: {kind: api}}\noptions: {b: {kind: api}}", "twice"),
        ("a: b: c", "line 1"),
        ("a: !!python/object:os.system {}", "line 1"),
        ("as_of: 2026-13-45\noptions: {a: {kind: api}}", "month"),
    ],
)
def test_broken_yaml_is_told_with_its_line(text: str, words: str) -> None:
    with pytest.raises(TcoError, match=words):
        Scenario.from_yaml(text)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TcoError, match="UTF-8"):
        Scenario.read(tmp_path / "x.yaml")
    with pytest.raises(TcoError, match="no such file"):
        Scenario.read(tmp_path / "y.yaml")
    with pytest.raises(TcoError, match="folder"):
        Scenario.read(tmp_path)


def test_the_tree_a_scenario_came_from_is_not_its_own() -> None:
    tree: dict[str, Any] = {"options": {"api": {"kind": "api"}}}
    made = Scenario.from_tree(tree)
    tree["options"]["api"]["kind"] = "rented"
    assert made.get("options.api.kind") == "api"


CHANGES = {
    "as_of": date(2026, 11, 21),
    "name": "other",
    "baseline": "api",
    "workload.shape": "coding",
    "workload.requests_per_month": 6_000_001,
    "workload.input_length.cv": 1.1,
    "finance.discount_frac": 0.11,
    "options.api.sku": "anthropic/claude-opus-4-6",
    "options.own.capacity.gpus_per_replica": 4,
    "options.own.gpu.on_demand_usd_per_gpu_hour": 2.5,
}


def test_the_hash_changes_with_anything(scenario: Scenario) -> None:
    hashes = {scenario.hash, *(scenario.set(path, value).hash for path, value in CHANGES.items())}
    assert len(hashes) == len(CHANGES) + 1
    assert all(len(name) == 12 for name in hashes)
    assert scenario.set("name", "x").set("name", None).hash == scenario.hash


KEYS = st.sampled_from(["workload", "options", "kind", "api", "price", "mean_tok", "batch_frac", "as_of", 3])
VALUES = st.none() | st.booleans() | st.floats() | st.text(max_size=4)
TREES = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(TREES)
def test_whatever_is_written_is_a_scenario_or_an_error_in_words(tree: Any) -> None:
    told: list[TcoError] = []
    try:
        Scenario.from_tree({"options": OPTIONS, **tree} if isinstance(tree, dict) else tree)
    except TcoError as error:
        told.append(error)
    assert all(fault.where and fault.mend for error in told for fault in error.faults)


def test_a_service_level_takes_the_place_of_typed_limits() -> None:
    typed = Scenario.from_tree({"options": OPTIONS, "service": {"ttft_ms": 1500, "tpot_ms": 40}})
    assert typed.set("service.level", "chat").tree["service"] == {"level": "chat"}
    assert typed.set("service.level", "chat").set("service.ttft_ms", 900).tree["service"] == {
        "level": "chat",
        "ttft_ms": 900,
    }


def test_another_kind_keeps_what_it_asks_too_and_drops_the_rest() -> None:
    own = {"kind": "rented", "model": "m", "gpu_name": "g", "fleet": "autoscaled", "gpu": {"provider": "p"}}
    scenario = Scenario.from_tree({"options": {"api": {"kind": "api"}, "own": own}})
    bought = scenario.set("options.own.kind", "owned").tree["options"]["own"]
    assert bought == {"kind": "owned", "model": "m", "gpu_name": "g"}
