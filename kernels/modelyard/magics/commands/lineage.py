"""`%ml lineage NAME`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelyard.magics.command import Argument, Command, Option, Parsed
from modelyard.magics.session import Session

if TYPE_CHECKING:
    from modelyard.lineage import Lineage


def show(session: Session, args: Parsed) -> Lineage:
    """What something rests on, and what rests on it."""
    return session.workspace.lineage.of(args.text("name"), kind=args.text("kind"))


COMMANDS = [
    Command(
        ("lineage",),
        "what something was made from, and what needs it",
        show,
        (Argument("name", "a model's NAME:VERSION, an endpoint, or a run's id", names="things"),),
        (
            Option(
                "--kind",
                "where a name fits several things",
                choices=("run", "model_version", "endpoint"),
            ),
        ),
        ("lineage breast-cancer:1", "lineage bc --kind endpoint"),
    )
]
