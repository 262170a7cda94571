"""Random cases for the solvers: everything an option can be, in figures small enough to count every step."""

from datetime import date
from typing import Any

import pytest
from hypothesis import strategies as st

from tco.case import Case, CaseNumbers
from tco.inputs.finance import Finance
from tco.inputs.hardware import Power, PowerPoint, Work
from tco.inputs.prices import (
    ApiPrice,
    Commitment,
    Factors,
    GpuRental,
    HourFactor,
    LongContext,
    Provisioned,
    ServerPrice,
    Site,
    VolumeDiscount,
)
from tco.inputs.staffing import People, Staffing
from tco.inputs.workload import Length, Service, Workload
from tco.model.demand import hot_cold_hours
from tco.options.api import ApiOption
from tco.options.owned import OwnedOption
from tco.options.rented import RentedOption
from tco.options.self_hosted import Capacity

DAY = date(2026, 11, 20)


def rounded(low: float, high: float) -> st.SearchStrategy[float]:
    """Figures as people write them: three digits, never so close together that rounding decides."""
    return st.floats(low, high).map(lambda x: float(f"{x:.3g}"))


@st.composite
def people(draw: st.DrawFn) -> People:
    return People(
        run_fte=draw(st.sampled_from([0.0, 0.1, 0.5])),
        scale_fte=draw(st.sampled_from([0.0, 0.0, 0.3])),
        build_hours=draw(st.sampled_from([0.0, 300.0])),
        oncall_usd_per_week=draw(st.sampled_from([0.0, 500.0])),
        oncall_rotations_count=1,
        incidents_per_month=1,
        hours_per_incident=2,
        swaps_per_year=draw(st.sampled_from([0.0, 2.0])),
        hours_per_swap=40,
        learning_ratio=0.9,
    )


@st.composite
def contracts(draw: st.DrawFn) -> dict[str, Any]:
    """Mostly none; else a year's spend, a month's minimum, or units: for the peak, or a fixed number with either excess."""
    kind = draw(st.sampled_from(["none", "none", "committed", "units", "both"]))
    found: dict[str, Any] = {}
    if kind in ("committed", "both"):
        year, month = draw(rounded(1e3, 1e6)), draw(st.sampled_from([0.0, 700.0, 9e4]))
        found["contract"] = Commitment(commitment_usd_per_year=year, minimum_usd_per_month=month)
    if kind in ("units", "both"):
        found["provisioned"] = Provisioned(
            unit_usd_per_month=draw(rounded(50, 1000)), unit_tok_per_minute=draw(rounded(2000, 50_000)),
            cached_ratio=draw(st.sampled_from([0.0, 0.1])), output_ratio=draw(st.sampled_from([1.0, 8.0])),
            bought_units=draw(st.sampled_from([None, 0, 5, 60])), min_units=draw(st.sampled_from([0, 15])),
            step_units=draw(st.sampled_from([1, 5])), excess=draw(st.sampled_from(["pay_as_you_go", "refused"])),
        )  # fmt: skip
    return found


@st.composite
def api_options(draw: st.DrawFn) -> ApiOption:
    paid = draw(rounded(0.05, 10))
    discounts = draw(st.lists(st.tuples(rounded(100, 5e4), rounded(0.2, 1)), max_size=2, unique_by=lambda t: t[0]))
    return ApiOption(
        label="API",
        price=ApiPrice(
            input_usd_per_mtok=paid,
            cache_read_usd_per_mtok=paid / 10,
            cache_write_usd_per_mtok=paid,
            output_usd_per_mtok=draw(rounded(0.2, 40)),
        ),
        batch=draw(st.sampled_from([None, Factors(input_ratio=0.5, cached_ratio=0.5, output_ratio=0.5)])),
        long_context=draw(
            st.sampled_from(
                [None]
                + [
                    LongContext(above_tok=2000, tier_rule=rule, input_ratio=2, cached_ratio=2, output_ratio=1.5)
                    for rule in ("whole_request", "marginal")
                ]
            )
        ),
        hours=draw(st.sampled_from([(), (HourFactor(hours_utc="Mon-Fri 01-04,06-10", price_ratio=2),)])),
        volume_discounts=tuple(VolumeDiscount(above_usd_per_month=a, price_ratio=r) for a, r in discounts),
        cache_hit_frac=draw(st.sampled_from([0.0, 0.4])),
        people=draw(people()),
        other_usd_per_month=draw(st.sampled_from([0.0, 500.0])),
        **draw(contracts()),
    )


@st.composite
def capacities(draw: st.DrawFn) -> Capacity:
    return Capacity(
        work=Work(
            prefill_s_per_tok=draw(rounded(1e-5, 1e-3)),
            cached_s_per_tok=1e-6,
            decode_s_per_tok=draw(rounded(1e-4, 1e-2)),
            context_s_per_tok2=draw(st.sampled_from([0.0, 5e-8])),
        ),
        gpus_per_replica=draw(st.integers(1, 8)),
        target_utilisation_frac=draw(st.sampled_from([0.6, 0.8, 1.0])),
        spare_replicas=draw(st.integers(0, 2)),
        spare_frac=draw(st.sampled_from([0.0, 0.1, 0.3])),
        min_replicas=draw(st.sampled_from([0, 1, 1, 3])),
    )


