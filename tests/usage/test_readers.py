"""Every format on its sample: one test over all, then each one's traps."""

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tco.catalog import Catalog
from tco.errors import TcoError
from tco.usage import Imported, bill, import_logs, workload
from tco.usage.readers import readers

from .conftest import NOW

SAMPLES = Path(__file__).parent / "samples"
KNOWN = [
    # file, format, requests, prompt, cached, written for 5 min and 1 h, answer, of it hidden
    ("openai.json", "openai", 6, 12_000, 8_000, 0, 0, 600, 0),  # 10,000 + 2,000 with the cached in it
    ("anthropic.json", "anthropic", 0, 3_200, 200, 500, 1_000, 700, 0),  # 1,500 + 200 + 500 + 1,000: disjoint
    ("litellm.jsonl", "litellm", 2, 7_000, 1_500, 500, 1_000, 300, 50),  # the gateway's hit and the failure are none
    ("litellm.csv", "litellm", 1, 3_000, 1_000, 0, 0, 200, 0),
    ("openrouter.csv", "openrouter", 2, 11_000, 0, 0, 0, 150, 40),
    ("openrouter-days.json", "openrouter", 5, 50, 0, 0, 0, 125, 25),
    ("langfuse.jsonl", "langfuse", 2, 6_000, 4_400, 0, 0, 450, 50),  # (1,000 + 4,000) + (600 + 400); 300 + (100 + 50)
    ("vllm.txt", "vllm", 26, 1_664, 0, 0, 0, 832, 0),
    # 10 - 2 + 2 requests in the first hour; the server began anew, so all of 1, 700, 50 in the second
    ("vllm-range.json", "vllm", 11, 4_700, 1_000, 0, 0, 250, 0),
    ("trace-azure.csv", "trace", 20, 11_540, 0, 0, 0, 1_674, 0),
    ("trace-mooncake.csv", "trace", 20, 289_844, 0, 0, 0, 7_832, 0),
    ("trace-mooncake.jsonl", "trace", 2, 14_080, 0, 0, 0, 990, 0),
    ("trace-burstgpt.csv", "trace", 3, 1_976, 0, 0, 0, 524, 0),
]


def sums(done: Imported) -> tuple[float, ...]:
    """What the table comes to."""
    import duckdb

    names = (
        "requests",
        "prompt_tok",
        "cache_read_tok",
        "cache_write_5m_tok",
        "cache_write_1h_tok",
        "output_tok",
        "reasoning_tok",
    )
    columns = ", ".join(f"CAST(COALESCE(SUM({name}), 0) AS BIGINT)" for name in names)
    found: tuple[float, ...] = duckdb.sql(f"SELECT {columns} FROM '{done.table_path}'").fetchall()[0]
    return found


@pytest.mark.parametrize("name source requests prompt cached five hour output hidden".replace(" ", ","), KNOWN)
def test_a_format_is_recognised_and_read(
    tmp_path: Path,
    name: str,
    source: str,
    requests: int,
    prompt: int,
    cached: int,
    five: int,
    hour: int,
    output: int,
    hidden: int,
) -> None:
    done = import_logs(SAMPLES / name, tmp_path / "t.parquet", now=NOW)
    assert [file.source for file in done.report.files] == [source]
    assert sums(done) == (requests, prompt, cached, five, hour, output, hidden)


def test_every_format_has_a_sample() -> None:
    assert {source for _, source, *_ in KNOWN} | {"table"} == set(readers())


@pytest.mark.parametrize("name", [name for name, *_ in KNOWN if not name.startswith("vllm")])
def test_gz_reads_as_the_file_itself(tmp_path: Path, name: str) -> None:
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress((SAMPLES / name).read_bytes()))
    assert sums(import_logs(packed, tmp_path / "a.parquet", now=NOW)) == sums(
        import_logs(SAMPLES / name, tmp_path / "b.parquet", now=NOW)
    )


