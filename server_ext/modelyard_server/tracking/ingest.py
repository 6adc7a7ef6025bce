"""Spool -> database, every byte once."""

from __future__ import annotations

import logging
import threading
import time

from modelyard.errors import ModelyardError
from modelyard_server.artifacts.store import ArtifactStore
from modelyard_server.tracking.layout import check_hidden, hidden_key
from modelyard_server.tracking.output import OutputLogs
from modelyard_server.tracking.records import Batch, read_lines
from modelyard_server.tracking.store.runs import Position, RunStore

_QUIET = 60.0
"""Seconds between two words about the same run's bad lines."""


class Ingestor:
    """Takes pieces of spools, one at a time.

    What is not in the database (output, small files) is written first, to places that depend on
    the position only: a crash in between repeats it and changes nothing.
    """

    def __init__(
        self, runs: RunStore, store: ArtifactStore, logs: OutputLogs, log: logging.Logger
    ) -> None:
        self._runs = runs
        self._store = store
        self._logs = logs
        self._log = log
        self._turn = threading.Lock()
        self._quiet: dict[str, float] = {}

    def ingest(self, uid: str, offset: int, data: bytes) -> Position:
        """Take what is new in `data`, which begins at byte `offset`; gives the position after it.

        A piece that begins past what is held is left: the sender begins again at the position. An
        incomplete last line waits for its rest. Nothing is taken of a run that has no writer.

        Raises
        ------
        NotFound: there is no such run.
        StorageFull: nothing was taken.
        """
        with self._turn:
            position = self._runs.position(uid)
            fresh = data[max(0, position.offset - offset) :] if offset <= position.offset else b""
            whole = fresh[: fresh.rfind(b"\n") + 1]
            if position.writing:
                self._take(position, read_lines(whole), len(whole))
            return position

    def skip(self, uid: str, offset: int, size: int) -> None:
        """Leave out `size` bytes from `offset` on, which can never be a line.

        Nothing happens when the position has moved meanwhile: another reader left them out.
        """
        with self._turn:
            position = self._runs.position(uid)
            if position.writing and position.offset == offset:
                self._take(position, Batch(bad=1), size)

    def _take(self, position: Position, batch: Batch, size: int) -> None:
        if batch.bad:
            self._warn(position.uid, batch.bad)
        for path, text in batch.files:
            self._write_file(position.uid, path, text)
        log_size = self._logs.append(position.uid, position.log_size, batch.output)
        now = time.time()
        after = Position(
            id=position.id,
            uid=position.uid,
            experiment_id=position.experiment_id,
            status=batch.end.status if batch.end else position.status,
            spool=position.spool,
            holder=position.holder,
            offset=position.offset + size,
            log_size=log_size,
            heard=now,
        )
        self._runs.take(after, batch, now)
        position.offset, position.log_size = after.offset, after.log_size
        position.status, position.heard = after.status, now

    def _warn(self, uid: str, bad: int) -> None:
        """Say so once a minute: who logs garbage is not to fill the server's log."""
        now = time.monotonic()
        if now < self._quiet.get(uid, 0.0):
            return
        self._quiet = {run: until for run, until in self._quiet.items() if until > now}
        self._quiet[uid] = now + _QUIET
        self._log.warning("run %s: %d lines could not be read", uid, bad)

    def _write_file(self, uid: str, path: str, text: str) -> None:
        try:
            check_hidden(path)
            writer = self._store.writer(hidden_key(uid, path))
            writer.write(text.encode(errors="replace"))
            # As durable as the database, which does not wait for the disk either.
            writer.commit(durable=False)
        except ModelyardError as error:
            if error.status >= 500:
                raise
            self._log.warning("run %s: %r was not stored: %s", uid, path[:80], error)
