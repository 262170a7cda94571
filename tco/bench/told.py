"""What a person tells beside the files: it fills what they leave out, chooses where they hold several setups, and what lacks is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tco.bench.names import gpu_named, model_named
from tco.bench.sources.found import FoundPoint, Setup
from tco.catalog import Catalog
from tco.errors import Fault, LookupFault, nearest

AS_PUBLISHED = "auto"
_SUM_FRAC = 0.02
"""How far the lengths told may be from the sum a file has."""
_OF_SETUP = {
    "--model": ("model", "name it as in `tco list models`"),
    "--gpu": ("gpu", "name it as in `tco list gpus`, such as H100-SXM"),
    "--gpus": ("gpus", "say how many GPUs served"),
    "--engine": ("engine", "say what served: vllm, sglang, trtllm …"),
    "--engine-version": ("engine_version", "say which version served, or `unrecorded`"),
    "--dtype": (
        "dtype",
        f"say the format of the weights served, such as fp8; `{AS_PUBLISHED}` is as they were published",
    ),
}
_OF_POINT = {
    "--input-tok": ("input_tok", "give the mean prompt tokens of a request"),
    "--output-tok": ("output_tok", "give the mean answer tokens of a request"),
    "--concurrency": ("concurrency", "say how many requests were in flight"),
}
"""What is asked for: the flag, the field it fills, and what to do."""
_FEW = 3
"""So many files are named in a message before the rest is counted."""


@dataclass(frozen=True)
class Told:
    """What the person says beside the files: it fills what they leave out, and chooses where they hold several setups."""

    model: str | None = None
    gpu: str | None = None
    gpus: int | None = None
    engine: str | None = None
    engine_version: str | None = None
    dtype: str | None = None
    replicas: int = 1
    """Copies of the model behind the address that was measured."""
    input_tok: float | None = None
    output_tok: float | None = None
    concurrency: float | None = None
    cached_frac: float | None = None


def check_flags(told: Told, catalog: Catalog) -> None:
    """The names given must be ours."""
    faults = []
    if told.model is not None and told.model not in catalog.models():
        faults.append(Fault("--model", repr(told.model), nearest(told.model, catalog.models())))
    if told.gpu is not None and told.gpu not in catalog.gpus():
        faults.append(Fault("--gpu", repr(told.gpu), nearest(told.gpu, catalog.gpus())))
    if faults:
        raise LookupFault(faults)


def none_fits(why: Sequence[str]) -> LookupFault:
    """The flags contradict every point: what the files hold instead."""
    said = "; ".join(sorted(set(why))[:_FEW])
    return LookupFault(Fault("flags", said, "leave out a flag that contradicts the files, or give others"))


def against(setup: Setup, told: Told, catalog: Catalog) -> str | None:
    """What a setup says against the flags; None when it agrees or is silent."""
    pairs = [
        ("--model", told.model, model_named(setup.model, catalog.models()) if setup.model else None),
        ("--gpu", told.gpu, gpu_named(setup.gpu, catalog.gpus()) if setup.gpu else None),
        ("--gpus", told.gpus, setup.gpus),
        ("--engine", told.engine, setup.engine),
        ("--engine-version", told.engine_version, setup.engine_version),
    ]
    differ = [
        f"{flag} {asked} and the file says {said}"
        for flag, asked, said in pairs
        if None not in (asked, said) and asked != said
    ]
    return ", ".join(differ) or None


def completed(point: FoundPoint, told: Told, catalog: Catalog) -> FoundPoint:
    """A point with its names made ours and what the flags say filled in; divided among the copies behind the address."""
    setup = point.setup
    ours = replace(
        setup,
        model=told.model or (model_named(setup.model, catalog.models()) if setup.model else None),
        gpu=told.gpu or (gpu_named(setup.gpu, catalog.gpus()) if setup.gpu else None),
        gpus=setup.gpus or told.gpus or (1 if point.watched_gpus == 1 else None),
        engine=setup.engine or told.engine,
        engine_version=setup.engine_version or told.engine_version,
        dtype=told.dtype or setup.dtype,
    )
    filled = replace(
        point,
        setup=ours,
        input_tok=point.input_tok if point.input_tok is not None else told.input_tok,
        output_tok=point.output_tok if point.output_tok is not None else told.output_tok,
        concurrency=point.concurrency if point.concurrency is not None else told.concurrency,
        cached_frac=point.cached_frac if point.cached_frac is not None else told.cached_frac,
    )
    return _shared(_of_what_served(_taken_apart(filled)), told.replicas)


def _of_what_served(point: FoundPoint) -> FoundPoint:
    """Without watts where other GPUs were watched than served."""
    watched, served = point.watched_gpus, point.setup.gpus
    if point.watts is None or watched is None or watched == served:
        return point
    return replace(point, watts=None, flags=(*point.flags, f"watts of {watched} GPUs, and {served} served: left out"))


def _taken_apart(point: FoundPoint) -> FoundPoint:
    """Answer tokens alone, where a file sums them with the prompt's and one length was told."""
    both = point.both_tok
    if both is None:
        return point
    if point.output_tok is None and point.input_tok is not None:
        point = replace(point, output_tok=both - point.input_tok)
    if point.input_tok is None and point.output_tok is not None:
        point = replace(point, input_tok=both - point.output_tok)
    if point.output_tok is None:
        return point
    return replace(point, output_tok_per_s=point.output_tok_per_s * point.output_tok / both)


