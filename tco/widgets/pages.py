"""What stands under the chart and above it, as HTML: verdict, chips, capacity, warnings, sources."""

from collections.abc import Iterable
from html import escape

from tco.case import ServingEvidence
from tco.errors import Fault
from tco.present.axis import VolumeAxis
from tco.present.numbers import count, money, percent
from tco.present.provenance import SourceRow, source_rows
from tco.present.verdict import cheapest_text, needs_text, position, verdict
from tco.solve.breakeven import Breakeven, Winning
from tco.solve.warn import Caution
from tco.widgets.store import Outcome

SHOWN_WARNINGS = 3


def verdict_html(outcome: Outcome, axis: VolumeAxis, faults: Iterable[Fault]) -> str:
    """The answer in words, the user's place, what would have to change, and chips; faults first when there are any."""
    answer = outcome.answer
    wrong = "".join(
        f'<div class="tco-fault"><b>{escape(_short(f.where))}</b> {escape(f.found)}; {escape(f.mend)}. The picture below is the last good one.</div>'
        for f in faults
    )
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
        f'{wrong}<div class="{state}">{headline}{sentences}<div class="tco-chips">'
        + "".join(f'<span class="tco-chip">{escape(name)}<b>{escape(value)}</b></span>' for name, value in chips)
        + "</div></div>"
    )


def _weakest(answer: Breakeven) -> str:
    parts = [part for part, grade in answer.grades.items() if part != "answer" and grade == answer.grade]
    return f"by its {' and '.join(parts)}"


def _short(where: str) -> str:
    return where.split(": ")[-1]


def _at(found: Winning, axis: VolumeAxis) -> str:
    if found.permanent is not None:
        return axis.short(found.permanent)
    return "windows only" if found.intervals else "never"


def capacity_html(outcome: Outcome) -> str:
    """Replicas, load and service level of every option that serves itself."""
    case = outcome.case
    rows = []
    for option in outcome.comparison.options:
        if option.replicas_peak is None:
            continue
        found = case.evidence.get(option.id)
        rows += [
            ("Option", option.label),
            ("Replicas paid for, all month", count(option.replicas_peak)),
            ("GPU-hours a month, staging included", count(option.gpu_hours_per_month or 0)),
            ("Load on them over the month", percent(option.load_frac or 0)),
            ("One more replica every", f"{count(option.step_requests_per_month or 0)} requests a month"),
            ("Replica-seconds of a request", f"{option.request_s:.4g} s"),
        ]
        if found is not None and found.estimated:
            rows += _estimated_rows(found)
        elif found is not None:
            checked = f"{found.percentile_used}{' (only these are published)' if found.on_medians else ''}"
            mixes = "; ".join(f"{i:g} in / {o:g} out" for i, o in found.mixes)
            rows += [
                ("Engine", found.engine),
                (
                    "Service level",
                    f"{case.numbers.service.slo_percentile:g} of 100 requests: first token within {case.numbers.service.ttft_ms:,.0f} ms, "
                    f"then {case.numbers.service.tpot_ms:g} ms a token",
                ),
                ("Judged on", checked),
                ("Length mixes inside it", mixes),
                ("Error of the work model", _fit_error(found)),
                (
                    "Requests whose cache fits in memory",
                    "not known" if found.memory_requests is None else count(found.memory_requests),
                ),
            ]
    body = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in rows)
    return f'<div class="tco-scroll"><table>{body}</table></div>'


def _estimated_rows(found: ServingEvidence) -> list[tuple[str, str]]:
    low, high = found.interval or (1.0, 1.0)
    return [
        ("Throughput", f"ESTIMATED from data sheets; one in ten is under {percent(low)} or over {percent(high)} of it"),
        ("Requests whose cache fits in memory", count(found.memory_requests or 0)),
    ]


def _fit_error(found: ServingEvidence) -> str:
    if found.borrowed:
        off = found.left_out_error_frac
        known = f"{len(found.mixes)} mix{'' if len(found.mixes) == 1 else 'es'}"
        check = "nothing checks it" if off is None else f"{percent(off)} on a mix left out"
        return f"proportions of an estimate, scaled to {known}; {check}"
    if found.left_out_error_frac is None:
        return f"not known: {len(found.mixes)} mixes give three coefficients and nothing to check them by"
    return f"{percent(found.error_frac)} on these mixes, {percent(found.left_out_error_frac)} on a mix left out"


def warnings_html(warnings: tuple[Caution, ...]) -> str:
    """Three warnings with the most dollars, the rest folded."""
    if not warnings:
        return "<p>Nothing to warn of.</p>"
    shown, rest = warnings[:SHOWN_WARNINGS], warnings[SHOWN_WARNINGS:]
    more = f"<details><summary>{len(rest)} more</summary>{_list(rest)}</details>" if rest else ""
    return f'<div class="tco-scroll">{_list(shown)}{more}</div>'


def _list(warnings: Iterable[Caution]) -> str:
    def item(w: Caution) -> str:
        stake = f" · about {money(w.usd_at_stake)} a month" if w.usd_at_stake > 0 else ""
        return f'<li>{escape(w.message)} <span class="tco-code">{w.code}{stake}</span></li>'

    return f'<ul class="tco-warnings">{"".join(map(item, warnings))}</ul>'


def sources_html(outcome: Outcome) -> str:
    """Every number with its sheet row or profile, the day it was checked, and how far to trust it."""
    head = "".join(
        f"<th{' class=num' if name == 'value' else ''}>{name}</th>"
        for name in ("what", "value", "from", "checked", "grade")
    )
    rows = "".join(map(_source_row, source_rows(outcome.case)))
    where = escape(outcome.case.where)
    return f'<p>{where}.</p><div class="tco-scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _source_row(row: SourceRow) -> str:
    link = escape(row.where)
    if row.url.startswith(("http://", "https://")):
        link = f'<a href="{escape(row.url, quote=True)}" target="_blank" rel="noopener noreferrer">{link}</a>'
    cells = [
        f'<td title="{escape(row.path, quote=True)}">{escape(row.what)}</td>',
        f'<td class="num" title="{row.exact}">{escape(row.value)}</td>',
    ]
    cells += [
        f'<td title="{escape(row.note, quote=True)}">{link}</td>',
        f'<td class="num">{row.checked}</td>',
        f"<td>{row.grade}</td>",
    ]
    return f"<tr>{''.join(cells)}</tr>"
