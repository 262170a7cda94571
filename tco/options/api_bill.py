"""What a vendor bills for a month: every meter at the price of its tier, batch, hour and contract, what is committed. MODEL §2."""

from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from tco.inputs.base import Frac, Positive
from tco.inputs.prices import ApiPrice, Commitment, Factors, HourFactor, LongContext, Provisioned, VolumeDiscount
from tco.inputs.source import Grade
from tco.inputs.workload import Workload
from tco.model.hours import hour_ratios
from tco.model.metering import (
    discounted_usd,
    hour_factor,
    list_usd_for,
    long_prompt_shares,
    meter_usd,
    shortfall_usd,
    special_tariff,
)
from tco.options.base import (
    OptionBase,
)
from tco.options.provisioned import (
    excess_requests,
    units_paid,
)
from tco.units import MONTHS_PER_YEAR, Array, Numeric


class ApiOption(OptionBase):
    """Buy tokens from a vendor."""

    kind: Literal["api"] = "api"
    """Way of serving."""
    sku: str = ""
    """Vendor and model of price_sheets/api, such as openai/gpt-5.4."""
    price: ApiPrice
    """Standard list price."""
    price_grade: Grade = "assumed"
    """Grade of the price; set when the SKU is looked up."""
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
    contract: Commitment = Commitment()
    """What a contract asks to be spent."""
    provisioned: Provisioned | None = None
    """Throughput rented by the unit; empty where tokens are paid as they go."""
    region_ratio: Annotated[float, Field(ge=1, le=3)] = 1.0
    """Uplift for data residency."""
    cache_write_frac: Frac = 0.0
    """Share of prompt tokens billed as written to the cache."""
    ttft_ms: Positive | None = None
    """Time to first token that you measured of it; empty when you have not."""
    tpot_ms: Positive | None = None
    """Time per output token that you measured of it; empty when you have not."""
    batch_used_frac: Frac = 1.0
    """Share of the requests that may wait which are really sent by the batch tariff."""

    @model_validator(mode="after")
    def _check(self) -> "ApiOption":
        if self.cache_hit_frac + self.cache_write_frac > 1 + 1e-12:
            raise ValueError("cache_hit_frac and cache_write_frac are shares of the same prompt: together at most 1")
        units = self.provisioned
        if units is not None and units.cached_ratio == 0 and units.output_ratio == 0:
            raise ValueError("provisioned: cached_ratio and output_ratio are both 0: say what such tokens weigh")
        hour_ratios([(hour.hours_utc, hour.price_ratio) for hour in self.hours])  # says so when it cannot be read
        return self


def request_lines(option: ApiOption, workload: Workload) -> dict[str, Numeric]:
    """List price of one mean request by meter, all tariffs in, before volume discounts. [USD/request]"""
    input_tok, output_tok, price = option.input_tok(workload), option.output_tok(workload), option.price
    fresh_frac = 1.0 - option.cache_hit_frac - option.cache_write_frac
    input_factor, cached_factor, output_factor = _tariff_factors(option, workload)
    every = option.price_ratio * option.region_ratio * _hour_factor(option, workload)
    cached = cached_factor * every
    return {
        "input": meter_usd(input_tok * fresh_frac, price.input_usd_per_mtok) * input_factor * every,
        "cache_read": meter_usd(input_tok * option.cache_hit_frac, price.cache_read_usd_per_mtok) * cached,
        "cache_write": meter_usd(input_tok * option.cache_write_frac, price.cache_write_usd_per_mtok) * cached,
        "output": meter_usd(output_tok, price.output_usd_per_mtok) * output_factor * every,
        "calls": price.call_usd_per_request * every,
    }


def request_usd(option: ApiOption, workload: Workload) -> Numeric:
    """
    List price of one mean request, before volume discounts. [USD/request]

    MODEL §2.2; G01 gives 0.007711875 for 1,500 in (35 % cached), 400 out, 20 % batch at 2.50/0.25/15.00.
    """
    return sum(request_lines(option, workload).values(), 0.0)


def _tariff_factors(option: ApiOption, workload: Workload) -> tuple[Numeric, Numeric, Numeric]:
    factors: list[Numeric] = [1.0, 1.0, 1.0]
    if option.long_context is not None:
        tier = option.long_context
        prompt, answer = _long_prompt_shares(
            tier.tier_rule,
            tier.above_tok,
            option.input_tok(workload),
            workload.input_length.cv,
            workload.output_length.cv,
            workload.length_corr,
        )
        for j, (share, ratio) in enumerate(
            [(prompt, tier.input_ratio), (prompt, tier.cached_ratio), (answer, tier.output_ratio)]
        ):
            factors[j] = factors[j] * special_tariff(share, ratio)
    if option.batch is not None and option.provisioned is None:
        share = workload.batch_frac * option.batch_used_frac
        for j, ratio in enumerate([option.batch.input_ratio, option.batch.cached_ratio, option.batch.output_ratio]):
            factors[j] = factors[j] * special_tariff(share, ratio)
    return factors[0], factors[1], factors[2]


