"""Spools of no run that we follow: a run begun without us, one whose end we missed, or junk."""

from __future__ import annotations

import logging
import time
from typing import NamedTuple

from modelyard.errors import ModelyardError
from modelyard.tracking.spool import spool_name
from modelyard_server.tracking.owner import Owner
from modelyard_server.tracking.records import first_record
from modelyard_server.tracking.spools import Spools
from modelyard_server.tracking.store.runs import RunStore

LOOKS = 100
"""New things that are looked at in one holder's folder and turn; the others have theirs."""

_PAUSE = 5.0
"""Seconds until what could not be looked at is looked at again."""
_ORPHAN = 3600.0
"""Seconds after which what begins no run is removed, if nobody holds its lock."""
_NAMED = 20
"""Foreign files of one holder that are named in the log."""

_Key = tuple[str, str]
"""Holder, and id of the run that the file's name says."""


class _Seen(NamedTuple):
    mark: tuple[int, float]
    """Size and time of writing when it was looked at."""
    foreign: bool
    """A run has that id, but it is another holder's, or has no spool."""


class Strays:
    """Looks at them once, and again when they have changed."""

    def __init__(self, spools: Spools, runs: RunStore, owner: Owner, log: logging.Logger) -> None:
        self._spools = spools
        self._runs = runs
        self._owner = owner
        self._log = log
        self._paused: dict[_Key, float] = {}
        self._junk: dict[_Key, _Seen] = {}
        self._named: dict[str, set[str]] = {}

    def look(self, followed: set[_Key]) -> None:
        """Adopt, tidy up, or name what lies in the folders of all holders.

        Parameters
        ----------
        followed: holder and id of the runs that have a writer.
        """
        now = time.monotonic()
        self._paused = {key: until for key, until in self._paused.items() if until > now}
        junk: dict[_Key, _Seen] = {}
        for holder in self._spools.holders():
            runs, foreign = self._spools.listing(holder)
            for name in foreign:
                self._name(holder, name)
            looks = LOOKS
            for key in ((holder, uid) for uid in runs):
                if key in followed or key in self._paused:
                    continue
                seen = self._junk.get(key)
                if seen is not None and seen.mark == self._spools.of(*key).mark():
                    junk[key] = seen
                    self._expire(key, seen)
                elif looks:
                    looks -= 1
                    self._try(key, junk)
        self._junk = junk

    def _try(self, key: _Key, junk: dict[_Key, _Seen]) -> None:
        mark = self._spools.of(*key).mark()
        try:
            foreign = self._is_foreign(key)
            if foreign or not self._is_ours(key):
                junk[key] = _Seen(mark, foreign)
                self._expire(key, junk[key])
        except Exception as error:  # noqa: BLE001 - one spool must not hide the others
            self._paused[key] = time.monotonic() + _PAUSE
            self._log.error("run %s: its spool cannot be looked at: %s", key[1], error)

    def _is_foreign(self, key: _Key) -> bool:
        holder, uid = key
        if not self._runs.exists(uid):
            return False
        position = self._runs.position(uid)
        foreign = position.holder != holder or not position.spool
        if foreign:
            self._name(holder, spool_name(uid))
        return foreign

    def _is_ours(self, key: _Key) -> bool:
        """Whether it is of a run of this holder, which may be made only now."""
        holder, uid = key
        if not self._runs.exists(uid):
            return self._adopt(holder, uid)
        if self._runs.position(uid).ended:  # and the server did before it could tidy up
            self._owner.closed(uid)
        return True

    def _adopt(self, holder: str, uid: str) -> bool:
        line, _, _ = self._spools.of(holder, uid).head().partition(b"\n")
        record = first_record(line) if line else None
        if record is None or record.r is None or record.r.id != uid:
            return False
        try:
            self._owner.adopt(record.r, holder)
        except ModelyardError as error:
            if error.status >= 500:
                raise
            self._log.error("the run in spool %s cannot be made: %s", uid, error)
            return False
        return True

    def _expire(self, key: _Key, seen: _Seen) -> None:
        """Remove what has begun no run for long; what has a run's name is left alone."""
        old = time.time() - seen.mark[1] > _ORPHAN
        if old and not seen.foreign and not self._spools.of(*key).writer_lives():
            self._spools.of(*key).remove()

    def _name(self, holder: str, name: str) -> None:
        """Log, once, that a file is none of its holder's runs."""
        named = self._named.setdefault(holder, set())
        if name in named or len(named) >= _NAMED:
            return
        named.add(name)
        more = "; more of them are not named" if len(named) == _NAMED else ""
        self._log.warning(
            "spool/%s: %r is none of its runs and is ignored%s", holder, name[:80], more
        )
