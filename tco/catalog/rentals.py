"""The rental sheets: what a GPU costs by the hour, from whom."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from tco.catalog.dated import holding
from tco.catalog.fx import Rates
from tco.catalog.table import DatedRow, Entry, Plain, noted
from tco.inputs.source import Fact, Source

KEY = ("provider", "gpu", "gpus_per_instance", "term", "region")
PATH = "gpu.on_demand_usd_per_gpu_hour"


class RentalRow(DatedRow):
    """One offer of one provider."""

    provider: str
    """Who rents it out, in lower case."""
    gpu: str
    """GPU, as in hw_profiles/gpus."""
    gpus_per_instance: Annotated[int, Plain, Field(ge=1)]
    """GPUs that are rented together at least."""
    term: Literal["on_demand", "reserved_1y", "reserved_3y", "spot"]
    """Commitment."""
    region: str = ""
    """Where; blank when the price is the same everywhere."""
    price: Annotated[float, Plain, Field(ge=0)]
    """Price of one unit of ``per``."""
    per: Literal["GPU-hour", "instance-hour"]
    """One GPU or the whole instance, for an hour."""


@dataclass(frozen=True)
class RentalOffer:
    """What one provider asks on a day for one GPU and hour, in USD."""

    provider: str
    gpu: str
    gpus_per_instance: int
    term: str
    region: str
    usd_per_gpu_hour: float
    source: Source


def offers(entries: Iterable[Entry[RentalRow]], gpu: str, on: date, rates: Rates) -> list[RentalOffer]:
    """Every offer of a GPU that holds on a day, cheapest first."""
    rows = holding((entry for entry in entries if entry.row.gpu == gpu), on, KEY)
    return sorted(
        (_offer(entry, on, rates) for entry in rows), key=lambda offer: (offer.usd_per_gpu_hour, offer.provider)
    )


def _offer(entry: Entry[RentalRow], on: date, rates: Rates) -> RentalOffer:
    row = entry.row
    gpus = row.gpus_per_instance if row.per == "instance-hour" else 1
    usd, note = rates.in_usd(row.price / gpus, row.currency, on)
    return RentalOffer(row.provider, row.gpu, row.gpus_per_instance, row.term, row.region, usd, entry.source(note))


def on_demand(found: Sequence[RentalOffer]) -> list[RentalOffer]:
    """The cheapest on-demand offer of each provider, cheapest first."""
    best: dict[str, RentalOffer] = {}
    for offer in found:
        if offer.term == "on_demand":
            best.setdefault(offer.provider, offer)
    return list(best.values())


def facts(choices: Sequence[RentalOffer], provider: str) -> list[Fact]:
    """
    The rent of one GPU: the provider's, or the lower middle of all; ``low`` is the cheapest, ``high`` the dearest.

    ``choices`` is one offer a provider, cheapest first, and holds the provider asked for.
    """
    low, high = choices[0].usd_per_gpu_hour, choices[-1].usd_per_gpu_hour
    taken = next((offer for offer in choices if offer.provider == provider), choices[(len(choices) - 1) // 2])
    spread = f"{low:.2f} to {high:.2f} USD"
    note = f"one of {len(choices)} offers, {spread}" if provider else f"middle of {len(choices)} offers, {spread}"
    source = noted(taken.source, note)
    return [Fact(PATH, taken.usd_per_gpu_hour, source, low, high), Fact("gpu.provider", taken.provider, source)]
