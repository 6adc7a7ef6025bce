"""Who may call: the endpoint's keys, known here only by their hashes."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import orjson


class Keys:
    """Checks bearer keys against a file of SHA-256 hashes, which it reads again on change.

    A key is rotated by replacing the file: no request is lost to a restart. A file that is
    missing or damaged opens the endpoint to nobody.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._hashes: list[str] = []

    def valid(self, authorization: bytes) -> bool:
        """Whether an `Authorization` header carries one of the keys; takes constant time."""
        scheme, _, key = authorization.partition(b" ")
        if scheme.lower() != b"bearer":
            return False
        given = hashlib.sha256(key.strip()).hexdigest()
        # No early exit: which of the two keys matched must not show in the time taken.
        matches = [hmac.compare_digest(given, known) for known in self._current()]
        return any(matches)

    def _current(self) -> list[str]:
        try:
            found = self._path.stat()
            seen = (found.st_ino, found.st_mtime_ns, found.st_size)
            if seen != self._seen:
                self._hashes = [str(h) for h in orjson.loads(self._path.read_bytes())["sha256"]]
                self._seen = seen
        except (OSError, ValueError, KeyError, TypeError):
            self._hashes, self._seen = [], None
        return self._hashes
