"""
Warnings: how this very answer could mislead, each one plain sentence with the dollars a month it is about. MODEL §12.

Dollars at stake come from evaluating the case again with the thing changed, so they are the model's own.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from tco.case import Case, ServingEvidence
from tco.evaluate import VOLUME, evaluate
from tco.model.ledger import Ledger
from tco.model.metering import unit_tok_per_month
from tco.model.work import inside_hull
from tco.options.api import ApiOption, committed_usd, tokens_usd
from tco.options.owned import OwnedOption
from tco.options.rented import RentedOption
from tco.options.self_hosted import GPU_LINES, SelfHostedOption, mean_request_s
from tco.serving.doubts import in_words, known_by
from tco.units import DAYS_PER_MONTH, HOURS_PER_MONTH, MINUTES_PER_HOUR, MONTHS_PER_YEAR, MS_PER_S, TOKENS_PER_MTOK

STALE_DAYS = {
    "price_sheets/api": 30, "price_sheets/gpu_rental": 30, "price_sheets/hardware": 30, "price_sheets/people": 365,
    "price_sheets/electricity": 365, "price_sheets/colocation": 365,
}  # fmt: skip
"""Days after which a price has to be checked again (MODEL §10)."""
PRICED_BY = {
    "gpu_rental": ("gpu_rent", "scaling", "spot_rent", "standby", "staging", "rent_addons"),
    "hardware": ("capital", "opportunity", "support", "insurance"),
    "electricity": ("electricity", "demand_charge", "tariff_escalation"),
    "colocation": ("colocation",),
    "people": ("people_run", "people_oncall", "people_model_swaps", "people_hands", "wage_escalation"),
}
"""Lines of a ledger that a sheet's prices make."""
POOR_FIT_FRAC = 0.1
"""Mean error of the fit above which it is told."""
PERCENT = 100.0
LONG_LIFE_MONTHS = 60.0
"""Economic life beyond which hardware is written off rather than used (MODEL §12 no. 14)."""
USUAL_DISCOUNT_FRAC = 0.10
"""Cost of capital with which one of nothing is compared (MODEL §10)."""
FEW_FTE = 0.1
"""People below which self-hosting is not credible (MODEL §12 no. 10)."""
REAL_PREFIX_FRAC = 0.2
"""Repeated prompt share above which ignoring caches misleads (MODEL §12 no. 6)."""


@dataclass(frozen=True)
class Caution:
    """One way in which the answer could mislead."""

    code: str
    message: str
    usd_at_stake: float
    """US dollars a month, so that the weightiest is shown first."""
    option: str = ""


@dataclass(frozen=True)
class Context:
    """What every check looks at."""

    case: Case
    base: str
    other: str
    point: Mapping[str, Ledger]

    @property
    def requests(self) -> float:
        """Volume the ledgers are of."""
        return float(np.asarray(self.point[self.base].requests))

    def usd(self, option: str, columns: Mapping[str, float] | None = None) -> float:
        """An option's running cost, some fields changed."""
        if not columns:
            return float(self.point[option].running_usd)
        return float(evaluate(self.case, {VOLUME: self.requests, **columns}, only=[option])[option].running_usd)

    def line(self, option: str, name: str) -> float:
        """One line of an option's ledger."""
        return float(np.asarray(self.point[option].lines_usd.get(name, 0.0)))

    def gpus_usd(self, option: str) -> float:
        """All that an option's GPUs cost, people apart."""
        return sum(self.line(option, name) for name in GPU_LINES)


def warnings_of(case: Case, base: str, other: str, point: Mapping[str, Ledger]) -> tuple[Caution, ...]:
    """All warnings that apply to a comparison at one volume, most dollars first."""
    context = Context(case, base, other, point)
    found = [warning for check in CHECKS for warning in check(context)]
    return tuple(sorted(found, key=lambda w: -w.usd_at_stake))


def _usd(amount: float) -> str:
    return f"${amount:,.0f}" if abs(amount) >= 100 else f"${amount:,.2f}"


def _percent(frac: float) -> str:
    return f"{frac * PERCENT:.0f} %"


def _hosted(c: Context) -> Iterator[Caution]:
    hosted = c.case.numbers.hosted
    if hosted and hosted not in (c.base, c.other) and isinstance(c.case.numbers.options[c.other], SelfHostedOption):
        own, bought = c.usd(c.other), c.usd(hosted)
        if own > bought:
            label = c.case.numbers.options[hosted].label
            text = f"The same open weights from a host ({label}) cost {_usd(bought)} a month, {_usd(own - bought)} less than your own GPUs."
            yield Caution("W-HOSTED", text, own - bought, c.other)


