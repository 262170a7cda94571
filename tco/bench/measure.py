"""From what was asked to a written profile: names looked up, the meter opened, the plan told, then measured. What every face calls."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tco.bench.asked import Asked, bound, gpus_of, settings
from tco.bench.host import PATH, HostMeter
from tco.bench.meter import Meter
from tco.bench.power import NoMeter, open_meter
from tco.bench.run import bench
from tco.bench.server import base, version
from tco.bench.session import Tell
from tco.bench.settings import Settings
from tco.bench.state import State
from tco.catalog import Catalog
from tco.errors import Fault, ScenarioError


def measure(
    asked: Asked,
    catalog: Catalog,
    tell: Tell,
    *,
    power: bool = True,
    only_plan: bool = False,
    facts: Mapping[str, Any] | None = None,
) -> Path | None:
    """
    Measure and write the profile; returns its file, None where only the plan was wanted.

    Parameters
    ----------
    tell : callable
        Told of every event; the first is ``plan``.
    power : bool
        Whether to measure power where it can be had.
    facts : mapping, optional
        More for the profile's provenance, such as the command.

    Raises
    ------
    TcoError
        See ``settings`` and ``bench``.
    """
    with closing(meter_of(asked, power)) as meter:
        if asked.dcgm is not None and power:
            LEARNT.gpus[asked.dcgm, gpus_of(asked)] = meter.facts()
        if asked.url is not None and not only_plan:
            LEARNT.versions[base(asked.url)] = version(base(asked.url))
        found = pinned(asked, catalog, seen_by(meter), power)
        tell("plan", plan_told(found, meter, catalog))
        if only_plan:
            return None
        return bench(found, meter, tell, bound(found, catalog), facts, host_of(meter, catalog))[0]


@dataclass
class Learnt:
    """What servers and exporters elsewhere have told this program, so that nobody need be asked again while something is typed."""

    versions: dict[str, str | None] = field(default_factory=dict)
    """The engine's version by the server's address, None where it does not say."""
    gpus: dict[tuple[str, int], Mapping[str, Any]] = field(default_factory=dict)
    """Facts of the GPUs by the exporter's address and how many were asked for."""


LEARNT = Learnt()


def pinned(asked: Asked, catalog: Catalog, seen: Mapping[str, Any], power: bool = True) -> Settings:
    """
    What will be run, on the GPUs and the engine it will be run on: the same for every face, so that all find the same finished points.

    Parameters
    ----------
    seen : mapping
        Facts of the GPUs, of all that are here or of those that serve; ``why`` where there are none. A meter that will not be opened
        only fills in the name of a GPU of this machine.

    Raises
    ------
    TcoError
        See ``settings``; and where fewer GPUs were seen than serve.
    """
    if not metered(asked, power):
        away = asked.url is not None and not is_local(asked.url)
        found = replace(settings(asked, catalog, {} if asked.gpu or away else seen), gpus_seen=())
    else:
        found = settings(asked, catalog, seen if asked.dcgm else _first(seen, gpus_of(asked)))
    return found if found.url is None else replace(found, engine_version=LEARNT.versions.get(base(found.url)))


def is_known(asked: Asked, power: bool = True) -> bool:
    """Whether all is known that pins a measurement; a server or an exporter elsewhere tells its part at the first start."""
    exported = asked.dcgm is None or not power or (asked.dcgm, gpus_of(asked)) in LEARNT.gpus
    return exported and (asked.url is None or base(asked.url) in LEARNT.versions)


def _first(seen: Mapping[str, Any], gpus: int) -> Mapping[str, Any]:
    """The facts of the first GPUs alone, as a meter of so many tells them."""
    there = len(seen.get("gpus", ()))
    if 0 < there < gpus:
        raise ScenarioError(Fault("--gpus", f"{gpus} asked for, {there} visible", f"ask for 1 to {there}"))
    return {**seen, "gpus": seen["gpus"][:gpus]} if there else seen


def meter_of(asked: Asked, power: bool = True) -> Meter:
    """
    The meter for a measurement: none where none is wanted, where the GPUs are elsewhere and no exporter is named, or without a driver.

    Raises
    ------
    NoPower
        A driver or an exporter that is there and cannot tell: it does not answer, has too few GPUs, or slices of them.
    """
    gpus = gpus_of(asked)
    return open_meter(gpus, asked.dcgm, or_none=True) if metered(asked, power) else NoMeter(gpus)


def metered(asked: Asked, power: bool = True) -> bool:
    """Whether somebody is to be asked for watts: wanted, and the GPUs are here or an exporter of theirs is named."""
    return power and (asked.dcgm is not None or asked.url is None or is_local(asked.url))


def seen_by(meter: Meter) -> Mapping[str, Any]:
    """What a meter knows of the GPUs, or ``why`` it knows none."""
    return meter.facts() or {"why": getattr(meter, "why", "")}


def host_of(meter: Meter, catalog: Catalog) -> HostMeter | None:
    """The meter of the machine beside its GPUs; None where the GPUs are not of this machine, or nobody knows how many it has."""
    facts = meter.facts()
    if not facts.get("machine_gpus") or facts.get("power_from") != "nvml":
        return None
    return HostMeter(facts["machine_gpus"], catalog.defaults()[PATH])


def is_local(url: str) -> bool:
    """Whether a server is on this machine, so that its GPUs are those seen here."""
    from urllib.parse import urlsplit

    try:
        return urlsplit(url).hostname in ("127.0.0.1", "localhost", "::1")
    except ValueError:
        return False


def plan_told(found: Settings, meter: Meter, catalog: Catalog) -> dict[str, Any]:
    """The facts of the event ``plan``."""
    plan, state = found.plan, State(found.state / found.key())
    return {
        "folder": str(state.folder),
        "stale_count": state.stale_count(),
        "mixes": [mix.name for mix in plan.mixes],
        "runs": plan.runs(),
        "minutes": round(plan.expected_s() / 60, 1),
        "cuts": plan.cuts,
        "unfit": plan.unfit,
        "window_s": plan.window_s,
        "power_note": getattr(meter, "why", ""),
        "power": meter.code or "measured",
        "model_known": found.known_as in catalog.models(),
    }


def command(asked: Asked, power: bool = True) -> str:
    """
    The command that asks the same from a shell.

    Examples
    --------
    >>> command(Asked("maker/model", gpus=2, quick=True, concurrency=(4, 64), server_args=("--max-model-len", "8192")))
    "tco bench maker/model --gpus 2 --quick --concurrency 4:64 --server-args '--max-model-len 8192'"
    """
    default = Asked(asked.model)
    words = ["tco", "bench", asked.model]
    for name in Asked.__dataclass_fields__:
        value = getattr(asked, name)
        if name != "model" and value != getattr(default, name):
            words += _flag(name, value)
    return shlex.join(words if power else [*words, "--no-power"])


def _flag(name: str, value: Any) -> list[str]:
    named = {"known_as": "as", "window_s": "window-seconds", "open_loop": "no-open-loop"}
    flag = f"--{named.get(name, name.replace('_', '-'))}"
    if isinstance(value, bool):
        return [flag]
    if name == "concurrency":
        return [flag, f"{value[0]}:{value[1]}"]
    if name in ("server_args", "bench_args"):
        return [flag, shlex.join(value)]
    return [flag, f"{value:g}" if isinstance(value, float) else str(value)]
