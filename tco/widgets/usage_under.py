"""What stands under the week: the bill, who used what, lengths, the workload to take over, and what was left out."""

from datetime import date
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import ipywidgets as w  # type: ignore[import-untyped]

from tco.catalog import Catalog
from tco.errors import TcoError
from tco.lab import break_even_copy
from tco.present.charts.lengths import lengths_chart
from tco.present.charts.shares import ModelUse, shares_chart
from tco.scenario import Scenario
from tco.usage import Bill
from tco.usage.lines_csv import bill_csv
from tco.usage.report import shown
from tco.widgets import usage_pages as pages
from tco.widgets.chart import Chart
from tco.widgets.exports import button
from tco.widgets.fields import Choice, Download, Entry, Tabs, Words
from tco.widgets.form import show
from tco.widgets.links import notebook_link
from tco.widgets.usage_bill import bill_html
from tco.widgets.usage_take import Taken, own_folder, save, take, target

if TYPE_CHECKING:
    from tco.widgets.usage_app import UsageApp

TITLES = ("Bill", "Models", "Lengths", "Use this workload", "Left out")
BREAK_EVEN = "01_break_even.ipynb"
USUAL_BASE = "support-assistant"


class UsageUnder(w.VBox):  # type: ignore[misc]
    """The pages; the one in sight is drawn from what the screen has read."""

    def __init__(self, catalog: Catalog, app: "UsageApp") -> None:
        self.catalog, self.app = catalog, app
        self.download = Download()
        self.billed, self.told, self.left = (Words(style_class="tco-page") for _ in range(3))
        self.shares, self.lengths = Chart(filename="models"), Chart(filename="lengths")
        self.csv = button("CSV", "The bill's lines for a spreadsheet", lambda _b: self._give())
        self.taking = Taking(catalog, app)
        self.tabs = Tabs(titles=list(TITLES))
        exports = w.Box([self.csv])
        exports.add_class("tco-exports")
        self.curves = w.VBox([self.lengths])
        parts = ([self.billed, exports], [self.shares], [self.curves, self.told], [self.taking], [self.left])
        self.boxes = [w.VBox(part) for part in parts]
        super().__init__([self.tabs, *self.boxes])
        self.add_class("tco-tabs")
        self.tabs.observe(lambda _change: app.locked(self.draw)(), names="selected")
        for chart in (self.shares, self.lengths):
            chart.observe(lambda _change: app.locked(self.draw)(), names="width_px")

    def opened(self) -> None:
        """Start anew with another log."""
        left = pages.left_count(self.app.usage.report)
        self.tabs.titles = [*TITLES[:-1], f"{TITLES[-1]} ({left:,})" if left else TITLES[-1]]
        self.taking.opened()

    def draw(self) -> None:
        """Draw the page in sight."""
        app, chosen = self.app, self.tabs.selected
        for place, box in enumerate(self.boxes):
            show(box, place == chosen)
        if TITLES[chosen] == "Bill":
            self.billed.html = bill_html(app.billed, app.held)
        elif TITLES[chosen] == "Models":
            self.shares.show(shares_chart(models_of(app.billed), width_px=self.shares.width_px))
        elif TITLES[chosen] == "Lengths":
            self._lengths()
        elif TITLES[chosen] == "Use this workload":
            self.taking.draw()
        else:
            self.left.html = pages.report_html(app.usage.report)

    def _lengths(self) -> None:
        fit = self.app.part.fit
        show(self.curves, fit is not None)
        if fit is not None:
            self.lengths.show(lengths_chart(pages.lengths_of(fit), width_px=self.lengths.width_px))
        self.told.html = pages.lengths_html(fit, self.app.part.faults)

    def _give(self) -> None:
        self.download.give("bill.csv", bill_csv(self.app.billed).encode(), "text/csv")


