"""The benchmark screen: ask beside, plan and start above, throughput and watts live, points and doubts under them."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import ipywidgets as w  # type: ignore[import-untyped]

from tco.bench.settings import Settings
from tco.catalog import Catalog
from tco.errors import Fault
from tco.present.charts.live import LiveRanges, live_chart
from tco.present.charts.loads import loads_chart
from tco.widgets import bench_pages as pages
from tco.widgets.bench_form import BenchForm
from tco.widgets.bench_import import BenchImport
from tco.widgets.bench_plan import Machine, Prepared, look, power_note, prepare
from tco.widgets.bench_progress import Progress
from tco.widgets.bench_work import Work
from tco.widgets.chart import Chart
from tco.widgets.exports import button
from tco.widgets.fields import Tabs, Words
from tco.widgets.form import show

PACE_S = 0.5
"""Between two drawings of a measurement under way. [s]"""
TITLES = ("Plan", "Runs", "Capacity", "Doubts", "Import")


class BenchApp(w.VBox):  # type: ignore[misc]
    """
    The screen. A measurement runs in a thread of its own and a second thread draws what it tells, so that the kernel stays free;
    one lock keeps drawing and controls apart.
    """

    def __init__(self, catalog: Catalog, machine: Machine | None = None) -> None:
        self.catalog, self.machine = catalog, machine or look()
        self.lock = threading.RLock()
        self.work: Work | None = None
        self.progress: Progress | None = None
        self.found: Settings | None = None
        self.ranges: LiveRanges | None = None
        self.drawn_rows = -1
        self.words = Words(live=True, label="The measurement", style_class="tco-verdict")
        self.meter = Words(style_class="tco-meter")
        self.chart, self.loads = Chart(filename="benchmark"), Chart(filename="capacity")
        self.form = BenchForm(catalog, self.machine.gpus, self.locked(self.asked_anew))
        self.prepared: Prepared = prepare(self.form, catalog, self.machine)
        self.loose: list[Fault] = []
        self.live = w.VBox([self.chart])
        main = w.Box([self.form, w.VBox([self.live, self._under()])])
        main.add_class("tco-main")
        super().__init__([self._bar(), self.words, self.meter, main])
        self.add_class("tco-app")
        for chart in (self.chart, self.loads):
            chart.observe(lambda _change: self.locked(self.draw)(), names="width_px")
        self.asked_anew()
        self.tabs.selected = TITLES.index("Import") if self.prepared.missing else 0
        self.draw()

    @classmethod
    def opened(cls, data: str | None = None) -> "BenchApp":
        """The screen on the sheets and profiles of a folder."""
        return cls(Catalog.open(data))

    # ---- what people do

    def start(self) -> None:
        """Measure what is asked; a measurement that was stopped goes on."""
        with self.lock:
            asked, found = self.prepared.asked, self.prepared.settings
            if self.busy or not self.prepared.ready or asked is None or found is None:
                return
            named = replace(asked, gpu=found.gpu)  # without a meter nobody would know which GPU was seen here
            self.found, self.work = found, Work(named, self.catalog, self.form.with_power)
            self.progress = Progress(found.plan, found.limits.target_frac, self.work.began_s)
            self.ranges, self.drawn_rows = None, -1
            self.tabs.selected = TITLES.index("Runs")
            self.draw()
        threading.Thread(target=self._follow, args=(self.work,), name="tco-bench-screen", daemon=True).start()

    def stop(self) -> None:
        """What Ctrl-C does: end the load and the server, keep what is finished."""
        with self.lock:
            if self.work is not None:
                self.work.stop()
            self.draw()

    def asked_anew(self) -> None:
        """Show the plan of the controls as they stand."""
        self.prepared = prepare(self.form, self.catalog, self.machine)
        self.loose = self.form.tell(self.prepared.faults)
        self.draw_plan()
        self.draw_words()

    @property
    def busy(self) -> bool:
        """Whether a measurement runs, or is being ended."""
        return self.work is not None and (self.progress is None or not self.progress.ended)

    # ---- what is on screen

    def draw(self) -> None:
        """Everything, from what the measurement has told so far."""
        self.draw_words()
        progress = self.progress
        show(self.live, progress is not None)
        if progress is None:
            self._page(TITLES[self.tabs.selected])
            return
        self.meter.html = pages.meter_html(progress, self.work is not None and self.work.stopping)
        figure, self.ranges = live_chart(progress.trace, self.ranges, width_px=self.chart.width_px)
        self.chart.show(figure)
        if self.drawn_rows != len(progress.rows) or progress.ended:
            self.drawn_rows = len(progress.rows)
            self.tabs.titles = [self._titled(name) for name in TITLES]
        self._page(TITLES[self.tabs.selected])

    def draw_words(self) -> None:
        """The headline, and which buttons can be pressed."""
        progress, found = self.progress, self.found
        stopping = self.work is not None and self.work.stopping
        if progress is None or found is None:
            self.words.html = pages.before_html(self.prepared, self.loose)
        elif progress.ended:
            self.words.html = pages.after_html(progress, found, Path(progress.folder))
        else:
            self.words.html = pages.running_html(progress, found, stopping)
        self.starts.disabled = self.busy or not self.prepared.ready
        self.stops.disabled = not self.busy or stopping
        unfinished = bool(self.prepared.kept_count) and (progress is None or progress.written is None)
        self.starts.description = "Go on" if unfinished and not self.busy else "Start"

    def draw_plan(self) -> None:
        """The page of the plan."""
        asked = self.prepared.asked
        power = power_note(asked, self.form, self.machine) if asked is not None else ""
        self.planned.html = pages.plan_html(self.prepared, power, self.busy)

    def locked(self, act: Callable[[], None]) -> Callable[[], None]:
        """The same, but never while something else is drawn."""

        def alone() -> None:
            with self.lock:
                act()

        return alone

    # ---- inside

    def _follow(self, work: Work) -> None:
        """Draw what a measurement tells until it has ended."""
        while True:
            ended = work.join(PACE_S)
            with self.lock:
                if self.progress is not None:
                    self.progress.take(work.events())
                if ended:
                    self.asked_anew()
                self.draw()
            if ended:
                return

    def _bar(self) -> w.Box:
        self.starts = button("Start", "Measure what is asked below", lambda _b: self.start())
        self.starts.button_style = "primary"
        self.stops = button("Stop", "End the load and the server; finished runs are kept", lambda _b: self.stop())
        seen = f"{pages.seen_words(self.machine.gpus)} · {pages.break_even_link('To the break-even notebook')}"
        bar = w.Box([self.starts, self.stops, Words(style_class="tco-asof", html=seen)])
        bar.add_class("tco-bar")
        return bar

    def _under(self) -> w.VBox:
        self.planned, self.points, self.doubted = (Words(style_class="tco-page") for _ in range(3))
        self.imports = BenchImport(self.catalog)
        self.tabs = Tabs(titles=list(TITLES))
        self.nothing = Words(style_class="tco-page", html="<p>Drawn as soon as runs have ended.</p>")
        parts = ([self.planned], [self.points], [self.nothing, w.VBox([self.loads])], [self.doubted], [self.imports])
        self.boxes = [w.VBox(part) for part in parts]
        self.tabs.observe(lambda _change: self.locked(self.draw)(), names="selected")
        under = w.VBox([self.tabs, *self.boxes])
        under.add_class("tco-tabs")
        return under

    def _titled(self, name: str) -> str:
        progress = self.progress
        if progress is None:
            return name
        counts: Mapping[str, Any] = {
            "Runs": len(progress.rows),
            "Doubts": len(pages.doubts(row.point for row in progress.rows)),
        }
        return f"{name} ({counts[name]})" if counts.get(name) else name

    def _page(self, name: str) -> None:
        """Show one page, drawn from what there is."""
        for title, box in zip(TITLES, self.boxes, strict=True):
            show(box, title == name)
        progress, found = self.progress, self.found
        show(self.boxes[TITLES.index("Capacity")].children[1], progress is not None)
        if name == "Runs":
            self.points.html = pages.points_html(progress.rows if progress else (), found.limits) if found else _none()
        elif name == "Doubts":
            self.doubted.html = pages.doubts_html(progress) if progress else _none()
        elif name == "Capacity" and progress is not None:
            self.nothing.html = ""
            self.loads.show(loads_chart(progress.curves(), width_px=self.loads.width_px))


def _none() -> str:
    return "<p>Nothing is measured yet: see the plan, and press Start.</p>"
