"""The exact break-even against what is usually done, a grid of volumes or a root finder, on the worked example G02."""

import statistics
from collections.abc import Callable
from functools import partial

import numpy as np
from _timing import machine, timed_ms
from scipy.optimize import brentq  # type: ignore[import-untyped]

from tco.case import Case
from tco.catalog import Catalog
from tco.evaluate import VOLUME, evaluate
from tco.resolve import resolve
from tco.scenario import Scenario
from tco.solve.breakeven import break_even
from tco.units import Array, Numeric

G02 = """
# A line of 5.00 against 10,000 + 3,000 for each started 1,000 and one spare, and 0.30 each. One request is one Mtok.
as_of: 2026-11-20
baseline: api
challenger: own
hosted: api
finance: {discount_frac: 0, amortise_build_months: 36}
service: {ttft_ms: 1000, tpot_ms: 50, slo_percentile: 95}
staffing: {loaded_usd_per_fte_year: 0, hours_per_fte_year: 1800}
workload: {requests_per_month: 1000, input_length: {mean_tok: 1.0e+6, cv: 0}, output_length: {mean_tok: 0, cv: 0},
           cacheable_frac: 0, batch_frac: 0, busy_hours: 1, busy_ratio: 1, burst_ratio: 1}
options:
  api:
    kind: api
    price: {input_usd_per_mtok: 5.00, output_usd_per_mtok: 0}
    cache_hit_frac: 0
    people: &nobody {run_fte: 0, build_hours: 0, oncall_rotations_count: 0, incidents_per_month: 0, swaps_per_year: 0}
    other_usd_per_month: 0
  own:
    kind: rented
    capacity: {gpus_per_replica: 1, target_utilisation_frac: 1, spare_replicas: 1, spare_frac: 0,
               work: {prefill_s_per_tok: 2.628e-3, cached_s_per_tok: 0, decode_s_per_tok: 0, context_s_per_tok2: 0}}
    gpu: {on_demand_usd_per_gpu_hour: 4.1095890410958904}  # 3,000 / 730
    cache_hit_frac: 0
    people: *nobody
    other_usd_per_month: 10000
    staging_replica_hours_per_month: 0
    failover_frac: 0.06  # 0.30 / 5.00
"""
FAR = 20_000.0
REPEATS = 15


def gap(case: Case, volume: Numeric) -> Array:
    """What the challenger saves at some volumes. [USD/month]"""
    ledgers = evaluate(case, {VOLUME: volume})
    return ledgers["api"].running_usd - ledgers["own"].running_usd


def exact(case: Case) -> tuple[list[float], str]:
    """Every end of every interval won, and what is known beyond."""
    found = break_even(case).running_cost
    ends = [end for interval in found.intervals for end in interval if end is not None]
    return ends, "proven for ever" if found.proven else "unknown"


def sampled(volumes: Array) -> Callable[[Case], tuple[list[float], str]]:
    """Volumes of a grid after which the sign has changed."""

    def find(case: Case) -> tuple[list[float], str]:
        sign = gap(case, volumes) >= 0
        return volumes[np.flatnonzero(np.diff(sign)) + 1].tolist(), "unknown"

    return find


def root_finder(case: Case) -> tuple[list[float], str]:
    """One root between the ends, wherever the finder happens to land."""
    return [float(brentq(lambda volume: float(gap(case, volume)), 1.0, FAR))], "unknown"


METHODS: dict[str, Callable[[Case], tuple[list[float], str]]] = {
    "break_even (the whole answer, warnings and all)": exact,
    "grid, 400,000 points to 20,000": sampled(np.linspace(FAR / 400_000, FAR, 400_000)),
    "grid, 400 points on a logarithmic axis": sampled(np.geomspace(1.0, FAR, 400)),
    "scipy.optimize.brentq from 1 to 20,000": root_finder,
}


def main() -> int:
    """Print time, crossings found and what each method knows beyond its end; 1 when the exact one is wrong."""
    print(machine())
    case = resolve(Scenario.from_yaml(G02), Catalog.open())
    truth = [37_000 / 4.7, 8_000.0, 40_000 / 4.7, 9_000.0, 43_000 / 4.7]  # by hand: (10,000 + (j + 1) 3,000) / 4.70
    print(f"{'by hand':<50} {'':>12} {', '.join(f'{x:.3f}' for x in truth)}")
    for name, method in METHODS.items():
        found, beyond = method(case)
        median = statistics.median(timed_ms(partial(method, case), REPEATS))
        print(f"{name:<50} {median:9.2f} ms {', '.join(f'{x:.3f}' for x in found)}; beyond: {beyond}")
    return int(not np.allclose(exact(case)[0], truth, rtol=1e-9))


if __name__ == "__main__":
    raise SystemExit(main())
