"""What takes how much of the disk, what of it can go, and what goes by itself.

Each kind of content looks again right before it removes a thing: what was listed may be in use
by then. What cannot be removed, or is needed again, stays and is named; the others go.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from traitlets import Float, Int
from traitlets.config import LoggingConfigurable

from modelyard.errors import InUse, InvalidInput, ModelyardError
from modelyard.schema.common import Progress
from modelyard.schema.storage import (
    StorageClean,
    StorageCleaned,
    StorageFreed,
    StorageItem,
    StorageKind,
    StorageUsage,
)
from modelyard_server.compute.manager import ComputeManager
from modelyard_server.core.events import Events
from modelyard_server.core.loop import Loop
from modelyard_server.core.measure import Measuring, Stopped
from modelyard_server.core.paths import Paths
from modelyard_server.db.session import Database
from modelyard_server.engines.engines import Engines
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.registry.manager import RegistryManager
from modelyard_server.serving.manager import ServingManager
from modelyard_server.storage.content import Content, Endpoints, Files, Models, Removable, Spool
from modelyard_server.storage.environments import Folders, Images, Limits
from modelyard_server.storage.runs import DeletedRuns, Orphans, Runs
from modelyard_server.storage.server_files import DatabaseFile, Instances, Logs, Uploads
from modelyard_server.storage.usage import Usage, disks
from modelyard_server.tracking.manager import TrackingManager

_STALE = 3600.0
"""Seconds after which who looks makes us measure again."""

_TICK = 60.0
"""Seconds between looks whether it is time to collect; also before the first, while much begins."""

_SAY = 0.5
"""Seconds between two words about how far a cleaning is: each goes to every browser."""

_SHOWN = 100
"""Things that an answer names, a kind."""

_SHARED = (
    "Programs on an instance may not clean what other workspaces use, too. Use the Storage page, "
    "or 'modelyard image clean' on the server's machine."
)


class StorageManager(LoggingConfigurable):
    """Measures, cleans on request, and collects what goes by itself."""

    environments_unused = Float(
        30.0,
        min=0.0,
        help="Days after which an environment or image that nothing uses is removed; 0: never.",
    ).tag(config=True)
    environments_budget = Int(
        20 << 30,
        min=0,
        help="Bytes that environments, and as many that images may take before the least recently "
        "used of those that nothing uses are removed; 0: any.",
    ).tag(config=True)
    collect_every = Float(
        3600.0,
        min=0.0,
        help="Seconds between two collections of what goes by itself; 0: never.",
    ).tag(config=True)

    def __init__(
        self,
        *,
        db: Database,
        paths: Paths,
        engines: Engines,
        events: Events,
        environments: EnvironmentManager,
        compute: ComputeManager,
        tracking: TrackingManager,
        registry: RegistryManager,
        serving: ServingManager,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._paths = paths
        self._events = events
        self._stock = environments.stock
        limits = Limits(lambda: self.environments_unused, lambda: self.environments_budget)
        self._contents: dict[StorageKind, Content] = {
            content.kind: content
            for content in (
                Files(paths.files, without=[paths.root / ".modelyard"]),
                Runs(tracking),
                DeletedRuns(tracking),
                Models(paths.artifacts / "models", depth=2),
                Endpoints(paths.endpoints, depth=1),
                Instances(paths, engines, compute),
                Folders(paths, engines, environments, compute, limits),
                Images(paths, engines, environments, serving, limits),
                DatabaseFile(db, lambda seconds: self._usage.stopped.wait(seconds)),
                Spool(paths.spool),
                Logs(paths, serving),
                Uploads(registry),
                Orphans(tracking),
            )
        }
        self._usage = Usage(list(self._contents.values()), self._changed, self.log)
        self._cleaning = threading.Lock()
        self._progress: Progress | None = None
        self._said = 0.0
        self._collected = time.monotonic()
        self._first = True
        self._loop = Loop("storage", self.step, _TICK, self.log)

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to collect what goes by itself."""
        self._loop.start()

    def stop(self) -> None:
        """End it; what is being removed is finished, not begun anew."""
        self._usage.stop()
        self._loop.stop()

    def step(self) -> None:
        """What the loop does: collect, the first time a minute after the start."""
        if not self.collect_every:
            return
        if self._first:
            self._first = False
            self._collected = time.monotonic() + _TICK - self.collect_every
        elif time.monotonic() - self._collected >= self.collect_every:
            self._collected = time.monotonic()
            self.collect()

    # -- looking ----------------------------------------------------------------------------

    def usage(self, *, refresh: bool = False) -> StorageUsage:
        """What was measured last; measures anew in the background.

        Parameters
        ----------
        refresh: measure even if that was done a short while ago.
        """
        if refresh or self._is_stale():
            self._usage.ask()
        return self._picture()

    def _is_stale(self) -> bool:
        """Whether something was measured long ago, or never, and is not being measured now."""
        if self._usage.progress is not None:
            return False  # who looks again and again must not make it begin again and again
        measured = self._usage.measured()
        return measured is None or measured < time.time() - _STALE

    def _picture(self) -> StorageUsage:
        return StorageUsage(
            parts=self._usage.parts(),
            disks=disks({"User files": self._paths.files, "Workspace": self._paths.state}),
            measured=self._usage.measured(),
            measuring=self._usage.progress,
            cleaning=self._progress,
            budget=self.environments_budget,
        )

    def _changed(self) -> None:
        self._events.updated("storage", "usage", self._picture())

    # -- cleaning ---------------------------------------------------------------------------

    def clean(self, wanted: StorageClean, *, shared: bool = True) -> StorageCleaned:
        """Remove what can go of some kinds, or say what that is; of two at once the second waits.

        Parameters
        ----------
        shared: also what other workspaces use, too; else that stays, and the answer says why.

        Raises
        ------
        InvalidInput: a kind of which nothing can be cleaned.
        """
        contents = [self._cleanable(kind) for kind in dict.fromkeys(wanted.kinds)]
        if wanted.dry_run:
            freed = [self._listed(content, shared) for content in contents]
        else:
            with self._cleaning:
                freed = [self._clean(content, shared) for content in contents]
                if any(each.count for each in freed):
                    self._collect(self._contents["database"])
        return StorageCleaned(
            dry_run=wanted.dry_run,
            bytes=sum(each.bytes for each in freed),
            freed=freed,
            finished=time.time(),
        )

    def collect(self) -> None:
        """Remove what goes by itself."""
        with self._cleaning:
            self._stock.tidy()
            for content in self._contents.values():
                try:
                    self._collect(content)
                except Stopped:
                    return
                except Exception as error:
                    self.log.error("modelyard: %s: not collected", content.kind, exc_info=error)

    def _cleanable(self, kind: StorageKind) -> Content:
        content = self._contents[kind]
        if not content.cleans:
            raise InvalidInput(
                f"{content.title}: nothing of it can be cleaned.", hint=content.why, field="kinds"
            )
        return content

    def _listed(self, content: Content, shared: bool) -> StorageFreed:
        if content.shared and not shared:
            return self._left(content, _SHARED)
        found = content.removable(Measuring(self._usage.stopped))
        return _freed(content, found)

    def _clean(self, content: Content, shared: bool) -> StorageFreed:
        """Clean one kind; what keeps it from being cleaned keeps no other."""
        if content.shared and not shared:
            return self._left(content, _SHARED)
        self._tell(content, 0.0)
        try:
            return self._remove(content, content.removable(Measuring(self._usage.stopped)))
        except Stopped:
            return self._left(content, "The server stops.")
        except ModelyardError as error:
            return self._left(content, error.message)
        except Exception as error:
            self.log.error("modelyard: %s: not cleaned", content.kind, exc_info=error)
            return self._left(content, f"It cannot be cleaned: {error}")
        finally:
            self._progress = None
            self._usage.ask([content.kind])

    def _left(self, content: Content, problem: str) -> StorageFreed:
        return StorageFreed(kind=content.kind, title=content.title, problem=problem)

    def _collect(self, content: Content) -> None:
        """Remove what is due of one kind."""
        if type(content).due is Content.due:
            return
        measuring = Measuring(self._usage.stopped)
        content.measure(measuring)  # a budget asks how much there is
        due = content.due(content.removable(Measuring(self._usage.stopped)))
        if due:
            done = self._remove(content, due)
            self._progress = None
            self.log.info(
                "modelyard: %s: %d removed, %d bytes", content.kind, done.count, done.bytes
            )
            self._usage.ask([content.kind])

    def _remove(self, content: Content, found: Sequence[Removable]) -> StorageFreed:
        gone: list[Removable] = []
        kept: list[StorageItem] = []
        for done, one in enumerate(found):
            self._tell(content, done / len(found))
            if self._usage.stopped.is_set():
                break
            try:
                content.remove(one)
            except Exception as error:  # noqa: BLE001 - whatever it is, the others go
                why = error.message if isinstance(error, ModelyardError) else str(error)
                kept.append(StorageItem(name=one.item.name, bytes=one.item.bytes, why=why))
                if not isinstance(error, InUse):
                    self.log.error("modelyard: %s stays: %s", one.item.name, why)
            else:
                gone.append(one)
        freed = _freed(content, gone)
        freed.kept = kept[:_SHOWN]
        return freed

    def _tell(self, content: Content, fraction: float) -> None:
        message = f"Removing: {content.title}"
        self._progress = Progress(
            phase="cleaning", message=message, fraction=fraction, since=time.time()
        )
        if time.monotonic() - self._said >= _SAY:
            self._said = time.monotonic()
            self._changed()


def _freed(content: Content, things: Sequence[Removable]) -> StorageFreed:
    largest = sorted((one.item for one in things), key=lambda item: -item.bytes)
    return StorageFreed(
        kind=content.kind,
        title=content.title,
        bytes=sum(item.bytes for item in largest),
        count=len(largest),
        items=largest[:_SHOWN],
    )
