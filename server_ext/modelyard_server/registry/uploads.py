"""Staging areas: files that arrive one by one before they become a model version."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelyard.errors import InvalidInput, NotFound, WrongState
from modelyard.schema.registry import UploadOpened
from modelyard_server.artifacts.store import ArtifactStore, Writer
from modelyard_server.registry.store import RegistryStore

FOLDER = "uploads"

KEEP = 24 * 3600.0
"""Seconds after which an upload that nobody registered is removed."""


class Uploads:
    """Opens, fills, hands over and sweeps staging areas."""

    def __init__(self, rows: RegistryStore, files: ArtifactStore) -> None:
        self._rows = rows
        self._files = files
        self._claimed: set[str] = set()
        self._lock = threading.Lock()

    def open(self) -> UploadOpened:
        """A new, empty staging area."""
        id = uuid.uuid4().hex
        self._rows.open_upload(id)
        return UploadOpened(id=id)

    def writer(self, id: str, path: str) -> Writer:
        """Begin a file in it.

        Raises
        ------
        NotFound: there is no such upload. InvalidInput: a bad path. WrongState: it is being
        registered.
        """
        key = _key(id)
        with self._lock:
            if id in self._claimed:
                raise WrongState("This upload is being registered.", hint="Open a new one.")
        self._rows.touch_upload(id)
        return self._files.writer(f"{key}/{path}")

    @contextmanager
    def claimed(self, id: str) -> Iterator[str]:
        """The key of a complete upload; it is gone after the block, but not if the block fails.

        Raises
        ------
        NotFound: there is no such upload. InvalidInput: nothing is in it. WrongState: somebody
        else is registering it.
        """
        key = _key(id)
        with self._lock:
            if id in self._claimed:
                raise WrongState("This upload is being registered already.", field="upload")
            self._claimed.add(id)
        try:
            self._rows.touch_upload(id)
            if not self._files.exists(key):
                raise InvalidInput(
                    "Nothing was uploaded.",
                    hint=f"PUT the files to /uploads/{id}/PATH first.",
                    field="upload",
                )
            yield key
            self._drop(id)
        finally:
            with self._lock:
                self._claimed.discard(id)

    def ids(self) -> list[str]:
        """All uploads that have files."""
        root = self._files.path(FOLDER)
        return sorted(each.name for each in root.iterdir()) if root.is_dir() else []

    def path(self, id: str) -> Path:
        """Where the files of one lie."""
        return self._files.path(f"{FOLDER}/{id}")

    def abandoned(self) -> dict[str, float]:
        """Uploads that nobody touched within a day, and when somebody did last.

        Among them is what a crash, or a file that ended after its upload was removed, has left.
        """
        found = self.ids()  # first: what is opened meanwhile is among the known ones
        known = self._rows.uploads()
        old = {id: touched for id, touched in known.items() if touched < time.time() - KEEP}
        return old | dict.fromkeys((id for id in found if id not in known), 0.0)

    def drop_abandoned(self, id: str) -> bool:
        """Remove one of them; False when somebody touched it meanwhile.

        Whoever fills or registers an upload touches its row first, and is refused without one.
        """
        if not self._rows.close_old_upload(id, time.time() - KEEP):
            return False
        self._files.delete_tree(f"{FOLDER}/{id}")
        return True

    def sweep(self) -> None:
        """Remove all that is abandoned."""
        for id in self.abandoned():
            self.drop_abandoned(id)

    def _drop(self, id: str) -> None:
        # The row first: files without a row are swept, a row without files would be an upload.
        self._rows.close_upload(id)
        self._files.delete_tree(f"{FOLDER}/{id}")


def _key(id: str) -> str:
    if not re.fullmatch("[0-9a-f]{32}", id):
        raise NotFound(f"There is no upload '{id[:40]}'.", field="upload")
    return f"{FOLDER}/{id}"