def _load(c: Context) -> Iterator[Caution]:
    option, ledger = c.case.numbers.options[c.other], c.point[c.other]
    if not isinstance(option, SelfHostedOption) or c.requests <= 0:
        return
    if float(np.asarray(ledger.facts["replicas"])) == 0:  # all of its work is done on spot
        return
    load = float(np.asarray(ledger.facts["load_frac"]))
    idle = c.gpus_usd(c.other) * max(0.0, 1.0 - load)
    per_mtok = c.gpus_usd(c.other) / float(np.asarray(ledger.tok)) * TOKENS_PER_MTOK
    replicas, gpus = float(np.asarray(ledger.facts["replicas"])), option.capacity.gpus_per_replica
    stand = float(np.asarray(ledger.facts["fleet_gpu_hours_per_month"])) / HOURS_PER_MONTH
    whole = abs(stand - replicas * gpus) < 1e-6 * stand
    paid = (
        f"The {replicas:g} replicas paid for"
        if whole
        else f"The {stand:.3g} GPUs paid for on average (up to {replicas:g} replicas)"
    )
    text = (
        f"{paid} are {_percent(load)} loaded over the month: they cost {_usd(per_mtok)} per million tokens, "
        f"not the {_usd(per_mtok * load)} of a fully loaded fleet."
    )
    yield Caution("W-UTIL", text, idle, c.other)


def _evidence(c: Context) -> Iterator[Caution]:
    found, rent = c.case.evidence.get(c.other), c.gpus_usd(c.other)
    if found is None:
        return
    option, workload = c.case.numbers.options[c.other], c.case.numbers.workload
    if found.estimated and isinstance(option, SelfHostedOption):
        speed = float(option.output_tok(workload) / mean_request_s(option, workload))
        yield Caution("W-EST", _estimated(speed, found.interval or (1.0, 1.0)), rent, c.other)
        return
    if found.on_medians:
        text = (
            f"The throughput was {known_by(found)} with {found.percentile_used} latencies only, so the service level was checked on those; "
            "at the percentile asked for, fewer requests fit on a replica."
        )
        yield Caution("W-MAXTP", text, rent, c.other)
    if found.borrowed:
        yield Caution("W-MIX", _borrowed(found), rent, c.other)
    elif found.left_out_error_frac is None:
        text = f"The work model is fitted to {len(found.mixes)} length mixes, as many as it has coefficients: nothing checks it."
        yield Caution("W-MIX", text, rent, c.other)
    if found.error_frac > POOR_FIT_FRAC:
        text = f"The work model misses the measured mixes by {_percent(found.error_frac)} on average: believe no more digits than that."
        yield Caution("W-FIT", text, rent, c.other)
    if found.unsaturated_mixes:
        text = (
            f"For {found.unsaturated_mixes} of {len(found.mixes)} length mixes the heaviest load {known_by(found)} is well inside the service level: "
            "these GPUs may serve more than is counted here."
        )
        yield Caution("W-CAP", text, rent, c.other)
    lengths = float(option.input_tok(workload)), float(option.output_tok(workload))
    if not inside_hull(*lengths, found.mixes):
        mixes = ", ".join(f"{i:g} in / {o:g} out" for i, o in found.mixes)
        text = f"Your lengths ({lengths[0]:,.0f} in, {lengths[1]:,.0f} out) are outside those measured ({mixes}): throughput is extrapolated."
        yield Caution("W-EXTRAP", text, rent, c.other)
    if not any(ch.isdigit() for ch in found.engine):
        text = f"The engine's version is not known ({found.engine}); versions have differed 9.5-fold in capacity on the same GPU."
        yield Caution("W-VERSION", text, rent, c.other)


def _measurement(c: Context) -> Iterator[Caution]:
    """What the measurement behind a throughput doubts of itself."""
    found, option = c.case.evidence.get(c.other), c.case.numbers.options[c.other]
    if found is None:
        return
    rent, count = c.gpus_usd(c.other), len(found.mixes)
    doubts = in_words(found.codes, watts=isinstance(option, OwnedOption))
    if doubts:
        text = f"The measurement behind the throughput doubts itself: {doubts}. Measure again before you sign."
        yield Caution("W-BENCH", text, rent, c.other)
    if found.unconfirmed_mixes:
        text = (
            f"For {found.unconfirmed_mixes} of {count} length mixes requests that came by themselves, at less than the load counted here, "
            "did not keep the service level (B-OPEN): bursts leave a replica less than that."
        )
        yield Caution("W-OPEN", text, rent, c.other)


