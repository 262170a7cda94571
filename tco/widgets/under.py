"""The pages under the chart, one of them open; each is worked out when it is opened and follows while it stays open."""

from collections.abc import Callable, Mapping

import ipywidgets as w  # type: ignore[import-untyped]

from tco.case import Case
from tco.errors import Fault, ScenarioError, TcoError
from tco.present.charts.week import top_of, week_chart
from tco.present.estimates import BADGE
from tco.present.fleet import week_of
from tco.present.picture import bridge_figure, lines_figure
from tco.present.provenance import vendors_line
from tco.resolve import resolve
from tco.solve.capacity import capacity_of
from tco.solve.rank import rank
from tco.widgets import pages
from tco.widgets.chart import Chart
from tco.widgets.choices import Ids
from tco.widgets.fields import PickTable, Tabs, Words
from tco.widgets.form import show
from tco.widgets.own_choices import as_kind, taking_gpu
from tco.widgets.store import Outcome, Store

WARNINGS = "Warnings"


class Under(w.VBox):  # type: ignore[misc]
    """Tabs and their pages."""

    def __init__(self, store: Store, ids: Callable[[], Ids], exports: w.Widget) -> None:
        self.store, self.ids, self.width_px = store, ids, 900
        self.top_replicas: float | None = None
        self.bridge, self.lines, self.week = (
            Chart(filename="bridge"),
            Chart(filename="cost-lines"),
            Chart(filename="week"),
        )
        self.every_line, self.capacity, self.served, self.ranked, self.unable, self.warned, self.sourced = (
            Words(style_class="tco-page") for _ in range(7)
        )
        self.gpus = PickTable(badge=BADGE, headings=list(pages.GPU_HEADINGS), numbers=list(pages.GPU_NUMBERS))
        self.gpus.on_pick(lambda key: store.change(taking_gpu(key, store, ids())))
        self.week_box, self.gpus_box = w.VBox([self.week]), w.VBox([self.gpus])
        self.pages: Mapping[str, tuple[list[w.Widget], Callable[[Outcome], None]]] = {
            "Bridge": ([self.bridge], self._bridge),
            "Cost lines": ([self.lines, self.every_line], self._lines),
            "Capacity": ([self.week_box, self.capacity], self._capacity),
            "Service level": ([self.served], self._served),
            "GPUs": ([self.ranked, self.gpus_box, self.unable], self._gpus),
            WARNINGS: ([self.warned], self._warned),
            "Sources": ([self.sourced], self._sourced),
            "Export": ([exports], lambda _outcome: None),
        }
        self.tabs = Tabs(titles=list(self.pages))
        self.boxes = [w.VBox(parts) for parts, _ in self.pages.values()]
        self.tabs.observe(lambda _change: self.draw(), names="selected")
        super().__init__([self.tabs, *self.boxes])
        self.add_class("tco-tabs")

    def draw(self) -> None:
        """Draw the page that is open."""
        outcome, chosen = self.store.outcome, self.tabs.selected
        for index, box in enumerate(self.boxes):
            show(box, index == chosen)
        if outcome is not None:
            list(self.pages.values())[chosen][1](outcome)

    def count_warnings(self, outcome: Outcome) -> None:
        """Say on its tab how many warnings there are."""
        titled = f"{WARNINGS} ({len(outcome.answer.warnings)})"
        self.tabs.titles = [titled if name == WARNINGS else name for name in self.pages]

    def _bridge(self, outcome: Outcome) -> None:
        self.bridge.show(bridge_figure(outcome.case, outcome.comparison, outcome.answer.baseline, self.width_px))

    def _lines(self, outcome: Outcome) -> None:
        self.lines.show(lines_figure(outcome.case, outcome.comparison, outcome.answer.baseline, self.width_px))
        self.every_line.html = pages.lines_html(outcome)

    def _capacity(self, outcome: Outcome) -> None:
        plan = capacity_of(outcome.case)
        show(self.week_box, plan is not None)
        if plan is not None:
            week = week_of(plan, outcome.case)
            self.top_replicas = top_of(week, self.top_replicas)
            line = vendors_line(outcome.case)
            self.week.show(
                week_chart(week, title="", source_line=line, top_replicas=self.top_replicas, width_px=self.width_px)
            )
        self.capacity.html = pages.capacity_html(outcome)

    def _served(self, outcome: Outcome) -> None:
        self.served.html = pages.service_html(outcome)

    def _gpus(self, outcome: Outcome) -> None:
        try:
            ranking = rank(self._rented(outcome), self.store.catalog, self._model(outcome))
        except TcoError as error:
            show(self.gpus_box, False)
            self.ranked.html, self.unable.html = pages.faults_html(error.faults), ""
            return
        show(self.gpus_box, True)
        own = outcome.case.numbers.options[self.ids()["own"]]
        self.ranked.html = pages.ranking_html(ranking, own.kind)
        self.unable.html = pages.unable_html(ranking)
        with self.gpus.hold_sync():
            self.gpus.caption = pages.ranking_caption(ranking)
            self.gpus.rows = pages.ranking_table(ranking, own)

    def _model(self, outcome: Outcome) -> str:
        model = outcome.case.numbers.options[self.ids()["own"]].model
        if not model:
            mend = "choose a model to serve yourself, and its GPUs are ranked here"
            raise ScenarioError(Fault("GPUs", "the challenger has no open-weight model", mend))
        return model

    def _rented(self, outcome: Outcome) -> Case:
        """The case with its own option rented: the rent of all GPUs is compared, even for whoever would buy them."""
        own = self.ids()["own"]
        if outcome.case.numbers.options[own].kind != "owned" or self.store.faults:
            return outcome.case
        path = f"options.{own}"
        scenario = self.store.scenario.set(path, as_kind(self.store.scenario.get(path), "rented"))
        return resolve(scenario, self.store.catalog, self.store.today)

    def _warned(self, outcome: Outcome) -> None:
        self.warned.html = pages.warnings_html(outcome.answer.warnings)

    def _sourced(self, outcome: Outcome) -> None:
        self.sourced.html = pages.sources_html(outcome)
