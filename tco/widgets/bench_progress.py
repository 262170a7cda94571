"""What a measurement has come to, made from its events alone: phase, points, live figures, time left."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tco.bench.plan import STARTING_S, Mix, Plan
from tco.bench.records import PointResult
from tco.bench.search import inside
from tco.errors import Fault
from tco.present.charts.live import LiveRun, LiveTrace
from tco.present.charts.loads import LoadCurve, LoadPoint
from tco.widgets.bench_work import Event


@dataclass(frozen=True)
class Row:
    """One finished point."""

    mix: str
    kind: str
    repeat: int
    point: PointResult
    kept: bool
    """Whether it was measured by an earlier start."""


@dataclass
class Progress:
    """Takes events in; everything on screen is a function of it."""

    plan: Plan
    target_frac: float
    began_s: float
    phase: str = "starting"
    facts: Mapping[str, Any] = field(default_factory=dict)
    mix_number: int = 0
    now_s: float = 0.0
    rows: list[Row] = field(default_factory=list)
    runs: list[LiveRun] = field(default_factory=list)
    written: Mapping[str, Any] | None = None
    faults: tuple[Fault, ...] = ()
    stopped: bool = False
    ended: bool = False
    power: str = ""
    folder: str = ""
    """Where finished points are kept."""
    done_frac: float = 0.0
    _open: list[str] = field(default_factory=list)
    _started: set[str] = field(default_factory=set)
    _at_s: list[float] = field(default_factory=list)
    _speed: list[float] = field(default_factory=list)
    _watts: list[float] = field(default_factory=list)
    _run_s: list[float] = field(default_factory=list)

    def take(self, events: Iterable[Event]) -> None:
        """Take in what has happened."""
        for at_s, name, facts in events:
            self.now_s = max(at_s - self.began_s, self.now_s)
            if name == "tick":
                self._sampled(facts)
            elif name == "point":
                self._finished(facts)
            else:
                self._turned(name, facts)
        self.done_frac = max(self.done_frac, self._done_frac())

    @property
    def trace(self) -> LiveTrace:
        """For the live chart."""
        watts = None if self.power not in ("", "measured") else np.array(self._watts)
        return LiveTrace(np.array(self._at_s), np.array(self._speed), watts, tuple(self.runs))

    @property
    def speed(self) -> float:
        """Output tokens a second now; NaN where the server does not tell. [tok/s]"""
        return self._speed[-1] if self._speed else math.nan

    @property
    def watts(self) -> float:
        """All GPUs now; NaN where power is not measured. [W]"""
        return self._watts[-1] if self._watts else math.nan

    @property
    def kept_count(self) -> int:
        """Points of an earlier start."""
        return sum(row.kept for row in self.rows)

    def left_s(self) -> float:
        """How long it will probably go on: the runs that are left at the pace of those that were measured. [s]"""
        plan = self.plan
        each_s = sum(self._run_s) / len(self._run_s) if self._run_s else plan.run_s()
        left_s = max(plan.runs() - len(self.rows), len(plan.mixes) - self.mix_number, 0) * each_s
        if not self.runs:
            left_s += max(STARTING_S - self.now_s, 0.0)
        return left_s if plan.budget_s is None else min(left_s, max(plan.budget_s - self.now_s, 0.0))

    def curves(self) -> list[LoadCurve]:
        """For the chart of loads: the closed loops of every mix of the plan, repeats as their mean."""
        return [self._curve(mix, at) for at, mix in enumerate(self.plan.mixes)]

    def _curve(self, mix: Mix, at: int) -> LoadCurve:
        by_load: dict[float, list[PointResult]] = {}
        for row in self.rows:
            if row.mix == mix.name and row.kind == "closed":
                by_load.setdefault(row.point.concurrency, []).append(row.point)
        points = []
        for load, several in by_load.items():
            speed = sum(each.output_tok_per_s for each in several) / len(several)
            kept = inside(several[0], self.target_frac)
            text = f"p95 TTFT {several[0].ttft_ms.p95:,.0f} ms, TPOT {several[0].tpot_ms.p95:,.1f} ms"
            points.append(LoadPoint(load, speed, kept, text))
        return LoadCurve(mix_words(mix.name), points, self.written is not None or at + 1 < self.mix_number)

    def _sampled(self, facts: Mapping[str, Any]) -> None:
        self._at_s.append(self.now_s)
        self._speed.append(_number(facts.get("output_tok_per_s")))
        self._watts.append(_number(facts.get("watts")))
        if self._open and self.runs:
            last = self.runs[-1]
            self.runs[-1] = LiveRun(last.start_s, self.now_s, last.mix, last.load)

    def _finished(self, facts: Mapping[str, Any]) -> None:
        point: PointResult = facts["point"]
        name, repeat = str(facts["name"]), str(facts["name"]).rpartition("-r")[2]
        kept = name not in self._started
        self.rows.append(Row(facts["mix"], facts["kind"], int(repeat) if repeat.isdigit() else 0, point, kept))
        if not kept and self.runs:
            last = self.runs[-1]
            self.runs[-1] = LiveRun(last.start_s, self.now_s, last.mix, last.load, point.output_tok_per_s)
            self._run_s.append(self.now_s - self.runs[-len(self._open)].start_s if self._open else 0.0)
        self._open = []

    def _turned(self, name: str, facts: Mapping[str, Any]) -> None:
        self.phase, self.facts = name, facts
        if name == "plan":
            self.power, self.folder = str(facts["power"]), str(facts["folder"])
        elif name == "mix":
            self.mix_number = int(facts["number"])
        elif name == "run":
            self._started.add(str(facts["name"]))
            self._open.append(str(facts["name"]))
            load = f"{facts['concurrency']} in flight"
            self.runs.append(LiveRun(self.now_s, self.now_s, mix_words(str(facts["mix"])), load))
        elif name == "written":
            self.written = facts
        elif name == "stopped":
            self.stopped = True
        elif name == "ended":
            self.ended, self.faults, self._open = True, facts["faults"], []

    def _done_frac(self) -> float:
        if self.written is not None:
            return 1.0
        left = self.left_s()
        return self.now_s / (self.now_s + left) if left > 0 else self.done_frac


def mix_words(name: str) -> str:
    """
    A mix's name for people.

    Examples
    --------
    >>> mix_words("1024x256-cached0.5")
    '1,024 in, 256 out, 50 % cached'
    """
    lengths, _, cached = name.partition("-cached")
    prompt, _, answer = lengths.partition("x")
    more = f", {100 * float(cached):g} % cached" if cached else ""
    return f"{int(prompt):,} in, {int(answer):,} out{more}"


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
