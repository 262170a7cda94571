"""What stands around the grid of prices, as HTML: the answer before and after, what moved, the diff, what was saved."""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from html import escape

from tco.catalog.history import Move
from tco.catalog.proposing import Proposals, Sourced
from tco.errors import Fault
from tco.present.axis import VolumeAxis, volume_axis
from tco.present.numbers import money
from tco.present.prices import change_text, moved_text, usd
from tco.present.provenance import contract_places
from tco.present.verdict import challenger_name, verdict, windows_before
from tco.reprice import Repriced
from tco.solve.breakeven import Breakeven, Winning
from tco.widgets.price_view import Told

SHOWN_MOVES = 12
BLANK_CELL = "blank"
"""What the check finds in a cell that nothing was written in."""
READ_ONLY = (
    "These sheets came with the package: try what you like, nothing can be saved here. "
    "<code>tco init FOLDER</code> copies them into a folder of your own, and <code>tco lab --data FOLDER</code> opens them there."
)


def counted(number: int, thing: str) -> str:
    """
    A number of things.

    Examples
    --------
    >>> counted(1, "change"), counted(3, "change")
    ('1 change', '3 changes')
    """
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def answer_html(
    found: Repriced, scenario: str, on: date, steps: int, barring: Sequence[Told], moves: Sequence[Move]
) -> str:
    """The break-even before and after in sentences: what anybody may know without looking at a table."""
    if not steps:
        body = verdict(found.after, _axis(found.after)) if found.after else _no_answer(found.faults_after)
        return (
            f'<p class="tco-headline">{escape(body)}</p><p>{escape(scenario)}, prices of {on}. Add a price: it is told here '
            "what that does to the break-even, before anything is saved.</p>"
        )
    if found.after is None:
        if found.before is None:
            told = _no_answer(found.faults_after)
        else:
            told = f"Not to be told yet: {counted(len(barring), 'fault')} to mend first, marked at the cells."
            if all(one.finding.value == BLANK_CELL for one in barring):
                told = "Fill in what is marked: what it does to the break-even is told here as you type."
                return f'<p class="tco-headline">{escape(told)}</p>{_was(found, scenario, on)}'
        return f'<div class="tco-fault">{escape(told)}</div>{_was(found, scenario, on)}'
    headline = _moved(found, moves)
    saying = f"{scenario}, prices of {on}: {_lower(verdict(found.after, _axis(found.after)))}"
    return f'<p class="tco-headline">{escape(headline)}</p><p>{escape(saying)}</p>'


def contract_html(found: Repriced) -> str:
    """That the answers are under private terms while the grid shows the list; empty where they are not."""
    case = found.case_after or found.case_before
    places = contract_places(case) if case is not None else ""
    if not places:
        return ""
    return (
        f'<p class="tco-was">The grid shows list prices; these answers are at your contract\'s: {escape(places)}.</p>'
    )


def _moved(found: Repriced, moves: Sequence[Move]) -> str:
    was, now = (answer.running_cost.permanent if answer else None for answer in (found.before, found.after))
    if was and now and was != now and found.after is not None:
        axis = _axis(found.after)
        before_that = windows_before(found.after.running_cost, axis)
        which = "lasting break-even" if before_that else "break-even"
        return f"The {which} moves from {axis.short(was)} to {axis.text(now)} ({change_text(now / was)}){before_that}."
    if was == now and moves and all(move.sheet == "api" and move.name not in _bought(found) for move in moves):
        return "The break-even is the same: this scenario buys from no model whose price changed."
    return moved_text(found.before, found.after)


def _bought(found: Repriced) -> set[str]:
    """The models whose tokens the options of the scenario buy, as ``provider/model``."""
    cases = [case for case in (found.case_before, found.case_after) if case is not None]
    return {str(getattr(option, "sku", "")) for case in cases for option in case.numbers.options.values()}


def _was(found: Repriced, scenario: str, on: date) -> str:
    if found.before is None:
        return ""
    said = f"Before: {scenario}, prices of {on}: {_lower(verdict(found.before, _axis(found.before)))}"
    return f'<p class="tco-was">{escape(said)}</p>'


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _no_answer(faults: Iterable[Fault]) -> str:
    return f"This scenario cannot be answered: {'; '.join(str(fault) for fault in faults)}"


def compared_html(found: Repriced, moves: Sequence[Move]) -> str:
    """The two answers side by side, and the prices that moved."""
    return f"{_answers_table(found)}{_moves_table(moves)}"


