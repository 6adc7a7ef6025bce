"""A Jupyter server extension that notes how late the event loop is; see event_loop.py."""

from __future__ import annotations

import asyncio
import io
import os
import time
from pathlib import Path
from typing import Any

STEP = 0.005
"""Seconds between two looks."""
_SCHEDSTAT = Path("/proc/thread-self/schedstat")


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "benchmarks._loop_probe"}]


def _load_jupyter_server_extension(_app: Any) -> None:
    """Jupyter wants one; it is too early here."""


async def _start_jupyter_server_extension(_app: Any) -> None:
    asyncio.get_running_loop().create_task(_note(Path(os.environ["LOOP_PROBE"])))


async def _note(target: Path) -> None:
    """Write when each look was, how late, and how much of that was waiting for a core: seconds.

    The last is the kernel's count for this thread (`schedstat`): on a busy machine it is not the
    server that is late then.
    """
    with target.open("w", buffering=1 << 12) as file, _SCHEDSTAT.open("rb", buffering=0) as stat:
        waited = _waited(stat)
        while True:
            due = time.perf_counter() + STEP
            await asyncio.sleep(STEP)
            late, before, waited = time.perf_counter() - due, waited, _waited(stat)
            file.write(f"{time.time():.4f} {late:.6f} {min(late, waited - before):.6f}\n")


def _waited(stat: io.FileIO) -> float:
    """Seconds that this thread has waited for a core since it began."""
    stat.seek(0)
    return int(stat.read().split()[1]) / 1e9
