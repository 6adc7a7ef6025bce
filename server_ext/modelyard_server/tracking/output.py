"""What a run printed: a file that grows while it runs, and an artifact when it has ended."""

from __future__ import annotations

import codecs
import os
import threading
from pathlib import Path

from modelyard_server.artifacts.store import ArtifactStore

LOG_LIMIT = 64 << 20
"""Bytes of output that are kept of a run."""

_CUT = b"\n[The output is longer than 64 MiB; the rest was not kept.]\n"
_PIECE = 1 << 20

LONGEST = LOG_LIMIT + len(_CUT)
"""Bytes that a log can have."""


class OutputLogs:
    """Logs of runs.

    Parameters
    ----------
    folder: where those of active runs lie.
    store: where they go in the end.
    """

    def __init__(self, folder: Path, store: ArtifactStore) -> None:
        self._folder = folder
        self._store = store
        self._sealing = threading.Lock()

    def append(self, uid: str, at: int, text: list[str]) -> int:
        """Write text at position `at` and give the new size.

        The caller stores that size with the position in the spool: after a crash between the
        two, the same text is written to the same place again.
        """
        if not text or at >= LOG_LIMIT:
            return at
        data = "".join(text).encode(errors="replace")
        if at + len(data) > LOG_LIMIT:
            data = data[: LOG_LIMIT - at] + _CUT
        # Here and not at the beginning: a full disk must not keep a server from starting.
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._path(uid).open("r+b" if self._path(uid).exists() else "wb") as file:
            file.truncate(at)
            file.seek(at)
            file.write(data)
        return at + len(data)

    def read(self, uid: str, key: str, offset: int, size: int) -> tuple[str, int]:
        """Text from byte `offset` on (at most 1 MiB), and where it ends; `key` is the artifact."""
        path = self._path(uid)
        try:
            file = path.open("rb")
        except FileNotFoundError:
            if not self._store.exists(key):
                return "", offset
            file = self._store.open(key)
            size = os.fstat(file.fileno()).st_size
        with file:
            if offset >= size:
                return "", offset
            file.seek(offset)
            data = file.read(max(0, min(_PIECE, size - offset)))
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = decoder.decode(data)
        cut = len(decoder.getstate()[0])
        if cut and cut == len(data):  # no more will come of this character
            return "\ufffd", offset + cut
        return text, offset + len(data) - cut

    def growing(self) -> list[str]:
        """Runs whose log is no artifact yet."""
        return [path.stem for path in self._folder.glob("*.txt")]

    def seal(self, uid: str, key: str) -> None:
        """Keep the log of a run that has ended as an artifact."""
        path = self._path(uid)
        with self._sealing:
            if not path.exists():
                return
            if self._store.path(key).is_dir():
                self._store.delete_tree(key)  # the name is ours; an earlier version let it go
            writer = self._store.writer(key)
            try:
                with path.open("rb") as file:
                    while piece := file.read(_PIECE):
                        writer.write(piece)
                writer.commit()
            finally:
                writer.abort()
            path.unlink()

    def remove(self, uid: str) -> None:
        """Remove the log of a run that goes for ever, after a `seal` that is under way."""
        with self._sealing:
            self._path(uid).unlink(missing_ok=True)

    def _path(self, uid: str) -> Path:
        return self._folder / f"{uid}.txt"
