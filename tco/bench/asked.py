"""What was typed to what is run: names looked up, defaults of the catalog, every fault at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tco.bench.engine_args import context_tok, refused, said, split
from tco.bench.guards import FULL_WINDOW_S, QUICK_WINDOW_S, Ceiling, ceiling
from tco.bench.machine import engine_environment, model_revision
from tco.bench.names import gpu_named
from tco.bench.plan import DEFAULT_LENGTHS, REPEATS, Mix, Plan, check, fitting, lengths, limits, quick, within
from tco.bench.settings import Settings, installed_version
from tco.bench.summarise import Limits
from tco.catalog import Catalog
from tco.errors import Fault, LookupFault, ScenarioError, TcoError, nearest
from tco.units import MS_PER_S

BYTES = {"fp8": 1.0, "int8": 1.0, "bf16": 2.0, "bfloat16": 2.0, "float16": 2.0, "half": 2.0}
"""Bytes a weight in the formats that engines name so."""


@dataclass(frozen=True)
class Asked:
    """The flags of `tco bench`, as typed."""

    model: str
    known_as: str | None = None
    gpu: str | None = None
    gpus: int | None = None
    tensor_parallel: int | None = None
    dtype: str = "auto"
    quantization: str | None = None
    lengths: str = DEFAULT_LENGTHS
    slo: str | None = None
    slo_percentile: float | None = None
    cached_frac: float = 0.5
    quick: bool = False
    window_s: float | None = None
    repeats: int | None = None
    open_loop: bool = True
    budget_minutes: float | None = None
    concurrency: tuple[int, int] | None = None
    seed: int = 0
    url: str | None = None
    served_as: str | None = None
    tokenizer: str | None = None
    server_args: Sequence[str] = ()
    bench_args: Sequence[str] = ()
    vllm: str | None = None
    dcgm: str | None = None
    state: Path = Path(".tco-bench")
    output: Path | None = None
    start_minutes: float = 30.0


def settings(asked: Asked, catalog: Catalog, facts: Mapping[str, Any]) -> Settings:
    """
    What will be run.

    Parameters
    ----------
    facts : mapping
        What the power meter knows of the GPUs: their names fill in `--gpu`; ``why`` where it knows none.

    Raises
    ------
    TcoError
        Telling what cannot be: unknown names, unreadable lengths or limits, a budget that is too small.
    """
    known_as = asked.known_as or asked.model
    model = catalog.models().get(known_as)
    told = said(asked.server_args)
    limits = _limits(asked, catalog)
    plan = _plan(asked, _longest(None if model is None else model.context_tok, context_tok(told)), limits)
    parts, faults = split(asked.gpus, asked.tensor_parallel, told)
    if asked.url is not None and asked.gpus is None and asked.tensor_parallel is None:
        faults.append(Fault("--gpus", "not said", "say how many GPUs serve one replica behind the URL"))
    faults += refused(asked.server_args)
    if faults:
        raise ScenarioError(faults)
    return Settings(
        model=asked.model,
        known_as=known_as,
        gpu=_gpu(asked.gpu, catalog, facts),
        gpus=parts.gpus,
        limits=limits,
        plan=plan,
        state=asked.state,
        output=asked.output or catalog.profile_folder(),
        url=asked.url,
        engine_args=tuple(asked.server_args),
        bench_args=tuple(asked.bench_args),
        tensor_parallel=parts.tensor_parallel,
        dtype=asked.dtype if asked.dtype != "auto" else told.get("dtype", "auto"),
        quantization=asked.quantization or told.get("quantization"),
        vllm=asked.vllm,
        served_as=asked.served_as,
        tokenizer=asked.tokenizer,
        dcgm=asked.dcgm,
        engine_version=installed_version(asked.vllm) if asked.url is None else None,
        gpus_seen=tuple(str(gpu.get("name", "")) for gpu in facts.get("gpus", ())),
        model_revision=None if asked.url else model_revision(asked.model, asked.server_args),
        environment=() if asked.url else engine_environment(),
        start_limit_s=min(asked.start_minutes * 60.0, plan.budget_s or math.inf),
        idle_s=min(plan.window_s, 10.0),
    )


def bound(found: Settings, catalog: Catalog) -> Ceiling | None:
    """The most its GPUs could do; None where the model's facts or its format are not known."""
    model, gpu = catalog.models().get(found.known_as), catalog.gpus().get(found.gpu)
    if model is None or gpu is None:
        return None
    told = found.quantization or found.dtype
    return ceiling(
        model,
        gpu,
        found.gpus,
        BYTES.get(told, min(model.native_weight_bytes, 1.0) if found.quantization else model.native_weight_bytes),
    )


