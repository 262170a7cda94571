"""Links from one notebook to another: under `tco lab` JupyterLab opens it beside this one, elsewhere they are plain links."""

import json
from html import escape
from pathlib import Path

LAB = Path(".lab")


def notebook_link(name: str, words: str) -> str:
    """
    A link to a notebook of ours by its file's name.

    Examples
    --------
    >>> notebook_link("of_yours.ipynb", "To the other notebook")
    '<a href="of_yours.ipynb" target="_blank" rel="noopener">To the other notebook</a>'
    """
    copy, command = LAB / name, ""
    if copy.is_file():
        at = escape(json.dumps({"path": copy.as_posix()}), quote=True)
        command = f' data-commandlinker-command="docmanager:open" data-commandlinker-args="{at}"'
    return f'<a href="{escape(name, quote=True)}" target="_blank" rel="noopener"{command}>{escape(words)}</a>'
