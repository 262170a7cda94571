"""Every way of serving keeps the protocol: what it asks, what it costs, where it bends, how it goes on."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tco.case import Case
from tco.evaluate import shared_of
from tco.model.ledger import Ledger
from tco.options import option_kinds
from tco.options.base import OptionBase, OptionKind, Tail

KINDS = option_kinds()
EVERY_OPTION_HAS = {"people_run", "people_oncall", "people_model_swaps", "other"}


@pytest.fixture(scope="module")
def case(case_of: Callable[..., Case], every_kind: Mapping[str, Any]) -> Case:
    return case_of(every_kind)


@pytest.fixture(scope="module")
def every_kind(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The plain scenario with a bought server beside the rented one."""
    rented = plain["options"]["own"]
    kept = {key: rented[key] for key in ("capacity", "people", "cache_hit_frac") if key in rented}
    server = {"server_usd": 300_000, "server_gpus": 8, "nameplate_kilowatts": 10.2}
    power = {"idle_watts_per_gpu": 120, "busy_watts_per_gpu": 620, "host_watts_per_gpu": 200}
    bought = {**kept, "kind": "owned", "server": server, "power": power}
    return {**plain, "options": {**plain["options"], "bought": bought}}


def example(case: Case, kind: str) -> tuple[str, OptionBase]:
    return next((name, option) for name, option in case.numbers.options.items() if option.kind == kind)


def test_every_file_of_the_folder_is_a_way_of_serving(repository: Path) -> None:
    shared = {"__init__", "api_bill", "base", "provisioned", "self_hosted"}
    files = {path.stem for path in (repository / "tco/options").glob("*.py")} - shared
    options = {name: import_module(f"tco.options.{name}").OPTION for name in files}
    assert {option.kind for option in options.values()} == set(KINDS)
    assert set(KINDS) == {"api", "rented", "owned"}


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.kind)
def test_an_option_says_what_it_asks(kind: OptionKind) -> None:
    assert issubclass(kind.model, OptionBase)
    assert kind.model.model_fields["kind"].default == kind.kind
    assert (kind.model.__doc__ or "").strip()
    assert kind.model.model_config["frozen"]
    assert kind.model.model_config["extra"] == "forbid"
    assert all(
        callable(getattr(kind, field.name)) for field in fields(kind) if field.name in ("ledger", "kinks", "tail")
    )


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.kind)
def test_an_option_costs_a_number_or_a_column(case: Case, kind: OptionKind) -> None:
    name, option = example(case, kind.kind)
    one = kind.ledger(name, option, shared_of(case))
    assert isinstance(one, Ledger)
    assert one.option == name
    assert set(one.lines_usd) >= EVERY_OPTION_HAS
    assert set(one.once_usd) == {"build"}
    assert one.running_usd.shape == ()
    volumes = np.array([0.0, 1e5, 1e6, 3.3e6])
    many = kind.ledger(name, option, shared_of(case, {"workload.requests_per_month": volumes}))
    assert (many.running_usd + 0 * volumes).shape == volumes.shape
    assert (np.diff(many.running_usd) >= 0).all()
    assert float(many.running_usd[2]) == pytest.approx(float(one.running_usd))
    wide = shared_of(case, {"workload.requests_per_month": volumes[None, :], "workload.burst_ratio": np.ones((2, 1))})
    assert np.broadcast_shapes(kind.ledger(name, option, wide).running_usd.shape, (2, 4)) == (2, 4)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.kind)
def test_an_option_lists_its_kinks_and_bounds_its_tail(case: Case, kind: OptionKind) -> None:
    _, option = example(case, kind.kind)
    kinks = kind.kinks(option, shared_of(case), 1e7)
    assert isinstance(kinks, np.ndarray)
    assert kinks.ndim == 1
    assert ((kinks > 0) & (kinks <= 1e7)).all()
    tail = kind.tail(option, shared_of(case), 1e7)
    assert isinstance(tail, Tail)
    assert all(isinstance(getattr(tail, field.name), float) for field in fields(tail))
    assert tail.low_slope * 1e7 + tail.low <= tail.high_slope * 1e7 + tail.high + 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_an_option_is_known_to_the_scenario(
    case_of: Callable[..., Case], every_kind: Mapping[str, Any], kind: str
) -> None:
    name, option = example(case_of(every_kind), kind)
    assert type(option) is KINDS[kind].model
    assert case_of(every_kind, {f"options.{name}.label": "mine"}).numbers.options[name].label == "mine"
