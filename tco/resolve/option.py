"""One option: its names looked up, its gaps filled, validated."""

from tco.errors import Fault
from tco.options import option_kinds
from tco.options.base import OptionBase
from tco.resolve.draft import Draft
from tco.resolve.self_hosted import self_hosted
from tco.serving.profile import TYPED


def option_of(draft: Draft, name: str) -> OptionBase | None:
    """One option; None when it is faulty."""
    prefix, given = f"options.{name}.", draft.tree["options"][name]
    kind = option_kinds()[given["kind"]]
    before = len(draft.faults)
    draft.take_kept(prefix)
    if draft.get(f"{prefix}cache_hit_frac") is None:
        shared = draft.sources.get("workload.cacheable_frac", TYPED)
        draft.put(f"{prefix}cache_hit_frac", draft.get("workload.cacheable_frac"), shared)
    if given["kind"] == "api":
        _api(draft, prefix)
    else:
        self_hosted(draft, name, prefix)
    draft.defaults(prefix, kind.sheets, kind.model)
    if not draft.get(f"{prefix}label"):
        draft.tree["options"][name]["label"] = name
    _cache_within_reach(draft, prefix)
    if len(draft.faults) > before:
        return None
    made: OptionBase | None = draft.validated(kind.model, draft.tree["options"][name], f"options.{name}")
    return made


def _cache_within_reach(draft: Draft, prefix: str) -> None:
    hit, cacheable = draft.get(f"{prefix}cache_hit_frac"), draft.get("workload.cacheable_frac")
    if hit is not None and cacheable is not None and hit > cacheable + 1e-12:
        mend = f"at most workload.cacheable_frac, {cacheable:g}, can be served from a cache; raise that, or lower this"
        draft.faults.append(Fault(f"{prefix}cache_hit_frac", f"{hit:g}", mend))


def _api(draft: Draft, prefix: str) -> None:
    sku, output = draft.get(f"{prefix}sku"), f"{prefix}price.output_usd_per_mtok"
    if sku:
        draft.look_up(f"{prefix}sku", prefix, lambda: draft.catalog.api_price(sku, draft.on))
        meters = ("input_usd_per_mtok", "output_usd_per_mtok")
        typed = any(draft.scenario.get(f"{prefix}price.{meter}") is not None for meter in meters)
        source = draft.sources.get(output)
        if source is not None:
            draft.put(f"{prefix}price_grade", "assumed" if typed else source.grade, source)
        _open_model(draft, prefix, sku)
    price_in, source = (of(f"{prefix}price.input_usd_per_mtok") for of in (draft.get, draft.sources.get))
    for meter in ("cache_read_usd_per_mtok", "cache_write_usd_per_mtok"):
        if draft.get(f"{prefix}price.{meter}") is None and price_in is not None and source is not None:
            draft.put(f"{prefix}price.{meter}", price_in, source)


def _open_model(draft: Draft, prefix: str, sku: str) -> None:
    if draft.get(f"{prefix}model") is None:
        owner = next((name for name, model in draft.catalog.models().items() if sku in model.hosted_as), None)
        if owner is not None:
            draft.tree["options"][prefix.split(".")[1]]["model"] = owner
