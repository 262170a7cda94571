"""Buy tokens from a vendor: every meter at the price of its tier, batch, hour and contract. MODEL §2."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from tco.inputs.base import Frac, Positive
from tco.inputs.prices import ApiPrice, Factors, HourFactor, LongContext, VolumeDiscount
from tco.inputs.source import Grade
from tco.inputs.workload import Workload
from tco.model.hours import hour_ratios
from tco.model.ledger import Ledger
from tco.model.metering import discounted_usd, hour_factor, list_usd_for, long_prompt_shares, meter_usd, special_tariff
from tco.options.base import (
    OptionBase,
    OptionKind,
    Shared,
    Tail,
    assemble,
    guardrail_usd_per_request,
    shared_lines,
)
from tco.units import Array, Numeric


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
    if option.batch is not None:
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
    """What the vendor bills for these requests in a month, discounts in. [USD/month]"""
    list_usd = requests * request_usd(option, workload)
    return discounted_usd(list_usd, *_discounts(option)) if option.volume_discounts else list_usd


def requests_for_bill(option: ApiOption, workload: Workload, bill_usd: Numeric) -> Numeric:
    """Requests a month that come to a bill: the inverse of ``tokens_usd``. [requests/month]"""
    return list_usd_for(bill_usd, *_discounts(option)) / request_usd(option, workload)


def _discounts(option: ApiOption) -> tuple[list[float], list[float]]:
    tiers = option.volume_discounts
    return [t.above_usd_per_month for t in tiers], [t.price_ratio for t in tiers]


def discount_kinks(option: ApiOption, workload: Workload, share_frac: float = 1.0) -> Array:
    """Volumes at which a share of the requests spends its way into the next discount. [requests/month]"""
    if not option.volume_discounts:
        return np.array([])
    unit = float(np.max(request_usd(option, workload))) * share_frac
    return np.array([t.above_usd_per_month / unit for t in option.volume_discounts if unit > 0])


def _ledger(option_id: str, option: ApiOption, shared: Shared) -> Ledger:
    unit = request_lines(option, shared.workload)
    lines = {name: usd * shared.requests for name, usd in unit.items()}
    if option.volume_discounts:
        listed = sum(lines.values(), 0.0)
        lines["volume_discount"] = discounted_usd(listed, *_discounts(option)) - listed
    facts: Mapping[str, Numeric] = {
        "usd_per_list_request": sum(unit.values(), 0.0),
        "tokens_usd": sum(lines.values(), 0.0),
    }
    return assemble(option_id, lines, option, shared, 0.0, facts)


def _kinks(option: ApiOption, shared: Shared, max_requests: float) -> Array:
    found = discount_kinks(option, shared.workload)
    return found[found <= max_requests]


def bill_bounds(
    option: ApiOption, workload: Workload, beyond_requests: float, share_frac: float = 1.0
) -> tuple[float, float, float]:
    """
    Bounds on the bill for a share of the requests beyond a volume: (slope, low, high), ``slope·V`` plus low or high.

    The bill bends only at the discounts still to come and is a line beyond the last, so it is furthest from that line at
    the bends.
    """
    bends = discount_kinks(option, workload, share_frac)
    bends = np.concatenate([[beyond_requests], bends[bends > beyond_requests]])
    top = float(bends.max())
    ends = np.array([top, 2.0 * top + 1.0])
    slope = float(np.diff(np.asarray(tokens_usd(option, workload, ends * share_frac)))[0] / (ends[1] - ends[0]))
    levels = np.asarray(tokens_usd(option, workload, bends * share_frac)) - slope * bends
    return slope, float(levels.min()), float(levels.max())


def _tail(option: ApiOption, shared: Shared, beyond_requests: float) -> Tail:
    slope, low, high = bill_bounds(option, shared.workload, beyond_requests)
    slope += float(guardrail_usd_per_request(option, shared.workload))
    fixed = float(sum(shared_lines(option, shared, 0.0).values(), 0.0))
    return Tail(slope, low + fixed, slope, high + fixed)


OPTION = OptionKind("api", ApiOption, _ledger, _kinks, _tail)
