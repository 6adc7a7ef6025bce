"""Keys and variables at rest: sealed with a key of the workspace that only its owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from modelyard.errors import ServerError


def new_key() -> str:
    """A fresh endpoint key: 256 random bits."""
    return secrets.token_urlsafe(32)


class SecretBox:
    """Seals small JSON values.

    Parameters
    ----------
    file: holds the sealing key; made on first use, readable by its owner only.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._fernet: Fernet | None = None

    def seal(self, value: Any) -> str:
        """Encrypt and sign."""
        return self._box().encrypt(msgspec.json.encode(value)).decode()

    def open(self, sealed: str) -> Any:
        """The inverse of `seal`.

        Raises
        ------
        ServerError: it was sealed with another key.
        """
        try:
            return msgspec.json.decode(self._box().decrypt(sealed.encode()))
        except (InvalidToken, ValueError) as error:
            raise ServerError(
                f"A secret cannot be read: {self._file} is not the file it was sealed with.",
                hint="Restore that file from a backup, or delete the endpoint and deploy again.",
            ) from error

    def _box(self) -> Fernet:
        if self._fernet is None:
            try:
                self._fernet = Fernet(self._key())
            except ValueError as error:
                raise ServerError(
                    f"{self._file} is damaged.", hint="Restore it from a backup."
                ) from error
        return self._fernet

    def _key(self) -> bytes:
        if not self._file.exists():
            draft = self._file.with_suffix(f".{os.getpid()}.tmp")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as out:
                out.write(Fernet.generate_key())
                out.flush()
                os.fsync(out.fileno())
            draft.rename(self._file)
        return self._file.read_bytes()
