"""What a measurement doubts of itself: the codes of ``tco.bench.codes`` that concern an answer, in words."""

from collections.abc import Iterable, Sequence

from tco.case import ServingEvidence
from tco.inputs.hardware import ServingPoint, ServingProfile

FAKE = "B-FAKE"
ABOUT_SPEED = {
    FAKE: "the driver was a stand-in, so it is a test and no measurement",
    "B-DUMMY": "the weights were random numbers",
    "B-QUICK": "windows were short and nothing was repeated",
    "B-SHORT": "windows were under a minute or five requests long",
    "B-STREAM": "answers came in one piece, so the times of their tokens are not the model's",
    "B-FAILED": "requests failed",
    "B-CLIENT": "the load client lagged, and was measured too",
    "B-THROTTLE": "a GPU slowed itself for heat or a power limit",
    "B-NOISE": "the share of requests inside could not be told from the one wanted",
    "B-REPEAT": "the load first found did not hold when it was repeated, so a lower one counts",
    "B-BUDGET": "the time was up before the search ended, so there may be more",
    "B-LIMIT": "the highest load tried still kept the service level, so there may be more",
    "B-CACHE": "nobody saw whether prompts came from a cache",
}
"""Doubts of the throughput, the heaviest first."""
ABOUT_WATTS = {
    "B-SCOPE": "the watts are of the whole module",
    "B-NOCOUNTER": "no energy counter checked the watts",
    "B-COUNTER": "the energy counter went back, and nothing checked the watts",
    "B-HOLE": "the watts have holes",
}
"""Doubts of watts that are used all the same."""
TOLD_OTHERWISE = {"B-OPEN", "B-NONE", "B-GAP", "B-MIG", "B-POWER", "B-EDGE", "B-LOST"}
"""W-OPEN tells the first; a mix with the second is not inside; watts with one of the others are not used, as W-POWER tells."""
SHORT = {FAKE: "a test", "B-DUMMY": "random weights", "B-QUICK": "quick"}
"""Of the doubts that make it another kind of measurement, the words that fit into a table."""


def doubts(profile: ServingProfile, inside: Iterable[ServingPoint]) -> tuple[str, ...]:
    """The codes of the run and those of the points inside the service level; what only overloaded points bear is left out."""
    told = profile.told_codes
    at_points = {code for point in profile.points for code in point.codes}
    used = {code for point in inside for code in point.codes}
    return tuple(
        code for code in (*ABOUT_SPEED, *ABOUT_WATTS) if code in told and (code not in at_points or code in used)
    )


def known_by(found: ServingEvidence) -> str:
    """The word for how a profile's points are known: published by others, else measured, with whatever tool."""
    return "published" if found.origin == "published" else "measured"


def in_words(codes: Sequence[str], watts: bool = False) -> str:
    """
    Doubts as clauses, each with its code; empty where there are none.

    Examples
    --------
    >>> in_words(["B-QUICK", "B-HOLE"])
    'windows were short and nothing was repeated (B-QUICK)'
    """
    known = {**ABOUT_SPEED, **(ABOUT_WATTS if watts else {})}
    return "; ".join(f"{known[code]} ({code})" for code in codes if code in known)


def in_short(codes: Sequence[str]) -> str:
    """
    The words of another kind of measurement; empty for an ordinary one.

    Examples
    --------
    >>> in_short(["B-DUMMY", "B-QUICK", "B-CLIENT"])
    'random weights, quick'
    """
    return ", ".join(SHORT[code] for code in codes if code in SHORT)
