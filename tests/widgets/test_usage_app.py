"""The usage screen without a browser: the sample, a log of one's own, bad rows, an invoice, a scenario."""

import csv
import time
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest

from tco.catalog import Catalog
from tco.errors import TcoError
from tco.scenario import Scenario
from tco.usage import bill, import_logs
from tco.usage.commitments import Charge, Pending
from tco.widgets import usage_take
from tco.widgets.usage_app import UsageApp
from tco.widgets.usage_bill import bill_html
from tco.widgets.usage_pages import cents
from tco.widgets.usage_read import Ask, read, sample

TABS = {"Bill": 0, "Models": 1, "Lengths": 2, "Use": 3, "Left": 4}
EVIL = "<img src=x onerror=alert(1)>"
ODD = "when,llm,sent,got\n" + "".join(
    f"2026-10-{5 + n // 24:02d} {n % 24:02d}:15:00,{('gpt-5.4', EVIL)[n % 4 == 0]},1000,{-1 if n == 7 else 100}\n" for n in range(200)
)  # fmt: skip


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def catalog(here: Path) -> Catalog:
    """What ships, opened from an empty folder."""
    return Catalog.open()


@pytest.fixture
def app(catalog: Catalog) -> UsageApp:
    return UsageApp(catalog)


def read_into(app: UsageApp, path: Path) -> None:
    app.form.path.value = str(path)
    app.form.reads.click()
    assert app.wait()


def test_it_opens_live_on_a_sample_and_says_so(app: UsageApp) -> None:
    assert "SAMPLE" in app.words.html
    assert "This log should have cost $18.35." in app.words.html
    assert "7.47" in app.words.html  # the share without a price
    assert len(app.chart.traces) == 1
    assert "Thu 19:00" in app.chart.description


def test_the_sample_is_what_the_shell_says_too(catalog: Catalog, tmp_path: Path) -> None:
    found = read(sample(), catalog, tmp_path / "a.parquet")
    table = import_logs(sample().paths[0], tmp_path / "b.parquet", catalog=catalog).table_path
    assert found.bill.total_usd == pytest.approx(bill(table, catalog).total_usd)
    assert found.whole.fit is not None
    assert found.whole.fit.requests == 4410


def test_the_bill_adds_up_month_by_month(app: UsageApp) -> None:
    whole = app.billed.total_usd
    html = app.under.billed.html
    assert "2026-10" in html
    assert "NO PRICE" in html
    assert "house-router-2" in html
    parts = []
    for month in ("2026-10", "2026-11"):
        app.form.month.value = month
        parts.append(app.billed.total_usd)
    assert sum(parts) == pytest.approx(whole)
    app.form.month.value = ""
    assert app.billed.total_usd == pytest.approx(whole)


def test_what_contracts_add_is_in_the_bill_and_what_cannot_be_charged_is_told(app: UsageApp) -> None:
    charge = Charge("2026-10", "acme", "*", "minimum", 300.0, 500.0, 200.0, "price_sheets/contracts.csv: row 2")
    year = Pending("acme", EVIL, "true_up", 120_000.0, 9_000.0, "charged in 2026-12", "row 3")
    html = bill_html(replace(app.billed, charges=(charge,), pending=(year,)), None)
    assert "to the minimum" in html
    assert "500.00 agreed, 200.00 used" in html
    assert "not in the sum: annual true-up of acme/" in html
    assert EVIL not in html


def test_an_invoice_leaves_something_unexplained(app: UsageApp) -> None:
    app.form.invoice.value = "20.00"
    assert "unexplained" in app.words.html
    assert cents(20 - app.billed.total_usd) in app.under.billed.html
    assert "W-RECON" in app.under.billed.html
    app.form.invoice.value = "18.4"
    assert "agrees within 2 %" in app.words.html
    for bad in ("1,5", "-3", "twenty", "5 %", "0"):
        app.form.invoice.value = bad
        assert "write an amount above 0" in app.form.invoice.error
        assert "unexplained" not in app.words.html
    app.form.invoice.value = ""
    assert app.form.invoice.error == ""


