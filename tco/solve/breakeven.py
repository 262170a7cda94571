"""
At what volume one option is cheaper than another: every crossing, exactly. MODEL §5.1–5.4.

Cost curves are affine between the kinks that each option lists, so each piece is solved in closed form; beyond a volume
bounds on both curves prove how it goes on for ever.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from tco.case import Case
from tco.errors import Fault, LookupFault, nearest
from tco.evaluate import VOLUME, evaluate, kinks, pieces_per_request, shared_of, tail, with_volume
from tco.inputs.source import Grade, Source
from tco.model.crossings import grid, inside, lower_envelope, pieces, winning_intervals
from tco.model.ledger import Ledger
from tco.options.api import ApiOption, committed_usd
from tco.options.base import Tail
from tco.solve.grades import answer_grades
from tco.solve.needs import Needs, needs_of
from tco.solve.warn import Caution, warnings_of
from tco.units import DAYS_PER_MONTH, Array, Numeric

Status = Literal["always", "never", "single", "multiple", "window"]
MAX_PIECES = 200_000
"""Steps searched one by one before the search says how far it got."""
FURTHER = 8.0
"""How many times further to look where no bound settles how it goes on."""
FEW_PIECES = 4_000
"""Steps that may be searched further so that the cheapest of all options is known."""
FIRST_LOOK = 1.25
"""Multiple of the user's own volume that is always searched."""


@dataclass(frozen=True)
class Winning:
    """Volumes at which the challenger costs no more than the baseline. [requests/month]"""

    status: Status
    first: float | None
    """Lowest volume won; None when never."""
    permanent: float | None
    """Volume from which it is won for good; None when there is none."""
    intervals: tuple[tuple[float, float | None], ...]
    """Every interval won; None for no end."""
    searched_to: float
    proven: bool
    """True when bounds prove how it goes on beyond ``searched_to``."""


@dataclass(frozen=True)
class AtVolume:
    """Both options at the user's own volume."""

    requests_per_month: float
    baseline_usd: float
    challenger_usd: float
    baseline_with_build_usd: float
    challenger_with_build_usd: float
    options_usd: Mapping[str, float]
    """Running cost of every option."""
    baseline_tokens_usd: float
    """Baseline's bill for tokens, discounts in; NaN when it is no API."""


@dataclass(frozen=True)
class Axis:
    """What one request is in the other units of volume."""

    tok_per_day: float
    """Tokens a day for one request a month, prompt and answer."""
    api_usd_per_month: float
    """Baseline's token bill for one request a month; NaN when the baseline is no API."""


@dataclass(frozen=True)
class Breakeven:
    """The answer: at running cost, and with the build paid back."""

    baseline: str
    challenger: str
    labels: Mapping[str, str]
    running_cost: Winning
    with_build: Winning
    at_volume: AtVolume
    needs: Needs
    axis: Axis
    envelope: tuple[tuple[float, float | None, str], ...]
    """Cheapest of all options at running cost: from, to, id."""
    warnings: tuple[Caution, ...]
    sources: Mapping[str, Source]
    grade: Grade
    grades: Mapping[str, Grade]
    """Grade of the price, the throughput and the people; the answer's own is the worst."""
    amortise_build_months: float
    owed_usd_per_month: float = 0.0
    """What is committed with the baseline, and owed whoever serves while its contract runs; 0 where nothing is, or where the
    challenger is an API, which may draw on it."""
    while_owed: Winning | None = None
    """At running cost while that is owed: the challenger's own cost and all that is committed. None where nothing is."""

    @property
    def status(self) -> Status:
        """Status at running cost."""
        return self.running_cost.status

    @property
    def times_break_even(self) -> float | None:
        """The user's volume over the permanent break-even at running cost; None when there is none."""
        at = self.running_cost.permanent
        return self.at_volume.requests_per_month / at if at else None


def break_even(case: Case, baseline: str | None = None, challenger: str | None = None) -> Breakeven:
    """
    At what volume the challenger is cheaper than the baseline.

    Raises
    ------
    LookupFault
        When an option has no such id.
    """
    base, other = _known(case, baseline or case.numbers.baseline), _known(case, challenger or case.numbers.challenger)
    case = with_volume(case)
    requests = float(np.asarray(shared_of(case).requests))
    owed = _owed_usd(case, base, other)
    far, outcome = _search_end(case, base, other, requests, owed)
    far = _settled_for_all(case, far)
    ends = grid([*kinks(case, far).values()], far)
    ledgers = evaluate(case, {VOLUME: inside(ends)})
    point = evaluate(case, {VOLUME: requests})
    warnings = warnings_of(case, base, other, point)
    grades = answer_grades(case, [base, other])
    running = _gap(ledgers, base, other, "running_usd")
    return Breakeven(
        baseline=base,
        challenger=other,
        labels={name: option.label for name, option in case.numbers.options.items()},
        running_cost=_winning(running, ends, outcome),
        with_build=_winning(_gap(ledgers, base, other, "with_build_usd"), ends, outcome),
        at_volume=_at_volume(point, base, other, requests),
        needs=needs_of(case, base, other, requests, far),
        axis=_axis(case, point[base]),
        envelope=_envelope(case, ledgers, ends),
        warnings=warnings,
        sources=case.sources,
        grade=grades["answer"],
        grades=grades,
        amortise_build_months=case.numbers.finance.amortise_build_months,
        owed_usd_per_month=owed,
        while_owed=_winning(running - owed, ends, outcome) if owed else None,
    )


