"""What every way of serving is made of: its inputs, the context it is costed in, and the protocol of a plug-in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from tco.inputs.base import Frac, Input, NonNegative
from tco.inputs.finance import Finance
from tco.inputs.staffing import People, Staffing
from tco.inputs.workload import Service, Workload
from tco.model import people as people_model
from tco.model.finance import capital_recovery, escalation_ratio
from tco.model.ledger import Ledger
from tco.units import MONTHS_PER_YEAR, TOKENS_PER_MTOK, Array, Numeric

TokenRatio = Annotated[float, Field(gt=0, le=20)]


class OptionBase(Input):
    """What every option asks."""

    kind: str = ""
    """Way of serving."""
    label: str = ""
    """Short name for people."""
    model: str = ""
    """Open-weight model behind it, as in hw_profiles/models; empty when its weights are closed."""
    auto_added: bool = False
    """True when the option was added so that the comparison is fair."""
    cache_hit_frac: Frac
    """Share of prompt tokens actually served from a cache."""
    tokenizer_ratio: TokenRatio = 1.0
    """This model's tokens for the same text, over the reference tokenizer's."""
    verbosity_ratio: TokenRatio = 1.0
    """This model's visible answer length for the same task, over the reference."""
    reasoning_ratio: Annotated[float, Field(ge=0, le=100)] = 0.0
    """Hidden reasoning tokens per visible answer token."""
    people: People
    """The people it needs."""
    guardrail_usd_per_mtok: NonNegative = 0.0
    """A model that screens prompts and answers, for each million tokens it reads."""
    evaluation_usd_per_month: NonNegative = 0.0
    """Tokens and tools that check the answers week by week."""
    gateway_usd_per_month: NonNegative = 0.0
    """The door that routes, counts and limits requests."""
    other_usd_per_month: NonNegative = 0.0
    """Logs, storage, security and whatever else is paid by the month."""

    def input_tok(self, workload: Workload) -> Numeric:
        """Mean prompt tokens of a request as this model counts them. [tok]"""
        return workload.input_length.mean_tok * self.tokenizer_ratio

    def output_tok(self, workload: Workload) -> Numeric:
        """Mean answer tokens of a request as this model writes them, reasoning included. [tok]"""
        visible = workload.output_length.mean_tok * self.tokenizer_ratio * self.verbosity_ratio
        return visible * (1.0 + self.reasoning_ratio)


@dataclass(frozen=True)
class Shared:
    """What every option is costed with. Numbers may be arrays where a column is laid over them."""

    workload: Workload
    service: Service
    finance: Finance
    staffing: Staffing
    options: Mapping[str, OptionBase]
    baseline: str
    requests: Any
    """Requests a month, already worked out from a bill if one was given."""


@dataclass(frozen=True)
class Tail:
    """Beyond a volume, cost lies between ``slope·V + low`` and ``slope·V + high``; the slopes of the bounds may differ."""

    low_slope: float
    low: float
    high_slope: float
    high: float


@dataclass(frozen=True)
class WeekPlan:
    """What stands ready in each hour of the week at one volume, and what it draws. Arrays of shape (168,)."""

    busy_replicas: Array
    """Replicas that the hour's work would keep fully busy."""
    replicas: Array
    """Replicas that serve, spares in."""
    gpus: Array
    """GPUs paid for, those that hold no replica in."""
    base_gpus: float
    """GPUs of them that are kept all week: reserved, bought, or a fixed fleet's."""
    starts_per_week: float
    """Units started in a week."""
    burst_ratio: float
    """Peak minute over its hour, for what cannot wait."""
    kilowatts: Array | None
    """Draw of GPUs and servers before cooling; None where it is not known."""
    aside_kilowatts: float
    """Mean draw of what stands beside the week: spot GPUs, a second region, staging."""
    pue: float
    """Facility power over IT power."""
    carbon_kg_per_kwh: float
    """Carbon dioxide of a kilowatt-hour of the grid."""


@dataclass(frozen=True)
class OptionKind:
    """The protocol of a way of serving: what it asks, what it costs, where its cost curve bends, and how it goes on."""

    kind: str
    model: type[OptionBase]
    ledger: Callable[[str, Any, Shared], Ledger]
    kinks: Callable[[Any, Shared, float], Array]
    """Volumes up to a limit at which cost jumps or bends. [requests/month]"""
    tail: Callable[[Any, Shared, float], Tail]
    """Bounds on cost beyond a volume."""
    week: Callable[[Any, Shared], WeekPlan] | None = None
    """What stands ready by hour at one volume; None where nobody has to know, as with an API."""
    kin: str = ""
    """Family whose planning values hold where the kind has none of its own."""

    @property
    def sheets(self) -> list[str]:
        """Where its planning values stand in the sheet of defaults, the nearest first."""
        return [f"options.{name}." for name in (self.kind, self.kin) if name]


