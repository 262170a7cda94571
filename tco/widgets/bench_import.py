"""Results of other tools, brought by the browser: read, asked about where they are silent, shown, and saved as a profile."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import ipywidgets as w  # type: ignore[import-untyped]

from tco.bench.importing import Import, Imported, import_files
from tco.bench.told import Told
from tco.bench.typed import above_0, whole
from tco.catalog import Catalog
from tco.errors import Fault, TcoError
from tco.inputs.hardware import Percentiles, ServingPoint
from tco.widgets.bench_pages import faults_html, short_path, used
from tco.widgets.exports import button
from tco.widgets.fields import Drop, Entry, Words
from tco.widgets.form import show

MOST_DROPPED = 8


@dataclass(frozen=True)
class Question:
    """Something a file may leave out: the field of ``Told``, its flag, and how an answer is read."""

    field: str
    flag: str
    label: str
    read: Callable[[str], Any] = str


QUESTIONS = (
    Question("model", "--model", "Model"),
    Question("gpu", "--gpu", "GPU"),
    Question("gpus", "--gpus", "GPUs that served", whole),
    Question("engine", "--engine", "Engine"),
    Question("engine_version", "--engine-version", "Version of the engine"),
    Question("dtype", "--dtype", "Format of the weights"),
    Question("replicas", "--replicas", "Copies of the model behind the address", whole),
    Question("input_tok", "--input-tok", "Prompt tokens of a request, mean", above_0),
    Question("output_tok", "--output-tok", "Answer tokens of a request, mean", above_0),
    Question("concurrency", "--concurrency", "Requests in flight", above_0),
)


class BenchImport(w.VBox):  # type: ignore[misc]
    """A place to drop files, the questions they leave open, what they make, and a button to save it."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog, self.files = catalog, dict[str, bytes]()
        self.made: Import | None = None
        self.drop = Drop(
            label="Drop result files here, or choose them",
            help="vLLM bench (serve, sweep, throughput), GuideLLM, AIPerf, inference-perf, InferenceX, MLPerf; several at once.",
        )
        self.drop.on_files(self.take)
        suggestions = {"model": sorted(catalog.models()), "gpu": sorted(catalog.gpus()), "engine": ["vllm", "sglang", "trtllm"],
                       "engine_version": ["unrecorded"], "dtype": ["auto", "fp8"]}  # fmt: skip
        self.entries = {q.field: Entry(label=q.label, suggestions=suggestions.get(q.field, [])) for q in QUESTIONS}
        self.boxes = {name: w.VBox([entry]) for name, entry in self.entries.items()}
        for entry in self.entries.values():
            entry.observe(lambda _change: self.read(), names="value")
        asked = w.Box(list(self.boxes.values()))
        asked.add_class("tco-asked")
        self.said = Words(live=True, style_class="tco-page")
        self.save = button(
            "Save the profile", "Write it beside the others, for the break-even to use", lambda _b: self.keep()
        )
        self.saves = w.Box([self.save])
        super().__init__([self.drop, asked, self.said, self.saves])
        self.take({})

    def take(self, files: Mapping[str, bytes]) -> None:
        """Start anew from some files."""
        self.files = {Path(name).name: data for name, data in files.items()}
        for entry in self.entries.values():
            entry.value = ""
        for box in self.boxes.values():
            show(box, False)
        self.read()

    def read(self) -> None:
        """Read the files with what is told beside them."""
        self.made = None
        show(self.saves, False)
        told, faults = self._told()
        if not self.files:
            self.said.html = (
                "<p>A profile made of them is graded <b>imported</b>, and used by the break-even like any other.</p>"
            )
            return
        if not faults:
            try:
                self.made = self._imported(told)
            except TcoError as error:
                faults = list(error.faults)
        self._ask(faults)
        if self.made is not None:
            self.said.html = made_html(self.made)
            show(self.saves, True)

    def keep(self) -> None:
        """Save every profile made."""
        if self.made is None:
            return
        try:
            written = [self.catalog.save_profile(each.profile, each.variant) for each in self.made.profiles]
        except (TcoError, OSError) as error:
            faults = (
                error.faults if isinstance(error, TcoError) else (Fault("save", str(error), "choose another folder"),)
            )
            self.said.html = faults_html(faults) + made_html(self.made)
            return
        names = ", ".join(f"<b>{escape(short_path(str(path)))}</b>" for path in written)
        self.said.html = f"<p>Profile written to {names}. {used()}</p>{made_html(self.made)}"
        show(self.saves, False)

    def _imported(self, told: Told) -> Import:
        with TemporaryDirectory() as folder:
            paths = [Path(folder) / name for name in self.files]
            for path, data in zip(paths, self.files.values(), strict=True):
                path.write_bytes(data)
            try:
                return import_files([str(path) for path in paths], told, self.catalog, date.today())
            except TcoError as error:
                shorter = [
                    Fault(*(part.replace(f"{folder}/", "") for part in (f.where, f.found, f.mend)))
                    for f in error.faults
                ]
                raise type(error)(shorter) from error

    def _told(self) -> tuple[Told, list[Fault]]:
        values: dict[str, Any] = {}
        faults = []
        for question in QUESTIONS:
            text = self.entries[question.field].value.strip()
            if text:
                try:
                    values[question.field] = question.read(text)
                except Exception:  # whatever a reader makes of a text that is no number
                    faults.append(Fault(question.flag, repr(text), "write a number above 0"))
        return Told(**values), faults

    def _ask(self, faults: Sequence[Fault]) -> None:
        """Show the control of every fault that one can mend, and tell the rest."""
        rest = []
        for fault in faults:
            mending = [q for q in QUESTIONS if q.flag in fault.where.split(", ")]
            for question in mending:
                show(self.boxes[question.field], True)
            rest += [] if mending else [fault]
        for question in QUESTIONS:
            own = [fault for fault in faults if question.flag in fault.where.split(", ")]
            self.entries[question.field].error = f"{own[0].found}; {own[0].mend}" if own else ""
        asked = "<p>The files leave out what is asked above; everything at once.</p>" if len(rest) < len(faults) else ""
        self.said.html = asked + faults_html(rest)


