"""The break-even screen: verdict, chart, the reasons under it, and the controls beside it."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import ipywidgets as w  # type: ignore[import-untyped]

from tco.catalog import Catalog
from tco.errors import Fault, TcoError
from tco.evaluate import BILL, VOLUME
from tco.present.axis import AxisName, VolumeAxis, volume_axis
from tco.present.charts.axes import Range
from tco.present.charts.printed import print_ready
from tco.present.picture import breakeven_figure, bridge_figure, headline, lines_figure, write_chart
from tco.present.provenance import source_line, stale_words, vendors_line
from tco.scenario import Scenario, load_scenario
from tco.widgets import choices, pages, reaches
from tco.widgets.chart import Chart
from tco.widgets.choices import ChoiceControl, Names
from tco.widgets.fields import Choice, Download, Fold, Tabs, Words
from tco.widgets.form import NumberControl, Reach, show
from tco.widgets.store import Outcome, Store

MEDIA = {"html": "text/html", "pdf": "application/pdf", "yaml": "application/yaml"}
NOTHING_TO_EXPORT = "There is no answer to export yet: see what to mend above."
PAUSE_S = 0.12
"""Rest of a slider after which the page under the chart is drawn. [s]"""
WIDTH_STEP_PX = 40
"""A chart whose width changes by less keeps the places of its words."""


class BreakEvenApp(w.VBox):  # type: ignore[misc]
    """
    The screen. It reads controls into the store's scenario and shows the store's outcome; it computes nothing.

    Examples
    --------
    >>> app = BreakEvenApp.for_scenario("support-assistant", None)
    >>> app.store.change({"workload.bill_usd_per_month": 50_000.0})
    >>> app.store.outcome.case.numbers.workload.bill_usd_per_month
    50000.0
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self.axis_name: AxisName = "requests"
        self.ranges: tuple[Range, Range] | None = None
        self.drawn_px = 900
        self.opening = False
        self.later: asyncio.TimerHandle | None = None
        self.controls: list[NumberControl | ChoiceControl] = []
        self.words = Words(live=True, label="Answer", style_class="tco-verdict")
        self.as_of = Words(style_class="tco-asof")
        self.chart, self.bridge, self.lines = (
            Chart(filename="break-even"),
            Chart(filename="bridge"),
            Chart(filename="cost-lines"),
        )
        self.download = Download()
        super().__init__([self._bar(), self.words, self._main(), self.download])
        self.add_class("tco-app")
        store.observe(self._redraw, names=("outcome", "faults"))
        self.chart.observe(self._resized, names="width_px")
        self.redraw()

    @classmethod
    def for_scenario(cls, scenario: str, data: str | None = None) -> "BreakEvenApp":
        """The screen on a shipped scenario or a YAML file."""
        catalog = Catalog.open(data)
        return cls(Store(catalog, load_scenario(scenario, catalog.scenarios())))

    # ---- layout

    def _bar(self) -> w.Box:
        shipped = self.store.catalog.scenarios()
        rows = [["", "a file of yours", ""]] + [
            [name, Scenario.read(path).tree.get("name", name), ""] for name, path in sorted(shipped.items())
        ]
        now = next((name for name, path in shipped.items() if str(path) == self.store.scenario.where), "")
        self.preset = Choice(label="Preset", help="A whole scenario to start from.", choices=rows, value=now)
        self.preset.observe(lambda change: self._preset(change["new"]), names="value")
        names = ["requests a month", "tokens a day", "API dollars a month"]
        self.unit = Choice(
            label="Volume in",
            help="Unit of volume in words and chart.",
            choices=[[key, name, ""] for key, name in zip(("requests", "tokens", "dollars"), names, strict=True)],
            value="requests",
        )
        self.unit.observe(self._unit, names="value")
        self.upload = w.FileUpload(
            accept=".yaml,.yml", multiple=False, description="Open…", tooltip="Open a scenario from a YAML file"
        )
        self.upload.observe(self._opened, names="value")
        save = _button("Save…", "Save this scenario as a YAML file", lambda _b: self._save())
        reset = _button("Reset", "Put everything back as it was opened", lambda _b: self.reset())
        bar = w.Box([self.preset, self.upload, save, reset, self.unit, self.as_of])
        bar.add_class("tco-bar")
        return bar

    def _main(self) -> w.Box:
        form = w.VBox([self._demand(), *self._sections()])
        form.add_class("tco-form")
        self.tabs = Tabs(titles=["Bridge", "Cost lines", "Capacity", "Warnings", "Sources", "Export"])
        self.capacity, self.warned, self.sourced = (Words(style_class="tco-page") for _ in range(3))
        pages_shown = [self.bridge, self.lines, self.capacity, self.warned, self.sourced, self._exports()]
        self.boxes = [w.VBox([page]) for page in pages_shown]
        self.tabs.observe(self._turned, names="selected")
        tabs = w.VBox([self.tabs, *self.boxes])
        tabs.add_class("tco-tabs")
        main = w.Box([form, w.VBox([self.chart, tabs])])
        main.add_class("tco-main")
        return main

    def _demand(self) -> w.Widget:
        self.start = Choice(
            label="Start from",
            help="Your present bill, or a number of requests.",
            choices=[["bill", "my API bill", ""], ["volume", "my volume", ""]],
            value="bill" if self.store.by_bill else "volume",
        )
        self.start.observe(self._started, names="value")
        return self._section("Demand", [self.start, *self._numbers(reaches.DEMAND)])

    def _sections(self) -> list[w.Widget]:
        n, c = self._numbers, self._choice
        return [
            self._section("What you pay for now", [c(choices.API), *n(reaches.PAYING)]),
            self._section(
                "What you would run",
                [c(choices.MODEL), c(choices.PROFILE), c(choices.RENT), *n(reaches.RUNNING), c(choices.HOST)],
            ),
            self._section("People", n(reaches.PEOPLE), folded=True),
            self._section(
                "Service level and shape",
                [
                    n(reaches.SERVICE[:1])[0],
                    n(reaches.SERVICE[1:2])[0],
                    c(choices.PERCENTILE),
                    c(choices.SHAPE),
                    *n(reaches.SERVICE[2:]),
                ],
                folded=True,
            ),
            self._section("Money and the rest", n(reaches.MONEY), folded=True),
        ]

    def _section(self, title: str, fields: Sequence[w.Widget], folded: bool = False) -> w.Widget:
        inside = w.VBox(list(fields))
        fold = Fold(title=title, expanded=not folded)
        show(inside, not folded)
        fold.observe(lambda change: show(inside, change["new"]), names="expanded")
        box = w.VBox([fold, inside])
        box.add_class("tco-section")
        return box

    def _numbers(self, rows: Sequence[Reach]) -> list[w.Widget]:
        made = [NumberControl(self.store, reach, self.ids) for reach in rows]
        self.controls += made
        return [control.box for control in made]

    def _choice(self, names: Names) -> w.Widget:
        control = ChoiceControl(self.store, names, self.ids)
        self.controls.append(control)
        return control.field

    def _exports(self) -> w.Widget:
        buttons = [
            _button(
                "HTML", "One page that opens anywhere, with every digit on hover", lambda _b: self._export_file("html")
            ),
            _button("PNG", "A picture for slides, drawn by this browser", lambda _b: self._export_image("png")),
            _button("SVG", "A drawing that stays sharp at any size", lambda _b: self._export_image("svg")),
            _button(
                "PDF",
                "A page for print; needs Chrome or Chromium where JupyterLab runs",
                lambda _b: self._export_file("pdf"),
            ),
        ]
        row = w.Box(buttons)
        row.add_class("tco-exports")
        self.exported = Words(live=True, style_class="tco-page")
        return w.VBox(
            [
                Words(
                    style_class="tco-page",
                    html="The break-even chart with title, sources, as-of date and scenario hash:",
                ),
                row,
                self.exported,
            ]
        )

    # ---- what is on screen is a function of the store

    def ids(self) -> Mapping[str, str]:
        """Which option plays which part."""
        outcome, tree = self.store.outcome, self.store.scenario.tree
        if outcome is not None and set(tree["options"]) <= set(outcome.case.numbers.options):
            numbers = outcome.case.numbers
            return {"api": numbers.baseline, "own": numbers.challenger, "hosted": numbers.hosted or "hosted"}
        kinds = {name: option.get("kind") for name, option in tree["options"].items()}
        api = tree.get("baseline") or next((name for name, kind in kinds.items() if kind == "api"), "api")
        own = tree.get("challenger") or next((name for name, kind in kinds.items() if kind != "api"), "self_host")
        return {"api": api, "own": own, "hosted": tree.get("hosted") or "hosted"}

    @property
    def outcome(self) -> Outcome:
        """The last good outcome; only asked for when there is one."""
        found = self.store.outcome
        assert found is not None
        return found

    @property
    def axis(self) -> VolumeAxis:
        """Unit of volume on screen."""
        answer = self.outcome.answer
        return volume_axis(self.axis_name, answer.axis, answer.labels[answer.baseline])

    def redraw(self) -> None:
        """Draw everything from the store."""
        for control in self.controls:
            control.sync()
        self.start.value = "bill" if self.store.by_bill else "volume"
        outcome, faults = self.store.outcome, self.store.faults
        if outcome is None:
            rows = "".join(f'<div class="tco-fault">{fault}</div>' for fault in faults)
            self.words.html = f'<p class="tco-headline">This scenario cannot be answered yet.</p>{rows}'
            return
        changes = self.store.changes_count
        changed = f" · {changes} change{'s' if changes != 1 else ''} since opened" if changes else ""
        self.as_of.html = f"{source_line(outcome.case)}{stale_words(outcome.case)}{changed}"
        self.words.html = pages.verdict_html(outcome, self.axis, faults)
        self._draw_chart("not up to date: see above" if faults else "")
        self._draw_page_soon()
        self.tabs.titles = [
            f"Warnings ({len(outcome.answer.warnings)})" if t.startswith("Warnings") else t for t in self.tabs.titles
        ]

    def _draw_chart(self, stale_note: str = "") -> None:
        outcome = self.outcome
        figure, self.ranges = breakeven_figure(
            outcome.case,
            outcome.answer,
            self.axis_name,
            before=self.ranges,
            width_px=self.drawn_px,
            height_px=_height_px(self.drawn_px),
            stale_note=stale_note,
        )
        self.chart.show(figure)

    def _draw_page_soon(self) -> None:
        """The page under the chart follows a moving slider when it pauses; the chart follows at once."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no kernel around: a test, or a script
            self._draw_page()
            return
        if self.later is not None:
            self.later.cancel()
        self.later = loop.call_later(PAUSE_S, self._draw_page)

    def _draw_page(self) -> None:
        outcome, chosen = self.outcome, self.tabs.selected
        for index, box in enumerate(self.boxes):
            show(box, index == chosen)
        if chosen == 0:
            self.bridge.show(bridge_figure(outcome.case, outcome.comparison, outcome.answer.baseline, self.drawn_px))
        elif chosen == 1:
            self.lines.show(lines_figure(outcome.case, outcome.comparison, outcome.answer.baseline, self.drawn_px))
        elif chosen == 2:
            self.capacity.html = pages.capacity_html(outcome)
        elif chosen == 3:
            self.warned.html = pages.warnings_html(outcome.answer.warnings)
        elif chosen == 4:
            self.sourced.html = pages.sources_html(outcome)

    # ---- what people do

    def _redraw(self, _change: Any) -> None:
        self.redraw()

    def _resized(self, change: Mapping[str, Any]) -> None:
        if abs(change["new"] - self.drawn_px) >= WIDTH_STEP_PX and self.store.outcome is not None:
            self.drawn_px = change["new"]
            self._draw_chart()
            self._draw_page()

    def _turned(self, _change: Any) -> None:
        if self.store.outcome is not None:
            self._draw_page()

    def _unit(self, change: Mapping[str, Any]) -> None:
        self.axis_name, self.ranges = change["new"], None
        self.redraw()

    def _started(self, change: Mapping[str, Any]) -> None:
        outcome = self.store.outcome
        by_bill = self.store.by_bill
        if outcome is None or (change["new"] == "bill") == by_bill:
            return
        requests = outcome.answer.at_volume.requests_per_month
        if change["new"] == "volume":
            self.store.change({VOLUME: _rounded(requests)})
        else:
            self.store.change({BILL: _rounded(outcome.answer.at_volume.baseline_tokens_usd)})

    def _preset(self, name: str) -> None:
        path = self.store.catalog.scenarios().get(name)
        if path is not None and not self.opening:
            self._open(Scenario.read(path))

    def _open(self, scenario: Scenario) -> None:
        self.ranges = None
        self.store.open(scenario)
        shipped = {str(path): name for name, path in self.store.catalog.scenarios().items()}
        with self.preset.hold_trait_notifications():
            self.opening = True
            self.preset.value = shipped.get(scenario.where, "")
        self.opening = False

    def reset(self) -> None:
        """Put everything back as it was opened."""
        self._open(self.store.base)

    def _opened(self, change: Mapping[str, Any]) -> None:
        for item in change["new"]:
            try:
                self._open(Scenario.from_yaml(bytes(item["content"]).decode("utf-8-sig"), item["name"]))
            except UnicodeDecodeError:
                self.store.refuse(Fault(item["name"], "cannot be read", "save it as UTF-8 text"))
            except TcoError as error:
                self.store.faults = error.faults
        if change["new"]:
            self.upload.value = ()

    def _save(self) -> None:
        kept = self.store.scenario
        if kept.as_of is None and self.store.outcome is not None:
            kept = kept.set("as_of", self.outcome.case.numbers.as_of)  # so that it opens as it was
        self.download.give("scenario.yaml", kept.to_yaml().encode(), MEDIA["yaml"])

    def _title(self) -> str:
        return headline(self.outcome.answer, self.axis)

    def _export_image(self, kind: Literal["png", "svg"]) -> None:
        if self.store.outcome is None:
            self.exported.html = NOTHING_TO_EXPORT
            return
        case = self.outcome.case
        figure, _ = breakeven_figure(case, self.outcome.answer, self.axis_name, width_px=1100, height_px=560)
        printed = print_ready(
            figure,
            title=self._title(),
            source_line=f"{vendors_line(case)}{stale_words(case)}",
            as_of=case.numbers.as_of,
            scenario_hash=case.scenario_hash,
        )
        self.chart.request_image(kind, figure=printed, width=1100, filename=f"break-even.{kind}")
        self.exported.html = f"break-even.{kind} is in your browser's downloads."

    def _export_file(self, kind: str) -> None:
        name = f"break-even.{kind}"
        if self.store.outcome is None:
            self.exported.html = NOTHING_TO_EXPORT
            return
        with TemporaryDirectory() as folder:
            try:
                path = write_chart(self.outcome.case, self.outcome.answer, Path(folder) / name, self.axis_name)
            except TcoError as error:
                self.exported.html = "<br>".join(f"{fault.found}; {fault.mend}" for fault in error.faults)
                return
            self.download.give(name, path.read_bytes(), MEDIA[kind])
        self.exported.html = f"{name} is in your browser's downloads."


def _height_px(width_px: int) -> int:
    """A chart as high as its width can carry and a laptop's window can show."""
    return int(min(max(0.42 * width_px, 320), 480))


def _rounded(value: float) -> float:
    return float(f"{value:.4g}")


def _button(text: str, tip: str, act: Any) -> w.Button:
    button = w.Button(description=text, tooltip=tip)
    button.on_click(act)
    return button
