"""What will be measured: length mixes, windows, repeats, seeds; and what a budget of minutes leaves of it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tco.bench.guards import FULL_WINDOW_S, QUICK_WINDOW_S, REQUESTS_LONG
from tco.errors import Fault, ScenarioError, TcoError
from tco.units import MS_PER_S

DEFAULT_LENGTHS = "1024x256,8192x512,256x1024,2048x128,4096x1024,512x512"
"""Short and long prompts with short and long answers, the two that say most first: a cut plan keeps those."""
FEWEST_MIXES = 3
"""Three coefficients of the work model need so many; a cut goes no lower while anything else can go."""
REPEATS = 3
PROBES_COUNT = 7
"""Loads that a search usually tries, before the first mix has told where to start."""
LATER_PROBES_COUNT = 4
LONG_TTFT_S, LONG_TPOT_S = 2.0, 0.05
"""A plan reckons with the limits of the service level, these at most: laxer ones are seldom reached."""
RAMP_FRAC = 0.4
"""Of the window: filling up and draining, as a plan reckons it."""
CLIENT_S = 12.0
"""Starting a load client and making its prompts, as a plan reckons it."""
STARTING_S = 120.0
"""Starting and stopping the server, the warm-ups and the idle readings, as a plan reckons it."""
WARM_UP_SEED = 1_000_000
"""Added to a point's seed for its warm-up: other prompts than those measured."""
_LENGTHS = re.compile(r"(\d+)[x×](\d+)")
_LIMIT = re.compile(r"(ttft|tpot)=(\d+(?:\.\d+)?)(ms|s)")


@dataclass(frozen=True)
class Mix:
    """Lengths of prompt and answer, and the share of the prompt that the prefix cache is to serve."""

    input_tok: int
    output_tok: int
    cached_frac: float = 0.0

    @property
    def name(self) -> str:
        """As in a file's name."""
        cached = f"-cached{self.cached_frac:g}" if self.cached_frac else ""
        return f"{self.input_tok}x{self.output_tok}{cached}"


@dataclass(frozen=True)
class Plan:
    """
    What will be measured, in `cuts` what the budget took away, and in `unfit` what the context has no room for.

    `ttft_s` and `tpot_s` are the limits of the service level: how long a request probably takes near the highest load. [s]
    """

    mixes: tuple[Mix, ...]
    window_s: float = FULL_WINDOW_S
    repeats: int = REPEATS
    neighbours: bool = True
    open_loop: bool = True
    cached: tuple[Mix, ...] = ()
    seed: int = 0
    ttft_s: float = 0.0
    tpot_s: float = 0.0
    first_concurrency: int = 8
    most_concurrency: int = 1024
    budget_s: float | None = None
    cuts: tuple[str, ...] = ()
    unfit: tuple[str, ...] = ()

    @property
    def quick(self) -> bool:
        """Whether the windows are too short to publish."""
        return self.window_s < FULL_WINDOW_S

    def runs(self) -> int:
        """How many load runs it will probably take."""
        again = (self.repeats - 1) * (3 if self.neighbours else 1)
        later = (LATER_PROBES_COUNT + again + int(self.open_loop)) * len(self.mixes)
        return PROBES_COUNT - LATER_PROBES_COUNT + later + len(self.cached)

    def expected_s(self) -> float:
        """How long it will probably take. [s]"""
        cached = sum(self.run_s(mix) for mix in self.cached)
        return STARTING_S + (self.runs() - len(self.cached)) * self.run_s() + cached

    def request_s(self, mix: Mix) -> float:
        """How long a request probably takes near the highest load: the limits, or what nobody would wait longer for. [s]"""
        return min(self.ttft_s, LONG_TTFT_S) + mix.output_tok * min(self.tpot_s, LONG_TPOT_S)

    def run_s(self, mix: Mix | None = None) -> float:
        """How long one load run of a mix will probably take, or of the mean mix: the client's start, filling up, window, draining. [s]"""
        if mix is None:
            return sum(map(self.run_s, self.mixes)) / len(self.mixes)
        request_s = self.request_s(mix)
        window_s = self.window_s if self.quick else max(self.window_s, REQUESTS_LONG * request_s)
        return CLIENT_S + window_s + max(RAMP_FRAC * self.window_s, request_s)


def fitting(plan: Plan, context_tok: float | None) -> Plan:
    """The plan without the mixes that are longer than the context, each told; unchanged when none fits."""
    fits = tuple(mix for mix in plan.mixes if context_tok is None or mix.input_tok + mix.output_tok <= context_tok)
    if not fits or fits == plan.mixes:
        return plan
    unfit = [f"{mix.name}, longer than the context of {context_tok:g} tokens" for mix in plan.mixes if mix not in fits]
    return replace(plan, mixes=fits, unfit=tuple(unfit))


def quick(plan: Plan) -> Plan:
    """The same with windows of 20 s and nothing repeated."""
    return replace(plan, window_s=QUICK_WINDOW_S, repeats=1, neighbours=False)


