"""Rows <-> wire types of compute instances."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import select

from modelyard.errors import NotFound
from modelyard.schema.compute import Instance
from modelyard_server.compute.tables import InstanceRow
from modelyard_server.db.session import Database


def _wire(row: InstanceRow) -> Instance:
    fields = {key: getattr(row, key) for key in Instance.__struct_fields__ if hasattr(row, key)}
    return msgspec.convert(fields, Instance)


class ComputeStore:
    """The only reader and writer of the instance table."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, instance: Instance) -> None:
        """Insert. AlreadyExists when the name is taken, in whatever case."""
        fields = msgspec.to_builtins(instance)
        columns = {column.key for column in InstanceRow.__table__.columns}
        with self._db.session() as session:
            session.add(
                InstanceRow(
                    **{k: v for k, v in fields.items() if k in columns},
                    folded=instance.name.casefold(),
                    restart=False,
                )
            )

    def get(self, name: str) -> Instance:
        """One instance. NotFound when there is none."""
        with self._db.session(reading=True) as session:
            return _wire(self._row(session, name))

    def all(self) -> list[Instance]:
        """All instances, by name."""
        with self._db.session(reading=True) as session:
            return [_wire(r) for r in session.scalars(select(InstanceRow).order_by("name"))]

    def restarts(self) -> set[str]:
        """Names of those that wait for a restart."""
        with self._db.session(reading=True) as session:
            query = select(InstanceRow.name).where(InstanceRow.restart)
            return set(session.scalars(query))

    def update(self, name: str, **fields: Any) -> Instance:
        """Change columns; structs are stored as JSON. NotFound when it is gone."""
        with self._db.session() as session:
            row = self._row(session, name)
            for key, value in fields.items():
                setattr(row, key, msgspec.to_builtins(value))
            session.flush()
            return _wire(row)

    def remove(self, name: str) -> None:
        """Delete the row; silent when it is gone."""
        with self._db.session() as session:
            row = session.get(InstanceRow, name)
            if row is not None:
                session.delete(row)

    def _row(self, session: Any, name: str) -> InstanceRow:
        row = session.get(InstanceRow, name)
        if row is None:
            raise NotFound(f"There is no compute instance '{name}'.", field="name")
        return row
