"""`tco bench import`: flags in, profiles out, and what was read and left behind in words or as JSON."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tco.bench.typed import above_0, share_or_all, whole
from tco.errors import Fault, TcoError

if TYPE_CHECKING:
    from tco.bench.importing import Import, Imported
    from tco.catalog import Catalog
    from tco.inputs.hardware import Percentiles

MOST_DROPPED = 12
"""So many left-out rows are listed; the rest is counted."""


def add_import(parser: argparse.ArgumentParser) -> None:
    """The flags of `tco bench import`."""
    parser.description = (
        "Make a serving profile of another load generator's results: vLLM bench (serve, sweep, throughput), GuideLLM, AIPerf, "
        "inference-perf, InferenceX, MLPerf. What the files do not say is asked for by flag, all of it at once."
    )
    parser.add_argument("files", nargs="+", metavar="FILE", help="result files, folders of them, or patterns in quotes")
    parser.add_argument("--model", metavar="MODEL", help="as in `tco list models`")
    parser.add_argument("--gpu", metavar="GPU", help="as in `tco list gpus`, such as H100-SXM")
    parser.add_argument(
        "--gpus", type=whole, metavar="N", help="GPUs that served; of one copy of the model, without --replicas"
    )
    parser.add_argument(
        "--replicas",
        type=whole,
        default=1,
        metavar="N",
        help="copies of the model behind the address measured (default: 1)",
    )
    parser.add_argument("--engine", metavar="NAME", help="vllm, sglang, trtllm …")
    parser.add_argument("--engine-version", metavar="VERSION", help="its version")
    parser.add_argument("--dtype", metavar="FORMAT", help="format of the weights served; auto: as published")
    parser.add_argument("--input-tok", type=above_0, metavar="N", help="mean prompt tokens, where a file does not say")
    parser.add_argument("--output-tok", type=above_0, metavar="N", help="mean answer tokens, where a file does not say")
    parser.add_argument(
        "--concurrency", type=above_0, metavar="N", help="requests in flight, where a file does not say"
    )
    parser.add_argument(
        "--cached-frac", type=share_or_all, metavar="F", help="share of the prompt served from cache, from 0 to 1"
    )
    parser.add_argument(
        "--output",
        type=Path,
        metavar="FILE",
        help="profile to write (default: beside the others, in hw_profiles/serving)",
    )
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder with price_sheets/ and hw_profiles/")
    parser.add_argument("--json", action="store_true", help="print what was done as JSON, and nothing else")
    parser.set_defaults(run=run_import)


def run_import(arguments: argparse.Namespace) -> int:
    """Read, write, tell; 0 when a profile was written."""
    from tco.bench.importing import import_files
    from tco.bench.told import Told
    from tco.catalog import Catalog

    catalog = Catalog.open(arguments.data)
    fields = (
        "model",
        "gpu",
        "gpus",
        "engine",
        "engine_version",
        "dtype",
        "replicas",
        "input_tok",
        "output_tok",
        "concurrency",
        "cached_frac",
    )
    told = Told(**{name: getattr(arguments, name) for name in fields})
    done = import_files(arguments.files, told, catalog, date.today())
    written = _write(done.profiles, arguments.output, catalog)
    if arguments.json:
        print(json.dumps(import_data(done, written), ensure_ascii=False, indent=2, allow_nan=False))
    else:
        print("\n".join(import_lines(done, written)))
    return 0


def _write(profiles: Sequence[Imported], output: Path | None, catalog: Catalog) -> list[Path]:
    if output is None:
        return [catalog.save_profile(made.profile, made.variant) for made in profiles]
    if len(profiles) > 1:
        found = "; ".join(_named(made) for made in profiles)
        mend = "choose one with --model, --gpu, --gpus, --engine-version, or leave --output out to write them all"
        raise TcoError(Fault("--output", f"{len(profiles)} setups in the files ({found})", mend))
    from tco.catalog.profiles import write_profile_to

    return [write_profile_to(profiles[0].profile, output)]


def import_data(done: Import, written: Sequence[Path]) -> dict[str, Any]:
    """What was done, for machines: each profile with its file, and what was left out."""
    profiles = [
        {"file": str(path), "profile": made.profile.model_dump(mode="json", exclude={"id"})}
        for made, path in zip(done.profiles, written, strict=True)
    ]
    read = [
        {"file": str(f.path), "format": f.format, "points": len(f.found.points), "run_ended": f.found.ended}
        for f in done.files
    ]
    return {"profiles": profiles, "read": read, "dropped": [{"where": d.where, "why": d.why} for d in done.dropped]}


def import_lines(done: Import, written: Sequence[Path]) -> list[str]:
    """The same in words."""
    lines = [f"read {file.path}: {file.format}, {_count(len(file.found.points), 'point')}" for file in done.files]
    lines += [f"left out {item.where}: {item.why}" for item in done.dropped[:MOST_DROPPED]]
    more = len(done.dropped) - MOST_DROPPED
    lines += [f"left out {more} more; --json lists them"] if more > 0 else []
    for made, path in zip(done.profiles, written, strict=True):
        lines += [
            "",
            _named(made),
            *_points(made),
            *(f"  note: {flag}" for flag in made.flags),
        ]
        lines += [f"  written to {path}", *_advice(made)]
    return lines


def _named(made: Imported) -> str:
    profile = made.profile
    return f"{profile.model} on {profile.gpus_per_replica} x {profile.gpu}, {profile.engine.name} {profile.engine.version}, {profile.engine.dtype}"


def _points(made: Imported) -> list[str]:
    heads = ("prompt", "answer", "in flight", "tok/s", "TTFT ms", "tail", "TPOT ms", "tail", "watts")
    rows = [heads]
    for p in made.profile.points:
        rows.append(
            (f"{p.input_tok:.0f}", f"{p.output_tok:.0f}", f"{p.concurrency:.4g}", f"{p.output_tok_per_s:.1f}",
             _shown(p.ttft_ms.p50), _tail(p.ttft_ms), _shown(p.tpot_ms.p50), _tail(p.tpot_ms), _shown(p.watts))
        )  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    return ["  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]


def _tail(known: Percentiles) -> str:
    """The highest percentile there is, beyond the median."""
    name, value = next(((n, v) for n in ("p99", "p95", "p90") if (v := getattr(known, n)) is not None), ("", None))
    return "–" if value is None else f"{value:.4g} ({name})"


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _advice(made: Imported) -> list[str]:
    mixes = len({(p.input_tok, p.output_tok) for p in made.profile.points if p.cached_frac == 0})
    if mixes >= 3:
        return []
    words = f"  {_count(mixes, 'length mix', 'length mixes')}: with fewer than three"
    return [f"{words} the data sheet's proportions are borrowed, and the points say how large"]


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
