"""Every warning fires in a case made for it, and in no other; each is plain words about finite dollars."""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.case import Case, ServingEvidence
from tco.inputs.source import Source
from tco.scenario import Scenario
from tco.solve.compare import compare
from tco.solve.warn import Caution

CaseOf = Callable[..., Case]
Tree = Mapping[str, Any]
BATCH = {"input_ratio": 0.5, "cached_ratio": 0.5, "output_ratio": 0.5}
CLEAN = {
    "parity_evidence": "evaluation 17 of 2026-11-01",
    "workload.requests_per_month": 1e5,  # 500 USD of API against 3,460: no saving that a falling price could take
    "workload.output_length.mean_tok": 100,
    "options.api.tokenizer_ratio": 1.1,
    "options.api.reasoning_ratio": 0.2,
    "options.own.people.run_fte": 0.5,
    "options.own.people.oncall_rotations_count": 1,
}
EVIDENCE = ServingEvidence(
    profile="acme",
    engine="vllm 0.11.2",
    gpus_per_replica=1,
    mixes=((100.0, 10.0), (100.0, 5000.0), (5000.0, 10.0), (5000.0, 5000.0)),
    percentile_used="p99",
    on_medians=False,
    ttft_known=True,
    error_frac=0.02,
    left_out_error_frac=0.05,
    memory_requests=10_000.0,
)


def found(case: Case) -> dict[str, Caution]:
    warnings = compare(case).warnings
    return {warning.code: warning for warning in warnings}


@pytest.fixture
def clean(case_of: CaseOf, plain: Tree) -> Callable[..., Case]:
    """A case with nothing to warn of, and changes that give cause."""

    def build(changes: Mapping[str, Any] | None = None, more: Tree | None = None, **evidence: Any) -> Case:
        tree = {**plain, "options": {**plain["options"], **(more or {})}}
        case = case_of(tree, {**CLEAN, **(changes or {})})
        return replace(case, evidence={"own": replace(EVIDENCE, **evidence)})

    return build


def test_a_clean_case_is_told_its_load_and_nothing_else(clean: Callable[..., Case]) -> None:
    assert set(found(clean())) == {"W-UTIL"}
    assert found(clean({"workload.requests_per_month": 0})) == {}


def test_load_beside_a_full_fleet(clean: Callable[..., Case]) -> None:
    # (2.628 ms x 1,000 + 1 ms x 100) x 100,000 = 272,800 s of 2 x 2,628,000 s: 5.2 %; 1,460 USD over 110 Mtok = 13.27
    warning = found(clean())["W-UTIL"]
    assert warning.message == (
        "The 2 replicas paid for are 5 % loaded over the month: they cost $13.27 per million tokens, "
        "not the $0.69 of a fully loaded fleet."
    )
    assert warning.usd_at_stake == pytest.approx(1460 * (1 - 272_800 / 5_256_000))


def host(price: float) -> dict[str, Any]:
    people = {"run_fte": 0, "build_hours": 0, "incidents_per_month": 0, "swaps_per_year": 0}
    price_of = {"input_usd_per_mtok": price, "output_usd_per_mtok": price}
    free = {"cache_hit_frac": 0, "people": people, "evaluation_usd_per_month": 0}
    return {"host": {"kind": "api", "label": "Host", "price": price_of, **free}}


def test_a_host_of_the_same_weights_is_cheaper(clean: Callable[..., Case]) -> None:
    # 110 Mtok at 0.10 = 11 USD; own 2,000 + 1,460 + 7,500 people + 500 x 730/168 on call
    more = {"options.own.people.oncall_usd_per_week": 0}
    warning = found(clean({"hosted": "host", **more}, host(0.1)))["W-HOSTED"]
    assert "(Host) cost $11.00 a month, $10,949 less" in warning.message
    assert warning.usd_at_stake == pytest.approx(10_949)
    assert "W-HOSTED" not in found(clean({"hosted": "host"}, host(1000.0)))


