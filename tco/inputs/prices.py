"""What a vendor charges: API meters with their batch, long-context and hourly factors, and what a GPU costs rented or bought."""

from typing import Annotated, Literal

from pydantic import Field

from tco.inputs.base import Frac, Input, NonNegative, Positive


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


class Commitment(Input):
    """What a contract with a vendor asks to be spent, whether it is used or not."""

    commitment_usd_per_year: NonNegative = 0.0
    """Spend committed for a year; what is not spent is charged all the same."""
    true_up: Literal["monthly", "annual"] = "annual"
    """When what was not spent is charged: each month for itself, or at the end of the year."""
    minimum_usd_per_month: NonNegative = 0.0
    """Least bill of a month."""


class Provisioned(Input):
    """Throughput rented from the vendor by the unit, used or not."""

    unit_usd_per_month: NonNegative
    """Price of one unit, around the clock."""
    unit_tok_per_minute: Positive
    """Weighted tokens a minute that one unit serves; a fresh prompt token weighs 1."""
    cached_ratio: NonNegative
    """Weight of a cached prompt token."""
    output_ratio: NonNegative
    """Weight of an answer token."""
    bought_units: NonNegative | None = None
    """Units bought; empty buys as many as the peak minute takes."""
    min_units: NonNegative = 0.0
    """Fewest units sold."""
    step_units: Positive = 1.0
    """Units are sold in multiples of this."""
    excess: Literal["pay_as_you_go", "refused"] = "pay_as_you_go"
    """What happens to requests beyond the units bought."""


class GpuRental(Input):
    """Rent of one GPU, and what an instance of it is like."""

    provider: str = ""
    """Vendor in price_sheets/gpu_rental; empty takes the middle offer of the sheet."""
    on_demand_usd_per_gpu_hour: Annotated[float, Field(ge=0, le=10_000)]
    """By the hour, no commitment."""
    reserved_usd_per_gpu_hour: Annotated[float, Field(ge=0, le=10_000)] | None = None
    """By the hour for a whole term; empty where no price is published, then the discount is taken."""
    reserved_discount_frac: Frac = 0.0
    """Discount on the on-demand price for a reserved GPU, where no reserved price is given."""
    spot_usd_per_gpu_hour: Annotated[float, Field(ge=0, le=10_000)] | None = None
    """By the hour, interruptible; empty where no price is published, then the discount is taken."""
    spot_discount_frac: Frac = 0.0
    """Discount on the on-demand price for an interruptible GPU, where no spot price is given."""
    price_ratio: Positive = 1.0
    """What you pay over these prices: 0.9 for a contract 10 % below."""
    instance_gpus: Annotated[float, Field(ge=0, le=4096)] = 0.0
    """GPUs that are rented together; 0 rents as many as a replica takes."""


class ServerPrice(Input):
    """What a server costs to buy, and what it draws."""

    item: str = ""
    """Server in price_sheets/hardware; empty takes the one for the GPU."""
    server_usd: NonNegative
    """Price of one server with its GPUs, before network, storage and installation."""
    server_gpus: Annotated[float, Field(ge=1, le=4096)]
    """GPUs in one server."""
    nameplate_kilowatts: Positive
    """Power that the maker says one server may draw."""


class Site(Input):
    """Where bought servers stand: space, electricity, cooling."""

    region: str = ""
    """Region in price_sheets/colocation and price_sheets/electricity."""
    power_billing: Literal["metered", "all_in"]
    """metered pays electricity beside the space; all_in has it in the price of the space."""
    colocation_usd_per_kilowatt_month: NonNegative
    """Space for one contracted kilowatt; 0 in your own room."""
    contracted_ratio: Annotated[float, Field(gt=0, le=2)]
    """Kilowatts contracted over those on the nameplate."""
    electricity_usd_per_kwh: NonNegative
    """Energy tariff."""
    demand_usd_per_kilowatt_month: NonNegative = 0.0
    """Tariff on the month's highest draw."""
    pue: Annotated[float, Field(ge=1, le=5)]
    """Facility power over IT power."""
    carbon_kg_per_kwh: NonNegative
    """Carbon dioxide of one kilowatt-hour of the grid."""
