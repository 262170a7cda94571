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
        ``scenarios``, ``apis``, ``models``, ``gpus``, ``profiles``, ``rents``, ``shapes``, ``roles`` or ``fields``.
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
    elif what == "shapes":
        yield from ((name, shape.label) for name, shape in sorted(catalog.shapes().items()))
    else:
        yield from ((role, "") for role in catalog.roles(on))
