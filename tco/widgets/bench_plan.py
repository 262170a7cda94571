"""What would be measured with the controls as they stand, how long it takes, and what is missing for it, each in a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tco.bench.asked import Asked, gpus_of
from tco.bench.measure import LEARNT, command, is_known, is_local, metered, pinned
from tco.bench.power import NoMeter, NoPower, open_meter
from tco.bench.settings import Settings, client
from tco.bench.state import State
from tco.catalog import Catalog
from tco.errors import Fault, MissingTool, TcoError
from tco.widgets.bench_form import BenchForm


@dataclass(frozen=True)
class Machine:
    """What this machine has: the names of its GPUs, or why none is seen, and whether that is a fault to mend."""

    facts: dict[str, Any]
    why_no_gpu: str = ""
    refused: tuple[Fault, ...] = ()
    """Why a driver that is there cannot tell the power of its GPUs, such as slices."""

    @property
    def gpus(self) -> list[str]:
        """As the driver names them."""
        return [str(gpu.get("name", "")) for gpu in self.facts.get("gpus", ())]


@dataclass(frozen=True)
class Prepared:
    """The controls' question, what is wrong with it, and what it comes to."""

    asked: Asked | None
    settings: Settings | None
    faults: tuple[Fault, ...]
    missing: tuple[str, ...]
    kept_count: int | None = 0
    """Finished runs from before; None where a server or an exporter elsewhere must be asked first, which the start does."""
    command: str = ""

    @property
    def ready(self) -> bool:
        """Whether it can be started."""
        return self.settings is not None and not self.missing


def look(gpus: int | None = None) -> Machine:
    """Ask the driver which GPUs are here, all or the first few."""
    try:
        meter = open_meter(gpus, or_none=True)
    except NoPower as fault:
        return Machine({}, str(fault), fault.faults)
    try:
        why = meter.why if isinstance(meter, NoMeter) else ""
        return Machine(meter.facts(), why)
    finally:
        meter.close()


look_at_few = lru_cache(maxsize=8)(look)
"""The same, each number once: where a card that is not used cannot tell its power, the others may."""


def prepare(form: BenchForm, catalog: Catalog, machine: Machine) -> Prepared:
    """What the controls come to on this machine; faults are told, never raised."""
    asked, faults = form.asked()
    found: Settings | None = None
    if asked is not None:
        try:
            found = pinned(asked, catalog, _seen(asked, form.with_power, machine), form.with_power)
        except TcoError as error:
            faults = list(error.faults)
    kept: int | None = 0
    if found is not None and asked is not None:
        known = is_known(asked, form.with_power)
        kept = State(found.state / found.key()).points_count() if known else None
    said = command(asked, form.with_power) if asked is not None else ""
    return Prepared(asked, found, tuple(faults), tuple(missing(asked, form, machine)), kept, said)


def _seen(asked: Asked, power: bool, machine: Machine) -> Mapping[str, Any]:
    """
    What the measurement's own meter will know of the GPUs, without asking anybody elsewhere.

    Raises
    ------
    TcoError
        Where that meter would be refused.
    """
    if asked.dcgm is not None and power:
        return LEARNT.gpus.get(
            (asked.dcgm, gpus_of(asked)), {"why": "not said, and the exporter is only asked at the start"}
        )
    if machine.refused and metered(asked, power):
        machine = look_at_few(gpus_of(asked))
        if machine.refused:
            raise TcoError(machine.refused)
    return machine.facts or {"why": machine.why_no_gpu}


def missing(asked: Asked | None, form: BenchForm, machine: Machine) -> list[str]:
    """What this machine lacks for the question, and what can be done: a sentence each."""
    told = []
    try:
        client(asked.vllm if asked is not None else form.boxes["vllm"][1].value or None)
    except MissingTool:
        told.append(
            "vLLM is not found here, and it serves the model and sends the load: "
            'pip install "llm-tco[bench]" where the GPU is and open this notebook there, '
            "or bring results that another tool has measured (page Import)."
        )
    here = form.server.value != "running"
    if here and not machine.gpus and not machine.refused and not form.gpu.value:
        told.append(
            "No NVIDIA GPU is seen on this machine: give the address of a server that runs elsewhere, or say under GPU which one serves."
        )
    return told


def power_note(asked: Asked, form: BenchForm, machine: Machine) -> str:
    """Where the watts come from, in a sentence."""
    if form.power.value == "none":
        return "Watts and joules are left out, as asked."
    if asked.dcgm:
        return f"Watts come from {asked.dcgm}."
    if asked.url is not None and not is_local(asked.url):
        return "The server is elsewhere: name its DCGM exporter under Power, or watts and joules are left out."
    if machine.gpus:
        return "Watts come from the driver's energy counter."
    return "No GPU is seen here, so watts and joules are left out."


def time_words(s: float) -> str:
    """
    A span for people.

    Examples
    --------
    >>> time_words(45), time_words(600), time_words(7000)
    ('45 s', '10 min', '1 h 57 min')
    """
    minutes = round(s / 60.0)
    if s < 90:
        return f"{s:.0f} s"
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def cut_words(cuts: Sequence[str]) -> str:
    """What the budget took away, in a sentence."""
    return f"Left out for the time: {'; '.join(cuts)}." if cuts else ""