def _answers_table(found: Repriced) -> str:
    both = (found.before, found.after)
    answer = found.after or found.before
    if answer is None:
        return "".join(f'<p class="tco-fault">{escape(str(fault))}</p>' for fault in found.faults_before)
    axis, base, other = _axis(answer), answer.labels[answer.baseline], challenger_name(answer)
    months = f"{answer.amortise_build_months:g}"
    bill = any(
        case is not None and case.numbers.workload.bill_usd_per_month is not None
        for case in (found.case_after, found.case_before)
    )
    volume = [one.at_volume.requests_per_month if one else None for one in both]
    usds = [(one.at_volume.baseline_usd, one.at_volume.challenger_usd) if one else None for one in both]
    rows = [
        *_won("Break-even, requests a month", [one.running_cost if one else None for one in both], axis),
        *_won(f"with the build over {months} months", [one.with_build if one else None for one in both], axis),
        (
            f"{'Requests that your bill buys' if bill else 'Your requests'} a month",
            *(axis.short(n) if n else "—" for n in volume),
            _times(*volume),
        ),
        (f"{base}, a month", *(_usd(pair, 0) for pair in usds), _times(*(pair[0] if pair else None for pair in usds))),
        (f"{other}, a month", *(_usd(pair, 1) for pair in usds), _times(*(pair[1] if pair else None for pair in usds))),
    ]
    return _table(("", "before", "after", "change"), rows, "Break-even before and after the edits")


def _volumes(found: Sequence[Winning | None], axis: VolumeAxis) -> tuple[str, str, str]:
    ends = [one.permanent if one else None for one in found]
    texts = [axis.short(one.permanent) if one and one.permanent else _words(one) for one in found]
    return texts[0], texts[1], _times(*ends)


def _won(label: str, found: Sequence[Winning | None], axis: VolumeAxis) -> list[tuple[str, ...]]:
    """The volume from which the challenger wins for good and, where there are any, the windows won before it."""
    windows = [_windows(one, axis) for one in found]
    told: list[tuple[str, ...]] = [(label, *_volumes(found, axis))]
    return [*told, ("… and only in windows before", *windows, "")] if any(text != "—" for text in windows) else told


def _windows(found: Winning | None, axis: VolumeAxis) -> str:
    """The first window won before the lasting break-even, and how many more; a dash for none."""
    windows = [(a, b) for a, b in found.intervals if b is not None] if found else []
    more = f" and {len(windows) - 1} more" if len(windows) > 1 else ""
    return f"{axis.short(windows[0][0])} to {axis.short(windows[0][1])}{more}" if windows else "—"


def _words(found: Winning | None) -> str:
    if found is None:
        return "—"
    return "windows only" if found.intervals else "never"


def _usd(pair: tuple[float, float] | None, place: int) -> str:
    return money(pair[place]) if pair else "—"


def _times(was: float | None, now: float | None) -> str:
    return "" if not was or now is None or was == now else change_text(now / was)


