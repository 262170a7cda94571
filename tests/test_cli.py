"""The shell's face: the answer alone, the shape promised, and one readable message with every fault."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from tco._version import __version__
from tco.present.terms import GLOSSARY
from tco.units import UNITS

Run = Callable[..., Any]
SUPPORT = "support-assistant"


@pytest.fixture
def at_home(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands run in the repository's root, so that shipped names are found."""
    monkeypatch.chdir(repository)
    return repository


@pytest.fixture
def written(tmp_path: Path, plain: Mapping[str, Any]) -> Path:
    """The plain scenario as a file."""
    path = tmp_path / "plain.yaml"
    path.write_text(yaml.safe_dump(dict(plain)))
    return path


def fails(ran: Any, *words: str) -> list[str]:
    """Exit 2, nothing on stdout, one message with these words, no traceback; its lines."""
    assert ran.status == 2
    assert ran.out == ""
    assert "Traceback" not in ran.err
    lines = ran.err.strip().splitlines()
    assert lines[0].startswith("tco: ")
    assert lines[0].endswith(" to mend")
    for word in words:
        assert word in ran.err, ran.err
    return list(lines[1:])


# answers


def test_breakeven_json_has_the_shape_promised(run: Run, written: Path) -> None:
    ran = run("breakeven", written, "--json")
    assert (ran.status, ran.err) == (0, "")
    answer = ran.data
    promised = [
        "axis", "baseline", "challenger", "status", "running_cost", "with_build", "at_volume",
        "needs", "warnings", "sources", "grade",
    ]  # fmt: skip
    assert [key for key in answer if key in promised] == promised
    assert set(answer) - set(promised) == {
        "envelope", "grades", "estimated", "borrowed", "measurement_codes", "doubt", "owed_usd_per_month", "while_owed",
    }  # fmt: skip
    assert (answer["axis"], answer["baseline"], answer["challenger"]) == ("requests_per_month", "api", "own")
    assert answer["status"] in ("always", "never", "single", "multiple", "window")
    for which in ("running_cost", "with_build"):
        assert {"first", "permanent", "winning_intervals"} <= set(answer[which])
        for start, stop in answer[which]["winning_intervals"]:
            assert isinstance(start, float)
            assert stop is None or isinstance(stop, float)
    assert {"requests_per_month", "baseline_usd", "challenger_usd"} <= set(answer["at_volume"])
    assert set(answer["needs"]) == {"at_volume", "ever"}
    assert all({"code", "message"} <= set(warning) for warning in answer["warnings"])
    assert all({"path", "where", "grade"} <= set(source) for source in answer["sources"])
    assert answer["grade"] in ("measured", "imported", "published", "estimated", "assumed")


def test_compare_json_has_the_shape_promised(run: Run, written: Path) -> None:
    ran = run("compare", written, "--json")
    assert (ran.status, ran.err) == (0, "")
    answer = ran.data
    assert {"options", "bridge", "warnings"} <= set(answer)
    promised = {
        "id", "kind", "usd_per_month", "lines_usd", "usd_per_request", "usd_per_mtok", "replicas_peak",
        "gpu_hours_per_month", "load_frac", "grade",
    }  # fmt: skip
    for option in answer["options"]:
        assert promised <= set(option)
        assert sum(option["lines_usd"].values()) == pytest.approx(option["usd_per_month"])
    assert all({"code", "message"} <= set(warning) for warning in answer["warnings"])


@pytest.mark.parametrize("name", ["support-assistant", "nightly-extraction", "coding-assistant", "rag-search"])
@pytest.mark.parametrize("command", ["breakeven", "compare"])
def test_shipped_scenarios_answer_by_name(at_home: Path, run: Run, name: str, command: str) -> None:
    ran = run(command, name, "--json")
    assert ran.status == 0, ran.err
    assert ran.data["grade"] in ("published", "estimated", "assumed")
    said = run(command, name)
    assert said.status == 0
    assert "nan" not in said.out.replace("finance", "")
    assert "Traceback" not in said.out + said.err


