"""The shapes of a week: demand in each hour from Monday 00:00, relative to the mean hour."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from tco.inputs.base import Input
from tco.inputs.hardware import PageSource
from tco.inputs.source import Fact, Source
from tco.inputs.workload import Hours

MEAN_TOLERANCE = 1e-9


class Shape(Input):
    """One shape: 168 hours with mean 1, and how much the peak minute stands above its hour."""

    shape: Literal[1]
    """Format version."""
    id: str
    """Name to choose it by."""
    label: str
    """Short name for people."""
    burst_ratio: Annotated[float, Field(ge=1, le=20)]
    """Peak minute over its hour's mean, in the peak hour."""
    hours: Hours
    """Demand in each hour of the week, from Monday 00:00; the mean is 1."""
    licence: str
    """Licence of the data behind it."""
    sources: tuple[PageSource, ...]
    """Where it was read."""
    note: str = ""
    """What to know before using it."""

    @model_validator(mode="after")
    def _has_mean_one(self) -> "Shape":
        mean = sum(self.hours) / len(self.hours)
        if abs(mean - 1) > MEAN_TOLERANCE:
            raise ValueError(f"the mean of hours is {mean:.9g}: divide each by it, so that the mean is 1")
        return self


def facts(shape: Shape, where: str) -> list[Fact]:
    """The hours and the burst of a shape, as the workload's fields."""
    page = shape.sources[0] if shape.sources else None
    source = Source(
        where=where,
        grade="published" if page else "assumed",
        url=page.url if page else "",
        checked_on=page.checked_on if page else None,
        evidence="A" if page else "D",
        note="; ".join(part for part in (shape.note, page.note if page else "") if part),
    )
    return [
        Fact("workload.shape", shape.id, source),
        Fact("workload.shape_hours", shape.hours, source),
        Fact("workload.burst_ratio", shape.burst_ratio, source),
    ]
