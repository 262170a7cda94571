"""What to choose of one's own GPUs: model, GPU, rented or bought, the fleet and its rent, the server and its place."""

from collections.abc import Mapping, Sequence

from tco.catalog.profiles import is_test
from tco.catalog.rentals import RentalOffer, by_provider, usual
from tco.errors import LookupFault
from tco.inputs.hardware import ServingProfile
from tco.present.numbers import money
from tco.present.service import licence_text
from tco.serving.doubts import in_short
from tco.serving.profile import ESTIMATE
from tco.widgets.choices import Ids, Names, Row, Values, now_at, said, sets, settable, words
from tco.widgets.fleet_note import fleet_note
from tco.widgets.own_kinds import HARDWARE, LOOKED_UP, RENT_PATHS, SERVER_PATHS, WORK, put_kind_back, take_kind
from tco.widgets.store import Store

OWN = "options.{own}."
KNOWN, GUESSED = "Measured or published", "ESTIMATED from data sheets"
MIDDLE = ""
"""Key of the offer in the middle of the market."""
_TARIFF = (
    "site.electricity_usd_per_kwh", "site.colocation_usd_per_kilowatt_month", "site.carbon_kg_per_kwh",
    "site.demand_usd_per_kilowatt_month",
)  # fmt: skip


def taking_gpu(key: str, store: Store, ids: Ids) -> Values:
    """What choosing some GPUs changes: ``2:H100-SXM``, or ``:L40S`` for as many as the estimate takes."""
    count, _, gpu = key.partition(":")
    chosen = {"gpu_name": gpu or None, "capacity.gpus_per_replica": float(count) if count else None, "profile": None}
    return _own({**dict.fromkeys(LOOKED_UP), **chosen}, store, ids)


def _own(values: Values, store: Store, ids: Ids) -> Values:
    """Values of the option's fields, those that its kind does not have left out."""
    prefix = OWN.format(**ids)
    return {prefix + path: value for path, value in values.items() if prefix + path in store.settable}


# ---- model and GPU


def _profiles(store: Store) -> Mapping[str, tuple[ServingProfile, ...]]:
    """Serving profiles by model, the most trustworthy first."""

    def read() -> dict[str, tuple[ServingProfile, ...]]:
        found: dict[str, tuple[ServingProfile, ...]] = {}
        for profile in store.catalog.find_profiles():
            found[profile.model] = (*found.get(profile.model, ()), profile)
        return found

    return store.once(("profiles",), read)


def _models(store: Store, _ids: Ids) -> list[Row]:
    served, models = _profiles(store), store.catalog.models()
    rows = [(name, models[name].label if name in models else name) for name in {*served, *models}]
    rows.sort(key=lambda row: (row[0] not in served, row[1].lower()))
    return [(name, label, KNOWN if name in served else GUESSED) for name, label in rows]


def _model_note(store: Store, ids: Ids) -> str:
    facts = store.catalog.models().get(str(store.now(OWN.format(**ids) + "model") or ""))
    return licence_text(facts.licence, facts.licence_note) if facts is not None else ""


def _take_model(model: str, store: Store, ids: Ids) -> Values:
    """Another model takes its best-known GPUs; one that nobody measured stays on the GPU there is, and is estimated."""
    gpu = None if _profiles(store).get(model) else store.now(OWN.format(**ids) + "gpu_name") or None
    fresh = {**dict.fromkeys(LOOKED_UP), "profile": None, "capacity.gpus_per_replica": None}
    host = {f"options.{ids['hosted']}": None}  # a host of the other model
    return {**host, **_own({**fresh, "model": model or None, "gpu_name": gpu}, store, ids)}


def _gpu_key(store: Store, ids: Ids) -> str:
    own = OWN.format(**ids)
    gpu, outcome = str(store.now(f"{own}gpu_name") or ""), store.outcome
    count = store.scenario.get(f"{own}capacity.gpus_per_replica")
    stale = bool(store.faults) and store.scenario.get(f"{own}gpu_name") is not None
    if count is None and outcome is not None and not stale and not _estimated(store, ids):
        count = store.now(f"{own}capacity.gpus_per_replica")
    return f"{count:g}:{gpu}" if count else f":{gpu}" if gpu else ""