def test_json_is_plain_json_without_infinities(run: Run, written: Path) -> None:
    ran = run("breakeven", written, "--json", "--set", "workload.requests_per_month=0")
    assert "NaN" not in ran.out
    assert "Infinity" not in ran.out
    assert json.loads(ran.out)["at_volume"]["requests_per_month"] == 0


def test_another_pair_by_id(run: Run, written: Path) -> None:
    answer = run("breakeven", written, "--baseline", "own", "--challenger", "api", "--json").data
    assert (answer["baseline"], answer["challenger"], answer["status"]) == ("own", "api", "window")
    fails(run("breakeven", written, "--baseline", "apy"), "baseline: apy", "did you mean api?")


def test_set_changes_numbers_and_names(at_home: Path, run: Run) -> None:
    def month(*changes: str) -> dict[str, Any]:
        arguments = [part for change in changes for part in ("--set", change)]
        return {o["id"]: o for o in run("compare", SUPPORT, "--json", *arguments).data["options"]}

    now = month()
    dearer = month("options.self_host.gpu.on_demand_usd_per_gpu_hour=20")
    assert dearer["self_host"]["lines_usd"]["gpu_rent"] > 3 * now["self_host"]["lines_usd"]["gpu_rent"]
    other = month("options.api.sku=anthropic/claude-opus-4-6")
    assert "Claude" in other["api"]["label"]
    assert other["api"]["usd_per_request"] > 1.5 * now["api"]["usd_per_request"]
    model = month("options.self_host.model=Qwen/Qwen3-32B", "workload.shape=coding")
    assert "Qwen3 32B" in model["self_host"]["label"]
    counted = month("workload.requests_per_month=6.0e6")
    assert counted["api"]["usd_per_month"] != pytest.approx(now["api"]["usd_per_month"])


def test_as_of_chooses_the_day(at_home: Path, run: Run) -> None:
    fails(run("breakeven", SUPPORT, "--as-of", "2025-01-01"), "2025-01-01", "priced from")
    assert run("breakeven", SUPPORT, "--as-of", "2026-11-01", "--json").status == 0


def test_the_verdict_is_the_first_line_for_people(run: Run, written: Path) -> None:
    ran = run("breakeven", written, "--axis", "dollars")
    first = ran.out.splitlines()[0]
    assert ran.status == 0
    assert "running cost" in first
    assert "$3" in ran.out  # 692,000 requests are 3,460 dollars
    assert run("breakeven", written, "--axis", "tokens").status == 0


def test_terms(run: Run) -> None:
    everything = run("terms")
    assert everything.status == 0
    assert all(term in everything.out for term in GLOSSARY)
    assert all(f"_{unit}" in everything.out for unit in UNITS)
    some = run("terms", "ttft")
    assert "time to first token" in some.out
    assert "purchase" not in some.out
    assert len(some.out) < len(everything.out) / 4


def test_version_and_help(run: Run) -> None:
    assert run("--version").out == f"tco {__version__}\n"
    helped = run("--help")
    assert all(command in helped.out for command in ("compare", "breakeven", "terms", "lab", "init"))
    assert run().status == 2


