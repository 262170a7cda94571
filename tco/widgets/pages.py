"""What stands above and under the chart, as HTML: verdict, chips, doubt, cost lines, capacity, service, GPUs, warnings, sources."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from tco.errors import Fault
from tco.options.base import OptionBase
from tco.options.self_hosted import SelfHostedOption
from tco.present.axis import VolumeAxis
from tco.present.estimates import BADGE, ranked_cells, ranking_title, unable_rows
from tco.present.fleet import fleet_blocks
from tco.present.lines import LINE_GROUPS, REST, grouped, line_label
from tco.present.numbers import exact, money
from tco.present.provenance import SourceRow, not_as_saved, source_rows
from tco.present.service import SERVICE_HEADINGS, doubt_badge, doubt_text, service_rows
from tco.present.verdict import cheapest_text, needs_text, position, verdict
from tco.solve.breakeven import Breakeven, Winning
from tco.solve.capacity import capacity_of, served
from tco.solve.doubt import doubt
from tco.solve.rank import Ranking
from tco.solve.warn import Caution
from tco.widgets.store import Outcome

SHOWN_WARNINGS = 3


def verdict_html(outcome: Outcome, axis: VolumeAxis, faults: Iterable[Fault]) -> str:
    """The answer in words, the user's place, what would have to change, and chips; faults first when there are any."""
    answer = outcome.answer
    wrong = "".join(
        f'<div class="tco-fault"><b>{escape(_short(f.where))}</b> {escape(mend_words(f))} The picture below is the last good one.</div>'
        for f in faults
    )
    other = not_as_saved(outcome.case)
    wrong_prices = f'<div class="tco-fault">{escape(other)}</div>' if other else ""
    needed = " ".join(filter(None, [cheapest_text(answer), needs_text(answer)]))
    sentences = f"<p>{escape(position(answer, axis))}{' ' + escape(needed) if needed else ''}</p>"
    at = answer.at_volume
    chips = [
        (f"break-even{axis.unit}", _at(answer.running_cost, axis)),
        (f"with the build{axis.unit}", _at(answer.with_build, axis)),
        (f"you{axis.unit}", axis.short(at.requests_per_month)),
        ("difference at your volume", f"{money(at.baseline_usd - at.challenger_usd, signed=True)} a month"),
        (f"grade ({_weakest(answer)})", answer.grade),
    ]
    state = "tco-was" if wrong else "tco-is"
    headline = f'<p class="tco-headline">{escape(verdict(answer, axis))}</p>'
    return (
        f'{wrong}{wrong_prices}<div class="{state}">{headline}{sentences}<div class="tco-chips">'
        + "".join(f'<span class="tco-chip">{escape(name)}<b>{escape(value)}</b></span>' for name, value in chips)
        + "</div></div>"
    )


def _weakest(answer: Breakeven) -> str:
    parts = [part for part, grade in answer.grades.items() if part != "answer" and grade == answer.grade]
    return f"by its {' and '.join(parts)}"


def _short(where: str) -> str:
    return where.split(": ")[-1]


def mend_words(fault: Fault) -> str:
    """What was found and what would mend it, as a sentence: a mend may end in a question."""
    said = "; ".join(filter(None, (fault.found, fault.mend)))
    return said if said.endswith(("?", ".", "!")) else f"{said}."


def _at(found: Winning, axis: VolumeAxis) -> str:
    if found.permanent is not None:
        return axis.short(found.permanent)
    return "windows only" if found.intervals else "never"


def lines_html(outcome: Outcome) -> str:
    """Every line of every option, by group, with each group's sum: what the bars above are made of."""
    options = outcome.comparison.options
    groups = [grouped(option.lines_usd) for option in options]
    body = ""
    for group in (*LINE_GROUPS, REST):
        names = {name for mine in groups for name in mine.get(group, {})}
        if not names:
            continue
        sums = [sum(mine[group].values()) if group in mine else None for mine in groups]
        body += _money_row(group, sums, "tco-group")
        weight = {name: max(abs(option.lines_usd.get(name, 0.0)) for option in options) for name in names}
        for name in sorted(names, key=lambda n: (-weight[n], n)):
            body += _money_row(line_label(name), [option.lines_usd.get(name) or None for option in options])
    body += _money_row("a month", [option.usd_per_month for option in options], "tco-total")
    body += _money_row("with the build paid back", [option.with_build_usd for option in options])
    body += _money_row("a million tokens", [option.usd_per_mtok for option in options])
    heads = [("USD a month", False), *((option.label, True) for option in options)]
    return table(heads, body, "Cost lines of every option")


