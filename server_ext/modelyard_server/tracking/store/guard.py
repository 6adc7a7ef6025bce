"""Runs that somebody needs."""

from __future__ import annotations

from sqlalchemy.orm import Session

from modelyard.errors import InUse
from modelyard.schema.lineage import RUN, Thing
from modelyard_server.lineage.edges import live_on


def refuse_in_use(session: Session, uid: str) -> None:
    """Raise InUse when what is live rests on a run; the answer holds until the session ends."""
    for way in live_on(session, Thing(kind=RUN, id=uid)):
        made = f"{way[0].id}, made by this run," if len(way) > 1 else "This run"
        raise InUse(
            f"{made} serves '{way[-1].id}'.",
            hint="Delete the endpoint first, or deploy another version.",
        )
