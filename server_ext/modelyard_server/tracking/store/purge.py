"""Runs that go for ever: their rows at once, and a note of each until its files are gone too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Select, delete, func, or_, select
from sqlalchemy.orm import Session

from modelyard.errors import NotFound, WrongState
from modelyard.schema.lineage import RUN, Thing
from modelyard_server.db.session import Database
from modelyard_server.lineage.edges import release
from modelyard_server.tracking.statuses import NOT_ENDED
from modelyard_server.tracking.store.guard import refuse_in_use
from modelyard_server.tracking.tables import (
    ChunkRow,
    ExperimentRow,
    MetricRow,
    ParamRow,
    PurgeRow,
    RunRow,
    TagRow,
    TailRow,
)


class DeletedRun(NamedTuple):
    """A run that was deleted and has not been removed yet."""

    uid: str
    name: str
    deleted: float


class PurgeStore:
    """Removes rows, and remembers whose files are still there."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def condemn(self, uid: str) -> str:
        """Remove all rows of a run that has ended, and note that its files must follow.

        Gives the holder of its spool.

        Raises
        ------
        NotFound: there is no such run. WrongState: it has not ended.
        InUse: a live deployment depends on it.
        """
        with self._db.session() as session:
            row = session.scalar(select(RunRow).where(RunRow.uid == uid))
            if row is None:
                raise NotFound(f"There is no run '{uid[:40]}'.", field="run")
            if row.status in NOT_ENDED:
                raise WrongState(
                    f"The run '{row.name}' has not ended.",
                    hint="Wait for it, or restart its kernel.",
                )
            _condemn(session, row)
            return row.holder

    def condemn_old(self, uid: str, before: float) -> str | None:
        """The same for a run deleted before a time; None when it was restored meanwhile.

        Raises
        ------
        InUse: a live deployment depends on it.
        """
        with self._db.session() as session:
            row = session.scalar(_due(before).where(RunRow.uid == uid))
            if row is None:
                return None
            _condemn(session, row)
            return row.holder

    def condemn_unknown(self, uid: str) -> bool:
        """Note that files of no run must go; False when there is such a run after all.

        Until they are gone, no run can begin with that id.
        """
        with self._db.session() as session:
            if session.scalar(select(RunRow.id).where(RunRow.uid == uid)) is not None:
                return False
            if session.get(PurgeRow, uid) is None:
                session.add(PurgeRow(uid=uid, holder=""))
            return True

    def condemn_some(self, experiment: int, limit: int) -> Sequence[tuple[str, str]]:
        """The same as `condemn` for a few runs of a deleted experiment; gives ids and holders.

        Raises
        ------
        InUse: a live deployment depends on one of them. WrongState: one has not ended.
        """
        runs = select(RunRow).where(RunRow.experiment_id == experiment).limit(limit)
        with self._db.session() as session:
            found = session.scalars(runs).all()
            for row in found:
                if row.status in NOT_ENDED:
                    raise WrongState(
                        f"The run '{row.name}' has begun meanwhile.", hint="Wait for it."
                    )
                _condemn(session, row)
            return [(row.uid, row.holder) for row in found]

    def drop_experiment(self, id: int) -> bool:
        """Remove a deleted experiment; False while it has runs."""
        runs = select(RunRow.id).where(RunRow.experiment_id == ExperimentRow.id)
        gone = delete(ExperimentRow).where(
            ExperimentRow.id == id, ExperimentRow.deleted.is_not(None), ~runs.exists()
        )
        with self._db.session() as session:
            session.execute(gone)
            return session.get(ExperimentRow, id) is None

    def deleted(self) -> list[DeletedRun]:
        """All runs that are deleted, alone or with their experiment."""
        when = func.coalesce(RunRow.deleted, ExperimentRow.deleted)
        rows = (
            select(RunRow.uid, RunRow.name, when)
            .join(ExperimentRow, ExperimentRow.id == RunRow.experiment_id)
            .where(when.is_not(None), RunRow.status.not_in(NOT_ENDED))
        )
        with self._db.session(reading=True) as session:
            return [DeletedRun(*row) for row in session.execute(rows)]

    def known(self) -> set[str]:
        """Ids of all runs, and of those whose files are being removed."""
        with self._db.session(reading=True) as session:
            return {*session.scalars(select(RunRow.uid)), *session.scalars(select(PurgeRow.uid))}

    def due(self, before: float, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """Row and id of runs deleted, alone or with their experiment, before a time.

        Parameters
        ----------
        after: the row of the last one of the page before; 0 for the first page.
        """
        page = _due(before).where(RunRow.id > after).order_by(RunRow.id).limit(limit)
        with self._db.session(reading=True) as session:
            return [(row.id, row.uid) for row in session.scalars(page)]

    def drop_experiments(self, before: float) -> list[int]:
        """Remove the experiments deleted before a time that have no runs left; gives their ids."""
        runs = select(RunRow.id).where(RunRow.experiment_id == ExperimentRow.id)
        empty = ExperimentRow.deleted < before, ~runs.exists()
        with self._db.session(reading=True) as session:
            if session.scalar(select(ExperimentRow.id).where(*empty).limit(1)) is None:
                return []
        with self._db.session() as session:
            gone = delete(ExperimentRow).where(*empty).returning(ExperimentRow.id)
            return list(session.scalars(gone))

    def waiting(self) -> Sequence[tuple[str, str]]:
        """Runs, and holders of their spools, whose rows are gone and whose files may be there."""
        with self._db.session(reading=True) as session:
            return [(row.uid, row.holder) for row in session.scalars(select(PurgeRow))]

    def done(self, uid: str) -> None:
        """Note that nothing is left of a run."""
        with self._db.session() as session:
            session.execute(delete(PurgeRow).where(PurgeRow.uid == uid))


def refuse_condemned(session: Session, uid: str) -> None:
    """Raise WrongState while the files of a run with that id are being removed."""
    if session.get(PurgeRow, uid) is not None:
        raise WrongState(
            f"The run '{uid[:40]}' was deleted for ever.", hint="Begin another run.", field="id"
        )


def _due(before: float) -> Select[RunRow]:
    return (
        select(RunRow)
        .join(ExperimentRow, ExperimentRow.id == RunRow.experiment_id)
        .where(or_(RunRow.deleted < before, ExperimentRow.deleted < before))
        .where(RunRow.status.not_in(NOT_ENDED))
    )


def _condemn(session: Session, row: RunRow) -> None:
    refuse_in_use(session, row.uid)
    for table in (TailRow, ChunkRow, MetricRow, ParamRow, TagRow):
        session.execute(delete(table).where(table.run_id == row.id))
    release(session, [Thing(kind=RUN, id=row.uid)])
    session.add(PurgeRow(uid=row.uid, holder=row.holder))
    session.delete(row)
