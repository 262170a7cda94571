"""The controls of a measurement: what `tco bench` is asked by flags, asked here by boxes; together they make one `Asked`."""

import argparse
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ipywidgets as w  # type: ignore[import-untyped]

from tco.bench.asked import Asked
from tco.bench.guards import FULL_WINDOW_S, QUICK_WINDOW_S
from tco.bench.plan import DEFAULT_LENGTHS, REPEATS
from tco.bench.typed import above_0, loads, share, whole
from tco.catalog import Catalog
from tco.errors import Fault
from tco.widgets.controls import fold, section
from tco.widgets.fields import Choice, Entry
from tco.widgets.form import show

UNTOLD = "not said yet"
"""Found in a box that must be filled: told above, and not at a box that nobody has touched."""
DTYPES = ("auto", "bfloat16", "float16")
HERE, RUNNING = "here", "running"
SEEN, DCGM, NO_POWER = "seen", "dcgm", "none"


@dataclass(frozen=True)
class Box:
    """One text box: the field of ``Asked`` it fills, the flag it stands for, and how what is typed is read."""

    field: str
    label: str
    help: str
    read: Callable[[str], Any] = str
    placeholder: str = ""
    unit: str = ""
    lines: int = 1

    @property
    def flag(self) -> str:
        """As in a shell, and in faults."""
        named = {"known_as": "as", "window_s": "window-seconds"}
        return f"--{named.get(self.field, self.field.replace('_', '-'))}" if self.field != "model" else "MODEL"


def words(text: str) -> tuple[str, ...]:
    """Arguments as a shell would part them."""
    return tuple(shlex.split(text))


def joined(text: str) -> str:
    """Lengths over several lines as one line."""
    return ",".join(part for part in text.replace(",", " ").split() if part)


MODEL = Box("model", "Model", "A repository's name or a folder, as vLLM takes it.", placeholder="maker/model")
URL = Box("url", "Address of the server", "OpenAI-compatible: vLLM elsewhere, a Kubernetes service, several nodes with Ray.",
          placeholder="http://host:8000")  # fmt: skip
GPUS = Box("gpus", "GPUs of one replica", "How many GPUs one copy of the model is served by.", whole, "1")
LENGTHS = Box("lengths", "Length mixes", "Prompt x answer in tokens; the first two say most and are cut last.", joined,
              DEFAULT_LENGTHS, lines=2)  # fmt: skip
SLO = Box("slo", "Limits", "Times to first token and per output token, or a service level by its name.",
          placeholder="planning values, or ttft=1000ms,tpot=50ms")  # fmt: skip
BUDGET = Box("budget_minutes", "At most", "The plan is cut to so many minutes: repeats and mixes go, a window never.", above_0,
             "as long as the plan takes", "min")  # fmt: skip
SERVER_ARGS = Box("server_args", "More arguments for vllm serve", "As in a shell; several nodes: --distributed-executor-backend ray.",
                  words, "--max-model-len 8192", lines=2)  # fmt: skip
QUANTIZATION = Box("quantization", "Quantisation", "As vLLM names it.", placeholder="as published")
EXPORTER = Box("dcgm", "DCGM exporter", "Address of a DCGM exporter or a Prometheus, where the GPUs are elsewhere.",
               placeholder="http://host:9400/metrics")  # fmt: skip
