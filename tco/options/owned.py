"""
Serve an open-weight model on bought servers. MODEL §3.2–3.3.

Servers are bought for the peak hour and stand all month. Their price is charged at the cost of capital over their
economic life; a server that is owned already is charged at what it would sell for.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from tco.inputs.base import Frac, NonNegative
from tco.inputs.hardware import Power
from tco.inputs.prices import ServerPrice, Site
from tco.model.capacity import replicas_needed
from tco.model.energy import electricity_usd, kwh_per_month, mean_gpu_kilowatts, slopes, watts_at
from tco.model.finance import (
    after_tax_present_value_usd,
    capital_charge_usd_per_month,
    present_value_usd,
)
from tco.model.fleet import Rule, edges_of, units_for
from tco.model.ledger import Ledger
from tco.options.api import tokens_usd
from tco.options.base import OptionKind, Shared, Tail, WeekPlan, assemble, rise_ratio, shared_lines
from tco.options.self_hosted import (
    Bound,
    SelfHostedOption,
    busy_replicas,
    failover_kinks,
    failover_option,
    knots,
    load_per_request,
    mean_request_s,
    peak_level,
    plain,
    plain_week,
    rest_bounds,
    rule_of,
    served_hours,
    share_of_paid,
    step_requests,
    week_figures,
    week_keys,
    week_plan,
)
from tco.units import HOURS_PER_MONTH, MONTHS_PER_YEAR, WATTS_PER_KILOWATT, Array, Numeric


class OwnedOption(SelfHostedOption):
    """Serve an open-weight model on bought servers."""

    kind: Literal["owned"] = "owned"
    """Way of serving."""
    power: Power
    """What a GPU and its part of the server draw."""
    server: ServerPrice
    """Price and size of one server."""
    site: Site
    """Where the servers stand."""
    network_frac: Annotated[float, Field(ge=0, le=5)]
    """Switches and cables, over the price of the servers."""
    storage_frac: Annotated[float, Field(ge=0, le=5)]
    """Storage, over the price of the servers."""
    installation_frac: Annotated[float, Field(ge=0, le=5)]
    """Shipping, duty and installation, over the price of the servers."""
    spares_frac: Annotated[float, Field(ge=0, le=5)]
    """Spare parts, over the price of the servers."""
    fixed_usd: NonNegative = 0.0
    """Bought once whatever the number of servers, such as a rack or a switch."""
    residual_frac: Frac
    """What a server sells for at the end of its economic life, over its price."""
    life_months: Annotated[float, Field(gt=0, le=240)]
    """Economic life: months until a server is replaced. Not the years over which the books write it off."""
    support_yearly_frac: Annotated[float, Field(ge=0, le=1)]
    """Support and maintenance in a year, over the price of the servers."""
    insurance_yearly_frac: Annotated[float, Field(ge=0, le=1)]
    """Insurance in a year, over the price of the servers."""
    hands_per_server_fte: NonNegative
    """People in the data centre for each server."""
    staging_replicas: NonNegative = 0.0
    """Replicas kept beside the fleet for staging and evaluation."""
    already_owned_servers: NonNegative = 0.0
    """Servers owned before this decision: they cost what they would sell for, not what they cost."""
    resale_usd_per_server: NonNegative | None = None
    """What one server owned already would sell for today."""
    rent_usd_per_gpu_hour: NonNegative | None = None
    """Rent on demand of the same GPU, to compare with."""
    rent_addon_frac: Annotated[float, Field(ge=0, le=3)] = 0.0
    """What a vendor charges beside that rent, over the rent."""

    @model_validator(mode="after")
    def _check(self) -> "OwnedOption":
        if self.deferrable == "on_spot":
            raise ValueError("deferrable on_spot is for rented GPUs: choose in_valleys or as_it_comes")
        if self.already_owned_servers > 0 and self.resale_usd_per_server is None:
            raise ValueError("already_owned_servers needs resale_usd_per_server: hardware in hand is not free")
        return self


def _rule(option: OwnedOption) -> Rule:
    return rule_of(option, option.server.server_gpus, option.staging_replicas)


def _standby_servers(option: OwnedOption) -> Numeric:
    return units_for(option.standby_replicas, option.capacity.gpus_per_replica, option.server.server_gpus)


def hardware_usd(option: OwnedOption, servers: Numeric) -> Numeric:
    """Price of some servers with all that is bought with them. [USD]"""
    attached = 1.0 + option.network_frac + option.storage_frac + option.installation_frac + option.spares_frac
    return servers * option.server.server_usd * attached + np.where(np.asarray(servers) > 0, option.fixed_usd, 0.0)


def had_usd(option: OwnedOption, servers: Numeric) -> Numeric:
    """What those of some servers would sell for today that are owned already. [USD]"""
    return np.minimum(servers, option.already_owned_servers) * (option.resale_usd_per_server or 0.0)


def worth_usd(option: OwnedOption, servers: Numeric) -> tuple[Numeric, Numeric]:
    """What is put into some servers today, bought or not sold, and what they sell for at the end of their life. [USD]"""
    bought, fetch = np.maximum(servers - option.already_owned_servers, 0.0), had_usd(option, servers)
    residual = (bought * option.server.server_usd + fetch) * option.residual_frac
    return hardware_usd(option, bought) + fetch, residual


def capital_lines(option: OwnedOption, servers: Numeric, discount_frac: Numeric) -> dict[str, Numeric]:
    """What the hardware costs a month: new servers, and what those owned already would fetch. [USD/month]"""
    fetch, life = had_usd(option, servers), option.life_months
    price, residual = worth_usd(option, servers)
    price, residual = price - fetch, residual - fetch * option.residual_frac
    return {
        "capital": capital_charge_usd_per_month(price, residual, discount_frac, life),
        "opportunity": capital_charge_usd_per_month(fetch, fetch * option.residual_frac, discount_frac, life),
    }


def server_lines(option: OwnedOption, servers: Numeric) -> dict[str, Numeric]:
    """What each server costs a month beside its price and its electricity. [USD/month]"""
    price, site = servers * option.server.server_usd, option.site
    contracted_kw = servers * option.server.nameplate_kilowatts * site.contracted_ratio
    return {
        "support": price * option.support_yearly_frac / MONTHS_PER_YEAR,
        "insurance": price * option.insurance_yearly_frac / MONTHS_PER_YEAR,
        "colocation": contracted_kw * site.colocation_usd_per_kilowatt_month,
    }


def draw_kilowatts(option: OwnedOption, shared: Shared, replicas: Numeric, servers: Numeric) -> tuple[Numeric, Numeric]:
    """Mean draw and draw of the busiest hour, servers and GPUs, before cooling. [kW]"""
    gpus, hours = servers * option.server.server_gpus, served_hours(option, shared)
    busy = busy_replicas(option, shared.workload, shared.requests)
    loads, watts = knots(option.power)
    each = option.capacity.gpus_per_replica
    host = gpus * option.power.host_watts_per_gpu / WATTS_PER_KILOWATT
    mean = mean_gpu_kilowatts(busy, replicas, gpus, each, loads, watts, hours) + host
    top_frac = share_of_paid(busy * float(hours.max()), replicas)
    busiest = replicas * each * (watts_at(top_frac, loads, watts) - watts[0]) + gpus * watts[0]
    return mean, busiest / WATTS_PER_KILOWATT + host


def _energy(
    option: OwnedOption, shared: Shared, replicas: Numeric, servers: Numeric
) -> tuple[dict[str, Numeric], Numeric]:
    site, finance = option.site, shared.finance
    mean_kw, top_kw = draw_kilowatts(option, shared, replicas, servers)
    kwh = kwh_per_month(mean_kw, site.pue)
    metered = 1.0 if site.power_billing == "metered" else 0.0
    energy = electricity_usd(kwh, site.electricity_usd_per_kwh) * metered
    demand = top_kw * site.pue * site.demand_usd_per_kilowatt_month * metered
    rise = rise_ratio(finance.tariff_escalation_frac, finance.discount_frac, finance.horizon_months) - 1.0
    lines: dict[str, Numeric] = {
        "electricity": energy,
        "demand_charge": demand,
        "tariff_escalation": (energy + demand) * rise,
    }
    return lines, kwh


def _ledger(option_id: str, option: OwnedOption, shared: Shared) -> Ledger:
    capacity, workload, rule = option.capacity, shared.workload, _rule(option)
    keys = week_keys(option, workload)
    load = shared.requests * load_per_request(option, workload)
    standby = _standby_servers(option)
    servers = week_figures(load, workload, keys, rule)[0] + standby
    peak = load * peak_level(workload, keys)
    replicas = rule.replicas(peak)
    hardware = {**capital_lines(option, servers, shared.finance.discount_frac), **server_lines(option, servers)}
    energy, kwh = _energy(option, shared, replicas, servers)
    gpus = servers * option.server.server_gpus
    api = failover_option(option, shared)
    hands_fte = servers * option.hands_per_server_fte
    lines: dict[str, Numeric] = {
        **hardware,
        **energy,
        "licences": gpus * option.licence_usd_per_gpu_year / MONTHS_PER_YEAR,
        "failover": tokens_usd(api, workload, shared.requests * option.failover_frac) if api is not None else 0.0,
    }
    request_s = mean_request_s(option, workload)
    gpu_hours = gpus * HOURS_PER_MONTH
    facts: dict[str, Numeric] = {
        "request_s": request_s,
        "step_requests_per_month": step_requests(option, workload, keys),
        "replicas_needed": replicas_needed(peak, 1.0, capacity.min_replicas),
        "replicas": replicas,
        "replicas_mean": replicas,
        "servers": servers,
        "gpu_hours_per_month": gpu_hours,
        "fleet_gpu_hours_per_month": gpu_hours,
        "load_frac": share_of_paid(busy_replicas(option, workload, shared.requests) * capacity.gpus_per_replica, gpus),
        "kwh_per_month": kwh,
        **_worth(option, shared, servers, {**hardware, **energy}),
    }
    return assemble(option_id, lines, option, shared, replicas, facts, hands_fte)


def _worth(option: OwnedOption, shared: Shared, servers: Numeric, iron: Mapping[str, Numeric]) -> dict[str, Numeric]:
    """A GPU-hour beside its rent, and the hardware's cost over its life in today's money."""
    hours = servers * option.server.server_gpus * HOURS_PER_MONTH
    hands = servers * option.hands_per_server_fte * shared.staffing.loaded_usd_per_fte_year / MONTHS_PER_YEAR
    price, residual = worth_usd(option, servers)
    monthly = sum(usd for name, usd in iron.items() if name not in ("capital", "opportunity"))
    discount, life, tax = shared.finance.discount_frac, option.life_months, shared.finance.tax_frac
    whole_usd = sum(iron.values(), 0.0)
    facts: dict[str, Numeric] = {
        "usd_per_gpu_hour": share_of_paid(whole_usd, hours),
        "usd_per_gpu_hour_with_hands": share_of_paid(whole_usd + hands, hours),
        "hardware_usd": price,
        "present_value_usd": present_value_usd(price, monthly, -residual, discount, life),
        "after_tax_present_value_usd": after_tax_present_value_usd(price, monthly, residual, discount, life, tax),
    }
    if option.rent_usd_per_gpu_hour is not None:
        rent = np.asarray(option.rent_usd_per_gpu_hour * (1.0 + option.rent_addon_frac), dtype=float)
        facts["rent_usd_per_gpu_hour"] = rent
        facts["rent_present_value_usd"] = present_value_usd(0.0, rent * hours, 0.0, discount, life)
        facts["worth_owning_above_frac"] = facts["usd_per_gpu_hour_with_hands"] / np.where(rent > 0, rent, np.nan)
    return facts


MOST_STEPS = 4_000
"""Steps of the fleet in which the bends of the power curve are told; beyond, one step moves the load by less than 1/4000."""


def _kinks(option: OwnedOption, shared: Shared, max_requests: float) -> Array:
    workload, rule = shared.workload, _rule(option)
    keys, load = week_keys(option, workload), plain(load_per_request(option, workload))
    week = plain_week(workload, keys)
    found = [edges_of(max_requests * load, week, rule) / load, failover_kinks(option, shared)]
    if option.people.scale_fte or option.power.points:  # people and watts follow replicas, the price follows servers
        steps = np.sort(edges_of(max_requests * load, week, replace(rule, unit_gpus=0.0)) / load)
        found += [
            steps,
            _bends(option, shared, np.concatenate([[0.0], steps[:MOST_STEPS]]), load * float(week.levels.max())),
        ]
    return np.concatenate(found)


def _bends(option: OwnedOption, shared: Shared, starts: Array, peak_load: float) -> Array:
    """Volumes within each step at which an hour's load passes a point of the power curve. [requests/month]"""
    loads, _ = knots(option.power)
    ends = np.append(starts[1:], np.inf)
    middles = np.append((starts[:-1] + starts[1:]) / 2.0, starts[-1] + 0.5 / peak_load)
    replicas = np.asarray(_rule(option).replicas(middles * peak_load))
    busy = plain(busy_replicas(option, shared.workload, 1.0)) * np.unique(served_hours(option, shared))
    busy = busy[busy > 0]
    at = np.array(loads[1:-1])[:, None, None] * replicas[:, None] / busy
    inside: Array = at[(at > starts[:, None]) & (at < ends[:, None])]
    return inside


