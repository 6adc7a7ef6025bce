"""A Jupyter server extension that notes how late the event loop is; see event_loop.py."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from typing import Any

_STEP = 0.005


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    return [{"module": "benchmarks.loop_probe"}]


def _load_jupyter_server_extension(_app: Any) -> None:
    asyncio.get_event_loop_policy().get_event_loop().call_soon(_tick, time.perf_counter())


def _tick(due: float) -> None:
    late = time.perf_counter() - due
    with Path(os.environ["LOOP_PROBE"]).open("a") as file:
        file.write(f"{late * 1000:.3f}\n")
    asyncio.get_running_loop().call_later(_STEP, _tick, time.perf_counter() + _STEP)
