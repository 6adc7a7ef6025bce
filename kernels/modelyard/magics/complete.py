"""What can follow: commands, options, and names that exist in the workspace."""

from __future__ import annotations

from collections.abc import Callable

from modelyard.errors import ModelyardError
from modelyard.magics.command import Argument, Command, Option
from modelyard.magics.parse import Table
from modelyard.magics.session import Session


def candidates(table: Table, session: Session, line: str) -> list[str]:
    """Words that can stand where the cursor is; `line` ends there and lacks the prefix.

    Never raises: where the server does not answer, no names are offered.
    """
    words = line.split()
    done = words if not line or line[-1].isspace() else words[:-1]
    if done and done[0] == "help":
        done = done[1:]
    if not done:
        return [*table.groups(), "help"]
    members = table.group(done[0])
    if not members:
        return []
    command = next((c for c in members if tuple(done[: len(c.words)]) == c.words), None)
    if command is None:
        return [c.words[1] for c in members] if len(done) == 1 else []
    return _of_command(command, session, done[len(command.words) :])


def _of_command(command: Command, session: Session, given: list[str]) -> list[str]:
    options = {option.name: option for option in command.options}
    last = options.get(given[-1]) if given else None
    if last is not None and last.kind != "flag":
        return list(last.choices) or _names(session, last)
    place = sum(
        1
        for at, word in enumerate(given)
        if not word.startswith("--") and not _takes_value(options, given[:at])
    )
    offered: list[str] = []
    if place < len(command.arguments):
        offered += _names(session, command.arguments[place])
    return offered + [name for name in options if name not in given or _repeats(options[name])]


def _takes_value(options: dict[str, Option], before: list[str]) -> bool:
    option = options.get(before[-1]) if before else None
    return option is not None and option.kind != "flag"


def _repeats(option: Option) -> bool:
    return option.kind == "pair"


def _names(session: Session, what: Argument | Option) -> list[str]:
    source = _SOURCES.get(what.names)
    if source is None:
        return []
    try:
        return source(session)
    except ModelyardError as error:
        session.forget(error)
        return []


_SOURCES: dict[str, Callable[[Session], list[str]]] = {
    "instances": lambda s: [i.name for i in s.workspace.compute.list()],
    "sizes": lambda s: [size.name for size in s.workspace.status.sizes],
    "experiments": lambda s: [e.name for e in s.workspace.experiments()],
    "models": lambda s: [m.name for m in s.workspace.models.list()],
    "versions": lambda s: [
        f"{m.name}:{v.version}" for m in s.workspace.models.list() for v in m.versions
    ],
    "endpoints": lambda s: [e.name for e in s.workspace.endpoints.list()],
}
