"""How long the commands take in a shell, each in a process of its own."""

import sys
import tempfile

from _timing import machine, process_ms, report, tco_command

REPEATS = 15
HELP_TARGET_MS = 150
BENCH_HELP_TARGET_MS = 250
BREAKEVEN_TARGET_MS = 800
SCENARIO = "support-assistant"


def main() -> int:
    """Time `tco --help` and `tco breakeven`, and the latter without any compiled bytecode, as after some installs."""
    print(machine())
    tco = tco_command()
    report("python -c pass (the floor)", process_ms([sys.executable, "-c", "pass"], REPEATS), None)
    missed = report("tco --help", process_ms([*tco, "--help"], REPEATS), HELP_TARGET_MS)
    missed |= report("tco bench --help", process_ms([*tco, "bench", "--help"], REPEATS), BENCH_HELP_TARGET_MS)
    for words in (["--json"], []):
        command = [*tco, "breakeven", SCENARIO, *words]
        name = f"tco breakeven {SCENARIO} {' '.join(words)}".rstrip()
        missed |= report(name, process_ms(command, REPEATS), BREAKEVEN_TARGET_MS)
    with tempfile.TemporaryDirectory() as empty:
        uncompiled = {"PYTHONPYCACHEPREFIX": empty, "PYTHONDONTWRITEBYTECODE": "1"}
        took = process_ms([*tco, "breakeven", SCENARIO, "--json"], 5, uncompiled)
    report("the same with no bytecode at all (first run ever)", took, None)
    return missed


if __name__ == "__main__":
    raise SystemExit(main())
