"""The whole measurement: every mix searched, repeated, confirmed, kept, and written as a profile."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tco._version import __version__
from tco.bench import guards
from tco.bench.codes import blocks
from tco.bench.host import HostMeter
from tco.bench.machine import commit
from tco.bench.machine import provenance as machine
from tco.bench.meter import Meter
from tco.bench.plan import Mix
from tco.bench.profile import Measured, Outcome, joined_result, profile, variant
from tco.bench.records import PointResult
from tco.bench.search import Found, capacity, inside, resolved
from tco.bench.session import Session, Tell
from tco.bench.settings import Settings, client, installed_version
from tco.bench.state import State
from tco.catalog.profiles import write_profile
from tco.errors import Fault, TcoError
from tco.inputs.hardware import ServingProfile

OPEN_FRAC = 0.9
"""Of the found requests a second, where an open loop must keep the service level too."""
BELOW_RATIO = 2
"""The next mix's search starts at the load found for the last one over this."""


def bench(
    settings: Settings,
    meter: Meter,
    tell: Tell,
    bound: guards.Ceiling | None = None,
    facts: Mapping[str, Any] | None = None,
    host: HostMeter | None = None,
) -> tuple[Path, ServingProfile]:
    """
    Measure and write the profile; what is finished is kept in the state folder, and not measured again.

    Raises
    ------
    TcoError
        When the server or the client fails, saying how many points are kept.
    """
    client(settings.vllm)
    _writable({"--state": settings.state, "--output": settings.output})
    state = State(settings.state / settings.key())
    with Session(settings, state, meter, tell, bound, host) as session:
        session.note(began=datetime.now(UTC).isoformat(timespec="seconds"))
        try:
            outcome = measured(session)
        except TcoError as error:
            kept = Fault(
                "kept", str(state.folder), f"{session.measured_count} new points; the same command goes on from there"
            )
            raise type(error)([*error.faults, kept]) from error
        except OSError as error:
            mend = (
                f"{error.strerror}; what is finished is kept in {state.folder}, and the same command goes on from there"
            )
            raise TcoError(Fault("file", str(error.filename or state.folder), mend)) from error
        except KeyboardInterrupt:
            tell("stopped", {"kept": str(state.folder), "points": session.measured_count})
            raise
        told = provenance(session, facts or {})
        written = profile(settings, outcome, idle_watts(state), told)
    path = write_profile(written, settings.output, variant(outcome, settings))
    tell("written", {"path": str(path), "points": len(written.points), "warnings": written.warnings})
    return path, written


def _writable(folders: Mapping[str, Path]) -> None:
    """Every folder can be made and written to; told before hours are spent."""
    faults = []
    for flag, folder in folders.items():
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            faults.append(Fault(flag, str(folder), f"{error.strerror}: name a folder that can be written to"))
    if faults:
        raise TcoError(faults)


