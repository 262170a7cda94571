"""A fleet in words: its week, what bought servers are worth, energy, and what stands behind it."""

from dataclasses import dataclass

from tco.case import Case, ServingEvidence
from tco.options.owned import OwnedOption
from tco.options.rented import RentedOption
from tco.present.charts.week import FleetWeek
from tco.present.estimates import BADGE
from tco.present.numbers import count, money, percent, quantity
from tco.serving.doubts import in_words, known_by
from tco.solve.capacity import CapacityPlan, Energy
from tco.units import GRAMS_PER_KG

Row = tuple[str, str]


@dataclass(frozen=True)
class Block:
    """A heading, and rows of a name and a value."""

    title: str
    rows: tuple[Row, ...]


def week_of(plan: CapacityPlan, case: Case) -> FleetWeek:
    """What the chart of a week draws; a level is marked only where some replicas are kept and others come and go."""
    each = plan_gpus(case, plan.option)
    kept = plan.base_gpus / each
    level = kept if kept > 0 and plan.replicas_low < plan.replicas_peak else None
    return FleetWeek(plan.label, plan.busy_by_hour, plan.replicas_by_hour, level)


def plan_gpus(case: Case, option: str) -> float:
    """GPUs of one replica."""
    found = case.numbers.options[option]
    return float(found.capacity.gpus_per_replica) if isinstance(found, RentedOption | OwnedOption) else 1.0


def fleet_blocks(case: Case, plan: CapacityPlan) -> list[Block]:
    """All that is known of an option's fleet, by subject."""
    option = case.numbers.options[plan.option]
    blocks = [Block("Fleet", tuple(_fleet_rows(plan, option, plan_gpus(case, plan.option))))]
    if isinstance(option, OwnedOption):
        blocks.append(Block("Bought servers", tuple(_bought_rows(plan, option))))
    if plan.energy is not None:
        blocks.append(Block("Energy", tuple(_energy_rows(plan.energy))))
    found = case.evidence.get(plan.option)
    rows = evidence_rows(found, case) if found is not None else [("Throughput", "typed in the scenario")]
    return [*blocks, Block("Throughput", tuple(rows))]


def _fleet_rows(plan: CapacityPlan, option: object, gpus_per_replica: float) -> list[Row]:
    low, mean, peak = (count(n) for n in (plan.replicas_low, plan.replicas_mean, plan.replicas_peak))
    paid = f"{peak}, all week" if plan.replicas_low == plan.replicas_peak else f"{low} to {peak}, {mean} on average"
    stand, serving = float(plan.gpus_by_hour.max()), plan.replicas_peak * gpus_per_replica
    rows = [("Replicas that serve" if stand > serving else "Replicas paid for", paid)]
    if stand > serving:  # instances or servers hold more than is needed
        rows.append(("GPUs paid for", f"{count(stand)}, {count(serving)} of them serve"))
    if isinstance(option, RentedOption) and option.fleet in ("reserved", "reserved_and_burst"):
        rows.append(("GPUs reserved", count(plan.base_gpus)))
    if plan.starts_per_week > 0:
        rows.append(("Starts a week", count(plan.starts_per_week)))
    rows += [
        ("Load on what is paid for", percent(plan.load_frac)),
        ("GPU-hours a month", count(plan.gpu_hours_per_month)),
    ]
    if plan.usd_per_gpu_hour is not None:
        rows.append(("All that the GPUs cost", f"{money(plan.usd_per_gpu_hour)} a GPU-hour"))
    step, seconds = plan.facts.get("step_requests_per_month"), plan.facts.get("request_s")
    if step is not None and step < float("inf"):
        rows.append(("One more replica every", f"{count(step)} requests a month"))
    if seconds is not None:
        rows.append(("A request keeps a replica busy", quantity(seconds, "s")))
    return rows


