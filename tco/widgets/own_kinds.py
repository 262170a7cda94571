"""Rented or bought: an option as the other kind of it, with what it said when it was left."""

from collections.abc import Mapping
from typing import Any

from tco.inputs.base import Input, inner_model
from tco.options import option_kinds
from tco.scenario import Scenario
from tco.widgets.choices import Ids, Values
from tco.widgets.store import Store

RENT_PATHS = (
    "gpu.on_demand_usd_per_gpu_hour",
    "gpu.reserved_usd_per_gpu_hour",
    "gpu.spot_usd_per_gpu_hour",
    "gpu.instance_gpus",
)
SERVER_PATHS = ("server.server_usd", "server.server_gpus", "server.nameplate_kilowatts", "resale_usd_per_server")
WORK = tuple(f"capacity.work.{part}_s_per_tok" for part in ("prefill", "cached", "decode"))
LOOKED_UP = (
    "label", "gpu.provider", *RENT_PATHS, "server.item", *SERVER_PATHS, "rent_usd_per_gpu_hour", *WORK,
    "capacity.work.context_s_per_tok2", "power",
)  # fmt: skip
"""What follows from model and GPU, and is looked up anew when either changes."""
HARDWARE = ("model", "gpu_name", "capacity.gpus_per_replica")
_OF_HARDWARE = {path.split(".")[0] for path in LOOKED_UP} - {"capacity"}


def as_kind(option: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """
    An option of a scenario as another way of serving: what both have stays, what only the old one has goes.

    Examples
    --------
    >>> as_kind({"kind": "rented", "gpu_name": "H100-SXM", "fleet": "autoscaled", "people": {"run_fte": 1}}, "owned")
    {'kind': 'owned', 'gpu_name': 'H100-SXM', 'people': {'run_fte': 1}}
    """
    kept = _common(option, option_kinds()[kind].model)
    if kind != "rented" and kept.get("deferrable") == "on_spot":
        del kept["deferrable"]  # only rented GPUs can be interrupted
    kept.pop("label", None)  # it may say how the GPUs are paid for
    return {"kind": kind, **{key: value for key, value in kept.items() if key != "kind"}}


def _common(given: Mapping[str, Any], model: type[Input]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, value in given.items():
        field = model.model_fields.get(key)
        inside = inner_model(field.annotation) if field is not None else None
        if isinstance(value, Mapping) and inside is not None:
            kept[key] = _common(value, inside)
        elif field is not None:
            kept[key] = value
    return kept


def take_kind(kind: str, store: Store, ids: Ids) -> Values:
    """Another kind, with what it said of itself when it was left; what both kinds have stays as it is now."""
    option = f"options.{ids['own']}"
    given = store.scenario.get(option) or {}
    store.left[option, given.get("kind")] = given
    return {option: _with_its_own(as_kind(given, kind), store.left.get((option, kind), {}))}


def put_kind_back(store: Store, ids: Ids) -> Values:
    """The kind that was opened, with what it said of itself; what both kinds have stays as it is now."""
    option = f"options.{ids['own']}"
    was = store.base.get(option) or {}
    return {option: _with_its_own(as_kind(store.scenario.get(option) or {}, was["kind"]), was)}


def _with_its_own(now: Mapping[str, Any], was: Mapping[str, Any]) -> dict[str, Any]:
    """
    An option with what it said before; of prices and names only where it is still the same model on the same GPUs.

    Examples
    --------
    >>> was = {"gpu_name": "H100-SXM", "label": "ours", "fleet": "reserved", "gpu": {"provider": "aws"}}
    >>> _with_its_own({"gpu_name": "H100-SXM"}, was) == was
    True
    >>> _with_its_own({"gpu_name": "L40S"}, was)
    {'fleet': 'reserved', 'gpu_name': 'L40S'}
    """
    same = _hardware(now) == _hardware(was)
    kept = {key: value for key, value in was.items() if key not in now and (same or key not in _OF_HARDWARE)}
    return {**kept, **now}


def _hardware(option: Mapping[str, Any]) -> list[Any]:
    scenario = Scenario({"options": {"own": dict(option)}}, "")
    return [scenario.get(f"options.own.{path}") for path in HARDWARE]
