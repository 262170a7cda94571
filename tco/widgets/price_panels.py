"""The pages under the grid of prices: before and after, prices over time, the check, and saving."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import ipywidgets as w  # type: ignore[import-untyped]

from tco.catalog import Catalog
from tco.catalog.edit import ChangedSheet
from tco.catalog.history import Move, blend_of, history, implied_decline_per_year, moves
from tco.catalog.listing import sources_line
from tco.errors import Fault, LookupFault, TcoError
from tco.present.prices import decline_text, history_figure
from tco.reprice import Repriced, before_and_after
from tco.scenario import Scenario
from tco.widgets import price_pages as pages
from tco.widgets.chart import Chart
from tco.widgets.exports import button
from tco.widgets.fields import Choice, PickTable, Words
from tco.widgets.form import show
from tco.widgets.price_session import PriceSession
from tco.widgets.price_view import Told, barring


class Compared(w.VBox):  # type: ignore[misc]
    """The break-even of a scenario before the edits and after them; ``found`` is the last that was worked out."""

    def __init__(self, session: PriceSession, scenario: Scenario, changed: Callable[[], None]) -> None:
        self.session, self.scenario, self._changed = session, scenario, changed
        self.found: Repriced | None = None
        self.moved: list[Move] = []
        self.on = session.today
        self.presets = session.catalog.scenarios()
        rows = [["", "a file of yours", ""]]
        rows += [
            [name, str(Scenario.read(path).tree.get("name", name)), ""] for name, path in sorted(self.presets.items())
        ]
        now = next((name for name, path in self.presets.items() if str(path) == scenario.where), "")
        self.choice = Choice(
            label="Scenario", help="Whose break-even is told before and after.", choices=rows, value=now
        )
        self.choice.observe(lambda change: self._preset(change["new"]), names="value")
        self.upload = w.FileUpload(
            accept=".yaml,.yml", multiple=False, description="Open…", tooltip="A scenario that you saved as a YAML file"
        )
        self.upload.observe(self._opened, names="value")
        self.words, self.wrong = Words(style_class="tco-page"), Words(live=True)
        top = w.Box([self.choice, self.upload])
        top.add_class("tco-bar")
        top.add_class("tco-page-bar")
        super().__init__([top, self.wrong, self.words])

    @property
    def name(self) -> str:
        """What the scenario is called."""
        return str(self.scenario.tree.get("name") or self.choice.value or "this scenario")

    def draw(self, found: Sequence[Told]) -> str:
        """Work it out, on the day on which the last edit holds; the sentence that stands above the grid."""
        session = self.session
        self.on = max([session.today, *session.days])
        before, after = session.catalog, session.edited
        self.found = before_and_after(self.scenario, before, after, self.on, self.on, session.today)
        self.moved = moves(before, after, self.on, self.on) if session.steps else []
        self.words.html = pages.compared_html(self.found, self.moved)
        told = pages.answer_html(self.found, self.name, self.on, len(session.steps), barring(found), self.moved)
        return told + pages.contract_html(self.found)

    def _preset(self, name: str) -> None:
        path = self.presets.get(name)
        if path is not None:
            self._take(Scenario.read(path))

    def _opened(self, change: Mapping[str, Any]) -> None:
        for item in change["new"]:
            try:
                self._take(Scenario.from_yaml(bytes(item["content"]).decode("utf-8-sig"), item["name"]))
                self.choice.value = ""
            except UnicodeDecodeError:
                self.wrong.html = pages.faults_html([Fault(item["name"], "cannot be read", "save it as UTF-8 text")])
            except TcoError as error:
                self.wrong.html = pages.faults_html(error.faults)
        if change["new"]:
            self.upload.value = ()

    def _take(self, scenario: Scenario) -> None:
        self.scenario, self.wrong.html = scenario, ""
        self._changed()


class OverTime(w.VBox):  # type: ignore[misc]
    """A model's prices over time, the edits among them, and how fast they fall."""

    def __init__(self, session: PriceSession) -> None:
        self.session, self.where, self.width_px = session, "", 700
        self.choice = Choice(label="Model", help="Whose prices are drawn.")
        self.choice.observe(lambda _change: self.draw(), names="value")
        self.chart = Chart(filename="price-history")
        self.chart.observe(self._resized, names="width_px")
        self.words = Words(style_class="tco-page")
        top = w.Box([self.choice])
        top.add_class("tco-bar")
        top.add_class("tco-page-bar")
        self.box = w.VBox([top, self.chart])
        super().__init__([self.box, self.words])

    def offer(self, where: str, model: str = "") -> None:
        """Offer the models of a sheet, and draw one of them."""
        names = self._names(where)
        self.where = where
        with self.choice.hold_trait_notifications():
            self.choice.choices = [[name, name.partition("/")[2], ""] for name in names]
            wanted = next((name for name in names if name.partition("/")[2] == model), None)
            if wanted or self.choice.value not in names:
                self.choice.value = wanted or (names[0] if names else "")

    def draw(self) -> None:
        """Draw the model that is chosen."""
        sku = self.choice.value
        show(self.box, bool(sku))
        if not sku:
            self.words.html = "<p>Only prices of tokens are drawn over time.</p>"
            return
        catalog, today = self.session.edited, self.session.today
        try:
            changes = history(catalog, sku)
        except LookupFault:  # the only rows of it are still to be mended
            self.words.html = "<p>None of its rows can be read yet: see Check.</p>"
            return
        falls = implied_decline_per_year(changes, today, blend_of(catalog))
        rows = [asdict(change) | {"on": change.on.isoformat()} for change in changes]
        self.chart.show(history_figure(rows, "", sources_line(catalog, sku, today), today, self.width_px))
        said = [decline_text(asdict(fall) | {"first": str(fall.first), "last": str(fall.last)}) for fall in falls]
        self.words.html = f"<b>Implied yearly decline</b>{pages.listed(said)}" if said else ""

    def _names(self, where: str) -> list[str]:
        if where.split("/")[1] != "api":
            return []
        rows = self.session.held(where).sheet.rows
        return sorted({f"{row.get('provider')}/{row.get('model')}" for row in rows if row.get("model")})

    def _resized(self, change: Mapping[str, Any]) -> None:
        if abs(change["new"] - self.width_px) >= 40:
            self.width_px = change["new"]
            self.draw()


