"""Rows <-> wire types of models; the only reader and writer of the registry's tables."""

from __future__ import annotations

import time
from collections import defaultdict
from typing import Any

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from modelyard.errors import InUse, NotFound
from modelyard.schema.lineage import RUN, Thing, version_thing
from modelyard.schema.registry import Model, ModelVersionInfo
from modelyard.schema.tracking import ArtifactInfo
from modelyard.suggest import did_you_mean
from modelyard_server.db.session import Database
from modelyard_server.lineage.edges import live_on, release, set_bases
from modelyard_server.registry.tables import ModelCounterRow, ModelRow, ModelVersionRow, UploadRow

_MODEL = ("name", "created", "updated", "note", "tags")
_VERSION = tuple(f for f in ModelVersionInfo.__struct_fields__ if f != "endpoints")


def _version(row: ModelVersionRow) -> ModelVersionInfo:
    return msgspec.convert({key: getattr(row, key) for key in _VERSION}, ModelVersionInfo)


def _model(row: ModelRow, versions: list[ModelVersionInfo]) -> Model:
    fields = {key: getattr(row, key) for key in _MODEL}
    return msgspec.convert({**fields, "versions": versions}, Model, from_attributes=True)


class RegistryStore:
    """Models and versions. `ModelVersionInfo.endpoints` stays empty here: serving knows it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    # -- reading ----------------------------------------------------------------------------

    def all(self) -> list[Model]:
        """All models by name, their versions newest first."""
        with self._db.session(reading=True) as session:
            versions: dict[str, list[ModelVersionInfo]] = defaultdict(list)
            query = select(ModelVersionRow).order_by(ModelVersionRow.version.desc())
            for row in session.scalars(query):
                versions[row.name].append(_version(row))
            models = session.scalars(select(ModelRow).order_by(ModelRow.name))
            return [_model(row, versions[row.name]) for row in models]

    def get(self, name: str) -> Model:
        """One model. NotFound names a similar one."""
        with self._db.session(reading=True) as session:
            return self._wire(session, self._row(session, name))

    def version(self, name: str, version: int | None) -> ModelVersionInfo:
        """One version, the newest for None. NotFound names what there is."""
        with self._db.session(reading=True) as session:
            return _version(self._version_row(session, name, version))

    def files(self, name: str, version: int) -> list[ArtifactInfo]:
        """The files of a version with their SHA-256, sorted by path."""
        with self._db.session(reading=True) as session:
            row = self._version_row(session, name, version)
            return msgspec.convert(row.files, list[ArtifactInfo])

    def numbers(self) -> set[tuple[str, int]]:
        """(name, version) of every version."""
        with self._db.session(reading=True) as session:
            rows = session.execute(select(ModelVersionRow.name, ModelVersionRow.version))
            return {(name, version) for name, version in rows}

    def last_number(self, name: str) -> int:
        """The last number ever given under a name; 0 at first."""
        with self._db.session(reading=True) as session:
            row = session.get(ModelCounterRow, name)
            return row.last if row is not None else 0

    # -- writing ----------------------------------------------------------------------------

    def add(self, made: ModelVersionInfo, files: list[ArtifactInfo]) -> None:
        """Insert a version, and its model if it is the first."""
        fields = msgspec.to_builtins(made)
        with self._db.session() as session:
            model = session.get(ModelRow, made.name)
            if model is None:
                session.add(
                    ModelRow(
                        name=made.name,
                        created=made.created,
                        updated=made.created,
                        note="",
                        tags={},
                    )
                )
                # The version refers to it; without a relationship the order is ours to keep.
                session.flush()
            else:
                model.updated = made.created
            counter = session.get(ModelCounterRow, made.name)
            if counter is None:
                session.add(ModelCounterRow(name=made.name, last=made.version))
            else:
                counter.last = max(counter.last, made.version)
            row = {key: fields[key] for key in _VERSION}
            session.add(ModelVersionRow(**row, files=msgspec.to_builtins(files)))
            bases = [Thing(kind=RUN, id=made.run_id)] if made.run_id else []
            set_bases(session, version_thing(made.name, made.version), bases)

    def update(
        self, name: str, version: int | None, note: str | None, tags: dict[str, str | None] | None
    ) -> None:
        """Change note and tags of a model, or of one version; a null tag is removed."""
        with self._db.session() as session:
            model = self._row(session, name)
            row = model if version is None else self._version_row(session, name, version)
            model.updated = time.time()
            if note is not None:
                row.note = note
            if tags is not None:
                merged: dict[str, Any] = {**row.tags, **tags}
                row.tags = {k: v for k, v in merged.items() if v is not None}

    def remove(self, name: str, versions: list[int]) -> bool:
        """Delete versions; says whether the model is gone with its last one.

        Raises
        ------
        InUse: a deployment uses one of them; names the endpoint. None is deleted.
        """
        doomed = (ModelVersionRow.name == name) & ModelVersionRow.version.in_(versions)
        with self._db.session() as session:
            for number in versions:
                _refuse_if_served(session, name, number)
            session.execute(delete(ModelVersionRow).where(doomed))
            release(session, [version_thing(name, number) for number in versions])
            left = session.scalar(
                select(ModelVersionRow.version).where(ModelVersionRow.name == name).limit(1)
            )
            if left is None:
                session.execute(delete(ModelRow).where(ModelRow.name == name))
            return left is None

    # -- uploads ----------------------------------------------------------------------------

    def open_upload(self, id: str) -> None:
        """Note a new staging area."""
        with self._db.session() as session:
            session.add(UploadRow(id=id, touched=time.time()))

    def touch_upload(self, id: str) -> None:
        """Something was put into it. NotFound when it is gone."""
        with self._db.session() as session:
            row = session.get(UploadRow, id)
            if row is None:
                raise NotFound(
                    f"There is no upload '{id[:40]}'.",
                    hint="Uploads are kept for a day; register the model again.",
                    field="upload",
                )
            row.touched = time.time()

    def uploads(self) -> dict[str, float]:
        """Staging areas and when each was last used."""
        with self._db.session(reading=True) as session:
            return {row.id: row.touched for row in session.scalars(select(UploadRow))}

    def close_old_upload(self, id: str, before: float) -> bool:
        """Forget an upload that nobody touched since a time; False when somebody did."""
        with self._db.session() as session:
            row = session.get(UploadRow, id)
            if row is not None and row.touched >= before:
                return False
            if row is not None:
                session.delete(row)
            return True

    def close_upload(self, id: str) -> None:
        """Forget a staging area."""
        with self._db.session() as session:
            session.execute(delete(UploadRow).where(UploadRow.id == id))

    def require(self, session: Session, name: str, version: int) -> None:
        """Raise NotFound unless the version is there, for as long as the session lasts."""
        self._version_row(session, name, version)

    # -- rows -------------------------------------------------------------------------------

    def _wire(self, session: Session, row: ModelRow) -> Model:
        query = (
            select(ModelVersionRow)
            .where(ModelVersionRow.name == row.name)
            .order_by(ModelVersionRow.version.desc())
        )
        return _model(row, [_version(found) for found in session.scalars(query)])

    def _row(self, session: Session, name: str) -> ModelRow:
        row = session.get(ModelRow, name)
        if row is None:
            names = list(session.scalars(select(ModelRow.name)))
            raise NotFound(
                f"There is no model '{name[:80]}'.",
                hint=did_you_mean(name, names) or _first_step(names),
                field="name",
            )
        return row

    def _version_row(self, session: Session, name: str, version: int | None) -> ModelVersionRow:
        self._row(session, name)
        query = select(ModelVersionRow).where(ModelVersionRow.name == name)
        if version is not None:
            query = query.where(ModelVersionRow.version == version)
        row = session.scalar(query.order_by(ModelVersionRow.version.desc()).limit(1))
        if row is None:
            numbers = session.scalars(
                select(ModelVersionRow.version)
                .where(ModelVersionRow.name == name)
                .order_by(ModelVersionRow.version)
            ).all()
            shown = ", ".join(map(str, numbers[-10:]))
            raise NotFound(
                f"Model '{name}' has no version {version}.",
                hint=f"{'Its last versions' if len(numbers) > 10 else 'It has'}: {shown}.",
                field="version",
            )
        return row


def _refuse_if_served(session: Session, name: str, version: int) -> None:
    ways = live_on(session, version_thing(name, version))
    if not ways:
        return
    listed = ", ".join(f"'{way[-1].id}'" for way in ways)
    many = "endpoints" if len(ways) > 1 else "endpoint"
    raise InUse(
        f"{name}:{version} is deployed at {many} {listed}.",
        hint=f"Delete the {many} or deploy another version there first.",
        field="version",
    )


def _first_step(names: list[str]) -> str:
    if names:
        return f"Models are: {', '.join(sorted(names)[:10])}."
    return "No model is registered yet: run.register('name', path='model')."
