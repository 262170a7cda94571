"""The engine: DuckDB in this process, with a limit on its memory and a folder to spill to."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tco.errors import Fault, MissingTool, TcoError
from tco.usage.sql import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


class Watch:
    """An eye on the engine from another thread: how far the question under way is, and a way to stop it and all that follow."""

    def __init__(self) -> None:
        self.stopped = False
        self._opened: DuckDBPyConnection | None = None

    def take(self, opened: "DuckDBPyConnection | None") -> None:
        """
        Look at another connection, or at none.

        Raises
        ------
        TcoError
            When it was stopped.
        """
        self._opened = opened
        if self.stopped and opened is not None:
            raise TcoError(Fault("the log", "reading was stopped", "read it again when you like"))

    def stop(self) -> None:
        """Stop; call it again while the work goes on, for between two questions there is nothing to interrupt."""
        self.stopped = True
        opened = self._opened
        if opened is not None:
            with suppress(Exception):  # it was closed meanwhile: there is nothing left to stop
                opened.interrupt()

    @property
    def done_frac(self) -> float | None:
        """Share of the question under way that is done; None where that is not known."""
        opened = self._opened
        try:
            percent = float(opened.query_progress()) if opened is not None else -1.0
        except Exception:  # it was closed meanwhile
            return None
        return min(percent, 100.0) / 100.0 if percent >= 0 else None


@dataclass(frozen=True)
class Engine:
    """How much of this machine a question to a log may take."""

    memory: str = "1GB"
    """What it keeps in memory before it spills, such as ``500MB`` or ``8GB``."""
    spill: Path | None = None
    """Where it spills; None for a folder of its own among the machine's temporary ones, removed afterwards."""
    threads: int = 0
    """Threads at work; 0 for one a core."""
    watch: "Watch | None" = None
    """Somebody in another thread who asks how far it is, or stops it."""


@contextmanager
def connection(engine: Engine | None = None, timezone: str = "UTC") -> Iterator["DuckDBPyConnection"]:
    """
    A connection to an empty database in memory.

    Parameters
    ----------
    engine : Engine | None
        Limits; None for the usual ones.
    timezone : str
        The zone of times that are written without one, such as ``Europe/Berlin``.

    Raises
    ------
    MissingTool
        When DuckDB is not installed.
    TcoError
        When a limit or the time zone cannot be.
    """
    try:
        import duckdb
    except ImportError as error:
        mend = 'install the extra usage: pip install "llm-tco[usage]"'
        raise MissingTool(Fault("DuckDB", "not installed", mend)) from error
    engine = engine or Engine()
    with TemporaryDirectory(prefix="tco-usage-", dir=engine.spill) as folder, duckdb.connect() as opened:
        _set(opened, "memory_limit", engine.memory, "write it as 500MB or 8GB")
        _set(opened, "timezone", timezone, "write a zone's name, such as Europe/Berlin or UTC")
        opened.execute(f"SET temp_directory = {quoted(folder)}")
        opened.execute("SET preserve_insertion_order = false")
        opened.execute(f"SET threads = {engine.threads or os.cpu_count() or 1}")
        opened.execute(f"SET enable_progress_bar = {'true' if engine.watch else 'false'}")
        opened.execute("SET enable_progress_bar_print = false")
        if engine.watch is not None:
            engine.watch.take(opened)
        try:
            yield opened
        finally:
            if engine.watch is not None:
                engine.watch.take(None)


def _set(opened: "DuckDBPyConnection", name: str, value: str, mend: str) -> None:
    import duckdb

    try:
        opened.execute(f"SET {name} = {quoted(value)}")
    except duckdb.Error as error:
        raise TcoError(Fault(name.replace("_", " "), repr(value), mend)) from error
