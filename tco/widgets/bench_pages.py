"""The words of the benchmark screen as HTML: headline, progress, plan, points, doubts. All text from outside is escaped."""

import math
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from tco.bench.codes import sentence
from tco.bench.profile import STANDING
from tco.bench.records import PointResult
from tco.bench.settings import Settings
from tco.bench.summarise import Limits
from tco.errors import Fault
from tco.present.numbers import percent, quantity
from tco.widgets.bench_plan import Prepared, cut_words, time_words
from tco.widgets.bench_progress import Progress, Row, mix_words
from tco.widgets.links import notebook_link

KINDS = {"closed": "search", "open": "open loop", "cached": "warm cache"}
PHASES = {
    "starting": "vLLM is being started",
    "ready": "The server is ready",
    "mix": "A new length mix",
    "plan": "Looking for the server",
}
BREAK_EVEN = "01_break_even.ipynb"
IDLE = {"bare": "before the model is loaded", "loaded": "with the model loaded", "after": "after the load"}


def before_html(prepared: Prepared, loose: Sequence[Fault]) -> str:
    """The headline before a start: how long it takes, or what is missing and what can be done."""
    if prepared.missing:
        told = "".join(f"<p>{escape(text)}</p>" for text in prepared.missing)
        return f'<p class="tco-headline">Nothing can be measured here yet.</p>{told}{faults_html(loose)}'
    if prepared.settings is None:
        first = prepared.faults[0] if prepared.faults else None
        said = f"<p>{escape(_sentence(first))}</p>" if first is not None else ""
        more = f" (and {len(prepared.faults) - 1} more)" if len(prepared.faults) > 1 else ""
        return f'<p class="tco-headline">Something is to be said first{more}.</p>{said}{faults_html(loose)}'
    plan, found = prepared.settings.plan, prepared.settings
    headline = f"{_subject(found)}: {_mixes(len(plan.mixes))} in about {time_words(plan.expected_s())}."
    return f'<p class="tco-headline">{escape(headline)}</p><p>{escape(_kept(prepared.kept_count))}</p>'


def running_html(progress: Progress, found: Settings, stopping: bool) -> str:
    """The headline of a measurement under way: its phase changes now and then and is read aloud."""
    ending = "Stopping: the load and the server are being ended; finished runs are kept."
    said = ending if stopping else phase_words(progress)
    place = f"length mix {progress.mix_number} of {len(progress.plan.mixes)}" if progress.mix_number else "starting"
    return f'<p class="tco-headline">{escape(_subject(found))}: {place}.</p><p>{escape(said)}</p>'


def phase_words(progress: Progress) -> str:
    """What is going on, in a sentence."""
    name, facts = progress.phase, progress.facts
    if name == "waiting":
        last = str(facts.get("line", "")).strip()
        return f"vLLM is being started{f': {last[-110:]}' if last else '.'}"
    if name == "idle":
        return f"Reading the power {IDLE.get(str(facts['state']), str(facts['state']))}."
    if name == "warm-up":
        return f"Warming up {mix_words(str(facts['mix']))} at {facts['concurrency']} in flight, with other prompts."
    if name == "run":
        took = time_words(float(facts["seconds"]))
        return f"Measuring {mix_words(str(facts['mix']))} at {facts['concurrency']} in flight: {facts['prompts']:,} requests, about {took}."
    return f"{PHASES.get(name, name)}."


def after_html(progress: Progress, found: Settings, state: Path) -> str:
    """The headline of a measurement that has ended: written, stopped, or failed and why."""
    written = progress.written
    runs = f"{len(progress.rows)} run{'' if len(progress.rows) == 1 else 's'}"
    if written is not None:
        where = short_path(str(written["path"]))
        said = f"<p>Profile written to <b>{escape(where)}</b>, with {written['points']} points of {runs}. {used()}</p>"
        return f'<p class="tco-headline">{escape(_subject(found))} is measured.</p>{said}'
    if progress.faults:
        return (
            f'<p class="tco-headline">The measurement ended early; {runs} are kept.</p>{faults_html(progress.faults)}'
        )
    kept = f"{runs} are kept in {escape(short_path(str(state)))}: Go on measures the rest. No process of it is left."
    return f'<p class="tco-headline">Stopped.</p><p>{kept}</p>'


def seen_words(gpus: Sequence[str]) -> str:
    """The GPUs of this machine."""
    return f"Seen here: {len(gpus)} × {escape(gpus[0])}" if gpus else "No NVIDIA GPU is seen here"


