"""Which GPU is cheapest for a model at this service level: measured where somebody measured, estimated elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

import numpy as np

from tco.case import Case
from tco.errors import Fault, LookupFault, ScenarioError
from tco.evaluate import evaluate, with_volume
from tco.inputs.hardware import Gpu, Model, ServingProfile
from tco.inputs.source import Fact, Grade
from tco.options.rented import RentedOption
from tco.serving.datasheets import calibration
from tco.serving.estimate import Estimate, Lengths, Unable, estimates
from tco.serving.profile import Fitted, fitted, proportions
from tco.units import TOKENS_PER_MTOK, Array


class Shelf(Protocol):
    """What a ranking asks of the data files."""

    def gpus(self) -> Mapping[str, Gpu]:
        """Every GPU by name."""

    def model(self, name: str) -> Model:
        """One model."""

    def find_profiles(self, model: str | None = None, gpu: str | None = None) -> Sequence[ServingProfile]:
        """Profiles, the most trustworthy first."""

    def rented_gpus(self) -> set[str]:
        """GPUs that somebody rents out."""

    def rental(self, gpu: str, provider: str, on: date, *, gpus: float) -> Sequence[Fact]:
        """The rent of one GPU, from an offer that fits replicas of so many."""

    def defaults(self) -> Mapping[str, Fact]:
        """The planning values."""


@dataclass(frozen=True)
class RankedGpu:
    """One GPU: what it would serve, what that takes, and what it costs; or why it cannot."""

    gpu: str
    grade: Grade | None
    """Of the throughput; None when it cannot serve."""
    profile: str = ""
    """Where the throughput comes from; empty when it is estimated."""
    gpus_per_replica: int = 0
    output_tok_per_s: float = 0.0
    """Of one replica, on the scenario's lengths."""
    interval: tuple[float, float] | None = None
    """Throughput that one in ten is under and over; None where it was measured."""
    unsaturated: bool = False
    """Nobody tried these GPUs harder: they may serve more."""
    codes: tuple[str, ...] = ()
    """What the measurement doubts of itself."""
    replicas: float = 0.0
    gpu_hours_per_month: float = 0.0
    usd_per_gpu_hour: float | None = None
    """Middle of the on-demand offers; None when no rent is known."""
    usd_per_gpu_hour_range: tuple[float, float] | None = None
    usd_per_month: float | None = None
    """Rent of the instances that hold the replicas."""
    usd_per_month_range: tuple[float, float] | None = None
    """The same at the fast and at the slow end of the interval."""
    usd_per_mtok: float | None = None
    """Rent over all tokens of the month, prompts and answers."""
    faults: tuple[Fault, ...] = ()
    """Why it cannot serve."""


@dataclass(frozen=True)
class Ranking:
    """Every GPU for one model, the cheapest first, those without a rent next, those that cannot serve last."""

    model: str
    label: str
    requests_per_month: float
    input_tok: float
    output_tok: float
    ttft_ms: float
    tpot_ms: float
    rows: tuple[RankedGpu, ...]


@dataclass(frozen=True)
class _Found:
    """The work of a request on one GPU's replica."""

    work: tuple[float, float, float]
    gpus: int
    grade: Grade
    profile: str = ""
    interval: tuple[float, float] = (1.0, 1.0)
    unsaturated: bool = False
    codes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Rent:
    """What a GPU costs, and how many come at once."""

    usd_per_gpu_hour: Fact
    instance_gpus: float


def rank(case: Case, shelf: Shelf, model: str) -> Ranking:
    """
    Rank all GPUs for a model by the rent of the replicas that a case's workload needs.

    Replicas, spares and target load are those of the case's challenger when it is rented, else of its first rented
    option; the fleet is fixed and on demand, so that GPUs differ in nothing else.

    Raises
    ------
    ScenarioError
        When the case has no rented option to take the fleet's rules from.
    LookupFault
        When nobody knows the model.
    """
    facts = shelf.model(model)
    option_id, plain, option = _plain(with_volume(case), facts)
    lengths = _lengths(plain, option)
    found = _throughputs(plain, shelf, facts, lengths)
    able = {gpu: item for gpu, item in found.items() if isinstance(item, _Found)}
    rents = {gpu: _rent(shelf, gpu, plain.numbers.as_of, item.gpus) for gpu, item in able.items()}
    rows = _priced(plain, option_id, able, rents, lengths)
    rows += [RankedGpu(gpu, None, faults=item.faults) for gpu, item in found.items() if isinstance(item, Unable)]
    service = plain.numbers.service
    requests = float(plain.numbers.workload.requests_per_month or 0.0)
    rows.sort(key=_order)
    return Ranking(
        model,
        facts.label,
        requests,
        lengths.input_tok,
        lengths.output_tok,
        service.ttft_ms,
        service.tpot_ms,
        tuple(rows),
    )


