"""Revocable tokens for code that runs on compute targets. Only their hashes are stored."""

from __future__ import annotations

import hashlib
import secrets
import threading
import time
from collections.abc import Sequence
from typing import Literal

import msgspec
from sqlalchemy import delete, select

from modelyard_server.core.tables import TokenRow
from modelyard_server.db.session import Database

PREFIX = "myd_"

_TOLD = 24 * 3600.0
"""Seconds for which who sends an expired token hears that it has expired."""

TokenKind = Literal["instance", "job", "scoring", "read"]

_RIGHTS: dict[str, tuple[frozenset[str], bool]] = {
    "instance": (frozenset({"read", "write", "execute"}), False),
    "read": (frozenset({"read"}), False),
    "job": (frozenset({"read", "write", "execute"}), True),
    "scoring": (frozenset({"read"}), True),
}
"""The actions of a kind, and whether its tokens reach only what their scope names."""


class Principal(msgspec.Struct, kw_only=True, frozen=True):
    """Who a token speaks for, and how far it reaches."""

    kind: str
    """instance: its owner's rights on the workspace, and nothing of Jupyter's API. read: looks at
    everything but keys. job and scoring: what their scope names, where a verb opens it to them."""
    subject: str
    scope: tuple[str, ...] = ()
    """What a limited token reaches: `run/ID`, `model/NAME/VERSION`."""
    expires: float | None = None
    """Seconds since the epoch; None: it lives until it is revoked."""

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires is not None and self.expires <= time.time()

    def may(self, action: str, thing: str = "") -> bool:
        """Whether it may `read`, `write` or `execute`.

        Parameters
        ----------
        thing: what the verb acts on, in the words of `scope`; empty where the verb is closed to
            limited tokens.
        """
        actions, limited = _RIGHTS.get(self.kind, (frozenset(), True))
        return action in actions and (not limited or (thing != "" and thing in self.scope))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Tokens:
    """Issues, finds and revokes tokens."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._cache: dict[str, Principal] = {}
        self._revoked = 0
        self._lock = threading.Lock()

    def issue(
        self,
        kind: TokenKind,
        subject: str,
        *,
        scope: Sequence[str] = (),
        lifetime: float | None = None,
    ) -> str:
        """A new token for a subject; earlier ones of the subject stop working.

        Parameters
        ----------
        scope: what a limited token reaches, see `Principal.scope`.
        lifetime: seconds until it expires; None: it lives until it is revoked.
        """
        token = PREFIX + secrets.token_urlsafe(32)
        now = time.time()
        self.revoke(kind, subject)
        with self._db.session() as session:
            session.add(
                TokenRow(
                    hash=_hash(token),
                    kind=kind,
                    subject=subject,
                    created=now,
                    scope=list(scope),
                    expires=None if lifetime is None else now + lifetime,
                )
            )
        return token

    def find(self, token: str) -> Principal | None:
        """Whose token it is, expired or not; None when it is unknown or revoked."""
        key = _hash(token)
        with self._lock:
            if key in self._cache:
                return self._cache[key]
            before = self._revoked
        with self._db.session(reading=True) as session:
            row = session.scalar(select(TokenRow).where(TokenRow.hash == key))
            if row is None:
                return None
            found = Principal(
                kind=row.kind, subject=row.subject, scope=tuple(row.scope), expires=row.expires
            )
        with self._lock:
            if before == self._revoked:  # else what was read may be gone
                self._cache[key] = found
        return found

    def drop_expired(self) -> None:
        """Forget those that expired more than a day ago; until then they are told why."""
        with self._db.session() as session:
            session.execute(delete(TokenRow).where(TokenRow.expires <= time.time() - _TOLD))
        self._forget()

    def revoke(self, kind: TokenKind, subject: str) -> None:
        """Make all tokens of a subject worthless."""
        with self._db.session() as session:
            session.execute(
                delete(TokenRow).where(TokenRow.kind == kind, TokenRow.subject == subject)
            )
        self._forget()

    def _forget(self) -> None:
        with self._lock:
            self._revoked += 1
            self._cache.clear()
