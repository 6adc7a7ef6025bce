"""An older database is upgraded and keeps its data; migrations make what the tables say."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import insert, text

import modelyard_server.services  # noqa: F401 - imports every domain's tables
from modelyard.errors import AlreadyExists, ServerError
from modelyard.schema.compute import InstanceInfo
from modelyard_server.compute.store import ComputeStore
from modelyard_server.core.tables import TokenRow
from modelyard_server.core.tokens import Tokens
from modelyard_server.db.base import Base
from modelyard_server.db.session import Database


def _instance(name: str) -> InstanceInfo:
    return InstanceInfo(
        name=name, size="small", cpus=1, memory=1 << 34, gpus=0, image="", engine="process",
        state="stopped", desired="stopped", created=1.0,
    )  # fmt: skip


def test_an_older_file_keeps_its_data(tmp_path: Path) -> None:
    db = Database(tmp_path / "old.db")
    db.migrate("0001")
    token = "myd_old"
    with db.session() as session:  # as it was written then
        digest = hashlib.sha256(token.encode()).hexdigest()
        columns = "hash, kind, subject, created"
        session.execute(
            text(f"INSERT INTO token ({columns}) VALUES (:h, 'instance', 'old', 1)"), {"h": digest}
        )
        session.execute(
            text(
                "INSERT INTO compute_instance (name, folded, size, cpus, memory, gpus, image, "
                "engine, desired, state, restart, created) VALUES ('old', 'old', 'small', 1, "
                "1, 1, '', 'process', 'stopped', 'stopped', 0, 1.0)"
            )
        )
    db.close()

    db = Database(tmp_path / "old.db")
    db.migrate()
    assert [instance.name for instance in ComputeStore(db).all()] == ["old"]
    assert not ComputeStore(db).get("old").shared
    found = Tokens(db).find(token)
    assert found is not None and found.subject == "old"
    assert (found.scope, found.expired, found.may("execute")) == ((), False, True)
    db.migrate()  # again: nothing to do
    db.close()


def test_migrations_make_what_the_tables_say(tmp_path: Path) -> None:
    db = Database(tmp_path / "new.db")
    db.migrate()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences = [
            change
            for change in compare_metadata(context, Base.metadata)
            if change[0] in ("add_table", "remove_table", "add_column", "remove_column")
        ]
    assert differences == []
    db.close()


def test_errors_are_translated_and_rolled_back(tmp_path: Path) -> None:
    db = Database(tmp_path / "x.db")
    db.migrate()
    row = {"hash": "h", "kind": "k", "subject": "s", "created": 1.0}
    with db.session() as session:
        session.execute(insert(TokenRow).values(row))
    with pytest.raises(AlreadyExists), db.session() as session:
        session.execute(insert(TokenRow).values({**row, "hash": "other"}))
        session.execute(insert(TokenRow).values(row))
    with db.session(reading=True) as session:
        assert session.query(TokenRow).count() == 1
    db.close()
    db.path.write_bytes(b"this is not a database" * 100)
    with pytest.raises(ServerError):
        Database(db.path).migrate()
