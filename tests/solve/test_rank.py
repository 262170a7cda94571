"""Every GPU for a model: measured where it was, estimated elsewhere, the cheapest first, the reason where it cannot serve."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tco.case import Case
from tco.catalog import Catalog
from tco.errors import LookupFault, ScenarioError
from tco.evaluate import evaluate
from tco.options.rented import RentedOption
from tco.present.estimates import HEADINGS, ranking_data, ranking_rows, unable_rows
from tco.resolve import resolve
from tco.scenario import Scenario
from tco.serving.datasheets import calibration
from tco.serving.estimate import Estimate, Lengths, estimate
from tco.solve.nearest import nearest_measured
from tco.solve.rank import Ranking, rank

CaseOf = Callable[..., Case]
LLAMA, OSS = "meta-llama/Llama-3.3-70B-Instruct", "openai/gpt-oss-120b"


@pytest.fixture(scope="module")
def support(catalog: Catalog) -> Case:
    return resolve(Scenario.read(catalog.scenarios()["support-assistant"]), catalog)


@pytest.fixture(scope="module")
def ranking(catalog: Catalog, support: Case) -> Ranking:
    return rank(support, catalog, LLAMA)


def test_every_gpu_is_there_once(catalog: Catalog, ranking: Ranking) -> None:
    assert sorted(row.gpu for row in ranking.rows) == sorted(catalog.gpus())
    assert (ranking.label, ranking.tpot_ms) == ("Llama 3.3 70B", 50)


def test_the_cheapest_is_first_and_what_cannot_serve_is_last(ranking: Ranking) -> None:
    kinds = [(row.grade is None) * 2 + (row.grade is not None and row.usd_per_month is None) for row in ranking.rows]
    assert kinds == sorted(kinds)
    priced = [row.usd_per_month for row in ranking.rows if row.usd_per_month is not None]
    assert len(priced) > 2
    assert priced == sorted(priced)
    last = ranking.rows[-1]
    assert last.grade is None
    assert "the weights alone take 141 GB" in str(last.faults[0])


def test_a_profile_comes_before_an_estimate(catalog: Catalog, ranking: Ranking) -> None:
    rows = {row.gpu: row for row in ranking.rows}
    assert catalog.profile(rows["H100-SXM"].profile).gpu == "H100-SXM"
    assert rows["H100-SXM"].interval is None
    guessed = rows["B200-SXM"]
    assert (guessed.profile, guessed.grade) == ("", "estimated")
    assert guessed.interval is not None
    assert guessed.usd_per_month_range is not None
    low, high = guessed.usd_per_month_range
    assert low <= (guessed.usd_per_month or 0.0) <= high


@pytest.mark.parametrize("model", [LLAMA, OSS])
def test_an_estimated_row_costs_what_the_option_itself_does(catalog: Catalog, support: Case, model: str) -> None:
    scenario = Scenario.read(catalog.scenarios()["support-assistant"])
    for path, value in (("model", model), ("fleet", "fixed")):
        scenario = scenario.set(f"options.self_host.{path}", value)
    rows = [row for row in rank(support, catalog, model).rows if row.usd_per_month is not None]
    assert len(rows) > 8
    for row in rows:
        mine = scenario
        for path, chosen in (
            ("gpu_name", row.gpu), ("profile", row.profile or "estimate"), ("capacity.gpus_per_replica", row.gpus_per_replica),
        ):  # fmt: skip
            mine = mine.set(f"options.self_host.{path}", chosen)
        case = resolve(mine, catalog)
        ledger, option = evaluate(case)["self_host"], case.numbers.options["self_host"]
        assert isinstance(option, RentedOption)
        assert row.usd_per_gpu_hour == option.gpu.on_demand_usd_per_gpu_hour, row.gpu
        assert row.replicas == pytest.approx(float(np.asarray(ledger.facts["replicas"]))), row.gpu
        assert row.usd_per_month == pytest.approx(float(np.asarray(ledger.lines_usd["gpu_rent"]))), row.gpu


def test_a_gpu_rented_by_eight_is_paid_by_eight(catalog: Catalog, support: Case) -> None:
    rows = {row.gpu: row for row in rank(support, catalog, OSS).rows}
    row, day = rows["MI325X"], support.numbers.as_of
    instance = {fact.path: fact.value for fact in catalog.rental("MI325X", "", day)}["gpu.instance_gpus"]
    assert (row.gpus_per_replica, instance) == (1, 8)
    # eight replicas of one GPU in each instance of eight: two replicas, one instance, 8 x 730 hours
    assert row.replicas <= 8
    assert row.usd_per_month == pytest.approx(8 * 730 * (row.usd_per_gpu_hour or 0.0))


def test_the_fleet_of_the_scenario_does_not_tilt_the_ranking(catalog: Catalog, support: Case) -> None:
    option: Any = support.numbers.options["self_host"]
    gpu = option.gpu.model_copy(update={"reserved_usd_per_gpu_hour": 0.01})
    reserved = option.model_copy(update={"fleet": "reserved", "gpu": gpu})
    numbers = support.numbers.model_copy(update={"options": {**support.numbers.options, "self_host": reserved}})
    case = Case(numbers, support.sources, support.scenario_hash, support.today, support.evidence)
    assert rank(case, catalog, OSS) == rank(support, catalog, OSS)


def test_an_unknown_model_and_a_case_without_rent_are_told(catalog: Catalog, support: Case) -> None:
    with pytest.raises(LookupFault, match=r"Llama-3\.3-70B"):
        rank(support, catalog, "meta-llama/Llama-3.3-70B")
    apis = {name: option for name, option in support.numbers.options.items() if option.kind == "api"}
    numbers = support.numbers.model_copy(update={"options": apis, "challenger": next(iter(apis))})
    case = Case(numbers, support.sources, support.scenario_hash, support.today)
    with pytest.raises(ScenarioError, match="none is rented"):
        rank(case, catalog, OSS)


def test_its_tables_and_its_data(ranking: Ranking) -> None:
    able, unable = ranking_rows(ranking.rows), unable_rows(ranking.rows)
    assert len(able) + len(unable) == len(ranking.rows)
    assert {len(cells) for cells in able} == {len(HEADINGS)}
    assert any("ESTIMATED" in cells for cells in able)
    assert any("no rent known" in cells for cells in able)
    assert all("; " in why for _, why in unable)
    data = ranking_data(ranking)
    assert [row["gpu"] for row in data["rows"]] == [row.gpu for row in ranking.rows]


def test_the_nearest_measurement(catalog: Catalog, support: Case) -> None:
    model, service, known = catalog.model(OSS), support.numbers.service, calibration(catalog.defaults())
    lengths, profiles = Lengths.alike(1000, 1000), catalog.find_profiles(OSS)

    def nearest(gpu: str, gpus: int) -> tuple[str, int] | None:
        found = estimate(model, catalog.gpu(gpu), service, lengths, known, gpus=gpus)
        assert isinstance(found, Estimate)
        near = nearest_measured(found, profiles, model, catalog.gpus(), service, lengths, known)
        return None if near is None else (near.gpu, near.gpus_per_replica)

    assert nearest("H100-SXM", 4) == ("H100-SXM", 4)
    assert nearest("H100-SXM", 1) == ("H100-SXM", 2)
    assert (nearest("B200-SXM", 3) or ("", 0))[0] == "B200-SXM"
    found = estimate(model, catalog.gpu("H100-SXM"), service, lengths, known)
    assert isinstance(found, Estimate)
    assert nearest_measured(found, [], model, catalog.gpus(), service, lengths, known) is None