def _tail(option: OwnedOption, shared: Shared, beyond_requests: float) -> Tail:
    workload, bound = shared.workload, Bound(_rule(option))
    keys, load = week_keys(option, workload), float(load_per_request(option, workload))
    peak = load * float(peak_level(workload, keys))
    unit_usd, owned_usd, fixed_usd = _server_usd(option, shared)
    low, high = bound.low * unit_usd + min(owned_usd, 0.0), bound.high * unit_usd + max(owned_usd, 0.0)
    low += fixed_usd if option.already_owned_servers == 0 else 0.0
    standby = float(np.asarray(_standby_servers(option))) * unit_usd
    watts_slope, watts_slack = _watts_usd(option, shared, peak, bound)
    rest_slope, rest_low, rest_high_slope, rest_high = rest_bounds(option, shared, beyond_requests, bound, peak)
    slope = bound.per_load * peak * unit_usd + watts_slope
    return Tail(
        slope + rest_slope,
        low + standby - watts_slack + rest_low,
        slope + rest_high_slope,
        high + fixed_usd + standby + watts_slack + rest_high,
    )


def _server_usd(option: OwnedOption, shared: Shared) -> tuple[float, float, float]:
    """A month of one server with its idle GPUs; how much those owned already differ; what is bought once. [USD/month]"""
    discount = shared.finance.discount_frac
    bought = option.model_copy(update={"already_owned_servers": 0.0, "fixed_usd": 0.0})
    new = sum(capital_lines(bought, 1.0, discount).values(), 0.0)
    had = option.model_copy(update={"already_owned_servers": 1.0, "fixed_usd": 0.0})
    differs = (sum(capital_lines(had, 1.0, discount).values(), 0.0) - new) * option.already_owned_servers
    idle = replace(shared, requests=0.0)
    energy = sum(_energy(option, idle, 1.0, 1.0)[0].values(), 0.0)
    with_hands = shared_lines(option, idle, 0.0, option.hands_per_server_fte)
    staff = sum(with_hands.values(), 0.0) - sum(shared_lines(option, idle, 0.0).values(), 0.0)
    licences = option.server.server_gpus * option.licence_usd_per_gpu_year / MONTHS_PER_YEAR
    unit = new + sum(server_lines(option, 1.0).values(), 0.0) + energy + staff + licences
    once = capital_charge_usd_per_month(option.fixed_usd, 0.0, discount, option.life_months)
    return float(np.asarray(unit)), float(np.asarray(differs)), float(np.asarray(once))


