"""Removes the files of runs that were deleted for ever, and runs that were deleted long ago."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from modelyard.errors import InUse
from modelyard_server.artifacts.store import ArtifactStore
from modelyard_server.tracking.layout import run_key
from modelyard_server.tracking.output import OutputLogs
from modelyard_server.tracking.spools import Spools
from modelyard_server.tracking.store.purge import PurgeStore

_PAGE = 20
"""Old runs in one step."""

_AGAIN = 600.0
"""Seconds between two walks through all old runs."""


class Purging:
    """Rows go first, with a note of the run; then its files; then the note. A crash in between
    leaves the note, and the next step finishes.

    Parameters
    ----------
    after: seconds that deleted runs stay; 0: for ever.
    """

    def __init__(
        self,
        rows: PurgeStore,
        store: ArtifactStore,
        logs: OutputLogs,
        spools: Spools,
        log: logging.Logger,
        *,
        after: Callable[[], float],
    ) -> None:
        self._rows = rows
        self._store = store
        self._logs = logs
        self._spools = spools
        self._log = log
        self._after = after
        self._last = 0
        self._not_before = 0.0
        self._failed: dict[str, str] = {}

    def purge(self, uid: str) -> None:
        """Remove a run for ever; files that cannot be removed now are by a later step.

        Raises
        ------
        NotFound: there is no such run. WrongState: it has not ended.
        InUse: a live deployment depends on it.
        """
        self._remove_files(uid, self._rows.condemn(uid))

    def step(self) -> None:
        """Finish what was begun, and take the next few old runs."""
        for uid, holder in self._rows.waiting():
            self._remove_files(uid, holder)
        after = self._after()
        if after and time.monotonic() >= self._not_before:
            self._take_old(time.time() - after)

    def problems(self) -> list[str]:
        """Sentences about files that cannot be removed; empty when all can."""
        failed = dict(self._failed)
        if not failed:
            return []
        return [
            f"Files of {len(failed)} deleted runs are still there: {next(iter(failed.values()))}"
        ]

    def _take_old(self, before: float) -> None:
        page = self._rows.due(before, self._last, _PAGE)
        for row, uid in page:
            self._last = row
            try:
                holder = self._rows.condemn_old(uid, before)
            except InUse:
                continue  # a version of it was deployed after it was deleted
            if holder is not None:
                self._remove_files(uid, holder)
        if not page:
            self._rows.drop_experiments(before)
            self._last, self._not_before = 0, time.monotonic() + _AGAIN

    def _remove_files(self, uid: str, holder: str) -> None:
        try:
            self._logs.remove(uid)
            self._spools.of(holder, uid).remove()
            self._store.delete_tree(run_key(uid))
            self._rows.done(uid)
        except Exception as error:  # noqa: BLE001 - the others go on; the note stays
            if self._failed.get(uid) != str(error):
                self._log.error("run %s: its files are not removed yet: %s", uid, error)
            self._failed = {**self._failed, uid: str(error)}
        else:
            self._failed = {key: text for key, text in self._failed.items() if key != uid}
