"""An option on GPUs of one's own, rented or bought: which profile says how fast they serve, and whether they hold the model."""

from dataclasses import replace

from tco.errors import Fault, LookupFault, ScenarioError, nearest
from tco.inputs.hardware import Model, ServingProfile
from tco.model.work import Proportions
from tco.options import option_kinds
from tco.resolve.draft import Draft
from tco.resolve.gpu_costs import gpu_costs
from tco.serving.datasheets import Calibration, calibration, in_memory
from tco.serving.estimate import Lengths, Unable, estimate
from tco.serving.operating import load_points
from tco.serving.profile import (
    ESTIMATE,
    TYPED,
    Fitted,
    estimate_facts,
    estimated_evidence,
    fitted,
    proportions,
    serving_facts,
)

WORK = ("prefill_s_per_tok", "decode_s_per_tok", "context_s_per_tok2")


def self_hosted(draft: Draft, name: str, prefix: str) -> None:
    """Fill how fast it serves and what its GPUs cost."""
    work = draft.get(f"{prefix}capacity.work") or {}
    typed = all(work.get(key) is not None for key in WORK)
    kind = option_kinds()[draft.tree["options"][name]["kind"]]
    draft.defaults(prefix, kind.sheets, kind.model)
    if not typed or draft.get(f"{prefix}profile"):
        _profile(draft, name, prefix)
    else:
        _memory(draft, name, prefix)
    gpu_costs(draft, name, prefix)
    model = draft.catalog.models().get(draft.get(f"{prefix}model") or "")
    if model is not None and model.licence_note:
        draft.licence_notes[name] = model.licence_note
    _cached_work(draft, prefix)


def _cached_work(draft: Draft, prefix: str) -> None:
    prefill = draft.get(f"{prefix}capacity.work.prefill_s_per_tok")
    ratio = draft.get(f"{prefix}capacity.cached_work_ratio")
    if draft.get(f"{prefix}capacity.work.cached_s_per_tok") is None and prefill is not None and ratio is not None:
        source = draft.sources.get(f"{prefix}capacity.cached_work_ratio", TYPED)
        draft.put(f"{prefix}capacity.work.cached_s_per_tok", prefill * ratio, source)


def _profile(draft: Draft, name: str, prefix: str) -> None:
    profile = None if _wants_estimate(draft, prefix) else _chosen_profile(draft, prefix)
    if profile is None:
        if not any(fault.where.startswith(prefix.rstrip(".")) for fault in draft.faults):
            _estimated(draft, name, prefix)
        return
    model = draft.catalog.models().get(profile.model)
    try:
        fit = _fit(draft, prefix, profile)
    except ScenarioError as error:
        draft.faults += [Fault(f"options.{name}.profile", f.found, f.mend) for f in error.faults]
        return
    draft.fill(prefix, serving_facts(profile, fit))
    lengths = _lengths(draft, prefix)
    curve = load_points(profile, draft.sections["service"], (lengths.input_tok, lengths.output_tok))
    draft.evidence[name] = replace(fit.evidence, load_points=curve)
    option = draft.tree["options"][name]
    option |= {"model": profile.model, "gpu_name": profile.gpu, "profile": profile.id}
    if not draft.get(f"{prefix}label"):
        option["label"] = _label(draft, name, model, profile.model, profile.gpus_per_replica, profile.gpu)
    _memory(draft, name, prefix, profile.engine.dtype, profile.engine.kv_cache_dtype)


def _label(draft: Draft, name: str, model: Model | None, model_name: str, gpus: int, gpu: str) -> str:
    """Such as ``gpt-oss-120b on 2 × H100, bought``."""
    maker = model.label if model is not None else model_name.split("/")[-1]
    card = gpu.replace("-SXM", "").replace("-", " ")
    bought = ", bought" if draft.tree["options"][name]["kind"] == "owned" else ""
    return f"{maker} on {gpus} × {card}{bought}"


def _wants_estimate(draft: Draft, prefix: str) -> bool:
    return bool(draft.get(f"{prefix}profile") == ESTIMATE)


