"""The rental sheets: what a GPU costs by the hour, from whom, on which terms, and in instances of how many."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from tco.catalog.dated import holding
from tco.catalog.fx import Rates
from tco.catalog.table import DatedRow, Entry, Plain, noted
from tco.errors import Fault, LookupFault, nearest
from tco.inputs.source import Fact, Source

KEY = ("provider", "gpu", "gpus_per_instance", "term", "region")
ON_DEMAND = "on_demand"

Term = Literal["on_demand", "reserved_1y", "reserved_3y", "spot"]
Kind = Literal["cloud", "neocloud", "serverless", "marketplace", "index"]


class RentalRow(DatedRow):
    """One offer of one provider."""

    provider: str
    """Who rents it out, in lower case."""
    kind: Kind = "neocloud"
    """cloud, neocloud (rents out GPUs above all), serverless, marketplace, or index, which is no offer."""
    gpu: str
    """GPU, as in hw_profiles/gpus."""
    gpus_per_instance: Annotated[int, Plain, Field(ge=1)]
    """GPUs that are rented together at least."""
    term: Term
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
    kind: Kind = "neocloud"


def offers(entries: Iterable[Entry[RentalRow]], gpu: str, on: date, rates: Rates) -> list[RentalOffer]:
    """Every offer of a GPU that holds on a day, cheapest first; what an index says stands among them."""
    rows = holding((entry for entry in entries if entry.row.gpu == gpu), on, KEY)
    return sorted(
        (_offer(entry, on, rates) for entry in rows), key=lambda offer: (offer.usd_per_gpu_hour, offer.provider)
    )


def _offer(entry: Entry[RentalRow], on: date, rates: Rates) -> RentalOffer:
    row = entry.row
    gpus = row.gpus_per_instance if row.per == "instance-hour" else 1
    usd, note = rates.in_usd(row.price / gpus, row.currency, on)
    return RentalOffer(
        row.provider, row.gpu, row.gpus_per_instance, row.term, row.region, usd, entry.source(note), row.kind
    )


def by_provider(found: Iterable[RentalOffer], term: str, gpus: float) -> dict[str, RentalOffer]:
    """
    The offer of each provider that suits a replica best on one term, cheapest provider first; an index has none.

    Parameters
    ----------
    found : Iterable[RentalOffer]
        Offers of one GPU, cheapest first.
    term : str
        ``on_demand``, ``reserved_1y``, ``reserved_3y`` or ``spot``.
    gpus : float
        GPUs one replica takes.
    """
    sizes: dict[str, list[RentalOffer]] = {}
    for offer in found:
        if offer.term == term and offer.kind != "index":
            sizes.setdefault(offer.provider, []).append(offer)
    best = [min(mine, key=lambda offer: _misfit(offer.gpus_per_instance, gpus)) for mine in sizes.values()]
    best.sort(key=lambda offer: (offer.usd_per_gpu_hour, offer.provider))
    return {offer.provider: offer for offer in best}


def _misfit(instance_gpus: int, gpus: float) -> tuple[bool, bool, float]:
    """Sorts instances: the smallest that holds the replica, then the largest that divides it, then the largest."""
    if instance_gpus >= gpus:
        return False, False, instance_gpus
    return True, bool(gpus % instance_gpus), -instance_gpus


def _exact(offer: RentalOffer, gpus: float) -> bool:
    """Whether instances make up a replica with no GPU left over."""
    return gpus % offer.gpus_per_instance == 0


def usual(choices: Iterable[RentalOffer], gpus: float) -> list[RentalOffer]:
    """
    The offers that stand for the market: of clouds, with no GPU left over; where there are none, the next best.

    A marketplace's price is that of a host of the moment, and may be gone when a fleet is ordered; a serverless one
    buys seconds, not machines.
    """
    found = list(choices)
    firm = [offer for offer in found if offer.kind in ("cloud", "neocloud")] or found
    return [offer for offer in firm if _exact(offer, gpus)] or firm


def facts(found: Sequence[RentalOffer], provider: str, term: str, gpus: float) -> list[Fact]:
    """
    The rent of one GPU: the provider's, or the lower middle of the usual ones; low and high are their ends.

    ``found`` holds an on-demand offer of the provider asked for, or of anybody when none is named.
    """
    choices = by_provider(found, ON_DEMAND, gpus)
    market = usual(choices.values(), gpus)
    taken = choices[provider] if provider else market[(len(market) - 1) // 2]
    price = taken.usd_per_gpu_hour
    low, high = min(price, market[0].usd_per_gpu_hour), max(price, market[-1].usd_per_gpu_hour)
    spread = f"{low:.2f} to {high:.2f} USD"
    note = f"{'one' if provider else 'middle'} of {len({*market, taken})} offers, {spread}"
    source = noted(taken.source, note)
    made = [Fact("gpu.on_demand_usd_per_gpu_hour", price, source, low, high)]
    made.append(Fact("gpu.provider", taken.provider, source))
    made.append(Fact("gpu.instance_gpus", float(taken.gpus_per_instance), source))
    for path, other in (("gpu.reserved_usd_per_gpu_hour", term), ("gpu.spot_usd_per_gpu_hour", "spot")):
        own = by_provider(found, other, gpus).get(taken.provider)
        if own is not None:
            made.append(Fact(path, own.usd_per_gpu_hour, noted(own.source, other)))
    return made


def refuse(entries: Sequence[Entry[RentalRow]], gpu: str, provider: str) -> None:
    """
    Stop when no row of a GPU offers it on demand from a provider (blank for anybody), whatever the day.

    Raises
    ------
    LookupFault
        Says whether the provider is unknown, sells on other terms only, or is an index.
    """
    rows = [entry.row for entry in entries]
    selling = {row.provider for row in rows if row.term == ON_DEMAND and row.kind != "index"}
    if provider in selling or (not provider and selling):
        return
    mine = [row for row in rows if provider in ("", row.provider)]
    mend = "type the on-demand price, " + (
        f"or name one of {', '.join(sorted(selling))}" if selling else "or add a row"
    )
    what = f"provider {provider}" if provider else f"rent of {gpu}"
    if provider and not mine:
        raise LookupFault(Fault(what, f"rents no {gpu} on demand", nearest(provider, selling)))
    if all(row.kind == "index" for row in mine):
        raise LookupFault(Fault(what, f"only an index of what {gpu} contracts go for, not an offer", mend))
    terms = ", ".join(sorted({row.term for row in mine if row.kind != "index"}))
    raise LookupFault(Fault(what, f"{gpu} is rented as {terms} only, not on demand", mend))
