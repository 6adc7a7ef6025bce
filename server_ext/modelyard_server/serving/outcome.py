"""How a deployment ended, in words for the user."""

from __future__ import annotations

import errno

from modelyard.errors import FREES_SPACE, ModelyardError, NotFound, ServerError, StorageFull
from modelyard.schema.common import ErrorInfo
from modelyard.schema.compute import Exit
from modelyard_server.engines.spec import ContainerState

_LOG_LINES = 40
"""Lines of the log that go into an error."""


def exit_of(seen: ContainerState) -> Exit:
    """Why a container ended."""
    code = seen.exit_code or 0
    if seen.oom:
        message = "It ran out of memory."
    elif seen.error:
        message = seen.error
    elif code > 128:
        message = f"It was killed by signal {code - 128}."
    else:
        message = f"It exited with code {code}."
    return Exit(code=code, oom=seen.oom, message=message, at=seen.finished)


def advice(ended: Exit) -> str:
    """What to do about it."""
    return "Choose a larger size." if ended.oom else ""


def explained(error: Exception, log: str) -> ErrorInfo:
    """The error with the end of the log, unless it explains itself."""
    if isinstance(error, OSError):
        error = disk_error(error)
    info = ErrorInfo(**error.body()) if isinstance(error, ModelyardError) else ErrorInfo(
        code=ServerError.code, message=f"A fault of ours: {type(error).__name__}: {error}."
    )  # fmt: skip
    tail = "\n".join(log.rstrip().splitlines()[-_LOG_LINES:])
    said_it = isinstance(error, NotFound) or "Traceback" in info.hint
    if tail and not said_it:
        info.hint = f"{info.hint}\nThe end of its log:\n{tail}".lstrip()
    return info


def disk_error(error: OSError) -> ModelyardError:
    """A failed write in our terms."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull("The disk is full.", hint=FREES_SPACE)
    return ServerError(f"A file could not be written: {error}.")
