"""The engine: DuckDB in this process, with a limit on its memory and a folder to spill to."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tco.errors import Fault, MissingTool, TcoError
from tco.usage.sql import quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@dataclass(frozen=True)
class Engine:
    """How much of this machine a question to a log may take."""

    memory: str = "1GB"
    """What it keeps in memory before it spills, such as ``500MB`` or ``8GB``."""
    spill: Path | None = None
    """Where it spills; None for a folder of its own among the machine's temporary ones, removed afterwards."""
    threads: int = 0
    """Threads at work; 0 for one a core."""
    watch: "Callable[[DuckDBPyConnection], None] | None" = None
    """Given every connection that is opened, to ask from another thread how far a question is, or to interrupt it."""


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
            engine.watch(opened)
        yield opened


def _set(opened: "DuckDBPyConnection", name: str, value: str, mend: str) -> None:
    import duckdb

    try:
        opened.execute(f"SET {name} = {quoted(value)}")
    except duckdb.Error as error:
        raise TcoError(Fault(name.replace("_", " "), repr(value), mend)) from error