def _estimated(draft: Draft, name: str, prefix: str) -> None:
    """Fill the capacity from data sheets, where the model and the GPU are named and nobody measured them."""
    named = [(key, draft.get(f"{prefix}{key}")) for key in ("model", "gpu_name")]
    missing = [key for key, value in named if not value]
    unknown = _unknown_names(draft, prefix, *(value for _, value in named))
    model = draft.catalog.models().get(named[0][1] or "")
    gpu = draft.catalog.gpus().get(named[1][1] or "")
    if missing or unknown or model is None or gpu is None:
        mend = "an estimate needs a model and a gpu_name that hw_profiles describes" + _by_name_only(draft, prefix)
        undescribed = [key for (key, _), facts in zip(named, (model, gpu), strict=True) if facts is None]
        gone = [
            Fault(f"{prefix}{key}", draft.get(f"{prefix}{key}") or "nothing", mend) for key in missing or undescribed
        ]
        draft.faults += unknown or gone
        return
    known = _constants(draft)
    if known is None:
        mend = "copy price_sheets/assumptions/roofline.csv into your data folder"
        draft.faults.append(Fault(f"{prefix}profile", "no constants to estimate with", mend))
        return
    count = draft.get(f"{prefix}capacity.gpus_per_replica")
    gpus = int(count) if count is not None else None
    found = estimate(model, gpu, draft.sections["service"], _lengths(draft, prefix), known, gpus=gpus)
    if isinstance(found, Unable):
        draft.faults += [Fault(f"{prefix}{fault.where}", fault.found, fault.mend) for fault in found.faults]
        return
    checked = draft.catalog.defaults()["roofline.error_sigma"].source.checked_on
    draft.fill(prefix, estimate_facts(found, checked))
    draft.evidence[name] = estimated_evidence(found)
    option = draft.tree["options"][name]
    option["profile"] = ESTIMATE
    if not draft.get(f"{prefix}label"):
        option["label"] = _label(draft, name, model, model.model, found.gpus_per_replica, gpu.gpu)


def _constants(draft: Draft) -> Calibration | None:
    """What an estimate is made with; None where the sheet does not have it."""
    try:
        return calibration(draft.catalog.defaults())
    except LookupFault:
        return None


def _lengths(draft: Draft, prefix: str) -> Lengths:
    """The scenario's requests as this option's model counts them."""
    workload = draft.sections["workload"]
    tokens, words, hidden = (
        float(draft.get(f"{prefix}{key}") or usual)
        for key, usual in (("tokenizer_ratio", 1.0), ("verbosity_ratio", 1.0), ("reasoning_ratio", 0.0))
    )
    prompt = workload.input_length.mean_tok * tokens
    answer = workload.output_length.mean_tok * tokens * words * (1.0 + hidden)
    return Lengths.spread(prompt, answer, workload)


def _chosen_profile(draft: Draft, prefix: str) -> ServingProfile | None:
    wanted, model, gpu = (draft.get(f"{prefix}{key}") for key in ("profile", "model", "gpu_name"))
    if wanted:
        return _named_profile(draft, prefix, wanted)
    if not model and not gpu:
        mend = "name a model and a gpu_name, or a profile, or type capacity.work and capacity.gpus_per_replica"
        draft.faults.append(Fault(prefix.rstrip("."), "nothing says how fast it serves", mend))
        return None
    unknown = _unknown_names(draft, prefix, model, gpu)
    if unknown:
        draft.faults += unknown
        return None
    found = draft.catalog.find_profiles(model, gpu)
    count = draft.get(f"{prefix}capacity.gpus_per_replica")
    matching = [p for p in found if count is None or p.gpus_per_replica == count]
    if not gpu:  # then of GPUs that can be had
        matching.sort(key=lambda profile: not _to_be_had(draft, prefix, profile.gpu))
    if matching:
        return next((profile for profile in matching if _meets(draft, prefix, profile)), matching[0])
    if model and gpu:
        return None  # then it is estimated
    has = ", ".join(sorted({f"{p.gpus_per_replica} × {p.gpu}" for p in found}))
    where = " × ".join(str(part) for part in (count, gpu) if part) or "any GPU"
    mend = f"profiles of {model or 'this GPU'} are there for {has}; or name" if has else "name"
    mend += " a model and a gpu_name, and it is estimated" + _by_name_only(draft, prefix)
    draft.faults.append(Fault(prefix.rstrip("."), f"no profile of {model or 'any model'} on {where}", mend))
    return None


def _by_name_only(draft: Draft, prefix: str) -> str:
    """A remark where tests with a stand-in for the driver are all that was measured; empty otherwise."""
    tests = draft.catalog.tests_of(draft.get(f"{prefix}model") or None, draft.get(f"{prefix}gpu_name") or None)
    return (
        f"; {tests[0].id} is a test with a stand-in for the driver, and taken only when profile names it"
        if tests
        else ""
    )


