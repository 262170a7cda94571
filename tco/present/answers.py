"""Answers as plain data: what ``--json`` prints and a file keeps. Field names carry their units."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

import numpy as np

from tco.case import Case
from tco.inputs.source import Source
from tco.present.provenance import published
from tco.solve.breakeven import Breakeven, Winning
from tco.solve.capacity import CapacityPlan, capacity_of, served
from tco.solve.compare import BridgeStep, Comparison
from tco.solve.doubt import Doubt, doubt
from tco.solve.warn import Caution


def breakeven_data(answer: Breakeven, case: Case, contracts: bool = False) -> dict[str, Any]:
    """A break-even as JSON-ready data; the rows of private contracts only when asked for."""
    at = answer.at_volume
    evidence, found = case.evidence.get(answer.challenger), doubt(case, answer.baseline, answer.challenger)
    return {
        "axis": "requests_per_month",
        "baseline": answer.baseline,
        "challenger": answer.challenger,
        "status": answer.status,
        "running_cost": _winning(answer.running_cost),
        "with_build": {**_winning(answer.with_build), "amortise_build_months": answer.amortise_build_months},
        "owed_usd_per_month": answer.owed_usd_per_month,
        "while_owed": None if answer.while_owed is None else _winning(answer.while_owed),
        "at_volume": {
            "requests_per_month": at.requests_per_month,
            "baseline_usd": at.baseline_usd,
            "challenger_usd": at.challenger_usd,
            "baseline_with_build_usd": at.baseline_with_build_usd,
            "challenger_with_build_usd": at.challenger_with_build_usd,
        },
        "needs": {"at_volume": asdict(answer.needs.at_volume), "ever": asdict(answer.needs.ever)},
        "estimated": evidence is not None and evidence.estimated,
        "borrowed": evidence is not None and evidence.borrowed,
        "measurement_codes": list(evidence.codes) if evidence is not None else [],
        "doubt": None if found is None else _doubt(found),
        "envelope": [{"from": a, "to": b, "option": name} for a, b, name in answer.envelope],
        "warnings": warnings_data(answer.warnings),
        "sources": sources_data(answer.sources, contracts),
        "grade": answer.grade,
        "grades": dict(answer.grades),
        **opened_data(case),
    }


def _doubt(found: Doubt) -> dict[str, Any]:
    return {
        "low_throughput_ratio": found.low_ratio,
        "high_throughput_ratio": found.high_ratio,
        "running_cost_slow": _winning(found.slow),
        "running_cost_fast": _winning(found.fast),
    }


def comparison_data(answer: Comparison, case: Case, contracts: bool = False) -> dict[str, Any]:
    """A comparison as JSON-ready data; the rows of private contracts only when asked for."""
    plans = [plan for name in case.numbers.options if (plan := capacity_of(case, name)) is not None]
    return {
        "requests_per_month": answer.requests_per_month,
        "service": [asdict(row) for row in served(case)],
        "fleets": [_plan(plan) for plan in plans],
        "options": [{**asdict(option), "lines_usd": dict(option.lines_usd)} for option in answer.options],
        "bridge": [_step(step) for step in answer.bridge],
        "warnings": warnings_data(answer.warnings),
        "sources": sources_data(answer.sources, contracts),
        "grade": answer.grade,
        **opened_data(case),
    }


def opened_data(case: Case) -> dict[str, Any]:
    """Whether a saved scenario was answered as it was or repriced; nothing for one that was never saved."""
    return {"opened": case.opened, "as_saved": case.as_saved} if case.opened else {}


def _plan(plan: CapacityPlan) -> dict[str, Any]:
    """A fleet's figures; hours of the week as lists, what is infinite left out."""
    data = {**asdict(plan), "facts": {name: value for name, value in plan.facts.items() if isfinite(value)}}
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in data.items()}


def warnings_data(warnings: Iterable[Caution]) -> list[dict[str, Any]]:
    """Warnings, weightiest first."""
    return [
        {"code": w.code, "message": w.message, "usd_at_stake": w.usd_at_stake, "option": w.option} for w in warnings
    ]


def sources_data(sources: Mapping[str, Source], contracts: bool = False) -> list[dict[str, Any]]:
    """Every number's origin, by its path, empty fields left out; of private contracts their rows only when asked for."""
    rows = []
    for path, found in sorted(sources.items()):
        source = found if contracts else published(found)
        row = {key: value for key, value in asdict(source).items() if value not in (None, "")}
        rows.append({"path": path, **{key: str(v) if hasattr(v, "isoformat") else v for key, v in row.items()}})
    return rows


def _winning(found: Winning) -> dict[str, Any]:
    return {
        "status": found.status,
        "first": found.first,
        "permanent": found.permanent,
        "winning_intervals": [[a, b] for a, b in found.intervals],
        "searched_to": found.searched_to,
        "proven": found.proven,
    }


def _step(step: BridgeStep) -> dict[str, Any]:
    return asdict(step)