def _money_row(name: str, values: Sequence[float | None], style: str = "") -> str:
    cells = "".join(
        '<td class="num"></td>' if usd is None else f'<td class="num" title="{exact(round(usd, 2))}">{money(usd)}</td>'
        for usd in values
    )
    return f'<tr class="{style}"><th scope="row">{escape(name)}</th>{cells}</tr>'


def table(heads: Iterable[tuple[str, bool]], body: str, caption: str, style: str = "") -> str:
    """A table that scrolls by itself and can be scrolled with the keys; ``heads`` are words and whether they are numbers."""
    row = "".join(f'<th scope="col"{" class=num" if number else ""}>{escape(text)}</th>' for text, number in heads)
    head = f"<thead><tr>{row}</tr></thead>" if row else ""
    return f"{_scroll(caption, style)}<table>{head}<tbody>{body}</tbody></table></div>"


def _scroll(caption: str, style: str = "") -> str:
    return f'<div class="tco-scroll {style}" tabindex="0" role="region" aria-label="{escape(caption, quote=True)}">'


def capacity_html(outcome: Outcome) -> str:
    """What every option on GPUs of its own is: its fleet, its servers, its energy, and how its throughput is known."""
    plans = [plan for option in outcome.case.numbers.options if (plan := capacity_of(outcome.case, option)) is not None]
    if not plans:
        return "<p>No option here runs on GPUs of its own.</p>"
    blocks = [fleet_blocks(outcome.case, plan) for plan in plans]
    body = ""
    for title in dict.fromkeys(block.title for mine in blocks for block in mine):
        mine = [dict(next((b.rows for b in own if b.title == title), ())) for own in blocks]
        body += f'<tr class="tco-group"><th scope="rowgroup" colspan="{len(plans) + 1}">{escape(title)}</th></tr>'
        for name in dict.fromkeys(name for rows in mine for name in rows):
            cells = "".join(f"<td>{escape(rows.get(name, ''))}</td>" for rows in mine)
            body += f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>'
    heads = [("what", False), *((plan.label, False) for plan in plans)]
    return table(heads, body, "Capacity of every option on GPUs of its own")


def service_html(outcome: Outcome) -> str:
    """Times of every option beside the limits, and its cost."""
    service, case = outcome.case.numbers.service, outcome.case
    costs = {option.id: option.usd_per_month for option in outcome.comparison.options}
    body = ""
    for row in service_rows(served(case), costs):
        cells = ""
        for place, text in enumerate(row.cells[1:], start=1):
            over = place in row.over
            style = ' class="num tco-over"' if over else ' class="num"' if place < len(row.cells) - 1 else ""
            cells += f"<td{style}>{_badged(text)}{' (over)' if over else ''}</td>"
        body += f'<tr><th scope="row">{escape(row.cells[0])}</th>{cells}</tr>'
    heads = [(text, 0 < place < len(SERVICE_HEADINGS) - 1) for place, text in enumerate(SERVICE_HEADINGS)]
    asked = f"Asked: {service.slo_percentile:g} of 100 requests within both limits. Of your own GPUs: what a replica did at the loads of your week."
    own = "Times of an API are known only where you measured them: type them under Service level and shape."
    return f"<p>{asked} {own}</p>{table(heads, body, 'Service level of every option')}"


def _badged(text: str) -> str:
    return (
        f'<span class="tco-badge">{BADGE}</span>{escape(text[len(BADGE) :])}'
        if text.startswith(BADGE)
        else escape(text)
    )


GPU_HEADINGS = (
    "GPUs of one replica", "known by", "tok/s a replica", "replicas", "rent per GPU-h", "a month", "eight of ten cases",
    "per Mtok",
)  # fmt: skip
GPU_NUMBERS = tuple(range(2, len(GPU_HEADINGS)))


def ranking_caption(ranking: Ranking) -> str:
    """What is ranked, for whoever does not see it."""
    return f"GPUs for {ranking_title(ranking)}, the cheapest first"


