"""Charts of realistic size: golden case G05's figures, a staircase with sixty steps, windows, and never."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tco.present.charts.breakeven import CurveLine, breakeven_chart, fitting_ranges

API_USD, HOSTED_USD = 0.007711875, 0.00037
BREAK_EVEN, WITH_BUILD, YOU = 2_386_191.0, 2_787_356.0, 6e6


def stairs(fixed_usd: float, step_volume: float, step_usd: float, slope_usd: float, end: float) -> tuple[Any, Any]:
    """A staircase with one replica more than the load needs, both ends of every step."""
    edges = np.append(np.arange(0.0, end, step_volume), end)
    volume = np.repeat(edges, 2)[1:-1]
    replicas = np.repeat(np.arange(1, edges.size) + 1.0, 2)
    return volume, fixed_usd + replicas * step_usd + slope_usd * volume


def proportional(name: str, label: str, role: Any, usd_per_request: float, end: float = 6e8) -> CurveLine:
    return CurveLine(name, label, role, np.array([0.0, end]), np.array([0.0, usd_per_request * end]))


def curves_of(own: tuple[Any, Any], end: float = 6e8) -> list[CurveLine]:
    return [
        CurveLine("own", "gpt-oss-120b on your own 2 × H100", "self_host", *own),
        proportional("hosted", "Hosted gpt-oss-120b", "hosted", HOSTED_USD, end),
        proportional("api", "GPT-5.4 API", "frontier", API_USD, end),
    ]


@pytest.fixture
def g05() -> Callable[..., dict[str, Any]]:
    """G05's chart; keywords replace what it is asked with."""

    def make(**changes: Any) -> dict[str, Any]:
        volume, usd = stairs(13_200.0, 3_894_372.0, 2_555.0, 0.005 * API_USD, 6e8)
        curves = curves_of((volume, usd))
        ranges = fitting_ranges(curves, [BREAK_EVEN, WITH_BUILD, YOU], usd_log=changes.get("usd_log", True))
        asked: dict[str, Any] = {
            "axis_label": "requests a month",
            "winning": [(BREAK_EVEN, None)],
            "break_even": BREAK_EVEN,
            "you": YOU,
            "you_usd": {line.id: float(np.interp(YOU, line.volume, line.usd)) for line in curves},
            "title": "Self-hosting is cheaper from 2.39M requests a month",
            "source_line": "Prices: OpenAI, checked 2026-10-21",
            "volume_range": ranges[0],
            "usd_range": ranges[1],
            "challenger": "own",
            "with_build": CurveLine("build", "with the build", "self_host", volume, usd + 3_078.0),
            "break_even_with_build": WITH_BUILD,
        }
        return breakeven_chart(curves, **{**asked, **changes})

    return make