def _watts_usd(option: OwnedOption, shared: Shared, peak_load: float, bound: Bound) -> tuple[float, float]:
    """
    Electricity of work beyond idling: its slope, and how far whole replicas take it from that line. [USD/month]

    With n replicas the draw is n·g(work/n), of one degree in work and n together; a replica more or less moves it by at
    most the largest ``|g(x) - x·g'(x)|``.
    """
    one, replicas = replace(shared, requests=1.0), peak_load * bound.grown
    busy = sum(_energy(option, one, replicas, 1.0)[0].values(), 0.0)
    idle = sum(_energy(option, replace(shared, requests=0.0), replicas, 1.0)[0].values(), 0.0)
    loads, watts = knots(option.power)
    slope = np.cumsum(np.array(slopes(loads, watts), dtype=float))
    above = np.array(watts, dtype=float) - watts[0]
    jump = max(float(np.abs(above - np.array(loads) * side).max()) for side in (slope, np.append(0.0, slope[:-1])))
    site, rise = (
        option.site,
        rise_ratio(shared.finance.tariff_escalation_frac, shared.finance.discount_frac, shared.finance.horizon_months),
    )
    usd_per_kw = site.pue * (HOURS_PER_MONTH * site.electricity_usd_per_kwh + site.demand_usd_per_kilowatt_month) * rise
    metered = 1.0 if site.power_billing == "metered" else 0.0
    slack = jump * option.capacity.gpus_per_replica / WATTS_PER_KILOWATT * usd_per_kw * metered * bound.high_replicas
    return float(np.asarray(busy - idle)), float(np.asarray(slack))


def _week(option: OwnedOption, shared: Shared) -> WeekPlan:
    around = (option.site.pue, option.site.carbon_kg_per_kwh)
    standby = _standby_servers(option) * option.server.server_gpus
    return week_plan(option, shared, week_keys(option, shared.workload), _rule(option), around, [(standby, 0.0)])


OPTION = OptionKind("owned", OwnedOption, _ledger, _kinks, _tail, _week, kin="self_hosted")