def _moves_table(moves: Sequence[Move]) -> str:
    if not moves:
        return "<p>No price that holds on this day has changed.</p>"
    rows = [(f"{m.name} {m.what}", usd(m.was), usd(m.now), change_text(m.ratio)) for m in moves[:SHOWN_MOVES]]
    more = f"<p>{counted(len(moves) - SHOWN_MOVES, 'price')} more.</p>" if len(moves) > SHOWN_MOVES else ""
    return _table(("price, USD", "before", "after", "change"), rows, "Prices that moved") + more


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    head = "".join(
        f'<th scope="col"{" class=num" if place else ""}>{escape(text)}</th>' if text else "<td></td>"
        for place, text in enumerate(heads)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f'<td class="num">{escape(cell)}</td>' for cell in row[1:])
        + "</tr>"
        for row in rows
    )
    label = escape(caption, quote=True)
    return (
        f'<div class="tco-scroll" tabindex="0" role="region" aria-label="{label}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def diff_html(diffs: Mapping[str, str]) -> str:
    """What would be written, line by line; additions and deletions are marked by their sign and in colour."""
    blocks = []
    for where, text in diffs.items():
        lines = "".join(f'<span class="{_line_class(line)}">{escape(line)}\n</span>' for line in text.splitlines())
        label = escape(f"Change of {where}", quote=True)
        blocks.append(f'<pre class="tco-diff" tabindex="0" role="region" aria-label="{label}">{lines}</pre>')
    return "".join(blocks)


def _line_class(line: str) -> str:
    if line.startswith(("---", "+++", "@@")):
        return "tco-diff-head"
    return {"+": "tco-diff-more", "-": "tco-diff-less"}.get(line[:1], "tco-diff-same")


def to_save_html(diffs: Mapping[str, str], barring: int, read_only: bool) -> str:
    """What stands before the diff: how much it is, and what keeps it from being saved."""
    if read_only:
        return f'<div class="tco-fault">{READ_ONLY}</div>'
    if not diffs:
        return "<p>Nothing to save: no row is changed.</p>"
    if barring:
        return f'<div class="tco-fault">{counted(barring, "fault")} to mend before this can be saved: see Check.</div>'
    files = " and ".join(f"<code>{escape(where)}</code>" for where in diffs)
    return f"<p>{change_told(diffs.values())} in {files}. Nothing is written yet; this is all that changes:</p>"


def change_told(diffs: Iterable[str]) -> str:
    r"""
    What unified diffs would do to lines; a line taken out where another is put in is one that is changed.

    Examples
    --------
    >>> change_told(["--- a\n+++ b\n@@ -1 +1,3 @@\n-ends never\n+ends in May\n+new\n same\n+new\n"])
    '2 lines will be added and 1 changed'
    """
    more = less = changed = 0
    for text in diffs:
        signs = "".join(" " if line.startswith(("---", "+++")) else line[:1] for line in text.splitlines())
        for block in re.findall(r"[-+]+", signs):
            both = min(block.count("+"), block.count("-"))
            more, less, changed = more + block.count("+") - both, less + block.count("-") - both, changed + both
    counts = [(more, "added"), (changed, "changed"), (less, "taken out")]
    (first, what), *rest = [(number, what) for number, what in counts if number] or [(0, "changed")]
    told = [f"{counted(first, 'line')} will be {what}", *(f"{number} {what}" for number, what in rest)]
    return " and ".join(filter(None, [", ".join(told[:-1]), told[-1]]))


def saved_html(written: Sequence[str]) -> str:
    """What was written, and how to keep it."""
    files = " ".join(escape(where) for where in written)
    return f"<p><b>Saved.</b> Keep it: <code>git commit {files}</code></p>"


def faults_html(faults: Iterable[Fault]) -> str:
    """What went wrong, and what to do."""
    return "".join(f'<div class="tco-fault">{escape(str(fault))}</div>' for fault in faults)


ABOUT_PROPOSALS = (
    "<p>Read what public price data say of our models: LiteLLM's map, genai-prices, models.dev or OpenRouter, from the installed "
    "package or from its file. Nothing is asked of the network. Read several to see where they disagree; a figure that is taken becomes a "
    "row of the grid, with its source, and is saved like any other.</p>"
)


def proposals_html(found: Proposals, rows: int, most: int, refused: int) -> str:
    """What was compared, and what of it is not listed: nothing a source says is dropped in silence."""
    same, retired = len(found.of(("same",))), len(found.of(("retired",)))
    parts = [f"{counted(rows, 'proposal')} open", f"{same:,} the same as ours", f"{retired:,} of models retired here"]
    parts += [f"{refused} refused"] if refused else []
    parts += [f"the first {most} are listed: choose fewer models"] if rows > most else []
    items = [_read_of(source, found.unmatched[source.name]) for source in found.sources]
    return f"<p>{' · '.join(parts)}. Look at the vendor's page before you take one.</p>{''.join(items)}"


def _read_of(source: Sourced, lacking: Sequence[str]) -> str:
    reading = source.reading
    day = f"of {source.day}" if source.day else "of a day that nothing says"
    head = f"{source.name} {source.version}, {day}: {counted(len(reading.quotes), 'price')} of {counted(reading.models, 'model')}"
    said = [f"key {key} is not known to us, {count} ×" for key, count in reading.unknown.most_common()]
    said += [f"{count} × {reason}" for reason, count in reading.left_out.most_common()]
    said += [f"{counted(len(lacking), 'model')} of ours it does not have: {', '.join(lacking)}"] if lacking else []
    more = f"; {counted(len(reading.unknown), 'unknown key')}" if reading.unknown else ""
    return f"<details><summary>{escape(head + more)}</summary>{listed(said)}</details>"


def lost_html(lost: Sequence[str]) -> str:
    """The edits that could not be made again."""
    return f'<div class="tco-fault">Not made again, for their rows have changed: {listed(lost)}</div>'


def listed(said: Sequence[str]) -> str:
    """Several remarks, one under the other."""
    items = "".join(f"<li>{escape(one)}</li>" for one in said)
    return f'<ul class="tco-plain">{items}</ul>'


def _axis(answer: Breakeven) -> VolumeAxis:
    return volume_axis("requests", answer.axis, answer.labels[answer.baseline])