def test_a_table_reads_with_its_columns_named(tmp_path: Path) -> None:
    names = {
        "time": "when",
        "model": "name",
        "input_tok": "prompt_tokens",
        "cached_tok": "hits",
        "output_tok": "completion",
    }
    done = import_logs(SAMPLES / "table.csv", tmp_path / "t.parquet", names=names, now=NOW)
    assert sums(done) == (2, 4_000, 1_000, 0, 0, 300, 0)


def test_names_that_lead_nowhere_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(TcoError) as told:
        import_logs(
            SAMPLES / "table.csv", tmp_path / "t.parquet", names={"inptu_tok": "hits", "model": "nmae"}, now=NOW
        )
    said = str(told.value)
    assert "inptu_tok" in said
    assert "did you mean name" in said
    assert "--map started=" in said


def test_parquet_reads_with_its_own_types(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "log.parquet"
    duckdb.sql(
        "COPY (SELECT TIMESTAMP '2026-11-01 09:00:00' AS time, 'm' AS model, 10::INTEGER AS input_tokens, 3::UTINYINT AS output_tokens) "
        f"TO '{path}' (FORMAT parquet)"
    )
    assert sums(import_logs(path, tmp_path / "t.parquet", now=NOW))[1:] == (10, 0, 0, 0, 3, 0)


def test_an_unknown_table_says_which_columns_it_has(tmp_path: Path) -> None:
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    with pytest.raises(TcoError, match=r"its columns are a, b; name the columns: --map"):
        import_logs(tmp_path / "odd.csv", tmp_path / "t.parquet")


def test_a_folder_and_a_pattern_read_every_log(tmp_path: Path) -> None:
    for name in ("litellm.csv", "trace-azure.csv"):
        shutil.copy(SAMPLES / name, tmp_path / name)
    assert sums(import_logs(tmp_path, tmp_path / "t.parquet", now=NOW))[0] == 21
    (tmp_path / "t.parquet").unlink()
    assert sums(import_logs(str(tmp_path / "trace-*.csv"), tmp_path / "u.parquet", now=NOW))[0] == 20


def test_the_gateways_cache_and_failures_are_told_and_pass_strict(tmp_path: Path) -> None:
    report = import_logs(SAMPLES / "litellm.jsonl", tmp_path / "t.parquet", strict=True, now=NOW).report
    assert {problem.kind: problem.count for problem in report.left_out} == {"gateway": 1, "empty": 1}


def test_a_log_that_tells_costs_is_heard_beside_the_bill(tmp_path: Path) -> None:
    # gpt-5.4 in OpenAI's sheet: 2,000 x 2.50 + 1,000 x 0.25 + 200 x 15 = 8,250 millionths; the log says 0.0121
    done = import_logs(SAMPLES / "litellm.csv", tmp_path / "t.parquet", now=NOW)
    found = bill(done.table_path, Catalog.open(Path(__file__).parents[2]))
    assert found.total_usd == pytest.approx(0.00825)
    assert found.claim is not None
    assert (found.claim.usd, found.claim.priced_usd) == (0.0121, pytest.approx(0.00825))


def test_openrouters_variants_are_not_the_model(tmp_path: Path) -> None:
    done = import_logs(SAMPLES / "openrouter.csv", tmp_path / "t.parquet", now=NOW)
    found = bill(done.table_path, Catalog.open(Path(__file__).parents[2]))
    assert {item.model for item in found.unpriced} == {"openai/gpt-oss-120b:free"}
    assert found.total_usd == pytest.approx(0.0265)  # 10,000 x 2.50 + 100 x 15 = 26,500 millionths


def test_openais_batch_has_its_own_price(tmp_path: Path) -> None:
    # 2,000 x 2.50 + 8,000 x 0.25 + 500 x 15 = 14,500; batch 2,000 x 1.25 + 100 x 7.50 = 3,250 millionths
    done = import_logs(SAMPLES / "openai.json", tmp_path / "t.parquet", now=NOW)
    found = bill(done.table_path, Catalog.open(Path(__file__).parents[2]))
    assert found.total_usd == pytest.approx(0.01775)
    assert "do not tell how long single prompts were" in " ".join(found.notes)


def test_anthropics_fields_are_priced_apart(tmp_path: Path) -> None:
    # claude-opus-4-6: 1,500 x 5 + 200 x 0.5 + 500 x 6.25 + 1,000 x 10 + 700 x 25 = 38,225 millionths
    done = import_logs(SAMPLES / "anthropic.json", tmp_path / "t.parquet", now=NOW)
    assert bill(done.table_path, Catalog.open(Path(__file__).parents[2])).total_usd == pytest.approx(0.038225)
    with pytest.raises(TcoError, match="no requests"):
        workload(done.table_path)


def test_a_snapshot_of_counters_ends_when_it_was_written(tmp_path: Path) -> None:
    copy = tmp_path / "metrics.txt"
    shutil.copy(SAMPLES / "vllm.txt", copy)
    os.utime(copy, (1795195349.989276 + 1_800, 1795195349.989276 + 1_800))
    found = workload(import_logs(copy, tmp_path / "t.parquet", now=NOW).table_path)
    assert (found.input_mean_tok, found.output_mean_tok, found.input_cv) == (64.0, 32.0, None)


def test_two_widths_of_one_report_count_once(tmp_path: Path) -> None:
    page = json.loads((SAMPLES / "openai.json").read_text())
    result = page["data"][0]["results"][0]
    day = [
        {
            "object": "bucket",
            "start_time": 1793491200,
            "end_time": 1793577600,
            "results": [result | {"batch": None, "service_tier": None}],
        }
    ]
    (tmp_path / "day.json").write_text(json.dumps({"object": "page", "data": day}))
    shutil.copy(SAMPLES / "openai.json", tmp_path / "hours.json")
    done = import_logs(tmp_path, tmp_path / "t.parquet", now=NOW)
    assert sums(done)[:2] == (6, 12_000)  # the hours tell of more tokens than the day
    assert {problem.kind: problem.count for problem in done.report.left_out} == {"overlap": 1}


def test_a_page_fetched_twice_counts_once(tmp_path: Path) -> None:
    page = json.loads((SAMPLES / "openai.json").read_text())
    (tmp_path / "again.json").write_text(json.dumps(page))  # other bytes, the same buckets
    done = import_logs([SAMPLES / "openai.json", tmp_path / "again.json"], tmp_path / "t.parquet", now=NOW)
    assert sums(done)[0] == 6
    assert {problem.kind: problem.count for problem in done.report.left_out} == {"repeat": 2}


def test_one_id_counts_once_and_the_longest_is_kept(tmp_path: Path, log: Callable[..., Path]) -> None:
    one = log("a,2026-11-01T09:00:00Z,m,,100,0,10", "b,2026-11-01T09:00:00Z,m,,100,0,10", name="one.csv")
    two = log("b,2026-11-01T09:00:00Z,m,,100,0,90", "c,2026-11-01T09:00:00Z,m,,100,0,10", name="two.csv")
    done = import_logs([one, two], tmp_path / "t.parquet", now=NOW)
    assert sums(done) == (3, 300, 0, 0, 0, 110, 0)
    assert [(p.kind, p.count, p.examples) for p in done.report.left_out] == [("repeat", 1, ("b",))]


@pytest.mark.parametrize("name", ["log [1].csv", "o'clock.csv", "a?b*.csv", "log[1].parquet"])
def test_a_files_name_is_no_pattern_and_no_sql(
    tmp_path: Path, catalog: Catalog, log: Callable[..., Path], name: str
) -> None:
    path = log("b,2026-11-01T09:00:00Z,large,,100,0,10", name=name.replace(".parquet", ".csv"))
    if name.endswith(".parquet"):
        import duckdb

        path = import_logs(path, tmp_path / name, catalog=catalog, now=NOW).table_path
        assert bill(path, catalog).tok == 110
        duckdb.sql(
            f"COPY (SELECT TIMESTAMP '2026-11-01' AS time, 'm' AS model, 100 AS input_tokens, 10 AS output_tokens) TO '{path}'"
        )
    assert sums(import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW))[:2] == (1, 100)


