"""The break-even screen: verdict, chart, the reasons under it, and the controls beside it."""

import asyncio
from collections.abc import Mapping
from datetime import date
from html import escape
from typing import Any

import ipywidgets as w  # type: ignore[import-untyped]

from tco.catalog import Catalog
from tco.errors import Fault, TcoError
from tco.present.axis import AxisName, VolumeAxis, volume_axis
from tco.present.charts.axes import Range
from tco.present.picture import breakeven_figure
from tco.present.provenance import source_line, stale_words
from tco.present.service import doubt_badge
from tco.resolve.kept import keep
from tco.scenario import Scenario, load_scenario
from tco.widgets import pages
from tco.widgets.chart import Chart
from tco.widgets.controls import Controls
from tco.widgets.exports import MEDIA, Exports, button
from tco.widgets.fields import Choice, Download, Words
from tco.widgets.store import Outcome, Store
from tco.widgets.under import Under

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
        self.parts_of: tuple[Scenario, Outcome | None] = (store.scenario, store.outcome)
        self.parts = _parts(*self.parts_of)
        self.later: asyncio.TimerHandle | None = None
        self.words = Words(live=True, label="Answer", style_class="tco-verdict")
        self.doubt = Words(live=True, label="How sure it is", style_class="tco-doubt")
        self.as_of = Words(style_class="tco-asof")
        self.chart, self.download = Chart(filename="break-even"), Download()
        self.form = Controls(store, self.ids)
        self.under = Under(store, self.ids, Exports(store, self.chart, self.download, lambda: self.axis))
        main = w.Box([self.form, w.VBox([self.chart, self.under])])
        main.add_class("tco-main")
        super().__init__([self._bar(), self.words, self.doubt, main, self.download])
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
        save = button("Save…", "Save this scenario as a YAML file", lambda _b: self._save())
        reset = button("Reset", "Put everything back as it was opened", lambda _b: self.reset())
        bar = w.Box([self.preset, self.upload, save, reset, self.unit, self.as_of])
        bar.add_class("tco-bar")
        return bar

    # ---- what is on screen is a function of the store

    def ids(self) -> Mapping[str, str]:
        """Which option plays which part; every control asks, so it is worked out once for a scenario and its outcome."""
        now = (self.store.scenario, self.store.outcome)
        if now[0] is not self.parts_of[0] or now[1] is not self.parts_of[1]:
            self.parts_of, self.parts = now, _parts(*now)
        return self.parts

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
        self.form.sync()
        outcome, faults = self.store.outcome, self.form.told(self.store.faults)
        if outcome is None:
            rows = "".join(f'<div class="tco-fault">{escape(str(fault))}</div>' for fault in faults)
            self.doubt.html = ""
            self.words.html = f'<p class="tco-headline">This scenario cannot be answered yet.</p>{rows}'
            return
        changes = self.store.changes_count
        changed = f" · {changes} change{'s' if changes != 1 else ''} since opened" if changes else ""
        self.as_of.html = f"{source_line(outcome.case)}{stale_words(outcome.case)}{changed}"
        self.words.html = pages.verdict_html(outcome, self.axis, faults)
        self._draw_chart("not up to date: see above" if faults else "")
        if self.doubt.html and not doubt_badge(outcome.case.evidence.get(outcome.answer.challenger)):
            self.doubt.html = ""
        self._draw_rest_soon()
        self.under.count_warnings(outcome)

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

    def _draw_rest_soon(self) -> None:
        """Doubt and the page under the chart follow a moving slider when it pauses; the chart follows at once."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # no kernel around: a test, or a script
            self._draw_rest()
            return
        if self.later is not None:
            self.later.cancel()
        self.later = loop.call_later(PAUSE_S, self._draw_rest)

    def _draw_rest(self) -> None:
        self.doubt.html = pages.doubt_html(self.outcome, self.axis)
        self.under.draw()

    # ---- what people do

    def _redraw(self, _change: Any) -> None:
        self.redraw()

    def _resized(self, change: Mapping[str, Any]) -> None:
        if abs(change["new"] - self.drawn_px) >= WIDTH_STEP_PX and self.store.outcome is not None:
            self.drawn_px = self.under.width_px = change["new"]
            self._draw_chart()
            self.under.draw()

    def _unit(self, change: Mapping[str, Any]) -> None:
        self.axis_name, self.ranges = change["new"], None
        self.redraw()

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
        if self.store.outcome is not None:
            kept = keep(kept, self.outcome.case, date.today())  # so that it opens as it was
        self.download.give("scenario.yaml", kept.to_yaml().encode(), MEDIA["yaml"])


def _parts(scenario: Scenario, outcome: Outcome | None) -> Mapping[str, str]:
    tree = scenario.tree
    if outcome is not None and set(tree["options"]) <= set(outcome.case.numbers.options):
        numbers = outcome.case.numbers
        return {"api": numbers.baseline, "own": numbers.challenger, "hosted": numbers.hosted or "hosted"}
    kinds = {name: option.get("kind") for name, option in tree["options"].items()}
    api = tree.get("baseline") or next((name for name, kind in kinds.items() if kind == "api"), "api")
    own = tree.get("challenger") or next((name for name, kind in kinds.items() if kind != "api"), "self_host")
    return {"api": api, "own": own, "hosted": tree.get("hosted") or "hosted"}


def _height_px(width_px: int) -> int:
    """A chart as high as its width can carry and a laptop's window can show."""
    return int(min(max(0.42 * width_px, 320), 480))
