"""Which option is to be beaten, which might beat it, and who else sells the same open weights."""

from collections.abc import Mapping
from typing import Any

from tco.errors import Fault, nearest
from tco.options.base import OptionBase
from tco.resolve.draft import Draft
from tco.resolve.option import option_of

HOSTED_ID = "hosted"


def roles_of(draft: Draft, options: Mapping[str, OptionBase]) -> tuple[str, str]:
    """The option to beat and the one that might beat it."""
    apis = [name for name, option in options.items() if option.kind == "api"]
    own = [name for name, option in options.items() if option.kind != "api"]
    closed = [name for name in apis if not options[name].model]
    baseline = draft.tree.get("baseline") or next(iter([*closed, *apis, *options]))
    rest = [name for name in [*own, *options] if name != baseline]
    challenger = draft.tree.get("challenger") or (rest[0] if rest else "")
    hosted = draft.tree.get("hosted") or HOSTED_ID
    for role, name in (("baseline", baseline), ("challenger", challenger), ("hosted", hosted)):
        if name not in options and name != HOSTED_ID:
            mend = nearest(name, options) if name else "a comparison needs two options"
            draft.faults.append(Fault(role, name or "only one option", mend))
    for name, option in options.items():
        to = getattr(option, "failover_to", "")
        if to and to not in apis:
            draft.faults.append(Fault(f"options.{name}.failover_to", to, f"name an API: {nearest(to, apis)}"))
    if baseline == challenger:
        draft.faults.append(Fault("challenger", challenger, "name another option than the baseline"))
    return baseline, challenger


def hosted_of(draft: Draft, options: dict[str, OptionBase], baseline: str, challenger: str) -> str:
    """The API that sells the challenger's open weights, added from the sheets when the scenario has none."""
    if draft.faults:
        return ""
    named = draft.tree.get("hosted")
    if named:
        return str(named)
    own = [name for name in (challenger, baseline, *options) if name in options and options[name].kind != "api"]
    model = options[own[0]].model if own else ""
    apis = [name for name, option in options.items() if option.kind == "api"]
    same = [name for name in apis if model and options[name].model == model]
    if same:
        return same[0]
    kept = draft.kept_names.get(f"options.{HOSTED_ID}.sku")
    sku = kept or (_cheapest_host(draft, model) if model else None)
    if sku is None or HOSTED_ID in options:
        return ""
    draft.tree["options"][HOSTED_ID] = {"kind": "api", "sku": sku, "auto_added": True}
    option = option_of(draft, HOSTED_ID)
    if option is None:
        return ""
    options[HOSTED_ID] = option
    return HOSTED_ID


def _cheapest_host(draft: Draft, model: str) -> str | None:
    facts = draft.catalog.models().get(model)
    workload: Any = draft.sections["workload"]
    best: tuple[float, str] | None = None
    priced = {found.sku for found in draft.catalog.api_skus(draft.on)}
    for sku in facts.hosted_as if facts is not None else ():
        if sku not in priced:
            continue
        price = {fact.path: fact.value for fact in draft.catalog.api_price(sku, draft.on)}
        mean = (
            price["price.input_usd_per_mtok"] * workload.input_length.mean_tok
            + price["price.output_usd_per_mtok"] * workload.output_length.mean_tok
        )
        best = min(best or (mean, sku), (mean, sku))
    return best[1] if best is not None else None