def anthropic_page(*results: dict[str, object]) -> dict[str, object]:
    """A page of one day, each result with a million tokens of prompt unless it says other."""
    usual = {"uncached_input_tokens": 1_000_000, "output_tokens": 100_000, "model": "claude-opus-4-6"}
    bucket = {"starting_at": "2026-11-01T00:00:00Z", "ending_at": "2026-11-02T00:00:00Z"}
    return {"data": [{**bucket, "results": [usual | result for result in results]}], "has_more": False}


def openai_page(*results: dict[str, object]) -> dict[str, object]:
    """A page of one hour, each result with a million tokens of prompt unless it says other."""
    usual = {"input_tokens": 1_000_000, "output_tokens": 100_000, "num_model_requests": 50, "model": "gpt-5.4"}
    bucket = {"object": "bucket", "start_time": 1793491200, "end_time": 1793494800}
    return {"data": [{**bucket, "results": [usual | result for result in results]}], "has_more": False}


def test_a_group_without_a_name_is_no_other_view(tmp_path: Path) -> None:
    # the default workspace, and requests that no key sent, come as null beside the others
    pages = {
        "anthropic.json": anthropic_page({"workspace_id": "a"}, {"workspace_id": None}),
        "openai.json": openai_page({"api_key_id": "a"}, {"api_key_id": None, "user_id": "b"}, {"api_key_id": "c"}),
    }
    for name, page in pages.items():
        (tmp_path / name).write_text(json.dumps(page))
        done = import_logs(tmp_path / name, tmp_path / "t.parquet", now=NOW)
        assert done.report.left_out == ()
        assert sums(done)[1] == 1_000_000 * len(page["data"][0]["results"])  # type: ignore[index]


