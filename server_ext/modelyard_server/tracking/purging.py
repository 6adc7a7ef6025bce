"""Removes the files of runs that were deleted for ever, and runs that were deleted long ago."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path

from modelyard.errors import InUse, WrongState
from modelyard_server.artifacts.store import ArtifactStore
from modelyard_server.tracking.layout import FOLDER, run_key
from modelyard_server.tracking.output import OutputLogs
from modelyard_server.tracking.spools import Spools
from modelyard_server.tracking.store.purge import DeletedRun, PurgeStore

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

    def purge_deleted(self, uid: str) -> bool:
        """Remove a run that was deleted, however short ago; False when it was restored meanwhile.

        Raises
        ------
        InUse: a live deployment depends on it.
        """
        holder = self._rows.condemn_old(uid, math.inf)
        if holder is None:
            return False
        self._remove_files(uid, holder)
        return True

    def purge_experiment(self, id: int) -> None:
        """Remove a deleted experiment with its runs; their files go in the background.

        Raises
        ------
        InUse: a live deployment depends on one of them. WrongState: one has begun meanwhile.
        """
        while self._rows.condemn_some(id, _PAGE):
            pass
        if not self._rows.drop_experiment(id):
            raise WrongState("A run has begun in it meanwhile.", hint="Wait for it.")

    # -- for storage ------------------------------------------------------------------------

    def deleted(self) -> list[DeletedRun]:
        """The runs that are deleted and can be removed."""
        return self._rows.deleted()

    def folders(self) -> list[str]:
        """Ids of all runs that have files, whether there is such a run or not."""
        root = self._store.path(FOLDER)
        return sorted(each.name for each in root.iterdir()) if root.is_dir() else []

    def orphans(self) -> list[str]:
        """Ids of those that are no runs: the database was lost, or is an older copy, say."""
        folders = self.folders()  # first: a run that begins meanwhile is among the known ones
        known = self._rows.known()
        return [uid for uid in folders if uid not in known]

    def remove_orphan(self, uid: str) -> bool:
        """Remove files of no run; False when there is such a run after all."""
        if not self._rows.condemn_unknown(uid):
            return False
        self._remove_files(uid, "")
        return True

    def path(self, uid: str) -> Path:
        """Where the files of a run lie."""
        return self._store.path(run_key(uid))

    # -- the loop ---------------------------------------------------------------------------

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