class Taking(w.VBox):  # type: ignore[misc]
    """The workload into a scenario: of which, under which name, what changes, and where it was saved."""

    def __init__(self, catalog: Catalog, app: "UsageApp") -> None:
        self.catalog, self.app = catalog, app
        self.taken: Taken | None = None
        self.replacing = ""
        known = [
            [name, str(Scenario.read(path).tree.get("name", name)), ""]
            for name, path in sorted(catalog.scenarios().items())
        ]
        usual = USUAL_BASE if USUAL_BASE in catalog.scenarios() else known[0][0] if known else ""
        self.base = Choice(
            label="Scenario to start from",
            help="Its options, prices and people stay; its workload is the log's.",
            choices=known,
            value=usual,
        )
        self.name = Entry(
            label="Name of the new one",
            help="Its file's name; letters, digits, - and _.",
            value="our-workload",
            unit=".yaml",
        )
        self.saves = button(
            "Use this workload", "Save the scenario as a file of its own", lambda _b: app.locked(self.save)()
        )
        self.saves.button_style = "primary"
        self.said, self.changes = Words(live=True, style_class="tco-page"), Words(style_class="tco-page")
        self.base.observe(lambda _change: app.locked(self.anew)(), names="value")
        self.name.observe(lambda _change: app.locked(self.renamed)(), names="value")
        asked = w.Box([self.base, self.name])
        asked.add_class("tco-asked")
        row = w.Box([self.saves])
        row.add_class("tco-exports")
        super().__init__([asked, row, self.said, self.changes])

    def opened(self) -> None:
        """Start anew: nothing is saved, nothing is about to be replaced."""
        self.taken, self.replacing, self.said.html = None, "", ""
        self.saves.description = "Use this workload"

    def anew(self) -> None:
        """Start anew and draw."""
        self.opened()
        self.draw()

    def renamed(self) -> None:
        """Another name: nothing is about to be replaced."""
        self.replacing, self.said.html, self.saves.description = "", "", "Use this workload"
        self.draw()

    def draw(self) -> None:
        """What the scenario would take over."""
        fit = self.app.part.fit
        self.saves.disabled = True
        if fit is None:
            self.changes.html = pages.faults_html(self.app.part.faults)
            return
        try:
            path = target(own_folder(self.catalog), self.name.value)
            if self.taken is None:
                self.taken = take(self.catalog, self.base.value, fit)
        except TcoError as error:
            self.changes.html = pages.faults_html(error.faults)
            return
        self.saves.disabled = False
        of = "all models" if not self.app.model.value else pages.name(self.app.model.value)
        self.changes.html = pages.taken_html(self.taken, f"The workload of {of}, into <b>{escape(_near(path))}</b>:")

    def save(self) -> None:
        """Write the scenario; a file that is there is replaced only when that is asked for a second time."""
        if self.taken is None:
            return
        folder, name = own_folder(self.catalog), self.name.value
        try:
            path = save(self.taken, folder, name, self._origin(), replace=self.replacing == name)
        except TcoError as error:
            self.said.html = pages.faults_html(error.faults)
            if target(folder, name).exists():
                self.replacing, self.saves.description = name, f"Replace {target(folder, name).name}"
            return
        self.renamed()
        self.said.html = saved_html(path)

    def _origin(self) -> str:
        usage, fit = self.app.usage, self.app.part.fit
        assert fit is not None
        of = f", {shown(self.app.model.value, 60)}" if self.app.model.value else ""
        kind = "a sample, not a log of ours: " if usage.ask.is_sample else ""
        when = f"{fit.first:%Y-%m-%d} to {fit.last:%Y-%m-%d}, taken over on {date.today()}"
        return f"Workload of {kind}{shown(usage.ask.told, 80)}{of}: {fit.requests:,.0f} requests, {when}"


def models_of(bill: Bill) -> list[ModelUse]:
    """Each model's requests, tokens and dollars, by the name that the log gives it."""
    usd: dict[str, float] = {}
    for line in bill.lines:
        usd[line.model] = usd.get(line.model, 0.0) + line.usd
    found: dict[str, ModelUse] = {}
    for named in bill.names:
        was = found.get(named.model, ModelUse(named.model, 0.0, 0.0, usd.get(named.model)))
        found[named.model] = ModelUse(was.name, was.requests + named.requests, was.tok + named.tok, was.usd)
    return [ModelUse(shown(one.name, 60) or "(no name)", one.requests, one.tok, one.usd) for one in found.values()]


def saved_html(path: Path) -> str:
    """Where it was saved, and how to open it."""
    copy = break_even_copy(path)
    near = escape(_near(path))
    link = (
        notebook_link(copy.name, "Open it in the break-even notebook")
        if copy is not None
        else f"Open it in {notebook_link(BREAK_EVEN, 'the break-even notebook')} with Open…"
    )
    return f"<p><b>Saved as {near}.</b> {link}. In a shell: <code>tco breakeven {near}</code></p>"


def _near(path: Path) -> str:
    """A path as seen from the working directory."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)