MORE_SERVER = (
    Box("tensor_parallel", "GPUs a layer is split over", "A divisor of the GPUs.", whole, "all of them"),
    Box("known_as", "Name in hw_profiles/models", "Where the model has another name there.", placeholder="the same"),
    Box("served_as", "Its name at the server", "Where the server calls the model something else.", placeholder="the same"),
    Box("tokenizer", "Tokenizer of the load client", "A repository's name or a folder.", placeholder="the model's"),
    Box("vllm", "The vllm command", "Where it is, if neither beside this Python nor on the path.", placeholder="found by itself"),
    Box("start_minutes", "Time to start", "After so long a server that is not ready is given up.", above_0, f"{Asked('').start_minutes:g}", "min"),
)  # fmt: skip
MORE_PLAN = (
    Box("slo_percentile", "Requests that must be inside", "Share of requests that keep both limits.", above_0, "planning value", "%"),
    Box("window_s", "Steady window", "How long a load is measured when it is full.", above_0, f"{FULL_WINDOW_S:g}", "s"),
    Box("repeats", "Runs at the found load", "Three give an error bar.", whole, f"{REPEATS}"),
    Box("concurrency", "First and highest load", "Requests in flight, between which the search goes.", loads, "8:1024"),
    Box("cached_frac", "Prompt found in the prefix cache", "Of one more point with a warm cache; 0 for no such point.", share,
        f"{Asked('').cached_frac:g}"),
    Box("seed", "Seed of the prompts", "The same seed, the same prompts.", int, "0"),
    Box("bench_args", "More arguments for vllm bench serve", "As in a shell.", words),
)  # fmt: skip
MORE_PLACES = (
    Box("output", "Folder of the profile", "Where the break-even looks for it is hw_profiles/serving.", Path, "hw_profiles/serving"),
    Box("state", "Folder of finished points", "A later start of the same measurement goes on from there.", Path, ".tco-bench"),
)  # fmt: skip


