"""Tokens a second while a run is going: the server's own counter, asked so seldom that the run does not feel it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from tco.bench.server import generated_tok

PERIOD_S = 2.0
"""Between two questions: writing its page of counters costs a busy server some milliseconds."""
PATIENCE_S = 1.0
"""A server that takes longer is asked again later."""


class Throughput:
    """
    Mean output tokens a second between the last two readings of a server's counter; NaN until there are two.

    Parameters
    ----------
    read : callable
        The counter at an address, None where there is none. [tok]
    clock : callable
        Seconds of any origin. [s]
    """

    def __init__(
        self,
        read: Callable[[str], float | None] = lambda url: generated_tok(url, PATIENCE_S),
        clock: Callable[[], float] = time.monotonic,
        period_s: float = PERIOD_S,
    ) -> None:
        self.read, self.clock, self.period_s = read, clock, period_s
        self.output_tok_per_s = math.nan
        self._last: tuple[float, float] | None = None
        self._due_s = -math.inf

    def at(self, url: str) -> float:
        """
        The latest figure; asks the server where the last answer is old enough. [tok/s]

        Examples
        --------
        >>> told, seconds = iter([100.0, 700.0]), iter([0.0, 1.0, 2.0])
        >>> live = Throughput(lambda url: next(told), lambda: next(seconds), period_s=2.0)
        >>> live.at(""), live.at(""), live.at("")  # 600 tokens in two seconds, and no question between
        (nan, nan, 300.0)
        """
        now_s = self.clock()
        if now_s < self._due_s:
            return self.output_tok_per_s
        self._due_s = now_s + self.period_s
        counted_tok = self.read(url)
        if counted_tok is None or (self._last is not None and counted_tok < self._last[1]):
            self.output_tok_per_s, self._last = math.nan, None  # no answer, or another server in its place
            return self.output_tok_per_s
        if self._last is not None:
            self.output_tok_per_s = (counted_tok - self._last[1]) / (now_s - self._last[0])
        self._last = now_s, counted_tok
        return self.output_tok_per_s
