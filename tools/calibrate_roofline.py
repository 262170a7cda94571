"""
Fit the constants of the estimate to published throughput, and say how far it is off where it was not fitted.

    python tools/calibrate_roofline.py POINTS.csv            print the constants and the errors
    python tools/calibrate_roofline.py POINTS.csv --write    and put them into price_sheets/assumptions/roofline.csv

POINTS.csv has one measurement a row: model_key, gpu, n_gpu, precision, isl, osl, concurrency, output_tok_s_per_gpu, ttft_ms_median,
tpot_ms_median, parallelism, engine, quality, basis. Each is predicted at its own concurrency, and each curve at limits on the time per token:
the interval is taken from the latter, for that is what an estimate is asked for. Models and GPUs that hw_profiles does not know are
left out, and so are rows without lengths, concurrency or latency.
"""

import csv
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from tco.catalog import Catalog
from tco.inputs.hardware import Model
from tco.inputs.source import Fact, Source
from tco.model.roofline import (
    Reached,
    Served,
    batch_at_slo,
    batch_in_memory,
    prefill_s,
    step_s,
    tpot_s,
)
from tco.model.roofline import replica as replica_of
from tco.serving.datasheets import Calibration, calibration, served, stacked
from tco.serving.estimate import P90
from tco.units import MS_PER_S, Array

ROOT = Path(__file__).resolve().parents[1]
SHEET = ROOT / "price_sheets" / "assumptions" / "roofline.csv"
MODELS = {
    "deepseek-v3-r1": "deepseek-ai/DeepSeek-V3",
    "deepseek-v3.2": "deepseek-ai/DeepSeek-V3.2",
    "gemma-3-27b": "google/gemma-3-27b-it",
    "glm-4.5-air": "zai-org/GLM-4.5-Air",
    "glm-4.6": "zai-org/GLM-4.6",
    "glm-5": "zai-org/GLM-5",
    "gpt-oss-120b": "openai/gpt-oss-120b",
    "gpt-oss-20b": "openai/gpt-oss-20b",
    "kimi-k2": "moonshotai/Kimi-K2.5",
    "llama-2-70b": "meta-llama/Llama-2-70b-chat-hf",
    "llama-3-70b": "meta-llama/Llama-3.3-70B-Instruct",
    "llama-3.1-405b": "meta-llama/Llama-3.1-405B-Instruct",
    "llama-3.1-8b": "meta-llama/Llama-3.1-8B-Instruct",
    "llama-4-maverick": "meta-llama/Llama-4-Maverick-17B-128E-Instruct",
    "minimax-m2": "MiniMaxAI/MiniMax-M2.5",
    "mixtral-8x7b": "mistralai/Mixtral-8x7B-Instruct-v0.1",
    "qwen3-14b": "Qwen/Qwen3-14B",
    "qwen3-235b-a22b": "Qwen/Qwen3-235B-A22B",
    "qwen3-30b-a3b": "Qwen/Qwen3-30B-A3B",
    "qwen3-32b": "Qwen/Qwen3-32B",
    "qwen3-8b": "Qwen/Qwen3-8B",
    "qwen3-coder-480b": "Qwen/Qwen3-Coder-480B-A35B-Instruct",
    "qwen3.5-35b-a3b": "Qwen/Qwen3.5-35B-A3B",
    "qwen3.5-397b-a17b": "Qwen/Qwen3.5-397B-A17B",
}
"""Family of a measurement, and the file of hw_profiles/models that has its facts."""
GPUS = {"B200": "B200-SXM", "B300": "B300-SXM", "GH200-96/144": "GH200-96"}
FORMATS = {"fp16": "bf16", "mxfp4": "auto", "int4-awq": "int4"}
AS_PUBLISHED = ("gpt-oss",)
"""Families served in the format they are published in, whatever a row calls it."""
NEEDED = ("isl", "osl", "concurrency", "tpot_ms_median")
"""Without these a row says nothing about a steady load: a burst has no latency of its own."""
FITTED = (
    "compute_frac",
    "expert_compute_frac",
    "bandwidth_frac",
    "expert_bandwidth_frac",
    "layer_ms",
    "split_layer_ms",
    "link_frac",
)
START = (0.5, 0.2, 0.8, 0.6, 0.06, 0.006, 0.5)
LARGEST_LOSS = 0.3
"""Misses of ln beyond this count less than by their square, so that a few broken runs do not bend the fit."""
SLO_MS = (20.0, 50.0, 100.0)


