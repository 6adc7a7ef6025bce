"""Follows the spools of active runs, and notices the runs whose process is gone."""

from __future__ import annotations

import logging
import time
from typing import Protocol

from modelyard.errors import ModelyardError
from modelyard.schema.tracking import RunCreate
from modelyard.tracking.spool import spool_name
from modelyard_server.tracking.ingest import Ingestor
from modelyard_server.tracking.records import first_record
from modelyard_server.tracking.spools import Spools
from modelyard_server.tracking.store.runs import Position, RunStore

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
_ORPHAN = 3600.0
_NAMED = 20
"""Foreign files of one holder that are named in the log."""


class Owner(Protocol):
    """What the tailer tells and asks: the manager."""

    def adopt(self, body: RunCreate, holder: str) -> None:
        """A run that a holder began while no server answered."""

    def changed(self, uid: str) -> None:
        """Something was logged."""

    def closed(self, uid: str) -> None:
        """The run has ended."""


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
        self._paused: dict[tuple[str, str], float] = {}
        self._strangers = Strangers(log)

    def step(self) -> None:
        """Read what is new; once a second also look for dead writers and unknown spools."""
        looking = time.monotonic() - self._looked >= _LOOK_AROUND
        writing = self._runs.writing()
        for position in writing:
            key = (position.holder, position.uid)
            if self._paused.get(key, 0.0) > time.monotonic():
                continue
            try:
                self._follow(position, looking)
            except Exception as error:  # noqa: BLE001 - one run must not keep the others waiting
                self._paused[key] = time.monotonic() + _PAUSE
                self._log.error("run %s: its spool cannot be read: %s", position.uid, error)
        if looking:
            now = self._looked = time.monotonic()
            self._paused = {key: until for key, until in self._paused.items() if until > now}
            for holder in self._spools.holders():
                writing_here = {each.uid for each in writing if each.holder == holder}
                self._look_around(holder, writing_here)

    def read(self, uid: str) -> Position:
        """Take all that is in a run's spool now."""
        # Its size now: a process may log faster than we read.
        position = self._runs.position(uid)
        spool = self._spools.of(position.holder, uid)
        end = spool.size()
        while position.writing and position.offset < end:
            data = spool.read(position.offset)
            if not data:
                break
            if data.endswith(b"\n"):
                position = self._ingestor.ingest(uid, position.offset, data)
            else:
                self._ingestor.skip(uid, position.offset, len(data))
                position = self._runs.position(uid)
            self._owner.changed(uid)
        if position.ended:
            self._owner.closed(uid)
        return position

    def _follow(self, position: Position, looking: bool) -> None:
        if not position.spool:
            heard = max(position.heard, self._began)
            if looking and time.time() - heard > SILENCE:
                self._fail(position, _SILENT, position.heard)
            return
        spool = self._spools.of(position.holder, position.uid)
        dead = looking and not spool.writer_lives()
        # Only now: what a process wrote before it died is all there once its lock is free.
        if dead or spool.size() > position.offset:
            position = self.read(position.uid)
        if dead and position.writing:
            self._fail(position, _DIED, spool.modified() or position.heard)

    def _fail(self, position: Position, reason: str, ended: float) -> None:
        self._runs.end(position.id, "failed", reason, ended)
        self._owner.closed(position.uid)

    def _look_around(self, holder: str, writing: set[str]) -> None:
        runs, strange = self._spools.listing(holder)
        for name in strange:
            self._strangers.name(holder, name)
        for uid in runs:
            key = (holder, uid)
            if uid in writing or self._paused.get(key, 0.0) > time.monotonic():
                continue
            try:
                self._look_at(holder, uid)
            except Exception as error:  # noqa: BLE001 - one spool must not hide the others
                self._paused[key] = time.monotonic() + _PAUSE
                self._log.error("run %s: its spool cannot be looked at: %s", uid, error)

    def _look_at(self, holder: str, uid: str) -> None:
        if not self._runs.exists(uid):
            self._adopt(holder, uid)
            return
        position = self._runs.position(uid)
        if position.holder != holder or not position.spool:
            self._strangers.name(holder, spool_name(uid))
        elif position.ended:  # and the server did before it could tidy up
            self._owner.closed(uid)

    def _adopt(self, holder: str, uid: str) -> None:
        spool = self._spools.of(holder, uid)
        line, _, _ = spool.read(0).partition(b"\n")
        record = first_record(line) if line else None
        if record is not None and record.r is not None and record.r.id == uid:
            try:
                self._owner.adopt(record.r, holder)
                return
            except ModelyardError as error:
                self._log.error("the run in spool %s cannot be made: %s", uid, error)
        old = time.time() - (spool.modified() or 0.0) > _ORPHAN
        if old and not spool.writer_lives():
            spool.remove()


class Strangers:
    """Names, once, what lies in a spool folder and is none of its holder's runs."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._named: dict[str, set[str]] = {}

    def name(self, holder: str, name: str) -> None:
        """Log it; of one holder no more than `_NAMED` are."""
        named = self._named.setdefault(holder, set())
        if name in named or len(named) >= _NAMED:
            return
        named.add(name)
        more = "; more of them are not named" if len(named) == _NAMED else ""
        self._log.warning(
            "spool/%s: %r is none of its runs and is ignored%s", holder, name[:80], more
        )
