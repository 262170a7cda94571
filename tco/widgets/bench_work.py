"""One measurement in a thread of its own, so that the notebook stays alive; what happens is handed over as a list of events."""

import threading
import time
from collections import deque
from typing import Any

from tco.bench.asked import Asked
from tco.bench.measure import command, measure
from tco.catalog import Catalog
from tco.errors import Fault, TcoError

Event = tuple[float, str, dict[str, Any]]
"""When it happened [s, monotonic], its name, its facts: those of ``tco bench``, and at the end one of ``ended``."""


class Work:
    """
    Starts at once. ``stop`` does what Ctrl-C does: the load and the server are ended, what is finished is kept.

    The last event is ``ended`` with ``faults``: empty when the profile was written or somebody stopped it.
    """

    def __init__(self, asked: Asked, catalog: Catalog, power: bool = True) -> None:
        self.asked, self.catalog, self.power = asked, catalog, power
        self.began_s = time.monotonic()
        self._events: deque[Event] = deque()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="tco-bench", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether it still measures, or still ends the server."""
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether it was told to stop."""
        return self._stopping.is_set()

    def stop(self) -> None:
        """Ask it to end; it takes as long as the server does."""
        self._stopping.set()

    def join(self, seconds: float) -> bool:
        """Wait until it has ended, for so long at most; whether it has."""
        self._thread.join(seconds)
        return not self.alive

    def events(self) -> list[Event]:
        """What has happened since the last call."""
        return [self._events.popleft() for _ in range(len(self._events))]

    def _tell(self, name: str, facts: dict[str, Any]) -> None:
        self._events.append((time.monotonic(), name, facts))
        if self._stopping.is_set() and name != "stopped":
            raise KeyboardInterrupt

    def _run(self) -> None:
        faults: tuple[Fault, ...] = ()
        try:
            facts = {"command": command(self.asked, self.power)}
            measure(self.asked, self.catalog, self._tell, power=self.power, facts=facts)
        except KeyboardInterrupt:
            pass
        except TcoError as error:
            faults = error.faults
        except Exception as error:  # a thread has nowhere to raise to: the screen says it
            faults = (Fault("tco", f"{type(error).__name__}: {error}", "this is a mistake of tco: please report it"),)
        self._events.append((time.monotonic(), "ended", {"faults": faults}))