@pytest.mark.parametrize(
    ("code", "evidence", "words"),
    [
        ("W-MAXTP", {"on_medians": True, "percentile_used": "p50"}, "p50 latencies only"),
        ("W-MIX", {"left_out_error_frac": None, "mixes": EVIDENCE.mixes[:3]}, "3 length mixes"),
        ("W-MIX", {"borrowed": True, "mixes": EVIDENCE.mixes[:3], "left_out_error_frac": None}, "only 3 length mixes"),
        ("W-MIX", {"borrowed": True}, "off by 5 % when predicted from the others"),
        # 100 answer tokens in 2.728 s are 37, and half and twice of it 18 and 73
        ("W-EST", {"estimated": True, "interval": (0.5, 2.0)}, "a replica's 37 answer tokens a second"),
        ("W-EST", {"estimated": True, "interval": (0.5, 2.0)}, "between 18 and 73 in eight of ten"),
        ("W-EXTRAP", {"mixes": ((100.0, 1000.0), (5000.0, 1000.0), (5000.0, 5000.0))}, "1,000 in, 100 out"),
        ("W-VERSION", {"engine": "vllm unrecorded"}, "vllm unrecorded"),
        ("W-KV", {"memory_requests": 1.0}, "cache of 1 of your lengths"),
        ("W-FIT", {"error_frac": 0.155}, "by 16 % on average"),
        ("W-CAP", {"unsaturated_mixes": 1}, "For 1 of 4 length mixes the heaviest load published"),
        ("W-CAP", {"unsaturated_mixes": 1, "origin": "measured"}, "the heaviest load measured"),
        ("W-MIX", {"borrowed": True, "origin": "imported"}, "4 length mixes were measured"),
        ("W-MAXTP", {"on_medians": True, "percentile_used": "p50", "origin": "measured"}, "was measured with p50"),
        ("W-BENCH", {"codes": ("B-DUMMY", "B-QUICK", "B-HOLE")}, "were random numbers (B-DUMMY); windows were short"),
        ("W-OPEN", {"unconfirmed_mixes": 2}, "For 2 of 4 length mixes requests that came by themselves"),
    ],
)
def test_evidence_that_is_thin(clean: Callable[..., Case], code: str, evidence: dict[str, Any], words: str) -> None:
    warnings = found(clean(**evidence))
    assert set(warnings) == {code, "W-UTIL"}
    assert words in warnings[code].message
    assert warnings[code].usd_at_stake == pytest.approx(1460)  # the rent stands on it
    assert warnings[code].option == "own"


def test_memory_holds_what_the_slowest_service_would_keep_in_flight(clean: Callable[..., Case]) -> None:
    # 1 / 2.728 s a request x (1 s + 100 x 50 ms) = 2.2 requests in flight
    assert "W-KV" in found(clean(memory_requests=2.1))
    assert "W-KV" not in found(clean(memory_requests=2.3))
    assert "W-KV" not in found(clean(memory_requests=None))


@pytest.mark.parametrize(
    ("code", "changes", "words", "stake"),
    [
        # 500 + 0.1 Mtok... 100,000 x (1,100 x 5 + 132 x 10) / 1e6 = 682 USD a month, over 730/24 days 22.42
        ("W-N1", {"options.own.capacity.spare_replicas": 0}, "about $22.42 a day", 682 / (730 / 24)),
        ("W-PEOPLE", {"options.own.people.run_fte": 0.09}, "0.09 people", 0.41 * 15_000),
        ("W-ONCALL", {"options.own.people.oncall_rotations_count": 0}, "Nobody is paid", 0.0),
        ("W-PARITY", {"parity_evidence": None}, "No evaluation is named", None),
        ("W-REASON", {"options.api.reasoning_ratio": 0}, "No hidden reasoning", 100_000 * 110 * 10 / 1e6),
        ("W-TAU", {"options.api.tokenizer_ratio": 1}, "same number of tokens", 100_000 * (1000 * 5 + 120 * 10) / 1e7),
    ],
)
def test_what_is_left_out(
    clean: Callable[..., Case], code: str, changes: dict[str, Any], words: str, stake: float | None
) -> None:
    warnings = found(clean(changes))
    assert set(warnings) == {code, "W-UTIL"}
    assert words in warnings[code].message
    assert stake is None or warnings[code].usd_at_stake == pytest.approx(stake)


def test_a_spare_share_is_a_spare(clean: Callable[..., Case]) -> None:
    changes = {"options.own.capacity.spare_replicas": 0, "options.own.capacity.spare_frac": 0.1}
    assert "W-N1" not in found(clean(changes))


def test_a_cache_that_nobody_uses(clean: Callable[..., Case]) -> None:
    # half of 1,100 tokens at 0.50 in place of 5.00, 100,000 times: 247.50 USD
    changes = {
        "workload.cacheable_frac": 0.5,
        "options.api.price.cache_read_usd_per_mtok": 0.5,
        "options.own.cache_hit_frac": 0.5,
    }
    warnings = found(clean(changes))
    assert set(warnings) == {"W-CACHE", "W-UTIL"}
    assert warnings["W-CACHE"].usd_at_stake == pytest.approx(247.5)
    assert warnings["W-CACHE"].message.startswith("50 % of the prompt repeats")
    assert "W-CACHE" not in found(clean({**changes, "options.api.cache_hit_frac": 0.4}))
    assert "W-CACHE" not in found(clean({**changes, "workload.cacheable_frac": 0.2, "options.own.cache_hit_frac": 0.2}))