def ranking_html(ranking: Ranking, kind: str) -> str:
    """What is ranked, and by what."""
    by = "By the rent on demand of the peak hour's replicas and their spares, all month"
    bought = "; prices of servers are not ranked" if kind == "owned" else ""
    return f"<p><b>{escape(ranking_title(ranking))}.</b> {by}{bought}. {BADGE}: from data sheets; measure before you sign.</p>"


def ranking_table(ranking: Ranking, own: OptionBase) -> list[dict[str, Any]]:
    """Rows of the table to take a GPU from."""
    gpu, gpus = getattr(own, "gpu_name", ""), own.capacity.gpus_per_replica if isinstance(own, SelfHostedOption) else 0
    return [
        {
            "key": f"{row.gpus_per_replica if row.profile else ''}:{row.gpu}",
            "cells": [f"{row.gpus_per_replica} × {row.gpu}", *ranked_cells(row)],
            "chosen": (row.gpu, row.gpus_per_replica) == (gpu, gpus),
        }
        for row in ranking.rows
        if row.grade is not None
    ]


def unable_html(ranking: Ranking) -> str:
    """The GPUs that cannot serve the model, each with the reason, folded."""
    rows = unable_rows(ranking.rows)
    if not rows:
        return ""
    items = "".join(f"<li><b>{escape(gpu)}</b>: {escape(why)}</li>" for gpu, why in rows)
    return f"<details><summary>{len(rows)} GPUs that cannot serve it, and why</summary><ul>{items}</ul></details>"


def doubt_html(outcome: Outcome, axis: VolumeAxis) -> str:
    """The badge of a throughput that nobody measured, and how far its doubt moves the break-even; empty where it was."""
    case, name = outcome.case, outcome.answer.challenger
    badge = doubt_badge(case.evidence.get(name))
    if not badge:
        return ""
    said = doubt_text(case, name, doubt(case, outcome.answer.baseline, name), axis)
    return f'<p><span class="tco-badge">{escape(badge)}</span> {escape(said)}</p>'


def faults_html(faults: Iterable[Fault]) -> str:
    """What to mend before a page can be drawn."""
    return "".join(f'<p class="tco-fault">{escape(mend_words(f))}</p>' for f in faults)


def warnings_html(warnings: tuple[Caution, ...]) -> str:
    """Three warnings with the most dollars, the rest folded."""
    if not warnings:
        return "<p>Nothing to warn of.</p>"
    shown, rest = warnings[:SHOWN_WARNINGS], warnings[SHOWN_WARNINGS:]
    more = f"<details><summary>{len(rest)} more</summary>{_list(rest)}</details>" if rest else ""
    return f"{_scroll('Warnings')}{_list(shown)}{more}</div>"


def _list(warnings: Iterable[Caution]) -> str:
    def item(w: Caution) -> str:
        stake = f" · about {money(w.usd_at_stake)} a month" if w.usd_at_stake > 0 else ""
        return f'<li>{escape(w.message)} <span class="tco-code">{w.code}{stake}</span></li>'

    return f'<ul class="tco-warnings">{"".join(map(item, warnings))}</ul>'


def sources_html(outcome: Outcome) -> str:
    """Every number with its sheet row or profile, the day it was checked, and how far to trust it."""
    heads = [(name, name == "value") for name in ("what", "value", "from", "checked", "grade")]
    rows = "".join(map(_source_row, source_rows(outcome.case)))
    return f"<p>{escape(outcome.case.where)}.</p>{table(heads, rows, 'Sources of every number', 'tco-long')}"


def _source_row(row: SourceRow) -> str:
    link = escape(row.where)
    if row.url.startswith(("http://", "https://")):
        link = f'<a href="{escape(row.url, quote=True)}" target="_blank" rel="noopener noreferrer">{link}</a>'
    own = f" with {escape(row.contract)}" if row.contract else ""
    cells = [
        f'<td title="{escape(row.path, quote=True)}">{escape(row.what)}</td>',
        f'<td class="num" title="{row.exact}">{escape(row.value)}</td>',
    ]
    cells += [
        f'<td title="{escape(row.note, quote=True)}">{link}{own}</td>',
        f'<td class="num">{row.checked}</td>',
        f"<td>{row.grade}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"
