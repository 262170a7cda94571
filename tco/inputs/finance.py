"""Money over time."""

from typing import Annotated

from pydantic import Field

from tco.inputs.base import Input, Positive


class Finance(Input):
    """The cost of capital, and the months over which the build is paid back."""

    discount_frac: Annotated[float, Field(ge=0, le=1)]
    """Annual discount rate, nominal and effective."""
    amortise_build_months: Positive
    """Months over which the one-off build is paid back, with interest."""