def _to_be_had(draft: Draft, prefix: str, gpu: str) -> bool:
    """Whether somebody rents a GPU out by the hour, or sells it, as the option asks."""
    try:
        if draft.tree["options"][prefix.split(".")[1]]["kind"] == "owned":
            return bool(draft.catalog.server(gpu, "", draft.on))
        return bool(draft.catalog.rental(gpu, draft.get(f"{prefix}gpu.provider") or "", draft.on))
    except LookupFault:
        return False


def _meets(draft: Draft, prefix: str, profile: ServingProfile) -> bool:
    """Whether enough of a profile's length mixes are inside the service level, with an estimate's help where it is needed."""
    try:
        _fit(draft, prefix, profile)
    except ScenarioError:
        return False
    return True


def _fit(draft: Draft, prefix: str, profile: ServingProfile) -> Fitted:
    """A profile at the service level asked for, worked out once for all options that take it."""
    known = (profile.id, _lengths(draft, prefix))
    found: Fitted | None = draft.fits.get(known)
    if found is None:
        found = draft.fits[known] = fitted(profile, draft.sections["service"], _lent(draft, prefix, profile))
    return found


def _lent(draft: Draft, prefix: str, profile: ServingProfile) -> Proportions | None:
    """The proportions of an estimate for the same model and GPUs, for a profile to borrow."""
    model, gpu = draft.catalog.models().get(profile.model), draft.catalog.gpus().get(profile.gpu)
    return proportions(profile, model, gpu, draft.sections["service"], _lengths(draft, prefix), _constants(draft))


def _named_profile(draft: Draft, prefix: str, wanted: str) -> ServingProfile | None:
    profiles = draft.catalog.profiles()
    if wanted not in profiles:
        draft.faults.append(Fault(f"{prefix}profile", str(wanted), nearest(wanted, profiles)))
        return None
    profile = profiles[wanted]
    for key, has in (
        ("model", profile.model),
        ("gpu_name", profile.gpu),
        ("capacity.gpus_per_replica", profile.gpus_per_replica),
    ):
        asked = draft.get(f"{prefix}{key}")
        if asked and asked != has:
            mend = f"the profile {wanted} is of {has}; name that, or leave {prefix}profile empty"
            draft.faults.append(Fault(f"{prefix}{key}", str(asked), mend))
    return profile


def _unknown_names(draft: Draft, prefix: str, model: str | None, gpu: str | None) -> list[Fault]:
    """A model or a GPU that no file describes and no profile is of, with the nearest there are."""
    profiles, models, gpus = draft.catalog.profiles().values(), draft.catalog.models(), draft.catalog.gpus()
    asked = [
        ("model", model, {*models, *(profile.model for profile in profiles)}),
        ("gpu_name", gpu, {*gpus, *(profile.gpu for profile in profiles)}),
    ]
    return [
        Fault(f"{prefix}{key}", name, nearest(name, known)) for key, name, known in asked if name and name not in known
    ]


def _memory(draft: Draft, name: str, prefix: str, dtype: str = "auto", kv_dtype: str = "auto") -> None:
    """A model that does not fit its GPUs, or requests longer than its context, cannot be served."""
    model = draft.catalog.models().get(draft.get(f"{prefix}model") or "")
    gpu = draft.catalog.gpus().get(draft.get(f"{prefix}gpu_name") or "")
    gpus, room = draft.get(f"{prefix}capacity.gpus_per_replica"), _room(draft)
    if model is None or gpu is None or room is None or gpus is None:
        return
    lengths = _lengths(draft, prefix)
    asked = (lengths.input_tok, lengths.output_tok, lengths.context_tok)
    held = in_memory(model, gpu, float(gpus), room, served_as=(dtype, kv_dtype), lengths_tok=asked)
    draft.faults += [Fault(f"{prefix}{f.where}", f.found, f.mend) for f in held.faults]
    if name in draft.evidence:
        draft.evidence[name] = replace(draft.evidence[name], memory_requests=held.requests)


def _room(draft: Draft) -> tuple[float, float] | None:
    """Share of memory an engine may take, and what a GPU needs for itself; None without a sheet. [–, GB]"""
    usable, overhead = (draft.catalog.default(f"memory.{key}") for key in ("usable_frac", "overhead_gb"))
    return None if usable is None or overhead is None else (float(usable.value), float(overhead.value))
