"""Files as a person names them to files that the engine can read: folders, patterns, gz, other encodings, broken lines."""

import csv
import glob
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path
from typing import BinaryIO, Literal, cast

from tco.errors import Fault, LookupFault
from tco.usage.report import EXAMPLES, Problem, shown

Kind = Literal["csv", "json", "parquet", "text"]
ENDINGS = (".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".parquet", ".txt", ".prom", ".log")
HEAD_BYTES = 64 * 1024
CHUNK_BYTES = 4 * 1024 * 1024
LONGEST_LINE_BYTES = 8 * 1024 * 1024
MOST_LINES_OF_A_CELL = 100
"""A quoted cell that goes on for more lines was never closed."""
BOMS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}

UNMARKED = {b"\0": "utf-16-le"}
"""What the second byte of a text that begins with a Latin letter tells, where no mark does."""


@dataclass(frozen=True)
class LogFile:
    """One file, ready to be read."""

    path: Path
    """What is read: the file itself, or a mended copy."""
    told: Path
    """What the person named."""
    kind: Kind
    head: str = ""
    """Its first 64 KB as text; of Parquet nothing."""
    columns: tuple[str, ...] = ()
    """Of a CSV or a Parquet file."""
    types: tuple[str, ...] = ()
    """Of a Parquet file's columns."""
    delimiter: str = ","
    layout: Literal["newline_delimited", "array", "unstructured"] = "newline_delimited"
    """How JSON is laid out."""
    size_bytes: int = 0
    """Unpacked."""
    note: str = ""


def expand(paths: Sequence[Path | str]) -> list[Path]:
    """
    Every file that is meant by files, folders and patterns, each once, in order.

    Raises
    ------
    LookupFault
        For each that leads to nothing.
    """
    found: dict[Path, None] = {}
    faults = []
    for named in paths:
        path = Path(named)
        if path.is_dir():
            files = [file for file in sorted(path.rglob("*")) if file.is_file() and _ending(file) in ENDINGS]
        elif path.is_file():
            files = [path]
        else:
            files = [file for name in sorted(glob.glob(str(named), recursive=True)) if (file := Path(name)).is_file()]
        if not files:
            mend = f"name a file, a folder with files that end in {', '.join(ENDINGS)} (or these with .gz), or a pattern in quotes"
            faults.append(Fault(str(named), "no log there", mend))
        found.update(dict.fromkeys(file.absolute() for file in files))
    if faults:
        raise LookupFault(faults)
    return list(found)


