"""`%ml experiments …`."""

from __future__ import annotations

from modelyard.display import Column, Listing, ago
from modelyard.magics.command import Command, Parsed
from modelyard.magics.session import Session
from modelyard.schema.tracking import ExperimentInfo

_COLUMNS: list[Column[ExperimentInfo]] = [
    Column("Name", lambda e: e.name),
    Column("Runs", lambda e: str(e.runs)),
    Column("Active", lambda e: str(e.active)),
    Column("Updated", lambda e: ago(e.updated)),
    Column("Note", lambda e: e.note),
]


def show_all(session: Session, _args: Parsed) -> Listing[ExperimentInfo]:
    """All experiments."""
    empty = (
        "No experiments yet. The first run makes one: begin a cell with "
        "%%ml run --experiment my-experiment"
    )
    return Listing(session.workspace.experiments(), _COLUMNS, empty=empty)


COMMANDS = [
    Command(("experiments", "list"), "all experiments", show_all, examples=("experiments list",))
]