def _bought_rows(plan: CapacityPlan, option: OwnedOption) -> list[Row]:
    facts, life = plan.facts, f"{option.life_months:g} months"
    name = f" ({option.server.item})" if option.server.item else ""
    hours = f"{money(facts['usd_per_gpu_hour'])}, with hands {money(facts['usd_per_gpu_hour_with_hands'])}"
    rows = [
        ("Servers", f"{count(facts['servers'])}{name}"),
        ("Price, all that comes with them in", money(facts["hardware_usd"])),
        (f"Present value of {life}, after resale", money(facts["present_value_usd"])),
    ]
    if facts["after_tax_present_value_usd"] != facts["present_value_usd"]:
        rows.append(("The same after tax", money(facts["after_tax_present_value_usd"])))
    if "rent_present_value_usd" in facts:
        rows.append(("Present value of renting the same hours", money(facts["rent_present_value_usd"])))
    rows.append(("A GPU-hour, bought", hours))
    if "rent_usd_per_gpu_hour" in facts:
        rows.append(("A GPU-hour, rented on demand, add-ons in", money(facts["rent_usd_per_gpu_hour"])))
    if "worth_owning_above_frac" in facts:
        rows.append(("Worth owning, hands in", worth_text(facts["worth_owning_above_frac"])))
    return rows


def worth_text(above_frac: float) -> str:
    """
    From what use on a bought GPU beats one rented by the hour.

    Examples
    --------
    >>> worth_text(0.62).replace("\\u00a0", " "), worth_text(1.2)
    ('only if you would rent it more than 62 % of the hours', 'never: renting it all hours costs less')
    """
    if not above_frac < 1.0:
        return "never: renting it all hours costs less"
    return f"only if you would rent it more than {percent(above_frac)} of the hours"


def _energy_rows(energy: Energy) -> list[Row]:
    rows = [("Electricity, cooling in", f"{count(energy.kwh_per_month)} kWh a month, PUE {energy.pue:g}")]
    if energy.joules_per_request is not None:
        rows.append(("Of one request", quantity(energy.joules_per_request, "J")))
    if energy.kg_per_request is not None:
        rows.append(("Carbon dioxide of one request", quantity(energy.kg_per_request * GRAMS_PER_KG, "g")))
    return rows


def evidence_rows(found: ServingEvidence, case: Case) -> list[Row]:
    """What stands behind a throughput."""
    service = case.numbers.service
    fits = found.memory_requests
    memory = "not known" if fits is None else "no limit" if fits == float("inf") else count(fits)
    limits = f"{service.slo_percentile:g} of 100 requests: first token within {service.ttft_ms:,.0f} ms, then {service.tpot_ms:g} ms a token"
    last = [("Service level", limits), ("Requests whose cache fits in memory", memory)]
    if found.estimated:
        return [("Known by", f"{BADGE} from data sheets"), ("Of such estimates", spread_text(found)), *last]
    judged = f"{found.percentile_used}{' (only these are known)' if found.on_medians else ''}"
    mixes = "; ".join(f"{i:g} in / {o:g} out" for i, o in found.mixes)
    return [
        ("Known by", f"{found.profile}, {known_by(found)}"),
        ("Engine", found.engine),
        ("Judged on", judged),
        ("Length mixes inside it", mixes),
        ("Error of the work model", fit_error(found)),
        *([("The measurement doubts", in_words(found.codes, watts=True))] if found.codes else []),
        *last,
    ]


def spread_text(found: ServingEvidence) -> str:
    """An estimate's interval in words."""
    low, high = found.interval or (1.0, 1.0)
    return f"one in ten turns out under {percent(low)}, one in ten over {percent(high)}"


def fit_error(found: ServingEvidence) -> str:
    """How far the work model is off, where that is known."""
    mixes = f"{len(found.mixes)} mix{'' if len(found.mixes) == 1 else 'es'}"
    if found.borrowed:
        off = found.left_out_error_frac
        check = "nothing checks it" if off is None else f"{percent(off)} on a mix left out"
        return f"proportions of an estimate, scaled to {mixes}; {check}"
    if found.left_out_error_frac is None:
        return f"not known: {mixes} give three coefficients and nothing to check them by"
    return f"{percent(found.error_frac)} on these mixes, {percent(found.left_out_error_frac)} on a mix left out"
