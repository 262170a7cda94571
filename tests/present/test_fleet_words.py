"""Words about a fleet: its week's axis, worth of owning, the doubt of an estimate, lines by group."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tco.catalog import Catalog
from tco.evaluate import evaluate
from tco.model.ledger import Ledger
from tco.present.axis import VolumeAxis
from tco.present.charts.week import FleetWeek, top_of, week_chart
from tco.present.fleet import worth_text
from tco.present.lines import LINE_GROUPS, LINE_LABELS, REST, group_of, grouped
from tco.present.numbers import NO_BREAK
from tco.present.provenance import vendors_line
from tco.present.service import moved_text
from tco.resolve import resolve
from tco.scenario import Scenario
from tco.solve.breakeven import Winning
from tco.solve.doubt import Doubt

REQUESTS = VolumeAxis("requests", "requests a month", 1.0)


def winning(permanent: float | None, status: str = "single") -> Winning:
    intervals = () if permanent is None else ((permanent, None),)
    return Winning(status, permanent, permanent, intervals, 1e9, True)


def doubt(slow: Winning, fast: Winning) -> Doubt:
    return Doubt("own", "mine", 0.66, 1.5, slow, fast)


def test_a_doubt_that_moves_the_break_even_names_both_ends():
    words = moved_text(doubt(winning(5e6), winning(2e6)), REQUESTS)
    assert words == "in eight of ten cases the break-even lies between 2M and 5M requests a month"


def test_a_doubt_that_turns_the_answer_says_so():
    words = moved_text(doubt(winning(None, "never"), winning(2e6)), REQUESTS)
    assert words == "at the slow end it is never cheaper, at the fast end cheaper from 2M requests a month on"
    assert (
        moved_text(doubt(winning(None, "never"), winning(None, "never")), REQUESTS) == "either way it is never cheaper"
    )


def test_owning_is_worth_a_share_of_the_hours_or_nothing():
    assert worth_text(0.5) == f"only if you would rent it more than 50{NO_BREAK}% of the hours"
    assert worth_text(1.0).startswith("never")


@given(levels=st.lists(st.integers(0, 6), min_size=168, max_size=168), kept=st.none() | st.floats(1, 5))
def test_a_week_draws_every_hour(levels: list[int], kept: float | None):
    busy = np.array(levels, dtype=float)
    week = FleetWeek("mine", busy, np.ceil(busy) + 1.0, kept)
    top = top_of(week)
    figure = week_chart(week, title="", source_line="", top_replicas=top)
    at_work, paid, level = figure["data"]
    for trace, values in ((at_work, busy), (paid, week.paid_replicas)):
        hours = np.arange(168) + 0.5
        assert np.interp(hours, trace["x"], trace["y"]) == pytest.approx(values)
    assert max(paid["y"]) <= top
    assert bool(level["x"]) == (kept is not None)


def test_the_axis_of_a_week_keeps_still():
    low, high = (FleetWeek("mine", np.full(168, n - 0.5), np.full(168, float(n))) for n in (3, 9))
    top = top_of(high)
    assert top >= 9
    assert top_of(low, top) == top  # not yet three times too high
    assert top_of(high, top_of(low)) == top


def test_every_line_of_a_ledger_has_a_name_and_one_group(case_of):
    tree = {
        "workload": {"requests_per_month": 1e6, "input_length": {"mean_tok": 1000}, "output_length": {"mean_tok": 200}},
        "options": {
            "api": {"kind": "api", "sku": "openai/gpt-5.4"},
            "rented": {"kind": "rented", "model": "openai/gpt-oss-120b", "gpu_name": "H100-SXM"},
            "bought": {"kind": "owned", "model": "openai/gpt-oss-120b", "gpu_name": "H100-SXM"},
        },
    }
    ledgers: dict[str, Ledger] = evaluate(case_of(tree))
    names = {name for ledger in ledgers.values() for name in ledger.lines_usd}
    assert names - set(LINE_LABELS) == set()
    assert sum(name in lines for lines in LINE_GROUPS.values() for name in names) == len(
        [name for name in names if group_of(name) != REST]
    )


@given(st.dictionaries(st.sampled_from(sorted(LINE_LABELS)), st.floats(-1e6, 1e6)))
def test_groups_lose_no_dollar(lines: dict[str, float]):
    assert sum(sum(group.values()) for group in grouped(lines).values()) == pytest.approx(sum(lines.values()), abs=1e-6)


def test_the_line_under_a_chart_names_the_sheet_of_what_is_bought(catalog: Catalog) -> None:
    case = resolve(Scenario.read(catalog.scenarios()["own-or-rent"]), catalog)
    assert "servers" in vendors_line(case).split(";")[0]
