"""What readers are written with: a file as a relation, and its fields as SQL, whatever the file is made of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tco.usage import sql
from tco.usage.files import LONGEST_LINE_BYTES, LogFile

WHOLE_TYPES = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT")


@dataclass(frozen=True)
class Told:
    """What the person says of a log."""

    names: Mapping[str, str] = field(default_factory=dict)
    """Canonical column to the log's own: ``--map prompt_tok=prompt_tokens``."""
    utc: bool = True
    """Whether times without a zone are UTC."""


@dataclass(frozen=True)
class Reading:
    """How a file's rows become canonical ones."""

    given: Mapping[str, str]
    """SQL of canonical columns; what is missing is NULL, a count of it 0, a row one request."""
    relation: str
    """What the SELECT is from."""
    note: str = ""
    """What was assumed, in words."""
    of_lines: bool = True
    """Whether each row is a line or a record of the file, not an entry of a list in it."""


def relation(file: LogFile) -> str:
    """A file as a relation: the columns of a table as text, or one column ``doc`` of JSON documents."""
    path = sql.file_named(str(file.path))
    if file.kind == "parquet":
        return f"read_parquet({path})"
    if file.kind == "json":
        lines = file.layout == "newline_delimited"
        most = (
            2 * LONGEST_LINE_BYTES
            if lines or file.layout == "array"
            else max(file.size_bytes, file.path.stat().st_size) + 1
        )
        extra = ", ignore_errors = true" if lines else ""
        return f"(SELECT json AS doc FROM read_json_objects({path}, format = '{file.layout}', maximum_object_size = {most}{extra}))"
    columns = ", ".join(f"{sql.quoted(name)}: 'VARCHAR'" for name in file.columns)
    return (
        f"read_csv({path}, auto_detect = false, header = true, delim = {sql.quoted(file.delimiter)}, quote = '\"', escape = '\"', "
        f"columns = {{{columns}}}, store_rejects = true, max_line_size = {LONGEST_LINE_BYTES}, strict_mode = true)"
    )


def has(file: LogFile, *names: str) -> bool:
    """Whether a table has all of these columns."""
    return all(name in file.columns for name in names)


def text(file: LogFile, *names: str) -> str:
    """A field as text: the first of some names that the row fills. A name with a dot looks inside JSON."""
    if file.kind == "json":
        places = [sql.inside("doc", name) for name in names]
        places += [place for name in names if (place := _in_text(file, name))]
        return sql.first_of([f"NULLIF({place}, '')" for place in places])
    return sql.first_of([f"NULLIF(CAST({found} AS VARCHAR), '')" for name in names if (found := _column(file, name))])


def _in_text(file: LogFile, name: str) -> str:
    """A field inside JSON that a document of JSON holds as text."""
    head, _, rest = name.partition(".")
    if not rest or not re.search(rf'"{re.escape(head)}"\s*:\s*"\s*\{{', file.head):
        return ""
    return sql.inside(f"TRY_CAST({sql.inside('doc', head)} AS JSON)", rest)


def _column(file: LogFile, name: str) -> str:
    if name in file.columns:
        return sql.named(name)
    head, _, rest = name.partition(".")
    if rest and head in file.columns:
        return sql.inside(f"TRY_CAST({sql.named(head)} AS JSON)", rest)
    return ""


def whole(file: LogFile, *names: str) -> str:
    """A field as a whole number."""
    typed = [sql.named(name) for name in names if _type(file, name) in WHOLE_TYPES]
    if typed:
        return sql.first_of([f"CAST({name} AS BIGINT)" for name in typed])
    return sql.whole(text(file, *names))


def count(file: LogFile, *names: str) -> str:
    """A field as a whole number, 0 where the row says nothing; NULL where it says something else, which is a fault of the row."""
    if any(_type(file, name) in WHOLE_TYPES for name in names):
        return f"COALESCE({whole(file, *names)}, 0)"
    return sql.whole_or_none(text(file, *names))


def real(file: LogFile, *names: str) -> str:
    """A field as a number."""
    return sql.real(text(file, *names))


def time(file: LogFile, told: Told, *names: str) -> str:
    """A field as UTC; a time without a zone is in the zone the person named."""
    for name in names:
        kind = _type(file, name)
        if kind.startswith("TIMESTAMP") and "ZONE" not in kind and told.utc:
            return sql.named(name)
        if kind.startswith(("TIMESTAMP", "DATE")):
            return sql.utc_of_stamp(sql.named(name))
    return sql.utc_of_text(text(file, *names))


def zone(file: LogFile, *names: str) -> str:
    """The zone a time is written in; NULL where it is no text."""
    if any(_type(file, name) not in ("", "VARCHAR") for name in names):
        return "NULL"
    return sql.zone_of_text(text(file, *names))


def _type(file: LogFile, name: str) -> str:
    return dict(zip(file.columns, file.types, strict=False)).get(name, "")


def seen(file: LogFile, *marks: str) -> bool:
    """Whether the head of a JSON file has all of these as keys."""
    return file.kind == "json" and all(f'"{mark}"' in file.head for mark in marks)