def test_a_cache_that_is_written_but_never_read(clean: Callable[..., Case]) -> None:
    # 80 % is written at each request, so at most 20 % more could be read: 220 x 4.50 x 100,000 / 1e6 = 99 USD
    changes = {
        "workload.cacheable_frac": 0.5,
        "options.api.price.cache_read_usd_per_mtok": 0.5,
        "options.api.cache_write_frac": 0.8,
        "options.own.cache_hit_frac": 0.5,
    }
    assert found(clean(changes))["W-CACHE"].usd_at_stake == pytest.approx(99)


def test_a_batch_tariff_that_nobody_uses(clean: Callable[..., Case]) -> None:
    # a fifth of 682 at half price is 68.20
    changes = {"workload.batch_frac": 0.2, "options.api.batch": BATCH, "options.api.batch_used_frac": 0}
    warnings = found(clean(changes))
    assert set(warnings) == {"W-BATCH", "W-UTIL"}
    assert warnings["W-BATCH"].usd_at_stake == pytest.approx(68.2)
    assert warnings["W-BATCH"].message.startswith("20 % of requests may wait")
    assert "W-BATCH" not in found(clean({**changes, "options.api.batch_used_frac": 1}))


def test_what_is_committed_and_not_used(clean: Callable[..., Case]) -> None:
    # 12,000 a year is 1,000 a month, of which 682 are used; own GPUs do not end it
    case = clean({"options.api.contract.commitment_usd_per_year": 12_000})
    told = [warning for warning in compare(case).warnings if warning.code == "W-COMMIT"]
    assert [warning.usd_at_stake for warning in told] == pytest.approx([1_000, 318])
    assert "$1,000 a month, is owed while its contract runs" in told[0].message
    assert told[1].message.startswith("Of api's bill, $318 (32 %) is committed and not used")


def test_units_that_stand_idle_and_units_that_refuse(clean: Callable[..., Case]) -> None:
    # 1,100 + 132 x 8 = 2,156 weighted tokens x 100,000 = 215.6 M of 10 units x 43.8 M: 49 %; 1,000 USD against 682
    units = {"unit_usd_per_month": 100, "unit_tok_per_minute": 1000, "cached_ratio": 1, "output_ratio": 8}
    idle = found(clean({"options.api.provisioned": {**units, "bought_units": 10}}))
    assert set(idle) == {"W-COMMIT", "W-UTIL"}
    assert "10 provisioned units of api are 49 % used" in idle["W-COMMIT"].message
    assert idle["W-COMMIT"].usd_at_stake == pytest.approx(318)
    # a flat week: 4 units serve 175.2 of 215.6 M
    few = found(clean({"options.api.provisioned": {**units, "bought_units": 4, "excess": "refused"}}))
    assert set(few) == {"W-REFUSED", "W-UTIL"}
    assert few["W-REFUSED"].message.startswith("19 % of the requests exceed")
    assert few["W-REFUSED"].usd_at_stake == pytest.approx(682 * (1 - 175.2 / 215.6))


def test_a_saving_that_a_falling_price_takes(clean: Callable[..., Case]) -> None:
    # 1 M requests: 6,820 against 2,000 + 3 x 730 + no people = 4,190 -> gone when the API falls by 2,630 / 6,820 = 39 %
    changes = {
        "workload.requests_per_month": 1e6,
        "options.own.people.run_fte": 0.1,
        "options.own.people.oncall_usd_per_week": 0,
        "options.own.other_usd_per_month": 500,
    }
    warnings = found(clean(changes))
    assert set(warnings) == {"W-STATIC", "W-UTIL"}
    assert warnings["W-STATIC"].usd_at_stake == pytest.approx(2630)
    assert "falls by 39 %" in warnings["W-STATIC"].message


