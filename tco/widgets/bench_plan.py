"""What would be measured with the controls as they stand, how long it takes, and what is missing for it, each in a sentence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tco.bench.asked import Asked, settings
from tco.bench.measure import command, is_local
from tco.bench.power import NoMeter, open_meter
from tco.bench.settings import Settings, client
from tco.bench.state import State
from tco.catalog import Catalog
from tco.errors import Fault, MissingTool, TcoError
from tco.widgets.bench_form import BenchForm


@dataclass(frozen=True)
class Machine:
    """What this machine has: the names of its GPUs, or why none is seen."""

    facts: dict[str, Any]
    why_no_gpu: str = ""

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
    kept_count: int = 0
    command: str = ""

    @property
    def ready(self) -> bool:
        """Whether it can be started."""
        return self.settings is not None and not self.missing


def look() -> Machine:
    """Ask the driver, once, which GPUs are here."""
    meter = open_meter(or_none=True)
    try:
        why = meter.why if isinstance(meter, NoMeter) else ""
        return Machine(meter.facts(), why)
    finally:
        meter.close()


def prepare(form: BenchForm, catalog: Catalog, machine: Machine) -> Prepared:
    """What the controls come to on this machine; faults are told, never raised."""
    asked, faults = form.asked()
    found: Settings | None = None
    if asked is not None:
        try:
            found = settings(asked, catalog, machine.facts)
        except TcoError as error:
            faults = list(error.faults)
    if found is not None and asked is not None and (not form.with_power or (asked.url and not is_local(asked.url))):
        found = replace(found, gpus_seen=())  # as the measurement itself will know them: no meter is opened
    kept = State(found.state / found.key()).points_count() if found is not None else 0
    said = command(asked, form.with_power) if asked is not None else ""
    return Prepared(asked, found, tuple(faults), tuple(missing(asked, form, machine)), kept, said)


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
    if here and not machine.gpus and not form.gpu.value:
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
