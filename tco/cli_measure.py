"""`tco bench MODEL`: the flags, and the progress people and machines are shown."""

import argparse
import json
import math
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tco.bench.typed import above_0, loads, share, whole
from tco.errors import Fault, ScenarioError

if TYPE_CHECKING:
    from rich.progress import Progress

WORDS = """Starts `vllm serve`, loads it with `vllm bench serve`, reads the GPUs' energy, and writes a profile that `tco breakeven` uses.
Ctrl-C stops it and the server; the same command goes on where it stopped. `tco bench import FILE…` reads results of other tools."""
QUIET = {"tick", "waiting"}
"""Events that come several times a second: shown, not logged."""


def add_bench(parser: argparse.ArgumentParser) -> None:
    """The flags of `tco bench`."""
    parser.description = WORDS
    parser.add_argument("model", metavar="MODEL", help="a repository's name or a folder, as vLLM takes it")
    for group, flags in _flags().items():
        section = parser.add_argument_group(group)
        for name, (words, more) in flags.items():
            section.add_argument(name, help=words, **more)
    parser.set_defaults(run=_bench)


def _flags() -> dict[str, dict[str, tuple[str, dict[str, Any]]]]:
    text, number, count, path = (
        {"metavar": "TEXT"},
        {"type": above_0},
        {"type": whole, "metavar": "N"},
        {"type": Path},
    )
    return {
        "what serves": {
            "--gpus": ("GPUs of one replica (default: 1)", count),
            "--tensor-parallel": ("GPUs a layer is split over (default: --gpus)", count),
            "--dtype": ("format of the weights (default: the model's)", {"default": "auto"}),
            "--quantization": ("quantisation, as vLLM names it, such as fp8", text),
            "--server-args": (
                "more arguments for vllm serve, in one string, such as '--max-model-len 8192'; several nodes: '--distributed-executor-backend ray'",
                text,
            ),
            "--vllm": ("the vllm command (default: beside this Python, or on the path)", {"metavar": "PATH"}),
            "--start-minutes": ("how long the server may take to start (default: 30)", {**number, "default": 30.0, "metavar": "N"}),
            "--url": (
                "measure a server that runs already, OpenAI-compatible; if it wants a key, set OPENAI_API_KEY, which vllm's client takes too",
                {"metavar": "URL"},
            ),
            "--served-as": ("its name for the model (default: MODEL)", text),
            "--tokenizer": ("tokenizer for the load client (default: MODEL)", text),
            "--bench-args": ("more arguments for vllm bench serve, in one string", text),
        },
        "what is measured": {
            "--lengths": ("mixes of prompt x answer tokens, such as 1024x256,8192x512 (default: six)", {"metavar": "INxOUT,…"}),
            "--slo": ("limits such as ttft=1000ms,tpot=50ms, or a level of `tco list levels`", {"metavar": "LIMITS"}),
            "--slo-percentile": ("share of requests that must be inside, in percent (default: the planning value)", {**number, "metavar": "P"}),
            "--quick": ("windows of 20 s or fewer and no repeats: a first look, marked so", {"action": "store_true"}),
            "--budget-minutes": ("cut the plan to so many minutes, never a window", {**number, "metavar": "N"}),
            "--window-seconds": ("length of a steady window (default: 60)", {**number, "dest": "window_s", "metavar": "N"}),
            "--repeats": ("runs at the found load and its neighbours (default: 3)", count),
            "--concurrency": ("first and highest load of the search (default: 8:1024)", {"type": loads, "metavar": "A:B"}),
            "--cached-frac": (
                "share of the prompt that a point with a warm prefix cache finds there; 0 for no such point (default: 0.5)",
                {"type": share, "default": 0.5, "metavar": "F"},
            ),
            "--no-open-loop": ("do not confirm the found load with arrivals at random", {"action": "store_false", "dest": "open_loop"}),
            "--seed": ("seed of the prompts (default: 0)", {"type": int, "default": 0, "metavar": "N"}),
        },
        "power": {
            "--dcgm": ("address of a DCGM exporter or Prometheus, where the GPUs are elsewhere", {"metavar": "URL"}),
            "--no-power": ("leave power out", {"action": "store_true"}),
        },
        "the profile": {
            "--as": ("name of the model in hw_profiles/models (default: MODEL)", {"dest": "known_as", "metavar": "NAME"}),
            "--gpu": ("name of the GPU in hw_profiles/gpus (default: what the driver says)", {"metavar": "NAME"}),
            "--output": ("folder for the profile (default: hw_profiles/serving)", {**path, "metavar": "DIR"}),
            "--state": (
                "folder for finished points and raw results (default: .tco-bench)",
                {**path, "default": Path(".tco-bench"), "metavar": "DIR"},
            ),
            "--data": ("folder with price_sheets/ and hw_profiles/", {**path, "metavar": "DIR"}),
            "--json-log": ("one JSON object a line in place of bars", {"action": "store_true"}),
            "--plan": ("say what would be measured and how long it takes, and end", {"action": "store_true"}),
        },
    }  # fmt: skip


def _bench(arguments: argparse.Namespace) -> int:
    from tco.bench.asked import Asked
    from tco.bench.measure import measure
    from tco.catalog import Catalog

    typed = {name: value for name, value in vars(arguments).items() if value is not None}
    told = {name: value for name, value in typed.items() if name in Asked.__dataclass_fields__}
    told |= {name: _words(name, typed.get(name, "")) for name in ("server_args", "bench_args")}
    catalog = Catalog.open(arguments.data)
    with shown(arguments.json_log) as tell, ended_as_by_hand():
        facts = {"command": shlex.join(["tco", *sys.argv[1:]])}
        measure(Asked(**told), catalog, tell, power=not arguments.no_power, only_plan=arguments.plan, facts=facts)
    return 0


