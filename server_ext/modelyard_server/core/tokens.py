"""Revocable tokens for code that runs on compute targets. Only their hashes are stored."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time

import msgspec
from sqlalchemy import delete, select

from modelyard_server.core.tables import TokenRow
from modelyard_server.db.session import Database

PREFIX = "myd_"


class Principal(msgspec.Struct, kw_only=True, frozen=True):
    """Who a token speaks for."""

    kind: str
    """instance: its owner's rights on the workspace, and nothing of Jupyter's API."""
    subject: str


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Tokens:
    """Issues, finds and revokes tokens."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._cache: dict[str, Principal] = {}
        self._revoked = 0
        self._lock = threading.Lock()

    def issue(self, kind: str, subject: str) -> str:
        """A new token for a subject; earlier ones of the subject stop working."""
        token = PREFIX + secrets.token_urlsafe(32)
        self.revoke(kind, subject)
        with self._db.session() as session:
            session.add(
                TokenRow(hash=_hash(token), kind=kind, subject=subject, created=time.time())
            )
        return token

    def find(self, token: str) -> Principal | None:
        """Whose token it is; None when it is unknown or revoked."""
        key = _hash(token)
        with self._lock:
            if key in self._cache:
                return self._cache[key]
            before = self._revoked
        with self._db.session(reading=True) as session:
            row = session.scalar(select(TokenRow).where(TokenRow.hash == key))
            if row is None:
                return None
            found = Principal(kind=row.kind, subject=row.subject)
        with self._lock:
            if before == self._revoked:  # else what was read may be gone
                self._cache[key] = found
        return found

    def revoke(self, kind: str, subject: str) -> None:
        """Make all tokens of a subject worthless."""
        with self._db.session() as session:
            session.execute(
                delete(TokenRow).where(TokenRow.kind == kind, TokenRow.subject == subject)
            )
        with self._lock:
            self._revoked += 1
            self._cache.clear()
