"""The status file: readiness and failures, told without a network call.

The workspace's server reads it from the directory that both share. It is replaced in one step,
so a reader never sees half of it.
"""

from __future__ import annotations

import time
import traceback
from pathlib import Path

import orjson

_TAIL = 30
"""Lines of a traceback worth showing to the user; the log holds all of it."""


class StatusFile:
    """Writes `{"state", "message", "detail", "time", "opened"}`.

    `state` is starting, ready or failed; `opened` a moment before the port was opened, or 0.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, state: str, message: str, detail: str = "", opened: float = 0.0) -> None:
        """Replace the file."""
        draft = self._path.with_suffix(".tmp")
        body = {
            "state": state,
            "message": message,
            "detail": detail,
            "time": time.time(),
            "opened": opened,
        }
        draft.write_bytes(orjson.dumps(body))
        draft.replace(self._path)

    def failed(self, error: BaseException) -> None:
        """Say why the server cannot start, with the end of the traceback."""
        lines = "".join(traceback.format_exception(error)).splitlines()
        self.write("failed", one_line(error), "\n".join(lines[-_TAIL:]))


def one_line(error: BaseException) -> str:
    """`Type: message`, without line breaks and of bounded length."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text[:500]}" if text else name
