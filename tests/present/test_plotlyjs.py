"""The carried plotly.js is the one whose checksum and licence lie beside it."""

import hashlib

from tco.present import plotlyjs


def test_checksum_and_licence():
    beside = plotlyjs.SCRIPT.parent
    recorded = (beside / "plotly-basic.sha256").read_text(encoding="utf-8").split()[0]
    assert hashlib.sha256(plotlyjs.SCRIPT.read_bytes()).hexdigest() == recorded
    assert (beside / "plotly-basic.LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_no_way_out():
    settings = plotlyjs.config()
    assert (settings["showSendToCloud"], settings["displaylogo"], settings["plotlyServerURL"]) == (False, False, "")
