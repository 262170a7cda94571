"""How long `import tco` takes in a new interpreter."""

import statistics
import subprocess
import sys

from _timing import report, timed_ms

REPEATS = 15
TARGET_MS = 50


def main() -> int:
    """Time the interpreter with and without the import, and report the difference."""
    bare = statistics.median(timed_ms(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), REPEATS))
    took = timed_ms(lambda: subprocess.run([sys.executable, "-c", "import tco"], check=True), REPEATS)
    return report("import tco", [max(ms - bare, 0.0) for ms in took], TARGET_MS)


if __name__ == "__main__":
    raise SystemExit(main())
