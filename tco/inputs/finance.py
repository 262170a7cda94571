"""Money over time."""

from typing import Annotated

from pydantic import Field

from tco.inputs.base import Frac, Input


class Finance(Input):
    """The cost of capital, what rises, and the months over which the build is paid back."""

    discount_frac: Annotated[float, Field(ge=0, le=1)]
    """Annual discount rate, nominal and effective."""
    amortise_build_months: Annotated[float, Field(gt=0, le=600)]
    """Months over which the one-off build is paid back, with interest."""
    horizon_months: Annotated[float, Field(gt=0, le=600)]
    """Months over which rising wages and tariffs, and what is learned from one change of model to the next, are averaged."""
    wage_escalation_frac: Annotated[float, Field(ge=-0.5, le=1)]
    """How much dearer people become each year."""
    tariff_escalation_frac: Annotated[float, Field(ge=-0.5, le=1)]
    """How much dearer electricity becomes each year."""
    tax_frac: Frac = 0.0
    """Tax on profits, for the after-tax value of bought servers; 0 leaves it out."""
