"""Every option at one volume, and the savings bridge between three of them. MODEL §5.6."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tco.case import Case
from tco.evaluate import VOLUME, evaluate, shared_of, with_volume
from tco.inputs.source import Grade, Source
from tco.model.ledger import Ledger
from tco.solve.grades import answer_grades, option_grade
from tco.solve.warn import Caution, warnings_of
from tco.units import TOKENS_PER_MTOK


@dataclass(frozen=True)
class OptionCost:
    """One option's month at the user's volume, at running cost."""

    id: str
    kind: str
    label: str
    usd_per_month: float
    lines_usd: Mapping[str, float]
    build_usd: float
    with_build_usd: float
    usd_per_request: float | None
    usd_per_mtok: float | None
    replicas_peak: float | None
    gpu_hours_per_month: float | None
    load_frac: float | None
    request_s: float | None
    step_requests_per_month: float | None
    grade: Grade


@dataclass(frozen=True)
class BridgeStep:
    """One step of the way from the baseline to the challenger; a positive saving is money kept."""

    id: str
    label: str
    usd_per_month: float
    saving_usd: float
    effect: str
    """What the step changes: ``start``, ``model`` (other weights, same kind of bill) or ``hosting`` (own GPUs)."""


@dataclass(frozen=True)
class Comparison:
    """All options at one volume."""

    requests_per_month: float
    options: tuple[OptionCost, ...]
    bridge: tuple[BridgeStep, ...]
    warnings: tuple[Caution, ...]
    sources: Mapping[str, Source]
    grade: Grade


def compare(case: Case, baseline: str | None = None, challenger: str | None = None) -> Comparison:
    """Every option's month at the scenario's volume, by line, with the bridge from the baseline to the challenger."""
    base, other = baseline or case.numbers.baseline, challenger or case.numbers.challenger
    case = with_volume(case)
    requests = float(np.asarray(shared_of(case).requests))
    ledgers = evaluate(case, {VOLUME: requests})
    return Comparison(
        requests_per_month=requests,
        options=tuple(_cost(case, name, ledger, requests) for name, ledger in ledgers.items()),
        bridge=bridge(case, ledgers, base, other),
        warnings=warnings_of(case, base, other, ledgers),
        sources=case.sources,
        grade=answer_grades(case, [base, other])["answer"],
    )


def bridge(case: Case, ledgers: Mapping[str, Ledger], base: str, other: str) -> tuple[BridgeStep, ...]:
    """
    From the baseline over the hosted open-weight API to the challenger, at running cost.

    It shows which part of a saving comes from the model and which from owning the GPUs; the last is often a loss.
    """
    hosted = case.numbers.hosted
    between = hosted and hosted not in (base, other) and case.numbers.options[other].kind != "api"
    stops = [base, *([hosted] if between else []), other]
    effects = ["start", "model", "hosting"] if len(stops) == 3 else ["start", "both"]
    costs = [float(ledgers[name].running_usd) for name in stops]
    return tuple(
        BridgeStep(name, case.numbers.options[name].label, costs[j], costs[j - 1] - costs[j] if j else 0.0, effects[j])
        for j, name in enumerate(stops)
    )


def _cost(case: Case, name: str, ledger: Ledger, requests: float) -> OptionCost:
    def fact(key: str) -> float | None:
        value = float(np.asarray(ledger.facts.get(key, np.nan)))
        return value if np.isfinite(value) else None

    usd, tok = float(ledger.running_usd), float(np.asarray(ledger.tok))
    option = case.numbers.options[name]
    return OptionCost(
        id=name,
        kind=option.kind,
        label=option.label,
        usd_per_month=usd,
        lines_usd={line: float(np.asarray(value)) for line, value in ledger.lines_usd.items()},
        build_usd=float(ledger.build_usd),
        with_build_usd=float(ledger.with_build_usd),
        usd_per_request=usd / requests if requests > 0 else None,
        usd_per_mtok=usd / tok * TOKENS_PER_MTOK if tok > 0 else None,
        replicas_peak=fact("replicas"),
        gpu_hours_per_month=fact("gpu_hours_per_month"),
        load_frac=fact("load_frac"),
        request_s=fact("request_s"),
        step_requests_per_month=fact("step_requests_per_month"),
        grade=option_grade(case, name),
    )