class BenchForm(w.VBox):  # type: ignore[misc]
    """Every control; ``changed`` is called after each change."""

    def __init__(self, catalog: Catalog, gpus_seen: Sequence[str], changed: Callable[[], None]) -> None:
        self.catalog, self.changed = catalog, changed
        self.boxes: dict[str, tuple[Box, Entry]] = {}
        self.server = self._choice("Server", "Who serves the model.", [
            [HERE, "start vLLM on this machine", ""], [RUNNING, "one that runs already, by address", ""]])  # fmt: skip
        rows = [["", _seen_words(gpus_seen), ""], *([name, name, "say it"] for name in sorted(catalog.gpus()))]
        self.gpu = self._choice("GPU", "Which GPU serves, as in hw_profiles/gpus.", rows)
        self.dtype = self._choice("Format of the weights", "As vLLM's --dtype.", [[n, _dtype(n), ""] for n in DTYPES])
        thorough = [["full", f"windows of {FULL_WINDOW_S:g} s, {REPEATS} repeats", ""],
                    ["quick", f"a first look: windows of {QUICK_WINDOW_S:g} s", ""]]  # fmt: skip
        self.thorough = self._choice("How thoroughly", "A quick profile is marked as one.", thorough)
        self.open_loop = self._choice("Confirm by arrivals at random", "An open loop just below the found load.", [
            ["yes", "yes", ""], ["no", "no", ""]])  # fmt: skip
        self.power = self._choice("Power from", "Watts come from the driver, from an exporter, or not at all.", [
            [SEEN, "the GPUs of this machine", ""], [DCGM, "a DCGM exporter", ""], [NO_POWER, "left out", ""]])  # fmt: skip
        super().__init__(self._sections())
        self.add_class("tco-form")
        self._show_what_applies()

    def asked(self) -> tuple[Asked | None, list[Fault]]:
        """What the controls say together; None with every fault where one cannot be read."""
        told, faults = self._typed()
        if not told.get("model"):
            faults.append(Fault("MODEL", UNTOLD, "name the model to serve, such as one of `tco list models`"))
        if self.server.value == RUNNING and not told.get("url"):
            faults.append(Fault("--url", UNTOLD, "give the address of the server"))
        if self.power.value == DCGM and not told.get("dcgm"):
            faults.append(Fault("--dcgm", UNTOLD, "give the address of the exporter"))
        if faults:
            return None, faults
        told |= {"gpu": self.gpu.value} if self.gpu.value else {}
        told |= {"dtype": self.dtype.value, "quick": self.thorough.value == "quick"}
        return Asked(**told | {"open_loop": self.open_loop.value == "yes"}), []

    @property
    def with_power(self) -> bool:
        """Whether power is to be measured where it can be had."""
        return bool(self.power.value != NO_POWER)

    def tell(self, faults: Sequence[Fault]) -> list[Fault]:
        """Show each fault at its control; those that belong to none come back."""
        entries = {box.flag: entry for box, entry in self.boxes.values()}
        controls: dict[str, Any] = {**entries, "--gpu": self.gpu}
        by_flag = {f.where: f"{f.found}: {f.mend}" if f.found else f.mend for f in faults if f.found != UNTOLD}
        for flag, control in controls.items():
            control.error = by_flag.get(flag, "")
        return [fault for fault in faults if fault.where not in controls]

    def set(self, values: Mapping[str, str]) -> None:
        """Fill boxes by the names of their fields."""
        for name, text in values.items():
            self.boxes[name][1].value = text

    def _typed(self) -> tuple[dict[str, Any], list[Fault]]:
        told: dict[str, Any] = {}
        faults = []
        for name, (box, entry) in self.boxes.items():
            text = entry.value.strip()
            if not text or not self._applies(name):
                continue
            try:
                told[name] = box.read(text)
            except argparse.ArgumentTypeError as error:
                faults.append(Fault(box.flag, repr(text), str(error)))
            except ValueError:
                mend = "close the quotes" if box.read is words else "write a number, with a decimal point"
                faults.append(Fault(box.flag, repr(text), mend))
        return told, faults

    def _applies(self, name: str) -> bool:
        if name in ("url", "served_as"):
            return bool(self.server.value == RUNNING)
        if name in ("server_args", "quantization", "start_minutes"):
            return bool(self.server.value == HERE)
        return name != "dcgm" or self.power.value == DCGM

    def _sections(self) -> list[w.Widget]:
        model = self._box(MODEL, sorted(self.catalog.models()))
        self.url, self.exporter, self.quantization = (
            self._box(URL),
            self._box(EXPORTER),
            self._box(QUANTIZATION, ["fp8"]),
        )
        self.arguments = self._box(SERVER_ARGS)
        limits = self._box(SLO, ["ttft=1000ms,tpot=50ms", *sorted(self.catalog.service_levels())])
        more = fold("More of the server", [self._box(box) for box in MORE_SERVER], True)
        serving = [model, self._boxed(self.server), self.url, self._boxed(self.gpu), self._box(GPUS)]
        serving += [self._boxed(self.dtype), self.quantization, self.arguments, more]
        rest = fold("More of the plan", [*(self._box(b) for b in MORE_PLAN), self._boxed(self.open_loop)], True)
        plan = [self._boxed(self.thorough), self._box(LENGTHS), limits, self._box(BUDGET), rest]
        places = [self._box(box) for box in MORE_PLACES]
        return [
            section("What serves", serving),
            section("What is measured", plan),
            section("Power", [self._boxed(self.power), self.exporter]),
            section("Where it goes", places, folded=True),
        ]

    def _box(self, box: Box, suggestions: Sequence[str] = ()) -> w.VBox:
        entry = Entry(label=box.label, help=box.help, unit=box.unit, placeholder=box.placeholder, lines=box.lines,
                      suggestions=list(suggestions))  # fmt: skip
        entry.observe(self._changed, names="value")
        self.boxes[box.field] = box, entry
        return self._boxed(entry)

    def _boxed(self, control: w.Widget) -> w.VBox:
        """A box around it, which can be hidden."""
        return w.VBox([control])

    def _choice(self, label: str, help: str, choices: list[list[str]]) -> Choice:
        made = Choice(label=label, help=help, choices=choices, value=choices[0][0])
        made.observe(self._changed, names="value")
        return made

    def _changed(self, _change: Any) -> None:
        self._show_what_applies()
        self.changed()

    def _show_what_applies(self) -> None:
        show(self.url, self._applies("url"))
        show(self.exporter, self._applies("dcgm"))
        for box in (self.quantization, self.arguments):
            show(box, self._applies("server_args"))


def _seen_words(gpus: Sequence[str]) -> str:
    return f"as seen here: {', '.join(sorted(set(gpus)))}" if gpus else "none is seen here: say which"


def _dtype(name: str) -> str:
    return "as the model was published" if name == "auto" else name
