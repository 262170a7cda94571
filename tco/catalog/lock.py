"""One writer at a time, and files that are whole or not there."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tco.errors import Fault, TcoError

WAIT_S = 10.0
"""How long to wait for another writer."""
_PAUSE_S = 0.05


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """
    Hold the lock of a file while it is compared and written; another process waits, and so does another thread.

    Raises
    ------
    TcoError
        When the folder cannot be written, or the lock is not free within ``WAIT_S`` seconds.
    """
    beside = path.with_name(f".{path.name}.lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = _taken(beside)
    except OSError as error:
        raise TcoError(
            Fault(str(path), error.strerror or "cannot be written", "name a folder you may write in")
        ) from None
    try:
        yield
    finally:
        _given_back(handle, beside)


def write_whole(path: Path, content: bytes) -> None:
    """
    Write beside, then rename: a reader sees the old file or the new one, never half of one. The file's mode is kept.

    Raises
    ------
    TcoError
        When it cannot be written.
    """
    beside = ""
    try:
        handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(beside, _mode(path))
        os.replace(beside, path)
    except OSError as error:
        Path(beside or path.with_suffix(".part")).unlink(missing_ok=True)
        raise TcoError(
            Fault(str(path), error.strerror or "cannot be written", "name a folder you may write in")
        ) from None


def _mode(path: Path) -> int:
    if path.exists():
        return path.stat().st_mode & 0o777
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _taken(beside: Path) -> int:
    """The lock's open file, once nobody else holds it."""
    until = time.monotonic() + WAIT_S
    while True:
        handle = os.open(beside, os.O_CREAT | os.O_RDWR, 0o666)
        if _try(handle) and _still(handle, beside):
            return handle
        os.close(handle)
        if time.monotonic() > until:
            mend = f"try again when they are done; if nobody writes, remove {beside.name}"
            raise TcoError(Fault(str(beside), f"somebody else has been writing for {WAIT_S:g} seconds", mend))
        time.sleep(_PAUSE_S)


def _still(handle: int, beside: Path) -> bool:
    """Whether the file that was locked is the one that others will find: its last holder takes it away."""
    try:
        return os.path.samestat(os.fstat(handle), os.stat(beside))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _try(handle: int) -> bool:
        try:
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _given_back(handle: int, beside: Path) -> None:
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
        os.close(handle)

else:
    import fcntl

    def _try(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _given_back(handle: int, beside: Path) -> None:
        beside.unlink(missing_ok=True)
        os.close(handle)
