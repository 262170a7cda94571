"""Every quantity's name ends in a unit that is known, in inputs, options, scenarios and sheets."""

from collections.abc import Iterator
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest

from tco.catalog.aliases import AliasRow
from tco.catalog.api_prices import ApiPriceRow
from tco.catalog.assumptions import AssumptionRow
from tco.catalog.contracts import ContractRow
from tco.catalog.fx import FxRow
from tco.catalog.people import PeopleRow
from tco.catalog.rentals import RentalRow
from tco.catalog.servers import ServerRow
from tco.catalog.service_levels import ServiceLevel
from tco.catalog.shapes import Shape
from tco.catalog.sites import CarbonRow, ColocationRow, ElectricityRow
from tco.inputs.base import Input
from tco.inputs.finance import Finance
from tco.inputs.hardware import Gpu, Model, ServingProfile
from tco.inputs.staffing import Staffing
from tco.inputs.workload import Service, Workload
from tco.options import option_kinds
from tco.units import UNITS, unit_of

MODELS: list[type[Input]] = [Workload, Service, Finance, Staffing, Gpu, Model, ServingProfile, ServiceLevel, Shape]
KINDS: list[type[Input]] = [kind.model for kind in option_kinds().values()]
ROWS: list[type[Any]] = [
    ApiPriceRow, AssumptionRow, CarbonRow, ColocationRow, ContractRow, ElectricityRow, FxRow, PeopleRow, RentalRow, ServerRow,
]  # fmt: skip

WITHOUT_A_UNIT = {
    "p50": "a latency in the unit of the field it belongs to",
    "p90": "the same",
    "p95": "the same",
    "p99": "the same",
    "tensor_parallel": "a switch of the engine, as its vendor names it",
    "request_rate": "as benchmark tools name it; arrivals a second",
}
"""Numbers whose names carry no unit, and why."""
CARRIED_BY_OTHERS = {
    "price": "its unit is in the columns per and currency",
    "amount": "the same",
    "min_input_tokens": "in tokens, as vendors print it",
    "gpus_per_instance": "GPUs, a count",
    "gpus_per_server": "the same",
    "low": "in the unit of path, of per and currency, or of the column beside it",
    "base": "the same",
    "high": "the same",
}
"""Columns whose unit stands in another column or in the name itself; the sheets are the one place where it may."""


def is_number(annotation: Any) -> bool:
    if get_origin(annotation) is Annotated or get_origin(annotation) in (Union, UnionType):
        return any(is_number(argument) for argument in get_args(annotation))
    if get_origin(annotation) is tuple:
        return any(is_number(argument) for argument in get_args(annotation))
    return annotation in (int, float)


def models_in(annotation: Any) -> Iterator[type[Input]]:
    if isinstance(annotation, type) and issubclass(annotation, Input):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def numbers(model: type[Any]) -> Iterator[str]:
    """The names of a model's numeric fields, those of its groups included."""
    for name, info in model.model_fields.items():
        if is_number(info.annotation):
            yield name
        for inside in models_in(info.annotation):
            yield from numbers(inside)


@pytest.mark.parametrize("model", [*MODELS, *KINDS], ids=lambda model: model.__name__)
def test_a_field_ends_with_a_unit_or_says_why_not(model: type[Input]) -> None:
    found = list(numbers(model))
    assert found
    assert [name for name in found if unit_of(name) is None and name not in WITHOUT_A_UNIT] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.__name__)
def test_a_column_ends_with_a_unit_or_says_where_it_stands(row: type[Any]) -> None:
    found = list(numbers(row))
    assert found
    assert [name for name in found if unit_of(name) is None and name not in CARRIED_BY_OTHERS] == []


def test_exceptions_are_all_needed() -> None:
    fields = {name for model in [*MODELS, *KINDS] for name in numbers(model)}
    columns = {name for row in ROWS for name in numbers(row)}
    assert set(WITHOUT_A_UNIT) <= fields
    assert set(CARRIED_BY_OTHERS) <= columns
    assert not [name for name in (WITHOUT_A_UNIT | CARRIED_BY_OTHERS) if unit_of(name) is not None]


def test_every_header_of_every_sheet_is_known(repository: Path) -> None:
    columns = {name for row in [*ROWS, AliasRow] for name in row.model_fields}  # an alias is words alone
    for path in sorted((repository / "price_sheets").rglob("*.csv")):
        header = path.read_text(encoding="utf-8-sig").splitlines()[0].split(",")
        assert set(header) <= columns, path


def test_the_assumptions_sheet_names_quantities_with_units(repository: Path) -> None:
    lines = (repository / "price_sheets/assumptions/defaults.csv").read_text(encoding="utf-8").splitlines()[1:]
    words = {
        "workload.shape", "staffing.role", "staffing.region", "options.self_hosted.deferrable", "options.rented.fleet",
        "options.rented.region", "options.owned.site.region", "options.owned.site.power_billing",
    }  # fmt: skip
    for path in {line.split(",")[0] for line in lines} - words:
        assert unit_of(path) is not None, path


def test_units_say_what_they_are() -> None:
    assert all(unit.meaning and unit.meaning[-1] != "." for unit in UNITS.values())
    assert all(unit_of(f"anything_{word}") is not None for word in UNITS)
    assert unit_of("options.own.gpu.on_demand_usd_per_gpu_hour") is UNITS["usd_per_gpu_hour"]
    assert unit_of("gpus_per_server_gpus") is UNITS["gpus"]
    assert unit_of("frac") is UNITS["frac"]
    assert unit_of("") is None


def test_every_field_has_words_of_help() -> None:
    for model in [*MODELS, *KINDS]:
        for name, info in model.model_fields.items():
            assert info.description, f"{model.__name__}.{name}"
            assert info.description[-1] in ".", f"{model.__name__}.{name}"