def test_init_writes_a_folder_to_work_in(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine = tmp_path / "mine"
    ran = run("init", mine)
    assert ran.status == 0
    assert all(Path(line).exists() for line in ran.out.splitlines())
    assert {path.name for path in mine.iterdir()} >= {"price_sheets", "hw_profiles", "notebooks", "scenarios"}
    monkeypatch.chdir(mine)
    assert run("breakeven", "scenarios/support-assistant.yaml", "--json").status == 0
    assert run("breakeven", SUPPORT, "--data", mine, "--json").status == 0
    fails(run("init", mine), str(mine))


# charts


def test_a_chart_as_a_page_that_asks_nobody(run: Run, written: Path, tmp_path: Path) -> None:
    page = tmp_path / "out" / "chart.html"
    page.parent.mkdir()
    ran = run("breakeven", written, "--chart", page, "--json")
    assert ran.status == 0, ran.err
    assert ran.data["status"] == "single"  # stdout is still the answer alone
    assert "chart written to" in ran.err
    text = page.read_text(encoding="utf-8")
    assert "running cost" in text
    assert 'src="http' not in text
    assert "<link" not in text


def test_a_chart_of_an_unknown_kind(run: Run, written: Path, tmp_path: Path) -> None:
    fails(run("breakeven", written, "--chart", tmp_path / "chart.xls"), ".html", ".png", ".svg", ".pdf")
    assert not (tmp_path / "chart.xls").exists()


def test_a_chart_in_a_folder_that_is_not_there(run: Run, written: Path, tmp_path: Path) -> None:
    ran = run("breakeven", written, "--chart", tmp_path / "no" / "chart.html")
    assert ran.status in (0, 2)
    assert "Traceback" not in ran.err


# bad input


def test_every_fault_of_a_scenario_is_told(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(
        "worklod: {}\n"
        "workload: {requests_per_month: -5, batch_frac: 35, input_length: {mean_tok: .nan, cv: .inf}}\n"
        "finance: {amortise_build_months: 0}\n"
        "options:\n"
        "  api: {kind: api, sku: openai/gpt-5.4, price: {output_usd_per_mtok: '$10', inputs: 1}}\n"
        "  own: {kind: rentd}\n"
    )
    lines = fails(run("breakeven", path), "did you mean workload?", "9 things to mend")
    wanted = [
        ("worklod", "unknown key"),
        ("workload.requests_per_month: -5", "at least 0"),
        ("workload.batch_frac: 35", "0.35 for 35 %"),
        ("workload.input_length.mean_tok: nan", "finite"),
        ("workload.input_length.cv: inf", "finite"),
        ("finance.amortise_build_months: 0", "above 0"),
        ("options.api.price.output_usd_per_mtok: '$10'", "currency sign"),
        ("options.own.kind: 'rentd'", "api, owned, rented"),
        ("options.api.price.inputs", "unknown key"),
    ]
    for where, mend in wanted:
        assert any(str(path) in line and where in line and mend in line for line in lines), (where, lines)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("workload.batch_fraction=0.2", ["workload.batch_fraction", "did you mean workload.batch_frac"]),
        ("options.api.sku=openai/gpt5.4", ["options.api.sku", "openai/gpt-5.4"]),
        ("options.self_host.model=openai/gpt-oss-12b", ["options.self_host.model", "openai/gpt-oss-120b"]),
        ("options.self_host.gpu_name=H100", ["options.self_host.gpu_name", "H100-SXM"]),
        ("options.self_host.model=Qwen/Qwen3-235B-A22B", ["2 × H100-SXM hold 160 GB", "at least 7 are needed"]),
        ("options.api.price.inputs_usd_per_mtok=1", ["did you mean options.api.price.input_usd_per_mtok"]),
        ("workload.shape=conversatoin", ["workload.shape", "conversation"]),
        ("workload.requests_per_month=-1", ["at least 0"]),
        ("workload.burst_ratio=0", ["at least 1"]),
        ("options.self_host.capacity.target_utilisation_frac=0", ["above 0"]),
        ("options.self_host.capacity.target_utilisation_frac=80", ["0.8 for 80 %"]),
        ("finance.discount_frac=.nan", ["finite"]),
        ("workload.requests_per_month=.inf", ["finite"]),
        ("workload.batch_frac=35", ["0.35 for 35 %"]),
        ("workload.requests_per_month=$10", ["without a currency sign"]),
        ("workload.requests_per_month=1,5", ["decimal comma"]),
        ("as_of=2026-31-12", ["2026-31-12"]),
        ("service.tpot_ms=0.1", ["TPOT 0.1 ms", "would do"]),
        ("nonsense", ["PATH=VALUE"]),
        ("options.self_host.capacity.gpus_per_replica=0", ["at least 1"]),
        ("options.api.hours=[{hours_utc: night, price_ratio: 2}]", ["Mon-Fri 01-04"]),
    ],
)
def test_a_change_that_cannot_be(at_home: Path, run: Run, change: str, words: list[str]) -> None:
    fails(run("breakeven", SUPPORT, "--json", "--set", change), "one thing", *words)


