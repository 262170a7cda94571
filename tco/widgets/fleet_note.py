"""What is said under the choice of a fleet: which others would cost the same at this volume, and why."""

from dataclasses import replace

import numpy as np

from tco.case import Case
from tco.evaluate import evaluate, week, with_volume
from tco.options.rented import RentedOption
from tco.present.numbers import count
from tco.widgets.choices import Ids
from tco.widgets.store import Store

FLEETS = {
    "fixed": "fixed",
    "reserved": "reserved",
    "autoscaled": "autoscaled",
    "reserved_and_burst": "reserved and burst",
}


def fleet_note(store: Store, ids: Ids) -> str:
    """Fleets that cost the same to the cent as the one chosen; blank where each has a price of its own."""
    outcome, own = store.outcome, ids["own"]
    option = outcome.case.numbers.options.get(own) if outcome is not None else None
    if outcome is None or store.faults or not isinstance(option, RentedOption):
        return ""
    case = with_volume(outcome.case)
    now = _usd(case, own)
    same = [
        words for fleet, words in FLEETS.items() if fleet != option.fleet and _usd(_as(case, own, fleet), own) == now
    ]
    if not same:
        return ""
    return f"{_listed(same)} would cost the same at your volume{_why(_as(case, own, 'autoscaled'), own)}."


def _as(case: Case, own: str, fleet: str) -> Case:
    """The case with another fleet, which grows no earlier than it must."""
    changed = case.numbers.options[own].model_copy(update={"fleet": fleet, "scale_ahead_hours": 0.0})
    options = {**case.numbers.options, own: changed}
    return replace(case, numbers=case.numbers.model_copy(update={"options": options}))


def _usd(case: Case, own: str) -> float:
    """Cost at the case's volume, to the cent. [USD/month]"""
    return round(float(np.asarray(evaluate(case, only=[own])[own].running_usd)), 2)


def _why(scaling: Case, own: str) -> str:
    plan = week(scaling, own)
    if plan is None or plan.replicas.min() != plan.replicas.max():
        return ""
    needed = float(plan.replicas.max())
    return f": every hour needs {count(needed)} replica{'' if needed == 1 else 's'}, spares counted"


def _listed(names: list[str]) -> str:
    """
    Names as the beginning of a sentence.

    Examples
    --------
    >>> _listed(["fixed"]), _listed(["fixed", "autoscaled", "reserved"])
    ('Fixed', 'Fixed, autoscaled and reserved')
    """
    said = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    return said[:1].upper() + said[1:]
