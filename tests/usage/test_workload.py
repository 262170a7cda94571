"""A workload out of a table: sums a reader can check, the week, bursts, growth, and into a scenario."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from tco.catalog import Catalog
from tco.errors import TcoError
from tco.resolve import resolve
from tco.scenario import Scenario
from tco.usage import WorkloadFit, import_logs, workload

from .conftest import NOW

Log = Callable[..., Path]


def fit(tmp_path: Path, catalog: Catalog, log: Log, rows: list[str], **more: object) -> WorkloadFit:
    table = import_logs(log(*rows), tmp_path / "t.parquet", catalog=catalog, now=NOW).table_path
    return workload(table, catalog=catalog, **more)  # type: ignore[arg-type]


def test_lengths_with_spread_and_correlation(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    # prompts 100, 300: mean 200, deviation 100; answers 10, 30: mean 20, deviation 10; they rise together
    rows = ["1,2026-11-02T09:00:00Z,large,,100,50,10", "2,2026-11-02T09:59:59Z,large,batch,300,50,30"]
    found = fit(tmp_path, catalog, log, rows)
    assert (found.input_mean_tok, found.input_cv, found.output_mean_tok, found.output_cv) == (200, 0.5, 20, 0.5)
    assert found.length_corr == pytest.approx(1.0)
    assert (found.cached_frac, found.batch_frac) == (0.25, 0.5)  # 100 of 400; 1 of 2
    assert found.requests_per_month == pytest.approx(2 * 730)  # two in an hour
    assert found.shape_hours is None
    assert found.growth_per_year_frac is None
    assert "less than a week" in " ".join(found.notes)


def test_spread_and_correlation_are_those_of_the_rows(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    draws = np.random.default_rng(7).lognormal([6, 4], [0.8, 0.5], (500, 2)).astype(int) + 1
    start = datetime(2026, 10, 1)
    rows = [f"{n},{start + timedelta(minutes=17 * n)},large,,{i},0,{o}" for n, (i, o) in enumerate(draws)]
    found = fit(tmp_path, catalog, log, rows)
    prompt, answer = draws[:, 0].astype(float), draws[:, 1].astype(float)
    assert found.input_cv == pytest.approx(prompt.std() / prompt.mean(), rel=1e-12)
    assert found.output_cv == pytest.approx(answer.std() / answer.mean(), rel=1e-12)
    assert found.length_corr == pytest.approx(np.corrcoef(prompt, answer)[0, 1], rel=1e-9)


def test_a_log_that_tells_no_caches_and_no_batch_leaves_those_of_the_scenario(
    tmp_path: Path, catalog: Catalog, log: Log
) -> None:
    found = fit(tmp_path, catalog, log, ["1,2026-11-02T09:00:00Z,large,,100,0,10"])
    paths = dict(found.settings())
    assert "workload.cacheable_frac" not in paths
    assert "workload.batch_frac" not in paths
    assert "cacheable share stays" in " ".join(found.notes)
    told = dict(fit(tmp_path, catalog, log, ["1,2026-11-02T09:00:00Z,large,batch,100,50,10"]).settings())
    assert (told["workload.cacheable_frac"], told["workload.batch_frac"]) == (0.5, 1.0)


def week_of(start: datetime, weeks: int, per_hour: Callable[[datetime], int]) -> list[str]:
    rows = []
    for hour in range(168 * weeks):
        at = start + timedelta(hours=hour)
        rows += [f"{hour}-{n},{at + timedelta(minutes=n * 7 % 60)},large,,100,0,10" for n in range(per_hour(at))]
    return rows


def test_the_week_has_its_own_shape_whenever_the_log_begins(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    # from a Wednesday at five, two weeks: three requests an hour on working days, one at weekends
    rows = week_of(datetime(2026, 10, 7, 5), 2, lambda at: 3 if at.weekday() < 5 else 1)
    found = fit(tmp_path, catalog, log, rows)
    assert found.shape_hours is not None
    mean = (120 * 3 + 48 * 1) / 168
    assert sum(found.shape_hours) == pytest.approx(168)
    assert found.shape_hours[:120] == pytest.approx([3 / mean] * 120)
    assert found.shape_hours[120:] == pytest.approx([1 / mean] * 48)


def test_a_burst_is_the_busiest_minute_over_the_busiest_hours(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    # one hour: 60 requests in its first minute, one in each of the rest: 60 x 60 / 119
    rows = [f"a{n},2026-11-02 09:00:{n:02d},large,,100,0,10" for n in range(60)]
    rows += [f"b{n},2026-11-02 09:{n:02d}:30,large,,100,0,10" for n in range(1, 60)]
    found = fit(tmp_path, catalog, log, rows)
    assert found.burst_ratio == pytest.approx(20.0)
    assert "the burst of 30 is taken as 20" in found.notes
    assert any("more of chance than of load" in note for note in found.notes)


def test_growth_is_the_trend_of_whole_weeks(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    # ten weeks, each with 2 % more requests than the last: 1.02 ^ (365 / 7) - 1 = 181 % a year
    start = datetime(2026, 8, 3)
    rows = []
    for week in range(10):
        count = round(5000 * 1.02**week)
        rows += [
            f"{week}-{n},{start + timedelta(weeks=week, seconds=n * 604_800 / count)},large,,9,0,9"
            for n in range(count)
        ]
    found = fit(tmp_path, catalog, log, rows)
    assert found.growth_per_year_frac == pytest.approx(1.02 ** (365 / 7) - 1, rel=2e-3)


def test_one_model_alone_and_a_name_that_is_not_there(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    rows = ["1,2026-11-02T09:00:00Z,large,,100,0,10", "2,2026-11-02T09:00:00Z,hourly,,500,0,10"]
    assert fit(tmp_path, catalog, log, rows, models=["acme/hourly"]).input_mean_tok == 500
    assert fit(tmp_path, catalog, log, rows, models=["large"]).input_mean_tok == 100
    with pytest.raises(TcoError, match="did you mean hourly"):
        fit(tmp_path, catalog, log, rows, models=["hourli"])


def test_hidden_reasoning_is_no_part_of_the_answers_length(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    path = log("2026-11-02T09:00:00Z,m,100,30,20", header="time,model,prompt_tokens,completion_tokens,reasoning_tokens")
    found = workload(import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW).table_path)
    assert (found.output_mean_tok, found.reasoning_ratio) == (10, 2.0)


def test_a_scenario_takes_it_over_and_resolves(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    rows = week_of(datetime(2026, 10, 5), 1, lambda at: 2 if at.hour < 12 else 1)
    found = fit(tmp_path, catalog, log, rows)
    shipped = Catalog.open(Path(__file__).parents[2])
    scenario = Scenario.read(shipped.scenarios()["support-assistant"])
    for path, value in found.settings():
        scenario = scenario.set(path, value)
    again = Scenario.from_yaml(scenario.to_yaml())
    numbers = resolve(again, shipped).numbers.workload
    assert numbers.requests_per_month == pytest.approx(found.requests_per_month, abs=0.01)
    assert numbers.input_length.mean_tok == 100
    assert numbers.shape_hours == pytest.approx(found.shape_hours, abs=1e-6)
