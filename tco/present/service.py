"""The service of every option beside the limits, how sure an estimated one is, and what a licence says: in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tco.case import Case, ServingEvidence
from tco.present.axis import VolumeAxis
from tco.present.estimates import BADGE, PARTLY
from tco.present.fleet import spread_text
from tco.present.numbers import money, quantity
from tco.serving.doubts import SHORT, in_short, in_words, known_by
from tco.solve.breakeven import Winning
from tco.solve.capacity import Served
from tco.solve.doubt import Doubt

UNKNOWN = "not known: measure it"
IN_DOUBT = "MEASURED IN DOUBT"
"""Measured, but with random weights, in a hurry, or as a test."""


def doubt_badge(found: ServingEvidence | None) -> str:
    """The badge of a throughput that is not all measured, or not as it would be used; empty where it is."""
    if found is None:
        return ""
    if found.estimated or found.borrowed:
        return BADGE if found.estimated else PARTLY
    return IN_DOUBT if in_short(found.codes) else ""


def doubt_text(case: Case, answer_option: str, found: Doubt | None, axis: VolumeAxis) -> str:
    """How sure an estimated throughput is, and how far that moves the break-even; empty where it was measured."""
    evidence = case.evidence.get(answer_option)
    if evidence is None or not doubt_badge(evidence):
        return ""
    label = case.numbers.options[answer_option].label
    words = in_words([code for code in evidence.codes if code in SHORT])
    doubted = f" Of the measurement itself: {words}." if words else ""
    if evidence.borrowed and not evidence.estimated:
        mixes = f"{len(evidence.mixes)} length mix{'' if len(evidence.mixes) == 1 else 'es'}"
        known = f"{'is' if len(evidence.mixes) == 1 else 'are'} {known_by(evidence)}"
        return f"Only {mixes} of {label} {known}: other lengths are estimated in proportion.{doubted}"
    if not evidence.estimated:
        return f"What {label} serves was not measured as it would be used: {words}."
    text = f"Nobody has published what {label} serves at this service level. Of such estimates {spread_text(evidence)}"
    return f"{text}: {moved_text(found, axis)}." if found is not None else f"{text}."


def moved_text(found: Doubt, axis: VolumeAxis) -> str:
    """Where the break-even lies at both ends of an estimate's interval."""
    slow, fast = _from(found.slow, axis), _from(found.fast, axis)
    if slow == fast:
        return f"either way it is {slow}"
    if found.slow.permanent and found.fast.permanent:
        ends = sorted((found.slow.permanent, found.fast.permanent))
        return f"in eight of ten cases the break-even lies between {axis.short(ends[0])} and {axis.text(ends[1])}"
    return f"at the slow end it is {slow}, at the fast end {fast}"


def _from(found: Winning, axis: VolumeAxis) -> str:
    if found.permanent is not None:
        return (
            "cheaper at every volume" if found.status == "always" else f"cheaper from {axis.text(found.permanent)} on"
        )
    return "cheaper only in windows of volume" if found.intervals else "never cheaper"


SERVICE_HEADINGS = (
    "option", "first token, mean hour", "in the busiest minute", "each token after, mean hour", "in the busiest minute",
    "a month", "known by",
)  # fmt: skip
HOW = {"profile": "a profile", "estimate": f"{BADGE}, at full load", "yours": "typed by you", "unknown": UNKNOWN}


@dataclass(frozen=True)
class ServiceRow:
    """One option's service in words."""

    cells: tuple[str, ...]
    """Under ``SERVICE_HEADINGS``."""
    over: tuple[int, ...] = ()
    """Places of the cells that are over their limit."""


def service_rows(found: Sequence[Served], usd_per_month: Mapping[str, float]) -> list[ServiceRow]:
    """The limits, and under them each option's times and what it costs."""
    limits = [limit for one in found[:1] for limit in _limits(one)]
    asked = ServiceRow(("asked for, at most", *map(_ms, limits), "", ""))
    return [asked, *(_service_row(one, usd_per_month[one.option]) for one in found)]


def _limits(one: Served) -> list[float]:
    return [one.ttft_limit_ms, one.ttft_limit_ms, one.tpot_limit_ms, one.tpot_limit_ms]


def _service_row(one: Served, usd: float) -> ServiceRow:
    times = [one.mean_hour.ttft_ms, one.busiest_minute.ttft_ms, one.mean_hour.tpot_ms, one.busiest_minute.tpot_ms]
    pairs = enumerate(zip(times, _limits(one), strict=True), start=1)
    over = tuple(place for place, (ms, limit) in pairs if ms is not None and ms > limit)
    return ServiceRow((one.label, *map(_ms, times), money(usd), HOW[one.how]), over)


def _ms(ms: float | None) -> str:
    return "not known" if ms is None else quantity(ms, "ms")


def licence_text(licence: str, licence_note: str) -> str:
    """A sentence where the weights' licence restricts commercial use; empty where it does not."""
    return f"Licence ({licence}): {licence_note}" if licence_note else ""
