"""Experiments in the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import Session

from modelyard.errors import NotFound
from modelyard.schema.tracking import ExperimentInfo
from modelyard_server.db.session import Database
from modelyard_server.tracking.statuses import NOT_ENDED
from modelyard_server.tracking.store.guard import refuse_in_use
from modelyard_server.tracking.tables import ExperimentRow, RunRow


def _counted() -> Select[ExperimentRow, int, int]:
    runs = select(func.count()).where(
        RunRow.experiment_id == ExperimentRow.id, RunRow.deleted.is_(None)
    )
    active = runs.where(RunRow.status.in_(NOT_ENDED))
    return select(ExperimentRow, runs.scalar_subquery(), active.scalar_subquery())


def _experiment(found: Row[ExperimentRow, int, int]) -> ExperimentInfo:
    row, runs, active = found
    return ExperimentInfo(
        id=row.id,
        name=row.name,
        note=row.note,
        created=row.created,
        updated=row.updated,
        runs=runs,
        active=active,
        deleted=row.deleted is not None,
    )


class ExperimentStore:
    """Reads and writes experiments."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def list(self, *, deleted: bool) -> list[ExperimentInfo]:
        """Those that are deleted, or those that are not; the last active first."""
        wanted = ExperimentRow.deleted.is_not(None) if deleted else ExperimentRow.deleted.is_(None)
        query = _counted().where(wanted).order_by(ExperimentRow.updated.desc())
        with self._db.session(reading=True) as session:
            return [_experiment(found) for found in session.execute(query)]

    def get(self, id: int) -> ExperimentInfo:
        """One experiment. NotFound when there is none."""
        with self._db.session(reading=True) as session:
            found = session.execute(_counted().where(ExperimentRow.id == id)).first()
        if found is None:
            raise NotFound(f"There is no experiment with id {id}.", field="experiment")
        return _experiment(found)

    def named(self, name: str) -> ExperimentInfo | None:
        """The experiment of that name, deleted or not."""
        with self._db.session(reading=True) as session:
            found = session.execute(_counted().where(ExperimentRow.name == name)).first()
        return None if found is None else _experiment(found)

    def ensure(self, name: str, note: str, now: float) -> int:
        """The id of the experiment of that name, made if there is none."""
        with self._db.session() as session:
            return experiment_id(session, name, note, now)

    def update(self, id: int, values: dict[str, Any]) -> None:
        """Set columns. AlreadyExists when the new name is taken."""
        with self._db.session() as session:
            row = session.get(ExperimentRow, id)
            if row is None:
                raise NotFound(f"There is no experiment with id {id}.", field="experiment")
            for name, value in values.items():
                setattr(row, name, value)

    def hide(self, id: int, now: float) -> None:
        """Mark it as deleted. InUse when a live deployment depends on one of its runs."""
        runs = select(RunRow.uid).where(RunRow.experiment_id == id, RunRow.deleted.is_(None))
        with self._db.session() as session:
            for uid in session.scalars(runs).all():
                refuse_in_use(session, uid)
            row = session.get(ExperimentRow, id)
            if row is not None:
                row.deleted = now


def experiment_id(session: Session, name: str, note: str, now: float) -> int:
    """Find or make an experiment within a transaction."""
    found = session.scalar(select(ExperimentRow.id).where(ExperimentRow.name == name))
    if found is not None:
        return found
    row = ExperimentRow(name=name, note=note, created=now, updated=now)
    session.add(row)
    session.flush()
    return row.id
