from typing import Annotated, Literal

from pydantic import Field

from tco.inputs.base import Frac, NonNegative, Positive
from tco.inputs.prices import ApiPrice, Factors, HourFactor, LongContext, VolumeDiscount
from tco.options.base import OptionBase


class ApiOption(OptionBase):
    """Buy tokens from a vendor."""

    kind: Literal["api"] = "api"
    """Way of serving."""
    sku: str = ""
    """Vendor and model of price_sheets/api, such as openai/gpt-5.4."""
    model: str = ""
    """Open-weight model behind it, as in hw_profiles/models; empty when its weights are closed."""
    price: ApiPrice
    """Standard list price."""
    batch: Factors | None = None
    """Batch tariff; empty when the vendor has none."""
    long_context: LongContext | None = None
    """Tariff of long prompts; empty when there is none."""
    hours: tuple[HourFactor, ...] = ()
    """Hours charged at another price."""
    volume_discounts: tuple[VolumeDiscount, ...] = ()
    """Marginal discounts by monthly spend."""
    price_ratio: Positive = 1.0
    """What you pay over list price: 0.9 for a contract 10 % below."""
    region_ratio: Annotated[float, Field(ge=1, le=3)] = 1.0
    """Uplift for data residency."""
    cache_write_frac: Frac = 0.0
    """Share of prompt tokens billed as written to the cache."""
    batch_used_frac: Frac = 1.0
    """Share of the requests that may wait which are really sent by the batch tariff."""
