"""How many GPUs this machine has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

_NVIDIA = Path("/proc/driver/nvidia/gpus")
_TIMEOUT = 10.0


def count_gpus() -> int:
    """NVIDIA GPUs whose driver is loaded; 0 where there is none or it does not answer."""
    if _NVIDIA.is_dir():
        return sum(1 for _ in _NVIDIA.iterdir())
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    try:
        answer = subprocess.run(
            [program, "-L"], capture_output=True, text=True, timeout=_TIMEOUT, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    return sum(line.startswith("GPU ") for line in answer.stdout.splitlines())
