"""Where a number came from, and how far to trust it."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Grade = Literal["measured", "imported", "published", "estimated", "assumed"]
GRADES: tuple[Grade, ...] = ("measured", "imported", "published", "estimated", "assumed")
"""From the most to the least trusted."""


def worst(grades: list[Grade]) -> Grade:
    """
    The least trusted of some grades.

    Examples
    --------
    >>> worst(["measured", "published"])
    'published'
    """
    return max(grades, key=GRADES.index)


PRIVATE = "private contract"
"""What stands in place of a contract's row in everything that is handed on."""


@dataclass(frozen=True)
class Source:
    """One number's origin: the sheet or profile and its row, the page, the day it was checked, and its grade."""

    where: str
    """The file, relative to its data folder, such as ``price_sheets/api/openai.csv``; or ``scenario``."""
    grade: Grade
    row: int | None = None
    """The line in the file, the header being line 1."""
    url: str = ""
    checked_on: date | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    """The first day the price no longer holds; None when no end is announced."""
    basis: str = ""
    evidence: str = ""
    note: str = ""
    low: float | None = None
    """The value it is as likely to be under as one time in ten; None when not known."""
    high: float | None = None
    """The value it is as likely to be over as one time in ten."""
    contract: str = ""
    """The row of the private term that bent a list price, such as ``price_sheets/contracts.csv:2``; empty for any other."""

    @property
    def private(self) -> bool:
        """Whether it stands in a contract: nothing that leaves this machine names its row unless asked to."""
        return self.basis == "contract"


@dataclass(frozen=True)
class Fact:
    """A value a data file gives for one field, by the field's dotted path, with its source."""

    path: str
    value: Any
    source: Source
    low: float | None = None
    high: float | None = None