@pytest.mark.parametrize(
    ("path", "where", "today", "fires"),
    [
        ("options.api.price.input_usd_per_mtok", "price_sheets/api/acme.csv", date(2026, 12, 1), True),
        ("options.api.price.input_usd_per_mtok", "price_sheets/api/acme.csv", date(2026, 11, 30), False),
        ("options.own.gpu.on_demand_usd_per_gpu_hour", "price_sheets/gpu_rental/acme.csv", date(2026, 12, 1), True),
        ("options.other.price.input_usd_per_mtok", "price_sheets/api/acme.csv", date(2027, 12, 1), False),
        ("staffing.loaded_usd_per_fte_year", "price_sheets/people/us.csv", date(2027, 11, 1), False),
        ("staffing.loaded_usd_per_fte_year", "price_sheets/people/us.csv", date(2027, 11, 2), True),
    ],
)
def test_prices_that_were_checked_long_ago(
    clean: Callable[..., Case], path: str, where: str, today: date, fires: bool
) -> None:
    checked_on = date(2026, 11, 1) if "people" in where else date(2026, 10, 31)
    source = Source(where, "published", 7, checked_on=checked_on)
    warnings = found(replace(clean(), sources={path: source}, today=today))
    assert ("W-STALE" in warnings) == fires
    if fires:
        assert where in warnings["W-STALE"].message
        assert str(source.checked_on) in warnings["W-STALE"].message
        assert warnings["W-STALE"].usd_at_stake > 0


def test_every_stale_sheet_of_an_option_is_named_and_never_the_alphabet_s_first_alone(
    clean: Callable[..., Case],
) -> None:
    day = date(2026, 10, 31)
    sources = {
        "options.api.price.input_usd_per_mtok": Source("price_sheets/api/zeta.csv", "published", 7, checked_on=day),
        "options.own.fallback_usd_per_mtok": Source("price_sheets/api/acme.csv", "published", 2, checked_on=day),
        "options.api.price.output_usd_per_mtok": Source(
            "price_sheets/api/fresh.csv", "published", 3, checked_on=date(2026, 11, 30)
        ),
    }
    message = found(replace(clean(), sources=sources, today=date(2026, 12, 1)))["W-STALE"].message
    assert "price_sheets/api/zeta.csv" in message
    assert "price_sheets/api/acme.csv" in message
    assert "fresh" not in message
    assert "31 days ago" in message
    later = dict(sources) | {
        "options.own.fallback_usd_per_mtok": Source(
            "price_sheets/api/acme.csv", "published", 2, checked_on=date(2026, 9, 1)
        )
    }
    message = found(replace(clean(), sources=later, today=date(2026, 12, 1)))["W-STALE"].message
    assert "price_sheets/api/acme.csv (2026-09-01) and price_sheets/api/zeta.csv (2026-10-31)" in message


def test_shipped_scenarios_grow_stale(case_of: CaseOf, repository: Path) -> None:
    tree = Scenario.read(repository / "scenarios" / "support-assistant.yaml").tree
    later = compare(case_of(tree, today=date(2028, 1, 1))).warnings
    told = " ".join(warning.message for warning in later if warning.code == "W-STALE")
    assert all(folder in told for folder in ("price_sheets/api", "price_sheets/gpu_rental", "price_sheets/people"))


SENTENCES = re.compile(r"^[A-Z0-9].*[A-Za-z0-9)]\.$", re.DOTALL)


def well_said(warnings: tuple[Caution, ...]) -> None:
    for warning in warnings:
        assert re.fullmatch(r"W-[A-Z0-9]+", warning.code)
        assert SENTENCES.match(warning.message), warning.message
        assert not re.search(r"\b(nan|inf|None|True|False)\b|\d%|\n|  ", warning.message), warning.message
        assert isfinite(warning.usd_at_stake)
        assert warning.usd_at_stake >= 0
    stakes = [warning.usd_at_stake for warning in warnings]
    assert stakes == sorted(stakes, reverse=True)


@given(data=st.data())
def test_warnings_are_sentences_sorted_by_dollars(cases: st.SearchStrategy[Case], data: st.DataObject) -> None:
    case = data.draw(cases)
    well_said(compare(replace(case, evidence={"own": replace(EVIDENCE, left_out_error_frac=None)})).warnings)


@pytest.mark.parametrize("name", ["support-assistant", "nightly-extraction", "coding-assistant", "rag-search"])
def test_the_warnings_of_shipped_scenarios(case_of: CaseOf, repository: Path, name: str) -> None:
    tree = Scenario.read(repository / "scenarios" / f"{name}.yaml").tree
    well_said(compare(case_of(tree)).warnings)


