"""Runs in the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from modelyard.errors import NotFound
from modelyard.schema.tracking import RunCreate, RunInfo
from modelyard.tracking.names import ERROR_LENGTH
from modelyard_server.db.session import Database
from modelyard_server.tracking.query import as_number
from modelyard_server.tracking.records import Batch
from modelyard_server.tracking.statuses import NOT_ENDED, WRITING
from modelyard_server.tracking.store.assemble import runs_of
from modelyard_server.tracking.store.experiments import experiment_id
from modelyard_server.tracking.store.guard import refuse_in_use
from modelyard_server.tracking.store.metrics import append_points, seal_all
from modelyard_server.tracking.store.purge import refuse_condemned
from modelyard_server.tracking.tables import ExperimentRow, ParamRow, RunRow, TagRow


class Position(msgspec.Struct, kw_only=True):
    """How far a run's spool has been read, and what is needed to read on."""

    id: int
    uid: str
    experiment_id: int
    status: str
    spool: bool
    holder: str
    offset: int
    log_size: int
    heard: float

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.status not in NOT_ENDED

    @property
    def writing(self) -> bool:
        """Whether a process of it may log."""
        return self.status in WRITING


_POSITION = [getattr(RunRow, name) for name in Position.__struct_fields__]


class RunStore:
    """Reads and writes runs."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def create(self, body: RunCreate, name: str, holder: str, now: float) -> bool:
        """Insert a run and, if need be, its experiment; False when the run is there already.

        Parameters
        ----------
        holder: whose folder its spool lies in.

        Raises
        ------
        WrongState: files of a run with that id are being removed.
        """
        with self._db.session() as session:
            if session.scalar(select(RunRow.id).where(RunRow.uid == body.id)) is not None:
                return False
            refuse_condemned(session, body.id)
            experiment = experiment_id(session, body.experiment, "", now)
            session.execute(
                update(ExperimentRow).where(ExperimentRow.id == experiment).values(updated=now)
            )
            row = RunRow(
                uid=body.id,
                experiment_id=experiment,
                name=name,
                status="running",
                created=now,
                started=body.started or now,
                compute=body.compute,
                parent=body.parent,
                source_kind=body.source.kind,
                source_name=body.source.name,
                python=body.python,
                spool=body.spool,
                holder=holder,
                heard=now,
            )
            session.add(row)
            session.flush()
            write_tags(session, row.id, body.tags)
            write_params(session, row.id, body.params)
            return True

    def get(self, uid: str) -> RunInfo:
        """One run. NotFound when there is none."""
        with self._db.session(reading=True) as session:
            id = session.scalar(select(RunRow.id).where(RunRow.uid == uid))
            found = runs_of(session, [id]) if id is not None else []
        if not found:
            raise _missing(uid)
        return found[0]

    def exists(self, uid: str) -> bool:
        """Whether there is such a run, deleted or not."""
        with self._db.session(reading=True) as session:
            return session.scalar(select(RunRow.id).where(RunRow.uid == uid)) is not None

    def position(self, uid: str) -> Position:
        """Where its spool stands. NotFound when there is no such run."""
        with self._db.session(reading=True) as session:
            found = session.execute(select(*_POSITION).where(RunRow.uid == uid)).first()
        if found is None:
            raise _missing(uid)
        return msgspec.convert(dict(found._mapping), Position)

    def writing(self) -> list[Position]:
        """The runs that have a writer."""
        with self._db.session(reading=True) as session:
            found = session.execute(select(*_POSITION).where(RunRow.status.in_(WRITING))).all()
        return [msgspec.convert(dict(row._mapping), Position) for row in found]

    def update(self, uid: str, values: Mapping[str, Any], tags: Mapping[str, str | None]) -> None:
        """Set columns and tags; a tag that is None is removed."""
        with self._db.session() as session:
            id = session.scalar(select(RunRow.id).where(RunRow.uid == uid))
            if id is None:
                raise _missing(uid)
            if values:
                session.execute(update(RunRow).where(RunRow.id == id).values(**values))
            write_tags(session, id, tags)

    def hide(self, uid: str, now: float) -> None:
        """Mark a run as deleted. InUse when a live deployment depends on it."""
        with self._db.session() as session:
            refuse_in_use(session, uid)
            session.execute(update(RunRow).where(RunRow.uid == uid).values(deleted=now))

    def take(self, after: Position, batch: Batch, now: float) -> None:
        """Add what a piece of spool says, and where it ends, in one transaction."""
        with self._db.session() as session:
            append_points(session, after.id, after.experiment_id, batch.metrics)
            write_params(session, after.id, batch.params)
            write_tags(session, after.id, batch.tags)
            session.execute(
                update(RunRow)
                .where(RunRow.id == after.id)
                .values(offset=after.offset, log_size=after.log_size, heard=now)
            )
            if batch.end is not None:
                end_run(session, after.id, batch.end.status, batch.end.error, now)

    def end(self, id: int, status: str, error: str, ended: float) -> bool:
        """Mark a run as ended; False when it had ended before."""
        with self._db.session() as session:
            return end_run(session, id, status, error, ended)


def end_run(session: Session, id: int, status: str, error: str, ended: float) -> bool:
    """Mark a run as ended within a transaction; False when it had ended before."""
    where = update(RunRow).where(RunRow.id == id, RunRow.status.in_(NOT_ENDED))
    found = session.execute(
        where.values(status=status, error=error[:ERROR_LENGTH], ended=ended).returning(
            RunRow.experiment_id
        )
    ).first()
    if found is None:
        return False
    session.execute(update(ExperimentRow).where(ExperimentRow.id == found[0]).values(updated=ended))
    seal_all(session, id)
    return True


def write_tags(session: Session, id: int, tags: Mapping[str, str | None]) -> None:
    """Set a run's tags; None removes one."""
    gone = [key for key, value in tags.items() if value is None]
    rows = [{"run_id": id, "key": k, "value": v} for k, v in tags.items() if v is not None]
    if gone:
        session.execute(delete(TagRow).where(TagRow.run_id == id, TagRow.key.in_(gone)))
    if rows:
        statement = insert(TagRow)
        session.execute(
            statement.on_conflict_do_update(
                index_elements=["run_id", "key"], set_={"value": statement.excluded.value}
            ),
            rows,
        )


def write_params(session: Session, id: int, params: Mapping[str, str]) -> None:
    """Add parameters. What a run was given does not change: the first value stays."""
    rows = [
        {"run_id": id, "key": key, "value": value, "number": as_number(value)}
        for key, value in params.items()
    ]
    if rows:
        session.execute(insert(ParamRow).on_conflict_do_nothing(), rows)


def _missing(uid: str) -> NotFound:
    return NotFound(
        f"There is no run '{uid[:40]}'.", hint="ws.runs.list() shows those that are.", field="run"
    )
