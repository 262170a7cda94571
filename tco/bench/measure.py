"""From what was asked to a written profile: names looked up, the meter opened, the plan told, then measured. What every face calls."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
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
from tco.catalog import Catalog


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
        found = settings(asked, catalog, meter.facts())
        tell("plan", plan_told(found, meter, catalog))
        if only_plan:
            return None
        if found.url is not None:
            found = replace(found, engine_version=version(base(found.url)))
        return bench(found, meter, tell, bound(found, catalog), facts, host_of(meter, catalog))[0]


def meter_of(asked: Asked, power: bool = True) -> Meter:
    """The meter for a measurement: none where none is wanted, or where the GPUs are elsewhere and no exporter is named."""
    gpus = gpus_of(asked)
    elsewhere = asked.url is not None and not is_local(asked.url) and asked.dcgm is None
    return NoMeter(gpus) if elsewhere or not power else open_meter(gpus, asked.dcgm, or_none=True)


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
    plan = found.plan
    return {
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
