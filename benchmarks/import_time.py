"""How long `import tco` takes in a new interpreter, beside the packages it does not import."""

import statistics
import sys

from _timing import machine, process_ms, report

REPEATS = 15
TARGET_MS = 50
PEERS = ("pydantic.main", "numpy", "pandas", "scipy.optimize")


def main() -> int:
    """Time the interpreter with and without each import, and report the differences."""
    print(machine())
    bare = statistics.median(process_ms([sys.executable, "-c", "pass"], REPEATS))
    missed = 0
    for name in ("tco", *PEERS):
        took = process_ms([sys.executable, "-c", f"import {name}"], REPEATS)
        target = TARGET_MS if name == "tco" else None
        missed |= report(f"import {name}", [max(ms - bare, 0.0) for ms in took], target)
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
