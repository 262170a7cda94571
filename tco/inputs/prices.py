"""What a vendor charges: API meters with their batch, long-context and hourly factors, and GPU rent."""

from typing import Annotated, Literal

from pydantic import Field

from tco.inputs.base import Input, NonNegative, Positive


class ApiPrice(Input):
    """List price of one API model at its standard tier, short context."""

    input_usd_per_mtok: NonNegative
    """Prompt tokens that no cache serves."""
    cache_read_usd_per_mtok: NonNegative
    """Prompt tokens read from the vendor's cache; equal to input where the vendor has none."""
    cache_write_usd_per_mtok: NonNegative
    """Prompt tokens written to the vendor's cache; equal to input where the vendor charges nothing more."""
    output_usd_per_mtok: NonNegative
    """Answer tokens, hidden reasoning included."""
    call_usd_per_request: NonNegative = 0.0
    """Flat fee of a request."""


class Factors(Input):
    """What a special tariff multiplies each meter by."""

    input_ratio: NonNegative
    """Factor on prompt tokens."""
    cached_ratio: NonNegative
    """Factor on cached prompt tokens, reads and writes."""
    output_ratio: NonNegative
    """Factor on answer tokens."""


class LongContext(Factors):
    """The dearer tariff of long prompts."""

    above_tok: NonNegative
    """Billed prompt tokens above which it applies."""
    tier_rule: Literal["whole_request", "marginal"]
    """whole_request bills all of a long request dearer; marginal only the tokens beyond the limit."""


class HourFactor(Input):
    """Hours of the week, in UTC, at which every meter is multiplied."""

    hours_utc: str
    """Hours from inclusive to exclusive with optional days, such as ``Mon-Fri 01-04,06-10``."""
    price_ratio: NonNegative
    """Factor on every meter in these hours."""


class VolumeDiscount(Input):
    """Spend above a sum is charged at a factor of list: marginal volume tiers."""

    above_usd_per_month: NonNegative
    """Monthly spend at list price above which it applies."""
    price_ratio: Positive
    """Factor on list price for spend beyond."""


class GpuRental(Input):
    """Rent of one GPU."""

    provider: str = ""
    """Vendor in price_sheets/gpu_rental; empty takes the middle offer of the sheet."""
    on_demand_usd_per_gpu_hour: Annotated[float, Field(ge=0, le=10_000)]
    """By the hour, no commitment."""