def _estimated(speed: float, interval: tuple[float, float]) -> str:
    low, high = (speed * share for share in interval)
    return (
        f"ESTIMATED, not measured: a replica's {speed:,.0f} answer tokens a second are worked out from data sheets, "
        f"and are between {low:,.0f} and {high:,.0f} in eight of ten cases. Measure before you sign."
    )


def _borrowed(found: ServingEvidence) -> str:
    count = len(found.mixes)
    known = f"only {count} length mixes were" if count > 1 else "only one length mix was"
    off = found.left_out_error_frac
    check = "" if off is None else f"Each is off by {_percent(off)} when predicted from the others. "
    return (
        f"Inside the service level {known} {known_by(found)}. {check}What a token of a prompt costs beside one of an answer is taken "
        f"from an estimate, and only its scale from what was {known_by(found)}."
    )


def _memory(c: Context) -> Iterator[Caution]:
    found, option = c.case.evidence.get(c.other), c.case.numbers.options[c.other]
    if found is None or found.memory_requests is None or not isinstance(option, SelfHostedOption):
        return
    workload, service = c.case.numbers.workload, c.case.numbers.service
    per_s = option.capacity.target_utilisation_frac / float(mean_request_s(option, workload))
    in_flight = per_s * (service.ttft_ms + float(option.output_tok(workload)) * service.tpot_ms) / MS_PER_S
    if in_flight > found.memory_requests:
        text = (
            f"At the slowest latency allowed, a replica would hold {in_flight:,.0f} requests at once, "
            f"but its memory holds the cache of {found.memory_requests:,.0f} of your lengths: it must answer faster or serve fewer."
        )
        yield Caution("W-KV", text, c.gpus_usd(c.other), c.other)


def _bought(c: Context) -> Iterator[Caution]:
    option, finance = c.case.numbers.options[c.other], c.case.numbers.finance
    if not isinstance(option, OwnedOption):
        return
    if option.life_months > LONG_LIFE_MONTHS:
        shorter = c.usd(c.other, {f"options.{c.other}.life_months": LONG_LIFE_MONTHS}) - c.usd(c.other)
        text = (
            f"The hardware is to earn its price over {option.life_months:g} months: that is how long books write it off, not how long "
            f"it is worth running. At {LONG_LIFE_MONTHS:g} months it costs {_usd(shorter)} a month more."
        )
        yield Caution("W-LIFE", text, shorter, c.other)
    if finance.discount_frac == 0:
        capital = c.line(c.other, "capital")
        at_ten = c.usd(c.other, {"finance.discount_frac": USUAL_DISCOUNT_FRAC}) - c.usd(c.other)
        text = f"The money in the hardware is taken to cost nothing: at {_percent(USUAL_DISCOUNT_FRAC)} a year it costs {_usd(at_ten)} a month more."
        yield Caution("W-CAPITAL", text, max(at_ten, 0.0) or capital, c.other)
    if option.power.grade == "assumed" and option.site.power_billing == "metered":
        bill = c.line(c.other, "electricity")
        text = f"Nobody measured what these GPUs draw while serving: {_usd(bill)} a month of electricity stands on planning values."
        yield Caution("W-POWER", text, bill, c.other)


def _cold(c: Context) -> Iterator[Caution]:
    option = c.case.numbers.options[c.other]
    if not isinstance(option, RentedOption) or option.fleet not in ("autoscaled", "reserved_and_burst"):
        return
    starts, lead_minutes = (
        float(np.asarray(c.point[c.other].facts["starts_per_week"])),
        option.scale_ahead_hours * MINUTES_PER_HOUR,
    )
    if starts > 0 and option.cold_start_minutes > lead_minutes:
        ahead = float(np.ceil(option.cold_start_minutes / MINUTES_PER_HOUR))
        stake = c.usd(c.other, {f"options.{c.other}.scale_ahead_hours": ahead}) - c.usd(c.other)
        text = (
            f"A replica takes {option.cold_start_minutes:g} minutes until it serves and is started {lead_minutes:g} minutes ahead: each of "
            f"{starts:,.0f} starts a week comes too late. Starting {ahead:g} h ahead costs {_usd(stake)} a month more."
        )
        yield Caution("W-COLD", text, stake, c.other)


def _licence(c: Context) -> Iterator[Caution]:
    note = c.case.licence_notes.get(c.other)
    if note:
        yield Caution("W-LICENCE", f"The model's licence: {note}", 0.0, c.other)