def self_hosted(draw: st.DrawFn, deferrable: list[str]) -> dict[str, Any]:
    """What rented and bought GPUs have in common."""
    return {
        "label": "own GPUs",
        "capacity": draw(capacities()),
        "cache_hit_frac": draw(st.sampled_from([0.0, 0.4])),
        "people": draw(people()),
        "other_usd_per_month": draw(st.sampled_from([0.0, 2500.0])),
        "guardrail_usd_per_mtok": draw(st.sampled_from([0.0, 0.0, 0.02])),
        "standby_replicas": draw(st.sampled_from([0.0, 0.0, 2.0])),
        "licence_usd_per_gpu_year": draw(st.sampled_from([0.0, 0.0, 4500.0])),
        "deferrable": draw(st.sampled_from(deferrable)),
        "failover_frac": draw(st.sampled_from([0.0, 0.005, 0.2])),
        "failover_to": draw(st.sampled_from(["api", "hosted", ""])),
    }


@st.composite
def rented_options(draw: st.DrawFn) -> RentedOption:
    fleet = draw(st.sampled_from(["fixed", "fixed", "reserved", "autoscaled", "reserved_and_burst"]))
    on_demand = draw(rounded(0.5, 6))
    return RentedOption(
        **self_hosted(draw, ["as_it_comes", "as_it_comes", "in_valleys", "on_spot"]),
        fleet=fleet,
        gpu=GpuRental(
            on_demand_usd_per_gpu_hour=on_demand,
            reserved_usd_per_gpu_hour=on_demand * draw(st.sampled_from([0.2, 0.7, 1.1])),
            spot_discount_frac=0.5,
            instance_gpus=draw(st.sampled_from([0, 0, 1, 8])),
        ),
        cold_start_minutes=draw(st.sampled_from([0, 10])),
        drain_minutes=draw(st.sampled_from([0, 5])),
        min_billing_minutes=draw(st.sampled_from([0, 60, 150])),
        scale_ahead_hours=0 if fleet in ("fixed", "reserved") else draw(st.sampled_from([0, 2])),
        addon_frac=draw(st.sampled_from([0.0, 0.15])),
        spot_waste_frac=0.05,
        staging_replica_hours_per_month=draw(st.sampled_from([0.0, 200.0])),
    )


@st.composite
def owned_options(draw: st.DrawFn) -> OwnedOption:
    curve = draw(st.sampled_from([(), ((0.5, 500.0),), ((0.2, 300.0), (0.6, 350.0))]))
    return OwnedOption(
        **self_hosted(draw, ["as_it_comes", "in_valleys"]),
        server=ServerPrice(server_usd=draw(rounded(1e4, 3e5)), server_gpus=8, nameplate_kilowatts=10.2),
        network_frac=0.1, storage_frac=0.04, installation_frac=0.03, spares_frac=0.0,
        fixed_usd=draw(st.sampled_from([0.0, 20_000.0])),
        residual_frac=0.15, life_months=48, support_yearly_frac=0.06, insurance_yearly_frac=0.005,
        hands_per_server_fte=draw(st.sampled_from([0.0, 0.05])),
        staging_replicas=draw(st.sampled_from([0, 1])),
        already_owned_servers=draw(st.sampled_from([0, 0, 3])),
        resale_usd_per_server=draw(rounded(1e3, 2e5)),
        power=Power(
            idle_watts_per_gpu=120, busy_watts_per_gpu=620, host_watts_per_gpu=200,
            points=tuple(PowerPoint(load_frac=load, watts_per_gpu=watts) for load, watts in curve),
        ),
        site=Site(
            power_billing=draw(st.sampled_from(["metered", "metered", "all_in"])),
            colocation_usd_per_kilowatt_month=195, contracted_ratio=1.0, electricity_usd_per_kwh=draw(rounded(0.05, 2)),
            demand_usd_per_kilowatt_month=draw(st.sampled_from([0.0, 15.0])), pue=1.35, carbon_kg_per_kwh=0.4,
        ),
    )  # fmt: skip


@st.composite
def random_cases(draw: st.DrawFn) -> Case:
    """Two vendors and two fleets, any of them against any other."""
    options = {
        "api": draw(api_options()),
        "hosted": draw(api_options()),
        "own": draw(rented_options()),
        "bigger": draw(rented_options()),
        "bought": draw(owned_options()),
    }
    pairs = [
        ("api", "own"), ("api", "own"), ("hosted", "own"), ("own", "api"), ("api", "hosted"), ("own", "bigger"),
        ("api", "bought"), ("own", "bought"), ("bought", "api"),
    ]  # fmt: skip
    baseline, challenger = draw(st.sampled_from(pairs))
    workload = Workload(
        requests_per_month=draw(rounded(1e3, 3e6)),
        input_length=Length(mean_tok=draw(rounded(100, 4000)), cv=draw(st.sampled_from([0.0, 1.0]))),
        output_length=Length(mean_tok=draw(rounded(10, 1000)), cv=draw(st.sampled_from([0.0, 1.0]))),
        cacheable_frac=0.4,
        batch_frac=draw(st.sampled_from([0.0, 0.2, 1.0])),
        shape_hours=hot_cold_hours(45, draw(st.sampled_from([1.0, 2.4]))),
        burst_ratio=draw(st.sampled_from([1.0, 1.15])),
    )
    numbers = CaseNumbers(
        as_of=DAY,
        workload=workload,
        service=Service(ttft_ms=1000, tpot_ms=50, slo_percentile=95),
        finance=Finance(
            discount_frac=draw(st.sampled_from([0.0, 0.1])),
            amortise_build_months=36,
            horizon_months=36,
            wage_escalation_frac=draw(st.sampled_from([0.0, 0.035])),
            tariff_escalation_frac=draw(st.sampled_from([0.0, 0.025])),
        ),
        staffing=Staffing(loaded_usd_per_fte_year=180_000, hours_per_fte_year=1800),
        options=options,
        baseline=baseline,
        challenger=challenger,
        hosted="hosted",
    )
    return Case(numbers, {}, "0" * 12, DAY)


@pytest.fixture(scope="session")
def cases() -> st.SearchStrategy[Any]:
    """Any case at all."""
    return random_cases()
