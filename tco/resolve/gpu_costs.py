"""What GPUs cost: rent for rented ones; server, site and draw for bought ones."""

from collections.abc import Callable, Iterable
from typing import Any

from tco.errors import LookupFault
from tco.inputs.source import Fact
from tco.resolve.draft import Draft
from tco.serving.operating import power_facts

POWER = ("idle_watts_per_gpu", "busy_board_ratio", "host_watts_per_gpu")


def gpu_costs(draft: Draft, name: str, prefix: str) -> None:
    """Fill what an option's GPUs cost, and what they draw."""
    if draft.tree["options"][name]["kind"] == "owned":
        _server(draft, prefix)
        _site(draft, prefix)
        _rent_beside(draft, prefix)
    else:
        _rent(draft, prefix)
        _grid(draft, prefix)
    _power(draft, prefix)


def _rent(draft: Draft, prefix: str) -> None:
    """Rent of the provider named, or the middle one; a price that was typed stays, with the terms that go with it."""
    gpu_name, provider = draft.get(f"{prefix}gpu_name"), draft.get(f"{prefix}gpu.provider") or ""
    if not gpu_name or draft.get(f"{prefix}gpu.on_demand_usd_per_gpu_hour") is not None:
        return
    named = f"{prefix}gpu.provider" if provider else f"{prefix}gpu_name"
    term: Any = draft.get(f"{prefix}reserved_term") or "reserved_1y"
    gpus = float(draft.get(f"{prefix}capacity.gpus_per_replica") or 1.0)
    _look_up_once(draft, named, prefix, lambda: draft.catalog.rental(gpu_name, provider, draft.on, term, gpus))


def _grid(draft: Draft, prefix: str) -> None:
    region, path = draft.get(f"{prefix}region"), f"{prefix}carbon_kg_per_kwh"
    if not region or not draft.get(f"{prefix}gpu_name") or draft.get(path) is not None:
        return
    wanted = "site.carbon_kg_per_kwh"

    def carbon() -> list[Fact]:
        facts = draft.catalog.site(region, draft.on)
        return [
            Fact("carbon_kg_per_kwh", fact.value, fact.source, fact.low, fact.high)
            for fact in facts
            if fact.path == wanted
        ]

    _look_up_once(draft, f"{prefix}region", prefix, carbon)


def _server(draft: Draft, prefix: str) -> None:
    gpu_name, item = draft.get(f"{prefix}gpu_name"), draft.get(f"{prefix}server.item") or ""
    needed = ("server_usd", "server_gpus", "nameplate_kilowatts")
    if not gpu_name or all(draft.get(f"{prefix}server.{name}") is not None for name in needed):
        return
    named = f"{prefix}server.item" if item else f"{prefix}gpu_name"
    _look_up_once(draft, named, prefix, lambda: draft.catalog.server(gpu_name, item, draft.on))


def _site(draft: Draft, prefix: str) -> None:
    region, billing = draft.get(f"{prefix}site.region"), draft.get(f"{prefix}site.power_billing")
    needed = ("colocation_usd_per_kilowatt_month", "electricity_usd_per_kwh", "carbon_kg_per_kwh")
    if region and not all(draft.get(f"{prefix}site.{name}") is not None for name in needed):
        facts = draft.catalog.site
        _look_up_once(draft, f"{prefix}site.region", prefix, lambda: facts(region, draft.on, billing or "metered"))


def _rent_beside(draft: Draft, prefix: str) -> None:
    """The rent of the same GPU, to show beside; a GPU that nobody rents out is no fault."""
    gpu_name, path = draft.get(f"{prefix}gpu_name"), f"{prefix}rent_usd_per_gpu_hour"
    if not gpu_name or draft.get(path) is not None:
        return
    try:
        gpus = float(draft.get(f"{prefix}capacity.gpus_per_replica") or 1.0)
        found = draft.catalog.rental(gpu_name, "", draft.on, gpus=gpus)
    except LookupFault:
        return
    rent = next(fact for fact in found if fact.path == "gpu.on_demand_usd_per_gpu_hour")
    draft.fill(prefix, [Fact("rent_usd_per_gpu_hour", rent.value, rent.source, rent.low, rent.high)])


def _power(draft: Draft, prefix: str) -> None:
    planned = {name: fact for name in POWER if (fact := draft.catalog.default(f"power.{name}")) is not None}
    gpu = draft.catalog.gpus().get(draft.get(f"{prefix}gpu_name") or "")
    if gpu is None or len(planned) < len(POWER):
        return
    profile = draft.catalog.profiles().get(draft.get(f"{prefix}profile") or "")
    typed = any(draft.get(f"{prefix}power.{name}") is not None for name in ("busy_watts_per_gpu", "points"))
    facts = power_facts(None if typed else profile, gpu, draft.sections["service"], planned)
    draft.fill(prefix, facts)


def _look_up_once(draft: Draft, named: str, prefix: str, facts: Callable[[], Iterable[Fact]]) -> None:
    """Look up, unless the name is faulty already: one mistake is told once."""
    if not any(fault.where == named for fault in draft.faults):
        draft.look_up(named, prefix, facts)
