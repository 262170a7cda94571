"""The export page: the break-even chart as a page, a picture or a drawing, with its sources and the scenario's hash."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import ipywidgets as w  # type: ignore[import-untyped]

from tco.errors import TcoError
from tco.present.axis import VolumeAxis
from tco.present.charts.printed import print_ready
from tco.present.picture import breakeven_figure, headline, write_chart
from tco.present.provenance import vendors_line
from tco.widgets.chart import Chart
from tco.widgets.fields import Download, Words
from tco.widgets.store import Outcome, Store

MEDIA = {"html": "text/html", "pdf": "application/pdf", "yaml": "application/yaml"}
NOTHING_TO_EXPORT = "There is no answer to export yet: see what to mend above."


class Exports(w.VBox):  # type: ignore[misc]
    """Buttons that hand the chart to the browser's downloads."""

    def __init__(self, store: Store, chart: Chart, download: Download, axis: Callable[[], VolumeAxis]) -> None:
        self.store, self.chart, self.download, self.axis = store, chart, download, axis
        self.said = Words(live=True, style_class="tco-page")
        what = "The break-even chart with title, sources, as-of date and scenario hash:"
        row = w.Box(
            [
                button(
                    "HTML", "One page that opens anywhere, with every digit on hover", lambda _b: self._file("html")
                ),
                button("PNG", "A picture for slides, drawn by this browser", lambda _b: self._image("png")),
                button("SVG", "A drawing that stays sharp at any size", lambda _b: self._image("svg")),
                button(
                    "PDF",
                    "A page for print; needs Chrome or Chromium where JupyterLab runs",
                    lambda _b: self._file("pdf"),
                ),
            ]
        )
        row.add_class("tco-exports")
        super().__init__([Words(style_class="tco-page", html=what), row, self.said])

    def _outcome(self) -> Outcome | None:
        if self.store.outcome is None:
            self.said.html = NOTHING_TO_EXPORT
        return self.store.outcome

    def _image(self, kind: Literal["png", "svg"]) -> None:
        outcome = self._outcome()
        if outcome is None:
            return
        case, axis = outcome.case, self.axis()
        figure, _ = breakeven_figure(case, outcome.answer, axis.name, width_px=1100, height_px=560)
        printed = print_ready(
            figure,
            title=headline(outcome.answer, axis),
            source_line=vendors_line(case),
            as_of=case.numbers.as_of,
            scenario_hash=case.scenario_hash,
        )
        self.chart.request_image(kind, figure=printed, width=1100, filename=f"break-even.{kind}")
        self.said.html = f"break-even.{kind} is in your browser's downloads."

    def _file(self, kind: str) -> None:
        outcome, name = self._outcome(), f"break-even.{kind}"
        if outcome is None:
            return
        with TemporaryDirectory() as folder:
            try:
                path = write_chart(outcome.case, outcome.answer, Path(folder) / name, self.axis().name)
            except TcoError as error:
                self.said.html = "<br>".join(f"{fault.found}; {fault.mend}" for fault in error.faults)
                return
            self.download.give(name, path.read_bytes(), MEDIA[kind])
        self.said.html = f"{name} is in your browser's downloads."


def button(text: str, tip: str, act: Any) -> w.Button:
    """A button with a word, a tip and what it does."""
    made = w.Button(description=text, tooltip=tip)
    made.on_click(act)
    return made
