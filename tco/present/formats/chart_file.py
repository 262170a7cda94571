"""
A chart as a file. The ending says which kind.

HTML carries plotly.js with it and opens anywhere without a network; PNG, SVG and PDF are drawn by Chrome or Chromium
on this machine. Nothing is sent anywhere: no address outside the file is asked for, and no button uploads the chart.
"""

import html
import json
import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from tco.errors import Fault, MissingTool, TcoError
from tco.present import plotlyjs, theme
from tco.present.charts.printed import footer, print_ready
from tco.present.theme import Figure

ENDINGS = (".html", ".png", ".svg", ".pdf")
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:">
<title>{title}</title>
<style>
body {{ margin: 0; padding: 28px 20px; background: {paper}; color: {ink}; font-family: {font}; }}
main {{ max-width: 1400px; margin: 0 auto; }}
h1 {{ font-size: 21px; line-height: 1.3; margin: 0 14px 6px; }}
figure {{ margin: 0; }}
figcaption {{ font-size: 12px; line-height: 1.5; color: {muted}; margin: 8px 14px 0; }}
@media print {{ body {{ padding: 0; }} .modebar-container {{ display: none; }} }}
</style>
</head>
<body>
<main>
{heading}<figure>
<div id="chart" role="img" aria-label="{description}" style="height:{height}px"></div>
<figcaption>{caption}</figcaption>
</figure>
</main>
<noscript>This chart is drawn by a script inside this file; allow scripts to see it.</noscript>
<script>{script}</script>
<script type="application/json" id="figure">{figure}</script>
<script>
const figure = JSON.parse(document.getElementById("figure").textContent);
Plotly.newPlot("chart", figure.data, figure.layout, figure.config);
</script>
</body>
</html>
"""


def export_chart(
    figure: Figure,
    path: Path,
    *,
    title: str,
    source_line: str,
    as_of: date,
    scenario_hash: str,
    width_px: int = 1100,
    scale: float = 2.0,
) -> Path:
    """
    Write a chart with its title, sources, as-of date and scenario hash; the file appears whole or not at all.

    Parameters
    ----------
    path : Path
        Where to; its ending is one of ``ENDINGS``. The folder is made when it is not there.
    width_px, scale : int, float
        Size of PNG, SVG and PDF, and how many pixels of a PNG make one of these; HTML takes the window's width.

    Raises
    ------
    TcoError
        The ending is none of those known, or the file cannot be written.
    MissingTool
        PNG, SVG or PDF is asked for, and there is no Chrome or Chromium or no kaleido.
    """
    path = Path(path)
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise TcoError(Fault(str(path), f"ending {ending or 'none'}", f"write to one of {', '.join(ENDINGS)}"))
    if ending == ".html":
        content = html_page(
            figure, title=title, source_line=source_line, as_of=as_of, scenario_hash=scenario_hash
        ).encode()
    else:
        printed = print_ready(
            figure, title=title, source_line=source_line, as_of=as_of, scenario_hash=scenario_hash, width_px=width_px
        )
        content = _drawn(printed, ending[1:], width_px, scale, str(path))
    _write_whole(path, content)
    return path


def html_page(figure: Figure, *, title: str, source_line: str, as_of: date, scenario_hash: str) -> str:
    """The chart as one page of HTML that asks for nothing outside itself."""
    figure = {"data": figure["data"], "layout": json.loads(json.dumps(figure["layout"]))}
    layout = figure["layout"]
    theme.titled(layout, "")
    colours = theme.palette(bool(layout["meta"]["dark"]))
    described = layout["meta"]["description"] or title
    caption = "<br>".join(html.escape(line) for line in (source_line, footer(as_of, scenario_hash)) if line)
    settings = {**plotlyjs.config(), "responsive": True}
    return _PAGE.format(
        title=html.escape(title or described),
        heading=f"<h1>{html.escape(title)}</h1>\n" if title else "",
        description=html.escape(described, quote=True),
        caption=caption,
        paper=colours["paper"],
        ink=colours["ink"],
        muted=colours["muted"],
        font=theme.FONT_FAMILY,
        height=layout["height"],
        script=plotlyjs.script(),
        figure=json.dumps({**figure, "config": settings}, ensure_ascii=False, allow_nan=False).replace("</", "<\\/"),
    )


def _drawn(figure: Figure, kind: str, width_px: int, scale: float, where: str) -> bytes:
    try:
        import kaleido  # type: ignore[import-untyped]
    except ImportError:
        raise MissingTool(Fault(where, "kaleido is not installed", _mend('pip install "llm-tco[export]"'))) from None
    page = kaleido.PageGenerator(plotly=plotlyjs.SCRIPT.as_uri(), mathjax=False)
    options = {
        "format": kind,
        "width": width_px,
        "height": figure["layout"]["height"],
        "scale": scale if kind == "png" else 1,
    }
    kopts: dict[str, Any] = {"page_generator": page}
    try:
        drawn = kaleido.calc_fig_sync(figure, opts=options, kopts=kopts)
    except Exception as error:
        if "chrome" in f"{type(error).__name__} {error}".lower():
            raise MissingTool(Fault(where, "no Chrome or Chromium found", _mend("install either"))) from error
        raise
    return bytes(drawn)


def _mend(step: str) -> str:
    return f"PNG, SVG and PDF are drawn by Chrome or Chromium: {step}, or write .html, which needs neither"


def _write_whole(path: Path, content: bytes) -> None:
    """Write beside, then rename: a reader sees the old file or the new one, never half of one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:
        raise TcoError(Fault(str(path), error.strerror or "cannot be written", "choose another folder")) from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(beside, 0o666 & ~mask)
        os.replace(beside, path)
    except OSError as error:
        Path(beside).unlink(missing_ok=True)
        raise TcoError(Fault(str(path), error.strerror or "cannot be written", "choose another place")) from None