def _order(row: RankedGpu) -> tuple[int, float, str]:
    if row.grade is None:
        return 2, 0.0, row.gpu
    return (1, row.gpu_hours_per_month, row.gpu) if row.usd_per_month is None else (0, row.usd_per_month, row.gpu)


def _plain(case: Case, model: Model) -> tuple[str, Case, RentedOption]:
    """The case with its rented option as a plain fleet on demand, and the option's name."""
    options = case.numbers.options
    rented = [
        n for n in (case.numbers.challenger, case.numbers.baseline, *options) if isinstance(options[n], RentedOption)
    ]
    if not rented:
        mend = "add an option of kind rented: its spares and its target load are taken for every GPU"
        raise ScenarioError(Fault("options", "none is rented", mend))
    option: Any = options[rented[0]]
    gpu = {"reserved_usd_per_gpu_hour": None, "spot_usd_per_gpu_hour": None, "provider": ""}
    plain = option.model_copy(
        update={
            "model": model.model,
            "fleet": "fixed",
            "scale_ahead_hours": 0.0,
            "deferrable": "as_it_comes",
            "power": None,
            "gpu": option.gpu.model_copy(update=gpu),
        }
    )
    numbers = case.numbers.model_copy(update={"options": {**options, rented[0]: plain}})
    return rented[0], replace(case, numbers=numbers), plain


def _lengths(case: Case, option: RentedOption) -> Lengths:
    workload = case.numbers.workload
    return Lengths.spread(float(option.input_tok(workload)), float(option.output_tok(workload)), workload)


def _throughputs(case: Case, shelf: Shelf, model: Model, lengths: Lengths) -> dict[str, _Found | Unable]:
    """What each GPU would serve: from its best profile that keeps the service level, else estimated."""
    known, service, cards = calibration(shelf.defaults()), case.numbers.service, shelf.gpus()
    profiles: dict[str, list[ServingProfile]] = {}
    for profile in shelf.find_profiles(model.model):
        profiles.setdefault(profile.gpu, []).append(profile)
    found: dict[str, _Found | Unable] = {}
    guesses = estimates(model, list(cards.values()), service, lengths, known)
    for (name, gpu), guess in zip(cards.items(), guesses, strict=True):
        best: _Found | Unable = guess if isinstance(guess, Unable) else _guessed(guess)
        for profile in profiles.get(name, []):
            lent = proportions(profile, model, gpu, service, lengths, known)
            try:
                best = _measured(profile, fitted(profile, service, lent))
            except ScenarioError:
                continue
            break
        found[name] = best
    return found


def _guessed(guess: Estimate) -> _Found:
    return _Found(guess.work, guess.gpus_per_replica, "estimated", interval=(guess.low_ratio, guess.high_ratio))


def _measured(profile: ServingProfile, fit: Fitted) -> _Found:
    work = (fit.work.prefill_s_per_tok, fit.work.decode_s_per_tok, fit.work.context_s_per_tok2)
    unsaturated = fit.evidence.unsaturated_mixes > 0
    codes = fit.evidence.codes
    return _Found(work, profile.gpus_per_replica, fit.grade, profile.id, unsaturated=unsaturated, codes=codes)


def _rent(shelf: Shelf, gpu: str, on: date, gpus: int) -> _Rent | None:
    if gpu not in shelf.rented_gpus():
        return None
    try:
        facts = {fact.path: fact for fact in shelf.rental(gpu, "", on, gpus=gpus)}
    except LookupFault:  # nobody rents it out on demand on that day
        return None
    return _Rent(facts["gpu.on_demand_usd_per_gpu_hour"], float(facts["gpu.instance_gpus"].value))