@pytest.mark.parametrize("indent", [None, 1])
def test_pages_of_two_views_in_one_file_count_once(tmp_path: Path, indent: int | None) -> None:
    half: dict[str, object] = {"uncached_input_tokens": 500_000}
    pages = [anthropic_page({}), anthropic_page(half | {"workspace_id": "a"}, half | {"workspace_id": None})]
    path = tmp_path / "pages.json"
    path.write_text(json.dumps(pages, indent=indent))
    done = import_logs(path, tmp_path / "t.parquet", now=NOW)
    assert {problem.kind: problem.count for problem in done.report.left_out} == {"overlap": 1}
    assert sums(done)[1] == 1_000_000


def snapshot(started_s: float, requests: int) -> str:
    """What a server answers at ``/metrics``, each request of 100 tokens and 10 of answer."""
    return (
        "# HELP vllm:prompt_tokens_total Number of prefill tokens processed.\n"
        f'vllm:prompt_tokens_total{{engine="0",model_name="m"}} {100 * requests}\n'
        f'vllm:prompt_tokens_created{{engine="0",model_name="m"}} {started_s}\n'
        f'vllm:generation_tokens_total{{engine="0",model_name="m"}} {10 * requests}\n'
        f'vllm:request_success_total{{engine="0",finished_reason="stop",model_name="m"}} {requests}\n'
    )


def test_two_replicas_are_no_two_views_of_one(tmp_path: Path) -> None:
    # they began seven seconds apart, so that their counters are of intervals of two widths
    paths = [tmp_path / "one.txt", tmp_path / "two.txt"]
    for path, started_s, requests in zip(paths, (1793491200.0, 1793491207.0), (100, 300), strict=True):
        path.write_text(snapshot(started_s, requests))
        os.utime(path, (1793494800, 1793494800))
    done = import_logs(paths, tmp_path / "t.parquet", now=NOW)
    assert done.report.left_out == ()
    assert sums(done)[0] == 400


