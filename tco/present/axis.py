"""Volume in the unit the user chose: requests a month, tokens a day, or API dollars a month."""

from dataclasses import dataclass
from typing import Literal

from tco.present.numbers import count, money, tokens
from tco.solve.breakeven import Axis

AxisName = Literal["requests", "tokens", "dollars"]
AXES: tuple[AxisName, ...] = ("requests", "tokens", "dollars")


@dataclass(frozen=True)
class VolumeAxis:
    """A unit of volume: ``factor`` times requests a month."""

    name: AxisName
    label: str
    factor: float

    @property
    def unit(self) -> str:
        """The unit behind a comma, for the head of a bare number; empty for dollars, which carry their sign."""
        return {"requests": ", requests a month", "tokens": ", tokens a day"}.get(self.name, "")

    def of(self, requests_per_month: float) -> float:
        """A volume in this unit."""
        return requests_per_month * self.factor

    def text(self, requests_per_month: float) -> str:
        """A volume in words, three significant digits."""
        value = self.of(requests_per_month)
        if self.name == "tokens":
            return f"{tokens(value)} a day"
        if self.name == "dollars":
            return f"an API bill of {money(value)} a month"
        return f"{count(value)} requests a month"

    def short(self, requests_per_month: float) -> str:
        """A volume without its unit, for a second mention or a chip."""
        value = self.of(requests_per_month)
        return money(value) if self.name == "dollars" else count(value)


def volume_axis(name: AxisName, axis: Axis, baseline: str) -> VolumeAxis:
    """
    The unit of volume by name.

    Parameters
    ----------
    name : {"requests", "tokens", "dollars"}
        Which unit. Dollars fall back to requests when the baseline has no token bill.
    axis : Axis
        What one request a month is in the other units.
    baseline : str
        Label of the API whose dollars are meant.
    """
    if name == "tokens":
        return VolumeAxis("tokens", "tokens a day (prompt and answer)", axis.tok_per_day)
    if name == "dollars" and axis.api_usd_per_month > 0:
        return VolumeAxis("dollars", f"a month to {baseline}", axis.api_usd_per_month)
    return VolumeAxis("requests", "requests a month", 1.0)
