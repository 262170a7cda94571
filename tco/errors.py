"""The errors a user can meet. Each message says where, what was found, and what to do; one error carries every fault."""

from argparse import ArgumentTypeError
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches


@dataclass(frozen=True)
class Fault:
    """One thing to mend: the file or field, the value found there, and the mend."""

    where: str
    found: str
    mend: str

    def __str__(self) -> str:
        found = f": {self.found}" if self.found else ""
        return f"{self.where}{found}; {self.mend}"


class TcoError(Exception):
    """Something the user can mend. ``faults`` lists all of it."""

    def __init__(self, faults: Fault | Sequence[Fault]) -> None:
        self.faults: tuple[Fault, ...] = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(str(fault) for fault in self.faults))


class ScenarioError(TcoError):
    """A scenario says something that cannot be."""


class SheetError(TcoError):
    """A price sheet or a profile cannot be read."""


class LookupFault(TcoError):
    """A name (a model, a GPU, a vendor, a path) that nobody knows."""


class MissingTool(TcoError):
    """Something outside Python that is not on this machine, such as a browser for PNG and PDF."""


def day_said(text: str) -> date:
    """
    A day of a command line; what is none is told with its mend, as argparse tells it.

    Examples
    --------
    >>> str(day_said("2026-11-20"))
    '2026-11-20'
    >>> day_said("2026-02-30")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: '2026-02-30' is no day of the calendar; write year-month-day, such as 2026-11-20
    """
    try:
        return date.fromisoformat(text)
    except ValueError:
        told = f"{text!r} is no day of the calendar; write year-month-day, such as 2026-11-20"
        raise ArgumentTypeError(told) from None


def nearest(name: str, known: Iterable[str], most: int = 3) -> str:
    """
    The mend for an unknown name: the nearest known ones, or all there are when few.

    Examples
    --------
    >>> nearest("gpt5.4", ["gpt-5.4", "claude-opus-4-6"])
    'did you mean gpt-5.4?'
    >>> nearest("zzz", ["a", "b"])
    'known are a, b'
    """
    names = sorted(set(known))
    lowered = {n.lower(): n for n in names}
    close = [lowered[m] for m in get_close_matches(name.lower(), list(lowered), n=most, cutoff=0.5)]
    tails = [n for n in names if name and name.lower() in n.lower()][:most]
    offered = list(dict.fromkeys(close + tails))[:most]
    if offered:
        return f"did you mean {' or '.join(offered)}?"
    if not names:
        return "none are known here"
    return f"known are {', '.join(names[:12])}{', …' if len(names) > 12 else ''}"
