"""The plotly.js that travels with the package: where it is, and the settings that keep a figure on this machine."""

from functools import cache
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).parent / "static" / "plotly-basic.min.js"
"""plotly.js-basic, MIT; its licence and checksum lie beside it, ``tools/fetch_scripts.py`` fetches it again."""


@cache
def script() -> str:
    """The script itself, 1.2 MB, read once."""
    return SCRIPT.read_text(encoding="utf-8")


def config(filename: str = "chart") -> dict[str, Any]:
    """
    plotly.js settings: no button that uploads the figure, no logo, no vendor address, no editing.

    Parameters
    ----------
    filename : str
        Name, without ending, of the image that the camera button saves.
    """
    return {
        "showSendToCloud": False,
        "displaylogo": False,
        "plotlyServerURL": "",
        "displayModeBar": "hover",
        "modeBarButtonsToRemove": ["sendChartToCloud", "select2d", "lasso2d", "autoScale2d", "zoomIn2d", "zoomOut2d"],
        "toImageButtonOptions": {"format": "png", "scale": 2, "filename": filename},
        "responsive": False,
        "scrollZoom": False,
        "doubleClick": "reset",
    }