def gpus_of(asked: Asked) -> int:
    """GPUs of one replica, as far as the flags agree; ``settings`` tells where they do not."""
    return split(asked.gpus, asked.tensor_parallel, said(asked.server_args))[0].gpus


def _longest(of_model: float | None, of_engine: float | None) -> float | None:
    known = [tok for tok in (of_model, of_engine) if tok is not None]
    return min(known) if known else None


def _plan(asked: Asked, context: float | None, limits: Limits) -> Plan:
    _check_quick(asked)
    mixes = lengths(asked.lengths)
    plan = Plan(
        mixes=mixes,
        seed=asked.seed,
        window_s=asked.window_s or FULL_WINDOW_S,
        repeats=asked.repeats or REPEATS,
        ttft_s=limits.ttft_ms / MS_PER_S,
        tpot_s=limits.tpot_ms / MS_PER_S,
    )
    plan = fitting(plan, context) if asked.lengths == DEFAULT_LENGTHS else plan
    check(plan.mixes, context)
    mixes = plan.mixes
    plan = replace(quick(plan) if asked.quick else plan, open_loop=asked.open_loop)
    if asked.quick and asked.window_s:
        plan = replace(plan, window_s=asked.window_s)
    if asked.concurrency is not None:
        plan = replace(plan, first_concurrency=asked.concurrency[0], most_concurrency=asked.concurrency[1])
    if asked.cached_frac > 0:
        plan = replace(plan, cached=(Mix(mixes[0].input_tok, mixes[0].output_tok, asked.cached_frac),))
    return within(plan, asked.budget_minutes)


def _check_quick(asked: Asked) -> None:
    """A quick look has short windows and no repeats: what asks for more of both is told, never cut in silence."""
    told = {"--repeats": (asked.repeats, 1, ""), "--window-seconds": (asked.window_s, QUICK_WINDOW_S, " s")}
    faults = [
        Fault(flag, f"{value:g}{unit} with --quick", f"ask for {most:g}{unit} at most, or leave --quick or {flag} out")
        for flag, (value, most, unit) in told.items()
        if asked.quick and value is not None and value > most
    ]
    if faults:
        raise ScenarioError(faults)


def _limits(asked: Asked, catalog: Catalog) -> Limits:
    """From `ttft=…,tpot=…`, or a service level by name; what is not said is the planning value."""
    defaults = catalog.defaults()
    values = {name: float(defaults[f"service.{name}"].value) for name in ("ttft_ms", "tpot_ms", "slo_percentile")}
    levels = catalog.service_levels()
    if asked.slo in levels:
        level = levels[asked.slo]
        values = {name: float(getattr(level, name) or values[name]) for name in values}
    elif asked.slo is not None and "=" not in asked.slo:
        mend = (
            f"write limits such as ttft=1000ms,tpot=50ms, or a level of `tco list levels`: {nearest(asked.slo, levels)}"
        )
        raise LookupFault(Fault("--slo", repr(asked.slo), mend))
    elif asked.slo is not None:
        values |= {f"{name}_ms": ms for name, ms in limits(asked.slo).items()}
    percentile = values["slo_percentile"] if asked.slo_percentile is None else asked.slo_percentile
    if not 0 < percentile < 100:
        raise ScenarioError(
            Fault("--slo-percentile", f"{percentile:g}", "write a percentile between 0 and 100, such as 95")
        )
    return Limits(values["ttft_ms"], values["tpot_ms"], percentile)


def _gpu(asked: str | None, catalog: Catalog, facts: Mapping[str, Any]) -> str:
    known = list(catalog.gpus())
    told = [str(gpu.get("name", "")) for gpu in facts.get("gpus", ())]
    names = {gpu_named(name, known) for name in told}
    if asked is not None:
        if asked not in known:
            raise LookupFault(Fault("--gpu", repr(asked), nearest(asked, known)))
        if not names <= {asked, None}:
            raise TcoError(
                Fault("--gpu", f"{asked}, but the driver says {', '.join(sorted(set(told)))}", "leave --gpu out")
            )
        return asked
    name = next(iter(names)) if len(names) == 1 else None
    if name is None:
        found = ", ".join(sorted(set(told))) or facts.get("why") or "not said, and no driver was asked"
        raise TcoError(Fault("--gpu", found, "say which GPU serves, as in `tco list gpus`"))
    return name
