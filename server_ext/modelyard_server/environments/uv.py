"""Runs uv, tells what it is doing, and says in one sentence why it could not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from uv import find_uv_bin

from modelyard.errors import (
    FREES_SPACE,
    EngineUnavailable,
    InvalidInput,
    ModelyardError,
    StorageFull,
)
from modelyard.schema.common import Progress
from modelyard_server.engines.base import Report
from modelyard_server.environments.index import uv_environment

TIMEOUT = 3600.0
"""Seconds after which uv is ended: it downloads gigabytes at most."""

_KEPT_LINES = 60
_PHASES = {
    "Resolved": ("resolving", "Resolved {rest}"),
    "Downloading": ("fetching", "Fetching {rest}"),
    "Downloaded": ("fetching", "Fetched {rest}"),
    "Prepared": ("fetching", "Fetched {rest}"),
    "Installed": ("building", "Installed {rest}"),
}
_NETWORK = (
    "failed to fetch", "error sending request", "dns error", "connection refused",
    "tcp connect error", "timed out", "network connectivity is disabled", "client error (connect)",
)  # fmt: skip


_running: set[subprocess.Popen[str]] = set()


def stop_all() -> None:
    """End every uv of this process: nobody waits any more for what they fetch."""
    for process in list(_running):
        process.kill()


def run_uv(arguments: Sequence[str], report: Report, *, work: Path) -> None:
    """Run `uv arguments` in the directory `work`.

    Raises
    ------
    InvalidInput: the packages do not exist, or contradict each other; in uv's own words.
    EngineUnavailable: no package index answers.
    StorageFull: the disk is full.
    """
    try:
        process = subprocess.Popen(
            [_program(), *arguments, *_configuration(), "--color", "never"],
            env=uv_environment(os.environ),
            cwd=work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
        )
    except OSError as error:
        raise EngineUnavailable(f"uv cannot be started: {error}.") from error
    alarm = threading.Timer(TIMEOUT, process.kill)
    alarm.daemon = True
    alarm.start()
    said: deque[str] = deque(maxlen=_KEPT_LINES)
    _running.add(process)
    try:
        with process:
            for line in process.stderr or ():
                said.append(line.rstrip())
                _tell(line.strip(), report)
    finally:
        _running.discard(process)
        alarm.cancel()
    if process.returncode:
        raise _explained("\n".join(said))


def _program() -> str:
    try:
        return find_uv_bin()
    except FileNotFoundError:
        found = shutil.which("uv")
    if found is None:
        raise EngineUnavailable(
            "uv, which fetches packages, is not installed.", hint="Install it: pip install uv"
        )
    return found


def _configuration() -> list[str]:
    """The user's or the machine's uv.toml; never one that happens to lie around the workspace."""
    if "UV_CONFIG_FILE" in os.environ:
        return []
    user = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    for folder in (user, Path("/etc")):
        if (folder / "uv" / "uv.toml").is_file():
            return ["--config-file", str(folder / "uv" / "uv.toml")]
    return ["--no-config"]


def _tell(line: str, report: Report) -> None:
    word, _, rest = line.partition(" ")
    if word in _PHASES:
        phase, message = _PHASES[word]
        report(Progress(phase=phase, message=message.format(rest=rest)))


def _explained(output: str) -> ModelyardError:
    """uv's explanation without its frame: `× No solution …  ╰─▶ Because …`."""
    lines = [line for line in output.splitlines() if not line.startswith(("warning:", "Using "))]
    text = re.sub(r"[×╰─▶│├]+", " ", " ".join(lines))
    text = re.sub(r"error:|cause:|No solution found when resolving dependencies:?", " ", text)
    text = re.sub(r"\s+", " ", text).strip()
    lower = text.lower()
    if "no space left on device" in lower:
        return StorageFull("The disk is full.", hint=FREES_SPACE)
    if any(sign in lower for sign in _NETWORK):
        return EngineUnavailable(
            f"The packages could not be fetched: {text}",
            hint="Is the package index reachable? pip's settings are used: see `pip config list`.",
        )
    hint = "Correct the package's name or version."
    if "no wheels" in lower or "no usable wheels" in lower or "building source" in lower:
        hint = "Choose a version that is published as a wheel: packages are not built from source."
    return InvalidInput(
        f"The packages cannot be installed: {text}", hint=hint, field="requirements"
    )
