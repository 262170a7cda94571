"""How long `tco lab` takes from the command to the address of a notebook that is live."""

import signal
import subprocess
import sys
import tempfile

from _timing import report, timed_ms

REPEATS = 3
TARGET_MS = 15_000


def open_and_stop(folder: str) -> None:
    """Start `tco lab`, read on until it prints its address, and stop it."""
    command = [sys.executable, "-m", "tco.lab", "--no-browser"]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said = ""
    for line in process.stdout or []:
        said += line
        if "is live" in line or "failed" in line:
            break
    process.send_signal(signal.SIGINT)
    if process.wait(timeout=60) != 0 or "failed" in said:
        raise SystemExit(said)


def main() -> int:
    """Time it with its stopping, in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        return report("tco lab, start to stop", timed_ms(lambda: open_and_stop(folder), REPEATS), TARGET_MS)


if __name__ == "__main__":
    raise SystemExit(main())
