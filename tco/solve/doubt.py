"""How far the doubt about an estimated throughput moves the break-even. MODEL §4.4."""

from dataclasses import dataclass, replace

from tco.case import Case
from tco.evaluate import lay, with_volume
from tco.options.self_hosted import SelfHostedOption
from tco.solve.breakeven import Winning, break_even


@dataclass(frozen=True)
class Doubt:
    """The break-even at running cost at both ends of an estimate's interval."""

    option: str
    label: str
    low_ratio: float
    """One in ten serves less than this share of the throughput."""
    high_ratio: float
    """One in ten serves more than this multiple of it."""
    slow: Winning
    """At the low end: the fleet is larger."""
    fast: Winning
    """At the high end: the fleet is smaller."""


def doubt(case: Case, baseline: str | None = None, challenger: str | None = None) -> Doubt | None:
    """
    The break-even again with the challenger's throughput at both ends of its interval; None where it has none.

    Raises
    ------
    LookupFault
        When an option has no such id.
    """
    name = challenger or case.numbers.challenger
    evidence, option = case.evidence.get(name), case.numbers.options.get(name)
    if evidence is None or evidence.interval is None or not isinstance(option, SelfHostedOption):
        return None
    case = with_volume(case)
    low, high = evidence.interval
    path, now = f"options.{name}.capacity.throughput_ratio", option.capacity.throughput_ratio
    ends = [replace(case, numbers=lay(case.numbers, {path: now * by})) for by in (low, high)]
    slow, fast = (break_even(end, baseline, name).running_cost for end in ends)
    return Doubt(name, option.label, low, high, slow, fast)
