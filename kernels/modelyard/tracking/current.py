"""Which runs are open in this process, and which one `Run.current()` is."""

from __future__ import annotations

import atexit
import os
import sys
from contextvars import ContextVar
from typing import TYPE_CHECKING

from modelyard.tracking.capture import shell

if TYPE_CHECKING:
    from modelyard.tracking.run import Run

# A context variable keeps threads and tasks apart that each have a run of their own. IPython runs
# each cell in a context of its own, and a new thread starts with an empty one: for those, the run
# that was opened last.
_innermost: ContextVar[Run | None] = ContextVar("modelyard_run", default=None)
_open: list[Run] = []
_error_before: BaseException | None = None


def opened(run: Run) -> None:
    """A run began."""
    global _error_before
    if not _open:
        _error_before = getattr(sys, "last_value", None)
    _open.append(run)
    _innermost.set(run)


def closed(run: Run) -> None:
    """A run ended."""
    if run in _open:
        _open.remove(run)
    if _innermost.get() is run:
        _innermost.set(None)


def current() -> Run | None:
    """The innermost open run, as this thread or task sees it."""
    found = _innermost.get()
    if found is not None and found in _open:
        return found
    return _open[-1] if _open else None


def _close_all() -> None:
    """At the end of the process: a run that nobody finished."""
    error = getattr(sys, "last_value", None)
    for run in reversed(_open):
        if shell() is not None:
            run.finish("failed", "The kernel was shut down before the run was finished.")
        elif error is not None and error is not _error_before:
            run.finish("failed", f"{type(error).__name__}: {error}")
        else:
            run.finish()


def _forked() -> None:
    for run in _open:
        run._forked()


atexit.register(_close_all)
os.register_at_fork(after_in_child=_forked)