def measured(session: Session) -> Outcome:
    """Every mix of the plan, as far as the budget goes."""
    plan = session.settings.plan
    points: list[Measured] = []
    found: list[Measured] = []
    codes: list[tuple[str, str]] = []
    cuts, first = list(plan.cuts), plan.first_concurrency
    for at, mix in enumerate(plan.mixes):
        if at and not session.may_go_on(mix):
            cuts.append(f"no mix of {mix.input_tok} in, {mix.output_tok} out: the time was up")
            continue
        session.tell("mix", {"mix": mix.name, "number": at + 1, "of": len(plan.mixes)})
        runs = Runs(session, mix)
        searched = searched_for(runs, first)
        best, more = kept(runs, searched)
        codes += [(code, mix.name) for code in (*searched.codes, *more)]
        points += runs.all()
        if best is not None and len(best.runs) < plan.repeats:
            cuts.append(f"{len(best.runs)} of {plan.repeats} runs of {mix.name} at its found load: the time was up")
        if best is not None:
            found.append(best)
            concurrency = int(best.runs[0].concurrency)
            first = max(concurrency // BELOW_RATIO, plan.first_concurrency)
            points += confirmed(session, mix, concurrency, joined_result(best), cuts)
    unfit = list(plan.unfit)
    points += with_cache(session, found, cuts, unfit)
    if session.measured_count:
        session.idle("after")
    names = tuple(dict.fromkeys(code for code, _ in codes))
    return Outcome(tuple(points), tuple(found), names, tuple(cuts), tuple(unfit), tuple(codes))


class Runs:
    """The closed-loop runs of one mix by load; a load measured again is the next repeat of it."""

    def __init__(self, session: Session, mix: Mix) -> None:
        self.session, self.mix = session, mix
        self.of: dict[int, list[PointResult]] = {}

    def until(self, load: int, count: int) -> Measured:
        """A load with so many runs, or as many as the budget allows."""
        runs = self.of.setdefault(load, [])
        while len(runs) < count and (not runs or self.session.may_go_on(self.mix)):
            runs.append(self.session.point(self.mix, load, len(runs)))
        return Measured(self.mix, tuple(runs))

    def settled(self, load: int) -> PointResult:
        """A load as the search judges it: repeated, as far as the plan repeats, until the interval of the share leaves the target out."""
        target, most = self.session.settings.limits.target_frac, self.session.settings.plan.repeats
        point = joined_result(self.until(load, 1))
        for count in range(2, most + 1):
            if resolved(point, target) or blocks(point.codes):
                break
            point = joined_result(self.until(load, count))
        return point

    def all(self) -> list[Measured]:
        """Every load measured, by load."""
        return [Measured(self.mix, tuple(runs)) for _, runs in sorted(self.of.items())]


def searched_for(runs: Runs, first: int) -> Found:
    """The highest closed-loop load of a mix inside the service level."""
    settings = runs.session.settings
    return capacity(
        runs.settled,
        settings.limits.target_frac,
        first,
        settings.plan.most_concurrency,
        lambda: runs.session.may_go_on(runs.mix),
    )


def kept(runs: Runs, searched: Found) -> tuple[Measured | None, tuple[str, ...]]:
    """The load found, repeated with its neighbours; where the repeats do not keep the service level, the next lower load that does."""
    plan, target = runs.session.settings.plan, runs.session.settings.limits.target_frac
    if searched.concurrency is None:
        return None, ()
    for load in (searched.concurrency, *(searched.neighbours if plan.neighbours else ())):
        runs.until(load, plan.repeats)
    codes: tuple[str, ...] = ()
    for load in sorted((load for load, _ in searched.tried if load <= searched.concurrency), reverse=True):
        best = runs.until(load, plan.repeats)
        if inside(joined_result(best), target):
            return best, codes
        codes = ("B-REPEAT",)
    return None, codes


def confirmed(session: Session, mix: Mix, concurrency: int, found: PointResult, cuts: list[str]) -> list[Measured]:
    """An open loop just below the found load, with a code when it does not keep the service level."""
    if not session.settings.plan.open_loop or found.requests_per_s <= 0:
        return []
    if not session.may_go_on(mix):
        cuts.append(f"no open loop of {mix.name}: the time was up")
        return []
    known = session.point(mix, concurrency, kind="open", rate=OPEN_FRAC * found.requests_per_s)
    if not inside(known, session.settings.limits.target_frac):
        known = replace(known, codes=(*known.codes, "B-OPEN"))
    return [Measured(mix, (known,))]


def with_cache(session: Session, found: list[Measured], cuts: list[str], unfit: list[str]) -> list[Measured]:
    """Points with a target hit rate, at the load found for the same lengths without one."""
    points = []
    loads = {(one.mix.input_tok, one.mix.output_tok): int(one.runs[0].concurrency) for one in found}
    for mix in session.settings.plan.cached:
        load = loads.get((mix.input_tok, mix.output_tok))
        if session.settings.cache_off:
            unfit.append(f"no point {mix.name}: the server's prefix cache is off")
        elif load is not None and not session.may_go_on(mix):
            cuts.append(f"no point {mix.name}: the time was up")
        elif load is not None:
            points.append(Measured(mix, (session.point(mix, load, kind="cached"),)))
    return points


def idle_watts(state: State) -> dict[str, float | None]:
    """Mean power of the idle states read; None where there was none."""
    read = {name: state.read(f"idle-{name}") for name in ("bare", "loaded", "after")}
    return {name: found["watts"] if found and found["usable"] else None for name, found in read.items()}


def provenance(session: Session, facts: Mapping[str, Any]) -> dict[str, Any]:
    """What was measured with; kept beside the points, so that a resumed run tells the first start's commands."""
    state, plan = session.state, session.settings.plan
    return {
        **(state.read("provenance") or {}),
        **machine(session.meter),
        **facts,
        "engine_version": (state.read("engine") or {}).get("version"),
        "model_served": session.settings.model,
        "model_revision": session.settings.model_revision or "unknown",
        "client_version": installed_version(session.settings.vllm),
        "tco_version": __version__,
        "tco_commit": commit(),
        "engine_environment": dict(session.settings.environment) or None,
        "roofline": "checked"
        if session.bound is not None
        else "not checked: the model's facts or its format are not known",
        "url": session.settings.url,
        "seed": plan.seed,
        "window_s": plan.window_s,
        "repeats": plan.repeats,
    }
