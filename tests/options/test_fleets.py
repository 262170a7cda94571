"""Each part of a fleet's bill, worked by hand on the plain scenario: a replica carries a million requests for 730 USD."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from tco.case import Case
from tco.errors import ScenarioError
from tco.evaluate import evaluate
from tco.solve.capacity import capacity_of

CaseOf = Callable[..., Case]
DAY = [2.0] * 12 + [0.5] * 12  # a day twice as busy as the mean for half of it: mean 1.25, so 1.6 and 0.4 of the mean
WEEK = [hour / 1.25 for hour in DAY] * 7


@pytest.fixture
def own(case_of: CaseOf, plain: Mapping[str, Any]) -> Callable[..., dict[str, float]]:
    """The lines of the plain scenario's own GPUs at 2.5 million requests a month, some fields changed."""

    def lines(**changes: Any) -> dict[str, float]:
        named = {f"options.own.{path.replace('__', '.')}": value for path, value in changes.items()}
        case = case_of(plain, {"workload.requests_per_month": 2.5e6, "workload.shape_hours": WEEK, **named})
        return {name: float(usd) for name, usd in evaluate(case)["own"].lines_usd.items()}

    return lines


def test_the_busy_hours_all_month(own: Callable[..., dict[str, float]]) -> None:
    # 2.5 x 1.6 = 4 replicas at the peak, and a spare: 5 x 730 x 1.00
    assert own()["gpu_rent"] == pytest.approx(3650)
    assert own()["scaling"] == 0


def test_following_the_hours(own: Callable[..., dict[str, float]]) -> None:
    # 84 hours of 5 and 84 of 1 + 1 = 2 replicas: 588 a week; 7 mornings on which 3 start, 10 + 5 minutes each
    lines = own(fleet="autoscaled", cold_start_minutes=10, drain_minutes=5, min_billing_minutes=0)
    assert lines["gpu_rent"] == pytest.approx(588 * 730 / 168)
    assert lines["scaling"] == pytest.approx(7 * 3 * 0.25 * 730 / 168)


def test_minimum_billing_of_a_day(own: Callable[..., dict[str, float]]) -> None:
    # each of the 21 starts runs 12 hours; billed for 13 it costs one more
    lines = own(fleet="autoscaled", cold_start_minutes=0, drain_minutes=0, min_billing_minutes=13 * 60)
    assert lines["scaling"] == pytest.approx(21 * 1 * 730 / 168)


def test_an_hour_ahead(own: Callable[..., dict[str, float]]) -> None:
    # the busy twelve hours become thirteen: 91 hours of 5, 77 of 2
    lines = own(fleet="autoscaled", cold_start_minutes=0, drain_minutes=0, min_billing_minutes=0, scale_ahead_hours=1)
    assert lines["gpu_rent"] == pytest.approx((91 * 5 + 77 * 2) * 730 / 168)


@pytest.mark.parametrize(
    ("reserved", "usd_per_week"), [(0.45, 5 * 168 * 0.45), (0.6, 2 * 168 * 0.6 + 84 * 3), (1.1, 588)]
)
def test_what_is_needed_often_enough_is_reserved(
    own: Callable[..., dict[str, float]], reserved: float, usd_per_week: float
) -> None:
    # three of five replicas are needed in half of the hours: reserved below half the price; all hours: below the price
    lines = own(fleet="reserved_and_burst", gpu__reserved_usd_per_gpu_hour=reserved, cold_start_minutes=0,
                drain_minutes=0, min_billing_minutes=0)  # fmt: skip
    assert lines["gpu_rent"] == pytest.approx(usd_per_week * 730 / 168)


def test_a_discount_stands_in_for_a_reserved_price(own: Callable[..., dict[str, float]]) -> None:
    assert own(fleet="reserved", gpu__reserved_discount_frac=0.4)["gpu_rent"] == pytest.approx(3650 * 0.6)


def test_instances_that_hold_several_replicas(own: Callable[..., dict[str, float]]) -> None:
    # 5 replicas of 1 GPU in instances of 4: two instances, 8 GPUs
    assert own(gpu__instance_gpus=4)["gpu_rent"] == pytest.approx(8 * 730)


def test_a_replica_larger_than_an_instance(own: Callable[..., dict[str, float]]) -> None:
    # 5 replicas of 3 GPUs in instances of 2: two each, 20 GPUs
    assert own(capacity__gpus_per_replica=3, gpu__instance_gpus=2)["gpu_rent"] == pytest.approx(20 * 730)


def test_what_comes_on_top_of_the_rent(own: Callable[..., dict[str, float]]) -> None:
    # two replicas warm elsewhere 1,460; 20 % of 3,650 + 1,460 on top; 7 GPUs x 1,200 a year
    lines = own(standby_replicas=2, addon_frac=0.2, licence_usd_per_gpu_year=1200)
    assert lines["standby"] == pytest.approx(1460)
    assert lines["rent_addons"] == pytest.approx(0.2 * (3650 + 1460))
    assert lines["licences"] == pytest.approx(700)


def test_work_that_waits_on_spot_gpus(case_of: CaseOf, plain: Mapping[str, Any]) -> None:
    # 40 % wait: 2.5 x 0.6 x 1.6 = 2.4 → 3 and a spare; 1 replica's work at half price, a tenth of the hours lost
    changes = {"requests_per_month": 2.5e6, "shape_hours": WEEK, "batch_frac": 0.4}
    spot = {"deferrable": "on_spot", "gpu.spot_usd_per_gpu_hour": 0.5, "spot_waste_frac": 0.1}
    named = {f"workload.{k}": v for k, v in changes.items()} | {f"options.own.{k}": v for k, v in spot.items()}
    lines = evaluate(case_of(plain, named))["own"].lines_usd
    assert float(lines["gpu_rent"]) == pytest.approx(4 * 730)
    assert float(lines["spot_rent"]) == pytest.approx(730 * 0.5 / 0.9)


