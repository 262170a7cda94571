"""Named service levels: how soon the first token and every next one must come, and for what share of requests."""

from typing import Annotated, Literal

from pydantic import Field

from tco.inputs.base import Input, Positive
from tco.inputs.hardware import PageSource
from tco.inputs.source import Fact, Source


class ServiceLevel(Input):
    """One service level: both limits hold at the percentile."""

    service_level: Literal[1]
    """Format version."""
    id: str
    """Name to choose it by."""
    label: str
    """Short name for people."""
    ttft_ms: Positive
    """Longest time to first token."""
    tpot_ms: Positive
    """Longest time per output token after the first."""
    slo_percentile: Annotated[float, Field(ge=50, le=99.9)]
    """Share of requests, in percent, that must stay inside both limits."""
    sources: tuple[PageSource, ...] = ()
    """Where it was read; none for a planning value."""
    note: str = ""
    """What to know before using it."""


def facts(level: ServiceLevel, where: str) -> list[Fact]:
    """The limits of a service level, as the fields of the service."""
    page = level.sources[0] if level.sources else None
    source = Source(
        where=where,
        grade="published" if page else "assumed",
        url=page.url if page else "",
        checked_on=page.checked_on if page else None,
        evidence="A" if page else "D",
        note="; ".join(part for part in (level.note, page.note if page else "") if part),
    )
    return [Fact(f"service.{name}", getattr(level, name), source) for name in ("ttft_ms", "tpot_ms", "slo_percentile")]