@dataclass(frozen=True)
class Points:
    """Measurements, as arrays with an entry each."""

    facts: Served
    input_tok: Array
    output_tok: Array
    batch: Array
    speed: Array
    """Output tokens a second of all GPUs."""
    ttft_ms: Array
    tpot_ms: Array
    family: NDArray[np.str_]
    gpu: NDArray[np.str_]
    curve: NDArray[np.str_]
    """Rows with the same name differ in concurrency alone."""
    quality: NDArray[np.str_]
    derived: NDArray[np.bool_]
    """Throughput worked out from concurrency and latencies, not counted."""
    weight: Array

    def only(self, keep: NDArray[np.bool_]) -> "Points":
        """Some of them."""
        inner = replace(self.facts, **{name: value[keep] for name, value in vars(self.facts).items()})
        outer = {name: value[keep] for name, value in vars(self).items() if name != "facts"}
        return Points(inner, **outer)

    @property
    def context(self) -> Array:
        """Mean context of an answer's tokens."""
        return self.input_tok + self.output_tok / 2.0


def main(arguments: Sequence[str]) -> int:
    """Fit, judge, print, and write when asked to."""
    catalog = Catalog.open(ROOT)
    # the rows of the sheet that are not fitted; the fitted ones are started anew
    known = calibration(catalog.defaults() | _starting())
    points = read(Path(arguments[0]), catalog.models(), known, catalog)
    families, gpus = len(set(points.family)), len(set(points.gpu))
    print(
        f"{len(points.speed)} points of {families} model families on {gpus} GPUs, {int(points.derived.sum())} derived from latencies"
    )
    best = fit(points, known)
    print("\n".join(f"  {name:<24}{value:.4g}" for name, value in zip(FITTED, best, strict=True)))
    _say("fitted to all", _errors(points, best, known), points)
    _say_limits("fitted to all", at_limits(points, best, known))
    sigmas, refits = [], []
    for name, groups in (("family", points.family), ("GPU", points.gpu)):
        errors, missed, found = _left_out(points, groups, best, known)
        refits += found
        _say(f"{name} left out", errors, points)
        _say_limits(f"{name} left out", missed)
        sigmas.append(_sigma(missed))
    waiting, sigma = _waiting(points, best, known), max(sigmas)
    print(f"sigma of ln(predicted / observed) at a limit, family or GPU left out: {np.round(sigmas, 3)}")
    print(f"TTFT over an empty machine's, P10 P50 P90: {np.round(waiting, 2)}")
    if "--write" in arguments:
        _write(best, np.array(refits), waiting, sigma, points)
        print(f"written to {SHEET.relative_to(ROOT)}")
    return 0


def read(path: Path, models: Mapping[str, Model], known: Calibration, catalog: Catalog) -> Points:
    """The rows that can be predicted at their own concurrency."""
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if all(row[key] for key in NEEDED)]
    gpus = catalog.gpus()
    rows = [row | {"gpu": GPUS.get(row["gpu"], row["gpu"])} for row in rows]
    rows = [row for row in rows if MODELS.get(row["model_key"]) in models and row["gpu"] in gpus]
    facts = [
        served(models[MODELS[row["model_key"]]], gpus[row["gpu"]], float(row["n_gpu"]), known, _format(row))
        for row in rows
    ]
    curve = [
        "|".join(row[k] for k in ("model", "gpu", "n_gpu", "precision", "engine", "parallelism", "isl", "osl"))
        for row in rows
    ]
    sets = [(row["model_key"], row["gpu"], row["n_gpu"], row["precision"]) for row in rows]
    sizes = Counter(sets)

    def numbers(name: str) -> Array:
        return np.array([float(row[name] or "nan") for row in rows])

    return Points(
        facts=stacked(facts),
        input_tok=numbers("isl"),
        output_tok=numbers("osl"),
        batch=numbers("concurrency"),
        speed=numbers("output_tok_s_per_gpu") * numbers("n_gpu"),
        ttft_ms=numbers("ttft_ms_median"),
        tpot_ms=numbers("tpot_ms_median"),
        family=np.array([row["model_key"] for row in rows]),
        gpu=np.array([row["gpu"] for row in rows]),
        curve=np.array(curve),
        quality=np.array([row["quality"] for row in rows]),
        derived=np.array([row["basis"].startswith("derived") for row in rows]),
        weight=np.array([1.0 / np.sqrt(sizes[key]) for key in sets]),  # a set counts by the root of its points
    )


