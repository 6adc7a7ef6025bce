"""Where a run's files lie in the artifact store."""

from __future__ import annotations

from modelyard.errors import InvalidInput

FOLDER = "runs"
"""Key below which the files of all runs lie."""

HIDDEN = ".modelyard"
"""Folder of a run's artifacts that is ours; listed only when asked for by path."""

_LOG = "log.txt"


def run_key(uid: str, path: str = "") -> str:
    """Store key of a path below a run's artifacts; of the artifacts themselves without one."""
    return f"{FOLDER}/{uid}/{path}" if path else f"{FOLDER}/{uid}"


def hidden_key(uid: str, path: str) -> str:
    """Store key of one of our own files."""
    return run_key(uid, f"{HIDDEN}/{path}")


def log_key(uid: str) -> str:
    """Store key of the output."""
    return hidden_key(uid, _LOG)


def check_hidden(path: str) -> None:
    """Refuse a path in our own folder that a run's process may not write to.

    Raises
    ------
    InvalidInput: the place is the server's.
    """
    if path.partition("/")[0] == _LOG:
        raise InvalidInput(f"'{HIDDEN}/{_LOG}' is written by the server.", field="path")
