"""Edits of price sheets without a screen: steps, undo, what would be written, and what somebody else has saved meanwhile."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.catalog import Catalog
from tco.catalog.edit import ChangedSheet, Sheet
from tco.errors import LookupFault
from tco.scaffold import init
from tco.widgets.price_session import PriceSession
from tco.widgets.price_steps import name_of

TODAY = date(2026, 11, 21)
OPENAI = "price_sheets/api/openai.csv"
LAMBDA = "price_sheets/gpu_rental/lambda.csv"


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("shipped")
    init(folder)
    return folder


@pytest.fixture
def session(tmp_path: Path) -> PriceSession:
    init(tmp_path)
    return PriceSession(Catalog.open(tmp_path), TODAY)


def key_of(session: PriceSession, meter: str, model: str = "gpt-5.4", tier: str = "standard") -> int:
    held = session.held(OPENAI)
    wanted = {"model": model, "meter": meter, "service_tier": tier, "min_input_tokens": "", "region": ""}
    rows = zip(held.keys, held.sheet.rows, strict=True)
    return next(key for key, row in rows if wanted.items() <= row.items())


def test_a_new_price_copies_what_does_not_change_and_leaves_the_old_row(session: PriceSession) -> None:
    old = key_of(session, "input")
    (new,) = session.new_price(OPENAI, [old])
    row, was = session.held(OPENAI).row(new), session.held(OPENAI).row(old)
    assert (row["price"], row["note"], row["valid_to"]) == ("", "", "")
    assert (row["valid_from"], row["checked_on"], row["checked_by"]) == ("2026-11-21", "2026-11-21", "desk research")
    same = ("provider", "model", "meter", "service_tier", "currency", "per", "source_url", "evidence")
    assert {name: row[name] for name in same} == {name: was[name] for name in same}
    assert was == session.was(OPENAI, old)
    assert session.held(OPENAI).line(new) == session.held(OPENAI).line(old) + 1


def test_the_diff_of_a_new_price_is_one_line_and_saving_writes_just_that(session: PriceSession) -> None:
    path = session.sheets()[OPENAI]
    before = path.read_text(encoding="utf-8").splitlines()
    (new,) = session.new_price(OPENAI, [key_of(session, "input")])
    session.set_cell(OPENAI, new, "price", "1.9")
    assert path.read_text(encoding="utf-8").splitlines() == before
    assert session.save() == [OPENAI]
    after = path.read_text(encoding="utf-8").splitlines()
    (line,) = [line for line in after if line not in before]
    assert line.startswith("openai,gpt-5.4,input,1.9,USD,1M tokens,standard,,,,,2026-11-21,,list,A,")
    assert len(after) == len(before) + 1
    assert session.steps == []
    assert session.diffs() == {}
    facts = {fact.path: fact.value for fact in session.catalog.api_price("openai/gpt-5.4", TODAY)}
    assert facts["price.input_usd_per_mtok"] == 1.9


def test_typing_on_in_a_cell_is_one_step_and_undo_takes_one_step_back(session: PriceSession) -> None:
    old = key_of(session, "output")
    (new,) = session.new_price(OPENAI, [old])
    for text in ("1", "12", "12.5"):
        assert session.set_cell(OPENAI, new, "price", text)
    assert not session.set_cell(OPENAI, new, "price", " 12.5 ")
    assert len(session.steps) == 2
    assert session.undo() == "price of gpt-5.4 output"
    assert session.held(OPENAI).row(new)["price"] == ""
    session.undo()
    assert new not in session.held(OPENAI).keys
    assert session.undo() == ""
    assert session.changed == {}


def test_typing_back_what_was_there_is_no_step(session: PriceSession) -> None:
    key = key_of(session, "input")
    session.set_cell(OPENAI, key, "price", "3")
    session.set_cell(OPENAI, key, "price", "2.5")
    assert session.steps == []


def test_putting_one_row_back_keeps_the_others_edits(session: PriceSession) -> None:
    new = session.new_price(OPENAI, [key_of(session, "input"), key_of(session, "output")])
    session.set_cell(OPENAI, new[0], "price", "2")
    session.set_cell(OPENAI, new[1], "price", "12")
    session.retire(OPENAI, key_of(session, "input", tier="batch"))
    session.put_back(OPENAI, new[0])
    assert new[0] not in session.held(OPENAI).keys
    assert session.held(OPENAI).row(new[1])["price"] == "12"
    assert [step.words for step in session.steps] == [
        "2 new prices",
        "price of gpt-5.4 output",
        "end of gpt-5.4 input, batch",
    ]


def test_an_end_writes_valid_to_alone(session: PriceSession) -> None:
    session.retire(OPENAI, key_of(session, "input"), date(2027, 1, 1))
    plus, minus = (
        next(line for line in session.diffs()[OPENAI].splitlines() if line.startswith(f"{sign}openai")) for sign in "+-"
    )
    assert plus.replace(",2027-01-01,", ",,")[1:] == minus[1:]
    assert session.days == [date(2027, 1, 1)]


def test_accepting_an_oddity_adds_to_the_note(session: PriceSession) -> None:
    key = key_of(session, "input")
    note = session.held(OPENAI).row(key)["note"]
    session.accept(OPENAI, key, "jump")
    assert session.held(OPENAI).row(key)["note"] == f"{note}; accepted: jump"


def test_a_row_that_somebody_else_added_is_not_lost(session: PriceSession) -> None:
    (new,) = session.new_price(OPENAI, [key_of(session, "input")])
    session.set_cell(OPENAI, new, "price", "1.9")
    path = session.sheets()[OPENAI]
    other = Sheet.read(path)
    other.added({**other.rows[2], "valid_from": "2026-11-01", "price": "14"}).save()
    theirs = path.read_bytes()
    with pytest.raises(ChangedSheet, match="somebody else"):
        session.save()
    assert path.read_bytes() == theirs
    assert session.held(OPENAI).row(new)["price"] == "1.9"
    assert session.reload() == []
    assert session.held(OPENAI).row(new)["price"] == "1.9"
    session.save()
    text = path.read_text(encoding="utf-8")
    assert "openai,gpt-5.4,input,1.9," in text
    assert "openai,gpt-5.4,output,14," in text


def test_an_edit_whose_row_somebody_else_changed_is_told_not_guessed(session: PriceSession) -> None:
    key = key_of(session, "input")
    session.retire(OPENAI, key)
    session.new_price(OPENAI, [key_of(session, "output")])
    path = session.sheets()[OPENAI]
    other = Sheet.read(path)
    other.replaced(2, {**other.row(2), "price": "2.6"}).save()
    assert session.reload() == ["end of gpt-5.4 input"]
    assert [step.words for step in session.steps] == ["new price after gpt-5.4 output"]


def test_two_sheets_are_edited_and_saved_together(session: PriceSession) -> None:
    (api,) = session.new_price(OPENAI, [key_of(session, "input")])
    session.set_cell(OPENAI, api, "price", "2")
    (rent,) = session.new_price(LAMBDA, [session.held(LAMBDA).keys[0]])
    session.set_cell(LAMBDA, rent, "price", "1.5")
    assert list(session.diffs()) == [OPENAI, LAMBDA]
    assert session.save() == [OPENAI, LAMBDA]


def test_a_sheet_of_a_new_vendor_begins_with_its_first_row(session: PriceSession) -> None:
    where = "price_sheets/api/acme.csv"
    row = dict.fromkeys(session.columns(where), "") | {
        "provider": "acme",
        "model": "one",
        "meter": "input",
        "price": "1",
    }
    (key,) = session.add_rows([(where, row)], "a proposal")
    assert session.held(where).row(key)["model"] == "one"
    assert where in session.sheets()
    assert session.save() == [where]
    assert session.catalog.content(session.sheets()[where]).count(b"\n") == 2


def test_formulas_are_written_harmlessly_and_read_as_they_were_meant(session: PriceSession) -> None:
    key = key_of(session, "input")
    session.set_cell(OPENAI, key, "note", "=cmd|' /C calc'!A0")
    assert session.held(OPENAI).row(key)["note"] == "=cmd|' /C calc'!A0"
    assert "'=cmd|" in session.diffs()[OPENAI]


def test_the_packages_own_sheets_are_never_written(session: PriceSession, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_self: Catalog) -> Path:
        raise LookupFault([])

    monkeypatch.setattr(Catalog, "own_price_folder", property(refuse))
    session.retire(OPENAI, key_of(session, "input"))
    with pytest.raises(LookupFault):
        session.save()
    assert session.changed


def test_unknown_columns_and_rows_are_said(session: PriceSession) -> None:
    with pytest.raises(LookupFault, match="unknown column"):
        session.set_cell(OPENAI, key_of(session, "input"), "prise", "1")
    with pytest.raises(LookupFault, match="no longer there"):
        session.set_cell(OPENAI, 10_000_000, "price", "1")


def test_a_blank_row_has_what_all_rows_share(session: PriceSession) -> None:
    key = session.blank_row(OPENAI)
    row = session.held(OPENAI).row(key)
    shared = {"provider": "openai", "currency": "USD", "per": "1M tokens", "basis": "list", "service_tier": "standard"}
    assert shared.items() <= row.items()
    assert (row["model"], row["price"], row["valid_from"]) == ("", "", "2026-11-21")
    rent = session.blank_row(LAMBDA)
    assert name_of(session.held(LAMBDA).row(rent)) == "a new row"


edits = st.lists(
    st.tuples(st.sampled_from(["new", "cell", "end", "put back", "undo"]), st.integers(0, 30), st.text(max_size=8)),
    max_size=12,
)


@given(edits=edits)
def test_undoing_everything_is_the_file(shipped: Path, edits: list[tuple[str, int, str]]) -> None:
    session = PriceSession(Catalog.open(shipped), TODAY)
    held = session.held(LAMBDA)
    text = held.sheet.text
    for what, place, cell in edits:
        held = session.held(LAMBDA)
        key = held.keys[place % len(held.keys)]
        if what == "new":
            session.new_price(LAMBDA, [key])
        elif what == "cell":
            session.set_cell(LAMBDA, key, "note", cell)
        elif what == "end":
            session.retire(LAMBDA, key)
        elif what == "put back":
            session.put_back(LAMBDA, key)
        else:
            session.undo()
        held = session.held(LAMBDA)
        assert len(held.keys) == len(set(held.keys)) == len(held.sheet.rows)
    while session.steps:
        session.undo()
    assert session.held(LAMBDA).sheet.text == text
