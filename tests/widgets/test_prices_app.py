"""The price-sheet screen without a browser: do something in the grid, read the words and what would be written."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tco.catalog import Catalog
from tco.catalog.edit import Sheet
from tco.scaffold import init
from tco.scenario import Scenario
from tco.widgets.price_pages import answer_html, compared_html
from tco.widgets.price_session import PriceSession
from tco.widgets.prices_app import BREAK_EVEN, CHECK, OVER_TIME, PROPOSALS, SAVE, PricesApp
from tco.widgets.soon import Soon

TODAY = date(2026, 11, 21)
OPENAI = "price_sheets/api/openai.csv"


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for a pause is done at once, even where a browser's loop runs in this process."""
    monkeypatch.setattr(Soon, "ask", lambda soon: soon.act())


@pytest.fixture
def app(tmp_path: Path) -> PricesApp:
    init(tmp_path)
    catalog = Catalog.open(tmp_path)
    return PricesApp(PriceSession(catalog, TODAY), Scenario.read(catalog.scenarios()["support-assistant"]))


Find = Callable[..., dict[str, Any]]


@pytest.fixture
def row(app: PricesApp) -> Find:
    """A row of the grid by what its cells or its other facts are."""

    def find(**wanted: str) -> dict[str, Any]:
        standard = {"service_tier": "standard", "min_input_tokens": "", "region": ""}
        cells = {**standard, **{name: value for name, value in wanted.items() if name not in ("mark", "state")}}
        for found in app.grid.table["rows"]:
            facts = all(found[name] == wanted[name] for name in ("mark", "state") if name in wanted)
            if facts and all(found["cells"].get(name, "") == value for name, value in cells.items()):
                return dict(found)
        raise AssertionError(f"no row {wanted} among {[found['name'] for found in app.grid.table['rows']]}")

    return find


def new_price(app: PricesApp, row: Find, meter: str, price: str) -> int:
    app.act("act", ["new price", row(meter=meter, state="in force")["key"]])
    key = row(meter=meter, mark="new")["key"]
    app.act("set", [key, "price", price])
    return int(key)


def test_it_opens_on_what_the_scenario_buys(app: PricesApp) -> None:
    assert (app.sheet.value, app.filters[0].value) == (OPENAI, "gpt-5.4")
    assert {found["cells"]["model"] for found in app.grid.table["rows"]} == {"gpt-5.4"}
    assert "cheaper than GPT-5.4 from 6.8M" in app.answer.html
    assert all(found["edit"] == [] for found in app.grid.table["rows"])  # no old row is edited by accident


def test_a_new_price_is_told_before_it_is_saved(app: PricesApp, row: Find) -> None:
    app.act("act", ["new price", row(meter="input")["key"]])
    fresh = row(meter="input", mark="new")
    assert fresh["told"] == [[["price"], "error", fresh["told"][0][2], ""]]
    assert "Fill in what is marked" in app.answer.html
    assert "model" not in fresh["edit"]
    app.act("set", [fresh["key"], "price", "1.9"])
    assert row(meter="input", mark="new")["told"] == []
    assert "The break-even moves from 6.8M to 7.46M requests a month (+9.66" in app.answer.html
    assert "<b>2 edits not saved</b>" in app.state.html
    assert "−24" in app.compared.words.html
    assert row(meter="input", mark="")["state"] == "ended"
    path = app.session.sheets()[OPENAI]
    assert "desk research" not in path.read_text(encoding="utf-8").splitlines()[2]


def test_a_fault_is_told_at_its_cell_and_leads_there(app: PricesApp, row: Find) -> None:
    key = new_price(app, row, "input", "$1.9")
    (columns, level, words, accept) = row(meter="input", mark="new")["told"][0]
    assert (columns, level, accept) == (["price"], "error", "")
    assert "1.9" in words
    assert "Not to be told yet: 1 fault to mend" in app.answer.html
    app.tabs.selected = CHECK
    assert "1 fault of your edits" in app.findings.words.html
    app._go_to(app.findings.found[0])
    assert app.grid.focus[:2] == [key, "price"]
    app.tabs.selected = SAVE
    assert app.saving.write.disabled
    assert "1 fault to mend" in app.saving.told.html


def test_an_oddity_can_be_accepted(app: PricesApp, row: Find) -> None:
    key = new_price(app, row, "output", "60")
    (told,) = row(meter="output", mark="new")["told"]
    assert told[3] == "jump"
    app.act("accept", [key, "jump"])
    assert row(meter="output", mark="new")["told"] == []
    assert app.session.held(OPENAI).row(key)["note"] == "accepted: jump"


