"""Names with figures in columns beside them, in a terminal: no name is ever broken, no figure is ever clipped."""

from collections.abc import Sequence
from dataclasses import dataclass

MARGIN = 12
"""Columns that names keep in a narrow terminal; a longer name stands on a line of its own."""
GAP = 2


@dataclass(frozen=True)
class Columns:
    """How wide the names and the figures are."""

    heads: tuple[str, ...]
    widths: tuple[int, ...]
    first: int
    """Width of the names."""

    @classmethod
    def of(
        cls,
        names: Sequence[str],
        heads: Sequence[str],
        cells: Sequence[Sequence[str]],
        width: int,
        margin: int = MARGIN,
    ) -> "Columns":
        """
        Columns as wide as what they hold; the names take what is left of a terminal, at least ``margin``.

        Examples
        --------
        >>> columns = Columns.of(["a", "long-name"], ["in", "out"], [["1.00", "2"], ["3", "4"]], width=20)
        >>> columns.head, columns.lines("a", ["1.00", "2"])
        ('             in  out', ['a          1.00    2'])
        >>> columns.lines("one-of-many-letters", ["3", "4"])
        ['one-of-many-letters', '              3    4']
        """
        widths = [max(map(len, column)) + GAP for column in zip(heads, *cells, strict=True)]
        longest = max(map(len, names), default=0)
        return cls(tuple(heads), tuple(widths), min(longest, max(margin, width - sum(widths))))

    @property
    def head(self) -> str:
        """The headings."""
        return " " * self.first + self._row(self.heads)

    def lines(self, name: str, cells: Sequence[str]) -> list[str]:
        """A name and its figures: one line, or two where the name is too long for one."""
        above, name = ([name], "") if len(name) > self.first else ([], name)
        return [*above, (name.ljust(self.first) + self._row(cells)).rstrip()]

    def _row(self, cells: Sequence[str]) -> str:
        return "".join(cell.rjust(width) for cell, width in zip(cells, self.widths, strict=True))