def _format(row: Mapping[str, str]) -> str:
    return "auto" if row["model_key"].startswith(AS_PUBLISHED) else FORMATS.get(row["precision"], row["precision"])


def reached(constants: Sequence[float] | Array, known: Calibration) -> Reached:
    """The constants being fitted, in their place among those that are not."""
    values = dict(zip(FITTED, constants, strict=True))
    values |= {
        "layer_s": values.pop("layer_ms") / MS_PER_S,
        "split_layer_s": values.pop("split_layer_ms") / MS_PER_S,
    }
    return replace(known.reached, **values)


def predicted(points: Points, constants: Sequence[float] | Array, known: Calibration) -> Array:
    """Output tokens a second of all GPUs, each point at its own concurrency, or as many requests as memory holds."""
    alone = replica_of(points.facts, reached(constants, known))
    batch = np.clip(points.batch, 1.0, np.maximum(batch_in_memory(alone, points.context), 1.0))
    return np.asarray(batch / tpot_s(alone, batch, points.input_tok, points.output_tok, points.context))


def fit(points: Points, known: Calibration, start: Sequence[float] | Array = START) -> Array:
    """The constants with the least error of ln(predicted / observed); a share is no more than all."""
    shares = np.array([name.endswith("frac") for name in FITTED])
    weight, target = np.sqrt(points.weight), np.log(points.speed)

    def misses(logs: Array) -> Array:
        return weight * (np.log(predicted(points, np.exp(logs), known)) - target)

    bounds = (np.full(len(FITTED), -20.0), np.where(shares, 1e-9, 5.0))
    first = np.minimum(np.log(start), bounds[1] - 1e-6)
    found = least_squares(misses, first, bounds=bounds, loss="soft_l1", f_scale=LARGEST_LOSS)
    return np.asarray(np.exp(found.x))


def _errors(points: Points, constants: Sequence[float] | Array, known: Calibration) -> Array:
    return np.asarray(np.log(predicted(points, constants, known) / points.speed))


def _left_out(
    points: Points, groups: NDArray[np.str_], start: Array, known: Calibration
) -> tuple[Array, "Missed", list[Array]]:
    """Each group predicted by constants fitted to the others, point by point and at limits, and those constants."""
    errors, missed, found = np.empty(len(groups)), [], []
    for name in np.unique(groups):
        without = groups == name
        constants = fit(points.only(~without), known, start)
        errors[without] = _errors(points.only(without), constants, known)
        missed.append(at_limits(points.only(without), constants, known))
        found.append(constants)
    return errors, Missed.joined(missed), found


def _say(what: str, errors: Array, points: Points) -> None:
    for label, keep in (("all", points.speed > 0), ("quality A", points.quality == "A")):
        size = np.abs(errors[keep])
        print(
            f"{what:<16} {label:<10} {int(keep.sum()):5d}  P50 {np.median(size):.3f}  rms {np.sqrt(np.mean(size**2)):.3f}  "
            f"within 1.5x {np.mean(size < np.log(1.5)):.1%}  2x {np.mean(size < np.log(2)):.1%}  "
            f"ln ratio P10 {np.percentile(errors[keep], 10):+.2f} P50 {np.median(errors[keep]):+.2f} "
            f"P90 {np.percentile(errors[keep], 90):+.2f}"
        )


@dataclass(frozen=True)
class Missed:
    """Misses of throughput at a limit, as arrays with an entry for each curve and limit."""

    limit_ms: Array
    error: Array
    """ln(predicted / observed); minus infinity where the limit was kept and is predicted not to be."""
    group: NDArray[np.str_]
    """Model, GPU, number of GPUs and format."""
    quality: NDArray[np.str_]

    @classmethod
    def joined(cls, many: Sequence["Missed"]) -> "Missed":
        """Several as one."""
        return cls(*(np.concatenate([getattr(one, name) for one in many]) for name in cls.__dataclass_fields__))


