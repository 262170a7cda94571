"""What an import says of itself: what was read, what was left out and why, and what was done to the rest."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

KINDS = {
    "line": ("a line that cannot be read", "mend the line, or leave it out of the file"),
    "long": ("a line of more than 8 MB", "leave texts out of the log; counts are enough"),
    "file": ("a file that cannot be read, or not to its end", "export it again"),
    "time": ("no time, or one that cannot be read", "write it as 2026-11-20T09:30:00Z or as seconds since 1970"),
    "count": ("no count of tokens, or none that is a number", "name its column with --map prompt_tok=…,output_tok=…"),
    "negative": ("fewer than no tokens or requests", "see who wrote the log"),
    "cached": ("more cached tokens than prompt", "a prompt's count has to hold what a cache served of it"),
    "reasoning": ("more reasoning tokens than answer", "an answer's count has to hold its hidden reasoning"),
    "huge": ("more than 10⁹ tokens in one request", "see who wrote the log"),
    "backwards": ("it ended before it began", "set the clocks of the machines that wrote the log"),
    "future": ("it is of the future", "set the clock of the machine that wrote the log, or name its zone with --timezone"),
    "ancient": ("it is from before 2018", "see whether the time is in seconds, and its zone is right"),
    "empty": ("no tokens: a request that failed", "nothing; it cost nothing"),
    "gateway": ("answered by the gateway's own cache", "nothing; no vendor was asked"),
    "other": ("a row that is no request to a model", "nothing"),
    "repeat": ("a request or bucket that was read already", "nothing; it counts once"),
    "overlap": ("a bucket that another view of the same usage tells too", "nothing; export one width and one grouping to choose"),
    "same": ("a file with the bytes of another", "nothing; it counts once"),
}  # fmt: skip
"""Why a row is left out, in words, and what to do."""
HARMLESS = ("empty", "gateway", "other", "repeat", "overlap", "same")
"""Kinds that are no fault of the log: ``--strict`` lets them pass."""
EXAMPLES = 3


@dataclass(frozen=True)
class Problem:
    """One kind of thing that was left out, how often, and the first of it."""

    kind: str
    count: int
    examples: tuple[str, ...] = ()
    judged: bool = False
    """Whether its rows were read, and left out afterwards."""

    @property
    def words(self) -> str:
        """What is wrong."""
        return KINDS[self.kind][0]

    @property
    def mend(self) -> str:
        """What to do."""
        return KINDS[self.kind][1]


@dataclass(frozen=True)
class FileRead:
    """One file that was read."""

    path: Path
    source: str
    """Its format's name."""
    note: str = ""
    """What had to be done to read it."""


@dataclass(frozen=True)
class Report:
    """What became of every row."""

    files: tuple[FileRead, ...]
    rows: int
    """Rows seen."""
    kept: int
    """Rows in the table."""
    requests: int
    first: datetime | None
    last: datetime | None
    """First and last hour, in UTC."""
    left_out: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    """What was read with an assumption, in words."""

    @property
    def faults(self) -> tuple[Problem, ...]:
        """What ``--strict`` refuses."""
        return tuple(problem for problem in self.left_out if problem.kind not in HARMLESS)


def shown(text: object, most: int = 80) -> str:
    """
    A text from outside as one line for a terminal: no control characters, no more than ``most`` characters.

    Examples
    --------
    >>> shown("gpt\\x1b[31m-5.4"), len(shown("x" * 200))
    ('gpt\\\\x1b[31m-5.4', 80)
    """
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))
    return plain if len(plain) <= most else plain[: most - 1] + "…"
