"""People: what one costs, and how many a way of serving needs."""

from typing import Annotated

from pydantic import Field

from tco.inputs.base import Input, NonNegative, Positive


class Staffing(Input):
    """What a person costs, the same for every option."""

    role: str = ""
    """Role in the people sheet whose cost is taken."""
    region: str = ""
    """Region in the people sheet, such as us or eu."""
    loaded_usd_per_fte_year: NonNegative
    """One full-time person for a year: salary plus everything on top."""
    hours_per_fte_year: Positive
    """Working hours of one person in a year."""


class People(Input):
    """The people one option needs: to build it, to run it, to be called at night, to change its model."""

    run_fte: NonNegative
    """Full-time people who keep it running, whatever its size."""
    scale_fte: NonNegative = 0.0
    """Further full-time people for each unit of ln(1 + replicas paid for)."""
    build_hours: NonNegative
    """Working hours to build, evaluate and launch it, once."""
    build_usd_per_hour: NonNegative | None = None
    """Cost of a build hour, if not the loaded yearly cost over the yearly hours (a contractor's rate)."""
    contingency_frac: Annotated[float, Field(ge=0, le=5)] = 0.0
    """Added to the build hours for what was not foreseen."""
    oncall_usd_per_week: NonNegative = 0.0
    """Stipend of one on-call rotation for a week."""
    oncall_rotations_count: NonNegative = 0.0
    """On-call rotations kept; 0 when nobody is on call."""
    incidents_per_month: NonNegative = 0.0
    """Incidents that call somebody."""
    hours_per_incident: NonNegative = 0.0
    """Working hours one incident takes."""
    swaps_per_year: NonNegative = 0.0
    """Changes of model a year: forced retirements on an API, better weights on your own GPUs."""
    hours_per_swap: NonNegative = 0.0
    """Working hours the first change of model takes: prompts, evaluation, rollout."""
    learning_ratio: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Hours of a change relative to the one half as many changes before: 0.8 is 20 % less for each doubling."""
