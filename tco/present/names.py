"""The names a scenario may use, each with a few words: what ``tco list`` prints."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from tco.scenario import fields_told


def names_of(what: str, catalog: Any, on: date) -> Iterator[tuple[str, str]]:
    """
    Names of one kind with what they are.

    Parameters
    ----------
    what : str
        One of ``LISTS`` of the command line: ``scenarios``, ``apis``, ``models``, ``gpus`` … ``fields``.
    catalog : Catalog
        The sheets and profiles.
    on : date
        The day whose prices hold.
    """
    if what == "fields":
        yield from fields_told()
    elif what == "scenarios":
        yield from ((name, str(path)) for name, path in sorted(catalog.scenarios().items()))
    elif what == "apis":
        yield from (
            (s.sku, f"{s.label}, priced from {s.valid_from}, checked {s.checked_on}") for s in catalog.api_skus(on)
        )
    elif what == "models":
        for name, model in sorted(catalog.models().items()):
            yield name, f"{model.total_params_billions:g} billion parameters, {model.licence}"
    elif what == "gpus":
        yield from (
            (name, f"{gpu.memory_gb:g} GB, {gpu.memory_gb_per_s:g} GB/s")
            for name, gpu in sorted(catalog.gpus().items())
        )
    elif what == "profiles":
        for name, profile in sorted(catalog.profiles().items()):
            engine = f"{profile.engine.name} {profile.engine.version}"
            yield name, f"{profile.model} on {profile.gpus_per_replica} × {profile.gpu}, {engine}, {profile.grade}"
    elif what == "rents":
        for gpu in sorted(catalog.gpus()):
            for offer in catalog.rental_offers(gpu, on) if gpu in catalog.rented_gpus() else ():
                yield (
                    f"{gpu} {offer.provider}",
                    f"{offer.usd_per_gpu_hour:g} USD/GPU-h, {offer.term} {offer.region}".rstrip(),
                )
    elif what == "servers":
        for gpu in sorted(catalog.servable_gpus()):
            facts = {fact.path: fact.value for fact in catalog.server(gpu, "", on)}
            yield (
                facts["server.item"],
                f"{facts['server.server_usd']:,.0f} USD, {facts['server.server_gpus']:g} × {gpu}",
            )
    elif what == "regions":
        for region in catalog.regions(on):
            site = {fact.path.removeprefix("site."): fact.value for fact in catalog.site(region, on)}
            space = site["colocation_usd_per_kilowatt_month"]
            yield region, f"{site['electricity_usd_per_kwh']:.3g} USD/kWh, {space:g} USD/kW-month of space"
    elif what == "levels":
        for name, level in sorted(catalog.service_levels().items()):
            limits = f"{level.ttft_ms:,.0f} ms to the first token, {level.tpot_ms:,.0f} ms for each further one"
            yield name, f"{level.label}: {limits}, at p{level.slo_percentile:g}"
    elif what == "shapes":
        yield from ((name, shape.label) for name, shape in sorted(catalog.shapes().items()))
    else:
        yield from ((role, "") for role in catalog.roles(on))
