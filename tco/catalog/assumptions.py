"""The assumptions sheet: the planning value of every field that is neither looked up nor for the user to say."""

import re
from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from tco.catalog.table import Entry, Plain, Sourced, plain_number
from tco.inputs.source import Fact

KEY = ("path",)

_WORD = re.compile(r"[a-z][a-z0-9_]*")


def _number_or_word(cell: Any) -> Any:
    if isinstance(cell, str) and _WORD.fullmatch(cell):
        return cell
    return float(plain_number(cell)) if isinstance(cell, str) else cell


class AssumptionRow(Sourced):
    """One field's planning value and its range."""

    path: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+$")]
    """The field's dotted path, the option's kind in place of its id."""
    low: Annotated[float, Plain] | None = None
    """The tenth of a hundred equally likely values; blank when there is no range."""
    base: Annotated[float | str, BeforeValidator(_number_or_word)]
    """The value taken."""
    high: Annotated[float, Plain] | None = None
    """The ninetieth of a hundred equally likely values; blank when there is no range."""

    @model_validator(mode="after")
    def _in_order(self) -> "AssumptionRow":
        if (self.low is None) != (self.high is None):
            raise ValueError("low and high go together: give both, or neither")
        if self.low is None or self.high is None:
            return self
        if isinstance(self.base, str) or not self.low <= self.base <= self.high:
            raise ValueError(f"low {self.low:g}, base {self.base}, high {self.high:g} are not in order")
        return self


def facts(entries: Iterable[Entry[AssumptionRow]]) -> dict[str, Fact]:
    """The default of each field, by its path."""
    return {
        entry.row.path: Fact(entry.row.path, entry.row.base, entry.source(), entry.row.low, entry.row.high)
        for entry in entries
    }
