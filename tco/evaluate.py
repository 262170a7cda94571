"""
Case, with columns of numbers laid over it, to one Ledger per option; the only place that runs the model.

``evaluate(case, {"workload.requests_per_month": volumes})`` is the point estimate, the sweep and the break-even at once:
the arithmetic below cannot tell a number from an array.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from tco.case import Case, CaseNumbers
from tco.errors import Fault, LookupFault, ScenarioError, nearest
from tco.inputs.base import Input, faults_in
from tco.model.ledger import Ledger
from tco.options import option_kinds
from tco.options.api import ApiOption, committed_usd, request_usd, requests_for_bill
from tco.options.base import Shared, Tail, WeekPlan
from tco.units import Array, Numeric

VOLUME = "workload.requests_per_month"
BILL = "workload.bill_usd_per_month"
FIRST_REACH = 10_000.0
"""Requests a month up to which steps are counted first."""
ENOUGH_PIECES = 64
"""Pieces from which the density of all others is told: steps of a fleet are equally wide."""


def evaluate(
    case: Case, columns: Mapping[str, Numeric] | None = None, only: Collection[str] | None = None
) -> dict[str, Ledger]:
    """
    Each option's ledger, every named field replaced by a column.

    Parameters
    ----------
    case : Case
        One number per field.
    columns : Mapping[str, Numeric], optional
        Dotted path of a field to a number or an array; arrays broadcast against each other.
    only : Collection[str], optional
        Options to cost; all of them unless said.

    Raises
    ------
    LookupFault
        When no field has such a path; the nearest are named.
    ScenarioError
        When a column's lowest or highest value is outside the field's own bounds.
    """
    shared = shared_of(case, columns)
    kinds = option_kinds()
    return {
        name: kinds[option.kind].ledger(name, option, shared)
        for name, option in shared.options.items()
        if only is None or name in only
    }


def with_volume(case: Case) -> Case:
    """The same case with its requests worked out once, if it was given a bill."""
    return replace(case, numbers=lay(case.numbers, {VOLUME: _requests(case.numbers)}))


def shared_of(case: Case, columns: Mapping[str, Numeric] | None = None) -> Shared:
    """What every option is costed with, columns laid over."""
    numbers = lay(case.numbers, columns or {})
    return Shared(
        workload=numbers.workload,
        service=numbers.service,
        finance=numbers.finance,
        staffing=numbers.staffing,
        options=numbers.options,
        baseline=numbers.baseline,
        requests=_requests(numbers),
    )


def kinks(
    case: Case,
    max_requests: float,
    columns: Mapping[str, Numeric] | None = None,
    only: Collection[str] | None = None,
) -> dict[str, Array]:
    """Volumes at which each option's cost jumps or bends. [requests/month]"""
    shared, kinds = shared_of(case, columns), option_kinds()
    return {
        name: kinds[option.kind].kinks(option, shared, max_requests)
        for name, option in shared.options.items()
        if only is None or name in only
    }


def pieces_per_request(case: Case, max_requests: float, only: Collection[str] | None = None) -> float:
    """
    How many pieces the cost curves have for each request of volume, from a first stretch; never a long list.

    They are counted in the further half of it: a fleet that wakes from sleep bends once for each hour of the week at
    next to no volume, which says nothing of what follows.
    """
    reach = min(FIRST_REACH, max_requests)
    while True:
        edges = np.concatenate([*kinks(case, reach, only=only).values(), np.array([])])
        found = int(np.count_nonzero(edges > reach / 2.0))
        if found >= ENOUGH_PIECES or reach >= max_requests:
            return (found + 1) / (reach / 2.0)
        reach = min(reach * 8.0, max_requests)


def tail(case: Case, option_id: str, beyond_requests: float, columns: Mapping[str, Numeric] | None = None) -> Tail:
    """Bounds on one option's running cost beyond a volume."""
    shared = shared_of(case, columns)
    option = shared.options[option_id]
    return option_kinds()[option.kind].tail(option, shared, beyond_requests)


