"""One at a time on this machine chooses devices, whichever server and user it belongs to."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard_server.engines.base import EngineLost

# Not in the runtime root, which each user has one of: GPUs are the machine's.
HOST_LOCK = Path("/tmp/modelyard-devices.lock")  # noqa: S108
_TIMEOUT = 180.0
_POLL = 0.02


@contextmanager
def held(path: Path, timeout: float = _TIMEOUT) -> Iterator[None]:
    """Hold the lock; it ends with the block, or with the process.

    Raises
    ------
    EngineLost: somebody else has held it for `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while (descriptor := _taken(path)) is None:
        if time.monotonic() > deadline:
            raise EngineLost(
                f"Another server has been giving out GPUs for {timeout:.0f} s.",
                hint=f"See which process holds {path}: fuser -v {path}",
            )
        time.sleep(_POLL)
    try:
        yield
    finally:
        os.close(descriptor)


def _taken(path: Path) -> int | None:
    descriptor = _opened(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # A cleaner of temporary files may have removed it meanwhile: then others hold another.
        if os.fstat(descriptor).st_ino == path.stat().st_ino:
            return descriptor
    except (BlockingIOError, FileNotFoundError):
        pass
    os.close(descriptor)
    return None


def _opened(path: Path) -> int:
    """For reading only: that suffices for a lock, and no user need trust another's file."""
    reading = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
    while True:
        try:
            return os.open(path, reading)
        except FileNotFoundError:
            pass
        try:
            made = os.open(path, reading | os.O_CREAT | os.O_EXCL, 0o644)
        except FileExistsError:
            continue
        os.fchmod(made, 0o644)  # whatever the umask: others must be able to open it
        return made