def test_a_step_that_was_not_read_is_no_other_view(tmp_path: Path) -> None:
    # hours 0 to 4 and 6 to 8: the fifth step takes two hours, and no other tells of them
    names = {"prompt_tokens": 100, "generation_tokens": 10, "request_success": 1}
    series = [
        {
            "metric": {"__name__": f"vllm:{name}_total", "engine": "0", "instance": "a:8000", "model_name": "m"},
            "values": [[1793491200 + 3600 * hour, str(60 * each * hour)] for hour in (0, 1, 2, 3, 4, 6, 7, 8)],
        }
        for name, each in names.items()
    ]
    path = tmp_path / "range.json"
    path.write_text(json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}}, indent=1))
    done = import_logs(path, tmp_path / "t.parquet", now=NOW)
    assert done.report.left_out == ()
    assert sums(done)[0] == 480  # 60 an hour, eight hours


def test_what_the_bill_has_no_price_for_is_listed(tmp_path: Path) -> None:
    # searches, the fast mode, a region and audio: at the price of plain tokens each would be wrong, as nothing too
    shipped = Catalog.open(Path(__file__).parents[2])
    reports = {
        "search.json": anthropic_page({"server_tool_use": {"web_search_requests": 5000}}),
        "speed.json": anthropic_page({"speed": "standard"}, {"speed": "fast"}),
        "region.json": anthropic_page({"inference_geo": "global"}, {"inference_geo": "us"}),
        "audio.json": openai_page({"input_audio_tokens": 5_000_000, "output_audio_tokens": 2_000_000}),
    }
    expected = {
        "search.json": {("web_search", "standard"): 5000},
        "speed.json": {("input", "standard fast"): 1_000_000, ("output", "standard fast"): 100_000},
        "region.json": {("input", "standard in us"): 1_000_000, ("output", "standard in us"): 100_000},
        "audio.json": {("input_audio", "standard"): 5_000_000, ("output_audio", "standard"): 2_000_000},
    }
    usd = {"search.json": 7.5, "speed.json": 7.5, "region.json": 7.5, "audio.json": 4.0}  # 5 + 0.1 x 25; 2.5 + 0.1 x 15
    for name, page in reports.items():
        (tmp_path / name).write_text(json.dumps(page))
        found = bill(import_logs(tmp_path / name, tmp_path / "t.parquet", now=NOW).table_path, shipped)
        assert {(item.meter, item.service_tier): item.quantity for item in found.unpriced} == expected[name]
        assert found.total_usd == pytest.approx(usd[name])
    assert found.unpriced_frac == pytest.approx(7_000_000 / 8_100_000)


def test_a_bucket_of_audio_alone_is_not_empty(tmp_path: Path) -> None:
    path = tmp_path / "audio.json"
    path.write_text(json.dumps(openai_page({"input_tokens": 0, "output_tokens": 0, "input_audio_tokens": 7})))
    assert import_logs(path, tmp_path / "t.parquet", now=NOW).report.left_out == ()


def test_two_tools_that_tell_of_one_model_on_one_day_are_said(tmp_path: Path, log: Callable[..., Path]) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps(openai_page({})))
    same = log("a,2026-11-01T09:00:00Z,openai/gpt-5.4,,100,0,10", name="same.csv")
    other = log("a,2026-11-02T09:00:00Z,gpt-5.4,,100,0,10", name="other.csv")
    notes = [import_logs([report, path], tmp_path / "t.parquet", now=NOW).report.notes for path in (same, other)]
    assert any("openai and table tell of the same days (1 model, first on 2026-11-01)" in note for note in notes[0])
    assert not any("the same days" in note for note in notes[1])


def test_litellms_metadata_may_be_json_written_as_text(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in (SAMPLES / "litellm.jsonl").read_text().splitlines()]
    texts = [json.dumps(row | {"metadata": json.dumps(row["metadata"])}) for row in rows]
    (tmp_path / "log.jsonl").write_text("\n".join(texts) + "\n")
    done = import_logs(tmp_path / "log.jsonl", tmp_path / "t.parquet", now=NOW)
    assert sums(done) == (2, 7_000, 1_500, 500, 1_000, 300, 50)
