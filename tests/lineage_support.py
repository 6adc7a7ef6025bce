"""Edges of things that a test does not really make."""

from __future__ import annotations

from modelyard.schema.lineage import ENDPOINT, RUN, Thing, version_thing
from modelyard_server.db.session import Database
from modelyard_server.lineage.edges import set_bases


def serve(db: Database, endpoint: str, *versions: tuple[str, int]) -> None:
    """Note what an endpoint serves, as serving does; nothing: it is gone."""
    with db.session() as session:
        bases = [version_thing(*each) for each in versions]
        set_bases(session, Thing(kind=ENDPOINT, id=endpoint), bases)


def register(db: Database, name: str, version: int, run: str) -> None:
    """Note that a version was made by a run, as the registry does."""
    with db.session() as session:
        set_bases(session, version_thing(name, version), [Thing(kind=RUN, id=run)])
