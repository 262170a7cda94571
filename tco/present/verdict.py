"""The answer in words: one sentence that a budget review can read aloud, and the sentence about the user's own volume."""

from tco.present.axis import VolumeAxis
from tco.present.numbers import money, percent, ratio
from tco.solve.breakeven import Breakeven, Winning
from tco.solve.needs import Need


def verdict(answer: Breakeven, axis: VolumeAxis) -> str:
    """
    The headline: from what volume the challenger is cheaper, at running cost and with the build paid back.

    It says "never" when the answer is never, and names every window when there is no lasting break-even. Where something is
    committed with the baseline, a second sentence says how it is while that contract runs.
    """
    return _running(answer, axis) + _while_owed(answer, axis)


def _running(answer: Breakeven, axis: VolumeAxis) -> str:
    base, other = answer.labels[answer.baseline], challenger_name(answer)
    running = _clause(answer.running_cost, axis)
    built = _built(answer, axis)
    if answer.status == "multiple" and answer.running_cost.permanent is not None:
        windows = windows_before(answer.running_cost, axis)
        return f"At running cost, {other} is cheaper than {base} for good from {axis.text(answer.running_cost.permanent)} on{built}{windows}."
    if answer.status == "never":
        if not answer.running_cost.proven:
            far = axis.text(answer.running_cost.searched_to)
            return f"At running cost, {other} is not cheaper than {base} up to {far}, as far as was searched{built}."
        return f"At running cost, {other} is never cheaper than {base}, at any volume{built}."
    return f"At running cost, {other} is cheaper than {base} {running}{built}."


def _while_owed(answer: Breakeven, axis: VolumeAxis) -> str:
    """How it is while what is committed is owed whoever serves; empty where nothing is, or where it is never cheaper anyway."""
    found = answer.while_owed
    if found is None or answer.status == "never":
        return ""
    base, month = answer.labels[answer.baseline], money(answer.owed_usd_per_month)
    owed = f" That is against renewing the contract for {base}: while it runs, {month} a month is owed whoever serves"
    if found.status == "never":
        far = "at any volume" if found.proven else f"up to {axis.text(found.searched_to)}, as far as was searched"
        return f"{owed}, and a switch adds cost {far}."
    return f"{owed}, and with that it is cheaper {_clause(found, axis)}."


def position(answer: Breakeven, axis: VolumeAxis) -> str:
    """Where the user stands, and what that is worth a month."""
    at, base = answer.at_volume, answer.labels[answer.baseline]
    gap = at.baseline_usd - at.challenger_usd
    times = answer.times_break_even
    place = f"You are at {axis.text(at.requests_per_month)}"
    if times is not None:
        place += f" ({ratio(times)} the break-even)"
    who = f"self-hosting saves you {money(gap)}" if gap >= 0 else f"staying with {base} saves you {money(-gap)}"
    if not _self_hosted(answer):
        who = f"{answer.labels[answer.challenger]} saves you {money(gap)}" if gap >= 0 else who
    return f"{place}: {who} a month at running cost{_owed_here(answer, gap)}."


def _owed_here(answer: Breakeven, gap_usd: float) -> str:
    """What a switch saves or adds at the user's volume before the baseline's contract has ended; empty where nothing is owed."""
    if not answer.owed_usd_per_month or gap_usd < 0:
        return ""
    now = gap_usd - answer.owed_usd_per_month
    return f" against renewing the contract; while it runs, a switch {'saves' if now >= 0 else 'adds'} {money(abs(now))} a month"


def cheapest_text(answer: Breakeven) -> str:
    """The sentence that keeps the headline honest: a third option that is cheaper than both at the user's volume."""
    costs = answer.at_volume.options_usd
    name = min(costs, key=costs.__getitem__)
    if name in (answer.baseline, answer.challenger):
        return ""
    return f"Cheaper than both at your volume: {answer.labels[name]}, {money(costs[name])} a month."


def needs_text(answer: Breakeven) -> str:
    """What would have to change, in one sentence; empty when the challenger already wins at the user's volume."""
    at = answer.at_volume
    if at.challenger_usd <= at.baseline_usd:
        return ""
    here, ever = _need_words(answer.needs.at_volume), _need_words(answer.needs.ever)
    text = f"At your volume it would be even if, alone, {' or '.join(here)}." if here else ""
    if answer.running_cost.permanent is None and ever:
        text += f" A lasting break-even at any volume needs {' or '.join(ever)}."
    if not text:
        return "No single change of price, throughput or people makes it even at your volume."
    return text.strip()


def challenger_name(answer: Breakeven) -> str:
    """How the challenger is called in a sentence."""
    label = answer.labels[answer.challenger]
    return f"self-hosting {label}" if _self_hosted(answer) else label


def _self_hosted(answer: Breakeven) -> bool:
    return "throughput" in answer.grades


def _built(answer: Breakeven, axis: VolumeAxis) -> str:
    months = f"{answer.amortise_build_months:g}"
    found = answer.with_build
    if found.intervals == answer.running_cost.intervals:
        return f" (the same with the build paid back over {months} months)"
    if found.status == "never":
        return f" (never with the build paid back over {months} months)"
    if found.permanent is not None and answer.running_cost.permanent is not None:
        return f" ({axis.short(found.permanent)} with the build paid back over {months} months)"
    return f" (with the build paid back over {months} months: {_clause(found, axis)})"


def windows_before(found: Winning, axis: VolumeAxis) -> str:
    """Windows won before the lasting break-even, where the fleet has just grown into its capacity; blank without any."""
    windows = [(a, b) for a, b in found.intervals if b is not None]
    if not windows:
        return ""
    if len(windows) == 1:
        return f"; before that only between {axis.short(windows[0][0])} and {axis.short(windows[0][1])}"
    return f"; before that only in {len(windows)} windows, the first from {axis.short(windows[0][0])}"


def _clause(found: Winning, axis: VolumeAxis) -> str:
    if found.status == "never":
        return "never"
    if found.status == "always":
        return "at every volume"
    if found.status == "single" and found.permanent is not None:
        return f"from {axis.text(found.permanent)} on"
    if found.status == "multiple" and found.permanent is not None:
        return f"for good from {axis.text(found.permanent)} on"
    windows_text = ", and between ".join(
        f"{axis.short(a)} and {axis.text(b)}" for a, b in found.intervals[:3] if b is not None
    )
    more = f" and {len(found.intervals) - 3} more windows" if len(found.intervals) > 3 else ""
    end = "and never beyond" if found.proven else f"as far as searched, {axis.text(found.searched_to)}"
    return f"only between {windows_text}{more}, {end}"


def _need_words(need: Need) -> list[str]:
    words = []
    if need.api_price_ratio is not None:
        change = need.api_price_ratio - 1.0
        words.append(f"the API cost {percent(abs(change))} {'more' if change > 0 else 'less'}")
    if need.usd_per_gpu_hour is not None:
        words.append(f"a GPU-hour cost {money(need.usd_per_gpu_hour)}")
    if need.run_fte is not None:
        words.append(f"it took {need.run_fte:.2g} people to run")
    if need.throughput_ratio is not None:
        words.append(f"a replica served {ratio(need.throughput_ratio)} as much")
    return words
