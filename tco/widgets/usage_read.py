"""What the usage screen is a picture of: logs read once into a table, and everything asked of it."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tco.catalog import Catalog
from tco.errors import Fault, TcoError
from tco.scaffold import shipped
from tco.usage import Bill, Engine, Report, WorkloadFit, bill, import_logs, workload
from tco.usage.billing import is_table
from tco.usage.engine import Watch
from tco.usage.files import expand
from tco.usage.looking import Look, look
from tco.usage.week import Load, load

SAMPLE = "samples/week.csv.gz"
MOST_LOOKS = 20
"""So many files are looked at for one that nobody knows."""


@dataclass(frozen=True)
class Ask:
    """Which logs, and how they are read."""

    paths: tuple[str, ...]
    source: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    timezone: str = "UTC"
    is_sample: bool = False

    @property
    def told(self) -> str:
        """The logs in a few words."""
        first = Path(self.paths[0]).name if self.paths else "nothing"
        return first if len(self.paths) == 1 else f"{first} and {len(self.paths) - 1} more"


@dataclass(frozen=True)
class Part:
    """The load and the workload of all models, or of one; ``faults`` say why there is no workload."""

    load: Load
    fit: WorkloadFit | None
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True)
class Usage:
    """Logs that were read: the table, what became of every row, the bill, and the whole's load and workload."""

    ask: Ask
    tables: tuple[Path, ...]
    report: Report | None
    """None where hourly tables were given, which were read before."""
    bill: Bill
    whole: Part


class Unknown(TcoError):
    """A file of no known format, and what it looks like: the person can say which column is what."""

    def __init__(self, seen: Look, faults: tuple[Fault, ...]) -> None:
        super().__init__(faults)
        self.seen = seen


def sample() -> Ask:
    """The log that ships, to open with."""
    return Ask((str(shipped("notebooks") / SAMPLE),), is_sample=True)


def read(ask: Ask, catalog: Catalog, table: Path, engine: Engine | None = None) -> Usage:
    """
    Read logs, and ask what they come to.

    Parameters
    ----------
    ask : Ask
        Files, folders and patterns, and how they are read; hourly tables are taken as they are.
    table : Path
        Where the hourly table of the logs goes.

    Raises
    ------
    Unknown
        When nobody knows a file's format, or the columns that were named do not do.
    TcoError
        When anything else is wrong, all of it.
    """
    tables = [Path(path) for path in ask.paths if is_table(path)]
    logs = [path for path in ask.paths if Path(path) not in tables]
    report = None
    if logs:
        try:
            done = import_logs(
                logs, table, catalog=catalog, source=ask.source, names=ask.names, timezone=ask.timezone, engine=engine
            )
        except TcoError as error:
            raise _unknown(logs, ask, error) from error
        tables, report = [*tables, done.table_path], done.report
    billed = bill(list(tables), catalog, engine=engine)
    return Usage(ask, tuple(tables), report, billed, part(tuple(tables), catalog, engine=engine))


def part(
    tables: tuple[Path, ...], catalog: Catalog, models: tuple[str, ...] = (), engine: Engine | None = None
) -> Part:
    """The load and the workload of some models; none takes all."""
    found = load(list(tables), models=models, catalog=catalog, engine=engine)
    try:
        return Part(found, workload(list(tables), models=models, catalog=catalog, engine=engine))
    except TcoError as error:
        return Part(found, None, error.faults)


def _unknown(logs: list[str], ask: Ask, error: TcoError) -> TcoError:
    """The error with the first file that is of no known format, where there is one."""
    if ask.source:
        return error
    try:
        for path in expand(logs)[:MOST_LOOKS]:
            seen = look(path)
            if seen.columns and (not seen.source or ask.names):
                return Unknown(seen, error.faults)
    except TcoError:
        return error
    return error


class Work:
    """Logs being read in a thread of its own, so that the kernel stays free: how far it is, and how to stop it."""

    def __init__(self, ask: Ask, catalog: Catalog, table: Path, engine: Engine | None = None) -> None:
        self.ask, self.catalog, self.table = ask, catalog, table
        self.watch = Watch()
        self.engine = replace(engine or Engine(), watch=self.watch)
        self.began_s = time.monotonic()
        self.usage: Usage | None = None
        self.error: TcoError | None = None
        self._thread = threading.Thread(target=self._run, name="tco-usage", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End it as soon as the engine listens; what was on screen stays."""
        self.watch.stop()

    def join(self, seconds: float) -> bool:
        """Wait a while; whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether it is to end."""
        return self.watch.stopped

    @property
    def seconds(self) -> float:
        """Since it began. [s]"""
        return time.monotonic() - self.began_s

    def _run(self) -> None:
        try:
            self.usage = read(self.ask, self.catalog, self.table, self.engine)
        except TcoError as error:
            self.error = error
        except Exception as error:  # a thread has nowhere to raise to: the screen says it
            mend = "this is a mistake of tco: report it"
            self.error = TcoError(Fault("reading", f"{type(error).__name__}: {error}", mend))
