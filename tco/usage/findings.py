"""What an import finds on its way: what is left out, of which kind and how often, and what had to be assumed."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tco.usage import sql
from tco.usage.files import LogFile, binary
from tco.usage.readers.fields import Reading, relation
from tco.usage.report import EXAMPLES, FileRead, Problem, Report, shown

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

UNREAD = ("line", "long", "repeat", "overlap")
"""Kinds that never come to the table of minutes, so that their rows are counted apart."""
MOST_LINES = 1_000_000
"""So far into a file the first broken lines are looked for."""


class Findings:
    """Gathers what is found, from the engine's tables ``repeats``, ``doubled`` and ``minutes``."""

    def __init__(self, database: "DuckDBPyConnection", now: str, utc: bool) -> None:
        self.database, self.now, self.utc = database, now, utc
        self.logs: list[LogFile] = []
        self.problems: list[Problem] = []

    def report(self, rows: str, sources: Sequence[tuple[str, Reading]]) -> Report:
        """All of it, the most frequent first."""
        self._rejected(any("store_rejects" in reading.relation for _, reading in sources))
        self._faults(rows)
        counted = self.database.execute(sql.counted("minutes")).fetchone() or (0, 0, 0, None, None)
        seen, kept, requests, first, last = counted
        unread = sum(problem.count for problem in self.problems if problem.kind in UNREAD and not problem.judged)
        files = tuple(FileRead(log.told, name, log.note) for log, (name, _) in zip(self.logs, sources, strict=True))
        order = sorted(_merged(self.problems), key=lambda problem: -problem.count)
        notes = tuple(self._notes(sources))
        whole = int(seen or 0) + unread
        return Report(files, whole, int(kept or 0), int(requests or 0), first, last, tuple(order), notes)

    def _number(self, select: str) -> int:
        row = self.database.execute(select).fetchone()
        return int(row[0]) if row is not None and row[0] is not None else 0

    def repeats(self) -> int:
        """How many rows repeat an id; noted."""
        extra = self._number(sql.repeats_counted("repeats"))
        if extra:
            ids = self.database.execute("SELECT request_id FROM repeats ORDER BY 1").fetchmany(EXAMPLES)
            self.problems.append(Problem("repeat", extra, tuple(shown(row[0]) for row in ids)))
        return extra

    def overlaps(self, rows: str) -> int:
        """How many buckets another view tells too; noted."""
        kept = self._number(f"SELECT COUNT(*) FROM ({sql.without_overlaps(rows, 'doubled')}) AS kept")
        dropped = self._number(f"SELECT COUNT(*) FROM {rows}") - kept
        if dropped:
            first = self.database.execute(sql.doubled_told("doubled")).fetchmany(EXAMPLES)
            told = tuple(f"{name}, {span // 60:,} minutes from {start} UTC" for name, span, start in first)
            self.problems.append(Problem("overlap", dropped, told))
        return dropped

    def broken_lines(self, log: LogFile) -> None:
        """Count the lines of a file that are no JSON, where its rows do not come line by line."""
        count = self._number(f"SELECT COUNT(*) FROM {relation(log)} AS lines WHERE doc IS NULL")
        if count:
            self.problems.append(Problem("line", count, tuple(_broken(log))))

    def _rejected(self, any_csv: bool) -> None:
        """Lines of CSVs that were not read: each scan of a file tells them again, and one is enough."""
        found = self.database.execute(sql.REJECTED).fetchall() if any_csv else []
        if found:
            names = {str(log.path): log.told.name for log in self.logs}
            first = found[:EXAMPLES]
            told = tuple(
                f"{names.get(path, Path(path).name)}: line {line}: {shown(text, 60)}" for path, line, text in first
            )
            self.problems.append(Problem("line", len(found), told))

    def _faults(self, rows: str) -> None:
        for fault, counted in self.database.execute(sql.faults_counted("minutes")).fetchall():
            if fault == "line":
                json_lines = [log for log in self.logs if log.kind == "json" and log.layout == "newline_delimited"]
                told = tuple(example for log in json_lines for example in _broken(log))[:EXAMPLES]
            else:
                first = self.database.execute(sql.examples(rows, self.now, fault, EXAMPLES)).fetchall()
                told = tuple(self._example(row) for row in first)
            self.problems.append(Problem(fault, int(counted), told, judged=True))

    def _example(self, row: tuple[object, ...]) -> str:
        file = shown(self.logs[int(str(row[0]))].told.name)
        names = ("id", "at", "ended", "model", "prompt", "cached", "answer")
        parts = zip(names, row[1:], strict=True)
        return f"{file}: " + ", ".join(f"{name} {shown(value, 40)}" for name, value in parts if value is not None)

    def _notes(self, sources: Sequence[tuple[str, Reading]]) -> Iterator[str]:
        yield from dict.fromkeys(reading.note for _, reading in sources if reading.note)
        for name in dict.fromkeys(name for name, reading in sources if "request_id" not in reading.given):
            yield f"{name}: no ids of requests, so none that stands in two files could be found"
        for one, other, models, day in self.database.execute(sql.told_twice("minutes")).fetchall():
            told = f"{models:,} {'model' if models == 1 else 'models'}, first on {day}"
            yield f"{one} and {other} tell of the same days ({told}): what both tell counts twice; import one of them"
        counted = self.database.execute(sql.zones_counted("minutes")).fetchall()
        zones = {zone or "none": int(count) for zone, count in counted}
        if len(zones) > 1 or "none" in zones:
            where = "UTC" if self.utc else "the zone that was named"
            told = ", ".join(f"{shown(zone)}: {count:,}" for zone, count in zones.items())
            yield f"times in these zones ({told}); those without one are taken as {where}"
        formulas = self.database.execute(sql.formulas_counted("minutes")).fetchall()
        if formulas:
            first = ", ".join(shown(text, 40) for text, _ in formulas[:EXAMPLES])
            yield f"names that a spreadsheet would take for formulas ({first}): written with an apostrophe before them"


def _broken(log: LogFile) -> Iterator[str]:
    """The first lines of a file that are no JSON."""
    found = 0
    with binary(log.path) as file:
        for number, line in enumerate(file, 1):
            if found == EXAMPLES or number > MOST_LINES:
                return
            try:
                json.loads(line or b"{}") if line.strip() else None
            except ValueError:
                found += 1
                yield f"{shown(log.told.name)}: line {number}: {shown(line.decode(errors='replace').strip(), 60)}"


def _merged(problems: Sequence[Problem]) -> list[Problem]:
    found: dict[str, Problem] = {}
    for problem in problems:
        was = found.get(problem.kind, Problem(problem.kind, 0))
        examples = (*was.examples, *problem.examples)[:EXAMPLES]
        found[problem.kind] = Problem(problem.kind, was.count + problem.count, examples)
    return list(found.values())
