"""Tokens of instances."""

from __future__ import annotations

from pathlib import Path

import pytest
from jupyter_server.serverapp import ServerApp
from sqlalchemy import event

from modelyard_server.core.tokens import Tokens
from modelyard_server.db.session import Database
from tests.server_support import wait_for


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


def test_expired_tokens_are_forgotten_after_a_day_in_which_they_are_told(db: Database) -> None:
    tokens = Tokens(db)
    day = 24 * 3600.0
    old = tokens.issue("job", "old", scope=("run/1",), lifetime=-day - 60)
    fresh = tokens.issue("job", "fresh", scope=("run/2",), lifetime=-60)
    lasting = tokens.issue("job", "lasting", scope=("run/3",), lifetime=60)
    forever = tokens.issue("instance", "cpu-1")
    for token in (old, fresh, lasting, forever):
        assert tokens.find(token) is not None  # and remembered
    tokens.drop_expired()
    assert tokens.find(old) is None
    found = tokens.find(fresh)
    assert found is not None and found.expired
    assert tokens.find(lasting) is not None and tokens.find(forever) is not None


async def test_a_server_forgets_them(jp_serverapp: ServerApp) -> None:
    services = jp_serverapp.web_app.settings["modelyard"]
    tokens = services.tokens
    old = tokens.issue("job", "old", scope=("run/1",), lifetime=-2 * 24 * 3600.0)
    services._token_loop.wake()
    wait_for(lambda: tokens.find(old) is None, 10, "the row is gone")
