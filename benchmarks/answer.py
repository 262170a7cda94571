"""How long one answer takes: a scenario's names to numbers, and every break-even over its options."""

from functools import partial
from pathlib import Path

from _timing import machine, report, timed_ms

from tco.catalog import Catalog
from tco.resolve import resolve
from tco.scenario import Scenario
from tco.solve.breakeven import break_even

ROOT = Path(__file__).resolve().parents[1]
SCENARIOS = {  # three or four options; six, three of which follow the hours of the week or fill its valleys
    "tests/golden/g05/scenario.yaml": 15,
    "scenarios/support-assistant.yaml": 10,
    "scenarios/own-or-rent.yaml": 15,
}
"""Scenarios, and the milliseconds that a break-even of them may take."""
REPEATS = 100
SLIDER_TARGET_MS = 30


def answered(scenario: Scenario, catalog: Catalog) -> None:
    """Names to numbers, and the break-even of them."""
    break_even(resolve(scenario, catalog))


def main() -> int:
    """Time `break_even` alone, and with `resolve` before it: what happens at every move of a slider."""
    print(machine())
    catalog, missed = Catalog.open(ROOT), 0
    for name, target_ms in SCENARIOS.items():
        scenario = Scenario.read(ROOT / name)
        case = resolve(scenario, catalog)
        break_even(case)
        exact = timed_ms(partial(break_even, case), REPEATS)
        missed |= report(
            f"break_even, {len(case.numbers.options)} options, {Path(name).parent.name}/{Path(name).stem}",
            exact,
            target_ms,
        )
        whole = timed_ms(partial(answered, scenario, catalog), REPEATS)
        missed |= report("  and resolve before it", whole, SLIDER_TARGET_MS)
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
