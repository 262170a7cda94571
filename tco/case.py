"""The Case: a scenario with every name turned into numbers, and where each came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from pydantic import Field

from tco.inputs.base import Input
from tco.inputs.finance import Finance
from tco.inputs.source import Source
from tco.inputs.staffing import Staffing
from tco.inputs.workload import Service, Workload
from tco.options.api import ApiOption
from tco.options.rented import RentedOption

Option = Annotated[ApiOption | RentedOption, Field(discriminator="kind")]


class CaseNumbers(Input):
    """One number per field, everything validated."""

    name: str = ""
    """What the scenario is called."""
    as_of: date
    """The day whose prices hold."""
    workload: Workload
    """What is asked of the model."""
    service: Service
    """The service asked for."""
    finance: Finance
    """Money over time."""
    staffing: Staffing
    """What a person costs."""
    options: dict[str, Option]
    """Ways to serve, by id."""
    baseline: str
    """Option to beat."""
    challenger: str
    """Option that might beat it."""
    parity_evidence: str = ""
    """Where it is shown that the open model's answers are good enough: an evaluation's name or link."""


@dataclass(frozen=True)
class Case:
    """Numbers and sources. ``sources`` maps a field's dotted path to its origin; ``notes`` are facts for warnings."""

    numbers: CaseNumbers
    sources: Mapping[str, Source]
    scenario_hash: str
    today: date
    notes: Mapping[str, str]