def test_every_faulty_change_is_told(at_home: Path, run: Run) -> None:
    changes = ["workload.batch_frac=35", "nonsense", "workload.shap=flat", "finance.discount_frac=-1"]
    arguments = [part for change in changes for part in ("--set", change)]
    assert len(fails(run("compare", SUPPORT, *arguments), "4 things to mend", *changes)) == 4


def test_requests_and_a_bill_at_once(run: Run, tmp_path: Path, plain: Mapping[str, Any]) -> None:
    path = tmp_path / "both.yaml"
    path.write_text(yaml.safe_dump({**plain, "workload": {**plain["workload"], "bill_usd_per_month": 5}}))
    fails(run("breakeven", path), "not both")


def test_files_that_are_not_there_or_cannot_be_read(run: Run, tmp_path: Path, at_home: Path) -> None:
    fails(run("breakeven", "suport-assistant"), "did you mean support-assistant")
    fails(run("breakeven", tmp_path), "folder")
    (tmp_path / "broken.yaml").write_text("options: {api: {kind: api\nworkload: [")
    fails(run("breakeven", tmp_path / "broken.yaml"), "broken.yaml: line")
    (tmp_path / "list.yaml").write_text("- 1\n- 2\n")
    fails(run("compare", tmp_path / "list.yaml"), "mapping")
    (tmp_path / "empty.yaml").write_text("")
    fails(run("compare", tmp_path / "empty.yaml"), "mapping")
    fails(run("compare", SUPPORT, "--data", tmp_path / "nowhere"), "--data")
    fails(run("compare", SUPPORT, "--data", tmp_path), "--data")


@pytest.fixture
def sheets(repository: Path, tmp_path: Path) -> Path:
    """A copy of the data to spoil."""
    for folder in ("price_sheets", "hw_profiles", "scenarios"):
        shutil.copytree(repository / folder, tmp_path / folder)
    return tmp_path


def spoil(path: Path, old: str, new: str, encoding: str = "utf-8") -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding=encoding)


def test_sheets_that_a_spreadsheet_spoilt_are_told_together(run: Run, sheets: Path) -> None:
    openai = sheets / "price_sheets/api/openai.csv"
    spoil(openai, "gpt-5.4,input,2.5,USD", "gpt-5.4,input,$10,USD")
    spoil(openai, "gpt-5.4,cache_read,0.25,USD", 'gpt-5.4,cache_read,"1,5",USD')
    spoil(sheets / "price_sheets/api/anthropic.csv", "2026-02-05", "46058")
    lines = fails(run("breakeven", SUPPORT, "--data", sheets), "3 things to mend")
    assert any("price_sheets/api/openai.csv: row 2, price: '$10'; write the number alone: 10" in line for line in lines)
    assert any("openai.csv: row 3, price: '1,5'; use a decimal point: 1.5" in line for line in lines)
    assert any("anthropic.csv: row 2, valid_from: '46058'" in line and "2026-02-05" in line for line in lines)


def test_a_missing_column_is_told(run: Run, sheets: Path) -> None:
    path = sheets / "price_sheets/gpu_rental/lambda.csv"
    spoil(path, ",price,", ",prise,")
    fails(run("breakeven", SUPPORT, "--data", sheets), "lambda.csv: column price: missing", "did you mean price")


