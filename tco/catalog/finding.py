"""What the check of the sheets finds: a file, a row, a column, the value there, and the mend; an error or a warning."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tco.errors import Fault

Level = Literal["error", "warning"]
_PLACE = re.compile(
    r"(?P<file>[^:]+)(?:: (?:row (?P<row>\d+)(?:, (?P<in_row>.+))?|column '?(?P<column>.*?)'?|(?P<rest>.+)))?"
)


@dataclass(frozen=True)
class Finding:
    """One thing that the check of the sheets tells."""

    level: Level
    file: str
    """Such as ``price_sheets/api/openai.csv``."""
    row: int | None
    """Line of the file, the header being line 1; None when it is the whole file."""
    column: str
    value: str
    """What was found there."""
    mend: str
    kind: str = "fault"
    """A word that says which check found it; the one to accept it by, see price_sheets/README.md."""

    def __str__(self) -> str:
        row = f": row {self.row}" if self.row else ""
        column = f"{',' if row else ':'} {self.column}" if self.column else ""
        value = f" {self.value};" if self.value else ""
        return f"{self.file}{row}{column}:{value} {self.mend}"

    def fault(self) -> Fault:
        """The same as a fault, to be raised."""
        row = f": row {self.row}" if self.row else ""
        column = f"{',' if row else ':'} {self.column}" if self.column else ""
        return Fault(f"{self.file}{row}{column}", self.value, self.mend)


def finding_of(fault: Fault) -> Finding:
    """
    A fault of the catalog as an error of the check.

    Examples
    --------
    >>> found = finding_of(Fault("price_sheets/api/acme.csv: row 7, price", "'$10'", "write the number alone: 10"))
    >>> found.file, found.row, found.column
    ('price_sheets/api/acme.csv', 7, 'price')
    """
    parts = _PLACE.fullmatch(fault.where)
    if parts is None:
        return Finding("error", fault.where, None, "", fault.found, fault.mend)
    column = parts["in_row"] or parts["column"] or parts["rest"] or ""
    return Finding("error", parts["file"], int(parts["row"]) if parts["row"] else None, column, fault.found, fault.mend)


def errors(findings: Iterable[Finding]) -> list[Finding]:
    """Those that must be mended."""
    return [finding for finding in findings if finding.level == "error"]