class Findings(w.VBox):  # type: ignore[misc]
    """What the check finds, as a list: each leads to its cell."""

    def __init__(self, go_to: Callable[[Told], None]) -> None:
        self.found: list[Told] = []
        self.words = Words(style_class="tco-page")
        self.table = PickTable(caption="What the check finds", headings=["where", "what", "mend"], verb="show")
        self.table.on_pick(lambda key: go_to(self.found[int(key)]))
        self.box = w.VBox([self.table])
        super().__init__([self.words, self.box])

    def draw(self, found: Sequence[Told], where: str) -> None:
        """List them, what the edits brought about first; of warnings those of the sheet on screen."""
        self.found = [one for one in found if one.finding.level == "error" or one.finding.file == where]
        fresh, old = barring(found), [one for one in found if one.finding.level == "error" and not one.fresh]
        parts = [
            f"{pages.counted(len(fresh), 'fault')} of your edits, to mend before they can be saved" if fresh else "",
            f"{pages.counted(len(old), 'fault')} that the files have already" if old else "",
        ]
        said = "; ".join(filter(None, parts)) or "No fault"
        warned, others = len(self.found) - len(fresh) - len(old), len(found) - len(self.found)
        said += f", {pages.counted(warned, 'warning')} here" if warned else ""
        more = f" {pages.counted(others, 'warning')} of other sheets: <code>tco prices check</code>." if others else ""
        self.words.html = f"<p>{said}.{more}</p>"
        show(self.box, bool(self.found))
        self.table.rows = [
            {"key": str(place), "cells": [_place(one), one.finding.value, one.finding.mend], "chosen": False}
            for place, one in enumerate(self.found)
        ]


def _place(told: Told) -> str:
    found = told.finding
    row = f" row {found.row}" if found.row else ""
    return f"{found.file.removeprefix('price_sheets/')}{row}{f', {found.column}' if found.column else ''}"


class Saving(w.VBox):  # type: ignore[misc]
    """The diff, and the button that writes it."""

    def __init__(self, session: PriceSession, saved: Callable[[], None]) -> None:
        self.session, self._saved = session, saved
        self.told = Words(live=True, label="Saving", style_class="tco-page")
        self.diff = Words(style_class="tco-page")
        self.write = button("Write to file", "Write exactly these lines", lambda _b: self.save())
        self.again = button("Read again", "Read the file anew and make these edits again", lambda _b: self.reload())
        row = w.Box([self.write, self.again])
        row.add_class("tco-exports")
        self.read_only = _read_only(session.catalog)
        self.kept: tuple[str, str] | None = None
        """What was said of the last saving, and its diff: they stay until the next edit."""
        self.lost: list[str] = []
        """Edits that could not be made again, told until something is saved."""
        show(self.again, False)
        super().__init__([self.told, row, self.diff])

    def draw(self, found: Sequence[Told]) -> None:
        """Show what would be written."""
        diffs = self.session.diffs()
        bad = len(barring(found))
        self.kept = None if diffs else self.kept
        lost = pages.lost_html(self.lost) if self.lost else ""
        told = lost + pages.to_save_html(diffs, bad, self.read_only)
        self.told.html, self.diff.html = self.kept or (told, pages.diff_html(diffs))
        self.write.disabled = self.read_only or bool(bad) or not diffs
        show(self.write, bool(diffs) or self.read_only)

    def save(self) -> None:
        """Write the files; what somebody else has saved meanwhile is never lost."""
        diffs = self.session.diffs()
        try:
            written = self.session.save()
        except ChangedSheet as error:
            self.told.html = pages.faults_html(error.faults) + "<p>Your edits are still here.</p>"
            show(self.again, True)
            return
        except TcoError as error:
            self.told.html = pages.faults_html(error.faults)
            return
        self.kept, self.lost = (pages.saved_html(written), pages.diff_html(diffs)), []
        self._saved()

    def reload(self) -> None:
        """Read the files again and make the edits anew."""
        try:
            self.lost = self.session.reload()
        except TcoError as error:
            self.told.html = pages.faults_html(error.faults)
            return
        show(self.again, False)
        self._saved()


def _read_only(catalog: Catalog) -> bool:
    try:
        return catalog.own_price_folder is None
    except LookupFault:
        return True
