"""Keys and variables at rest: sealed with keys of the workspace that only its owner can read.

The key file holds one key a line, the newest first: it seals, and all of them open.
"""

from __future__ import annotations

import os
import secrets
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from modelyard.errors import ServerError
from modelyard_server.core.paths import Paths

Reseal = Callable[[str], str]
"""Opens what is sealed and seals it with the newest key."""


def new_key() -> str:
    """A fresh endpoint key: 256 random bits."""
    return secrets.token_urlsafe(32)


class SecretBox:
    """Seals small JSON values.

    Parameters
    ----------
    file: holds the sealing keys; made on first use, readable by its owner only.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._fernet: MultiFernet | None = None
        self._lock = threading.Lock()

    def seal(self, value: Any) -> str:
        """Encrypt and sign."""
        return self._box().encrypt(msgspec.json.encode(value)).decode()

    def open(self, sealed: str) -> Any:
        """The inverse of `seal`.

        Raises
        ------
        ServerError: it was sealed with another key.
        """
        with self._readable():
            return msgspec.json.decode(self._box().decrypt(sealed.encode()))

    def reseal(self, sealed: str) -> str:
        """Seal with the newest key what any of them opens.

        Raises
        ------
        ServerError: none of them does.
        """
        with self._readable():
            return self._box().rotate(sealed.encode()).decode()

    def rotate(self, apply: Callable[[Reseal], None]) -> None:
        """Put a new key in the place of all others.

        Killed at any moment, it has lost nothing: the old keys go last, and a second call does
        the rest.

        Parameters
        ----------
        apply: passes everything that is sealed in the workspace through the function that it is
            given, and keeps the outcome. When it raises, the old keys stay.
        """
        with self._lock:
            self._ensure()
            fresh = Fernet.generate_key()
            self._replace([fresh, *self._keys()])
            self._fernet = None
        apply(self.reseal)
        with self._lock:
            self._replace([fresh])
            self._fernet = None

    # -- the file ---------------------------------------------------------------------------

    @contextmanager
    def _readable(self) -> Iterator[None]:
        try:
            yield
        except (InvalidToken, ValueError) as error:
            raise ServerError(
                f"A secret cannot be read: {self._file} is not the file it was sealed with.",
                hint="Restore that file from a backup, or delete the endpoint and deploy again.",
            ) from error

    def _box(self) -> MultiFernet:
        with self._lock:
            if self._fernet is None:
                self._ensure()
                try:
                    self._fernet = MultiFernet([Fernet(key) for key in self._keys()])
                except ValueError as error:
                    raise ServerError(
                        f"{self._file} is damaged.", hint="Restore it from a backup."
                    ) from error
            return self._fernet

    def _keys(self) -> list[bytes]:
        return self._file.read_bytes().split()

    def _ensure(self) -> None:
        """Make the first key; of those who try at once, in any process, one does."""
        if self._file.exists():
            return
        draft = self._draft([Fernet.generate_key()])
        try:
            os.link(draft, self._file)
        except FileExistsError:
            pass
        finally:
            draft.unlink()

    def _replace(self, keys: list[bytes]) -> None:
        self._draft(keys).replace(self._file)

    def _draft(self, keys: list[bytes]) -> Path:
        draft = self._file.with_suffix(f".{uuid.uuid4().hex}.tmp")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(b"\n".join(keys))
            out.flush()
            os.fsync(out.fileno())
        return draft


def workspace_box(paths: Paths) -> SecretBox:
    """The box of a workspace."""
    return SecretBox(paths.state / "secret.key")
