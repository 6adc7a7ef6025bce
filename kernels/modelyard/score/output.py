"""Keeps the file that this server's output goes to within bounds, whoever watches or not."""

from __future__ import annotations

import ctypes
import os
import stat
import threading
from contextlib import suppress

LIMIT = 20 << 20
"""Bytes on disk from which on the older half is given back."""

_INTERVAL = 30.0
_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # fallocate(2)


def keep_short() -> None:
    """Look at the file behind stdout from time to time, in a thread; silent when it is none."""
    if stat.S_ISREG(os.fstat(1).st_mode):
        threading.Thread(target=_watch, name="modelyard-output", daemon=True).start()


def _watch() -> None:
    pause = threading.Event()
    while not pause.wait(_INTERVAL):
        with suppress(OSError):
            trim(1)


def trim(descriptor: int) -> None:
    """Punch all but the last part out of a file that is too large; no byte changes its place."""
    found = os.fstat(descriptor)
    if found.st_blocks * 512 > LIMIT:
        libc = ctypes.CDLL(None)
        libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
        libc.fallocate(descriptor, _PUNCH_HOLE | _KEEP_SIZE, 0, found.st_size - LIMIT // 2)
