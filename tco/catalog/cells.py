"""
Cells that a spreadsheet would run: written with an apostrophe before, read without it.

A cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a carriage return is a formula to a spreadsheet, unless it is a
plain number. One apostrophe before it makes it words; reading takes exactly that one away, so that nothing is lost.
"""

import csv
import re
from collections.abc import Iterator
from io import StringIO

NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_RUNS = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_MAYBE = re.compile(r'(?:^|[,\r\n])\s*"?[=+\-@\t]')
"""Where a cell might begin like a formula: looked for first, so that files without any cost nothing."""


def harmless(text: str) -> str:
    """
    A cell's text as it is written to a CSV or a workbook.

    Examples
    --------
    >>> harmless("=cmd|' /C calc'!A0"), harmless("@cf/meta/llama"), harmless("-1.5"), harmless("gpt-5.4")
    ("'=cmd|' /C calc'!A0", "'@cf/meta/llama", '-1.5', 'gpt-5.4')
    """
    return f"'{text}" if _RUNS.match(text) and not NUMBER.fullmatch(text) else text


def as_meant(cell: str) -> str:
    """
    A cell as it is meant: blanks around it gone, and the one apostrophe that ``harmless`` put before it.

    Examples
    --------
    >>> as_meant(" 2.50 "), as_meant("'@cf/meta/llama"), as_meant("'tis")
    ('2.50', '@cf/meta/llama', "'tis")
    """
    text = cell.strip()
    return text[1:] if text[:1] == "'" and _ESCAPED.match(text) else text


def formulas(text: str) -> Iterator[tuple[int, str, str]]:
    """
    Every cell that a spreadsheet would run: the line its row begins on, its column, and what it holds.

    A dash alone is none: people write it for nothing, and a spreadsheet shows it.

    Examples
    --------
    >>> list(formulas("price,note\\n-,=cmd\\n"))
    [(2, 'note', '=cmd')]
    """
    if not _MAYBE.search(text):
        return
    reader = csv.reader(StringIO(text, newline=""))
    header = [name.strip() for name in next(reader, [])]
    line = reader.line_num + 1
    for cells in reader:
        for place, cell in enumerate(cells):
            bare = cell.strip(" ")
            if bare[:1] in tuple("=+-@\t\r") and bare != "-" and not NUMBER.fullmatch(bare.strip()):
                yield line, header[place] if place < len(header) else "", cell
        line = reader.line_num + 1