def at_limits(points: Points, constants: Sequence[float] | Array, known: Calibration) -> Missed:
    """Throughput at limits on TPOT: predicted, over that read off each measured curve between the points around the limit."""
    alone = replica_of(points.facts, reached(constants, known))
    lengths = points.input_tok, points.output_tok, points.context
    order = np.argsort(points.curve, kind="stable")
    curves = [np.array(list(group)) for _, group in groupby(order, key=lambda j: points.curve[j])]
    missed: list[tuple[float, float, str, str]] = []
    for limit in SLO_MS:
        batch = np.asarray(batch_at_slo(alone, *lengths, limit / MS_PER_S, np.inf))
        speed = np.asarray(batch / tpot_s(alone, np.maximum(batch, 1.0), *lengths))
        for curve in curves:
            rows = curve[np.argsort(points.batch[curve], kind="stable")]
            tpot, first = np.maximum.accumulate(points.tpot_ms[rows]), rows[0]
            if len(rows) > 1 and tpot[0] < limit < tpot[-1]:
                with np.errstate(divide="ignore"):  # a limit that was kept and is predicted not to be: minus infinity
                    error = float(np.log(speed[first] / np.interp(limit, tpot, points.speed[rows])))
                group = "|".join(points.curve[first].split("|")[:4])
                missed.append((limit, error, group, points.quality[first]))
    limits, errors, groups, qualities = zip(*missed, strict=True) if missed else ((), (), (), ())
    return Missed(np.array(limits), np.array(errors), np.array(groups, dtype=str), np.array(qualities, dtype=str))


def _say_limits(what: str, missed: Missed) -> None:
    every = [(f"{limit:g} ms", missed.limit_ms == limit) for limit in SLO_MS]
    every += [("pooled", missed.limit_ms > 0), ("pooled, A", missed.quality == "A")]
    for label, keep in every:
        told = missed.error[keep & np.isfinite(missed.error)]
        size = np.abs(told)
        print(
            f"{what:<16} at TPOT {label:<10} {len(size):4d} curves  P50 {np.median(size):.3f}  "
            f"within 1.5x {np.mean(size < np.log(1.5)):.1%}  2x {np.mean(size < np.log(2)):.1%}  "
            f"median ln ratio {np.median(told):+.2f}  refused {int(np.sum(keep)) - len(told)}"
        )


def _sigma(missed: Missed) -> float:
    """
    The sigma whose P10 to P90 holds eight of ten misses, sets of curves counting alike, as those one is asked about will.

    Where the estimate says that a limit cannot be kept, it tells no interval, and none is judged.
    """
    told = np.isfinite(missed.error)
    size, group = np.abs(missed.error[told]), missed.group[told]
    sizes = Counter(group)
    weight = np.array([1.0 / sizes[name] for name in group])
    order = np.argsort(size)
    share = np.cumsum(weight[order]) / np.sum(weight)
    return float(size[order][np.searchsorted(share, 0.8)] / P90)


def _waiting(points: Points, constants: Sequence[float] | Array, known: Calibration) -> Array:
    """Published median TTFT over a prompt and a step on an empty machine: tenth, middle and ninetieth of a hundred."""
    alone = replica_of(points.facts, reached(constants, known))
    empty = (prefill_s(alone, points.input_tok) + step_s(alone, points.batch, points.context)) * MS_PER_S
    ratios = points.ttft_ms / empty
    return np.nanpercentile(ratios[ratios > 0], [10, 50, 90])


def _starting() -> dict[str, Fact]:
    nowhere = Source("", "assumed")
    names = [*FITTED, "ttft_ratio", "error_sigma"]
    values = [*START, 1.0, 0.0]
    return {
        f"roofline.{name}": Fact(f"roofline.{name}", value, nowhere) for name, value in zip(names, values, strict=True)
    }


def _write(best: Array, refits: Array, waiting: Array, sigma: float, points: Points) -> None:
    """Replace the computed rows of the sheet; the others stay as they are."""
    low, high = np.minimum(np.percentile(refits, 10, axis=0), best), np.maximum(np.percentile(refits, 90, axis=0), best)
    computed = {name: (low[j], best[j], high[j]) for j, name in enumerate(FITTED)}
    computed |= {"ttft_ratio": tuple(waiting), "error_sigma": (None, sigma, None)}
    with SHEET.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names, rows = list(reader.fieldnames or ()), list(reader)
    for row in rows:
        found = computed.get(row["path"].removeprefix("roofline."))
        if found is not None:
            row |= dict(zip(("low", "base", "high"), map(_digits, found), strict=True))
    with SHEET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _digits(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
