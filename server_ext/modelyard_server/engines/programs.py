"""How every engine starts a program beside a container's main one (a kernel)."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from modelyard_server.core.beneath import read_plain

# Directories are shared by the server's and the container's user: umask 002 keeps what either
# makes writable by both. Output is redirected first, so that the reason of a failure is in the log.
_WRAPPER = """\
umask 002
exec >>"$1" 2>&1
cd -- "$2" || exit 126
echo $$ >"$3"
shift 3
exec "$@"
"""
# The file of secrets is ours, and each value of it quoted. The shell has no variable of its own: a
# secret may have any name.
_MAIN = """\
umask 002
if [ -n "$2" ]; then set -a; . "$2" || exit 125; set +a; fi
if [ -n "$1" ]; then echo "Its output goes to $1"; exec >>"$1" 2>&1; fi
shift 2
exec "$@"
"""
_PID_FILE_AT = 5
_PID_BYTES = 32


def wrapped(argv: Sequence[str], *, cwd: str, pid_file: str, log_file: str) -> list[str]:
    """The command that runs `argv` in `cwd` after noting its pid; it must lead its own group.

    It ends with 126 when there is no such directory, with 127 when there is no such program.
    """
    return ["sh", "-c", _WRAPPER, "sh", log_file, cwd, pid_file, *argv]


def main_program(argv: Sequence[str], *, log: str, secrets: str) -> list[str]:
    """The command that runs a container's main program with what is not in its specification.

    Parameters
    ----------
    log: file that gets its output; empty: the engine takes it.
    secrets: file of `secret_lines`; empty: there are none.
    """
    return ["sh", "-c", _MAIN, "sh", log, secrets, *argv] if log or secrets else [*argv]


def secret_lines(secrets: Mapping[str, str]) -> str:
    """A file of variables for `main_program`."""
    return "".join(f"{name}={shlex.quote(value)}\n" for name, value in secrets.items())


def noted_pid_file(arguments: Sequence[str]) -> str:
    """The pid file among the arguments of a `wrapped` command, without its leading `sh`."""
    return arguments[_PID_FILE_AT] if len(arguments) > _PID_FILE_AT else ""


def read_pid(pid_file: Path) -> int | None:
    """The number in a pid file; None while it is missing or half written."""
    try:
        text = read_plain(pid_file, _PID_BYTES).decode("ascii", "replace")
    except OSError:
        return None
    return int(text) if text.endswith("\n") and text.strip().isdigit() else None