def test_saving_shows_the_lines_first_and_then_writes_them(app: PricesApp, row: Find) -> None:
    new_price(app, row, "input", "1.9")
    app._open_save()
    assert "1 line will be added in <code>" in app.saving.told.html
    assert "Nothing is written yet" in app.saving.told.html
    assert '<span class="tco-diff-more">+openai,gpt-5.4,input,1.9,' in app.saving.diff.html
    before = app.session.sheets()[OPENAI].read_text(encoding="utf-8")
    app.saving.save()
    after = app.session.sheets()[OPENAI].read_text(encoding="utf-8")
    assert len(after.splitlines()) == len(before.splitlines()) + 1
    app._work_out()  # what is worked out late does not take the words away
    assert "Saved." in app.saving.told.html
    assert "gpt-5.4,input,1.9" in app.saving.diff.html
    assert "not saved" not in app.state.html
    assert "7.46M" in app.answer.html


def test_the_windows_before_the_lasting_break_even_are_told(app: PricesApp, row: Find) -> None:
    new_price(app, row, "input", "1.9")
    found = app.compared.found
    assert found is not None
    assert found.after is not None
    assert "in windows before" not in compared_html(found, [])
    won = replace(found.after.running_cost, status="multiple", first=2e6, intervals=((2e6, 3e6), (7.46e6, None)))
    windows = replace(found, after=replace(found.after, running_cost=won))
    assert '… and only in windows before</th><td class="num">—</td><td class="num">2M to 3M</td>' in compared_html(
        windows, []
    )
    said = answer_html(windows, "mine", app.compared.on, 1, [], [])
    assert "The lasting break-even moves from 6.8M to" in said
    assert "; before that only between 2M and 3M." in said


def test_a_row_that_is_edited_is_told_as_one_line_changed(app: PricesApp, row: Find) -> None:
    app.session.set_cell(OPENAI, row(meter="input")["key"], "note", "read twice")
    app.redraw()
    app._open_save()
    assert "1 line will be changed in <code>" in app.saving.told.html


def test_a_file_that_changed_meanwhile_is_read_again(app: PricesApp, row: Find) -> None:
    new_price(app, row, "input", "1.9")
    app._open_save()
    path = app.session.sheets()[OPENAI]
    other = Sheet.read(path)
    other.added({**other.rows[2], "valid_from": "2026-11-01", "price": "14"}).save()
    app.saving.save()
    assert "somebody else" in app.saving.told.html
    assert "tco-hidden" not in app.saving.again._dom_classes
    app.saving.reload()
    assert "1 line will be added" in app.saving.told.html
    app.saving.save()
    assert "openai,gpt-5.4,output,14," in path.read_text(encoding="utf-8")
    assert "openai,gpt-5.4,input,1.9," in path.read_text(encoding="utf-8")


def test_correcting_and_ending_open_just_what_they_need(app: PricesApp, row: Find) -> None:
    key = row(meter="cache_read")["key"]
    app.act("act", ["correct", key])
    assert "model" in row(meter="cache_read")["edit"]
    assert row(meter="cache_read")["open"]
    app.act("set", [key, "price", "0.3"])
    assert row(meter="cache_read")["was"] == {"price": "0.25"}
    app.act("act", ["put back", key])
    assert row(meter="cache_read")["edit"] == []
    app.act("act", ["end", key])
    ended = row(meter="cache_read")
    assert (ended["edit"], ended["cells"]["valid_to"], ended["mark"]) == (["valid_to"], "2026-11-21", "changed")
    app._undo()
    assert row(meter="cache_read")["mark"] == ""


def test_new_prices_for_all_that_is_shown_are_one_step(app: PricesApp) -> None:
    app.filters[2].value = "batch"
    shown = len(app.grid.table["rows"])
    app._all_new()
    assert [found["mark"] for found in app.grid.table["rows"]].count("new") == shown
    assert len(app.session.steps) == 1


def test_filters_and_sorting(app: PricesApp) -> None:
    app.filters[0].value = ""
    assert len(app.grid.table["rows"]) == len(app.session.held(OPENAI).keys) > 400
    app.act("sort", ["price"])
    prices = [float(found["cells"]["price"]) for found in app.grid.table["rows"]]
    assert prices == sorted(prices)
    app.act("sort", ["price"])
    assert [float(found["cells"]["price"]) for found in app.grid.table["rows"]] == prices[::-1]
    app.holding.value = "ended"
    assert {found["state"] for found in app.grid.table["rows"]} <= {"ended"}
    app.filters[1].value = "request"
    assert app.grid.table["rows"] == []