def _redundancy(c: Context) -> Iterator[Caution]:
    option = c.case.numbers.options[c.other]
    if not isinstance(option, SelfHostedOption) or float(np.asarray(c.point[c.other].facts["replicas"])) == 0:
        return
    if option.capacity.spare_replicas < 1 and option.capacity.spare_frac == 0:
        daily = _token_bill(c, c.base) / DAYS_PER_MONTH
        text = f"No spare replica: an outage sends all traffic to the API, about {_usd(daily)} a day."
        yield Caution("W-N1", text, daily, c.other)


def _people(c: Context) -> Iterator[Caution]:
    option, staffing = c.case.numbers.options[c.other], c.case.numbers.staffing
    if not isinstance(option, SelfHostedOption):
        return
    if option.people.run_fte < FEW_FTE:
        half = (0.5 - option.people.run_fte) * staffing.loaded_usd_per_fte_year / MONTHS_PER_YEAR
        text = f"{option.people.run_fte:g} people to run it is under {FEW_FTE:g}: half a person would add {_usd(half)} a month."
        yield Caution("W-PEOPLE", text, half, c.other)
    if option.people.oncall_rotations_count == 0:
        text = "Nobody is paid to be on call: an outage at night waits until morning, or somebody answers unpaid."
        yield Caution("W-ONCALL", text, 0.0, c.other)


def _cache(c: Context) -> Iterator[Caution]:
    cacheable = c.case.numbers.workload.cacheable_frac
    for name in (c.base, c.other):
        option = c.case.numbers.options[name]
        if cacheable > REAL_PREFIX_FRAC and option.cache_hit_frac == 0:
            written = option.cache_write_frac if isinstance(option, ApiOption) else 0.0
            hits = {f"options.{name}.cache_hit_frac": min(cacheable, 1.0 - written)}
            stake = c.usd(name) - c.usd(name, hits)
            if stake > 0:
                text = (
                    f"{_percent(cacheable)} of the prompt repeats, but {option.label} is costed without a cache: "
                    f"with one it would cost {_usd(stake)} less."
                )
                yield Caution("W-CACHE", text, stake, name)


def _batch(c: Context) -> Iterator[Caution]:
    option, share = c.case.numbers.options[c.base], c.case.numbers.workload.batch_frac
    if isinstance(option, ApiOption) and share > 0 and option.batch is not None and option.batch_used_frac == 0:
        stake = c.usd(c.base) - c.usd(c.base, {f"options.{c.base}.batch_used_frac": 1.0})
        text = f"{_percent(share)} of requests may wait, but {option.label} is costed without its batch tariff: it would save {_usd(stake)}."
        yield Caution("W-BATCH", text, stake, c.base)


def _committed(c: Context) -> Iterator[Caution]:
    for name in (c.base, c.other):
        option = c.case.numbers.options[name]
        if not isinstance(option, ApiOption):
            continue
        idle, bill = c.line(name, "shortfall") + c.line(name, "minimum"), _token_bill(c, name)
        if idle > 0:
            text = f"Of {option.label}'s bill, {_usd(idle)} ({_percent(idle / bill)}) is committed and not used at your volume."
            yield Caution("W-COMMIT", text, idle, name)
        owed = float(np.asarray(committed_usd(option)))
        if name == c.base and owed > 0 and not isinstance(c.case.numbers.options[c.other], ApiOption):
            text = (
                f"What is committed with {option.label}, {_usd(owed)} a month, is owed while its contract runs, whoever serves: "
                "it is not counted on the side of your own GPUs."
            )
            yield Caution("W-COMMIT", text, owed, name)
        yield from _units(c, name, option)


def _units(c: Context, name: str, option: ApiOption) -> Iterator[Caution]:
    """What provisioned throughput may hide: units that stand idle, and requests that they refuse."""
    if option.provisioned is None or c.requests <= 0:
        return
    workload, excess = c.case.numbers.workload, float(np.asarray(c.point[name].facts["excess_frac"]))
    served = c.requests * (1.0 - excess)
    as_they_go = float(np.asarray(tokens_usd(option, workload, served)))
    dearer = c.line(name, "provisioned") - as_they_go
    if dearer > 0:
        units = float(np.asarray(c.point[name].facts["provisioned_units"]))
        tok = float(np.asarray(c.point[name].facts["weighted_tok_per_request"])) * served
        use = tok / (units * float(np.asarray(unit_tok_per_month(option.provisioned.unit_tok_per_minute))))
        text = (
            f"The {units:g} provisioned units of {option.label} are {_percent(use)} used over the month: the same tokens, "
            f"paid as they go, cost {_usd(dearer)} less."
        )
        yield Caution("W-COMMIT", text, dearer, name)
    if excess > 0 and option.provisioned.excess == "refused":
        text = (
            f"{_percent(excess)} of the requests exceed the units bought from {option.label} and are refused: "
            "nothing is counted for them, so the options do not serve the same."
        )
        yield Caution("W-REFUSED", text, float(np.asarray(tokens_usd(option, workload, c.requests - served))), name)


