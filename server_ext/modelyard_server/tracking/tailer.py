"""Follows the spools of active runs, and notices the runs whose process is gone."""

from __future__ import annotations

import logging
import threading
import time

from modelyard_server.tracking.ingest import Ingestor
from modelyard_server.tracking.owner import Owner
from modelyard_server.tracking.spools import LINE_LIMIT, PIECE, Spools
from modelyard_server.tracking.store.runs import Position, RunStore
from modelyard_server.tracking.strays import Strays

SILENCE = 600.0
"""Seconds without a word after which a run on another machine counts as dead. Its SDK gives a
sign of life every 30."""

_DIED = (
    "The kernel died: its process ended without finishing the run (it was killed, restarted or "
    "ran out of memory)."
)
_SILENT = "The kernel died or lost its connection: it gave no sign of life for 10 minutes."
_LOOK_AROUND = 1.0
"""Seconds between looks at locks and at spools of runs that the server was not told of."""
_PAUSE = 5.0
"""Seconds that a run is left alone after its spool could not be read (disk full, for example)."""
TURN = 64 << 20
"""Bytes that are read of all runs, about, before each has had its turn."""


class Tailer:
    """One `step` brings the database up to date with all spools."""

    def __init__(
        self,
        spools: Spools,
        ingestor: Ingestor,
        runs: RunStore,
        owner: Owner,
        log: logging.Logger,
    ) -> None:
        self._spools = spools
        self._ingestor = ingestor
        self._runs = runs
        self._owner = owner
        self._log = log
        self._began = time.time()
        self._looked = 0.0
        self._expecting = True
        self._paused: dict[str, float] = {}
        self._strays = Strays(spools, runs, owner, log)
        # One piece is in memory at a time, however many ask.
        self._reading = threading.Lock()

    def expect(self) -> None:
        """There is a new run: the next step asks the database which runs have a writer."""
        self._expecting = True

    def step(self) -> None:
        """Read what is new; once a second also look for dead writers and unknown spools.

        While no run has a writer, which is most of the time, it asks for them once a second only.
        """
        looking = time.monotonic() - self._looked >= _LOOK_AROUND
        if not (looking or self._expecting):
            return
        self._expecting = False  # before asking: a run that comes meanwhile is not forgotten
        writing = self._runs.writing()
        if writing:
            self._expecting = True
        share = max(PIECE, TURN // max(1, len(writing)))
        for position in writing:
            if self._paused.get(position.uid, 0.0) > time.monotonic():
                continue
            try:
                self._follow(position, looking, share)
            except Exception as error:  # noqa: BLE001 - one run must not keep the others waiting
                self._paused[position.uid] = time.monotonic() + _PAUSE
                self._log.error("run %s: its spool cannot be read: %s", position.uid, error)
        if looking:
            now = self._looked = time.monotonic()
            self._paused = {uid: until for uid, until in self._paused.items() if until > now}
            self._strays.look({(each.holder, each.uid) for each in writing})

    def read(self, uid: str, most: int | None = None) -> Position:
        """Take what is in a run's spool now.

        Parameters
        ----------
        most: bytes after which, about, the rest is left to the loop; None: take all.
        """
        position, _ = self._read(uid, most)
        return position

    def _read(self, uid: str, most: int | None) -> tuple[Position, bool]:
        """The position, and whether that is the end of what can be taken."""
        position = self._runs.position(uid)
        # Its size now: a process may log faster than we read.
        end = self._spools.of(position.holder, uid).size()
        spent, more = 0, True
        while more and position.writing and position.offset < end:
            if most is not None and spent >= most:
                return position, False
            size, more = self._take(uid)
            position = self._runs.position(uid)
            spent += max(PIECE, size)
            self._owner.changed(uid)
        if position.ended:
            self._owner.closed(uid)
        return position, True

    def _take(self, uid: str) -> tuple[int, bool]:
        """Take one piece; gives the bytes that were in it, and whether there was one."""
        with self._reading:
            position = self._runs.position(uid)
            piece = self._spools.of(position.holder, uid).read(position.offset)
            if piece.lines:
                self._ingestor.ingest(uid, position.offset, piece.lines)
            elif piece.skip:
                self._ingestor.skip(uid, position.offset, piece.skip)
        return len(piece.lines) or min(piece.skip, LINE_LIMIT), bool(piece.lines or piece.skip)

    def _follow(self, position: Position, looking: bool, share: int) -> None:
        if not position.spool:
            heard = max(position.heard, self._began)
            if looking and time.time() - heard > SILENCE:
                self._fail(position, _SILENT, position.heard)
            return
        spool = self._spools.of(position.holder, position.uid)
        dead = looking and not spool.writer_lives()
        # Only now: what a process wrote before it died is all there once its lock is free.
        if dead or spool.size() > position.offset:
            position, done = self._read(position.uid, share)
            dead = dead and done
        if dead and position.writing:
            self._fail(position, _DIED, spool.modified() or position.heard)

    def _fail(self, position: Position, reason: str, ended: float) -> None:
        self._runs.end(position.id, "failed", reason, ended)
        self._owner.closed(position.uid)
