"""What can follow: commands, options, and names that exist in the workspace."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from modelyard.errors import ModelyardError
from modelyard.magics.command import Argument, Command, Option
from modelyard.magics.parse import Table
from modelyard.magics.session import Session

_MOST_PATHS = 500
"""Entries of a directory that are looked at."""


def candidates(table: Table, session: Session, line: str) -> list[str]:
    """Words that can stand where the cursor is; `line` ends there and lacks the prefix.

    Never raises: where the server does not answer, no names are offered.
    """
    words = line.split()
    begun = "" if not line or line[-1].isspace() else words[-1]
    done = words if not begun else words[:-1]
    if done and done[0] == "help":
        done = done[1:]
    path, command = table.walk(done)
    offered = table.following(path) if len(path) == len(done) else []
    if not done:
        offered.append("help")
    if command is not None:
        offered += _of_command(command, session, done[len(command.words) :], begun)
    return offered


def _of_command(command: Command, session: Session, given: list[str], begun: str) -> list[str]:
    options = {option.name: option for option in command.options}
    last = options.get(given[-1]) if given else None
    if last is not None and last.kind != "flag":
        if last.kind == "path":
            return _paths(begun)
        return list(last.choices) or _names(session, last)
    place = sum(
        1
        for at, word in enumerate(given)
        if not word.startswith("--") and not _takes_value(options, given[:at])
    )
    offered: list[str] = []
    if place < len(command.arguments):
        argument = command.arguments[place]
        offered += _paths(begun) if argument.path else _names(session, argument)
    return offered + [name for name in options if name not in given or options[name].repeats]


def _takes_value(options: dict[str, Option], before: list[str]) -> bool:
    option = options.get(before[-1]) if before else None
    return option is not None and option.kind != "flag"


def _paths(begun: str) -> list[str]:
    """Files and directories that the word may become; what is hidden only where that is asked."""
    before, slash, start = begun.rpartition("/")
    try:
        folder = Path(before + slash or ".").expanduser()
        found = sorted(folder.iterdir())[:_MOST_PATHS]
        return [
            f"{before}{slash}{each.name}{'/' if each.is_dir() else ''}"
            for each in found
            if each.name.startswith(start) and (start or not each.name.startswith("."))
        ]
    except (OSError, RuntimeError):
        return []


def _names(session: Session, what: Argument | Option) -> list[str]:
    source = _SOURCES.get(what.names)
    if source is None:
        return []
    try:
        return source(session)
    except ModelyardError as error:
        session.forget(error)
        return []


def _versions(session: Session) -> list[str]:
    return [f"{m.name}:{v.version}" for m in session.workspace.models.list() for v in m.versions]


def _endpoints(session: Session) -> list[str]:
    return [endpoint.name for endpoint in session.workspace.endpoints.list()]


_SOURCES: dict[str, Callable[[Session], list[str]]] = {
    "instances": lambda s: [i.name for i in s.workspace.compute.list()],
    "sizes": lambda s: [size.name for size in s.workspace.status.sizes],
    "experiments": lambda s: [e.name for e in s.workspace.experiments()],
    "models": lambda s: [m.name for m in s.workspace.models.list()],
    "versions": _versions,
    "endpoints": _endpoints,
    "things": lambda s: [*_endpoints(s), *_versions(s)],
}
