"""One measurement under way: a server started when it is first needed, points measured once and kept."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from tco.bench import guards, load, server
from tco.bench.energy import conditions, usable
from tco.bench.host import HostMeter
from tco.bench.live import Throughput
from tco.bench.meter import Meter
from tco.bench.plan import CLIENT_S, RAMP_FRAC, Mix, check, prompts_count, seed_of, warm_up_seed
from tco.bench.records import Energy, PointResult, Requests
from tco.bench.settings import Settings, client, free_port, serve_command
from tco.bench.state import State
from tco.bench.summarise import Load, nothing, summarise, window_of
from tco.errors import Fault, TcoError
from tco.units import MS_PER_S

Tell = Callable[[str, dict[str, Any]], None]
"""Told of every event: its name and its facts; several times a second while anything lasts. May raise KeyboardInterrupt to end it all."""
HUNG_RATIO = 6.0
HUNG_S = 300.0
"""A client is held for hung after so many times what a run should take, and so long."""
ENOUGH_FRAC = 0.9
"""A window under this share of what was wanted is measured again, once."""
MOST_DEATHS = 3
"""A server that died so often is not started again."""
GROWTH_RATIO = 2.0
"""Twice the load brings at most twice the requests a second."""


@dataclass
class Session:
    """Everything a run of load needs, and what was learnt on the way."""

    settings: Settings
    state: State
    meter: Meter
    tell: Tell
    bound: guards.Ceiling | None = None
    host: HostMeter | None = None
    began_s: float = field(default_factory=time.monotonic)
    started: str = field(default_factory=lambda: time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    measured_count: int = 0
    deaths_count: int = 0
    _exit: ExitStack = field(default_factory=ExitStack)
    _target: load.Target | None = None
    _server: server.Server | None = None
    _pace: dict[Mix, dict[int, tuple[float, float]]] = field(default_factory=dict)
    _warm: set[Mix] = field(default_factory=set)
    _client_s: float = CLIENT_S
    _throughput: Throughput = field(default_factory=Throughput)

    def __enter__(self) -> Session:
        self.meter.start()
        self._exit.callback(self.meter.close)
        self._exit.callback(self._keep_trace)
        if self.host is not None:
            self.host.start()
            self._exit.callback(self.host.stop)
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def note(self, **facts: str) -> None:
        """Keep facts of the first time they are known, so that a resumed run tells them too."""
        known = self.state.read("provenance") or {}
        if not facts.keys() <= known.keys():
            self.state.keep("provenance", facts | known)

    def may_go_on(self, mix: Mix | None = None) -> bool:
        """Whether the budget leaves room for one more run, of a mix if one is named."""
        plan = self.settings.plan
        known = None if mix is None else self._pace.get(mix)
        request_s = known[max(known)][1] if known else 0.0
        window_s = plan.window_s if mix is None else self._wanted_s(mix)
        one_more = self._client_s + window_s + max(RAMP_FRAC * window_s, request_s)
        return plan.budget_s is None or time.monotonic() - self.began_s + one_more <= plan.budget_s

    def target(self) -> load.Target:
        """The server under load, started when this is first asked."""
        if self._target is None:
            self._target = self._running() if self.settings.url else self._started()
            self.idle("loaded")
        return self._target

    def idle(self, name: str) -> None:
        """Read the power of an idle state, once: `bare`, `loaded` or `after`."""
        if self.state.read(f"idle-{name}") is None:
            self.tell("idle", {"state": name, "seconds": self.settings.idle_s})
            began = time.monotonic()
            self._rest(self.settings.idle_s)
            energy = self.meter.energy(began, time.monotonic())
            told = {
                "watts": energy.watts,
                "source": energy.source,
                "codes": list(energy.codes),
                "usable": usable(energy),
            }
            self.state.keep(f"idle-{name}", told)

    def point(
        self, mix: Mix, concurrency: int, repeat: int = 0, kind: str = "closed", rate: float | None = None
    ) -> PointResult:
        """One point, from the folder when it is there already."""
        name = f"{kind}-{mix.name}-c{concurrency}-r{repeat}"
        known = self.state.point(name)
        if known is None:
            known = self._survived(mix, Load(mix.input_tok, mix.output_tok, concurrency, rate), name, repeat, kind)
            self.state.keep_point(name, known)
            self.measured_count += 1
        self._learn(mix, known)
        self.tell("point", {"name": name, "mix": mix.name, "kind": kind, "point": known})
        return known

    def _survived(self, mix: Mix, asked: Load, name: str, repeat: int, kind: str) -> PointResult:
        """
        The point, or one that counts as outside when the server died under its load.

        Out of memory at a load is a finding, not the end; one at a single request is the end, and so is a server that dies again and again.
        """
        self.target()
        try:
            return self._measured(mix, asked, name, repeat, kind)
        except server.Died as death:
            if asked.concurrency == 1 or self.deaths_count >= MOST_DEATHS:
                raise
            self.deaths_count += 1
            self.tell("died", {"name": name, "concurrency": asked.concurrency, "why": death.faults[0].mend})
            self._let_go()
            return nothing(asked, ("B-DIED",))

    def _let_go(self) -> None:
        """Of a server that is no more; the next point starts another."""
        if self._server is not None:
            self._server.stop()
        self._server = self._target = None
        self._warm.clear()

    def _measured(self, mix: Mix, asked: Load, name: str, repeat: int, kind: str) -> PointResult:
        seed = seed_of(self.settings.plan.seed, mix, asked.concurrency, repeat, kind)
        self._warm_up(mix, asked, seed)
        wanted = self._wanted_s(mix)
        loaded, point = self._run(mix, asked, wanted, name, seed)
        if point.window_s < ENOUGH_FRAC * wanted and "B-FULL" not in point.codes and self.may_go_on(mix):
            self._learn(mix, point)
            wanted = self._wanted_s(mix)
            longer, again = self._run(
                mix, asked, wanted, f"{name}-again", seed_of(seed, mix, asked.concurrency, repeat, kind)
            )
            if again.window_s > point.window_s:
                self.state.swap_raw(name, f"{name}-again")
                loaded, point = longer, again
        self.note(client_command=shlex.join(["vllm", *loaded.command[1:]]))
        return point

    def _run(self, mix: Mix, asked: Load, wanted_s: float, name: str, seed: int) -> tuple[load.Loaded, PointResult]:
        pace = self._requests_per_s(mix, asked)
        count = prompts_count(wanted_s, pace, asked.concurrency)
        expected = count / max(pace, 1e-9)
        self.tell(
            "run",
            {"name": name, "mix": mix.name, "concurrency": asked.concurrency, "prompts": count, "seconds": expected},
        )
        target = self.target()
        server.reset_cache(target.url)
        before = server.counters(target.url)
        prefix = round(mix.cached_frac * mix.input_tok)
        words = load.command(target, asked, count, seed, prefix, self.state.raw(name))
        began = time.monotonic()
        loaded = load.run(words, self.state.raw(name), HUNG_RATIO * expected + HUNG_S, self._alive)
        self._client_s = (
            time.monotonic() - began - float(loaded.requests.end_s.max())
        )  # of the last run: what the next will need
        hits = server.hit_frac(before, server.counters(target.url))
        return loaded, self._judged(loaded, asked, mix, wanted_s, hits)

    def _judged(self, loaded: load.Loaded, asked: Load, mix: Mix, wanted_s: float, hits: float | None) -> PointResult:
        span = window_of(loaded.requests, asked) or _whole(loaded.requests)
        energy: Energy = self.meter.energy(loaded.zero_s + span[0], loaded.zero_s + span[1])
        point = summarise(loaded.requests, asked, self.settings.limits, hits or 0.0, energy)
        start_s, end_s = (loaded.zero_s + edge for edge in span)
        trace = self.meter.trace(start_s)
        seen = asdict(conditions(trace, start_s, end_s)) if len(trace) > 1 else None
        codes = [
            *point.codes,
            *guards.window_codes(point, wanted_s),
            *guards.load_codes(loaded.requests, asked, hits, cold=mix.cached_frac == 0),
            *guards.stream_codes(point),
            *guards.speed_codes(point, self.bound),
            *guards.energy_codes(point, energy, self._idle_watts(), _cap_watts(seen, energy.gpus)),
            *(["B-DUMMY"] if self.settings.dummy else []),
        ]
        host = None if self.host is None else self.host.power(loaded.zero_s + span[0], loaded.zero_s + span[1])
        watts = host.watts_per_gpu if host is not None and host.grade == "measured" else None
        if host is not None and watts is not None:
            self.note(host_power=host.note)
        return replace(point, conditions=seen, host_watts_per_gpu=watts, codes=tuple(dict.fromkeys(codes)))

    def _warm_up(self, mix: Mix, asked: Load, seed: int) -> None:
        """Other prompts of the same lengths at the same load, once a mix: the engine compiles and the client's rate is learnt."""
        if mix in self._warm:
            return
        target, name = self.target(), f"warm-up-{mix.name}"
        self.tell("warm-up", {"mix": mix.name, "concurrency": asked.concurrency})
        closed = replace(asked, request_rate=None)
        words = load.command(target, closed, 3 * asked.concurrency, warm_up_seed(seed), 0, self.state.raw(name))
        loaded = load.run(words, self.state.raw(name), HUNG_S * HUNG_RATIO, self._alive)
        self._warm.add(mix)
        if not self._pace.get(mix):
            done = loaded.requests
            took = float(done.end_s.max())
            self._pace.setdefault(mix, {})[asked.concurrency] = (
                len(done) / took,
                float((done.end_s - done.start_s).mean()),
            )

    def _wanted_s(self, mix: Mix) -> float:
        """The window of the plan, or on a real run five of the mix's mean request times where they are longer. [s]"""
        plan, known = self.settings.plan, self._pace.get(mix)
        if plan.quick or not known:
            return plan.window_s
        return max(plan.window_s, guards.REQUESTS_LONG * known[max(known)][1])

    def _requests_per_s(self, mix: Mix, asked: Load) -> float:
        """The rate to expect: that of the open loop, or the nearest lower load's, grown as it grew last."""
        if asked.request_rate is not None:
            return asked.request_rate
        known = self._pace[mix]
        if asked.concurrency in known:
            return known[asked.concurrency][0]
        lower = sorted(c for c in known if c < asked.concurrency)
        if not lower:
            return known[min(known)][0]
        at = lower[-1]
        growth = GROWTH_RATIO
        if len(lower) > 1:
            growth = min(max(known[at][0] / known[lower[-2]][0], 1.0), GROWTH_RATIO)
        return float(known[at][0] * min(growth, asked.concurrency / at))

    def _learn(self, mix: Mix, point: PointResult) -> None:
        if point.request_rate is None and point.requests_per_s > 0:
            pace = point.requests_per_s, point.e2e_ms.mean / MS_PER_S
            self._pace.setdefault(mix, {})[int(point.concurrency)] = pace

    def _started(self) -> load.Target:
        settings = self.settings
        self.idle("bare")
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        words = serve_command(settings, port)
        self.note(engine_command=shlex.join(["vllm", *words[1:]]))
        self.tell("starting", {"command": words})
        self._server = self._exit.enter_context(server.Server(words, url, self.state.folder / "server.log"))
        waited = self._server.wait(
            settings.start_limit_s, lambda s, line: self.tell("waiting", {"seconds": s, "line": line})
        )
        self.tell("ready", {"seconds": waited, "url": url})
        self._check_lengths(server.served_models(url), settings.known_as)
        self.note(**server.effective(self.state.folder / "server.log"))
        self._note_version(url)
        return load.Target(
            url, settings.known_as, settings.tokenizer or settings.model, client(settings.vllm), settings.bench_args
        )

    def _running(self) -> load.Target:
        settings = self.settings
        url = server.base(str(settings.url))
        served = server.served_models(url)
        name = settings.served_as or settings.model
        if name not in served:
            mend = f"serves {', '.join(served)}: name one with --served-as, if it is the model you name"
            raise TcoError(Fault("--url", f"no {name} there", mend))
        self._check_lengths(served, name)
        self.note(served_as=name)
        self.tell("ready", {"seconds": 0.0, "url": url, "served": name})
        self._note_version(url)
        return load.Target(url, name, settings.tokenizer or settings.model, client(settings.vllm), settings.bench_args)

    def _check_lengths(self, served: Mapping[str, int | None], name: str) -> None:
        """Every mix is at most as long as the server takes."""
        longest = served.get(name)
        if longest is not None:
            check(self.settings.plan.mixes, longest)

    def _note_version(self, url: str) -> None:
        found = server.version(url)
        if found is not None:
            self.state.keep("engine", {"version": found})

    def _idle_watts(self) -> float | None:
        """Of all GPUs with the model loaded and nobody served, where it was measured. [W]"""
        known = self.state.read("idle-loaded")
        return known["watts"] if known and known["usable"] else None

    def _keep_trace(self) -> None:
        """The power as sampled, beside the raw results: one file for each time the measurement was started."""
        trace = self.meter.trace()
        if len(trace):
            trace.save(self.state.folder / "power" / f"{self.started}.csv")

    def _alive(self) -> None:
        if self._server is not None:
            self._server.check()
        live, target = self.meter.live(), self._target
        speed = None if target is None else self._throughput.at(target.url)
        self.tell("tick", {"watts": None if live is None else live.watts, "output_tok_per_s": speed})

    def _rest(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._alive()
            time.sleep(min(0.2, max(until - time.monotonic(), 0.0)))


def _whole(requests: Requests) -> tuple[float, float]:
    return float(requests.start_s.min()), float(requests.end_s.max())


def _cap_watts(seen: Mapping[str, Any] | None, gpus: int) -> float | None:
    """The power limit of all GPUs together, the lowest taken for each. [W]"""
    return None if seen is None or seen["cap_watts"] is None else float(seen["cap_watts"]) * gpus
