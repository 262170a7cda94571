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
from tco.usage.findings import Findings
from tco.usage.readers import ReaderModule, reader_of, readers
from tco.usage.readers.fields import Reading, Told
from tco.usage.report import EXAMPLES, Problem, Report, shown

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
        self.findings = Findings(database, now, told.utc)

    def run(self, paths: Sequence[Path], source: str, limits: Sequence[int]) -> Report:
        """Every file read, judged, and summed by minute."""
        import duckdb

        sources = self._sources(paths, source)
        try:
            sources = [(name, self._written(n, reading)) for n, (name, reading) in enumerate(sources)]
            selects = [(n, name, sql.canonical(r.given, r.relation)) for n, (name, r) in enumerate(sources)]
            self._view("every_row", sql.all_of(selects))
            relation = self._once("every_row", [reading for _, reading in sources])
            by_minute = sql.by_minute(limits, self.now, relation, self.unit)
            self.database.execute(f"CREATE TEMPORARY TABLE minutes AS {by_minute}")
            return self.findings.report(relation, sources)
        except duckdb.Error as error:
            raise TcoError(self._unreadable(str(error).splitlines()[0])) from error

    def _unreadable(self, said: str) -> Fault:
        """The engine's complaint about a file, under the file's own name."""
        logs = [log for log in self.findings.logs if str(log.path) in said] or self.findings.logs
        for log in logs:
            said = said.replace(str(log.path), log.told.name)
        names = ", ".join(shown(log.told.name) for log in logs)
        short = "give it more with --memory 4GB" if "Out of Memory" in said else ""
        return Fault(names, shown(said, 300), short or "export it again, or name its --format")

    def _view(self, name: str, select: str) -> None:
        self.database.execute(f"CREATE OR REPLACE TEMPORARY VIEW {name} AS {select}")

    def _sources(self, paths: Sequence[Path], source: str) -> list[tuple[str, Reading]]:
        """Each file's format and reading; every file that cannot be read is a fault of one error."""
        found: list[tuple[str, Reading]] = []
        faults: list[Fault] = []
        for path in paths:
            log, problems = opened(path, self.folder)
            self.findings.problems += problems
            try:
                log = self._typed(log)
                reader = _reader(log, source, bool(self.told.names))
                found.append((reader.NAME, self._lines_judged(log, reader.read(log, self.told))))
            except TcoError as error:
                faults += error.faults
                continue
            self.findings.logs.append(log)
        if faults:
            raise TcoError(faults)
        return found

    def _typed(self, log: LogFile) -> LogFile:
        if log.kind != "parquet":
            return log
        import duckdb

        try:
            described = self.database.execute(f"DESCRIBE SELECT * FROM read_parquet({sql.file_named(str(log.path))})")
        except duckdb.Error as error:
            raise TcoError(Fault(log.told.name, "no Parquet that can be read", "export it again")) from error
        rows = described.fetchall()
        return replace(log, columns=tuple(row[0] for row in rows), types=tuple(row[1] for row in rows))

    def _lines_judged(self, log: LogFile, reading: Reading) -> Reading:
        """A reading of JSON lines that counts those which are no JSON: the engine gives them as nothing."""
        if log.kind != "json" or log.layout != "newline_delimited":
            return reading
        if reading.of_lines:
            skip = sql.broken_or(reading.given.get("skip", "NULL"))
            return replace(reading, given={**reading.given, "skip": skip})
        self.findings.broken_lines(log)
        return reading

    def _written(self, number: int, reading: Reading) -> Reading:
        """A reading of JSON with its rows written down: documents are taken apart once, whatever is asked of the rows afterwards."""
        if self.findings.logs[number].kind != "json":
            return reading
        path = str(self.folder / f"rows-{number}.parquet")
        self.database.execute(sql.written(sql.canonical(*sql.read_once(reading.given, reading.relation)), path))
        return replace(
            reading, given={name: name for name in reading.given}, relation=f"read_parquet({sql.file_named(path)})"
        )

    def _once(self, relation: str, read: Sequence[Reading]) -> str:
        """The relation without what it tells twice; nothing is asked of logs that have neither ids nor buckets."""
        if any("request_id" in reading.given for reading in read):
            self.database.execute(f"CREATE TEMPORARY TABLE repeats AS {sql.repeated_ids(relation)}")
            if self.findings.repeats():
                self._view("rows_once", sql.without_repeats(relation, "repeats"))
                relation = "rows_once"
        if any("span_s" in reading.given for reading in read):
            self.database.execute(f"CREATE TEMPORARY TABLE doubled AS {sql.overlapping(relation)}")
            if self.findings.overlaps(relation):
                self._view("rows_apart", sql.without_overlaps(relation, "doubled"))
                relation = "rows_apart"
        return relation


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