def _estimated(store: Store, ids: Ids) -> bool:
    found = store.outcome.case.evidence.get(ids["own"]) if store.outcome is not None else None
    return found is not None and found.estimated


def _gpus(store: Store, ids: Ids) -> list[Row]:
    model = str(store.now(OWN.format(**ids) + "model") or "")
    pairs = sorted({(p.gpu, p.gpus_per_replica) for p in _profiles(store).get(model, ())})
    known = [(f"{count}:{gpu}", f"{count} × {gpu}", KNOWN) for gpu, count in pairs]
    others = sorted(set(store.catalog.gpus()) - {gpu for gpu, _ in pairs})
    now, estimated = _gpu_key(store, ids), _estimated(store, ids) and not store.faults
    taken = f"{store.now(OWN.format(**ids) + 'capacity.gpus_per_replica'):g} × " if estimated else ""
    rows = known + [(f":{gpu}", (taken if now == f":{gpu}" else "") + gpu, GUESSED) for gpu in others]
    if now and now not in [key for key, *_ in rows]:
        count, _, gpu = now.partition(":")
        rows.append((now, f"{count} × {gpu}" if count else gpu, GUESSED))
    return rows


def _measurements(store: Store, ids: Ids) -> list[Row]:
    own = OWN.format(**ids)
    model, gpu, count = (store.now(own + path) for path in ("model", "gpu_name", "capacity.gpus_per_replica"))
    mine = [p for p in _profiles(store).get(str(model), ()) if (p.gpu, p.gpus_per_replica) == (gpu, count)]
    best = "the most trustworthy" if mine else "none: estimated from data sheets"
    named = store.catalog.profiles().get(str(store.now(f"{own}profile") or ""))
    if named is not None and is_test(named):  # nobody is offered a test, but a scenario may name one
        mine.append(named)
    rows = [(p.id, _measured_on(p), "") for p in mine]
    return [("", best, ""), *rows, *([(ESTIMATE, "an estimate from data sheets", "")] if rows else [])]


def _measured_on(profile: ServingProfile) -> str:
    """Engine, version and format, and what makes it another kind of measurement."""
    parts = [f"{profile.engine.name} {profile.engine.version}", profile.engine.dtype, in_short(profile.told_codes)]
    return " · ".join(part for part in parts if part)


def _take_measurement(profile: str, store: Store, ids: Ids) -> Values:
    return _own(
        {**dict.fromkeys(WORK), "capacity.work.context_s_per_tok2": None, "profile": profile or None}, store, ids
    )


# ---- rented or bought


def _take_fleet(fleet: str, store: Store, ids: Ids) -> Values:
    """Another fleet; a label that was typed may name the one before, and returns with the fleet it was typed for."""
    own = OWN.format(**ids)
    alike = all(store.scenario.get(own + path) == store.base.get(own + path) for path in ("kind", *HARDWARE))
    typed_for = alike and fleet == store.base.get(f"{own}fleet")
    label = store.base.get(f"{own}label") if typed_for else None
    return {f"{own}fleet": fleet or None, f"{own}scale_ahead_hours": None, f"{own}label": label}


def _is_own(store: Store, ids: Ids) -> bool:
    return store.scenario.get(f"options.{ids['own']}.kind") in ("rented", "owned")


