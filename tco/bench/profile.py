"""Measured points to a serving profile: repeats joined, fits, provenance, and every doubt as a sentence."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from tco.bench.codes import blocks, sentence
from tco.bench.engine_args import said
from tco.bench.fits import fitted_energy, fitted_work, joules_per_request, watts_of
from tco.bench.plan import Mix
from tco.bench.records import Percentiles, PointResult
from tco.bench.settings import Settings
from tco.bench.summarise import judged_count, t_interval, wilson
from tco.errors import Fault, TcoError
from tco.inputs import hardware
from tco.units import MS_PER_S

STANDING = {"B-QUICK", "B-SHORT", "B-DUMMY", "B-FAKE", "B-POWER"}
"""Codes of the whole run: told once as a warning, not at every point."""


@dataclass(frozen=True)
class Measured:
    """The runs of one mix at one load; the first is the search's, the others are its repeats."""

    mix: Mix
    runs: tuple[PointResult, ...]


@dataclass(frozen=True)
class Outcome:
    """All that a benchmark measured: every point, and of each cold mix the point at the highest load inside."""

    points: tuple[Measured, ...]
    found: tuple[Measured, ...]
    codes: tuple[str, ...] = ()
    cuts: tuple[str, ...] = ()
    unfit: tuple[str, ...] = ()
    searches: tuple[tuple[str, str], ...] = ()
    """Codes of the search of a mix, each with the mix's name."""


def profile(
    settings: Settings, outcome: Outcome, idle: Mapping[str, float | None], facts: Mapping[str, Any]
) -> hardware.ServingProfile:
    """
    The profile of what was measured, without blocked points.

    Raises
    ------
    TcoError
        When no point can be used; says why each is blocked.
    """
    usable = [one for one in outcome.points if not _blocked(one)]
    if not usable:
        told = sorted({code for one in outcome.points for run in one.runs for code in run.codes if blocks((code,))})
        raise TcoError(
            [Fault("points", code, sentence(code)) for code in told]
            or [Fault("points", "none", "nothing was measured")]
        )
    today = datetime.now(UTC)
    inside = [joined_result(one) for one in outcome.found if not _blocked(one)]
    provenance = {str(name): _text(value) for name, value in facts.items() if value not in (None, "")}
    provenance |= seen([run for one in usable for run in _usable(one)])
    provenance["written"] = today.isoformat(timespec="seconds")
    whole = hardware.ServingProfile(
        profile=1,
        model=settings.known_as,
        gpu=settings.gpu,
        gpus_per_replica=settings.gpus,
        engine=hardware.Engine(
            name="vllm" if "engine_version" in provenance else "unrecorded",
            version=provenance.get("engine_version", "unrecorded"),
            args=settings.engine_args,
            tensor_parallel=settings.tensor_parallel,
            dtype=settings.quantization or settings.dtype,
            kv_cache_dtype=said(settings.engine_args).get("kv_cache_dtype", "auto"),
        ),
        grade="measured",
        sources=(hardware.PageSource(url=f"tco bench {settings.key()}", checked_on=today.date()),),
        points=tuple(serving_point(one) for one in usable),
        idle_watts=_known(idle.get("loaded")),
        measured_at=hardware.MeasuredAt(
            ttft_ms=settings.limits.ttft_ms, tpot_ms=settings.limits.tpot_ms, slo_percentile=settings.limits.percentile
        ),
        work=fitted_work(inside),
        energy=fitted_energy(inside),
        idle=_idle(idle),
        host_watts_per_gpu=_host_watts(inside),
        warnings=warnings(outcome),
        codes=codes(outcome),
        provenance=provenance,
        note=_note(outcome),
    )
    return whole.model_copy(update={"provenance": provenance | {"sha256": digest(whole)}})