def _shared(point: FoundPoint, replicas: int) -> FoundPoint:
    """One replica's part of what several served together, divided evenly."""
    if replicas == 1:
        return point

    def part(value: float | None) -> float | None:
        return None if value is None else value / replicas

    gpus = point.setup.gpus
    return replace(
        point,
        output_tok_per_s=point.output_tok_per_s / replicas,
        concurrency=part(point.concurrency),
        request_rate=part(point.request_rate),
        watts=part(point.watts),
        setup=replace(point.setup, gpus=gpus // replicas if gpus and gpus % replicas == 0 else gpus),
        flags=(*point.flags, f"one of {replicas} copies behind one address, divided evenly"),
    )


def lacking(pairs: Sequence[tuple[FoundPoint, FoundPoint]], told: Told, catalog: Catalog) -> list[Fault]:
    """Everything that neither files nor flags say, one fault a flag; each pair is a point as found and as completed."""
    faults = []
    for flag, (name, mend) in _OF_SETUP.items():
        silent = [found for found, made in pairs if getattr(made.setup, name) is None]
        faults += [Fault(flag, f"not said by {_where(silent)}", mend + _hint(name, silent, catalog))] if silent else []
    for flag, (name, mend) in _OF_POINT.items():
        silent = [found for found, made in pairs if getattr(made, name) is None]
        faults += [Fault(flag, f"{_lacking(flag, silent)} {_where(silent)}", mend)] if silent else []
    wrong = [fault for found, made in pairs for fault in _wrong(found, made, told)]
    return faults + list(dict.fromkeys(wrong))


def _lacking(flag: str, points: Sequence[FoundPoint]) -> str:
    both = next((point for point in points if point.both_tok is not None), None)
    if both is None or flag == "--concurrency":
        return "not said by"
    return (
        f"{both.output_tok_per_s:.0f} tokens a second are prompt and answer together ({both.both_tok:.1f} a request) in"
    )


def _hint(name: str, points: Sequence[FoundPoint], catalog: Catalog) -> str:
    """What the files call it, and the nearest names to that; of GPUs, how many they watched."""
    if name == "gpus":
        watched = sorted({point.watched_gpus for point in points if point.watched_gpus is not None})
        return f"; the files watched {' and '.join(map(str, watched))}" if watched else ""
    if name not in ("gpu", "model"):
        return ""
    known = list(catalog.gpus() if name == "gpu" else catalog.models())
    said = sorted({told for point in points if (told := getattr(point.setup, name))})[:_FEW]
    near = [(told, nearest(told.rsplit("/", maxsplit=1)[-1], known)) for told in said]
    return "".join(
        f"; the files call it {told!r}{f', {mend}' if mend.startswith('did') else ''}" for told, mend in near
    )


def _wrong(found: FoundPoint, made: FoundPoint, told: Told) -> list[Fault]:
    """What was told and cannot be."""
    faults = []
    if made.both_tok is not None and made.input_tok is not None and made.output_tok is not None:
        total = made.input_tok + made.output_tok
        if abs(total / made.both_tok - 1) > _SUM_FRAC or min(made.input_tok, made.output_tok) <= 0:
            sent = f"{made.input_tok:.1f} and {made.output_tok:.1f} tokens a request, and {made.where} has {made.both_tok:.1f} together"
            faults.append(Fault("--input-tok, --output-tok", sent, "give lengths that add up to what was sent"))
    gpus = found.setup.gpus or told.gpus
    if gpus and gpus % told.replicas:
        faults.append(Fault("--replicas", f"{told.replicas} of {gpus} GPUs", "give a number that divides the GPUs"))
    return faults


def _where(points: Sequence[FoundPoint]) -> str:
    """Which files, the first few by name."""
    names = list(dict.fromkeys(point.where.split(", ")[0] for point in points))
    more = len(names) - _FEW
    return ", ".join(names[:_FEW]) + (f" and {more} more" if more > 0 else "")
