"""A measurement's doubts in words: the badge over an answer, the fleet's page, the line under a chart, a ranking's cell."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from tco.case import Case, ServingEvidence
from tco.inputs.source import Source
from tco.present.axis import volume_axis
from tco.present.estimates import ranked_cells, ranking_rows
from tco.present.fleet import evidence_rows
from tco.present.provenance import vendors_line
from tco.present.service import doubt_badge, doubt_text
from tco.solve.breakeven import break_even
from tco.solve.rank import RankedGpu

MEASURED = ServingEvidence(
    profile="mine", engine="vllm 0.25.1", gpus_per_replica=1, mixes=((100.0, 10.0),) * 4, percentile_used="the requests counted",
    on_medians=False, ttft_known=True, error_frac=0.02, left_out_error_frac=0.05, origin="measured",
)  # fmt: skip


@pytest.fixture
def text(case_of: Callable[..., Case], plain: Mapping[str, Any]) -> Callable[[ServingEvidence], str]:
    """What is said over an answer that stands on some evidence."""

    def build(found: ServingEvidence) -> str:
        case = replace(case_of(plain), evidence={"own": found})
        answer = break_even(case)
        return doubt_text(case, "own", None, volume_axis("requests", answer.axis, "API"))

    return build


def test_the_badge_and_what_is_said_beside_it(text: Callable[[ServingEvidence], str]) -> None:
    assert doubt_badge(MEASURED) == text(MEASURED) == ""
    assert doubt_badge(replace(MEASURED, codes=("B-CLIENT",))) == ""  # W-BENCH is enough
    quick = replace(MEASURED, codes=("B-DUMMY", "B-QUICK", "B-CLIENT"))
    assert doubt_badge(quick) == "MEASURED IN DOUBT"
    assert text(quick).endswith(
        "was not measured as it would be used: the weights were random numbers (B-DUMMY); windows were short and "
        "nothing was repeated (B-QUICK)."
    )
    borrowed = replace(quick, borrowed=True, mixes=MEASURED.mixes[:3])
    assert doubt_badge(borrowed) == "PARTLY ESTIMATED"
    assert "are measured: other lengths are estimated in proportion. Of the measurement itself: the weights" in text(
        borrowed
    )
    assert "is published: other" in text(replace(MEASURED, borrowed=True, origin="published", mixes=MEASURED.mixes[:1]))


def test_the_fleets_page_and_the_line_under_a_chart(case_of: Callable[..., Case], plain: Mapping[str, Any]) -> None:
    found = replace(MEASURED, codes=("B-QUICK", "B-NOCOUNTER"))
    path = "options.own.capacity.work.decode_s_per_tok"
    source = Source("hw_profiles/serving/mine.yaml", "measured")
    case = case_of(plain)
    case = replace(case, evidence={"own": found}, sources={**case.sources, path: source})
    rows = dict(evidence_rows(found, case))
    assert rows["Known by"] == "mine, measured"
    assert rows["The measurement doubts"] == (
        "windows were short and nothing was repeated (B-QUICK); no energy counter checked the watts (B-NOCOUNTER)"
    )
    assert "throughput: mine (quick)" in vendors_line(case)


def test_a_ranking_says_how_it_was_measured() -> None:
    row = RankedGpu("H200-SXM", "measured", "mine", 1, codes=("B-DUMMY", "B-QUICK", "B-CACHE"), unsaturated=True)
    assert ranking_rows([row])[0][-1] == "measured: random weights, quick; may serve more"
    assert ranked_cells(replace(row, grade="estimated"))[0] == "PARTLY ESTIMATED: random weights, quick; may serve more"