def _ending(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def without_copies(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """The files, and those whose bytes an earlier one has: only files of one size are read for it."""
    by_size: dict[int, list[Path]] = {}
    for path in paths:
        by_size.setdefault(path.stat().st_size, []).append(path)
    copies: list[Path] = []
    for alike in by_size.values():
        seen: set[str] = set()
        for path in alike if len(alike) > 1 else ():
            mark = _hash(path)
            if mark in seen:
                copies.append(path)
            seen.add(mark)
    return [path for path in paths if path not in copies], copies


def _hash(path: Path) -> str:
    found = sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            found.update(chunk)
    return found.hexdigest()


def opened(path: Path, folder: Path) -> tuple[LogFile, list[Problem]]:
    """
    A file ready to be read, and what was left out of it: lines too long, and quotes never closed.

    Parameters
    ----------
    path : Path
        What the person named.
    folder : Path
        Where a mended copy is written, when one is needed.
    """
    if _ending(path) == ".parquet":
        return LogFile(path, path, "parquet"), []
    look = _looked_through(path)
    encoding = look.encoding
    head = _head(path, encoding)
    start = head.lstrip()
    kind: Kind = "json" if start[:1] in ("{", "[") else "text" if start.startswith("# HELP") else "csv"
    file = LogFile(path, path, kind, head, size_bytes=look.size_bytes)
    if kind == "json":
        file = replace(file, layout=_layout(head, look.lines))
    elif kind == "csv":
        delimiter = max(",;\t|", key=head.split("\n", 1)[0].count)
        header = _cells(head, delimiter)
        file = replace(file, delimiter=delimiter, columns=_distinct(header))
    too_long = look.longest_bytes > LONGEST_LINE_BYTES and (kind == "csv" or file.layout == "newline_delimited")
    if encoding == "utf-8" and not too_long and not (kind == "csv" and look.odd_quotes):
        return file, []
    return _mended(file, encoding, folder)


def _cells(text: str, delimiter: str) -> list[str]:
    """The first record of a table; none where it is no table, such as a picture given by mistake."""
    try:
        return next(csv.reader(StringIO(text), delimiter=delimiter), [])
    except csv.Error:
        return []


def _distinct(header: Sequence[str]) -> tuple[str, ...]:
    names: list[str] = []
    for number, name in enumerate(header, 1):
        plain = name.strip() or f"column {number}"
        names.append(plain if plain not in names else f"{plain} {number}")
    return tuple(names)


def binary(path: Path) -> BinaryIO:
    """A file's bytes, unpacked."""
    return cast(BinaryIO, gzip.open(path, "rb")) if path.suffix.lower() == ".gz" else path.open("rb")


@dataclass(frozen=True)
class _Look:
    """What one look through a file tells."""

    encoding: str
    longest_bytes: int
    """Its longest line."""
    odd_quotes: bool
    """Whether some line has quotes in odd number."""
    lines: int
    """Lines with anything on them."""
    size_bytes: int


def _looked_through(path: Path) -> _Look:
    encoding, longest, odd, count, size = "", 0, False, 0, 0
    with binary(path) as file:
        while lines := file.readlines(CHUNK_BYTES):
            chunk = b"".join(lines)
            encoding = encoding or BOMS.get(chunk[:3], BOMS.get(chunk[:2], UNMARKED.get(chunk[1:2], "utf-8")))
            encoding = "utf-16-be" if encoding == "utf-8" and chunk[:1] == b"\0" else encoding
            if encoding == "utf-8" and not _is_utf8(chunk):
                encoding = "latin-1"
            longest = max(longest, max(map(len, lines)))
            count += sum(not line.isspace() for line in lines)
            size += len(chunk)
            odd = odd or (b'"' in chunk and any(line.count(b'"') % 2 for line in lines))
    return _Look(encoding or "utf-8", longest, odd, count, size)


def _is_utf8(chunk: bytes) -> bool:
    try:
        chunk.decode()
    except UnicodeDecodeError:
        return False
    return True


def _head(path: Path, encoding: str) -> str:
    with binary(path) as file:
        return file.read(HEAD_BYTES).decode(encoding, errors="ignore").lstrip("\ufeff")


def _layout(head: str, count: int) -> Literal["newline_delimited", "array", "unstructured"]:
    """How JSON is laid out, from its head and its number of lines: a file of one line is a document, however long."""
    if head.lstrip().startswith("["):
        return "array"
    lines = head.strip().split("\n")
    if len(lines) == 1:
        return "newline_delimited" if count > 1 else "unstructured"
    whole = len(head) < HEAD_BYTES // 2 and _is_object(head)
    return (
        "newline_delimited"
        if not whole and any(_is_object(line) for line in lines if line[:1] == "{")
        else "unstructured"
    )


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def _mended(file: LogFile, encoding: str, folder: Path) -> tuple[LogFile, list[Problem]]:
    """A copy in UTF-8 without lines that are too long or never end."""
    copy = folder / f"{len(list(folder.iterdir()))}-{file.told.name.removesuffix('.gz')}"
    long, broken = [], []
    with binary(file.path) as raw, copy.open("wb") as out:
        lines = _lines(raw, encoding)
        for number, line, whole in _records(lines, file):
            if len(line) > LONGEST_LINE_BYTES:
                long.append(f"{file.told.name}: line {number}, {len(line) / 1e6:.0f} MB")
                out.write(b"\n" if file.kind == "json" else b"")  # those after it keep their numbers
            elif not whole:
                broken.append(f"{file.told.name}: line {number}: {shown(line.decode(errors='replace'), 60)}")
            else:
                out.write(line)
    problems = [Problem(kind, len(f), tuple(f[:EXAMPLES])) for kind, f in (("long", long), ("line", broken)) if f]
    note = "" if encoding == "utf-8" else f"read as {encoding.replace('-sig', ' with a byte order mark')}"
    return replace(file, path=copy, note=note), problems


def _lines(raw: BinaryIO, encoding: str) -> Iterator[tuple[int, bytes]]:
    if encoding == "utf-8":
        yield from enumerate(raw, 1)
        return
    text = raw.read() if encoding.startswith("utf-16") else b""
    if text:
        yield from enumerate(BytesIO(text.decode(encoding, errors="replace").encode()), 1)
        return
    for number, line in enumerate(raw, 1):
        yield number, line.decode(encoding, errors="replace").encode()


def _records(lines: Iterator[tuple[int, bytes]], file: LogFile) -> Iterator[tuple[int, bytes, bool]]:
    """Records with the number of their first line, and whether they are whole; a quoted cell may go over lines."""
    waiting: list[tuple[int, bytes]] = []
    while True:
        number, line = waiting.pop(0) if waiting else next(lines, (0, b""))
        if not number:
            return
        if file.kind != "csv" or line.count(b'"') % 2 == 0:
            yield number, line, True
            continue
        taken: list[tuple[int, bytes]] = []
        record = line
        while record.count(b'"') % 2 and len(taken) < MOST_LINES_OF_A_CELL and len(record) <= LONGEST_LINE_BYTES:
            following = waiting.pop(0) if waiting else next(lines, (0, b""))
            if not following[0]:
                break
            taken.append(following)
            record += following[1]
        cells = _cells(record.decode(errors="replace"), file.delimiter)
        if record.count(b'"') % 2 == 0 and len(cells) == len(file.columns):
            yield number, record, True
        else:
            yield number, line, False
            waiting = taken + waiting
