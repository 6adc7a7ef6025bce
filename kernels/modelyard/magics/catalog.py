"""All commands, in the order in which help shows them: the workspace's, then each domain's."""

from __future__ import annotations

from importlib import import_module

from modelyard.domains import domains
from modelyard.magics.command import Command
from modelyard.magics.commands import status
from modelyard.magics.parse import Table


def _commands() -> list[Command]:
    found = list(status.COMMANDS)
    for domain in domains():
        for name in domain.commands:
            found += import_module(f"modelyard.magics.commands.{name}").COMMANDS
    return found


COMMANDS = _commands()


def notebook_table() -> Table:
    """What `%ml` and `%%ml` know."""
    return Table(COMMANDS, "%ml")


def terminal_table(prefix: str) -> Table:
    """What makes sense in a terminal, where there are no cells.

    Parameters
    ----------
    prefix: the program's name.
    """
    return Table([command for command in COMMANDS if command.run is not None], prefix)