def within(plan: Plan, budget_minutes: float | None) -> Plan:
    """
    The plan cut until it is likely to fit: neighbours, repeats, cached points, the open loop, then mixes. Windows are never cut.

    Raises
    ------
    ScenarioError
        When even three mixes at one point each do not fit.
    """
    if budget_minutes is None:
        return plan
    plan = replace(plan, budget_s=budget_minutes * 60.0)
    for words, cut in _cuts(plan):
        if plan.expected_s() <= budget_minutes * 60.0:
            return plan
        shorter = cut(plan)
        if shorter != plan:
            plan = replace(shorter, cuts=(*plan.cuts, words))
    if plan.expected_s() > budget_minutes * 60.0:
        needed = plan.expected_s() / 60.0
        raise ScenarioError(
            Fault(
                "--budget-minutes",
                f"{budget_minutes:g}",
                f"even {len(plan.mixes)} length mixes without repeats take about {needed:.0f} minutes"
                + ("" if plan.quick else "; add --quick, or allow more"),
            )
        )
    return plan


def _cuts(plan: Plan) -> list[tuple[str, Callable[[Plan], Plan]]]:
    def drop_mix(p: Plan) -> Plan:
        return replace(p, mixes=p.mixes[:-1])

    cuts: list[tuple[str, Callable[[Plan], Plan]]] = [
        ("no repeats of the neighbouring loads", lambda p: replace(p, neighbours=False)),
        ("no repeats, so no error bars", lambda p: replace(p, repeats=1)),
        ("no points with a warm prefix cache", lambda p: replace(p, cached=())),
        ("no open loop to confirm the latencies", lambda p: replace(p, open_loop=False)),
    ]
    dropped = reversed(plan.mixes[FEWEST_MIXES:])
    return cuts + [(f"no mix of {mix.input_tok} in, {mix.output_tok} out", drop_mix) for mix in dropped]


def lengths(text: str) -> tuple[Mix, ...]:
    """
    Length mixes from `INxOUT,…`.

    Raises
    ------
    ScenarioError
        Telling every part that cannot be read, and every mix named twice.

    Examples
    --------
    >>> [mix.name for mix in lengths("1024x256,8192x512")]
    ['1024x256', '8192x512']
    """
    faults, mixes = [], []
    for part in (piece.strip() for piece in text.split(",")):
        read = _LENGTHS.fullmatch(part)
        mix = Mix(int(read[1]), int(read[2])) if read else None
        if mix is None or mix.input_tok < 1 or mix.output_tok < 2:
            faults.append(
                Fault("--lengths", repr(part), "write prompt x answer in tokens, such as 1024x256; answers from 2")
            )
        elif mix in mixes:
            faults.append(Fault("--lengths", repr(part), "named twice; name it once"))
        else:
            mixes.append(mix)
    if faults:
        raise ScenarioError(faults)
    return tuple(mixes)


def limits(text: str) -> dict[str, float]:
    """
    Latency limits in milliseconds from `ttft=1000ms,tpot=50ms`; either may be missing.

    Examples
    --------
    >>> limits("ttft=1s,tpot=50ms")
    {'ttft': 1000.0, 'tpot': 50.0}
    """
    found: dict[str, float] = {}
    faults: list[Fault] = []
    for part in (piece.strip() for piece in text.split(",")):
        read = _LIMIT.fullmatch(part)
        if read is None or float(read[2]) <= 0:
            faults.append(Fault("--slo", repr(part), "write limits with their unit, such as ttft=1000ms,tpot=50ms"))
        else:
            found[read[1]] = float(read[2]) * (MS_PER_S if read[3] == "s" else 1.0)
    if faults:
        raise ScenarioError(faults)
    return found


def seed_of(plan_seed: int, mix: Mix, concurrency: int, repeat: int, kind: str) -> int:
    """A seed of its own for every run, the same again after a resume, and never that of a warm-up."""
    name = f"{plan_seed}/{mix.name}/{concurrency}/{repeat}/{kind}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % WARM_UP_SEED


def warm_up_seed(seed: int) -> int:
    """Other prompts than those of the point that it warms up for."""
    return seed + WARM_UP_SEED


def prompts_count(window_s: float, requests_per_s: float, concurrency: int) -> int:
    """Requests that fill a window at a rate, with the filling up before and the draining after."""
    return max(int(window_s * requests_per_s * 1.05) + 2 * concurrency, 3 * concurrency)


def check(mixes: Sequence[Mix], context_tok: float | None) -> None:
    """
    Whether every mix fits the model's context.

    Raises
    ------
    TcoError
        Telling every one that does not.
    """
    longest = float("inf") if context_tok is None else context_tok
    faults = [
        Fault("--lengths", mix.name, f"prompt and answer exceed the context of {longest:g} tokens; leave it out")
        for mix in mixes
        if mix.input_tok + mix.output_tok > longest
    ]
    if faults:
        raise TcoError(faults)