def break_even_link(words: str = "Use it in the break-even notebook") -> str:
    """A link to the other notebook."""
    return notebook_link(BREAK_EVEN, words)


def used() -> str:
    """Where a profile just written is used."""
    return f"{break_even_link()}; where that is open already, run its cell again."


def meter_html(progress: Progress, stopping: bool) -> str:
    """The bar and the live figures; not read aloud, for they change all the time."""
    left = "soon" if stopping else f"about {time_words(progress.left_s())}"
    live = [
        ("output tokens a second", "–" if math.isnan(progress.speed) else quantity(progress.speed, "tok/s")),
        ("watts, all GPUs", "–" if math.isnan(progress.watts) else quantity(progress.watts, "W")),
    ]
    chips = [
        *([] if progress.ended else live),
        ("runs", str(len(progress.rows)) + (f", {progress.kept_count} kept" if progress.kept_count else "")),
        ("time taken" if progress.ended else "time so far", time_words(progress.now_s)),
        *([] if progress.ended else [("time left", left)]),
    ]
    frac = progress.done_frac
    bar = f'<progress class="tco-progress" max="1" value="{frac:.3f}" aria-label="Share of the measurement done">{percent(frac)}</progress>'
    made = "".join(f'<span class="tco-chip">{escape(name)}<b>{escape(value)}</b></span>' for name, value in chips)
    return f'{bar}<div class="tco-chips">{made}</div>'


def plan_html(prepared: Prepared, power: str, running: bool) -> str:
    """What would be measured, line by line."""
    note = "<p>A measurement is running; what is changed here holds from the next start on.</p>" if running else ""
    found = prepared.settings
    if found is None:
        mend = "".join(f"<li>{escape(_sentence(fault))}</li>" for fault in prepared.faults)
        return f"{note}<p>To be mended before there is a plan:</p><ul>{mend}</ul>"
    plan = found.plan
    repeats = "once each" if plan.repeats == 1 else f"{plan.repeats} times at the found load"
    rows = [
        ("model", found.model + ("" if found.known_as == found.model else f", known as {found.known_as}")),
        ("served by", _served(found)),
        ("limits", _limits(found.limits)),
        ("length mixes", "; ".join(mix_words(mix.name) for mix in (*plan.mixes, *plan.cached))),
        ("loads", f"doubled from {plan.first_concurrency} in flight, then halved down to the limits; "
                  f"windows of {plan.window_s:g} s, {repeats}{', then arrivals at random' if plan.open_loop else ''}"),
        ("runs", f"about {plan.runs()}, {time_words(plan.expected_s())} with the server's start"),
        ("left out", cut_words(plan.cuts) or "nothing"),
        ("power", power),
        ("kept from before", _kept(prepared.kept_count)),
        ("profile goes to", short_path(str(found.output))),
    ]  # fmt: skip
    body = "".join(f'<tr><th scope="row">{name}</th><td>{escape(text)}</td></tr>' for name, text in rows)
    shell = f"<p>The same from a shell: <code>{escape(prepared.command)}</code></p>"
    return f'{note}{_scroll("Plan")}<table class="tco-plan"><tbody>{body}</tbody></table></div>{shell}'


def points_html(rows: Sequence[Row], limits: Limits) -> str:
    """Every finished run, the newest first; a figure beyond its limit says so."""
    if not rows:
        return "<p>No run has ended yet.</p>"
    heads = ("mix", "load", "in flight", "tok/s", "watts", "p95 TTFT, ms", "p95 TPOT, ms", "inside", "doubts")
    head = "".join(f'<th scope="col"{" class=num" if 1 < at < 8 else ""}>{text}</th>' for at, text in enumerate(heads))
    body = "".join(_point(row, limits) for row in reversed(rows))
    return f"{_scroll('Finished runs', 'tco-long')}<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _point(row: Row, limits: Limits) -> str:
    point = row.point
    again = f", again {row.repeat}" if row.repeat else ""
    kept = " (kept)" if row.kept else ""
    watts = "–" if point.energy is None or math.isnan(point.energy.watts) else f"{point.energy.watts:,.0f}"
    cells = [
        f"<td>{escape(KINDS.get(row.kind, row.kind) + again + kept)}</td>",
        _num(f"{point.concurrency:,.0f}" if point.request_rate is None else f"{point.request_rate:.3g} req/s"),
        _num(f"<b>{point.output_tok_per_s:,.0f}</b>"),
        _num(watts),
        _num(f"{point.ttft_ms.p95:,.0f}", point.ttft_ms.p95 > limits.ttft_ms),
        _num(f"{point.tpot_ms.p95:,.1f}", point.tpot_ms.p95 > limits.tpot_ms),
        _num(percent(round(point.in_slo_frac, 3)), point.in_slo_frac < limits.target_frac, "too few"),
        f"<td>{_codes(point.codes)}</td>",
    ]
    return f'<tr><th scope="row">{escape(mix_words(row.mix))}</th>{"".join(cells)}</tr>'


