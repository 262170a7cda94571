"""How long one answer takes: a scenario's names to numbers, and all its break-evens."""

from pathlib import Path

from _timing import report, timed_ms

from tco.catalog import Catalog
from tco.resolve import resolve
from tco.scenario import Scenario
from tco.solve.breakeven import break_even

SCENARIO = Path(__file__).resolve().parents[1] / "tests" / "golden" / "g05" / "scenario.yaml"
REPEATS = 50
TARGET_MS = 30


def main() -> int:
    """Time resolve and break_even together after one warm-up: what happens at every move of a slider."""
    scenario, catalog = Scenario.read(SCENARIO), Catalog.open()
    break_even(resolve(scenario, catalog))
    return report(
        "resolve and break_even", timed_ms(lambda: break_even(resolve(scenario, catalog)), REPEATS), TARGET_MS
    )


if __name__ == "__main__":
    raise SystemExit(main())
