"""What is printed during a run goes where it went before, and to the run."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any

_LONGEST = 1 << 13
"""Characters that are held back for a line to become complete."""


class _Tee:
    """Stands in for a stream; all but writing is the stream's own."""

    def __init__(self, stream: Any, emit: Callable[[str], None]) -> None:
        self._stream = stream
        self._emit: Callable[[str], None] | None = emit
        self._held = ""
        self._lock = threading.RLock()
        self._pid = os.getpid()

    def write(self, text: str) -> int:
        written = self._stream.write(text)
        if self._emit is not None and isinstance(text, str):
            with self._lock:
                self._hold(text)
        return written

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def __iter__(self) -> Any:
        return iter(self._stream)

    def _hold(self, text: str) -> None:
        self._held += text
        cut = max(self._held.rfind("\n"), self._held.rfind("\r")) + 1
        if len(self._held) > _LONGEST:
            cut = len(self._held)
        if cut:
            line, self._held = self._held[:cut], self._held[cut:]
            self._pass_on(line)

    def _pass_on(self, text: str) -> None:
        if self._emit is None:
            return
        try:
            self._emit(text)
        except Exception:  # noqa: BLE001 - printing must not fail because logging does
            self._emit = None

    def end(self) -> None:
        """Hand on nothing more."""
        with self._lock:
            if self._held and self._pid == os.getpid():
                self._pass_on(self._held)
            self._held, self._emit = "", None

    def forked(self) -> None:
        """In a forked child: what the parent holds back is the parent's to write."""
        self._lock = threading.RLock()
        self._held = ""


class OutputCapture:
    """Copies stdout (1) and stderr (2) until `stop`.

    Parameters
    ----------
    emit: takes text and the number of its stream; called on the thread that prints.
    """

    def __init__(self, emit: Callable[[str, int], None]) -> None:
        self._tees = {
            "stdout": _Tee(sys.stdout, lambda text: emit(text, 1)),
            "stderr": _Tee(sys.stderr, lambda text: emit(text, 2)),
        }
        for name, tee in self._tees.items():
            setattr(sys, name, tee)

    def stop(self) -> None:
        """Put the streams back; where somebody else has replaced them since, ours stays quiet."""
        for name, tee in self._tees.items():
            tee.end()
            if getattr(sys, name) is tee:
                setattr(sys, name, tee._stream)

    def forked(self) -> None:
        """In a forked child."""
        for tee in self._tees.values():
            tee.forked()
