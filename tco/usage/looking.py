"""A first look at a file that nobody knows: its columns and its first rows, so that a person can say which is what."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tco.errors import Fault, TcoError
from tco.usage import sql
from tco.usage.engine import Engine, connection
from tco.usage.files import LogFile, opened
from tco.usage.readers import reader_of
from tco.usage.readers.table import NEEDED, USUAL
from tco.usage.report import shown

ROWS = 4
MOST_COLUMNS = 40
MOST_LETTERS = 60


@dataclass(frozen=True)
class Look:
    """A file as a table."""

    path: Path
    source: str
    """Its format's name; empty where none is recognised."""
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Its first rows, each cell as one short line."""

    def guess(self) -> dict[str, str]:
        """Canonical column to the one of this file that is usually called so."""
        lowered = {name.lower(): name for name in reversed(self.columns)}
        found = {ours: [lowered[n.lower()] for n in names if n.lower() in lowered] for ours, names in USUAL.items()}
        return {ours: names[0] for ours, names in found.items() if names}


def look(path: Path, engine: Engine | None = None) -> Look:
    """
    What a file is.

    Raises
    ------
    TcoError
        When it cannot be read at all.
    """
    with TemporaryDirectory(prefix="tco-usage-") as folder:
        file, _ = opened(path, Path(folder))
        if file.kind == "parquet":
            return _of_parquet(file, engine)
        reader = reader_of(file)
        columns, rows = _of_json(file.head) if file.kind == "json" else _of_csv(file)
        return Look(path, reader.NAME if reader else "", columns, rows)


def missing(names: Mapping[str, str]) -> list[str]:
    """What a mapping of columns still leaves open, of what cannot be done without."""
    return [need for need in NEEDED if not names.get(need)]


def _of_csv(file: LogFile) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    rows = islice(csv.reader(StringIO(file.head), delimiter=file.delimiter), 1, 1 + ROWS)
    return file.columns[:MOST_COLUMNS], tuple(_row(row) for row in rows)


def _of_json(head: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    flat = [dict(_leaves(document)) for document in islice(_documents(head), ROWS)]
    columns = tuple(dict.fromkeys(name for document in flat for name in document))[:MOST_COLUMNS]
    return columns, tuple(_row([document.get(name, "") for name in columns]) for document in flat)


def _documents(head: str) -> Iterator[Any]:
    """Every whole document at the beginning of a text: lines, or the entries of a list."""
    decoder, at = json.JSONDecoder(), 0
    while at < len(head):
        if head[at] in " \t\r\n,[":
            at += 1
            continue
        try:
            document, at = decoder.raw_decode(head, at)
        except ValueError:
            return
        yield document


def _leaves(document: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in document.items() if isinstance(document, dict) else ():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            yield f"{prefix}{name}", value


def _of_parquet(file: LogFile, engine: Engine | None) -> Look:
    import duckdb

    with connection(engine) as database:
        try:
            found = database.execute(sql.first_rows(f"read_parquet({sql.quoted(str(file.path))})", ROWS))
            columns, rows = tuple(str(column[0]) for column in found.description or ()), found.fetchall()
        except duckdb.Error as error:
            raise TcoError(Fault(file.told.name, "no Parquet that can be read", "export it again")) from error
    reader = reader_of(LogFile(file.path, file.told, "parquet", columns=columns))
    return Look(file.told, reader.NAME if reader else "", columns[:MOST_COLUMNS], tuple(_row(row) for row in rows))


def _row(cells: Sequence[Any]) -> tuple[str, ...]:
    return tuple("" if cell is None else shown(cell, MOST_LETTERS) for cell in cells[:MOST_COLUMNS])