def serving_point(one: Measured) -> hardware.ServingPoint:
    """Repeats as one point: means of their figures, the interval of their throughput, their failures together; blocked ones left out."""
    point, runs = joined_result(one), _usable(one)
    interval = t_interval([run.output_tok_per_s for run in runs])
    return hardware.ServingPoint(
        input_tok=one.mix.input_tok,
        output_tok=one.mix.output_tok,
        concurrency=_in_flight(point),
        output_tok_per_s=_tidy(point.output_tok_per_s),
        whole_run_output_tok_per_s=_known(point.whole_run_output_tok_per_s),
        ttft_ms=_latency(point.ttft_ms),
        tpot_ms=_latency(point.tpot_ms),
        e2e_ms=_latency(point.e2e_ms),
        cached_frac=_tidy(point.cached_frac) if one.mix.cached_frac else 0.0,
        watts=_known(watts_of(point)),
        joules_per_request=_known(joules_per_request(point)),
        request_rate=_known(point.request_rate),
        in_slo_frac=_tidy(point.in_slo_frac),
        in_slo_low_frac=_tidy(point.in_slo_low),
        in_slo_high_frac=_tidy(point.in_slo_high),
        output_error_frac=None if interval.half_width is None else _tidy(interval.half_width / interval.mean),
        repeats_count=len(runs),
        failed_count=sum(run.failed_count for run in runs),
        completed_count=sum(run.completed_count for run in runs),
        window_s=_tidy(min(run.window_s for run in runs)),
        codes=tuple(code for code in point.codes if code not in STANDING),
    )


def joined_result(one: Measured) -> PointResult:
    """
    The mean of the runs of a point that are not blocked; its codes are those of any of them.

    The share inside and its interval are of all their requests together.
    """
    runs = _usable(one)
    if len(runs) == 1:
        return runs[0]

    def mean(name: str) -> float:
        return float(sum(getattr(run, name) for run in runs) / len(runs))

    def latency(name: str) -> Percentiles:
        sides = [getattr(run, name) for run in runs]
        return Percentiles(
            *(sum(getattr(side, part) for side in sides) / len(sides) for part in ("mean", "p50", "p90", "p95", "p99"))
        )

    energies = [run.energy for run in runs if run.energy is not None]
    energy = None
    if len(energies) == len(runs):
        joules, watts = (sum(getattr(each, name) for each in energies) / len(energies) for name in ("joules", "watts"))
        energy = replace(energies[0], joules=joules, watts=watts, codes=_union(each.codes for each in energies))
    rates = (
        "output_tok_per_s",
        "whole_run_output_tok_per_s",
        "input_tok_per_s",
        "requests_per_s",
        "in_slo_frac",
        "cached_frac",
    )
    means: dict[str, Any] = {name: mean(name) for name in rates}
    means |= {name: latency(name) for name in ("ttft_ms", "tpot_ms", "e2e_ms")}
    judged = [judged_count(run) for run in runs]
    good = sum(run.in_slo_frac * count for run, count in zip(runs, judged, strict=True))
    low, high = wilson(round(good), sum(judged))
    means |= {"in_slo_frac": good / max(sum(judged), 1), "in_slo_low": low, "in_slo_high": high}
    return replace(runs[0], **means, energy=energy, codes=_union(run.codes for run in runs))


def codes(outcome: Outcome) -> tuple[str, ...]:
    """Every code of the run and of the points that are kept."""
    kept = [run.codes for one in outcome.points if not _blocked(one) for run in one.runs]
    return tuple(sorted(_union([outcome.codes, *kept])))


def warnings(outcome: Outcome) -> tuple[str, ...]:
    """Every doubt once, as a sentence with its code, then what the budget cut and what was left out for a blocking code."""
    told = [f"{code}: {sentence(code)}{_of_mixes(code, outcome)}" for code in codes(outcome)]
    told += [f"cut by the budget: {cut}" for cut in outcome.cuts]
    told += [f"left out: {mix}" for mix in outcome.unfit]
    for one in outcome.points:
        if _blocked(one):
            why = ", ".join(code for code in _union(run.codes for run in one.runs) if blocks((code,)))
            told.append(f"left out: {one.mix.name} at {one.runs[0].concurrency:g} in flight ({why})")
    return tuple(told)