def made_html(made: Import) -> str:
    """The profiles, point by point, and what was left out and why."""
    read = "".join(
        f"<li>{escape(f.path.name)}: {escape(f.format)}, {len(f.found.points)} points</li>" for f in made.files
    )
    left = [f"<li>{escape(Path(d.where).name)}: {escape(d.why)}</li>" for d in made.dropped[:MOST_DROPPED]]
    more = len(made.dropped) - MOST_DROPPED
    left += [f"<li>and {more} more</li>"] if more > 0 else []
    dropped = (
        f"<details><summary>{len(made.dropped)} left out, and why</summary><ul>{''.join(left)}</ul></details>"
        if left
        else ""
    )
    return "".join(map(_profile, made.profiles)) + f"<p>Read:</p><ul>{read}</ul>{dropped}"


def _profile(made: Imported) -> str:
    profile = made.profile
    engine = profile.engine
    title = (
        f"{profile.model} on {profile.gpus_per_replica} × {profile.gpu}, {engine.name} {engine.version}, {engine.dtype}"
    )
    heads = ("prompt", "answer", "in flight", "tok/s", "TTFT, ms", "tail", "TPOT, ms", "tail", "watts")
    head = "".join(f'<th scope="col" class="num">{text}</th>' for text in heads)
    body = "".join(_point(point) for point in profile.points)
    flags = "".join(f"<li>{escape(flag)}</li>" for flag in made.flags)
    region = f'<div class="tco-scroll" tabindex="0" role="region" aria-label="{escape(title, quote=True)}">'
    table = f"{region}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    notes = f'<ul class="tco-warnings">{flags}</ul>' if flags else ""
    return f"<p><b>{escape(title)}</b></p>{table}{notes}"


def _point(point: ServingPoint) -> str:
    cells = (f"{point.input_tok:,.0f}", f"{point.output_tok:,.0f}", f"{point.concurrency:,.4g}", f"<b>{point.output_tok_per_s:,.1f}</b>",
             _shown(point.ttft_ms.p50), _tail(point.ttft_ms), _shown(point.tpot_ms.p50), _tail(point.tpot_ms), _shown(point.watts))  # fmt: skip
    return f"<tr>{''.join(f'<td class=num>{cell}</td>' for cell in cells)}</tr>"


def _tail(known: Percentiles) -> str:
    named = ((name, getattr(known, name)) for name in ("p99", "p95", "p90"))
    return next((f"{value:,.4g} ({name})" for name, value in named if value is not None), "–")


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:,.4g}"
