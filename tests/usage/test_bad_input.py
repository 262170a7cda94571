"""What is wrong with a log is counted by kind with its first examples, and the rest is imported."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tco.catalog import Catalog
from tco.errors import TcoError
from tco.usage import Imported, bill, import_logs
from tco.usage.engine import Engine
from tco.usage.lines_csv import bill_csv
from tco.usage.report import HARMLESS, KINDS

from .conftest import NOW

Log = Callable[..., Path]
GOOD = "g1,2026-11-02T09:00:00Z,large,,100,10,10"
HEADER = "request_id,time,model,tier,input,cached,output,end_time,reasoning_tokens"
ROWS = [
    # kind, row, what its example names
    ("time", "x,yesterday,large,,100,0,10,,", "x"),
    ("time", "x,,large,,100,0,10,,", "x"),
    ("count", "x,2026-11-02T09:00:00Z,large,,many,0,10,,", "answer 10"),
    ("count", "x,2026-11-02T09:00:00Z,large,,100,0,,,", "prompt 100"),
    ("count", "x,2026-11-02T09:00:00Z,large,,nan,0,10,,", "x"),
    ("count", "x,2026-11-02T09:00:00Z,large,,100,n/a,10,,", "prompt 100"),
    ("count", "x,2026-11-02T09:00:00Z,large,,1000,900 tok,10,,", "prompt 1000"),
    ("count", "x,2026-11-02T09:00:00Z,large,,100,0,10,,some", "answer 10"),
    ("negative", "x,2026-11-02T09:00:00Z,large,,-100,0,10,,", "prompt -100"),
    ("negative", "x,2026-11-02T09:00:00Z,large,,100,-5,10,,", "cached -5"),
    ("cached", "x,2026-11-02T09:00:00Z,large,,100,101,10,,", "cached 101"),
    ("reasoning", "x,2026-11-02T09:00:00Z,large,,100,0,10,,11", "answer 10"),
    ("huge", "x,2026-11-02T09:00:00Z,large,,1000000001,0,10,,", "prompt 1000000001"),
    ("backwards", "x,2026-11-02T09:00:00Z,large,,100,0,10,2026-11-02T08:59:59Z,", "ended 2026-11-02 08:59:59"),
    ("future", "x,2027-03-02T09:00:00Z,large,,100,0,10,,", "at 2027-03-02 09:00:00"),
    ("ancient", "x,1970-01-01T09:00:00Z,large,,100,0,10,,", "at 1970-01-01 09:00:00"),
    ("empty", "x,2026-11-02T09:00:00Z,large,,0,0,0,,", "x"),
    ("line", "x,2026-11-02T09:00:00Z,large", "line 3"),
    ("line", "x,2026-11-02T09:00:00Z,large,,100,0,10,,,x", "line 3"),
    ("line", 'x,2026-11-02T09:00:00Z,"large,,100,0,10,,', "line 3"),
]


def kinds(done: Imported) -> dict[str, int]:
    return {problem.kind: problem.count for problem in done.report.left_out}


@pytest.mark.parametrize(("kind", "row", "named"), ROWS)
def test_a_faulty_row_is_counted_told_and_left_out(
    tmp_path: Path, catalog: Catalog, log: Log, kind: str, row: str, named: str
) -> None:
    path = log(GOOD + ",,", row, GOOD.replace("g1", "g2") + ",,", header=HEADER)
    done = import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW)
    assert kinds(done) == {kind: 1}
    assert (done.report.rows, done.report.kept) == (3, 2)
    (problem,) = done.report.left_out
    assert problem.words
    assert problem.mend
    assert named in problem.examples[0]
    assert "log.csv" in problem.examples[0]


@pytest.mark.parametrize(("kind", "row", "named"), ROWS)
def test_strict_refuses_it_unless_it_is_none(
    tmp_path: Path, catalog: Catalog, log: Log, kind: str, row: str, named: str
) -> None:
    path = log(GOOD + ",,", row, header=HEADER)
    if kind in HARMLESS:
        import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW, strict=True)
        return
    with pytest.raises(TcoError) as told:
        import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW, strict=True)
    assert KINDS[kind][0] in str(told.value)
    assert not (tmp_path / "t.parquet").exists()


def test_every_kind_is_told_at_once(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    path = log(GOOD + ",,", *(row.replace("x,", f"x{n},", 1) for n, (_, row, _) in enumerate(ROWS)), header=HEADER)
    with pytest.raises(TcoError) as told:
        import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW, strict=True)
    assert len(told.value.faults) == len({kind for kind, *_ in ROWS} - set(HARMLESS))


def test_examples_are_the_first_three(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    rows = [f"n{n},2026-11-02T09:00:00Z,large,,-1,0,10,," for n in range(9)]
    done = import_logs(log(GOOD + ",,", *rows, header=HEADER), tmp_path / "t.parquet", catalog=catalog, now=NOW)
    (problem,) = done.report.left_out
    assert problem.count == 9
    assert [example.split("id ")[1][:2] for example in problem.examples] == ["n0", "n1", "n2"]


def test_broken_lines_of_json_leave_the_others(tmp_path: Path, catalog: Catalog) -> None:
    row = {
        "id": "a",
        "timestamp": 1793600000,
        "model": "large",
        "usage": {"prompt_tokens": 100, "completion_tokens": 10},
    }
    lines = [json.dumps(row), '{"id": "b", "timesta', "nonsense", json.dumps(row | {"id": "c"})]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    done = import_logs(tmp_path / "log.jsonl", tmp_path / "t.parquet", catalog=catalog, now=NOW)
    assert kinds(done) == {"line": 2}
    assert done.report.requests == 2


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1", "utf-8-sig"])
def test_other_encodings_are_read_and_said(tmp_path: Path, catalog: Catalog, encoding: str) -> None:
    content = "request_id,time,model,prompt_tokens,completion_tokens\né1,2026-11-02T09:00:00Z,large,100,10\n"
    raw = content.encode(encoding)
    (tmp_path / "log.csv").write_bytes(b"\xff\xfe" + raw if encoding == "utf-16-le" else raw)
    done = import_logs(tmp_path / "log.csv", tmp_path / "t.parquet", catalog=catalog, now=NOW)
    assert (done.report.kept, done.report.left_out) == (1, ())
    assert done.report.files[0].note.startswith("read as ")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_is_read_and_said(tmp_path: Path, catalog: Catalog, encoding: str) -> None:
    content = "request_id,time,model,prompt_tokens,completion_tokens\né1,2026-11-02T09:00:00Z,large,100,10\n"
    (tmp_path / "log.csv").write_bytes(content.encode(encoding))
    done = import_logs(tmp_path / "log.csv", tmp_path / "t.parquet", catalog=catalog, now=NOW)
    assert (done.report.kept, done.report.left_out) == (1, ())
    assert done.report.files[0].note == f"read as {encoding}"


def test_a_broken_line_has_its_number_in_the_file_that_was_named(tmp_path: Path, catalog: Catalog) -> None:
    row = {"time": "2026-11-02T09:00:00Z", "model": "large", "prompt_tokens": 100, "completion_tokens": 10}
    lines = [json.dumps(row), json.dumps(row | {"text": "x" * 10_000_000}), "nonsense", json.dumps(row)]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    done = import_logs(tmp_path / "log.jsonl", tmp_path / "t.parquet", catalog=catalog, now=NOW)
    told = {problem.kind: problem.examples[0] for problem in done.report.left_out}
    assert (done.report.rows, done.report.kept) == (4, 2)
    assert "line 2," in told["long"]
    assert "line 3:" in told["line"]


def test_a_bucket_of_a_day_ends_with_the_day(tmp_path: Path, catalog: Catalog) -> None:
    result = {"input_tokens": 100, "output_tokens": 10, "num_model_requests": 1, "model": "large"}
    bucket = {"start_time": 1793577600, "end_time": 1793664000, "results": [result]}  # 2026-11-02, all of it
    (tmp_path / "day.json").write_text(json.dumps({"data": [bucket]}))
    report = import_logs(tmp_path / "day.json", tmp_path / "t.parquet", catalog=catalog, now=NOW).report
    assert str(report.first) == "2026-11-02 00:00:00"
    assert str(report.last) == "2026-11-02 23:00:00"


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_line_of_ten_megabytes_is_left_out(tmp_path: Path, catalog: Catalog, ending: str) -> None:
    long = "x" * 10_000_000
    if ending == "csv":
        lines = [
            "time,model,prompt_tokens,completion_tokens,text",
            "2026-11-02T09:00:00Z,large,100,10,a",
            f"2026-11-02T09:00:00Z,large,100,10,{long}",
        ]
    else:
        row = {"time": "2026-11-02T09:00:00Z", "model": "large", "prompt_tokens": 100, "completion_tokens": 10}
        lines = [json.dumps(row), json.dumps(row | {"text": long})]
    path = tmp_path / f"log.{ending}"
    path.write_text("\n".join([*lines, lines[-2] if ending == "csv" else lines[0], ""]))
    done = import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW)
    assert kinds(done) == {"long": 1}
    assert done.report.kept == 2
    assert "10 MB" in done.report.left_out[0].examples[0]


def test_a_file_with_the_same_bytes_counts_once(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    paths = [log(GOOD, name="a.csv"), log(GOOD, name="b.csv"), log(GOOD.replace("g1", "h1"), name="c.csv")]
    done = import_logs(paths, tmp_path / "t.parquet", catalog=catalog, now=NOW)
    assert kinds(done) == {"same": 1}
    assert done.report.left_out[0].examples == ("b.csv",)
    assert done.report.requests == 2


def test_mixed_zones_become_utc_and_are_told(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    times = [
        "2026-11-02T09:00:00Z",
        "2026-11-02T10:00:00+01:00",
        "2026-11-02T04:00:00-0500",
        "2026-11-02 10:00:00",
        "1793610000",
    ]
    path = log(*(f"{n},{time},large,,100,0,10" for n, time in enumerate(times)))
    report = import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW, timezone="Europe/Berlin").report
    assert report.kept == 5
    assert report.first == report.last
    assert report.first is not None
    assert report.first.isoformat() == "2026-11-02T09:00:00"
    assert any("those without one are taken as the zone that was named" in note for note in report.notes)


def test_rows_of_one_zone_are_one_zone_whatever_their_seconds(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    times = ["10:00:01.25+01:00", "10:00:02.5+01:00", "10:00+01:00", "09:00:03Z", "09:00:04.000 UTC", "09:00:05"]
    path = log(*(f"{n},2026-11-02 {time},large,,100,0,10" for n, time in enumerate(times)))
    report = import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW).report
    (told,) = (note for note in report.notes if note.startswith("times in these zones"))
    assert "(+01:00: 3, none: 1, UTC: 1, Z: 1)" in told
    assert report.kept == 6


def test_an_unknown_zone_is_refused(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    with pytest.raises(TcoError, match="Europe/Berlin"):
        import_logs(log(GOOD), tmp_path / "t.parquet", catalog=catalog, timezone="Mars/Olympus")


def test_names_like_formulas_are_told_and_kept(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    report = import_logs(
        log("a,2026-11-02T09:00:00Z,=cmd|' /C calc'!A0,,100,0,10"), tmp_path / "t.parquet", catalog=catalog, now=NOW
    ).report
    assert report.kept == 1
    assert any("formulas (=cmd|' /C calc'!A0)" in note for note in report.notes)


def test_a_log_of_nothing_good_says_what_is_wrong(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    with pytest.raises(TcoError, match="fewer than no tokens"):
        import_logs(log("a,2026-11-02T09:00:00Z,large,,-1,0,10"), tmp_path / "t.parquet", catalog=catalog, now=NOW)


@pytest.mark.parametrize("content", ["", "\n", "time,model,prompt_tokens,completion_tokens\n"])
def test_an_empty_log_is_refused(tmp_path: Path, catalog: Catalog, content: str) -> None:
    (tmp_path / "log.csv").write_text(content)
    with pytest.raises(TcoError):
        import_logs(tmp_path / "log.csv", tmp_path / "t.parquet", catalog=catalog)


def test_a_page_cut_short_is_refused_with_its_name(tmp_path: Path, catalog: Catalog) -> None:
    content = (Path(__file__).parent / "samples" / "openai.json").read_text()
    (tmp_path / "cut.json").write_text(content[:700])
    with pytest.raises(TcoError, match=r"cut\.json"):
        import_logs(tmp_path / "cut.json", tmp_path / "t.parquet", catalog=catalog)


def test_a_broken_parquet_is_refused_with_its_name(tmp_path: Path, catalog: Catalog) -> None:
    (tmp_path / "log.parquet").write_bytes(b"PAR1 no")
    with pytest.raises(TcoError, match=r"log\.parquet"):
        import_logs(tmp_path / "log.parquet", tmp_path / "t.parquet", catalog=catalog)


def test_a_quoted_cell_may_go_over_lines(tmp_path: Path, catalog: Catalog) -> None:
    head = "time,model,prompt_tokens,completion_tokens,text"
    lines = [head, '2026-11-02T09:00:00Z,large,100,10,"one', 'two"', "2026-11-02T09:00:00Z,large,100,10,plain", ""]
    (tmp_path / "log.csv").write_text("\n".join(lines))
    done = import_logs(tmp_path / "log.csv", tmp_path / "t.parquet", catalog=catalog, now=NOW)
    assert (done.report.kept, done.report.left_out) == (2, ())


@pytest.mark.parametrize("kind", ["litellm", "table"])
def test_json_lines_may_be_larger_than_memory(tmp_path: Path, catalog: Catalog, kind: str) -> None:
    usage = {"prompt_tokens": 100, "completion_tokens": 10}
    row = {
        "litellm": {"spend": 0.1, "startTime": "2026-11-02T09:00:00Z", "endTime": "2026-11-02T09:00:05Z", **usage},
        "table": {"time": "2026-11-02T09:00:00Z", "usage": usage},
    }[kind]
    with (tmp_path / "log.jsonl").open("w") as file:
        for number in range(230_000):
            file.write(
                json.dumps({"request_id": f"r{number}", "model": "large", **row, "messages": "x" * 1_000}) + "\n"
            )
    engine = Engine(memory="256MB", threads=2)
    assert (tmp_path / "log.jsonl").stat().st_size > 256_000_000
    report = import_logs(tmp_path / "log.jsonl", tmp_path / "t.parquet", catalog=catalog, now=NOW, engine=engine).report
    assert (report.rows, report.kept, report.requests, report.left_out) == (230_000, 230_000, 230_000, ())


@pytest.mark.parametrize("indent", [None, 1])
def test_a_report_of_one_document_may_be_long(tmp_path: Path, catalog: Catalog, indent: int | None) -> None:
    result = {"input_tokens": 100, "output_tokens": 10, "num_model_requests": 1, "model": "large", "padding": "x" * 300}
    buckets = [
        {
            "start_time": 1793600000 + 3600 * hour,
            "end_time": 1793603600 + 3600 * hour,
            "results": [result | {"project_id": f"p{number}"} for number in range(240)],
        }
        for hour in range(100)
    ]
    path = tmp_path / "report.json"
    path.write_text(json.dumps({"object": "page", "data": buckets}, indent=indent))
    assert path.stat().st_size > 8 * 1024 * 1024
    report = import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW).report
    assert (report.rows, report.kept, report.requests, report.left_out) == (24_000, 24_000, 24_000, ())


def test_an_answer_of_prometheus_stands_on_one_line(tmp_path: Path, catalog: Catalog) -> None:
    answer = json.loads((Path(__file__).parent / "samples" / "vllm-range.json").read_text())
    (tmp_path / "range.json").write_text(json.dumps(answer) + "\n")
    report = import_logs(tmp_path / "range.json", tmp_path / "t.parquet", catalog=catalog, now=NOW).report
    assert (report.requests, report.left_out) == (11, ())


def test_too_little_memory_is_said_to_be_that(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    rows = (f"{n},2026-11-02T09:00:00Z,large,,100,10,10" for n in range(20_000))
    with pytest.raises(TcoError, match="--memory"):
        import_logs(log(*rows), tmp_path / "t.parquet", catalog=catalog, now=NOW, engine=Engine(memory="1MB"))


@pytest.mark.parametrize("empty", ["", "nan", "None", "null", " "])
def test_an_optional_count_that_is_empty_is_none(tmp_path: Path, catalog: Catalog, log: Log, empty: str) -> None:
    path = log(f"x,2026-11-02T09:00:00Z,large,,100,{empty},10")
    report = import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW).report
    assert (report.kept, report.left_out) == (1, ())


def test_a_bills_csv_has_no_control_characters_of_a_log(tmp_path: Path, catalog: Catalog, log: Log) -> None:
    path = log("a,2026-11-02T09:00:00Z,\x1b[31mred,,100,0,10")
    done = import_logs(path, tmp_path / "t.parquet", catalog=catalog, now=NOW)
    written = bill_csv(bill(done.table_path, catalog))
    assert "\x1b" not in written
    assert "\\x1b[31mred" in written


def test_a_picture_is_no_log_and_one_message(tmp_path: Path) -> None:
    # bytes of a picture: no encoding, quotes that never close, carriage returns in the midst of a line
    path = tmp_path / "chart.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b'"\x00\r,\xff"\n"a\rb\n' * 400)
    with pytest.raises(TcoError, match=r"chart\.png"):
        import_logs(path, tmp_path / "t.parquet", now=NOW)