@pytest.fixture
def bought(clean: Callable[..., Case], plain: Tree) -> Callable[..., Case]:
    """The clean case on one bought server of 300,000 USD that draws 1 kW at 0.10 USD, and changes that give cause."""
    rented = plain["options"]["own"]
    own = {
        **{key: rented[key] for key in ("capacity", "people", "cache_hit_frac", "other_usd_per_month")},
        "kind": "owned",
        "server": {"server_usd": 300_000, "server_gpus": 8, "nameplate_kilowatts": 1},
        "power": {"idle_watts_per_gpu": 125, "busy_watts_per_gpu": 125, "host_watts_per_gpu": 0, "grade": "measured"},
        "network_frac": 0, "storage_frac": 0, "installation_frac": 0, "spares_frac": 0,
        "residual_frac": 0, "life_months": 48, "guardrail_usd_per_mtok": 0,
        "site": {"pue": 1, "electricity_usd_per_kwh": 0.10, "colocation_usd_per_kilowatt_month": 0,
                 "carbon_kg_per_kwh": 0.4, "power_billing": "metered"},
    }  # fmt: skip

    def build(changes: Mapping[str, Any] | None = None) -> Case:
        return clean({"finance.discount_frac": 0.1, **(changes or {})}, {"own": own})

    return build


def test_a_clean_bought_server_is_told_its_load_and_nothing_else(bought: Callable[..., Case]) -> None:
    assert set(found(bought())) == {"W-UTIL"}


def test_hardware_that_is_to_earn_its_price_for_too_long(bought: Callable[..., Case]) -> None:
    # at no interest 300,000 / 72 = 4,166.67 a month; / 60 = 5,000: 833.33 more
    warning = found(bought({"options.own.life_months": 72, "finance.discount_frac": 0}))["W-LIFE"]
    assert "over 72 months" in warning.message
    assert "At 60 months it costs $833 a month more" in warning.message
    assert warning.usd_at_stake == pytest.approx(833.333333)
    assert "W-LIFE" not in found(bought({"options.own.life_months": 60}))


def test_money_that_costs_nothing(bought: Callable[..., Case]) -> None:
    # 300,000 over 48 months: 6,250 a month at no interest, 300,000 x 0.02515608 = 7,546.83 at 10 %; people and build as they are
    warning = found(bought({"finance.discount_frac": 0}))["W-CAPITAL"]
    assert "at 10 % a year it costs $1,297 a month more" in warning.message
    assert warning.usd_at_stake == pytest.approx(300_000 * 0.0251560849 - 6_250)


def test_watts_that_nobody_measured(bought: Callable[..., Case]) -> None:
    # 1 kW x 730 h x 0.10 = 73 USD
    warning = found(bought({"options.own.power.grade": "assumed"}))["W-POWER"]
    assert "$73.00 a month of electricity" in warning.message
    assert warning.usd_at_stake == pytest.approx(73)
    assert "W-POWER" not in found(
        bought({"options.own.power.grade": "assumed", "options.own.site.power_billing": "all_in"})
    )


def test_a_fleet_that_wakes_too_late(clean: Callable[..., Case]) -> None:
    # the busy half of each day twice as busy: 3.2 and 0.8 million requests' pace, 4 + 1 and 1 + 1 replicas; 7 x 3 starts
    week = [1.6] * 12 + [0.4] * 12
    late = {"workload.requests_per_month": 2e6, "workload.shape_hours": week * 7, "options.own.fleet": "autoscaled",
            "workload.output_length.mean_tok": 0, "options.own.cold_start_minutes": 90,
            "options.own.drain_minutes": 0, "options.own.min_billing_minutes": 0}  # fmt: skip
    warning = found(clean(late))["W-COLD"]
    assert "takes 90 minutes until it serves and is started 0 minutes ahead: each of 21 starts" in warning.message
    # two hours of three replicas more, seven times a week
    assert warning.usd_at_stake == pytest.approx(7 * 2 * 3 * 730 / 168)
    assert "W-COLD" not in found(clean({**late, "options.own.scale_ahead_hours": 2}))
    assert "W-COLD" not in found(clean({**late, "options.own.fleet": "fixed"}))


def test_a_licence_that_restricts(clean: Callable[..., Case]) -> None:
    case = replace(clean(), licence_notes={"own": "products must show its name."})
    assert found(case)["W-LICENCE"].message == "The model's licence: products must show its name."


def test_the_licence_comes_from_the_models_file(case_of: CaseOf, plain: Tree) -> None:
    own = {"kind": "rented", "model": "meta-llama/Llama-3.3-70B-Instruct", "gpu_name": "H100-SXM"}
    service = {**plain["service"], "ttft_ms": 5000, "tpot_ms": 100}
    case = case_of({**plain, "service": service, "options": {**plain["options"], "own": own}})
    assert "700 million" in case.licence_notes["own"]


def test_every_code_is_tested_here(repository: Path) -> None:
    codes = set(re.findall(r'Caution\(\s*"(W-[A-Z0-9]+)"', (repository / "tco/solve/warn.py").read_text()))
    words = {node.value for node in ast.walk(ast.parse(Path(__file__).read_text())) if isinstance(node, ast.Constant)}
    assert codes
    assert codes <= words