def _words(name: str, text: str) -> tuple[str, ...]:
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise ScenarioError(
            Fault(f"--{name.replace('_', '-')}", text, f"{error}: close what you opened".lower())
        ) from error


@contextmanager
def ended_as_by_hand() -> Iterator[None]:
    """A terminate or a lost terminal ends the server as Ctrl-C does, instead of leaving it behind."""
    names = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(name, signal.default_int_handler) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def shown(json_log: bool) -> "Shown":
    """Bars on a terminal, plain lines elsewhere, JSON lines when asked."""
    if json_log:
        return Shown(_as_json)
    if sys.stderr.isatty():
        return Bars()
    return Shown(_as_line)


class Shown:
    """Hands every event to one function."""

    def __init__(self, say: Callable[[str, dict[str, Any]], None]) -> None:
        self.say = say

    def __enter__(self) -> "Shown":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, name: str, facts: dict[str, Any]) -> None:
        if name not in QUIET:
            self.say(name, facts)


class Bars(Shown):
    """A bar over the mixes and one over the present run, live tokens a second and watts beside it, and a line for every finished point."""

    def __init__(self) -> None:
        super().__init__(_as_line)
        self.bars: Progress | None = None

    def __enter__(self) -> "Bars":
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        self.bars = Progress(
            TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[live]}"), TimeElapsedColumn(), TimeRemainingColumn(),
            console=Console(stderr=True),
        )  # fmt: skip
        self.bars.start()
        self.mixes = self.bars.add_task("length mixes", total=None, live="")
        self.now = self.bars.add_task("starting", total=None, live="")
        return self

    def __exit__(self, *_: object) -> None:
        if self.bars is not None:
            self.bars.stop()

    def __call__(self, name: str, facts: dict[str, Any]) -> None:
        assert self.bars is not None
        if name == "tick":
            task = next(each for each in self.bars.tasks if each.id == self.now)
            told = ((facts.get("output_tok_per_s"), "{:,.0f} tok/s"), (facts.get("watts"), "{:.0f} W"))
            live = ", ".join(form.format(now) for now, form in told if now is not None and not math.isnan(now))
            self.bars.update(self.now, completed=min(task.elapsed or 0.0, (task.total or math.inf) - 0.1), live=live)
        elif name == "waiting":
            self.bars.update(self.now, description="vLLM starts", live=facts["line"][-70:])
        elif name in ("run", "warm-up", "idle"):
            what = facts.get("name") or facts.get("mix") or facts.get("state")
            self.bars.reset(self.now, total=facts.get("seconds"), description=f"{name} {what}", live="")
        else:
            if name == "mix":
                self.bars.update(self.mixes, completed=facts["number"] - 1, total=facts["of"])
            self.bars.console.print(line(name, facts), highlight=False, markup=False)


def line(name: str, facts: dict[str, Any]) -> str:
    """An event in words."""
    if name == "plan":
        mixes = f"\n  {', '.join(facts['mixes'])} (prompt x answer tokens), windows of {facts['window_s']:g} s or more"
        cuts = "".join(f"\n  left out for the budget: {cut}" for cut in facts["cuts"])
        cuts += "".join(f"\n  left out: {mix}" for mix in facts["unfit"])
        unknown = (
            ""
            if facts["model_known"]
            else "\n  not in hw_profiles/models: what its GPUs could do at most is not checked"
        )
        power = (
            ""
            if facts["power"] == "measured"
            else f"\n  power is left out ({' '.join(filter(None, (facts['power'], facts['power_note'])))})"
        )
        stale = (
            f"\n  measured anew: {facts['stale_count']} points that another version of tco kept"
            if facts["stale_count"]
            else ""
        )
        planned = f"{len(facts['mixes'])} length mixes, about {facts['runs']} runs and {facts['minutes']:.0f} minutes"
        return planned + mixes + cuts + stale + power + unknown
    if name == "point":
        point = facts["point"]
        watts = "" if point.energy is None or math.isnan(point.energy.watts) else f", {point.energy.watts:.0f} W"
        codes = f"  [{' '.join(point.codes)}]" if point.codes else ""
        return (
            f"{facts['mix']:>12} {facts['kind']:<6} {point.concurrency:>5g} in flight: {point.output_tok_per_s:,.0f} tok/s{watts}, "
            f"p95 TTFT {point.ttft_ms.p95:.0f} ms, TPOT {point.tpot_ms.p95:.1f} ms, {point.in_slo_frac:.1%} inside{codes}"
        )
    if name == "written":
        warnings = "".join(f"\n  {warning}" for warning in facts["warnings"])
        return f"{facts['points']} points written to {facts['path']}{warnings}"
    if name == "starting":
        return shlex.join(facts["command"])
    return f"{name}: " + ", ".join(
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in facts.items()
    )


def _as_line(name: str, facts: dict[str, Any]) -> None:
    print(line(name, facts), file=sys.stderr, flush=True)


def _as_json(name: str, facts: dict[str, Any]) -> None:
    from tco.bench.records import plain

    print(json.dumps({"event": name} | plain(facts), ensure_ascii=False, allow_nan=False), flush=True)