def test_a_byte_order_mark_and_semicolons(run: Run, sheets: Path) -> None:
    path = sheets / "price_sheets/api/openai.csv"
    path.write_text(path.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert run("breakeven", SUPPORT, "--data", sheets, "--json").status == 0
    path.write_text(path.read_text(encoding="utf-8-sig").replace(",", ";"), encoding="utf-8")
    fails(run("breakeven", SUPPORT, "--data", sheets), "openai.csv")


def test_a_broken_profile_is_told(run: Run, sheets: Path) -> None:
    path = next((sheets / "hw_profiles/gpus").glob("H100-SXM.yaml"))
    spoil(path, "memory_gb: 80", "memory_gb: '80 GB'")
    fails(run("breakeven", SUPPORT, "--data", sheets), "hw_profiles/gpus/H100-SXM.yaml", "memory_gb", "80 GB")


def test_an_unknown_meter_is_told_the_known(run: Run, sheets: Path) -> None:
    spoil(sheets / "price_sheets/api/openai.csv", "gpt-5.4,input,", "gpt-5.4,inputs,")
    fails(run("breakeven", SUPPORT, "--data", sheets), "row 2, meter: 'inputs'", "did you mean input")


def test_by_a_real_process(repository: Path, tmp_path: Path) -> None:
    def tco(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONWARNINGS": "error::RuntimeWarning"}
        command = [sys.executable, "-m", "tco.cli", *arguments]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=False)

    good = tco("compare", SUPPORT, "--json")
    assert good.returncode == 0, good.stderr
    assert json.loads(good.stdout)["options"]
    bad = tco("breakeven", SUPPORT, "--set", "workload.batch_frac=35")
    assert (bad.returncode, bad.stdout) == (2, "")
    assert "0.35 for 35 %" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_the_clock_is_only_read_for_ages(at_home: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Later(date):
        @classmethod
        def today(cls) -> "Later":
            return cls(2031, 1, 1)

    now = run("breakeven", SUPPORT, "--json").data
    monkeypatch.setattr(sys.modules["tco.resolve.to_case"], "date", Later)
    then = run("breakeven", SUPPORT, "--json").data
    assert {**then, "warnings": None} == {**now, "warnings": None}
    assert "W-STALE" in {warning["code"] for warning in then["warnings"]}


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        ("scenarios", "support-assistant"),
        ("apis", "openai/gpt-5.4"),
        ("models", "openai/gpt-oss-120b"),
        ("gpus", "H100-SXM"),
        ("profiles", "gpt-oss-120b--H100-SXMx2--vllm-0.13.0"),
        ("rents", "H100-SXM nebius"),
        ("shapes", "conversation"),
        ("roles", "ml_engineer"),
        ("fields", "workload.batch_frac"),
    ],
)
def test_every_name_a_scenario_may_use_is_listed(run: Run, what: str, expected: str) -> None:
    ran = run("list", what, "--as-of", "2026-11-20")
    assert ran.status == 0
    assert expected in ran.out


def test_check_says_that_all_is_well(at_home: Path, run: Run) -> None:
    ran = run("check")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out.startswith("Nothing to mend in price_sheets")


def test_check_tells_what_no_scenario_would_meet(run: Run, repository: Path, tmp_path: Path) -> None:
    shutil.copytree(repository / "price_sheets", tmp_path / "price_sheets")
    rents = tmp_path / "price_sheets" / "gpu_rental" / "nebius.csv"
    rents.write_text(rents.read_text(encoding="utf-8").replace(",H100-SXM,", ",H100-SMX,", 1), encoding="utf-8")
    zai = tmp_path / "price_sheets" / "api" / "zai.csv"
    lone = "zai,glm-lone,input,1,USD,1M tokens,batch,,,,,2026-01-01,,list,C,https://z.ai,2026-11-01,hand,"
    zai.write_text(zai.read_text(encoding="utf-8") + lone + "\n", encoding="utf-8")
    fails(run("check", "--data", tmp_path), "gpu_rental/nebius.csv", "H100-SMX; did you mean H100-SXM", "zai.csv: row")
