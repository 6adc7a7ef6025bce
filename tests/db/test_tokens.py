"""Tokens of instances."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import event

from modelyard_server.core.tokens import Tokens
from modelyard_server.db.session import Database


@pytest.fixture
def db(tmp_path: Path) -> Database:
    db = Database(tmp_path / "modelyard.db")
    db.migrate()
    return db


def test_only_the_last_token_of_a_subject_works(db: Database) -> None:
    tokens = Tokens(db)
    first = tokens.issue("instance", "cpu-1")
    assert tokens.find(first) is not None
    second = tokens.issue("instance", "cpu-1")
    assert tokens.find(first) is None
    found = tokens.find(second)
    assert found is not None and found.subject == "cpu-1"
    tokens.revoke("instance", "cpu-1")
    assert tokens.find(second) is None


def test_a_token_that_is_revoked_while_it_is_looked_up_is_not_remembered(db: Database) -> None:
    tokens = Tokens(db)
    token = tokens.issue("instance", "cpu-1")

    revoked: list[str] = []

    def revoke(_connection: object) -> None:
        if not revoked:
            revoked.append(token)
            tokens.revoke("instance", "cpu-1")

    # The moment after the row was read and before it is remembered.
    event.listen(db.engine, "commit", revoke)
    tokens.find(token)
    assert revoked
    assert tokens.find(token) is None