def _of_mixes(code: str, outcome: Outcome) -> str:
    """Which length mixes a code of the search is told of; nothing for a code of single points."""
    mixes = [mix for told, mix in outcome.searches if told == code]
    return f" ({', '.join(mixes)})" if mixes else ""


def digest(whole: hardware.ServingProfile) -> str:
    """Hash of all that the profile says, its own hash apart."""
    data = whole.model_dump(mode="json", exclude={"id"})
    data["provenance"].pop("sha256", None)
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def variant(outcome: Outcome, settings: Settings) -> str:
    """The last part of the file's name: the format, and what keeps it from being a measurement of the real thing."""
    codes = _union([outcome.codes, *(run.codes for one in outcome.points for run in one.runs)])
    parts = [settings.quantization or ("" if settings.dtype == "auto" else settings.dtype), "measured"]
    parts += ["dummy-weights"] if "B-DUMMY" in codes else []
    parts += ["fake-power"] if "B-FAKE" in codes else []
    parts += ["quick"] if settings.plan.quick else []
    return "-".join(part for part in parts if part)


def _note(outcome: Outcome) -> str:
    codes = _union([outcome.codes, *(run.codes for one in outcome.points for run in one.runs)])
    words = {
        "B-DUMMY": "dummy weights",
        "B-FAKE": "power from a stand-in, a test",
        "B-QUICK": "quick windows, no repeats",
    }
    return "; ".join(word for code, word in words.items() if code in codes)


def seen(runs: Sequence[PointResult]) -> dict[str, str]:
    """The hottest, slowest and most held down that the GPUs were in any window that counts; empty where nothing was read."""
    told = [run.conditions for run in runs if run.conditions]

    def of(name: str, choose: Callable[..., float]) -> str | None:
        known = [each[name] for each in told if each.get(name) is not None]
        return f"{choose(known):g}" if known else None

    slowed: dict[str, float] = {}
    for each in told:
        for reason, share in each["slowed_frac"].items():
            slowed[reason] = max(slowed.get(reason, 0.0), share)
    words = {
        "temperature_max_c": of("temperature_max_c", max),
        "sm_min_mhz": of("sm_min_mhz", min),
        "sm_mean_mhz": of("sm_mean_mhz", min),
        "cap_watts_in_use": of("cap_watts", min),
        "slowed_frac": json.dumps({name: round(share, 3) for name, share in sorted(slowed.items())}) if told else None,
    }
    return {name: value for name, value in words.items() if value is not None}


def _blocked(one: Measured) -> bool:
    return all(blocks(run.codes) for run in one.runs)


def _usable(one: Measured) -> tuple[PointResult, ...]:
    """The runs that are not blocked; all of them where every one is."""
    return tuple(run for run in one.runs if not blocks(run.codes)) or one.runs


def _in_flight(point: PointResult) -> float:
    """The load of a closed loop; in an open one what its rate and times come to."""
    if point.request_rate is None:
        return point.concurrency
    return _tidy(max(point.request_rate * point.e2e_ms.mean / MS_PER_S, 1e-3))


def _idle(idle: Mapping[str, float | None]) -> hardware.IdleStates | None:
    states = {f"{name}_watts": _known(watts) for name, watts in idle.items() if watts is not None}
    return hardware.IdleStates(**states) if states else None


def _host_watts(inside: Sequence[PointResult]) -> float | None:
    """The mean over the found loads; None where it could not be measured at every one."""
    known = [point.host_watts_per_gpu for point in inside if point.host_watts_per_gpu is not None]
    return _tidy(sum(known) / len(known)) if known and len(known) == len(inside) else None


def _latency(side: Percentiles) -> hardware.Percentiles:
    return hardware.Percentiles(p50=_known(side.p50), p90=_known(side.p90), p95=_known(side.p95), p99=_known(side.p99))


def _known(value: float | None) -> float | None:
    return None if value is None or math.isnan(value) else _tidy(value)


def _tidy(value: float) -> float:
    """Six digits: more than was measured, and readable."""
    return float(f"{value:.6g}")


def _union(many: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for codes in many for code in codes))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
