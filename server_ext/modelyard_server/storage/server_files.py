"""What the server itself keeps: work directories, database, logs, uploads."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from modelyard.errors import InUse, ModelyardError
from modelyard.schema.storage import StorageItem, StoragePart
from modelyard_server.compute.manager import ComputeManager
from modelyard_server.core.measure import Measured, Measuring
from modelyard_server.core.paths import Paths
from modelyard_server.db import compact
from modelyard_server.db.session import Database
from modelyard_server.engines.base import image_engine
from modelyard_server.engines.engines import Engines
from modelyard_server.registry.manager import RegistryManager
from modelyard_server.serving.manager import ServingManager
from modelyard_server.storage.content import DAY, Content, Removable

_WORTH = 64 << 20
"""Bytes of empty pages that are worth giving back; less is soon filled again."""


class Instances(Content):
    """What lies in the venvs and homes of instances, and what they wrote in their containers."""

    kind = "instances"
    title = "Compute instances"
    unit = "instance/instances"
    why = "Installed packages and files in their homes; they go with the instance."
    cleans = False

    def __init__(self, paths: Paths, engines: Engines, compute: ComputeManager) -> None:
        self._paths = paths
        self._engines = engines
        self._compute = compute

    def measure(self, measuring: Measuring, /) -> StoragePart:
        """Work directories and writable layers."""
        found = measuring.of(self._paths.compute)
        part = self.part(bytes=found.bytes, partial=found.partial)
        part.count = len(self._compute.list())
        for engine in self._engines:
            images = image_engine(engine)
            if images is None:
                continue
            try:
                part.bytes += sum(images.writable_layers(self._paths.workspace_id).values())
            except ModelyardError as error:
                part.problem, part.partial = f"{engine.name}: {error.message}", True
        return part


class DatabaseFile(Content):
    """The database.

    Parameters
    ----------
    pause: see `compact.give_back`.
    """

    kind = "database"
    title = "Database"
    unit = "file/files"
    why = "Metrics, parameters and tags. Deletions leave empty pages, which can be given back."

    def __init__(self, db: Database, pause: Callable[[float], object]) -> None:
        self._db = db
        self._pause = pause

    def measure(self, measuring: Measuring, /) -> StoragePart:
        """The file and those beside it."""
        found = Measured()
        for file in compact.files(self._db.path):
            found += measuring.of(file)
        return self.part(bytes=found.bytes, count=1)

    def removable(self, _measuring: Measuring, /) -> list[Removable]:
        """Its empty pages."""
        pages = compact.pages(self._db)
        if not pages.free:
            return []
        why = "They are left empty by deletions."
        if not pages.incremental:
            seconds = max(1, round(pages.used * pages.size / 100e6))
            why += f" The file is written anew; nothing else is stored for about {seconds} s."
        item = StorageItem(name="empty pages", bytes=pages.free_bytes, why=why)
        return [Removable(key="pages", item=item)]

    def due(self, found: Sequence[Removable], /) -> list[Removable]:
        """Where there are many; a large old file is not written anew without being asked."""
        pages = compact.pages(self._db)
        quick = pages.incremental or pages.used * pages.size < compact.SMALL
        return [one for one in found if quick and one.item.bytes > _WORTH]

    def remove(self, _one: Removable, /) -> None:
        """Give the empty pages back."""
        if compact.pages(self._db).incremental:
            compact.give_back(self._db, self._pause)
        else:
            compact.convert(self._db)


class Logs(Content):
    """Output of runs that have not ended, and kept logs of deployments that failed."""

    kind = "logs"
    title = "Logs"
    unit = "log/logs"
    why = "Kept logs of deployments that are gone go by themselves after a day."

    def __init__(self, paths: Paths, serving: ServingManager) -> None:
        self._paths = paths
        self._serving = serving

    def measure(self, measuring: Measuring, /) -> StoragePart:
        """All of them, and those of local processes."""
        found = measuring.of(self._paths.logs) + measuring.of(self._paths.engine)
        for folder in self._paths.endpoints.glob("*/log"):
            found += measuring.of(folder)
        return self.part(bytes=found.bytes, count=found.files, partial=found.partial)

    def removable(self, measuring: Measuring, /) -> list[Removable]:
        """Kept logs of deployments that are gone."""
        files = {
            str(file.relative_to(self._paths.endpoints)): measuring.of(file)
            for file in self._paths.endpoints.glob("*/log/*.txt")
        }
        there = self._serving.deployments()  # last: a deployment comes before its log
        return [
            Removable(
                key=key,
                item=StorageItem(
                    name=key, bytes=about.freed, used=about.newest, why="Its deployment is gone."
                ),
            )
            for key, about in files.items()
            if _deployment(key) not in there and about.newest < time.time() - DAY
        ]

    def due(self, found: Sequence[Removable], /) -> list[Removable]:
        """All."""
        return list(found)

    def remove(self, one: Removable, /) -> None:
        """Remove one log."""
        if _deployment(one.key) in self._serving.deployments():
            raise InUse("There is such a deployment.")
        with suppress(FileNotFoundError):
            (self._paths.endpoints / one.key).unlink()


def _deployment(key: str) -> str:
    return key.rpartition("/")[2].removesuffix(".txt")


class Uploads(Content):
    """Files that arrive before they become a model version or an artifact."""

    kind = "uploads"
    title = "Uploads"
    unit = "upload/uploads"
    why = "What nobody registered within a day goes by itself."

    def __init__(self, registry: RegistryManager) -> None:
        self._uploads = registry.uploads

    def measure(self, measuring: Measuring, /) -> StoragePart:
        """All of them, under way or not."""
        found, count = Measured(), 0
        for id in self._uploads.ids():
            found += measuring.of(self._uploads.path(id))
            count += 1
        return self.part(bytes=found.bytes, count=count, partial=found.partial)

    def removable(self, measuring: Measuring, /) -> list[Removable]:
        """Those that were abandoned."""
        found = []
        for id, touched in self._uploads.abandoned().items():
            about = measuring.of(self._uploads.path(id))
            why = "Nobody has registered it."
            item = StorageItem(name=f"upload {id[:8]}", bytes=about.freed, used=touched, why=why)
            found.append(Removable(key=id, item=item))
        return found

    def due(self, found: Sequence[Removable], /) -> list[Removable]:
        """All."""
        return list(found)

    def remove(self, one: Removable, /) -> None:
        """Remove one, unless somebody goes on with it."""
        if not self._uploads.drop_abandoned(one.key):
            raise InUse("Somebody goes on with it.")
