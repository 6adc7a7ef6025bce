"""A Jupyter server extension that notes how late the event loop is; see event_loop.py."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

STEP = 0.005
"""Seconds between two looks."""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "benchmarks._loop_probe"}]


def _load_jupyter_server_extension(_app: Any) -> None:
    """Jupyter wants one; it is too early here."""


async def _start_jupyter_server_extension(_app: Any) -> None:
    asyncio.get_running_loop().create_task(_note(Path(os.environ["LOOP_PROBE"])))


async def _note(target: Path) -> None:
    """Write when each look was, and how late it was, in seconds."""
    with target.open("w", buffering=1 << 12) as file:
        while True:
            due = time.perf_counter() + STEP
            await asyncio.sleep(STEP)
            file.write(f"{time.time():.4f} {time.perf_counter() - due:.6f}\n")
