"""Rows <-> records of endpoints and deployments."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec
from sqlalchemy import select, update
from sqlalchemy.orm import Session, selectinload

from modelyard.schema.lineage import ENDPOINT, Thing, version_thing
from modelyard.schema.serving import DeploymentState
from modelyard_server.core import states
from modelyard_server.core.rows import unreadable
from modelyard_server.core.secrets import Reseal
from modelyard_server.db.session import Database
from modelyard_server.lineage.edges import release, set_bases
from modelyard_server.serving.records import (
    ADVANCING,
    RETIRED,
    TRANSITIONS,
    DeploymentRecord,
    EndpointRecord,
)
from modelyard_server.serving.tables import DeploymentRow, EndpointRow


def _deployment(row: DeploymentRow) -> DeploymentRecord:
    """The deployment; in place of one that cannot be read, a failed one that says so.

    One on its way out stays so: removing it needs no more than its id.
    """
    fields = {key: getattr(row, key) for key in DeploymentRecord.__struct_fields__}
    try:
        return msgspec.convert(fields, DeploymentRecord)
    except msgspec.ValidationError as error:
        what = f"Deployment {row.id} of '{row.endpoint}'"
        return DeploymentRecord(
            id=row.id,
            endpoint=row.endpoint,
            model=str(row.model),
            version=row.version if isinstance(row.version, int) else 0,
            state=_LEAVING.get(row.state, "failed"),
            created=_number(row.created),
            size="",
            cpus=0.0,
            memory=0,
            script="",
            requirements=[],
            env="",
            error=unreadable(what, error, "Deploy again, or delete the endpoint."),
        )


_LEAVING: dict[str, DeploymentState] = {"draining": "draining", "stopped": "stopped"}


def _endpoint(row: EndpointRow) -> EndpointRecord:
    """The endpoint; in place of one that cannot be read, one that says so."""
    fields = {
        "name": row.name,
        "port": row.port,
        "engine": row.engine,
        "desired": "deleted" if row.desired == "deleted" else "running",
        "keys": row.keys,
        "created": row.created,
        "updated": row.updated,
        "current_id": row.current,
    }
    try:
        record = msgspec.convert(fields, EndpointRecord)
    except msgspec.ValidationError as error:
        record = EndpointRecord(
            name=row.name,
            port=0,
            engine=str(row.engine),
            desired="deleted" if row.desired == "deleted" else "running",
            keys="",
            created=_number(row.created),
            updated=_number(row.updated),
            error=unreadable(f"Endpoint '{row.name}'", error, "Delete it, and deploy it again."),
        )
    record.deployments = [_deployment(deployment) for deployment in row.deployments]
    return record


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


_EVERY = (
    select(EndpointRow).order_by(EndpointRow.name).options(selectinload(EndpointRow.deployments))
)


class ServingStore:
    """The only reader and writer of the endpoint and deployment tables."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # -- reading ----------------------------------------------------------------------------

    def all(self) -> list[EndpointRecord]:
        """All endpoints, by name."""
        with self._db.session(reading=True) as session:
            return [_endpoint(row) for row in session.scalars(_EVERY)]

    def on(self, engine: str) -> list[EndpointRecord]:
        """The endpoints on an engine, by name."""
        with self._db.session(reading=True) as session:
            query = _EVERY.where(EndpointRow.engine == engine)
            return [_endpoint(row) for row in session.scalars(query)]

    def engines(self) -> set[str]:
        """Names of the engines that endpoints are on."""
        with self._db.session(reading=True) as session:
            return set(session.scalars(select(EndpointRow.engine).distinct()))

    def find(self, name: str) -> EndpointRecord | None:
        """The endpoint of that name, None when there is none."""
        with self._db.session(reading=True) as session:
            row = session.get(EndpointRow, name)
            return _endpoint(row) if row is not None else None

    def similar(self, name: str) -> str | None:
        """The name of an endpoint that differs in upper and lower case at most."""
        query = select(EndpointRow.name).where(EndpointRow.folded == name.casefold())
        with self._db.session(reading=True) as session:
            return session.scalar(query)

    def ports(self) -> set[int]:
        """Ports that endpoints hold."""
        with self._db.session(reading=True) as session:
            return set(session.scalars(select(EndpointRow.port)))

    # -- writing ----------------------------------------------------------------------------

    def deploy(
        self,
        endpoint: EndpointRecord,
        deployment: DeploymentRecord,
        require: Callable[[Session, str, int], None],
    ) -> None:
        """Add a deployment, and the endpoint when it is new; one that was coming gives way.

        Parameters
        ----------
        require: raises NotFound unless the model version is there.

        Raises
        ------
        AlreadyExists: the port, or the name in other letters, was taken meanwhile.
        NotFound: the model version was deleted meanwhile.
        """
        with self._db.session() as session:
            require(session, deployment.model, deployment.version)
            row = session.get(EndpointRow, endpoint.name)
            if row is None:
                row = EndpointRow(
                    name=endpoint.name,
                    folded=endpoint.name.casefold(),
                    port=endpoint.port,
                    engine=endpoint.engine,
                    desired="running",
                    keys=endpoint.keys,
                    created=endpoint.created,
                    current=None,
                )
                session.add(row)
            row.updated = endpoint.updated
            for other in row.deployments:
                if other.id != row.current and other.state not in RETIRED:
                    _enter(other, "stopped")
            row.deployments.append(DeploymentRow(**msgspec.to_builtins(deployment)))
            _note_bases(session, row)

    def update(self, deployment: str, **fields: Any) -> bool:
        """Change columns of a deployment that is not on its way out; says whether it was there."""
        with self._db.session() as session:
            row = session.get(DeploymentRow, deployment)
            if row is None or row.state in RETIRED:
                return False
            if "state" in fields:
                states.check(TRANSITIONS, row.state, fields["state"])
            for key, value in fields.items():
                setattr(row, key, msgspec.to_builtins(value))
            if "state" in fields:
                _note_bases(session, session.get_one(EndpointRow, row.endpoint))
            return True

    def switch(self, name: str, deployment: str) -> bool:
        """Make a deployment the current one; False when it was superseded or deleted meanwhile."""
        with self._db.session() as session:
            row = session.get(EndpointRow, name)
            coming = session.get(DeploymentRow, deployment)
            if row is None or row.desired == "deleted":
                return False
            if coming is None or coming.state in RETIRED:
                return False
            if row.current is not None and row.current != deployment:
                old = session.get(DeploymentRow, row.current)
                if old is not None:
                    _enter(old, "draining")
            now = time.time()
            row.current, row.updated = deployment, now
            _enter(coming, "running")
            coming.ready, coming.error, coming.exit = now, None, None
            _note_bases(session, row)
            return True

    def assign_engine(self, engine: str) -> None:
        """Note the engine of endpoints that were made before each had its own."""
        with self._db.session() as session:
            session.execute(
                update(EndpointRow).where(EndpointRow.engine == "").values(engine=engine)
            )

    def set_keys(self, name: str, before: str, keys: str) -> bool:
        """Replace the sealed keys if they are still `before`; says whether they were."""
        with self._db.session() as session:
            row = session.get(EndpointRow, name)
            if row is None or row.keys != before:
                return False
            row.keys = keys
            return True

    def reseal(self, reseal: Reseal) -> None:
        """Pass everything that is sealed through `reseal`: all of it, or on an error nothing."""
        with self._db.session() as session:
            for endpoint in session.scalars(select(EndpointRow)):
                endpoint.keys = reseal(endpoint.keys)
            for deployment in session.scalars(select(DeploymentRow)):
                deployment.env = reseal(deployment.env)

    def mark_deleted(self, name: str) -> None:
        """Note that the endpoint is to go."""
        with self._db.session() as session:
            row = session.get(EndpointRow, name)
            if row is not None:
                row.desired, row.updated = "deleted", time.time()
                _note_bases(session, row)

    def remove_deployment(self, deployment: str) -> None:
        """Delete the row; silent when it is gone."""
        with self._db.session() as session:
            _delete(session, session.get(DeploymentRow, deployment))

    def remove_deleted(self, name: str) -> bool:
        """Delete an endpoint's rows if it is still wished to go; says whether it is gone."""
        with self._db.session() as session:
            row = session.get(EndpointRow, name)
            if row is not None and row.desired != "deleted":
                return False
            _delete(session, row)
            release(session, [Thing(kind=ENDPOINT, id=name)])
            return True


def _enter(row: DeploymentRow, state: str) -> None:
    states.check(TRANSITIONS, row.state, state)
    row.state = state


def _note_bases(session: Session, row: EndpointRow) -> None:
    """An endpoint rests on the versions that it serves or is about to, until it is deleted."""
    live = [d for d in row.deployments if d.id == row.current or d.state in ADVANCING]
    bases = [] if row.desired == "deleted" else [version_thing(d.model, d.version) for d in live]
    set_bases(session, Thing(kind=ENDPOINT, id=row.name), bases)


def _delete(session: Session, row: EndpointRow | DeploymentRow | None) -> None:
    if row is not None:
        session.delete(row)
