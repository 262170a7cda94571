"""Chart: a plotly.js figure in a notebook, redrawn in place; only what has changed is sent when a slider moves."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import anywidget
import numpy as np
import traitlets
from ipywidgets import widget_serialization  # type: ignore[import-untyped]

from tco.errors import Fault, TcoError
from tco.present import plotlyjs, theme
from tco.present.theme import Figure
from tco.units import Array

_STATIC = Path(__file__).parent / "static"
_PACKED = ("x", "y", "base")
"""Keys of a trace whose numbers travel as bytes."""

OnImage = Callable[[bytes], None]


class PlotlyLibrary(anywidget.AnyWidget):
    """plotly.js itself, sent to a page once for all of its charts."""

    _esm = traitlets.Unicode().tag(sync=True)

    @traitlets.default("_esm")
    def _module(self) -> str:
        return library_module()


class Chart(anywidget.AnyWidget):
    """
    A chart that follows ``show``: every trait is synced, so a reloaded page and a second view show the same.

    Examples
    --------
    >>> chart = Chart()
    >>> chart.show({"data": [{"type": "scatter", "x": [1.0, 2.0], "y": [3.0, 4.0]}], "layout": {}})
    >>> chart.meta["arrays"][1]
    {'trace': 0, 'key': 'y', 'offset': 2, 'length': 2}
    """

    _esm = traitlets.Unicode().tag(sync=True)
    _css = traitlets.Unicode().tag(sync=True)
    library = traitlets.Instance(PlotlyLibrary).tag(sync=True, **widget_serialization)
    traces: traitlets.List[Any] = traitlets.List().tag(sync=True)
    """The figure's traces without their numbers."""
    figure_layout = traitlets.Dict().tag(sync=True)
    """The figure's layout; ``layout`` is ipywidgets' own."""
    meta = traitlets.Dict().tag(sync=True)
    """Which of the buffer's numbers belong where: ``{"arrays": [{trace, key, offset, length}, ...]}``."""
    buffer = traitlets.Bytes().tag(sync=True)
    """The traces' numbers, float64, little-endian."""
    config = traitlets.Dict().tag(sync=True)
    palettes = traitlets.Dict().tag(sync=True)
    description = traitlets.Unicode().tag(sync=True)
    """What the chart shows, for those who do not see it."""
    width_px = traitlets.Int(900).tag(sync=True)
    """How wide the page shows the chart; observe it to place words anew for a narrow page."""

    def __init__(self, figure: Figure | None = None, *, filename: str = "chart") -> None:
        super().__init__(
            _esm=static_text("chart.js"),
            _css=static_text("chart.css"),
            library=_library(),
            config=plotlyjs.config(filename),
            palettes={"light": dict(theme.LIGHT), "dark": dict(theme.DARK)},
        )
        self._awaited: dict[str, OnImage] = {}
        self.on_msg(self._receive)
        if figure is not None:
            self.show(figure)

    def show(self, figure: Figure, *, description: str = "") -> None:
        """
        Put a figure in place of the one shown. What has not changed is not sent: for the same lines with other
        numbers that leaves the numbers, and the layout where it changed.

        Parameters
        ----------
        figure : Figure
            ``{"data": [...], "layout": {...}}`` from ``present.charts``.
        description : str
            For a screen reader; empty for the one the figure brings along.
        """
        traces, arrays, numbers = packed(figure["data"])
        brought = str(figure["layout"].get("meta", {}).get("description", ""))
        with self.hold_sync():
            self.traces = traces
            self.figure_layout = dict(figure["layout"])
            self.meta = {"arrays": arrays}
            self.buffer = numbers.astype("<f8").tobytes()
            self.description = description or brought

    def request_image(
        self,
        format: Literal["png", "svg"],
        *,
        width: int = 1100,
        height: int | None = None,
        scale: float = 2.0,
        figure: Figure | None = None,
        on_image: OnImage | None = None,
        filename: str = "",
    ) -> None:
        """
        Ask the page to draw the chart as an image. It answers later, when the kernel is free to listen.

        Parameters
        ----------
        format : Literal["png", "svg"]
            Kind of image.
        width, height, scale : int, int | None, float
            Size, the figure's own height for None, and how many pixels of a PNG make one of these.
        figure : Figure | None
            What to draw, such as ``print_ready(...)``; None for what is shown, in the colours it was made in.
        on_image : Callable[[bytes], None] | None
            Called with the file's content, once.
        filename : str
            The browser saves the image under this name; empty for no download.
        """
        if format not in ("png", "svg"):
            raise TcoError(Fault("image format", repr(format), "ask for png or svg; export_chart also writes pdf"))
        layout = figure["layout"] if figure is not None else self.figure_layout
        request: dict[str, Any] = {"kind": "image", "id": uuid4().hex, "format": format, "filename": filename}
        request |= {"width": width, "height": height or layout.get("height", 480), "scale": scale, "figure": figure}
        if on_image is not None:
            self._awaited[request["id"]] = on_image
        self.send(request)

    def _receive(self, _widget: Any, content: Mapping[str, Any], buffers: Sequence[Any]) -> None:
        if content.get("kind") != "image":
            return
        on_image = self._awaited.pop(str(content.get("id")), None)
        if content.get("error"):
            raise TcoError(Fault("image of the chart", str(content["error"]), "reload the page and ask again"))
        if on_image is not None and buffers:
            on_image(bytes(buffers[0]))


def packed(data: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Array]:
    """
    Traces without their numbers, where each run of numbers belongs, and all numbers in one array.

    None becomes not-a-number, which plotly.js draws as a gap; words stay in the trace.
    """
    traces, arrays, runs, offset = [], [], [], 0
    for index, trace in enumerate(data):
        kept = dict(trace)
        for key in _PACKED:
            run = _numbers(kept.get(key))
            if run is None:
                continue
            del kept[key]
            arrays.append({"trace": index, "key": key, "offset": offset, "length": int(run.size)})
            runs.append(run)
            offset += run.size
        traces.append(kept)
    return traces, arrays, np.concatenate(runs) if runs else np.zeros(0)


def _numbers(values: Any) -> Array | None:
    if not isinstance(values, list | tuple | np.ndarray):
        return None
    if any(isinstance(value, str | bool) for value in values):
        return None
    return np.asarray(values, dtype=np.float64)


@cache
def static_text(name: str) -> str:
    """One of the files that lie beside this module in ``static``, read once."""
    return (_STATIC / name).read_text(encoding="utf-8")


@cache
def library_module() -> str:
    """The JavaScript module that holds plotly.js."""
    return static_text("plotly_library.js").replace("/* PLOTLY_SOURCE */", plotlyjs.script())


_libraries: list[PlotlyLibrary] = []


def _library() -> PlotlyLibrary:
    """The one library of this kernel; another when somebody has closed it."""
    if not _libraries or _libraries[0].comm is None:
        _libraries[:] = [PlotlyLibrary()]
    return _libraries[0]
