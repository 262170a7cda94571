"""Prices proposed from public data, beside ours: a figure taken becomes a dated row of the grid, not of the file."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anywidget
import ipywidgets as w  # type: ignore[import-untyped]
import traitlets as t

from tco.catalog.accepting import row_of
from tco.catalog.importers import importers
from tco.catalog.proposing import Proposal, Proposals, Sourced, alike, open_source, propose
from tco.errors import TcoError
from tco.present.prices import METERS, usd
from tco.widgets import price_pages as pages
from tco.widgets.controls import fold
from tco.widgets.exports import button
from tco.widgets.fields import STATIC, Choice, Drop, Words
from tco.widgets.form import show
from tco.widgets.price_session import PriceSession

STATES = {"disputed": "sources disagree", "differs": "differs", "new": "new to us", "retired": "retired here"}
"""What a proposal is, in words; those that are the same as ours are counted only."""
SHOWN = 200
"""Rows of the table at most; the choice of models narrows it."""


class ProposalTable(anywidget.AnyWidget):
    """Rows of proposals; what is taken comes to ``on_act`` as ``take`` with id and source, or ``refuse`` with the id."""

    _esm = STATIC / "proposals.js"
    caption = t.Unicode("Proposed prices").tag(sync=True)
    sources: Any = t.List().tag(sync=True)
    rows: Any = t.List().tag(sync=True)

    def on_act(self, act: Callable[[str, list[str]], None]) -> None:
        """Call with a word and its facts."""

        def hear(_widget: Any, content: Any, _buffers: Any) -> None:
            for word in ("take", "refuse"):
                if word in content:
                    act(word, [str(fact) for fact in content[word]])

        self.on_msg(hear)


class ProposalPanel(w.VBox):  # type: ignore[misc]
    """Sources to read, what they propose, and what was taken or refused."""

    def __init__(self, session: PriceSession, took: Callable[[str, int], None]) -> None:
        self.session, self._took, self.where = session, took, ""
        self.sources: dict[str, Sourced] = {}
        self.found: Proposals | None = None
        self.taken: dict[str, tuple[str, int, str]] = {}
        """Sheet, row and source of each proposal that was taken."""
        self.refused: set[str] = set()
        names = [[name, name, ""] for name in importers()]
        self.source = Choice(label="Source", help="Whose public price data to read.", choices=names, value=names[0][0])
        self.drop = Drop(
            label="Drop their files here, or choose them",
            help="JSON as the source publishes it; litellm, genai, models.dev or openrouter in a file's name says whose it is.",
        )
        self.drop.on_files(self._dropped)
        package = button("Installed package", "Read the data inside the installed package", lambda _b: self._package())
        first = w.Box([self.source, package])
        self.reading = fold("Read a source", [first, self.drop], False)
        models = [["sheet", "of this sheet", ""], ["", "all we carry", ""]]
        self.models = Choice(label="Models", help="Whose prices are compared.", choices=models, value="sheet")
        states = [["", "all that is open", ""], *([key, words, ""] for key, words in STATES.items())]
        self.state = Choice(label="Show", help="Which proposals are listed.", choices=states, value="")
        for choice in (self.models, self.state):
            choice.observe(lambda _change: self.draw(), names="value")
        self.again = button("Show refused", "List what was refused once more", lambda _b: self._anew())
        self.chosen = w.Box([self.models, self.state, self.again])
        for bar in (first, self.chosen):
            bar.add_class("tco-bar")
            bar.add_class("tco-page-bar")
        self.words = Words(live=True, style_class="tco-page")
        self.wrong = Words(live=True, style_class="tco-page")
        self.table = ProposalTable()
        self.table.on_act(self.act)
        super().__init__([self.reading, self.wrong, self.chosen, self.words, self.table])

    def read(self, name: str, file: Path | None) -> None:
        """Read a source, from its file or from the installed package."""
        try:
            self.sources[name] = open_source(name, file, self.session.catalog)
            self.wrong.html = ""
            self.reading.children[0].expanded = False
        except TcoError as error:
            self.wrong.html = pages.faults_html(error.faults)
        self.draw()

    def act(self, word: str, facts: list[str]) -> None:
        """Take a source's figure of a proposal, or refuse the proposal."""
        row = next((row for row in self.found.rows if row.id == facts[0]), None) if self.found is not None else None
        if row is None or self.found is None:
            return
        if word == "refuse":
            self.refused.add(row.id)
            self.draw()
            return
        source = self.sources[facts[1]]
        where = f"price_sheets/api/{row.sku.partition('/')[0]}.csv"
        columns = self.session.columns(where)
        made = dict.fromkeys(columns, "") | row_of(row, source, self.found)
        key = self.session.add_rows([(where, made)], f"{row.id}, from {source.name}")[0]
        self.taken[row.id] = (where, key, source.name)
        self._took(where, key)
        self.draw()

    def draw(self) -> None:
        """Compare anew with the sheets as they are on disk, and list what is open."""
        show(self.chosen, bool(self.sources))
        if not self.sources:
            self.words.html = pages.ABOUT_PROPOSALS
            self.table.rows = []
            show(self.again, False)
            return
        self.found = propose(self.session.catalog, list(self.sources.values()), self.session.today)
        rows = [row for row in self.found.rows if self._wanted(row)]
        order = list(STATES)
        open_rows = sorted((r for r in rows if r.id not in self.refused), key=lambda r: order.index(r.state))
        show(self.again, bool(self.refused))
        self.words.html = pages.proposals_html(self.found, len(open_rows), SHOWN, len(self.refused))
        with self.table.hold_sync():
            self.table.sources = list(self.sources)
            self.table.rows = [self._row(row) for row in open_rows[:SHOWN]]

    def _wanted(self, row: Proposal) -> bool:
        wanted = (self.state.value,) if self.state.value else ("differs", "disputed", "new")
        provider = Path(self.where).stem if self.models.value == "sheet" else ""
        return row.state in wanted and provider in ("", row.sku.partition("/")[0])

    def _row(self, row: Proposal) -> dict[str, Any]:
        figures = []
        for name in self.sources:
            quote = row.figures.get(name)
            same = quote is not None and row.ours_usd is not None and alike(quote.usd, row.ours_usd)
            open_to_take = quote is not None and not same
            figures.append(
                {
                    "source": name,
                    "text": usd(quote.usd) if quote else "—",
                    "take": open_to_take,
                    "differs": open_to_take and row.ours_usd is not None,
                }
            )
        where, key, source = self.taken.get(row.id, ("", 0, ""))
        still = bool(source) and key in self.session.held(where).keys
        later = f" from {row.on}" if row.announced else ""
        limit = f" above {row.min_input_tokens:,}" if row.min_input_tokens else ""
        tier = "" if row.service_tier == "standard" else f", {row.service_tier}"
        return {
            "id": row.id,
            "name": f"{row.sku} {METERS[row.meter]}{tier}{limit}{later}",
            "ours": usd(row.ours_usd),
            "ours_row": row.ours_where,
            "figures": figures,
            "state": STATES[row.state] + (", announced" if row.announced else ""),
            "page": row.page,
            "taken": source if still else "",
        }

    def _anew(self) -> None:
        self.refused.clear()
        self.draw()

    def _package(self) -> None:
        self.read(self.source.value, None)

    def _dropped(self, files: dict[str, bytes]) -> None:
        with TemporaryDirectory() as folder:
            for name, content in files.items():
                file = Path(folder) / (Path(name).name or "prices.json")
                file.write_bytes(content)
                self.read(_source_of(name) or self.source.value, file)


def _source_of(file: str) -> str:
    """The source that a file's name tells; blank where it tells none."""
    return next((name for name in importers() if name.split("-")[0] in file.lower()), "")