def _tokens(c: Context) -> Iterator[Caution]:
    base, other = c.case.numbers.options[c.base], c.case.numbers.options[c.other]
    bill = _token_bill(c, c.base)
    if base.tokenizer_ratio == other.tokenizer_ratio == 1.0 and (base.model or "closed") != (other.model or "open"):
        text = (
            f"Both models are taken to need the same number of tokens; each 10 % more on {base.label}'s side is {_usd(bill / 10)} a month. "
            "Count your own text with both tokenizers."
        )
        yield Caution("W-TAU", text, bill / 10, c.base)
    if base.reasoning_ratio == 0 and other.reasoning_ratio == 0:
        stake = c.usd(c.base, {f"options.{c.base}.reasoning_ratio": 1.0}) - c.usd(c.base)
        text = f"No hidden reasoning tokens are counted: one for each visible one would add {_usd(stake)} a month to {base.label}."
        yield Caution("W-REASON", text, stake, c.base)


def _parity(c: Context) -> Iterator[Caution]:
    base, other = c.case.numbers.options[c.base], c.case.numbers.options[c.other]
    if not c.case.numbers.parity_evidence and (base.model != other.model or not base.model):
        saving = abs(c.usd(c.base) - c.usd(c.other))
        text = f"No evaluation is named that shows {other.label} does the work of {base.label}; the comparison assumes it does."
        yield Caution("W-PARITY", text, saving, c.other)


def _stale(c: Context) -> Iterator[Caution]:
    for folder, days in STALE_DAYS.items():
        oldest: dict[str, date] = {}
        for path, source in c.case.sources.items():
            if source.where.startswith(folder) and source.checked_on and _concerns(c, path):
                oldest[source.where] = min(source.checked_on, oldest.get(source.where, date.max))
        stale = {where: day for where, day in oldest.items() if (c.case.today - day).days > days}
        if stale:
            kind = folder.rpartition("/")[2]
            stake = _token_bill(c, c.base) if kind == "api" else sum(c.line(c.other, line) for line in PRICED_BY[kind])
            yield Caution("W-STALE", _stale_text(stale, c.case.today), stake, c.base)


def _stale_text(stale: Mapping[str, date], today: date) -> str:
    """Every sheet that was checked too long ago, the oldest first; each with its day where these differ."""
    sheets = sorted(stale, key=lambda where: (stale[where], where))
    oldest, alike = stale[sheets[0]], len(set(stale.values())) == 1
    names = [where if alike else f"{where} ({stale[where]})" for where in sheets]
    listed = " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
    age = f"{(today - oldest).days} days ago, on {oldest}"
    told = age if alike else f"long ago, the oldest {age}"
    return f"Prices of {listed} were last checked {told}: look at the vendor's page before you sign."


def _concerns(c: Context, path: str) -> bool:
    parts = path.split(".")
    if parts[-1] == "rent_usd_per_gpu_hour" and len(parts) == 3:  # only shown beside what was bought
        return False
    return parts[0] != "options" or parts[1] in (c.base, c.other, c.case.numbers.hosted)


def _static(c: Context) -> Iterator[Caution]:
    own, bought = c.usd(c.other), c.usd(c.base)
    if isinstance(c.case.numbers.options[c.base], ApiOption) and own < bought:
        free = {f"options.{c.base}.price_ratio": 1e-9}
        narrowing = (bought - own) - (c.usd(c.base, free) - c.usd(c.other, free))
        fall = (bought - own) / narrowing if narrowing > 0 else 1.0
        if fall > 1:  # what is committed stays, however cheap the tokens
            return
        label, as_of = c.case.numbers.options[c.base].label, c.case.numbers.as_of
        text = f"Prices are held at those of {as_of}: if {label} falls by {_percent(fall)}, the saving is gone."
        yield Caution("W-STATIC", text, bought - own, c.base)


def _token_bill(c: Context, name: str) -> float:
    if isinstance(c.case.numbers.options[name], ApiOption):
        return float(np.asarray(c.point[name].facts["tokens_usd"]))
    return c.gpus_usd(name)


CHECKS: tuple[Callable[[Context], Iterator[Caution]], ...] = (
    _hosted, _load, _evidence, _measurement, _memory, _bought, _cold, _licence, _redundancy, _people, _cache, _batch, _committed,
    _tokens, _parity, _stale, _static,
)  # fmt: skip
