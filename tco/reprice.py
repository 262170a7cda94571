"""
What a change of prices does to a break-even: the same question asked of two states of the sheets, or of two days.

May import scenario, catalog, resolve, evaluate, solve, case, inputs and errors.
"""

from dataclasses import dataclass
from datetime import date

from tco.case import Case
from tco.catalog import Catalog
from tco.errors import Fault, TcoError
from tco.resolve import resolve
from tco.scenario import Scenario
from tco.solve.breakeven import Breakeven, break_even


@dataclass(frozen=True)
class Repriced:
    """A scenario's break-even before and after. Where one cannot be worked out its faults say why."""

    before: Breakeven | None
    after: Breakeven | None
    case_before: Case | None
    case_after: Case | None
    faults_before: tuple[Fault, ...] = ()
    faults_after: tuple[Fault, ...] = ()

    @property
    def times_break_even(self) -> float | None:
        """The lasting break-even after over the one before, at running cost; None where one of them has none."""
        ends = [answer.running_cost.permanent if answer else None for answer in (self.before, self.after)]
        return ends[1] / ends[0] if ends[0] and ends[1] else None

    @property
    def requests_per_month(self) -> float | None:
        """The scenario's own volume; where a bill is given, that bill's at each price. [requests/month]"""
        answer = self.after or self.before
        return answer.at_volume.requests_per_month if answer else None


def before_and_after(
    scenario: Scenario,
    before: Catalog,
    after: Catalog,
    on_before: date,
    on_after: date,
    today: date | None = None,
) -> Repriced:
    """
    A scenario's break-even with the prices of one catalog and day, and with those of another.

    Parameters
    ----------
    scenario : Scenario
        The question; its own day is not used, its typed prices stay.
    before, after : Catalog
        The sheets, such as those on disk and ``Sheet.seen_by`` of an edit that is not saved.
    on_before, on_after : date
        The days whose prices hold.
    today : date, optional
        The clock from which ages are told.
    """
    first, second = (_answer(scenario, data, on, today) for data, on in ((before, on_before), (after, on_after)))
    return Repriced(first[1], second[1], first[0], second[0], first[2], second[2])


def _answer(
    scenario: Scenario, catalog: Catalog, on: date, today: date | None
) -> tuple[Case | None, Breakeven | None, tuple[Fault, ...]]:
    try:
        case = resolve(scenario.set("as_of", on), catalog, today)
        return case, break_even(case), ()
    except TcoError as error:
        return None, None, error.faults
