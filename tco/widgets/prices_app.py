"""The price-sheet screen: a vendor's rows to add to, end and mend; what that does to a break-even; the diff, and saving it."""

from collections.abc import Callable, Mapping
from datetime import date
from html import escape
from typing import Any

import ipywidgets as w  # type: ignore[import-untyped]

from tco.catalog import Catalog
from tco.errors import Fault, LookupFault, TcoError
from tco.scenario import Scenario, load_scenario
from tco.widgets import price_pages as pages
from tco.widgets.exports import button
from tco.widgets.fields import Choice, Tabs, Words
from tco.widgets.form import show
from tco.widgets.grid import Grid
from tco.widgets.price_panels import Compared, Findings, OverTime, Saving
from tco.widgets.price_session import PriceSession
from tco.widgets.price_steps import PRICES, label_of
from tco.widgets.price_view import FILTERS, HOLDING, IN_FORCE, Check, Told, View, barring, grid_of, values_of
from tco.widgets.proposals import ProposalPanel
from tco.widgets.soon import Soon

PAUSE_S = 0.3
"""Rest of the keys after which the break-even is worked out anew. [s]"""
FOLDERS = {
    "api": "API prices", "gpu_rental": "GPU rents", "hardware": "Servers", "electricity": "Electricity", "colocation": "Colocation",
    "people": "People",
}  # fmt: skip
TITLES = ("Break-even", "Over time", "Check", "Proposals", "Save")
BREAK_EVEN, OVER_TIME, CHECK, PROPOSALS, SAVE = range(len(TITLES))


