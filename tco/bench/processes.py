"""Processes with children of their own: started as a group, ended as a group, none left over."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_S = 20.0
"""How long an asked process may take to end before the next, harder signal."""
ORPHANS_S = 1.0
"""The same for the children of a process that has ended."""
POLL_S = 0.05
LAST_LINES = 15
_QUIET = {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"}


def environment() -> dict[str, str]:
    """This process's, with the usage reports of vLLM off unless somebody turned them on."""
    return _QUIET | dict(os.environ)


def group_lives(group: int) -> bool:
    """Whether any process of the group is there, one that only waits to be collected apart."""
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return any(_state(status) not in ("Z", "X", "") for status in _members(group))


@contextmanager
def guarded(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """While this lasts, a process that leads its own group ends with this program, even when this is killed outright."""
    script = Path(__file__).with_name("guardian.py")
    guard = subprocess.Popen(
        [sys.executable, "-I", "-S", str(script), str(process.pid)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield
    finally:
        guard.communicate(b".")


def stop_group(process: subprocess.Popen[bytes], patience_s: float = PATIENCE_S) -> None:
    """End a process that leads its own group, and every child: interrupt, terminate, kill, each after some patience. [s]"""
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        if process.poll() is not None and not group_lives(process.pid):
            return
        if _ignores(process.pid, how):
            continue  # a kernel of Jupyter, and a job in the background, hand on that they do not hear an interrupt
        try:
            os.killpg(process.pid, how)
        except ProcessLookupError:
            process.wait()
            return
        _wait(process, patience_s)


def last_lines(log: Path, most: int = LAST_LINES) -> str:
    """The end of a log, without empty lines."""
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return "(no log)"
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    return "\n".join(lines[-most:]) or "(it said nothing)"


def _ignores(process: int, how: int) -> bool:
    """Whether a process is deaf to a signal; no where that cannot be read."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    masks = [line.split()[1] for line in status.splitlines() if line.startswith("SigIgn:")]
    return bool(masks) and bool(int(masks[0], 16) >> (how - 1) & 1)


def _wait(process: subprocess.Popen[bytes], patience_s: float) -> None:
    """Until the group is gone, the patience is over, or its leader has been gone for long enough to take its children along."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until and (process.poll() is None or group_lives(process.pid)):
        if process.poll() is not None:
            until = min(until, time.monotonic() + ORPHANS_S)
            while time.monotonic() < until and group_lives(process.pid):
                time.sleep(POLL_S)
            return
        time.sleep(POLL_S)


def _members(group: int) -> list[str]:
    """The stat line of every process of a group; where there is no /proc, one that says it lives."""
    if not Path("/proc/self/stat").exists():
        return ["0 (x) S"]
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            if int(line.rpartition(")")[2].split()[2]) == group:
                found.append(line)
    return found


def _state(stat: str) -> str:
    words = stat.rpartition(")")[2].split()
    return words[0] if words else ""
