"""Files of runs: of those there are, of those that are deleted, and of none."""

from __future__ import annotations

import time
from collections.abc import Iterable

from modelyard.errors import InUse
from modelyard.schema.storage import StorageItem, StoragePart
from modelyard_server.core.measure import Measured, Measuring
from modelyard_server.storage.content import DAY, Content, Removable
from modelyard_server.tracking.manager import TrackingManager

_YOUNG = 3600.0
"""Seconds after the last change in which files of no run stay: somebody is still at it."""


class _OfRuns(Content):
    def __init__(self, tracking: TrackingManager) -> None:
        self._tracking = tracking
        self._purging = tracking.purging

    def _measured(self, measuring: Measuring, uids: Iterable[str]) -> StoragePart:
        total, count = Measured(), 0
        for uid in uids:
            total += measuring.of(self._purging.path(uid))
            count += 1
        return self.part(bytes=total.bytes, count=count, partial=total.partial)


class Runs(_OfRuns):
    """Artifacts, output and snapshots of runs that are not deleted."""

    kind = "runs"
    title = "Files of runs"
    unit = "run/runs"
    why = "Delete runs you no longer need: their list, or %ml runs delete ID --forever."
    cleans = False

    def measure(self, measuring: Measuring, /) -> StoragePart:
        """All folders but those of the other two kinds."""
        folders = self._purging.folders()
        others = {run.uid for run in self._purging.deleted()} | set(self._purging.orphans())
        return self._measured(measuring, (uid for uid in folders if uid not in others))


class DeletedRuns(_OfRuns):
    """Runs that were deleted and can still be brought back."""

    kind = "deleted_runs"
    title = "Deleted runs"
    unit = "run/runs"

    def measure(self, measuring: Measuring, /) -> StoragePart:
        """Those whose time has not come yet."""
        part = self._measured(measuring, (run.uid for run in self._purging.deleted()))
        days = self._tracking.purge_after / DAY
        by_itself = f"They go by themselves {days:g} days after they were deleted. " if days else ""
        part.why = f"{by_itself}Cleaned, they cannot be restored."
        return part

    def removable(self, measuring: Measuring, /) -> list[Removable]:
        """All of them."""
        return [
            Removable(
                key=run.uid,
                item=StorageItem(
                    name=f"run {run.name}",
                    bytes=measuring.of(self._purging.path(run.uid)).freed,
                    used=run.deleted,
                    why="It was deleted.",
                ),
            )
            for run in self._purging.deleted()
        ]

    def remove(self, one: Removable, /) -> None:
        """Remove a run for ever, unless it was restored meanwhile."""
        if not self._purging.purge_deleted(one.key):
            raise InUse("It was restored, or is gone.")


class Orphans(_OfRuns):
    """Files of runs that there are no more."""

    kind = "orphans"
    title = "Files of no run"
    unit = "folder/folders"
    # Never by itself: after a database was lost, or came back from an older copy, these files are
    # all that is left of the runs.
    why = (
        "Their runs are not in the database: it may have come back from an older copy. They stay "
        "until you clean them; all but what was written within the last hour can go."
    )

    def measure(self, measuring: Measuring, /) -> StoragePart:
        """All folders without a run."""
        return self._measured(measuring, self._purging.orphans())

    def removable(self, measuring: Measuring, /) -> list[Removable]:
        """Those that nobody has written to within the hour."""
        found = []
        for uid in self._purging.orphans():
            about = measuring.of(self._purging.path(uid))
            if about.newest < time.time() - _YOUNG:
                why = "There is no such run."
                item = StorageItem(name=uid, bytes=about.freed, used=about.newest, why=why)
                found.append(Removable(key=uid, item=item))
        return found

    def remove(self, one: Removable, /) -> None:
        """Remove it, unless a run has that id meanwhile, or somebody writes to it."""
        if Measuring().of(self._purging.path(one.key)).newest > time.time() - _YOUNG:
            raise InUse("Somebody writes to it.")
        if not self._purging.remove_orphan(one.key):
            raise InUse("There is such a run.")