def week(case: Case, option_id: str, columns: Mapping[str, Numeric] | None = None) -> WeekPlan | None:
    """What stands ready in each hour of the week at the case's volume; None for an API."""
    shared = shared_of(case, columns)
    option = shared.options[option_id]
    plan = option_kinds()[option.kind].week
    return plan(option, shared) if plan is not None else None


def lay(numbers: CaseNumbers, columns: Mapping[str, Numeric]) -> CaseNumbers:
    """The same numbers with columns in place of some; each column's extremes are checked against the field's bounds."""
    laid = numbers
    for path, column in columns.items():
        laid = cast(CaseNumbers, _lay(laid, path.split("."), column, path))
    return laid


def field_of(numbers: CaseNumbers, path: str) -> FieldInfo | None:
    """The declaration of a field at a dotted path: its bounds and its help; None where there is no such field."""
    node: Any = numbers
    *groups, name = path.split(".")
    for part in groups:
        node = node.get(part) if isinstance(node, dict) else getattr(node, part, None)
    return type(node).model_fields.get(name) if isinstance(node, Input) else None


def _lay(node: Any, parts: list[str], column: Numeric, path: str) -> Any:
    name, rest = parts[0], parts[1:]
    known = node if isinstance(node, dict) else type(node).model_fields if isinstance(node, Input) else {}
    if name not in known:
        raise LookupFault(Fault(path, f"no field {name!r}", nearest(name, map(str, known))))
    if isinstance(node, dict):
        return {**node, name: _lay(node[name], rest, column, path)}
    if rest:
        return node.model_copy(update={name: _lay(getattr(node, name), rest, column, path)})
    update: dict[str, Any] = {name: column}
    if path in (VOLUME, BILL):
        update = {"requests_per_month": None, "bill_usd_per_month": None, name: column}
    _check(node, update, name, column, path)
    return node.model_copy(update=update)


def _check(node: Input, update: Mapping[str, Any], name: str, column: Numeric, path: str) -> None:
    fields = {**node.__dict__, **update}
    others = {key: float(value.flat[0]) if isinstance(value, np.ndarray) else value for key, value in fields.items()}
    for extreme in {float(np.min(column)), float(np.max(column))}:
        try:
            type(node).model_validate({**others, name: extreme})
        except ValidationError as error:
            raise ScenarioError(faults_in(error, path.rpartition(".")[0], type(node))) from None


def _requests(numbers: CaseNumbers) -> Numeric:
    workload = numbers.workload
    if workload.requests_per_month is not None:
        return workload.requests_per_month
    payer = numbers.options[numbers.baseline]
    if not isinstance(payer, ApiOption):
        raise ScenarioError(
            Fault(
                BILL,
                f"the baseline {numbers.baseline!r} is not an API",
                "give requests_per_month, or an API as baseline",
            )
        )
    if not np.all(np.asarray(request_usd(payer, workload)) > 0):
        mend = "a bill cannot be turned into requests: give requests_per_month, or prices above 0"
        raise ScenarioError(Fault(BILL, f"a request costs nothing at {numbers.baseline!r}", mend))
    _bill_has_a_volume(payer, numbers)
    return requests_for_bill(payer, workload, cast(Numeric, workload.bill_usd_per_month))


SAME_BILL_FRAC = 1e-3
"""How far under what is committed a bill may be and still mean it: bills are told in whole dollars."""


def _bill_has_a_volume(payer: ApiOption, numbers: CaseNumbers) -> None:
    bill, least = np.asarray(numbers.workload.bill_usd_per_month), float(np.max(committed_usd(payer)))
    if payer.provisioned is not None:
        mend = "units are paid for whole, so a bill does not tell the volume: give requests_per_month"
        raise ScenarioError(Fault(BILL, f"{numbers.baseline!r} is paid by provisioned units", mend))
    if np.any(bill < least * (1.0 - SAME_BILL_FRAC)):
        mend = f"give requests_per_month, or a bill of at least {least:,.2f} a month, which is the least it charges"
        raise ScenarioError(Fault(BILL, f"{float(np.min(bill)):,.2f}, below what {numbers.baseline!r} commits", mend))
