"""An answer as pictures: which curve plays which part, in which unit of volume, between which ends; and to a file."""

from collections.abc import Sequence
from pathlib import Path

from tco.case import Case
from tco.present.axis import AxisName, VolumeAxis, volume_axis
from tco.present.charts.axes import Range, steady_range
from tco.present.charts.breakeven import CurveLine, breakeven_chart, fitting_ranges
from tco.present.charts.bridge import BridgePier, bridge_chart
from tco.present.charts.lines import OptionLines, lines_chart
from tco.present.formats.chart_file import export_chart
from tco.present.lines import grouped
from tco.present.numbers import count, money
from tco.present.provenance import vendors_line
from tco.present.theme import Figure, Role
from tco.present.verdict import cheapest_text, verdict
from tco.solve.breakeven import Breakeven, Winning
from tco.solve.compare import Comparison
from tco.solve.curves import curves

STEP_WORDS = {"model": "the model", "hosting": "your own GPUs", "both": "model and hosting"}


def breakeven_figure(
    case: Case,
    answer: Breakeven,
    axis_name: AxisName = "requests",
    *,
    title: str = "",
    before: tuple[Range, Range] | None = None,
    width_px: int = 900,
    height_px: int = 440,
    usd_log: bool = True,
    stale_note: str = "",
) -> tuple[Figure, tuple[Range, Range]]:
    """
    The break-even chart, and the ranges its axes show: hand them back as ``before`` and the axes keep still.

    Parameters
    ----------
    before : tuple[Range, Range], optional
        Ranges of volume (in the axis' unit) and dollars shown until now.
    """
    axis = volume_axis(axis_name, answer.axis, answer.labels[answer.baseline])
    marks = [answer.running_cost.permanent, answer.with_build.permanent, answer.at_volume.requests_per_month]
    known = [axis.of(mark) for mark in marks if mark]
    low, high = (min(known) / 30, max(known) * 30) if known else (axis.of(1e3), axis.of(1e8))
    lines, built = _lines(case, answer, axis, low / axis.factor, high / axis.factor)
    wanted = fitting_ranges(lines, known, usd_log=usd_log)
    ranges = wanted if before is None else (steady_range(before[0], wanted[0]), steady_range(before[1], wanted[1]))
    costs = dict(answer.at_volume.options_usd)
    figure = breakeven_chart(
        lines,
        axis_label=axis.label,
        winning=_winning(answer.running_cost, axis),
        break_even=_scaled(answer.running_cost.permanent, axis),
        you=axis.of(answer.at_volume.requests_per_month) or None,
        you_usd=costs,
        title=title,
        source_line=vendors_line(case),
        volume_range=ranges[0],
        usd_range=ranges[1],
        challenger=answer.challenger,
        with_build=built,
        break_even_with_build=_scaled(answer.with_build.permanent, axis),
        stale_note=stale_note,
        usd_log=usd_log,
        volume_text=money if axis.name == "dollars" else count,
        width_px=width_px,
        height_px=height_px,
    )
    return figure, ranges


def role_of(case: Case, option: str, baseline: str) -> Role:
    """Which part an option plays, and so its colour."""
    if case.numbers.options[option].kind != "api":
        return "self_host"
    if option == case.numbers.hosted:
        return "hosted"
    return "frontier" if option == baseline else "other"


def bridge_figure(case: Case, answer: Comparison, baseline: str, width_px: int = 900) -> Figure:
    """The savings bridge as a waterfall."""
    piers = [BridgePier(step.label, role_of(case, step.id, baseline), step.usd_per_month) for step in answer.bridge]
    words = [STEP_WORDS[step.effect] for step in answer.bridge[1:]]
    return bridge_chart(piers, words, title="", source_line=vendors_line(case), width_px=width_px)


def lines_figure(case: Case, answer: Comparison, baseline: str, width_px: int = 900) -> Figure:
    """What each option's month is made of, by group of lines; the table beside it has every line."""
    options = [
        OptionLines(
            o.id,
            o.label,
            role_of(case, o.id, baseline),
            {group: sum(lines.values()) for group, lines in grouped(o.lines_usd).items()},
        )
        for o in answer.options
    ]
    return lines_chart(options, title="", source_line=vendors_line(case), width_px=width_px)


def write_chart(case: Case, answer: Breakeven, path: Path, axis_name: AxisName = "requests") -> Path:
    """Write the break-even chart, print-ready, to a file by its ending: .html, .png, .svg or .pdf."""
    axis = volume_axis(axis_name, answer.axis, answer.labels[answer.baseline])
    figure, _ = breakeven_figure(case, answer, axis_name, width_px=1100, height_px=560)
    return export_chart(
        figure,
        path,
        title=headline(answer, axis),
        source_line=vendors_line(case),
        as_of=case.numbers.as_of,
        scenario_hash=case.scenario_hash,
    )


def headline(answer: Breakeven, axis: VolumeAxis) -> str:
    """What stands above an exported chart: the verdict, and the option that is cheaper than both, if any."""
    return " ".join(filter(None, [verdict(answer, axis), cheapest_text(answer)]))


def _lines(
    case: Case, answer: Breakeven, axis: VolumeAxis, low: float, high: float
) -> tuple[list[CurveLine], CurveLine | None]:
    drawn = curves(case, low, high)
    order = [answer.baseline, *[n for n in drawn if n not in (answer.baseline, answer.challenger)], answer.challenger]
    lines = [
        CurveLine(
            name,
            answer.labels[name],
            role_of(case, name, answer.baseline),
            drawn[name].volume * axis.factor,
            drawn[name].running_usd,
        )
        for name in order
    ]
    own = drawn[answer.challenger]
    if bool((own.with_build_usd - own.running_usd).max() <= 0):
        return lines, None
    built = CurveLine(
        f"{answer.challenger}_built", "with the build", lines[-1].role, own.volume * axis.factor, own.with_build_usd
    )
    return lines, built


def _winning(found: Winning, axis: VolumeAxis) -> Sequence[tuple[float, float | None]]:
    return [(axis.of(a), None if b is None else axis.of(b)) for a, b in found.intervals]


def _scaled(value: float | None, axis: VolumeAxis) -> float | None:
    return axis.of(value) if value else None
