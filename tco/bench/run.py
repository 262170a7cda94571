"""The whole measurement: every mix searched, repeated, confirmed, kept, and written as a profile."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tco.bench import guards
from tco.bench.host import HostMeter
from tco.bench.machine import model_revision
from tco.bench.machine import provenance as machine
from tco.bench.meter import Meter
from tco.bench.plan import Mix
from tco.bench.profile import Measured, Outcome, joined_result, profile, variant
from tco.bench.records import PointResult
from tco.bench.search import Found, capacity, inside
from tco.bench.session import Session, Tell
from tco.bench.settings import Settings, client
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
        except KeyboardInterrupt:
            tell("stopped", {"kept": str(state.folder), "points": session.measured_count})
            raise
        told = provenance(session, facts or {})
        written = profile(settings, outcome, idle_watts(state), told)
    path = write_profile(written, settings.output, variant(outcome, settings))
    tell("written", {"path": str(path), "points": len(written.points), "warnings": written.warnings})
    return path, written


def measured(session: Session) -> Outcome:
    """Every mix of the plan, as far as the budget goes."""
    plan = session.settings.plan
    points: list[Measured] = []
    found: list[Measured] = []
    codes: list[str] = []
    cuts, first = list(plan.cuts), plan.first_concurrency
    for at, mix in enumerate(plan.mixes):
        if at and not session.may_go_on():
            cuts.append(f"no mix of {mix.input_tok} in, {mix.output_tok} out: the time was up")
            continue
        session.tell("mix", {"mix": mix.name, "number": at + 1, "of": len(plan.mixes)})
        searched = searched_for(session, mix, first)
        codes += searched.codes
        several = repeated(session, mix, searched)
        points += several
        best = next((one for one in several if one.runs[0].concurrency == searched.concurrency), None)
        if best is not None and searched.concurrency is not None:
            found.append(best)
            first = max(searched.concurrency // BELOW_RATIO, plan.first_concurrency)
            points += confirmed(session, mix, searched.concurrency, joined_result(best))
    points += with_cache(session, found, cuts)
    if session.measured_count:
        session.idle("after")
    return Outcome(tuple(points), tuple(found), tuple(dict.fromkeys(codes)), tuple(cuts))


def searched_for(session: Session, mix: Mix, first: int) -> Found:
    """The highest closed-loop load of a mix inside the service level."""
    settings = session.settings
    return capacity(
        lambda load: session.point(mix, load),
        settings.limits.target_frac,
        first,
        settings.plan.most_concurrency,
        session.may_go_on,
    )


def repeated(session: Session, mix: Mix, searched: Found) -> list[Measured]:
    """Every load tried, the found one and its neighbours with their repeats."""
    plan = session.settings.plan
    again = {searched.concurrency, *(searched.neighbours if plan.neighbours else ())}
    several = []
    for load, point in searched.tried:
        runs = [point]
        for repeat in range(1, plan.repeats if load in again else 1):
            if session.may_go_on():
                runs.append(session.point(mix, load, repeat))
        several.append(Measured(mix, tuple(runs)))
    return several


def confirmed(session: Session, mix: Mix, concurrency: int, found: PointResult) -> list[Measured]:
    """An open loop just below the found load, with a code when it does not keep the service level."""
    if not session.settings.plan.open_loop or found.requests_per_s <= 0 or not session.may_go_on():
        return []
    known = session.point(mix, concurrency, kind="open", rate=OPEN_FRAC * found.requests_per_s)
    if not inside(known, session.settings.limits.target_frac):
        known = replace(known, codes=(*known.codes, "B-OPEN"))
    return [Measured(mix, (known,))]


def with_cache(session: Session, found: list[Measured], cuts: list[str]) -> list[Measured]:
    """Points with a target hit rate, at the load found for the same lengths without one."""
    points = []
    loads = {(one.mix.input_tok, one.mix.output_tok): int(one.runs[0].concurrency) for one in found}
    for mix in session.settings.plan.cached:
        load = loads.get((mix.input_tok, mix.output_tok))
        if session.settings.cache_off:
            cuts.append(f"no point {mix.name}: the server's prefix cache is off")
        elif load is not None and session.may_go_on():
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
        "model_revision": None
        if session.settings.url
        else model_revision(session.settings.model, session.settings.engine_args),
        "url": session.settings.url,
        "seed": plan.seed,
        "window_s": plan.window_s,
        "repeats": plan.repeats,
    }
