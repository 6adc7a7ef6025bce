"""Staging areas: files that arrive one by one before they become a model version."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

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

    def sweep(self) -> None:
        """Remove uploads that are older than a day, and what a crash left of others."""
        root = self._files.path(FOLDER)
        found = {folder.name for folder in root.iterdir()} if root.is_dir() else set()
        known = self._rows.uploads()
        old = {id for id, touched in known.items() if touched < time.time() - KEEP}
        for id in (found - known.keys()) | old:
            with self._lock:
                if id in self._claimed:
                    continue
            self._drop(id)

    def _drop(self, id: str) -> None:
        # The row first: files without a row are swept, a row without files would be an upload.
        self._rows.close_upload(id)
        self._files.delete_tree(f"{FOLDER}/{id}")


def _key(id: str) -> str:
    if not re.fullmatch("[0-9a-f]{32}", id):
        raise NotFound(f"There is no upload '{id[:40]}'.", field="upload")
    return f"{FOLDER}/{id}"