def _rents(store: Store, ids: Ids) -> list[Row]:
    own = OWN.format(**ids)
    gpu, gpus = str(store.now(f"{own}gpu_name") or ""), float(store.now(f"{own}capacity.gpus_per_replica") or 1.0)

    def read() -> list[Row]:
        if gpu not in store.catalog.rented_gpus():
            return [(MIDDLE, "nobody rents it out", "")]
        offers = by_provider(store.catalog.rental_offers(gpu, store.on), "on_demand", gpus)
        rows = [(name, f"{name} {money(offer.usd_per_gpu_hour)}/GPU-h", "") for name, offer in offers.items()]
        market = usual(offers.values(), gpus)
        taken = market[(len(market) - 1) // 2] if market else None
        say = f": {taken.provider} {money(taken.usd_per_gpu_hour)}" if taken is not None else ""
        return [(MIDDLE, f"{_market_words(market, gpus)}{say}", ""), *rows]

    return store.once(("rents", gpu, gpus, store.on), read)


def _market_words(market: Sequence[RentalOffer], gpus: float) -> str:
    """
    Whose middle is taken: not of all who are listed, but of clouds whose instances leave no GPU over.

    Examples
    --------
    >>> _market_words([], 2.0)
    'middle of the offers'
    """
    if not market:
        return "middle of the offers"
    if any(offer.kind not in ("cloud", "neocloud") for offer in market):
        return f"middle of {len(market)} offers, none from a cloud"
    fit = all(gpus % offer.gpus_per_instance == 0 for offer in market)
    return f"middle of {len(market)} clouds{' that fit' if fit else ''}"


def _servers(store: Store, ids: Ids) -> list[Row]:
    gpu = str(store.now(OWN.format(**ids) + "gpu_name") or "")

    def has(item: str) -> bool:
        try:
            return bool(store.catalog.server(gpu, item, store.on))
        except LookupFault:
            return False

    def read() -> list[Row]:
        items = [item for item in store.catalog.servers(store.on) if has(item)]
        usual_words = "the usual one" if items else f"no server with {gpu} in the sheet"
        return [("", usual_words, ""), *((item, item, "") for item in items)]

    return store.once(("servers", gpu, store.on), read)


def _regions(store: Store, _ids: Ids) -> list[Row]:
    names = store.once(("regions", store.on), lambda: store.catalog.regions(store.on))
    return [(name, _region_words(name), name.split("-")[0].upper()) for name in names]


def _region_words(name: str) -> str:
    whole, _, part = name.partition("-")
    return part.replace("-", " ").title() if part else f"{whole.upper()}, average"


MODEL = Names(
    "Open model",
    "Open-weight model you would serve; where nobody published what it serves, that is estimated from data sheets.",
    (
        f"{OWN}model",
        f"{OWN}gpu_name",
        f"{OWN}capacity.gpus_per_replica",
        f"{OWN}profile",
        "options.{hosted}",
        f"{OWN}label",
    ),
    _models,
    now_at(f"{OWN}model"),
    _take_model,
    note=_model_note,
    wanted=_is_own,
)
GPU = Names(
    "GPUs of one replica",
    "GPUs that hold one copy of the model; the tab GPUs ranks them all by cost.",
    (
        f"{OWN}gpu_name",
        f"{OWN}capacity.gpus_per_replica",
        f"{OWN}profile",
        f"{OWN}gpu.provider",
        f"{OWN}server.item",
        f"{OWN}label",
    ),
    _gpus,
    _gpu_key,
    taking_gpu,
    f"{OWN}capacity.gpus_per_replica",
    wanted=_is_own,
)
MEASUREMENT = Names(
    "Throughput from",
    "Engine, version and format that the throughput was measured on.",
    (f"{OWN}profile",),
    _measurements,
    said(f"{OWN}profile"),
    _take_measurement,
    f"{OWN}capacity.work.decode_s_per_tok",
    wanted=_is_own,
)
KIND = Names(
    "The GPUs are",
    "Rented by the hour or for a term, or bought with the servers they are in.",
    (f"{OWN}kind", "options.{own}"),
    words(("rented", "rented"), ("owned", "bought")),
    lambda store, ids: str(store.scenario.get(f"options.{ids['own']}.kind") or ""),
    take_kind,
    wanted=_is_own,
    undo=put_kind_back,
)
FLEET = Names(
    "Fleet",
    "How many GPUs stand ready in each hour of the week, and on which terms.",
    (f"{OWN}fleet", f"{OWN}scale_ahead_hours", f"{OWN}label"),
    words(
        ("fixed", "fixed: the peak's, on demand"),
        ("reserved", "reserved: the peak's, for a term"),
        ("autoscaled", "autoscaled: follows the hours"),
        ("reserved_and_burst", "reserved and burst: the best mix"),
    ),
    now_at(f"{OWN}fleet"),
    _take_fleet,
    note=fleet_note,
    wanted=settable(f"{OWN}fleet"),
)
TERM = Names(
    "Reserved for",
    "The commitment whose price is looked up; where the vendor publishes none, a discount on the price on demand is taken.",
    (f"{OWN}reserved_term", f"{OWN}gpu.reserved_usd_per_gpu_hour"),
    words(("reserved_1y", "a year"), ("reserved_3y", "three years")),
    now_at(f"{OWN}reserved_term"),
    sets(f"{OWN}reserved_term", f"{OWN}gpu.reserved_usd_per_gpu_hour"),
    f"{OWN}gpu.reserved_usd_per_gpu_hour",
    wanted=lambda store, ids: (
        settable(f"{OWN}fleet")(store, ids) and now_at(f"{OWN}fleet")(store, ids).startswith("reserved")
    ),
)
RENT = Names(
    "Rented from",
    "Whose on-demand price a GPU-hour has; the middle offer unless you choose one.",
    (f"{OWN}gpu.provider", *(OWN + path for path in RENT_PATHS)),
    _rents,
    said(f"{OWN}gpu.provider"),
    sets(f"{OWN}gpu.provider", *(OWN + path for path in RENT_PATHS)),
    f"{OWN}gpu.on_demand_usd_per_gpu_hour",
    wanted=settable(f"{OWN}gpu.provider"),
)
SERVER = Names(
    "Server",
    "What is bought: a server with its GPUs, at its price on the as-of day.",
    (f"{OWN}server.item", *(OWN + path for path in SERVER_PATHS)),
    _servers,
    said(f"{OWN}server.item"),
    sets(f"{OWN}server.item", *(OWN + path for path in SERVER_PATHS)),
    f"{OWN}server.server_usd",
    wanted=settable(f"{OWN}server.item"),
)
REGION = Names(
    "Region",
    "Where the servers stand: electricity, space and the grid's carbon.",
    (f"{OWN}site.region", *(OWN + path for path in _TARIFF)),
    _regions,
    now_at(f"{OWN}site.region"),
    sets(f"{OWN}site.region", *(OWN + path for path in _TARIFF)),
    f"{OWN}site.electricity_usd_per_kwh",
    wanted=settable(f"{OWN}site.region"),
)
BILLING = Names(
    "Electricity is",
    "Metered and paid beside the space, or in the price of the space.",
    (f"{OWN}site.power_billing", f"{OWN}site.colocation_usd_per_kilowatt_month"),
    words(("metered", "paid by the meter"), ("all_in", "in the price of the space")),
    now_at(f"{OWN}site.power_billing"),
    sets(f"{OWN}site.power_billing", f"{OWN}site.colocation_usd_per_kilowatt_month"),
    wanted=settable(f"{OWN}site.power_billing"),
)
GRID = Names(
    "Grid of the vendor",
    "Whose grid the memo of carbon is of; it costs nothing here.",
    (f"{OWN}region", f"{OWN}carbon_kg_per_kwh"),
    _regions,
    now_at(f"{OWN}region"),
    sets(f"{OWN}region", f"{OWN}carbon_kg_per_kwh"),
    f"{OWN}carbon_kg_per_kwh",
    wanted=settable(f"{OWN}region"),
)


def _waits(store: Store, ids: Ids) -> list[Row]:
    rows = [("as_it_comes", "with the rest", ""), ("in_valleys", "in the quiet hours", "")]
    rented = store.scenario.get(f"options.{ids['own']}.kind") == "rented"
    return [*rows, ("on_spot", "on interruptible GPUs", "")] if rented else rows


WAITING = Names(
    "Requests that may wait are served",
    "How the share of requests that may wait is served; it is set under Demand.",
    (f"{OWN}deferrable",),
    _waits,
    now_at(f"{OWN}deferrable"),
    sets(f"{OWN}deferrable"),
    wanted=settable(f"{OWN}deferrable"),
)