def _known(case: Case, name: str) -> str:
    if name not in case.numbers.options:
        raise LookupFault(Fault("option", repr(name), nearest(name, case.numbers.options)))
    return name


def _owed_usd(case: Case, base: str, other: str) -> float:
    """What a switch does not save while the baseline's contract runs. [USD/month]"""
    option = case.numbers.options[base]
    if not isinstance(option, ApiOption) or isinstance(case.numbers.options[other], ApiOption):
        return 0.0
    return float(np.asarray(committed_usd(option)))


def _search_end(case: Case, base: str, other: str, requests: float, owed: float) -> tuple[float, bool | None]:
    """How far to search, and what is proven beyond: won for good, lost for good, or not proven (None)."""
    wanted = max(requests, 1.0) * FIRST_LOOK
    longest = MAX_PIECES / pieces_per_request(case, wanted * MAX_PIECES)
    far = min(wanted, longest)
    build = {
        name: float(ledger.build_usd * ledger.once_share)
        for name, ledger in evaluate(case, {VOLUME: 1.0}, only=(base, other)).items()
    }
    while True:  # bounds tighten with distance: where they settle nothing yet, look further
        bounds = tail(case, base, far), tail(case, other, far)
        settled, outcome = _settled(*bounds, (0.0, build[base] - build[other], -owed))
        if outcome is not None and settled <= far:
            return far, outcome
        if far >= longest:
            return far, None
        further = settled * (1 + 1e-6) + 1.0 if outcome is not None else far * FURTHER
        far = min(max(further, far * (1 + 1e-6)), longest)


def _settled_for_all(case: Case, far: float) -> float:
    """A search end from which the cheapest of all options is known too, where that takes few more pieces."""
    tails = [tail(case, name, far) for name in case.numbers.options]
    ends = [_settled(a, b)[0] for j, a in enumerate(tails) for b in tails[:j]]
    affordable = FEW_PIECES / pieces_per_request(case, far)
    reachable = [end for end in ends if end <= affordable]
    return max([far, *(end * (1 + 1e-6) + 1.0 for end in reachable)])


def _settled(base: Tail, other: Tail, extras: Sequence[float] = (0.0,)) -> tuple[float, bool | None]:
    """Volume beyond which the sign of the gap is proven, whichever of some sums is added to it, and the sign."""
    extra = np.array(extras)
    win_slope, win_level = base.low_slope - other.high_slope, float((base.low - other.high + extra).min())
    lose_slope, lose_level = base.high_slope - other.low_slope, float((base.high - other.low + extra).max())
    tiny = 1e-12 * max(abs(base.low_slope), abs(other.low_slope), 1e-300)
    if win_slope > tiny:
        return max(0.0, -win_level / win_slope), True
    if lose_slope < -tiny:
        return max(0.0, lose_level / -lose_slope), False
    if win_level >= 0 and win_slope >= -tiny:
        return 0.0, True
    if lose_level < 0 and lose_slope <= tiny:
        return 0.0, False
    return 0.0, None


def _gap(ledgers: Mapping[str, Ledger], base: str, other: str, which: str) -> Array:
    gap: Array = getattr(ledgers[base], which) - getattr(ledgers[other], which)
    return gap


def _winning(gap: Array, ends: Array, outcome: bool | None) -> Winning:
    far = float(ends[-1])
    found: list[tuple[float, float | None]] = list(winning_intervals(pieces(gap, ends)))
    if outcome and found and found[-1][1] is not None and found[-1][1] >= far * (1 - 1e-9):
        found[-1] = (found[-1][0], None)
    endless = bool(found) and found[-1][1] is None
    status: Status = "never"
    if endless:
        status = "multiple" if len(found) > 1 else "always" if found[0][0] <= 0 else "single"
    elif found:
        status = "window"
    first = found[0][0] if found else None
    return Winning(status, first, found[-1][0] if endless else None, tuple(found), far, outcome is not None)


def _at_volume(point: Mapping[str, Ledger], base: str, other: str, requests: float) -> AtVolume:
    return AtVolume(
        requests_per_month=requests,
        baseline_usd=float(point[base].running_usd),
        challenger_usd=float(point[other].running_usd),
        baseline_with_build_usd=float(point[base].with_build_usd),
        challenger_with_build_usd=float(point[other].with_build_usd),
        options_usd={name: float(ledger.running_usd) for name, ledger in point.items()},
        baseline_tokens_usd=float(np.asarray(point[base].facts.get("tokens_usd", np.nan))),
    )


def _axis(case: Case, base: Ledger) -> Axis:
    workload = case.numbers.workload
    tok = workload.input_length.mean_tok + workload.output_length.mean_tok
    unit: Numeric = base.facts.get("usd_per_list_request", float("nan"))
    return Axis(tok / DAYS_PER_MONTH, float(unit))


def _envelope(case: Case, ledgers: Mapping[str, Ledger], ends: Array) -> tuple[tuple[float, float | None, str], ...]:
    """Cheapest option by volume; the last span has no end only where bounds prove that none undercuts it beyond."""
    names, far = list(ledgers), float(ends[-1])
    found = lower_envelope([pieces(ledgers[name].running_usd, ends) for name in names])
    tails = {name: tail(case, name, far) for name in names}
    winner = tails[names[found[-1][2]]]
    endless = all(
        other is winner
        or (
            other.low_slope >= winner.high_slope
            and other.low_slope * far + other.low >= winner.high_slope * far + winner.high
        )
        for other in tails.values()
    )
    last = len(found) - 1
    return tuple((a, None if j == last and endless else b, names[index]) for j, (a, b, index) in enumerate(found))
