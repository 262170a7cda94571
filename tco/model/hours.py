"""Hours of the week as people write them: ``Mon-Fri 01-04,06-10``."""

import re
from collections.abc import Sequence

from tco.units import HOURS_PER_WEEK

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAYS = r"[A-Za-z]{3}(?:\s*-\s*[A-Za-z]{3})?"
_SPEC = re.compile(rf"^\s*(?:({_DAYS}(?:\s*,\s*{_DAYS})*)\s+)?([\d:,\s-]+)$")


def hours_of(spec: str) -> list[int]:
    """
    Hours of the week, from Monday 00:00, that a text such as ``Mon-Fri 01-04,06-10`` names.

    Raises
    ------
    ValueError
        When the text cannot be read.

    Examples
    --------
    >>> hours_of("Mon-Tue 01-03")
    [1, 2, 25, 26]
    >>> len(hours_of("00-24"))
    168
    """
    match = _SPEC.match(spec)
    if match is None:
        raise ValueError(f"{spec!r} is not like 'Mon-Fri 01-04,06-10'")
    named, spans = match.groups()
    days = {day for part in (named or "mon-sun").split(",") for day in _days(part, spec)}
    hours = [hour for span in spans.split(",") for hour in _span(span, spec)]
    return sorted(day * 24 + hour for day in days for hour in hours)


def _days(part: str, spec: str) -> list[int]:
    names = [name.strip().lower() for name in part.split("-")]
    if any(name not in DAYS for name in names):
        raise ValueError(f"{spec!r} names a day that is not one of Mon Tue Wed Thu Fri Sat Sun")
    start, stop = DAYS.index(names[0]), DAYS.index(names[-1])
    return [(start + k) % 7 for k in range((stop - start) % 7 + 1)]


def _span(span: str, spec: str) -> list[int]:
    ends = [int(part.split(":")[0]) for part in span.strip().split("-") if part.strip()]
    if len(ends) != 2 or not (0 <= ends[0] <= 24 and 0 <= ends[1] <= 24):
        raise ValueError(f"{spec!r}: {span.strip()!r} is not like 01-04")
    if ends[0] <= ends[1]:
        return list(range(ends[0], ends[1]))
    return [*range(ends[0], 24), *range(ends[1])]


def hour_ratios(rules: Sequence[tuple[str, float]]) -> list[float]:
    """A factor for each hour of the week; hours that no rule names keep 1."""
    ratios = [1.0] * HOURS_PER_WEEK
    for spec, ratio in rules:
        for hour in hours_of(spec):
            ratios[hour] = ratio
    return ratios