def test_lines_that_every_option_may_have(own: Callable[..., dict[str, float]]) -> None:
    # 2,500 Mtok x 0.02
    lines = own(guardrail_usd_per_mtok=0.02, evaluation_usd_per_month=300, gateway_usd_per_month=200)
    assert (lines["guardrail"], lines["evaluation"], lines["gateway"]) == (pytest.approx(50), 300, 200)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fleet": "fixed", "scale_ahead_hours": 1}, "never scales"),
        ({"fleet": "reserved", "gpu.reserved_discount_frac": 0}, "reserved_usd_per_gpu_hour"),
        ({"deferrable": "on_spot", "gpu.spot_discount_frac": 0}, "spot_usd_per_gpu_hour"),
    ],
)
def test_a_fleet_that_contradicts_itself(
    case_of: CaseOf, plain: Mapping[str, Any], changes: Mapping[str, Any], words: str
) -> None:
    with pytest.raises(ScenarioError, match=words):
        case_of(plain, {f"options.own.{path}": value for path, value in changes.items()})


BOUGHT = {
    "kind": "owned",
    "server": {"server_usd": 100_000, "server_gpus": 4, "nameplate_kilowatts": 5},
    "power": {"idle_watts_per_gpu": 100, "busy_watts_per_gpu": 500, "host_watts_per_gpu": 100},
    "network_frac": 0, "storage_frac": 0, "installation_frac": 0, "spares_frac": 0, "residual_frac": 0,
    "life_months": 50, "support_yearly_frac": 0.12, "insurance_yearly_frac": 0, "hands_per_server_fte": 0.1,
    "guardrail_usd_per_mtok": 0, "evaluation_usd_per_month": 0, "gateway_usd_per_month": 0,
    "site": {"power_billing": "metered", "colocation_usd_per_kilowatt_month": 200, "contracted_ratio": 0.8, "pue": 1.5,
             "electricity_usd_per_kwh": 0.1, "demand_usd_per_kilowatt_month": 10, "carbon_kg_per_kwh": 0.4},
}  # fmt: skip


@pytest.fixture
def bought(case_of: CaseOf, plain: Mapping[str, Any]) -> Callable[..., Case]:
    """The plain fleet on bought servers of four GPUs, at 4 million requests in an even week, some fields changed."""
    rented = plain["options"]["own"]
    own = {**{key: rented[key] for key in ("capacity", "people", "cache_hit_frac", "other_usd_per_month")}, **BOUGHT}
    tree = {**plain, "options": {**plain["options"], "own": own}}
    return lambda **changes: case_of(
        tree,
        {
            "workload.requests_per_month": 4e6,
            **{f"options.own.{path.replace('__', '.')}": value for path, value in changes.items()},
        },
    )


def lines_of(case: Case) -> dict[str, float]:
    return {name: float(usd) for name, usd in evaluate(case)["own"].lines_usd.items()}


def test_bought_servers_line_by_line(bought: Callable[..., Case]) -> None:
    # 4 replicas and a spare are 5 GPUs: two servers. No interest: 200,000 / 50 = 4,000; support 1 % a month of 200,000
    lines = lines_of(bought())
    assert lines["capital"] == pytest.approx(4000)
    assert lines["support"] == pytest.approx(2000)
    assert lines["colocation"] == pytest.approx(2 * 5 * 0.8 * 200)
    assert lines["people_hands"] == pytest.approx(2 * 0.1 * 15_000)
    # 8 GPUs: 8 x 200 W idle and host; 4 replicas' work adds 4 x 400 W: 3.2 kW x 1.5 x 730 h x 0.10, and x 10 for the peak
    assert lines["electricity"] == pytest.approx(3.2 * 1.5 * 730 * 0.1)
    assert lines["demand_charge"] == pytest.approx(3.2 * 1.5 * 10)


def test_electricity_is_never_paid_twice(bought: Callable[..., Case]) -> None:
    lines = lines_of(bought(site__power_billing="all_in"))
    assert (lines["electricity"], lines["demand_charge"], lines["tariff_escalation"]) == (0, 0, 0)
    assert lines["colocation"] == pytest.approx(1600)


def test_servers_owned_already_cost_what_they_would_fetch(bought: Callable[..., Case]) -> None:
    # one of the two is owned: 30,000 / 50 = 600 instead of 2,000
    lines = lines_of(bought(already_owned_servers=1, resale_usd_per_server=30_000))
    assert (lines["capital"], lines["opportunity"]) == (pytest.approx(2000), pytest.approx(600))
    assert lines["support"] == pytest.approx(2000)


def test_hardware_in_hand_is_not_free(bought: Callable[..., Case]) -> None:
    with pytest.raises(ScenarioError, match="resale_usd_per_server"):
        bought(already_owned_servers=1)


def test_a_bought_gpu_hour_beside_its_rent(bought: Callable[..., Case]) -> None:
    # 4,000 + 2,000 + 1,600 + 350.40 + 48 = 7,998.40 over 8 x 730 GPU-hours; with hands 10,998.40, against 4.00 an hour
    plan = capacity_of(bought(rent_usd_per_gpu_hour=3.2, rent_addon_frac=0.25))
    assert plan is not None
    assert plan.facts["usd_per_gpu_hour"] == pytest.approx(7998.4 / 5840)
    assert plan.facts["worth_owning_above_frac"] == pytest.approx(10_998.4 / 5840 / 4)


def test_spot_is_not_for_bought_servers(bought: Callable[..., Case]) -> None:
    with pytest.raises(ScenarioError, match="on_spot is for rented"):
        bought(deferrable="on_spot")
