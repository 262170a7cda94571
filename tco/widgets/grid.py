"""The editable table of prices: a native table with inputs, moved in with the arrow keys, faults tied to their cells."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import anywidget
import traitlets as t

STATIC = Path(__file__).parent / "static"


class Grid(anywidget.AnyWidget):
    """
    Rows in the order of ``table``; what people do comes to ``on_act`` as a word and its facts. It holds no state of its own.

    The words are ``set`` (key, column, text), ``act`` (name, key), ``accept`` (key, kind), ``open`` (key) and ``sort`` (column).
    """

    _esm = STATIC / "grid.js"
    _css = STATIC / "grid.css"
    caption = t.Unicode().tag(sync=True)
    table: Any = t.Dict().tag(sync=True)
    """Columns, rows and order, as ``price_view.grid_of`` makes them."""
    focus: Any = t.List().tag(sync=True)
    """Row, column and a running number: the cell that the cursor goes to."""
    empty = t.Unicode("No row is like this.").tag(sync=True)
    """What is said where there is no row."""

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        self._numbers = count(1)

    def on_act(self, act: Callable[[str, list[Any]], None]) -> None:
        """Call with a word and its facts."""

        def hear(_widget: Any, content: Any, _buffers: Any) -> None:
            for word in ("set", "act", "accept", "open", "sort"):
                if word in content:
                    act(word, list(content[word]))

        self.on_msg(hear)

    def go_to(self, key: int, column: str) -> None:
        """Put the cursor on a cell."""
        self.focus = [key, column, next(self._numbers)]
