"""Logs in, one hourly table out: every file by its reader, no request twice, whatever is wrong counted by kind."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tco.catalog import Catalog
from tco.errors import Fault, LookupFault, TcoError, nearest
from tco.usage import sql
from tco.usage.engine import Engine, connection
from tco.usage.files import LogFile, expand, opened, without_copies
from tco.usage.readers import ReaderModule, reader_of, readers
from tco.usage.readers.fields import Reading, Told
from tco.usage.report import EXAMPLES, FileRead, Problem, Report, shown

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

TABLE = "usage.parquet"
FUTURE = timedelta(hours=26)
"""How far ahead a time may be: the widest zone, and a clock that is a little fast."""


@dataclass(frozen=True)
class Imported:
    """The hourly table that was written, and what became of every row."""

    table_path: Path
    report: Report


def import_logs(
    paths: Sequence[Path | str] | Path | str,
    output: Path | str = TABLE,
    *,
    catalog: Catalog | None = None,
    source: str = "",
    names: Mapping[str, str] | None = None,
    timezone: str = "UTC",
    strict: bool = False,
    bursts: bool = True,
    engine: Engine | None = None,
    now: datetime | None = None,
) -> Imported:
    """
    Read logs, price tier by price tier and hour by hour, into one Parquet table.

    Parameters
    ----------
    paths : Sequence[Path | str] | Path | str
        Files, folders and patterns; with ``.gz`` too.
    output : Path | str
        The table to write.
    catalog : Catalog | None
        Whose context tiers the table keeps apart; None opens the working directory's or the package's.
    source : str
        The format of every file; empty recognises each.
    names : Mapping[str, str] | None
        Our column to the log's, for a table of no known format.
    timezone : str
        The zone of times written without one.
    strict : bool
        Refuse a log with any fault instead of leaving the faulty rows out.
    bursts : bool
        Keep the requests of every minute, which the burst within an hour is read from; a bill needs none, and is quicker without.
    engine : Engine | None
        Limits on memory, and where to spill; None for the usual ones.
    now : datetime | None
        What counts as the future; None for the machine's clock.

    Raises
    ------
    TcoError
        When a path leads to nothing, a format is unknown, nothing is left to import, or ``strict`` finds a fault.
    """
    named = [paths] if isinstance(paths, Path | str) else list(paths)
    files, copies = without_copies(expand(named))
    latest = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None) + FUTURE
    told = Told(dict(names or {}), timezone.upper() == "UTC")
    limits = (catalog or Catalog.open()).context_limits()
    with (
        connection(engine, timezone) as database,
        TemporaryDirectory(prefix="tco-usage-", dir=engine.spill if engine else None) as folder,
    ):
        report = _Import(database, f"TIMESTAMP '{latest:%Y-%m-%d %H:%M:%S}'", Path(folder), told, bursts).run(
            files, source, limits
        )
        if copies:
            same = Problem("same", len(copies), tuple(shown(path.name) for path in copies[:EXAMPLES]))
            report = replace(report, left_out=(*report.left_out, same))
        if strict and report.faults:
            raise TcoError([Fault(f"{p.words} ({p.count:,})", "; ".join(p.examples), p.mend) for p in report.faults])
        if not report.kept:
            raise TcoError(_nothing(report))
        database.execute(
            f"COPY ({sql.by_hour('minutes', bursts)}) TO {sql.quoted(str(output))} "
            f"(FORMAT parquet, COMPRESSION zstd, "
            f"KV_METADATA {{tco_limits: '{','.join(str(limit) for limit in limits)}'}})"
        )
    return Imported(Path(output), report)


def _nothing(report: Report) -> list[Fault]:
    left = [Fault(f"{p.words} ({p.count:,})", "; ".join(p.examples), p.mend) for p in report.left_out]
    return left or [Fault(", ".join(shown(file.path.name) for file in report.files), "no rows", "export it again")]


class _Import:
    """One import: the relations it makes in the engine, one after the other."""

    def __init__(self, database: "DuckDBPyConnection", now: str, folder: Path, told: Told, bursts: bool) -> None:
        self.database, self.now, self.folder, self.told = database, now, folder, told
        self.unit = "minute" if bursts else "hour"
        self.files: list[FileRead] = []
        self.problems: list[Problem] = []
        self.notes: list[str] = []

    def run(self, paths: Sequence[Path], source: str, limits: Sequence[int]) -> Report:
        """Every file read, judged, and summed by minute."""
        read = self._readings(paths, source)
        self._view(
            "every_row",
            sql.all_of([(number, name, sql.canonical(r.given, r.relation, r.where)) for number, name, r in read]),
        )
        relation = self._once("every_row", [reading for _, _, reading in read])
        try:
            self.database.execute(
                f"CREATE TEMPORARY TABLE minutes AS {sql.by_minute(limits, self.now, relation, self.unit)}"
            )
        except Exception as error:
            self._refuse(error)
        self._rejected(read)
        self._faults(relation)
        self._assumed([(name, r) for _, name, r in read])
        return self._report()

    def _refuse(self, error: Exception) -> None:
        import duckdb

        if not isinstance(error, duckdb.Error):
            raise error
        names = ", ".join(shown(file.path.name) for file in self.files)
        raise TcoError(
            Fault(names, shown(str(error).splitlines()[0], 300), "export it again, or name its --format")
        ) from error

    def _view(self, name: str, select: str) -> None:
        self.database.execute(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {select}")

    def _readings(self, paths: Sequence[Path], source: str) -> list[tuple[int, str, Reading]]:
        found: list[tuple[int, str, Reading]] = []
        faults: list[Fault] = []
        for number, path in enumerate(paths):
            file, problems = opened(path, self.folder)
            self.problems += problems
            try:
                file = self._typed(file)
                reader = _reader(file, source, bool(self.told.names))
                reading = reader.read(file, self.told)
            except TcoError as error:
                faults += error.faults
                continue
            found.append((number, reader.NAME, reading))
            self.files.append(FileRead(path, reader.NAME, file.note))
        if faults:
            raise TcoError(faults)
        return found

    def _typed(self, file: LogFile) -> LogFile:
        if file.kind != "parquet":
            return file
        import duckdb

        try:
            described = self.database.execute(
                f"DESCRIBE SELECT * FROM read_parquet({sql.quoted(str(file.path))})"
            ).fetchall()
        except duckdb.Error as error:
            raise TcoError(Fault(file.told.name, "no Parquet that can be read", "export it again")) from error
        return replace(file, columns=tuple(row[0] for row in described), types=tuple(row[1] for row in described))

    def _once(self, relation: str, read: Sequence[Reading]) -> str:
        """The relation without what it tells twice; nothing is asked of logs that have neither ids nor buckets."""
        if any("request_id" in reading.given for reading in read):
            self.database.execute(f"CREATE TEMPORARY TABLE repeats AS {sql.repeated_ids(relation)}")
            twice = self._number(
                f"SELECT COUNT(*) FROM {relation} AS one JOIN repeats AS twice ON one.source = twice.source AND one.request_id = twice.request_id"
            )
            ids = self.database.execute("SELECT request_id FROM repeats ORDER BY 1").fetchmany(EXAMPLES)
            if twice:
                extra = twice - self._number("SELECT COUNT(*) FROM repeats")
                self.problems.append(Problem("repeat", extra, tuple(shown(row[0]) for row in ids)))
                self._view("rows_once", sql.without_repeats(relation, "repeats"))
                relation = "rows_once"
        if any("span_s" in reading.given for reading in read):
            self.database.execute(f"CREATE TEMPORARY TABLE doubled AS {sql.overlapping(relation)}")
            kept = sql.without_overlaps(relation, "doubled")
            dropped = self._number(f"SELECT COUNT(*) FROM {relation}") - self._number(
                f"SELECT COUNT(*) FROM ({kept}) AS kept"
            )
            if dropped:
                first = self.database.execute(
                    "SELECT source, span_s, CAST(started AS VARCHAR) FROM doubled ORDER BY 3, 2"
                ).fetchmany(EXAMPLES)
                told = tuple(f"{name}, {span // 60:,} minutes from {at} UTC" for name, span, at in first)
                self.problems.append(Problem("overlap", dropped, told))
                self._view("rows_apart", kept)
                relation = "rows_apart"
        return relation

    def _number(self, select: str) -> int:
        row = self.database.execute(select).fetchone()
        return int(row[0]) if row is not None and row[0] is not None else 0

    def _rejected(self, read: Sequence[tuple[int, str, Reading]]) -> None:
        """Lines of CSVs that were not read: the engine tells each scan of a file apart, and one is enough."""
        if not any("store_rejects" in reading.relation for _, _, reading in read):
            return
        found = self.database.execute(
            "SELECT DISTINCT file_path, line, csv_line FROM reject_errors JOIN reject_scans USING (scan_id, file_id) ORDER BY 1, 2"
        ).fetchall()
        if found:
            told = tuple(f"{Path(path).name}: line {line}: {shown(text, 60)}" for path, line, text in found[:EXAMPLES])
            self.problems.append(Problem("line", len(found), told))

    def _faults(self, relation: str) -> None:
        for fault, counted in self.database.execute(sql.faults_counted("minutes")).fetchall():
            rows = self.database.execute(sql.examples(relation, self.now, fault, EXAMPLES)).fetchall()
            self.problems.append(Problem(fault, int(counted), tuple(self._example(row) for row in rows)))

    def _example(self, row: tuple[object, ...]) -> str:
        number, request, at, ended, model, prompt, cached, output = row
        file = self.files[int(str(number))].path.name
        parts = [
            ("id", request),
            ("at", at),
            ("ended", ended),
            ("model", model),
            ("prompt", prompt),
            ("cached", cached),
            ("answer", output),
        ]
        return f"{shown(file)}: " + ", ".join(
            f"{name} {shown(value, 40)}" for name, value in parts if value is not None
        )

    def _assumed(self, read: Sequence[tuple[str, Reading]]) -> None:
        self.notes += list(dict.fromkeys(reading.note for _, reading in read if reading.note))
        for name in dict.fromkeys(name for name, reading in read if "request_id" not in reading.given):
            self.notes.append(f"{name}: no ids of requests, so none that stands in two files could be found")
        zones = [
            (zone or "none", int(count))
            for zone, count in self.database.execute(sql.zones_counted("minutes")).fetchall()
        ]
        if len(zones) > 1 or zones[:1] == [("none", zones[0][1] if zones else 0)]:
            where = "UTC" if self.told.utc else "the zone that was named"
            told = ", ".join(f"{shown(zone)}: {count:,}" for zone, count in zones)
            self.notes.append(f"times in these zones ({told}); those without one are taken as {where}")
        formulas = self.database.execute(sql.formulas_counted("minutes")).fetchall()
        if formulas:
            first = ", ".join(shown(text, 40) for text, _ in formulas[:EXAMPLES])
            self.notes.append(
                f"names that a spreadsheet would take for formulas ({first}): written with an apostrophe before them"
            )

    def _report(self) -> Report:
        row = self.database.execute(sql.counted("minutes")).fetchone()
        rows, kept, requests, first, last = row if row is not None else (0, 0, 0, None, None)
        unread = sum(
            problem.count for problem in self.problems if problem.kind in ("line", "long", "repeat", "overlap")
        )
        order = sorted(_merged(self.problems), key=lambda problem: -problem.count)
        return Report(
            tuple(self.files),
            int(rows or 0) + unread,
            int(kept or 0),
            int(requests or 0),
            first,
            last,
            tuple(order),
            tuple(self.notes),
        )


def _merged(problems: Sequence[Problem]) -> list[Problem]:
    found: dict[str, Problem] = {}
    for problem in problems:
        was = found.get(problem.kind, Problem(problem.kind, 0))
        found[problem.kind] = Problem(
            problem.kind, was.count + problem.count, (*was.examples, *problem.examples)[:EXAMPLES]
        )
    return list(found.values())


def _reader(file: LogFile, source: str, mapped: bool) -> ReaderModule:
    if source and source not in readers():
        raise LookupFault(Fault(f"--format {source}", "no such format", nearest(source, readers())))
    if source or mapped:
        return readers()[source or "table"]
    found = reader_of(file)
    if found is None:
        told = (
            f"its columns are {', '.join(shown(name, 30) for name in file.columns[:12])}"
            if file.columns
            else "no format that is known"
        )
        mend = "name the columns: --map started=…,model=…,prompt_tok=…,output_tok=…"
        raise LookupFault(Fault(file.told.name, told, mend))
    return found
