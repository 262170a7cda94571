"""What every way of serving is made of: its inputs, the context it is costed in, and the protocol of a plug-in."""

from dataclasses import dataclass
from typing import Any

from tco.inputs.base import Input, NonNegative
from tco.inputs.finance import Finance
from tco.inputs.source import Grade
from tco.inputs.staffing import People, Staffing
from tco.inputs.workload import Service, Workload


class OptionBase(Input):
    """What every option asks."""

    label: str = ""
    """Short name for people."""
    price_grade: Grade = "assumed"
    """Grade of the price that matters most; set when names are resolved."""
    auto_added: bool = False
    """True when the option was added so that the comparison is fair."""
    cache_hit_frac: NonNegative
    """Share of prompt tokens actually served from a cache."""
    tokenizer_ratio: NonNegative = 1.0
    """This model's tokens for the same text, over the reference tokenizer's."""
    verbosity_ratio: NonNegative = 1.0
    """This model's visible answer length for the same task, over the reference."""
    reasoning_ratio: NonNegative = 0.0
    """Hidden reasoning tokens per visible answer token."""
    people: People
    """The people it needs."""
    other_usd_per_month: NonNegative = 0.0
    """Logs, storage, security, gateway and whatever else is paid by the month."""


@dataclass(frozen=True)
class Shared:
    """What every option is costed with. Numbers may be arrays where a column is laid over them."""

    workload: Workload
    service: Service
    finance: Finance
    staffing: Staffing
    options: dict[str, Any]
    requests_per_month: Any
    """The volume, already worked out from a bill if one was given."""
