"""Work that waits until a person pauses: only the last of several wishes is done."""

import asyncio
from collections.abc import Callable


class Soon:
    """Does something once nobody has asked again for a while; at once where no kernel runs, as in a test."""

    def __init__(self, pause_s: float, act: Callable[[], None]) -> None:
        self.pause_s, self.act = pause_s, act
        self._later: asyncio.TimerHandle | None = None

    def ask(self) -> None:
        """Ask for it."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.act()
            return
        if self._later is not None:
            self._later.cancel()
        self._later = loop.call_later(self.pause_s, self.act)