def _priced(
    case: Case,
    option_id: str,
    able: Mapping[str, _Found],
    rents: Mapping[str, _Rent | None],
    lengths: Lengths,
) -> list[RankedGpu]:
    """Replicas and rent of all GPUs in one evaluation: a row each for the middle, the slow and the fast end."""
    if not able:
        return []
    ends = np.array([[1.0, *item.interval] for item in able.values()]).T
    ledger = evaluate(_side_by_side(case, option_id, list(able.values()), ends, [rents[gpu] for gpu in able]))[
        option_id
    ]
    shape = ends.shape
    rent_usd = np.broadcast_to(np.asarray(ledger.lines_usd["gpu_rent"], dtype=float), shape)
    replicas = np.broadcast_to(np.asarray(ledger.facts["replicas"], dtype=float), shape)
    hours = np.broadcast_to(np.asarray(ledger.facts["gpu_hours_per_month"], dtype=float), shape)
    mtok = float(np.max(ledger.tok)) / TOKENS_PER_MTOK
    return [
        _row(gpu, item, rents[gpu], _speed(item, lengths), (rent_usd[:, j], replicas[0, j], hours[0, j]), mtok)
        for j, (gpu, item) in enumerate(able.items())
    ]


def _side_by_side(
    case: Case, option_id: str, found: Sequence[_Found], ends: Array, rents: Sequence[_Rent | None]
) -> Case:
    """The case with one option that is every GPU at once: each of its numbers an array. They are checked already."""
    option: Any = case.numbers.options[option_id]
    a, b, c = np.array([item.work for item in found]).T
    capacity = option.capacity
    work = {"prefill_s_per_tok": a, "cached_s_per_tok": a * capacity.cached_work_ratio}
    work |= {"decode_s_per_tok": b, "context_s_per_tok2": c}
    gpus = np.array([float(item.gpus) for item in found])
    laid = {
        "work": capacity.work.model_copy(update=work),
        "gpus_per_replica": gpus,
        "throughput_ratio": capacity.throughput_ratio * ends,
    }
    rented = {
        "on_demand_usd_per_gpu_hour": np.array([float(rent.usd_per_gpu_hour.value) if rent else 0.0 for rent in rents]),
        "instance_gpus": np.array([rent.instance_gpus if rent else 0.0 for rent in rents]),
    }
    many = option.model_copy(
        update={"capacity": capacity.model_copy(update=laid), "gpu": option.gpu.model_copy(update=rented)}
    )
    options = {**case.numbers.options, option_id: many}
    return replace(case, numbers=case.numbers.model_copy(update={"options": options}))


def _speed(item: _Found, lengths: Lengths) -> float:
    """Output tokens a second of a replica, without a prompt cache."""
    a, b, c = item.work
    seconds = a * lengths.input_tok + lengths.output_tok * (b + c * lengths.context_tok)
    return lengths.output_tok / seconds


def _row(
    gpu: str, item: _Found, rent: _Rent | None, speed: float, month: tuple[Array, float, float], mtok: float
) -> RankedGpu:
    (usd, slow_usd, fast_usd), replicas, hours = month
    estimated = not item.profile
    row = RankedGpu(
        gpu=gpu,
        grade=item.grade,
        profile=item.profile,
        gpus_per_replica=item.gpus,
        output_tok_per_s=speed,
        interval=(speed * item.interval[0], speed * item.interval[1]) if estimated else None,
        unsaturated=item.unsaturated,
        codes=item.codes,
        replicas=float(replicas),
        gpu_hours_per_month=float(hours),
    )
    if rent is None:
        return row
    price = rent.usd_per_gpu_hour
    value = float(price.value)
    return replace(
        row,
        usd_per_gpu_hour=value,
        usd_per_gpu_hour_range=(
            price.low if price.low is not None else value,
            price.high if price.high is not None else value,
        ),
        usd_per_month=float(usd),
        usd_per_month_range=(float(fast_usd), float(slow_usd)) if estimated else None,
        usd_per_mtok=float(usd) / mtok if mtok > 0 else None,
    )