def test_model_and_clock_change_the_week(app: UsageApp) -> None:
    before = app.chart.description
    app.clock.value = "Asia/Tokyo"
    assert "Asia/Tokyo" in app.chart.description
    assert "Fri 04:00" in app.chart.description  # nine hours later
    app.clock.value = "UTC"
    assert app.chart.description == before
    app.model.value = "gpt-5.4"
    assert "gpt-5.4" in app.chart.description
    assert app.part.fit is not None
    assert app.part.fit.requests < 4410
    app.browser.zone = "Europe/Berlin"
    assert ["Europe/Berlin", "your browser's: Europe/Berlin", ""] in app.clock.choices


def test_a_file_that_nobody_knows_is_asked_about_then_read(app: UsageApp, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(ODD)
    read_into(app, path)
    assert app.asked is not None
    assert "which column is what" in app.columns.said.html
    assert EVIL not in app.columns.said.html
    app.columns.children[-1].children[0].click()  # nothing told yet
    assert app.columns.choices["started"].error == "say which column has it"
    for ours, theirs in (("started", "when"), ("prompt_tok", "sent"), ("output_tok", "got"), ("model", "llm")):
        app.columns.choices[ours].value = theirs
    app.columns.children[-1].children[0].click()
    assert app.wait()
    assert app.asked is None
    assert app.usage.report is not None
    assert app.usage.report.kept == 199
    assert "SAMPLE" not in app.words.html
    assert app.under.tabs.titles[-1] == "Left out (1)"
    for place in TABS.values():
        app.under.tabs.selected = place
    said = app.under.left.html
    assert "fewer than no tokens" in said
    assert "answer -1" in said
    assert "&lt;img" in app.under.billed.html
    assert EVIL not in app.under.billed.html + said + app.words.html


def test_columns_that_do_not_do_are_told_and_can_be_left(app: UsageApp, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(ODD)
    read_into(app, path)
    for ours in ("started", "prompt_tok", "output_tok"):
        app.columns.choices[ours].value = "llm"
    app.columns.children[-1].children[0].click()
    assert app.wait()
    assert app.asked is not None
    assert "no time" in app.columns.wrong.html
    assert app.columns.choices["started"].value == "llm"
    app.columns.children[-1].children[1].click()
    assert app.asked is None
    assert "SAMPLE" in app.words.html


def test_a_dropped_log_is_read_and_a_second_copy_counts_once(app: UsageApp) -> None:
    line = "2026-10-05T09:00:00Z,gpt-5.4,1000000,0"
    content = f"time,model,prompt_tokens,completion_tokens\n{line}\n".encode()
    app.form._dropped({"a.csv": content, "../../b.csv": content})
    assert app.wait()
    assert app.billed.requests == 1
    # a million tokens of a prompt above 272,000: 5 USD a million
    assert app.billed.total_usd == pytest.approx(5.0)
    app.under.tabs.selected = TABS["Left"]
    assert "a file with the bytes of another" in app.under.left.html


def test_a_log_without_any_price_says_so(app: UsageApp, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("time,prompt_tokens,completion_tokens\n2026-10-05T09:00:00Z,10,1\n")
    read_into(app, path)
    assert "Nothing in this log has a price." in app.words.html
    assert "the log names no model" in app.under.billed.html
    for place in TABS.values():
        app.under.tabs.selected = place


def test_what_cannot_be_read_leaves_what_was(app: UsageApp, tmp_path: Path) -> None:
    read_into(app, tmp_path / "nowhere.csv")
    assert "no log there" in app.words.html
    assert "Below is what was read before." in app.words.html
    assert "$18.35" in app.words.html
    app.form.path.value = "  "
    app.form.reads.click()
    assert app.form.path.error == "write where the log is"


def test_reading_can_be_stopped(app: UsageApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tco.widgets.usage_app.PACE_S", 0.01)

    def slowly(*told: object, **named: object) -> object:
        while app.work is not None and not app.work.stopping:
            time.sleep(0.01)
        return read(*told, **named)  # type: ignore[arg-type]

    monkeypatch.setattr("tco.widgets.usage_read.read", slowly)
    app.read(sample())
    assert app.form.reads.disabled
    app.form.stops.click()
    assert app.wait()
    assert "reading was stopped" in app.words.html
    assert not app.form.reads.disabled
    assert app.form.meter.html == ""


def test_hourly_tables_are_taken_as_they_are(catalog: Catalog, tmp_path: Path) -> None:
    table = import_logs(sample().paths[0], tmp_path / "kept.parquet", catalog=catalog).table_path
    app = UsageApp(catalog, Ask((str(table),)))
    assert "$18.35" in app.words.html
    app.under.tabs.selected = TABS["Left"]
    assert "Hourly tables were given" in app.under.left.html


def test_the_csv_is_the_bill(app: UsageApp, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[bytes] = []
    monkeypatch.setattr(app.under.download, "give", lambda name, content, media: given.append(content))
    app.under.csv.click()
    rows = list(csv.DictReader(StringIO(given[0].decode())))
    assert sum(float(row["usd"] or 0) for row in rows) == pytest.approx(app.billed.total_usd)
    assert any(row["why_unpriced"] for row in rows)


# the workload into a scenario


def test_a_scenario_takes_the_workload_and_says_what_changes(app: UsageApp, tmp_path: Path) -> None:
    app.under.tabs.selected = TABS["Use"]
    taking = app.under.taking
    assert "1,160" in taking.changes.html  # the prompt as the scenario has it
    assert "1,520" in taking.changes.html  # as the log has it
    assert "taken out" in taking.changes.html  # the bill, for which requests come
    taking.saves.click()
    assert "Saved as our-workload.yaml" in taking.said.html
    made = Scenario.read(tmp_path / "our-workload.yaml")
    assert app.part.fit is not None
    assert made.get("workload.requests_per_month") == pytest.approx(app.part.fit.requests_per_month, rel=1e-6)
    assert made.get("workload.bill_usd_per_month") is None
    assert len(made.get("workload.shape_hours")) == 168
    assert "a sample, not a log of ours" in made.tree["description"]


def test_a_file_that_is_there_is_replaced_only_when_asked_again(app: UsageApp, tmp_path: Path) -> None:
    (tmp_path / "our-workload.yaml").write_text("mine")
    app.under.tabs.selected = TABS["Use"]
    taking = app.under.taking
    taking.saves.click()
    assert "is already there" in taking.said.html
    assert (tmp_path / "our-workload.yaml").read_text() == "mine"
    assert taking.saves.description == "Replace our-workload.yaml"
    taking.name.value = "other"
    assert taking.saves.description == "Use this workload"
    taking.name.value = "our-workload"
    taking.saves.click()
    taking.saves.click()
    assert "Saved as" in taking.said.html
    assert Scenario.read(tmp_path / "our-workload.yaml").tree["name"] == "our-workload"


def test_a_name_cannot_lead_elsewhere(tmp_path: Path) -> None:
    for bad in ("", "../x", "a/b", ".hidden", "x\n"):
        with pytest.raises(TcoError, match="letters"):
            usage_take.target(tmp_path, bad.replace("\n", " y"))
    assert usage_take.target(tmp_path, "a-1.yaml") == tmp_path / "a-1.yaml"


def test_a_folder_of_scenarios_of_ones_own_is_written_to_and_no_other(catalog: Catalog, tmp_path: Path) -> None:
    (tmp_path / "price_sheets").mkdir()
    assert usage_take.own_folder(Catalog.open()) == tmp_path
    (tmp_path / "scenarios").mkdir()
    assert usage_take.own_folder(Catalog.open()).resolve() == (tmp_path / "scenarios").resolve()
