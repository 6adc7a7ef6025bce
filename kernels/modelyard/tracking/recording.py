"""All that goes on while a run is open: its writer, its output, its captures."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Literal

from modelyard.errors import StorageFull, WrongState
from modelyard.tracking.capture import executed_cells, freeze, source_files
from modelyard.tracking.spool import End
from modelyard.tracking.tee import OutputCapture
from modelyard.tracking.writer import Writer

_PATIENCE = 10.0
"""Seconds that the end of a run waits for what goes on in the background."""


class Recording:
    """Begins with a run and ends with it.

    Parameters
    ----------
    cell: the code of the cell that is the run; None when the code is to be found out.
    """

    def __init__(self, writer: Writer, cell: str | None) -> None:
        self.writer = writer
        self.entered = False
        """Whether a `with` block holds the run: runs that begin in it are its children."""
        self._cell = cell
        self._before = executed_cells()
        # Reading the installed packages takes 0.2 s: the run does not wait for it.
        self._captures = threading.Thread(target=self._capture, name="modelyard-capture")
        self._captures.daemon = True
        self._captures.start()
        self._output = OutputCapture(writer.output)

    def _capture(self) -> None:
        # WrongState: the run ended before its environment was known.
        with suppress(StorageFull, WrongState, OSError):
            for path, text in source_files(self._cell):
                self.writer.file(f"source/{path}", text)
            self.writer.file("environment/requirements.txt", freeze())

    def end(self, status: Literal["finished", "failed", "cancelled"], error: str) -> int:
        """Write the last line and deliver; gives the size of the spool.

        Raises
        ------
        NotConnected: what is elsewhere posted was not taken. StorageFull: the disk is full.
        """
        self._output.stop()
        self._captures.join(_PATIENCE)
        after = executed_cells()
        if after != self._before:  # a run that was open over several cells
            self.writer.file("source/executed.py", after)
        self.writer.end(End(status=status, error=error))
        offset = self.writer.sink.size
        self.writer.sink.deliver(_PATIENCE)
        return offset

    def close(self) -> None:
        """Let go of the spool."""
        self._output.stop()
        self.writer.sink.close()

    def forked(self) -> None:
        """In a forked child."""
        self.writer.forked()
        self._output.forked()
