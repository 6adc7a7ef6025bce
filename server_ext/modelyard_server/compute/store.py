"""Rows <-> wire types of compute instances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import delete, select

from modelyard.errors import NotFound
from modelyard.schema.common import ErrorInfo
from modelyard.schema.compute import InstanceInfo
from modelyard_server.compute.states import TRANSITIONS
from modelyard_server.compute.tables import InstanceRow
from modelyard_server.core import states
from modelyard_server.core.rows import UNREADABLE, unreadable
from modelyard_server.db.session import Database


class Wanted(msgspec.Struct, kw_only=True, frozen=True):
    """What is wanted of an instance and was last seen of it: all that a look needs."""

    name: str
    desired: str
    state: str
    restart: bool


def _wire(row: InstanceRow) -> InstanceInfo:
    """The instance; in place of one that cannot be read, a failed one that says so."""
    fields = {key: getattr(row, key) for key in InstanceInfo.__struct_fields__ if hasattr(row, key)}
    try:
        return msgspec.convert(fields, InstanceInfo)
    except msgspec.ValidationError as error:
        return InstanceInfo(
            name=row.name,
            size="",
            cpus=0.0,
            memory=0,
            gpus=0,
            image="",
            engine=str(row.engine),
            state="failed",
            desired=row.desired if row.desired in ("stopped", "deleted") else "running",
            created=row.created if isinstance(row.created, int | float) else 0.0,
            error=unreadable(
                f"Instance '{row.name}'", error, "Delete it; its container is left alone till then."
            ),
        )


def is_readable(instance: InstanceInfo) -> bool:
    """Whether it is what its row says, and not a stand-in for a row that cannot be read."""
    return instance.error is None or instance.error.code != UNREADABLE


class ComputeStore:
    """The only reader and writer of the instance table."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def add(self, instance: InstanceInfo) -> None:
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

    def get(self, name: str) -> InstanceInfo:
        """One instance. NotFound when there is none."""
        with self._db.session(reading=True) as session:
            return _wire(self._row(session, name))

    def find(self, name: str) -> InstanceInfo | None:
        """One instance, None when there is none."""
        with self._db.session(reading=True) as session:
            row = session.get(InstanceRow, name)
            return _wire(row) if row is not None else None

    def wanted(self, engine: str) -> list[Wanted]:
        """What is wanted of the instances on an engine, by name."""
        query = (
            select(InstanceRow.name, InstanceRow.desired, InstanceRow.state, InstanceRow.restart)
            .where(InstanceRow.engine == engine)
            .order_by(InstanceRow.name)
        )
        with self._db.session(reading=True) as session:
            return [
                Wanted(
                    name=name,
                    desired=desired,
                    state=state if state in TRANSITIONS else "failed",
                    restart=restart,
                )
                for name, desired, state, restart in session.execute(query)
            ]

    def engines(self) -> set[str]:
        """Names of the engines that instances are on."""
        with self._db.session(reading=True) as session:
            return set(session.scalars(select(InstanceRow.engine).distinct()))

    def all(self) -> list[InstanceInfo]:
        """All instances, by name."""
        with self._db.session(reading=True) as session:
            return [_wire(r) for r in session.scalars(select(InstanceRow).order_by("name"))]

    def restarts(self) -> set[str]:
        """Names of those that wait for a restart."""
        with self._db.session(reading=True) as session:
            query = select(InstanceRow.name).where(InstanceRow.restart)
            return set(session.scalars(query))

    def update(self, name: str, **fields: Any) -> InstanceInfo:
        """Change columns; structs are stored as JSON. NotFound when it is gone."""
        with self._db.session() as session:
            row = self._row(session, name)
            _change(row, fields)
            session.flush()
            return _wire(row)

    def decide(self, name: str, decide: Callable[[InstanceInfo], dict[str, Any]]) -> InstanceInfo:
        """Change columns to what `decide` says of the row as it is, in one transaction.

        Raises
        ------
        NotFound: it is gone; and whatever `decide` raises: then nothing is changed.
        """
        with self._db.session() as session:
            row = self._row(session, name)
            _change(row, decide(_wire(row)))
            session.flush()
            return _wire(row)

    def now_running(self, name: str, started: float | None) -> None:
        """It runs; silent when that is not wanted any more."""
        self._seen(name, "running", state="running", started=started, error=None)

    def now_stopped(self, name: str) -> None:
        """It does not run; silent when it is wanted again."""
        self._seen(name, "stopped", state="stopped", started=None, error=None)

    def now_failed(self, name: str, error: ErrorInfo) -> None:
        """It cannot run; silent when that is not wanted any more."""
        self._seen(name, "running", state="failed", error=error)

    def remove(self, name: str, engine: str) -> None:
        """Delete the row, whatever is wished; silent when there is none of it on that engine."""
        this = (InstanceRow.name == name, InstanceRow.engine == engine)
        with self._db.session() as session:
            session.execute(delete(InstanceRow).where(*this))

    def remove_deleted(self, name: str) -> bool:
        """Delete the row if it is still wished to go; says whether it is gone."""
        with self._db.session() as session:
            row = session.get(InstanceRow, name)
            if row is not None and row.desired != "deleted":
                return False
            if row is not None:
                session.delete(row)
            return True

    def _seen(self, name: str, desired: str, **fields: Any) -> None:
        """What was seen of it, unless something else is wanted by now: that has its own state."""
        with self._db.session() as session:
            row = session.get(InstanceRow, name)
            if row is not None and row.desired == desired:
                _change(row, fields)

    def _row(self, session: Any, name: str) -> InstanceRow:
        row = session.get(InstanceRow, name)
        if row is None:
            raise NotFound(f"There is no compute instance '{name}'.", field="name")
        return row


def _change(row: InstanceRow, fields: dict[str, Any]) -> None:
    if "state" in fields:
        states.check(TRANSITIONS, row.state, fields["state"])
    for key, value in fields.items():
        setattr(row, key, msgspec.to_builtins(value))