def _num(text: str, amiss: bool = False, why: str = "over") -> str:
    return f'<td class="num{" tco-over" if amiss else ""}">{text}{f" ({why})" if amiss else ""}</td>'


def _codes(codes: Iterable[str]) -> str:
    own = [code for code in codes if code not in STANDING]  # those of the whole measurement are told once, under Doubts
    return " ".join(f'<abbr title="{escape(sentence(code), quote=True)}">{escape(code)}</abbr>' for code in own)


def doubts(points: Iterable[PointResult]) -> dict[str, int]:
    """Every code of some points, and how many have it, the most frequent first."""
    found: dict[str, int] = {}
    for point in points:
        for code in point.codes:
            found[code] = found.get(code, 0) + 1
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def doubts_html(progress: Progress) -> str:
    """What makes figures doubtful, a sentence a code, and what the profile warns of."""
    found = doubts(row.point for row in progress.rows)
    total = len(progress.rows)
    items = [
        f'{escape(sentence(code))} <span class="tco-code">{escape(code)} · {number} of {total} runs</span>'
        for code, number in found.items()
    ]
    warned = progress.written["warnings"] if progress.written is not None else ()
    items += [escape(text) for text in warned if text.partition(":")[0] not in found]
    items += [escape(cut_words(progress.plan.cuts))] if progress.plan.cuts and progress.written is None else []
    if not items:
        return "<p>Nothing to doubt so far.</p>"
    return f'{_scroll("Doubts")}<ul class="tco-warnings">{"".join(f"<li>{item}</li>" for item in items)}</ul></div>'


def faults_html(faults: Iterable[Fault]) -> str:
    """Each fault with where it is; a server's last lines keep their lines."""
    return "".join(
        f'<div class="tco-fault tco-log"><b>{escape(f.where)}</b> {escape(_sentence(f, named=False))}</div>'
        for f in faults
    )


def short_path(path: str) -> str:
    """A path as seen from the working directory where it lies below."""
    try:
        return str(Path(path).resolve().relative_to(Path.cwd()))
    except ValueError:
        return path


def _sentence(fault: Fault, named: bool = True) -> str:
    said = "; ".join(filter(None, (fault.found, fault.mend)))
    return f"{fault.where}: {said}" if named else said


def _subject(found: Settings) -> str:
    name = found.known_as.rsplit("/", maxsplit=1)[-1]
    return f"{name} on {found.gpus} × {found.gpu}"


def _served(found: Settings) -> str:
    if found.url is not None:
        return f"the server at {found.url}, {found.gpus} × {found.gpu}"
    how = [found.quantization or ("" if found.dtype == "auto" else found.dtype), *found.engine_args]
    more = ", ".join(part for part in [" ".join(part for part in how if part)] if part)
    return f"vLLM started here, {found.gpus} × {found.gpu}{f', {more}' if more else ''}"


def _limits(limits: Limits) -> str:
    return f"{limits.percentile:g} of 100 requests: first token within {limits.ttft_ms:,.4g} ms, {limits.tpot_ms:,.4g} ms per output token"


def _kept(number: int | None) -> str:
    if number is None:
        return "Whether some of it is measured already is known at the start, when the server or the exporter has been asked."
    if not number:
        return "Nothing of it is measured yet."
    return f"{number} finished run{'' if number == 1 else 's'} of the same settings {'is' if number == 1 else 'are'} kept, and not measured again."


def _mixes(number: int) -> str:
    return f"{number} length mix{'' if number == 1 else 'es'}"


def _scroll(caption: str, style: str = "") -> str:
    return f'<div class="tco-scroll {style}" tabindex="0" role="region" aria-label="{escape(caption, quote=True)}">'
