"""The Ledger: what one option costs, line by line. Cash; costs are positive."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from tco.units import Array, Numeric


@dataclass(frozen=True)
class Ledger:
    """
    One option's month. Every figure may be one number or an array over draws and volumes.

    ``lines_usd`` are running costs of the month; ``once_usd`` are paid once, and ``once_share`` is the part of them
    that a month of the pay-back carries, interest included.
    """

    option: str
    lines_usd: Mapping[str, Numeric]
    once_usd: Mapping[str, Numeric]
    once_share: Numeric
    requests: Numeric
    tok: Numeric
    """Tokens of the month, prompt and answer, in the reference tokenizer."""
    facts: Mapping[str, Numeric] = field(default_factory=dict)
    """Replicas, GPU-hours, load and the like, for tables."""

    @property
    def running_usd(self) -> Array:
        """Running cost of the month. [USD]"""
        return np.asarray(sum(self.lines_usd.values(), 0.0), dtype=float)

    @property
    def build_usd(self) -> Array:
        """Paid once. [USD]"""
        return np.asarray(sum(self.once_usd.values(), 0.0), dtype=float)

    @property
    def with_build_usd(self) -> Array:
        """Running cost and the month's part of what was paid once. [USD]"""
        total: Array = self.running_usd + self.build_usd * self.once_share
        return total