def _long_prompt_shares(rule: str, *lengths: Numeric) -> tuple[Numeric, Numeric]:
    """``long_prompt_shares``, remembered for plain numbers: one answer asks for the same shares a hundred times."""
    if any(isinstance(length, np.ndarray) for length in lengths):
        return long_prompt_shares(rule, *lengths)
    return _remembered_shares(rule, *map(float, lengths))


_remembered_shares = lru_cache(maxsize=512)(long_prompt_shares)


def _hour_factor(option: ApiOption, workload: Workload) -> float:
    if not option.hours:
        return 1.0
    ratios = hour_ratios([(h.hours_utc, h.price_ratio) for h in option.hours])
    return hour_factor(workload.shape_hours, ratios, workload.utc_offset_hours)


def tokens_usd(option: ApiOption, workload: Workload, requests: Numeric) -> Numeric:
    """What these requests cost by the token, discounts in, whatever is committed or provisioned. [USD/month]"""
    list_usd = requests * request_usd(option, workload)
    return discounted_usd(list_usd, *_discounts(option)) if option.volume_discounts else list_usd


def requests_for_bill(option: ApiOption, workload: Workload, bill_usd: Numeric) -> Numeric:
    """
    Requests a month that come to a bill: the inverse of ``tokens_usd``. [requests/month]

    A bill of what is committed comes to the most that it pays for. Below that no volume has such a bill, and with
    provisioned units some bills have no volume: whoever asks looks first (``committed_usd``).
    """
    return list_usd_for(np.maximum(bill_usd, committed_usd(option)), *_discounts(option)) / request_usd(
        option, workload
    )


def committed_usd(option: ApiOption) -> Numeric:
    """Least bill of a month, all months being alike. [USD/month]"""
    contract = option.contract
    least: Array = np.maximum(contract.minimum_usd_per_month, contract.commitment_usd_per_year / MONTHS_PER_YEAR)
    return least


def _discounts(option: ApiOption) -> tuple[list[float], list[float]]:
    tiers = option.volume_discounts
    return [t.above_usd_per_month for t in tiers], [t.price_ratio for t in tiers]


def discount_kinks(option: ApiOption, workload: Workload, share_frac: float = 1.0) -> Array:
    """Volumes at which a share of the requests spends its way into the next discount. [requests/month]"""
    if not option.volume_discounts:
        return np.array([])
    unit = float(np.max(request_usd(option, workload))) * share_frac
    return np.array([t.above_usd_per_month / unit for t in option.volume_discounts if unit > 0])


def _metered(option: ApiOption, workload: Workload, requests: Numeric) -> Numeric:
    """Requests paid by the token: all of them, or what spills over provisioned units. [requests/month]"""
    units = option.provisioned
    if units is None:
        return requests
    excess = excess_requests(units, option, workload, requests)
    return excess if units.excess == "pay_as_you_go" else 0.0 * excess


def used_lines(option: ApiOption, workload: Workload, requests: Numeric) -> dict[str, Numeric]:
    """What is charged for the month's use, by meter: tokens and units, discounts in. [USD/month]"""
    metered = _metered(option, workload, requests)
    lines = {name: usd * metered for name, usd in request_lines(option, workload).items()}
    if option.volume_discounts:
        listed = sum(lines.values(), 0.0)
        lines["volume_discount"] = discounted_usd(listed, *_discounts(option)) - listed
    if option.provisioned is not None:
        units = units_paid(option.provisioned, option, workload, requests)
        lines["provisioned"] = units * option.provisioned.unit_usd_per_month
    return lines


def bill_lines(option: ApiOption, workload: Workload, requests: Numeric) -> dict[str, Numeric]:
    """
    The vendor's bill of a month by line, what is committed and not used in. [USD/month]

    The minimum of the month is billed first and counts towards the year's commitment.
    """
    lines, contract = used_lines(option, workload, requests), option.contract
    used = sum(lines.values(), 0.0)
    if np.any(np.asarray(contract.minimum_usd_per_month)):
        lines["minimum"] = shortfall_usd(used, contract.minimum_usd_per_month)
        used = used + lines["minimum"]
    if np.any(np.asarray(contract.commitment_usd_per_year)):
        lines["shortfall"] = shortfall_usd(used, contract.commitment_usd_per_year / MONTHS_PER_YEAR)
    return lines
