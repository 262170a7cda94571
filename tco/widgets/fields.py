"""The controls: a number with slider and box, a choice, and a block of words. Native elements, so that anyone can use them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import traitlets as t

STATIC = Path(__file__).parent / "static"
_NUMBER = re.compile(
    r"^\s*[$€]?\s*([-+]?\d[\d,_\s]*(?:\.\d*)?|[-+]?\.\d+)\s*(?:e([-+]?\d+))?\s*([kKmMbB]|bn)?\s*(?:%|×|x)?\s*$"
)
_SUFFIX = {"": 1.0, "k": 1e3, "m": 1e6, "b": 1e9, "bn": 1e9}


def parse_number(text: str) -> float | None:
    """
    A number as people type it; None when it is none.

    Examples
    --------
    >>> parse_number("$38,000"), parse_number("2.4M"), parse_number("35 %"), parse_number("abc")
    (38000.0, 2400000.0, 35.0, None)
    >>> parse_number("1,5") is None  # a decimal comma would silently become 15
    True
    """
    match = _NUMBER.match(text)
    if match is None or re.search(r",(?!\d{3}(?:\D|$))", text):
        return None
    digits, power, suffix = match.groups()
    plain = re.sub(r"[,_\s]", "", digits)
    return float(plain) * 10.0 ** int(power or 0) * _SUFFIX[(suffix or "").lower()]


class Field(anywidget.AnyWidget):
    """A number. ``value`` is in the field's own unit; ``scale`` turns it into what the box shows (100 for percent)."""

    _esm = STATIC / "field.js"
    label = t.Unicode().tag(sync=True)
    help = t.Unicode().tag(sync=True)
    source = t.Unicode().tag(sync=True)
    prefix = t.Unicode().tag(sync=True)
    unit = t.Unicode().tag(sync=True)
    value = t.Float(allow_none=True, default_value=None).tag(sync=True)
    typed = t.Unicode().tag(sync=True)
    scale = t.Float(1.0).tag(sync=True)
    low = t.Float(0.0).tag(sync=True)
    high = t.Float(1.0).tag(sync=True)
    step = t.Float(0.0).tag(sync=True)
    log = t.Bool(False).tag(sync=True)
    changed = t.Bool(False).tag(sync=True)
    base_text = t.Unicode().tag(sync=True)
    error = t.Unicode().tag(sync=True)

    def typed_value(self) -> float | None:
        """What was typed in the box, in the field's own unit; None when it is no number."""
        text = self.typed_text()
        strange = ("%" in text and self.scale == 1.0) or ("$" in text and not self.prefix)
        number = None if strange else parse_number(text)
        return None if number is None else number / self.scale

    def typed_text(self) -> str:
        """What was typed, as it stands."""
        return str(json.loads(self.typed)[0])


class Entry(anywidget.AnyWidget):
    """Some text: a box, of several ``lines`` where it may be long, with names it may be completed to."""

    _esm = STATIC / "entry.js"
    label = t.Unicode().tag(sync=True)
    help = t.Unicode().tag(sync=True)
    unit = t.Unicode().tag(sync=True)
    placeholder = t.Unicode().tag(sync=True)
    """What holds while the box is empty."""
    value = t.Unicode().tag(sync=True)
    suggestions: Any = t.List().tag(sync=True)
    lines = t.Int(1).tag(sync=True)
    note = t.Unicode().tag(sync=True)
    """A sentence that stays in sight under it."""
    error = t.Unicode().tag(sync=True)


class Drop(anywidget.AnyWidget):
    """A place to drop files on, or to choose them; they come to ``on_files`` as names and contents, whatever their size."""

    _esm = STATIC / "drop.js"
    label = t.Unicode().tag(sync=True)
    help = t.Unicode().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._act: Callable[[dict[str, bytes]], None] = lambda files: None
        self._files: dict[str, bytearray] = {}
        self.on_msg(self._piece)

    def on_files(self, act: Callable[[dict[str, bytes]], None]) -> None:
        """Call with the files of one drop."""
        self._act = act

    def _piece(self, _widget: Any, content: dict[str, Any], buffers: Any) -> None:
        if content.get("begin"):
            self._files = {}
        if "name" in content:
            self._files.setdefault(str(content["name"]), bytearray()).extend(bytes(buffers[0]) if buffers else b"")
        if content.get("end"):
            files, self._files = self._files, {}
            self._act({name: bytes(data) for name, data in files.items()})


class Choice(anywidget.AnyWidget):
    """One of several names: ``choices`` are (key, text, heading or empty)."""

    _esm = STATIC / "choice.js"
    label = t.Unicode().tag(sync=True)
    help = t.Unicode().tag(sync=True)
    source = t.Unicode().tag(sync=True)
    value = t.Unicode().tag(sync=True)
    choices: Any = t.List().tag(sync=True)
    changed = t.Bool(False).tag(sync=True)
    note = t.Unicode().tag(sync=True)
    """A sentence that stays in sight under it."""
    error = t.Unicode().tag(sync=True)


class PickTable(anywidget.AnyWidget):
    """A table whose rows can be taken: ``rows`` are ``{key, cells, chosen}``, a pick comes to ``on_pick``."""

    _esm = STATIC / "table.js"
    caption = t.Unicode().tag(sync=True)
    headings: Any = t.List().tag(sync=True)
    numbers: Any = t.List().tag(sync=True)
    """Places of the columns that hold numbers."""
    badge = t.Unicode().tag(sync=True)
    """Word that makes a cell's beginning, up to it, a badge."""
    verb = t.Unicode("take").tag(sync=True)
    rows: Any = t.List().tag(sync=True)

    def on_pick(self, act: Callable[[str], None]) -> None:
        """Call with the key of the row whose button is pressed."""
        self.on_msg(lambda _widget, content, _buffers: act(str(content["pick"])) if "pick" in content else None)


class Words(anywidget.AnyWidget):
    """Words as HTML; announced by screen readers when ``live``."""

    _esm = STATIC / "words.js"
    _css = STATIC / "app.css"
    html = t.Unicode().tag(sync=True)
    style_class = t.Unicode().tag(sync=True)
    live = t.Bool(False).tag(sync=True)
    label = t.Unicode().tag(sync=True)


class Fold(anywidget.AnyWidget):
    """A heading that opens and closes."""

    _esm = STATIC / "fold.js"
    kind = t.Unicode("fold").tag(sync=True)
    title = t.Unicode().tag(sync=True)
    expanded = t.Bool(True).tag(sync=True)


class Tabs(anywidget.AnyWidget):
    """Titles of pages, one of them chosen."""

    _esm = STATIC / "fold.js"
    kind = t.Unicode("tabs").tag(sync=True)
    titles: Any = t.List().tag(sync=True)
    selected = t.Int(0).tag(sync=True)


class Download(anywidget.AnyWidget):
    """Gives files to the browser."""

    _esm = STATIC / "download.js"

    def give(self, name: str, content: bytes, media_type: str) -> None:
        """Have the browser save a file."""
        self.send({"kind": "file", "name": name, "type": media_type}, [content])


class Clock(anywidget.AnyWidget):
    """The time zone of the browser, such as ``Europe/Berlin``; empty until it has told it."""

    _esm = STATIC / "clock.js"
    zone = t.Unicode().tag(sync=True)
