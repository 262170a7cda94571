"""What is asked of the model: how many requests, how long, when."""

from typing import Annotated

from pydantic import Field, model_validator

from tco.inputs.base import Frac, Input, NonNegative, Positive

Hours = Annotated[tuple[NonNegative, ...], Field(min_length=168, max_length=168)]


class Length(Input):
    """The length of prompts or of answers, lognormal by mean and spread."""

    mean_tok: Annotated[float, Field(ge=0, le=1e8)]
    """Mean tokens per request."""
    cv: Annotated[float, Field(ge=0, le=20)]
    """Spread of the lengths: standard deviation over mean; 0 when all are alike."""


class Workload(Input):
    """A month's demand, in requests; tokens follow from the lengths."""

    requests_per_month: Annotated[float, Field(ge=0, le=1e15)] | None = None
    """Requests in a month of 730 hours; empty when the bill is given instead."""
    bill_usd_per_month: Annotated[float, Field(ge=0, le=1e13)] | None = None
    """What the baseline API charges for tokens a month today; the requests are worked out from it."""
    input_length: Length
    """Prompt tokens per request, in the reference tokenizer."""
    output_length: Length
    """Visible answer tokens per request, in the reference tokenizer."""
    length_corr: Annotated[float, Field(ge=-1, le=1)] = 0.0
    """How far long prompts go with long answers: correlation of the two lengths."""
    cacheable_frac: Frac
    """Share of prompt tokens that repeat an earlier prefix, so that a cache could serve them."""
    batch_frac: Frac = 0.0
    """Share of requests that may wait up to a day, so that a batch tariff may serve them."""
    shape: str = ""
    """Name of the hour-of-week shape, such as conversation, coding or flat; not used when busy hours are given."""
    busy_hours: Annotated[float, Field(ge=1, le=167)] | None = None
    """Busy hours of the week, in place of a named shape: 45 for nine hours on five days."""
    busy_ratio: Annotated[float, Field(ge=1, le=168)] | None = None
    """Demand in a busy hour over the mean hour; the rest is spread over the quiet ones."""
    shape_hours: Hours
    """Demand in each hour of the week, from Monday 00:00, relative to the mean hour."""
    utc_offset_hours: Annotated[float, Field(ge=-12, le=14)] = 0.0
    """Hours that the shape's clock is ahead of UTC, where a vendor prices by the hour."""
    burst_ratio: Annotated[float, Field(ge=1, le=20)]
    """Peak minute over its hour's mean."""

    @model_validator(mode="after")
    def _check(self) -> "Workload":
        if (self.requests_per_month is None) == (self.bill_usd_per_month is None):
            raise ValueError("give either requests_per_month or bill_usd_per_month, not both and not neither")
        if self.input_length.mean_tok + self.output_length.mean_tok <= 0:
            raise ValueError("requests need tokens: input_length.mean_tok and output_length.mean_tok are both 0")
        if sum(self.shape_hours) <= 0:
            raise ValueError("shape_hours are all 0: at least one hour of the week needs demand")
        if (self.busy_hours is None) != (self.busy_ratio is None):
            raise ValueError("busy_hours and busy_ratio go together")
        if self.busy_hours is not None and self.busy_ratio is not None and self.busy_hours * self.busy_ratio > 168:
            raise ValueError("busy_hours times busy_ratio is over 168: the quiet hours would be negative")
        if 1 + self.length_corr * self.input_length.cv * self.output_length.cv <= 0:
            raise ValueError("length_corr is too negative for these spreads: no lognormal lengths have it")
        return self


class Service(Input):
    """The service asked for: both limits hold at the percentile."""

    level: str = ""
    """Name of a service level in hw_profiles/service_levels, such as chat, for the limits that are not given."""
    ttft_ms: Positive
    """Longest time to first token."""
    tpot_ms: Positive
    """Longest time per output token after the first."""
    slo_percentile: Annotated[float, Field(ge=50, le=99.9)]
    """Share of requests, in percent, that must stay inside both limits; 50 asks for medians only."""
