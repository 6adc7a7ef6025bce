"""`ws.storage`: what takes how much of the disk, and what can go."""

from __future__ import annotations

from collections.abc import Sequence

from modelyard.collection import Api
from modelyard.display import Column, Listing, size
from modelyard.schema.storage import (
    StorageClean,
    StorageCleaned,
    StorageFreed,
    StorageKind,
    StoragePart,
    StorageUsage,
)
from modelyard.waiting import wait_until

_CLEANING = 3600.0
"""Seconds: removing many gigabytes takes as long as the disk needs."""

_ASKED_FOR = ("deleted_runs", "orphans")
"""Kinds that nobody can make again: they go when they are named."""

_USAGE: list[Column[StoragePart]] = [
    Column("What", lambda p: p.title),
    Column("Kind", lambda p: p.kind),
    Column("Size", lambda p: _at_least(p)),
    Column("Count", lambda p: _counted(p.count, p.unit)),
    Column("Can go", lambda p: size(p.can_go) if p.can_go else ""),
]
_FREED: list[Column[StorageFreed]] = [
    Column("What", lambda f: f.title),
    Column("Kind", lambda f: f.kind),
    Column("Size", lambda f: size(f.bytes)),
    Column("Things", lambda f: f"{f.count:,}"),
    Column("Stays", lambda f: _stays(f)),
]


class Usage(Listing[StoragePart]):
    """One line for each kind of content, the largest first; shows itself as a table.

    Attributes
    ----------
    info: disks, age and budget as well.
    """

    def __init__(self, info: StorageUsage) -> None:
        self.info = info
        parts = sorted(info.parts, key=lambda part: -part.bytes)
        super().__init__(parts, _USAGE, empty="Nothing has been measured yet.")


class Cleaned(Listing[StorageFreed]):
    """What went, or would go, of each kind; shows itself as a table.

    Attributes
    ----------
    info: bytes in all, and the names of the largest things.
    """

    def __init__(self, info: StorageCleaned) -> None:
        self.info = info
        super().__init__(info.freed, _FREED, empty="There is nothing to clean.")


class StorageApi(Api):
    """What takes how much of the disk, and what can go."""

    def usage(self, *, refresh: bool = True, timeout: float = 120.0) -> Usage:
        """Measure, and show what takes how much.

        Parameters
        ----------
        refresh: False: give what was measured last, if anything was, however old.
        timeout: seconds to wait for the measurement.

        Raises
        ------
        WaitTimeout: it takes longer; it goes on in the background.
        """
        first: StorageUsage = self._client.get(
            "/storage", StorageUsage, refresh="true" if refresh else None
        )
        if not refresh and first.measured is not None:
            return Usage(first)
        return Usage(
            wait_until(
                lambda: self._client.get("/storage", StorageUsage),
                lambda usage: usage.measuring is None,
                what="Measuring",
                timeout=timeout,
                line=lambda usage: usage.measuring.message if usage.measuring else "Measured",
            )
        )

    def clean(self, kinds: Sequence[StorageKind] = (), *, dry_run: bool = False) -> Cleaned:
        """Remove what can go; what is in use, or was a short while ago, stays.

        Parameters
        ----------
        kinds: such as ['deleted_runs', 'environments']; by default all that can be cleaned but
            deleted runs, which could still be restored, and files of no run, which may be the
            last of runs that a database has lost.
        dry_run: only say what would go.

        Raises
        ------
        InvalidInput: a kind of which nothing can be cleaned, such as 'files'.
        """
        wanted = list(kinds) or self._harmless()
        body = StorageClean(kinds=wanted, dry_run=dry_run)
        return Cleaned(
            self._client.request(
                "POST", "/storage/clean", body=body, kind=StorageCleaned, timeout=_CLEANING
            )
        )

    def _harmless(self) -> list[StorageKind]:
        usage: StorageUsage = self._client.get("/storage", StorageUsage)
        return [part.kind for part in usage.parts if part.cleans and part.kind not in _ASKED_FOR]


def _at_least(part: StoragePart) -> str:
    if part.problem and not part.bytes:
        return part.problem
    return f"{'more than ' if part.partial else ''}{size(part.bytes)}"


def _stays(freed: StorageFreed) -> str:
    """What was to go and did not, and why."""
    return freed.problem or "; ".join(f"{each.name}: {each.why}" for each in freed.kept[:3])


def _counted(count: int, unit: str) -> str:
    """`1 run`, `2 runs`."""
    one, _, many = unit.partition("/")
    return f"{count:,} {one if count == 1 else many}"
