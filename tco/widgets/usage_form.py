"""The controls of the usage screen: where the log is, how it is read, the invoice; and which column is what, when nobody knows."""

import math
from collections.abc import Callable, Mapping, Sequence
from zoneinfo import available_timezones

import ipywidgets as w  # type: ignore[import-untyped]

from tco.usage.looking import Look, missing
from tco.usage.readers import readers
from tco.usage.readers.table import NEEDED, USUAL
from tco.widgets import usage_pages as pages
from tco.widgets.controls import fold, section
from tco.widgets.exports import button
from tco.widgets.fields import Choice, Drop, Entry, Words, parse_number

FORMATS = {
    "anthropic": "Anthropic, usage report", "langfuse": "Langfuse, export", "litellm": "LiteLLM, spend logs",
    "openai": "OpenAI, organization usage", "openrouter": "OpenRouter, activity", "table": "a table with a request a row",
    "trace": "traces: Azure, BurstGPT, Mooncake", "vllm": "vLLM, metrics",
}  # fmt: skip
COLUMNS = {
    "started": "Time of the request", "prompt_tok": "Prompt tokens, cached ones too", "output_tok": "Answer tokens",
    "model": "Model", "cache_read_tok": "Of the prompt, from a cache", "request_id": "Id of the request", "provider": "Vendor",
    "service_tier": "Service tier", "batch": "Sent as batch", "reasoning_tok": "Of the answer, hidden reasoning",
    "requests": "Requests in the row", "claimed_usd": "Cost by the log, USD", "project": "Project or team",
    "cache_write_5m_tok": "Of the prompt, written to a cache", "cache_write_1h_tok": "The same, kept an hour", "ended": "End of the request",
}  # fmt: skip
FIRST = 6
"""So many columns are asked for; the rest is folded."""
DROP_HELP = "CSV, JSON lines, Parquet, .gz too; or hourly tables of `tco usage import`. A log of gigabytes is quicker by its path below."


def zones() -> list[str]:
    """The time zones by their usual names."""
    return sorted(
        zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/"))
    )


class UsageForm(w.VBox):  # type: ignore[misc]
    """Where the log is, how it is read, and the invoice. ``act`` gets a word and acts on the screen."""

    def __init__(self, act: Callable[[str], None]) -> None:
        self.act = act
        self.dropped: dict[str, bytes] = {}
        self.drop = Drop(label="Drop a log here, or choose it", help=DROP_HELP)
        self.drop.on_files(self._dropped)
        self.path = Entry(
            label="Or where it is", help="A file, a folder, or a pattern such as logs/2026-*.jsonl.gz, on the machine of this notebook.",
            placeholder="logs/2026-*.jsonl.gz",
        )  # fmt: skip
        self.reads = button("Read", "Read the log at this path", lambda _b: act("path"))
        self.stops = button("Stop", "Stop reading; what was on screen stays", lambda _b: act("stop"))
        self.stops.disabled = True
        self.meter = Words(style_class="tco-meter")
        self.source = Choice(
            label="Format", help="What wrote the log.",
            choices=[["", "recognise it", ""], *([name, FORMATS.get(name, name), ""] for name in readers())],
        )  # fmt: skip
        self.zone = Entry(
            label="Times without a zone are of",
            help="A zone's name; most logs write UTC.",
            placeholder="UTC",
            suggestions=zones(),
        )
        self.month = Choice(label="Month", help="The month the invoice is for.", choices=[["", "all of the log", ""]])
        self.invoice = Entry(
            label="Invoice total",
            help="What the vendor charges for this usage, before tax.",
            unit="USD",
            placeholder="none yet",
        )
        self.month.observe(lambda _change: act("month"), names="value")
        self.invoice.observe(lambda _change: act("invoice"), names="value")
        row = w.Box([self.reads, self.stops])
        row.add_class("tco-exports")
        reading = fold("How it is read", [self.source, self.zone], True)
        super().__init__(
            [
                section("Log", [self.drop, self.path, row, self.meter, reading]),
                section("Invoice", [self.month, self.invoice]),
            ]
        )
        self.add_class("tco-form")

    def invoice_usd(self) -> float | None:
        """The total that was typed; None when the box is empty or says no amount, which it is then told."""
        text = self.invoice.value.strip()
        usd = parse_number(text) if text and "%" not in text else None
        good = usd is not None and 0 < usd < math.inf
        self.invoice.error = "" if good or not text else f"{text}: write an amount above 0, such as 1,234.50"
        return usd if good else None

    def months(self, found: Sequence[str]) -> None:
        """Offer the months of a log."""
        with self.month.hold_trait_notifications():
            self.month.choices = [["", "all of the log", ""], *([month, month, ""] for month in found)]
            if self.month.value not in found:
                self.month.value = ""

    def _dropped(self, files: dict[str, bytes]) -> None:
        self.dropped = files
        self.act("dropped")
        self.dropped = {}


class Columns(w.VBox):  # type: ignore[misc]
    """A file that nobody knows: its first rows, and a choice for each of our columns."""

    def __init__(self, read: Callable[[], None], leave: Callable[[], None]) -> None:
        self.seen: Look | None = None
        self.said, self.wrong = (
            Words(live=True, style_class="tco-page tco-verdict"),
            Words(live=True, style_class="tco-page"),
        )
        self.choices = {
            ours: Choice(label=label, help=f"Usually called {', '.join(USUAL[ours][:4])}.")
            for ours, label in COLUMNS.items()
        }
        names = list(COLUMNS)
        asked, more = (w.Box([self.choices[name] for name in part]) for part in (names[:FIRST], names[FIRST:]))
        for box in (asked, more):
            box.add_class("tco-asked")
        row = w.Box([button("Read it", "Read the log with these columns", lambda _b: self._read(read)),
                     button("Leave it", "Back to what was read before", lambda _b: leave())])  # fmt: skip
        row.add_class("tco-exports")
        super().__init__([self.said, self.wrong, asked, fold("More columns", [more], True), row])

    def ask(self, seen: Look, told: Mapping[str, str], wrong: str) -> None:
        """Show a file; what was told before stands, the rest is guessed."""
        self.seen = seen
        self.said.html, self.wrong.html = pages.look_html(seen), wrong if told else ""
        guess = dict(told) or seen.guess()
        rows = [["", "none", ""], *([column, column, ""] for column in seen.columns)]
        for ours, choice in self.choices.items():
            with choice.hold_sync():
                choice.choices, choice.value, choice.error = rows, guess.get(ours, ""), ""

    def leave(self) -> None:
        """Ask no more."""
        self.seen, self.said.html, self.wrong.html = None, "", ""

    def names(self) -> dict[str, str]:
        """Our column to the file's."""
        return {ours: choice.value for ours, choice in self.choices.items() if choice.value}

    def _read(self, read: Callable[[], None]) -> None:
        lacking = missing(self.names())
        for need in NEEDED:
            self.choices[need].error = "say which column has it" if need in lacking else ""
        if not lacking:
            read()
