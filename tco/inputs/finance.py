"""Money over time."""

from typing import Annotated

from pydantic import Field

from tco.inputs.base import Input


class Finance(Input):
    """The cost of capital, and the months over which the build is paid back."""

    discount_frac: Annotated[float, Field(ge=0, le=1)]
    """Annual discount rate, nominal and effective."""
    amortise_build_months: Annotated[float, Field(gt=0, le=600)]
    """Months over which the one-off build is paid back, with interest."""
    horizon_months: Annotated[float, Field(gt=0, le=600)]
    """Months over which what is learned from one change of model to the next is averaged."""
