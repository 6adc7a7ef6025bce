"""Edges inside the transaction of whoever makes or unmakes a relation.

A domain's store calls these in the session in which it writes its own rows, so that the edge and
the rows are there together or not at all. Writing sessions wait for each other: what `live_on`
finds in one cannot change before that one has ended.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from modelyard.schema.lineage import LIVE, Thing
from modelyard_server.lineage.tables import EdgeRow


def set_bases(session: Session, thing: Thing, bases: Iterable[Thing]) -> None:
    """Note that a thing rests on these and on nothing else; the same again changes nothing."""
    wanted = {(base.kind, base.id) for base in bases}
    mine = (EdgeRow.kind == thing.kind) & (EdgeRow.id == thing.id)
    for row in session.scalars(select(EdgeRow).where(mine)):
        if (row.on_kind, row.on_id) not in wanted:
            session.delete(row)
    if wanted:
        rows = [
            {"kind": thing.kind, "id": thing.id, "on_kind": kind, "on_id": id}
            for kind, id in sorted(wanted)
        ]
        session.execute(insert(EdgeRow).on_conflict_do_nothing(), rows)


def release(session: Session, things: Iterable[Thing]) -> None:
    """Forget what things that are gone rested on."""
    for thing in things:
        session.execute(delete(EdgeRow).where(EdgeRow.kind == thing.kind, EdgeRow.id == thing.id))


def resting_on(session: Session, thing: Thing) -> list[Thing]:
    """What rests on a thing directly, sorted."""
    query = (
        select(EdgeRow.kind, EdgeRow.id)
        .where(EdgeRow.on_kind == thing.kind, EdgeRow.on_id == thing.id)
        .order_by(EdgeRow.kind, EdgeRow.id)
    )
    return [Thing(kind=kind, id=id) for kind, id in session.execute(query)]


def live_on(session: Session, thing: Thing) -> list[list[Thing]]:
    """The live things that rest on a thing, each as the way to it: nearest first, live last."""
    found: list[list[Thing]] = []
    ways: list[list[Thing]] = [[thing]]
    seen = {thing}
    while ways:
        way = ways.pop(0)
        for each in resting_on(session, way[-1]):
            if each in seen:
                continue
            seen.add(each)
            longer = [*way, each]
            if each.kind in LIVE:
                found.append(longer[1:])
            ways.append(longer)
    return found
