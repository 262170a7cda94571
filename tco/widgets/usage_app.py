"""The usage screen: drop a log, and see its week, its bill beside the invoice, who used what, and a workload to take over."""

import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import ipywidgets as w  # type: ignore[import-untyped]

from tco.catalog import Catalog
from tco.errors import Fault, TcoError
from tco.present.charts.heat import HeatWeek, heat_chart
from tco.usage import Engine, Reconciliation, bill, reconcile
from tco.usage.report import shown
from tco.widgets import usage_pages as pages
from tco.widgets.chart import Chart
from tco.widgets.fields import Choice, Clock, Words
from tco.widgets.form import show
from tco.widgets.links import notebook_link
from tco.widgets.usage_form import Columns, UsageForm, zones
from tco.widgets.usage_read import Ask, Unknown, Usage, Work, part, read, sample
from tco.widgets.usage_under import UsageUnder

PACE_S = 0.3
"""Between two looks at a log that is being read. [s]"""
MOST_MODELS = 200


class UsageApp(w.VBox):  # type: ignore[misc]
    """
    The screen. Logs are read in a thread of their own, so that the kernel stays free; one lock keeps drawing and controls apart.

    What is on screen follows from ``usage`` (what was read), ``part`` (of the model chosen) and ``billed`` (of the month chosen).

    Examples
    --------
    >>> app = UsageApp(Catalog.open())
    >>> app.usage.ask.is_sample, app.billed is app.usage.bill
    (True, True)
    """

    def __init__(self, catalog: Catalog, first: Ask | None = None, engine: Engine | None = None) -> None:
        self.catalog, self.engine = catalog, engine
        self.lock = threading.RLock()
        self.room = TemporaryDirectory(prefix="tco-usage-")
        self.readings = 0
        self.work: Work | None = None
        self.follower: threading.Thread | None = None
        self.faults: tuple[Fault, ...] = ()
        self.asked: Ask | None = None
        """What was asked of a file that nobody knows, while the person says which column is what."""
        self._take_over(read(first or sample(), catalog, self._table(), engine))
        self.words = Words(live=True, label="What the log comes to", style_class="tco-verdict")
        self.chart, self.week = Chart(filename="week"), Words(style_class="tco-page")
        self.form = UsageForm(self.locked_to(self._heard))
        self.columns = Columns(self.locked(self._read_columns), self.locked(self._leave))
        self.under = UsageUnder(catalog, self)
        self.pictures = w.VBox([w.VBox([self.chart]), self.week, self.under])
        main = w.Box([self.form, w.VBox([self.columns, self.pictures])])
        main.add_class("tco-main")
        super().__init__([self._bar(), self.words, main, self.under.download])
        self.add_class("tco-app")
        self.add_class("tco-usage")
        self.chart.observe(lambda _change: self.locked(self._draw_week)(), names="width_px")
        self._opened()

    @classmethod
    def opened(cls, log: str = "", data: str | None = None) -> "UsageApp":
        """The screen on a log, or on the sample that ships."""
        return cls(Catalog.open(data), Ask((log,)) if log else None)

    # ---- layout

    def _bar(self) -> w.Box:
        self.model = Choice(
            label="Model", help="Whose week, lengths and workload are shown.", choices=[["", "all models", ""]]
        )
        self.model.observe(lambda _change: self.locked(self._model)(), names="value")
        self.clock = Choice(
            label="Clock", help="Whose hours the week is shown by.", choices=self._clocks(""), value="UTC"
        )
        self.clock.observe(lambda _change: self.locked(self._draw_week)(), names="value")
        self.browser = Clock()
        self.browser.observe(lambda change: self.locked_to(self._browser)(change["new"]), names="zone")
        self.sources = Words(style_class="tco-asof")
        bar = w.Box([self.model, self.clock, self.browser, self.sources])
        bar.add_class("tco-bar")
        return bar

    def _clocks(self, browser: str) -> list[list[str]]:
        here = [[browser, f"your browser's: {browser}", ""]] if browser and browser != "UTC" else []
        return [
            ["UTC", "UTC", ""],
            *here,
            *([zone, zone.replace("_", " "), zone.split("/")[0]] for zone in zones() if zone != browser),
        ]

    # ---- what people do

    def read(self, ask: Ask) -> None:
        """Read a log in a thread; what is on screen stays until it has been read."""
        with self.lock:
            if self.work is not None:
                return
            self.work = Work(ask, self.catalog, self._table(), self.engine)
            self._draw_progress()
            self.work.start()
            self.follower = threading.Thread(
                target=self._follow, args=(self.work,), name="tco-usage-screen", daemon=True
            )
            self.follower.start()

    def wait(self, seconds: float = 60.0) -> bool:
        """Wait until nothing is being read; whether that is so."""
        if self.follower is not None:
            self.follower.join(seconds)
        return self.work is None

    def _heard(self, word: str) -> None:
        if word == "path":
            self._read_path()
        elif word == "dropped":
            self._read_dropped()
        elif word == "stop" and self.work is not None:
            self.work.stop()
            self._draw_progress()
        elif word == "month":
            self._month()
        elif word == "invoice":
            self.redraw()

    def _read_path(self) -> None:
        where = self.form.path.value.strip()
        self.form.path.error = "" if where else "write where the log is"
        if where:
            self.read(self._ask((str(Path(where).expanduser()),)))

    def _read_dropped(self) -> None:
        folder = self._folder()
        for name, content in self.form.dropped.items():
            (folder / (Path(name).name or "log")).write_bytes(content)
        self.read(self._ask(tuple(str(path) for path in sorted(folder.iterdir()))))

    def _ask(self, paths: tuple[str, ...]) -> Ask:
        return Ask(paths, self.form.source.value, {}, self.form.zone.value.strip() or "UTC")

    def _read_columns(self) -> None:
        assert self.asked is not None
        again = Ask(self.asked.paths, "", self.columns.names(), self.asked.timezone)
        self.read(again)

    def _leave(self) -> None:
        self.asked, self.faults = None, ()
        self.redraw()

    def _model(self) -> None:
        names = (self.model.value,) if self.model.value else ()
        self.part = part(self.usage.tables, self.catalog, names, self.engine) if names else self.usage.whole
        self._draw_week()
        self.under.taking.opened()
        self.under.draw()

    def _month(self) -> None:
        month = self.form.month.value
        self.billed = (
            bill(list(self.usage.tables), self.catalog, month=month, engine=self.engine) if month else self.usage.bill
        )
        self.redraw()

    def _browser(self, zone: str) -> None:
        self.clock.choices = self._clocks(zone if zone in zones() else "")

    # ---- what is on screen

    def redraw(self) -> None:
        """Draw everything from what was read."""
        show(self.columns, self.asked is not None)
        show(self.pictures, self.asked is None)
        if self.asked is None:
            self.columns.leave()
        self.words.html = (
            "" if self.asked is not None else pages.verdict_html(self.usage, self.billed, self.held, self.faults)
        )
        said = f"{pages.name(self.usage.ask.told)} · prices as of each row's own day"
        self.sources.html = f"{said} · {notebook_link('01_break_even.ipynb', 'To the break-even notebook')}"
        self._draw_week()
        self.under.draw()

    @property
    def held(self) -> Reconciliation | None:
        """The bill beside the invoice, where one was typed."""
        usd = self.form.invoice_usd()
        return reconcile(self.billed, usd) if usd is not None else None

    def heat(self) -> HeatWeek | None:
        """The week of the model chosen by the clock chosen; None where the log tells no hours."""
        clock = self.clock.value or "UTC"
        by_hour = self.part.load.week(clock)
        if by_hour is None:
            return None
        label = shown(self.model.value, 60) if self.model.value else "all models"
        return HeatWeek(by_hour, self.part.load.measure, clock.replace("_", " "), label)

    def _draw_week(self) -> None:
        week = self.heat()
        show(self.pictures.children[0], week is not None)
        self.week.html = pages.week_html(week)
        if week is not None:
            self.chart.show(heat_chart(week, width_px=self.chart.width_px))

    def _draw_progress(self) -> None:
        work, form = self.work, self.form
        form.reads.disabled, form.stops.disabled = work is not None, work is None or work.stopping
        form.meter.html = (
            ""
            if work is None
            else pages.progress_html(work.ask.told, work.seconds, work.watch.done_frac, work.stopping)
        )

    # ---- inside

    def _take_over(self, usage: Usage) -> None:
        self.usage, self.part, self.billed = usage, usage.whole, usage.bill
        self.asked, self.faults = None, ()

    def _opened(self) -> None:
        """Offer what the log has, and draw it."""
        names = list(dict.fromkeys(named.model for named in self.usage.bill.names if named.model))[:MOST_MODELS]
        self.model.value = ""
        self.model.choices = [["", "all models", ""], *([name, name, ""] for name in names)]
        self.form.months(sorted({*self.usage.bill.of_months(), *(item.month for item in self.usage.bill.unpriced)}))
        self.under.opened()
        self.redraw()

    def _follow(self, work: Work) -> None:
        while not work.join(PACE_S):
            with self.lock:
                self._draw_progress()
                if work.stopping:
                    work.stop()
        with self.lock:
            self.work = None
            if work.usage is not None:
                self._take_over(work.usage)
                self._opened()
            elif work.error is not None:
                self._refused(work, work.error)
            self._draw_progress()

    def _refused(self, work: Work, error: TcoError) -> None:
        if isinstance(error, Unknown) and not work.stopping:
            self.asked, self.words.html = work.ask, ""
            self.columns.ask(error.seen, work.ask.names, pages.faults_html(error.faults))
        elif work.stopping:
            self.faults = (Fault(work.ask.told, "reading was stopped", "read it again when you like"),)
        else:
            self.faults = error.faults
        self.redraw()

    def _folder(self) -> Path:
        self.readings += 1
        folder = Path(self.room.name) / f"{self.readings}"
        folder.mkdir()
        return folder

    def _table(self) -> Path:
        return self._folder() / "usage.parquet"

    def locked(self, act: Callable[[], None]) -> Callable[[], None]:
        """The same, but never while something else is drawn; what goes wrong is told on the screen."""

        def alone() -> None:
            with self.lock:
                try:
                    act()
                except TcoError as error:
                    self.faults = error.faults
                    self.words.html = pages.verdict_html(self.usage, self.billed, None, self.faults)

        return alone

    def locked_to(self, act: Callable[[str], None]) -> Callable[[str], None]:
        """The same for what is told a word."""
        return lambda word: self.locked(lambda: act(word))()
