"""All commands, in the order in which help shows them."""

from __future__ import annotations

from modelyard.magics.command import Command
from modelyard.magics.commands import compute, endpoints, experiments, models, runs, status
from modelyard.magics.parse import Table

COMMANDS: list[Command] = [
    *status.COMMANDS,
    *compute.COMMANDS,
    *experiments.COMMANDS,
    *runs.COMMANDS,
    *models.COMMANDS,
    *endpoints.COMMANDS,
]


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