def hour_usd(staffing: Staffing) -> Numeric:
    """Cost of one working hour. [USD/h]"""
    return staffing.loaded_usd_per_fte_year / staffing.hours_per_fte_year


def people_lines(
    people: People, shared: Shared, replicas: Numeric, hands_fte: Numeric | None = None
) -> dict[str, Numeric]:
    """Running cost of people, by line, with those in a data centre where there is one. [USD/month]"""
    staffing = shared.staffing
    usd_per_hour = hour_usd(staffing)
    return {
        "people_run": people_model.run_usd_per_month(
            people.run_fte, people.scale_fte, replicas, staffing.loaded_usd_per_fte_year
        ),
        "people_oncall": people_model.oncall_usd_per_month(
            people.oncall_usd_per_week,
            people.oncall_rotations_count,
            people.incidents_per_month,
            people.hours_per_incident,
            usd_per_hour,
        ),
        "people_model_swaps": people_model.swaps_usd_per_month(
            people.swaps_per_year,
            people.hours_per_swap,
            people.learning_ratio,
            usd_per_hour,
            shared.finance.horizon_months,
        ),
        **(
            {}
            if hands_fte is None
            else {"people_hands": hands_fte * staffing.loaded_usd_per_fte_year / MONTHS_PER_YEAR}
        ),
    }


def build_lines(people: People, shared: Shared) -> dict[str, Numeric]:
    """What is paid once. [USD]"""
    rate = hour_usd(shared.staffing) if people.build_usd_per_hour is None else people.build_usd_per_hour
    return {"build": people_model.build_usd(people.build_hours, rate, people.contingency_frac)}


def rise_ratio(escalation_frac: Numeric, discount_frac: Numeric, months: Numeric) -> Numeric:
    """``escalation_ratio``, remembered for plain numbers: one answer asks for the same one a hundred times."""
    if any(isinstance(value, np.ndarray) for value in (escalation_frac, discount_frac, months)):
        return escalation_ratio(escalation_frac, discount_frac, months)
    return _remembered_rise(float(escalation_frac), float(discount_frac), float(months))


_remembered_rise = lru_cache(maxsize=64)(escalation_ratio)


def shared_lines(
    option: OptionBase, shared: Shared, replicas: Numeric, hands_fte: Numeric | None = None
) -> dict[str, Numeric]:
    """Running costs that every option has, whatever its volume: people, gateway, evaluation, other. [USD/month]"""
    people, finance = people_lines(option.people, shared, replicas, hands_fte), shared.finance
    rise = rise_ratio(finance.wage_escalation_frac, finance.discount_frac, finance.horizon_months) - 1.0
    return {
        **people,
        "wage_escalation": sum(people.values(), 0.0) * rise,
        "gateway": option.gateway_usd_per_month,
        "evaluation": option.evaluation_usd_per_month,
        "other": option.other_usd_per_month,
    }


def guardrail_usd_per_request(option: OptionBase, workload: Workload) -> Numeric:
    """Screening of one mean request. [USD/request]"""
    return (option.input_tok(workload) + option.output_tok(workload)) * option.guardrail_usd_per_mtok / TOKENS_PER_MTOK


def assemble(
    option_id: str,
    lines: Mapping[str, Numeric],
    option: OptionBase,
    shared: Shared,
    replicas: Numeric,
    facts: Mapping[str, Numeric],
    hands_fte: Numeric | None = None,
) -> Ledger:
    """An option's own lines, with those that every option has."""
    workload = shared.workload
    guardrail = shared.requests * guardrail_usd_per_request(option, workload)
    return Ledger(
        option=option_id,
        lines_usd={**lines, "guardrail": guardrail, **shared_lines(option, shared, replicas, hands_fte)},
        once_usd=build_lines(option.people, shared),
        once_share=capital_recovery(shared.finance.discount_frac, shared.finance.amortise_build_months),
        requests=shared.requests,
        tok=shared.requests * (workload.input_length.mean_tok + workload.output_length.mean_tok),
        facts=facts,
    )
