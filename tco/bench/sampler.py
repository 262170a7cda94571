"""A thread that reads something at a steady pace and keeps what it read with the time; the clock is the load's, ``time.monotonic``."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class ReadFault(Exception):
    """What a reader raises when there will be nothing more to read; its text says why."""


class Sampler(Generic[T]):
    """
    Calls ``read`` every ``period_s`` seconds between ``start`` and ``stop``.

    A sample's time is the middle of its reading. A tick that is missed is left out, not made up for. ``read`` returns None when there is
    nothing new. When it raises ``ReadFault`` the thread ends and ``fault`` says why; nothing is raised into the load.
    """

    def __init__(self, read: Callable[[], T | None], period_s: float, name: str) -> None:
        self.period_s = period_s
        self.fault = ""
        self._read, self._name = read, name
        self._rows: list[tuple[float, T]] = []
        self._stopped, self._lock = threading.Event(), threading.Lock()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Take the first sample now, in the caller's thread, and the others in a thread of its own."""
        if self._thread is not None:
            return
        self._stopped.clear()
        self.take()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take a last sample and end the thread; a second call does nothing."""
        if self._thread is None:
            return
        self._stopped.set()
        self._thread.join()
        self._thread = None
        self.take()

    @property
    def running(self) -> bool:
        """Whether the thread still reads."""
        return self._thread is not None and self._thread.is_alive()

    def take(self) -> None:
        """Take one sample now, unless reading has failed."""
        with self._lock:
            if self.fault:
                return
            before = time.monotonic()
            try:
                row = self._read()
            except ReadFault as fault:
                self.fault = str(fault)
                return
            if row is not None:
                self._rows.append(((before + time.monotonic()) / 2, row))

    def rows(self) -> list[tuple[float, T]]:
        """Every sample so far: its time [s, monotonic] and what was read."""
        with self._lock:
            return list(self._rows)

    def last(self) -> tuple[float, T] | None:
        """The latest sample."""
        with self._lock:
            return self._rows[-1] if self._rows else None

    def reach(self, at_s: float, patience_s: float) -> None:
        """While sampling, wait until a sample stands at or after ``at_s`` [s, monotonic], for ``patience_s`` at most."""
        limit_s = time.monotonic() + patience_s
        while self.running:
            if time.monotonic() >= at_s:
                self.take()
            latest = self.last()
            if self.fault or time.monotonic() >= limit_s or (latest is not None and latest[0] >= at_s):
                return
            time.sleep(self.period_s)

    def _run(self) -> None:
        due_s = time.monotonic() + self.period_s
        while not self.fault and not self._stopped.wait(max(0.0, due_s - time.monotonic())):
            self.take()
            due_s = max(due_s + self.period_s, time.monotonic())
