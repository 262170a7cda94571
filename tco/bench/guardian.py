"""
Ends a group of processes when the program that started it is gone, however it went: a killed kernel leaves no server on the GPU.

A script of its own, run by ``processes.guarded``. It waits at the end of a pipe that only its maker holds: when that closes
without a word the maker has died. Standard library alone, so that it starts in some milliseconds.
"""

import os
import signal
import sys
import time

PATIENCE_S = 5.0
POLL_S = 0.1


def main(group: int) -> None:
    """Wait for a word or for the pipe's end; on its end interrupt, terminate and kill the group."""
    if sys.stdin.buffer.read(1):
        return
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + PATIENCE_S
        try:
            os.killpg(group, how)
            while time.monotonic() < until:
                os.killpg(group, 0)
                time.sleep(POLL_S)
        except (ProcessLookupError, PermissionError):
            return


if __name__ == "__main__":
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, signal.SIG_IGN)
    main(int(sys.argv[1]))