def test_an_announced_price_is_told_on_its_day(app: PricesApp, row: Find) -> None:
    key = new_price(app, row, "output", "7.5")
    app.act("set", [key, "valid_from", "2027-03-01"])
    assert row(meter="output", mark="new")["state"] == "announced"
    assert app.compared.on == date(2027, 3, 1)
    assert "prices of 2027-03-01" in app.answer.html
    app.tabs.selected = OVER_TIME
    assert any(trace.get("uid") == "output_announced" for trace in app.over_time.chart.traces)
    assert "Implied yearly decline" in app.over_time.words.html


def test_a_price_that_the_scenario_does_not_buy_changes_nothing(app: PricesApp, row: Find) -> None:
    app.filters[0].value = "gpt-5-mini"
    new_price(app, row, "input", "0.3")
    assert "buys from no model whose price changed" in app.answer.html


def test_every_sheet_opens(app: PricesApp) -> None:
    for where in app.session.sheets():
        app.sheet.value = where
        for tab in (BREAK_EVEN, OVER_TIME, CHECK, PROPOSALS, SAVE):
            app.tabs.selected = tab
        assert app.wrong.html == "", where
        assert app.grid.table["rows"], where


def test_text_of_a_sheet_is_never_markup(app: PricesApp, row: Find) -> None:
    key = new_price(app, row, "input", "<img src=x>")
    app.act("set", [key, "note", "<script>alert(1)</script>"])
    for tab in range(5):
        app.tabs.selected = tab
    words = (app.answer, app.state, app.saving.diff, app.saving.told, app.compared.words, app.findings.words)
    said = "".join(part.html for part in words)
    assert "<img" not in said
    assert "<script" not in said
    assert "&lt;img" in app.saving.diff.html


def test_the_packages_own_sheets_say_how_to_have_ones_own(catalog: Catalog, monkeypatch: pytest.MonkeyPatch) -> None:
    from tco.errors import Fault, LookupFault

    def refuse(_self: Catalog) -> Path:
        raise LookupFault(Fault("price_sheets", "no folder to write to", "make one"))

    monkeypatch.setattr(Catalog, "own_price_folder", property(refuse))
    app = PricesApp(PriceSession(catalog, TODAY), Scenario.read(catalog.scenarios()["support-assistant"]))
    assert "tco init" in app.answer.html
    app._open_save()
    assert app.saving.write.disabled


def test_proposals_are_taken_into_the_grid_and_refused(app: PricesApp, tmp_path: Path) -> None:
    data = {
        "openai/gpt-5.4": {
            "litellm_provider": "openai", "input_cost_per_token": 2e-06, "output_cost_per_token": 1.5e-05, "odd_cost_per_token": 1,
        },
        "<b>x": {"litellm_provider": "openai", "input_cost_per_token": 1e-06},
    }  # fmt: skip
    other = {
        "openai": {"id": "openai", "models": {"gpt-5.4": {"id": "gpt-5.4", "cost": {"input": 2.25, "output": 15}}}}
    }
    app.tabs.selected = PROPOSALS
    assert "Nothing is asked of the network" in app.proposed.words.html
    files = {
        "litellm-2026-11-20.json": json.dumps(data).encode(),
        "models.dev-2026-11-20.json": json.dumps(other).encode(),
    }
    app.proposed._dropped(files)
    assert app.proposed.wrong.html == ""
    assert "odd_cost_per_token" in app.proposed.words.html
    (found,) = [one for one in app.proposed.table.rows if one["id"] == "openai/gpt-5.4:input"]
    assert (found["ours"], found["state"]) == ("2.50", "sources disagree")
    assert [(figure["text"], figure["differs"]) for figure in found["figures"]] == [("2.00", True), ("2.25", True)]
    app.proposed.act("take", ["openai/gpt-5.4:input", "litellm"])
    (key,) = app.session.steps[0].changes
    row = app.session.held(OPENAI).row(key.key)
    assert (row["price"], row["checked_by"]) == ("2", "import:litellm@2026-11-20")
    assert app.proposed.table.rows[0]["taken"] == "litellm"
    assert key.key in app.view.keys
    app._undo()
    assert app.proposed.table.rows[0]["taken"] == ""
    app.proposed.act("refuse", ["openai/gpt-5.4:input"])
    assert [one["id"] for one in app.proposed.table.rows if one["id"] == "openai/gpt-5.4:input"] == []
    assert "1 refused" in app.proposed.words.html
    app.proposed._dropped({"litellm.json": b"no JSON"})
    assert "not JSON" in app.proposed.wrong.html