class PricesApp(w.VBox):  # type: ignore[misc]
    """
    The screen. What people do becomes a step of the session; what is on screen follows from the session and the view.

    Examples
    --------
    >>> app = PricesApp(PriceSession(Catalog.open(), date(2026, 11, 21)), Scenario.read(Catalog.open().scenarios()["support-assistant"]))
    >>> key = app.view.keys[0]
    >>> app.act("act", ["new price", key])
    >>> len(app.session.steps)
    1
    """

    def __init__(self, session: PriceSession, scenario: Scenario) -> None:
        self.session, self.check, self.found = session, Check(session), list[Told]()
        self.opened, self.correcting = set[int](), set[int]()
        self.quiet = False
        self.view = View(_first_sheet(session, scenario))
        self.answer = Words(live=True, label="What the edits do", style_class="tco-verdict")
        self.wrong = Words(live=True, style_class="tco-verdict")
        self.state = Words(live=True, label="Edits", style_class="tco-asof")
        self.grid = Grid()
        self.grid.on_act(self.act)
        self.compared = Compared(session, scenario, self.redraw)
        self.over_time, self.findings = OverTime(session), Findings(self._go_to)
        self.saving = Saving(session, self._saved)
        self.proposed = ProposalPanel(session, self._took)
        self.panels = (self.compared, self.over_time, self.findings, self.proposed, self.saving)
        self.tabs = Tabs(titles=list(TITLES))
        self.boxes = [w.VBox([panel]) for panel in self.panels]
        self.soon = Soon(PAUSE_S, self._draw_answer)
        left, right = w.VBox([self._acts(), self.grid]), w.VBox([self.tabs, *self.boxes])
        right.add_class("tco-tabs")
        main = w.Box([left, right])
        main.add_class("tco-prices")
        super().__init__([self._bar(), self.answer, self.wrong, main])
        self.add_class("tco-app")
        self.tabs.observe(lambda _change: self._draw_panel(), names="selected")
        self._open(self.view.where, _first_model(session, self.view.where, scenario))
        self._draw_answer()

    @classmethod
    def for_scenario(cls, scenario: str, data: str | None = None) -> "PricesApp":
        """The screen with a shipped scenario or a YAML file to tell the break-even of."""
        catalog = Catalog.open(data)
        return cls(PriceSession(catalog, date.today()), load_scenario(scenario, catalog.scenarios()))

    # ---- layout

    def _bar(self) -> w.Box:
        self.sheet = Choice(label="Sheet", help="The vendor whose rows are shown.", value=self.view.where)
        self._offer_sheets()
        self.sheet.observe(lambda change: None if self.quiet else self._open(change["new"]), names="value")
        self.filters = [Choice(help="Only rows with this.") for _ in range(max(map(len, FILTERS.values())))]
        for place, choice in enumerate(self.filters):
            choice.observe(self._filtered(place), names="value")
        holding = [["", "all", ""], *([word, word, ""] for word in HOLDING)]
        self.holding = Choice(label="Rows", help="In force today, announced, or ended.", choices=holding, value="")
        self.holding.observe(lambda change: self._hold(change["new"]), names="value")
        self.filter_boxes = [w.Box([choice]) for choice in self.filters]
        bar = w.Box([self.sheet, *self.filter_boxes, self.holding])
        bar.add_class("tco-bar")
        bar.add_class("tco-prices-bar")
        return bar

    def _acts(self) -> w.Box:
        self.undo = button("Undo", "Take the last edit back", lambda _b: self._do(self._undo))
        self.all_new = button(
            "New prices",
            "A new row, from today, for every row shown that is in force",
            lambda _b: self._do(self._all_new),
        )
        add = button("Add a row", "A price that this sheet does not have yet", lambda _b: self._do(self._blank))
        self.save = button(
            "Save…", "See the lines that would be written, then write them", lambda _b: self._open_save()
        )
        box = w.Box([self.all_new, add, self.undo, self.save, self.state])
        box.add_class("tco-bar")
        box.add_class("tco-grid-bar")
        return box

    # ---- what is on screen is a function of session and view

    def redraw(self) -> None:
        """Draw everything."""
        self.wrong.html = ""
        self.found = self.check.run()
        self.view.follow(self.session)
        self._draw_grid()
        self.soon.ask()

    def _draw_grid(self) -> None:
        session, view = self.session, self.view
        table = grid_of(session, view, self.found, self.opened, self.correcting)
        total = len(session.held(view.where).keys)
        with self.grid.hold_sync():
            self.grid.caption = f"Rows of {view.where}"
            self.grid.table = table
        steps, bad = len(session.steps), len(barring(self.found))
        said = f"{len(view.keys)} of {pages.counted(total, 'row')}"
        if steps:
            said += f" · <b>{pages.counted(steps, 'edit')} not saved</b>, the last: {escape(session.steps[-1].words)}"
        self.state.html = said + (f" · {pages.counted(bad, 'fault')} to mend" if bad else "")
        self.undo.disabled = not steps
        self.save.button_style = "primary" if steps and not bad and not self.saving.read_only else ""
        self.all_new.disabled = not self._in_force()
        self.tabs.titles = [
            *TITLES[:CHECK],
            f"Check ({sum(one.finding.level == 'error' for one in self.found)})",
            *TITLES[PROPOSALS:],
        ]

    def _draw_answer(self) -> None:
        self._do(self._work_out)

    def _work_out(self) -> None:
        said = self.compared.draw(self.found)
        note = f'<p class="tco-note">{pages.READ_ONLY}</p>' if self.saving.read_only else ""
        self.answer.html = said + note
        self._draw_panel()

    def _draw_panel(self) -> None:
        for place, box in enumerate(self.boxes):
            show(box, place == self.tabs.selected)
        if self.tabs.selected == OVER_TIME:
            self.over_time.draw()
        elif self.tabs.selected == CHECK:
            self.findings.draw(self.found, self.view.where)
        elif self.tabs.selected == PROPOSALS:
            self.proposed.where = self.view.where
            self.proposed.draw()
        elif self.tabs.selected == SAVE:
            self.saving.draw(self.found)

    # ---- what people do

    def act(self, word: str, facts: list[Any]) -> None:
        """Something done in the grid: a word and its facts, as ``Grid`` tells them."""
        self._do(lambda: self._heard(word, facts))

    def _heard(self, word: str, facts: list[Any]) -> None:
        where = self.view.where
        if word == "set":
            key, name, text = int(facts[0]), str(facts[1]), str(facts[2])
            if self.session.set_cell(where, key, name, text):
                self.redraw()
        elif word == "act":
            self._row_act(str(facts[0]), int(facts[1]))
        elif word == "accept":
            self.session.accept(where, int(facts[0]), str(facts[1]))
            self.redraw()
        elif word == "open":
            self.opened ^= {int(facts[0])}
            self._draw_grid()
        elif word == "sort":
            self.view.falling = self.view.sort == facts[0] and not self.view.falling
            self.view.sort = str(facts[0])
            self._refill()

    def _row_act(self, name: str, key: int) -> None:
        session, where = self.session, self.view.where
        if name == "new price":
            self._look_at(session.new_price(where, [key])[0])
        elif name == "end":
            session.retire(where, key)
            self.redraw()
            self.grid.go_to(key, "valid_to")
        elif name == "correct":
            self.correcting.add(key)
            self.opened.add(key)
            self.redraw()
            self.grid.go_to(key, self._price_column())
        elif name in ("put back", "remove", "leave"):
            session.put_back(where, key)
            self.correcting.discard(key)
            self.opened.discard(key)
            self.redraw()

    def _look_at(self, key: int) -> None:
        self.redraw()
        self.grid.go_to(key, self._price_column())

    def _price_column(self) -> str:
        return next((name for name in PRICES if name in self.session.held(self.view.where).sheet.header), "price")

    def _in_force(self) -> list[int]:
        """Rows on screen to which a new price may be added."""
        rows = self.grid.table.get("rows", [])
        return [row["key"] for row in rows if row["state"] == IN_FORCE and row["mark"] != "new"]

    def _all_new(self) -> None:
        made = self.session.new_price(self.view.where, self._in_force())
        self._look_at(made[0])

    def _blank(self) -> None:
        key = self.session.blank_row(self.view.where)
        self.opened.add(key)
        self.redraw()
        self.grid.go_to(key, self.grid.table["shown"][0])

    def _undo(self) -> None:
        self.session.undo()
        self.redraw()

    def _open_save(self) -> None:
        self.tabs.selected = SAVE
        self._draw_panel()

    def _saved(self) -> None:
        self.correcting.clear()
        self.opened.clear()
        self.redraw()
        self._work_out()

    def _took(self, where: str, key: int) -> None:
        """A proposal was taken: its row is shown among the others of its model."""
        if where == self.view.where:
            self.redraw()
            return
        self._offer_sheets()
        self.quiet = True
        self.sheet.value = where
        self.quiet = False
        self._open(where, self.session.held(where).row(key)["model"])

    def _go_to(self, told: Told) -> None:
        where = told.finding.file
        if where not in self.session.sheets():
            return
        if where != self.view.where:
            self.sheet.value = where
            found = self.check.run()
            told = next((one for one in found if str(one.finding) == str(told.finding)), told)
        if told.key is None:
            return
        if told.key not in self.view.keys:
            self._open(where)
        self.grid.go_to(told.key, told.finding.column)

    # ---- choosing rows

    def _offer_sheets(self) -> None:
        names = sorted(self.session.sheets(), key=lambda where: (list(FOLDERS).index(where.split("/")[1]), where))
        self.sheet.choices = [
            [where, where.split("/")[2].removesuffix(".csv"), FOLDERS[where.split("/")[1]]] for where in names
        ]

    def _open(self, where: str, model: str = "") -> None:
        """Open a sheet; of an API's, the rows of one model where it is named."""
        self.view = View(where)
        self.session.held(where)
        names = FILTERS[self.view.folder]
        if model:
            self.view.filters["model"] = model
        self.quiet = True
        self.holding.value = ""
        for place, (choice, box) in enumerate(zip(self.filters, self.filter_boxes, strict=True)):
            show(box, place < len(names))
            if place < len(names):
                values = values_of(self.session, where, names[place])
                choice.label = label_of(names[place])[:1].upper() + label_of(names[place])[1:]
                choice.choices = [["", "all", ""], *([value, value, ""] for value in values)]
                choice.value = self.view.filters.get(names[place], "")
        self.quiet = False
        self.over_time.offer(where, model)
        self._refill(anew=True)

    def _filtered(self, place: int) -> Callable[[Mapping[str, Any]], None]:
        def act(change: Mapping[str, Any]) -> None:
            names = FILTERS[self.view.folder]
            if self.quiet or place >= len(names):
                return
            self.view.filters[names[place]] = change["new"]
            if names[place] == "model":
                self.over_time.offer(self.view.where, change["new"])
            self._refill()

        return act

    def _hold(self, state: str) -> None:
        if not self.quiet:
            self.view.state = state
            self._refill()

    def _refill(self, anew: bool = False) -> None:
        def fill() -> None:
            self.view.refill(self.session)
            if anew:
                self.redraw()
            else:
                self._draw_grid()

        self._do(fill)

    def _do(self, act: Callable[[], None]) -> None:
        """Do something; a widget's callback has nowhere to raise to, so the screen says what went wrong."""
        try:
            act()
        except TcoError as error:
            self.wrong.html = pages.faults_html(error.faults)
        except Exception as error:
            mend = "this is a mistake of tco: undo the last edit, and report it"
            self.wrong.html = pages.faults_html([Fault("tco", f"{type(error).__name__}: {error}", mend)])


def _first_sheet(session: PriceSession, scenario: Scenario) -> str:
    """The sheet of the vendor that the scenario buys from; the first there is when it has none."""
    sheets = session.sheets()
    if not sheets:
        raise LookupFault(Fault("price_sheets", "no sheet", "make a folder of your own with `tco init`"))
    wanted = [f"price_sheets/api/{sku.partition('/')[0]}.csv" for sku in _skus(scenario)]
    return next((where for where in wanted if where in sheets), next(iter(sheets)))


def _first_model(session: PriceSession, where: str, scenario: Scenario) -> str:
    models = values_of(session, where, "model")
    return next((name for sku in _skus(scenario) if (name := sku.partition("/")[2]) in models), "")


def _skus(scenario: Scenario) -> list[str]:
    options = scenario.tree.get("options", {})
    return [sku for option in options.values() if (sku := str(option.get("sku", "")))]
