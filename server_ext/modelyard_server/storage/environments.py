"""Environments that were made ready: directories of this machine, and images.

All of them are made again when they are asked for, which takes a minute or so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from modelyard.errors import InUse, ModelyardError
from modelyard.schema.storage import StorageItem, StoragePart
from modelyard_server.compute.manager import ComputeManager
from modelyard_server.core.measure import Measured, Measuring
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Engine, ImageEngine, image_engine
from modelyard_server.engines.engines import Engines
from modelyard_server.engines.spec import ImageInfo
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.environments.stock import GRACE, KeptFolder
from modelyard_server.serving.manager import ServingManager
from modelyard_server.storage.content import DAY, Content, Removable

_NOT_NEEDED = "Nothing uses it. It is made again when it is asked for."


_FOREIGN = 30 * DAY
"""Seconds that a deployment's image of another workspace stays without a container: that one can
make it again, and where it is gone nobody else would ever remove it."""


class Limits:
    """When environments go by themselves.

    Parameters
    ----------
    unused: days after which one that nothing uses goes; 0: never.
    budget: bytes that all of them may take, without what lies elsewhere as well; 0: any.
    """

    def __init__(self, unused: Callable[[], float], budget: Callable[[], int]) -> None:
        self._unused = unused
        self._budget = budget

    def due(self, found: Iterable[Removable], total: int) -> list[Removable]:
        """What goes: what was not used for long, then the least recently used over the budget."""
        oldest_first = sorted(found, key=lambda one: one.item.used or 0.0)
        days, budget = self._unused(), self._budget()
        going: list[Removable] = []
        for one in oldest_first:
            old = bool(days) and (one.item.used or 0.0) < time.time() - days * DAY
            if old or (budget and total > budget):
                going.append(one)
                total -= one.item.bytes
        return going

    def words(self) -> str:
        """The same for people."""
        days = self._unused()
        by_itself = f"What was not used for {days:g} days goes by itself. " if days else ""
        return f"{by_itself}What nothing uses can go; it is made again when it is asked for."


class Folders(Content):
    """Packages in directories of this machine, and copies of the SDK."""

    kind = "environments"
    title = "Environments"
    unit = "environment/environments"

    def __init__(
        self,
        paths: Paths,
        engines: Engines,
        environments: EnvironmentManager,
        compute: ComputeManager,
        limits: Limits,
    ) -> None:
        self._paths = paths
        self._engines = engines
        self._stock = environments.stock
        self._compute = compute
        self._limits = limits
        self._total = 0

    def measure(self, measuring: Measuring, /) -> StoragePart:
        """All that is in the folder, half made ones as well."""
        found = measuring.of(self._paths.environments)
        # What removing all of them would free: packages are mostly hard links into uv's cache, and
        # a budget that counted those would remove every environment and gain nothing.
        self._total = found.freed
        return self.part(
            bytes=found.bytes,
            count=len(self._stock.folders()),
            partial=found.partial,
            why=self._limits.words(),
        )

    def removable(self, measuring: Measuring, /) -> list[Removable]:
        """What no venv and no program uses, and nobody asked for within the hour."""
        free = [each for each in self._stock.folders() if each.used < time.time() - GRACE]
        needed = self._needed() if free else set()
        return [
            Removable(
                key=each.key,
                item=StorageItem(
                    name=each.key, bytes=_size(measuring, each), used=each.used, why=_NOT_NEEDED
                ),
            )
            for each in free
            if each.key not in needed
        ]

    def due(self, found: Sequence[Removable], /) -> list[Removable]:
        """By age, and over the budget."""
        return self._limits.due(found, self._total)

    def remove(self, one: Removable, /) -> None:
        """Remove a directory."""
        if one.key in self._needed():
            raise InUse("Something uses it.")
        self._stock.remove_folder(one.key)

    def _needed(self) -> set[str]:
        """Names of the directories that venvs of instances or programs take packages from.

        Of stopped instances, too: their kernels' venv would be empty until they start again.
        """
        root = self._paths.environments
        used = set(self._compute.package_paths())
        for engine in self._engines:
            if image_engine(engine) is None:
                for state in engine.list(self._paths.workspace_id):
                    used.update(map(type(root), state.packages))
        return {path.relative_to(root).parts[0] for path in used if root in path.parents}


def _size(measuring: Measuring, folder: KeptFolder) -> int:
    found: Measured = measuring.of(folder.path)
    return found.freed


class Images(Content):
    """Images of environments and of deployments, on all engines that keep images."""

    kind = "images"
    title = "Images"
    unit = "image/images"
    shared = True

    def __init__(
        self,
        paths: Paths,
        engines: Engines,
        environments: EnvironmentManager,
        serving: ServingManager,
        limits: Limits,
    ) -> None:
        self._paths = paths
        self._engines = engines
        self._environments = environments
        self._serving = serving
        self._limits = limits
        self._total = 0

    def measure(self, _measuring: Measuring, /) -> StoragePart:
        """Each layer once, the base image's as well."""
        part = self.part(why=self._limits.words())
        for name, images in self._keepers():
            try:
                infos = images.image_infos([f"{self._environments.repository}/", self._base])
            except ModelyardError as error:
                part.problem = f"{name}: {error.message}"
                part.partial = True
                continue
            part.bytes += sum(info.size for info in infos)
            part.count += len(infos)
        self._total = part.bytes
        return part

    def removable(self, _measuring: Measuring, /) -> list[Removable]:
        """What no container was made from, and no image that stays is built on."""
        found: list[Removable] = []
        for name, images in self._keepers():
            try:
                found += self._free(name, images)
            except ModelyardError:
                continue  # `measure` says why
        return found

    def due(self, found: Sequence[Removable], /) -> list[Removable]:
        """Images of deployments that are gone; the others by age, and over the budget."""
        ours = [one for one in found if self._is_app(one.key.partition(" ")[2])]
        left = self._total - sum(one.item.bytes for one in ours)
        others = [one for one in found if one not in ours]
        return [*ours, *self._limits.due(others, left)]

    def remove(self, one: Removable, /) -> None:
        """Remove an image, if it is still one that can go."""
        name, _, tag = one.key.partition(" ")
        engine: Engine = self._engines.of(name)
        images = image_engine(engine)
        if images is None:
            return
        for again in self._free(name, images):
            if again.key == one.key:
                used = again.item.used or 0.0
                self._environments.stock.remove_image(images, tag, used)
                return
        if images.has_image(tag):
            raise InUse("Something uses it.")

    @property
    def _base(self) -> str:
        return self._environments.base_image

    def _keepers(self) -> list[tuple[str, ImageEngine]]:
        found = ((engine.name, image_engine(engine)) for engine in self._engines)
        return [(name, images) for name, images in found if images is not None]

    def _is_app(self, tag: str) -> bool:
        """Whether it is the image of a deployment of this workspace."""
        repository = self._environments.repository
        return tag.startswith(f"{repository}/app:{self._paths.workspace_id[:12]}-")

    def _free(self, engine: str, images: ImageEngine) -> list[Removable]:
        repository, stock = self._environments.repository, self._environments.stock
        infos = images.image_infos([f"{repository}/", self._base])
        needed = set(self._serving.deployments().values())  # last: rows come before images
        ours = tuple(f"{repository}/{kind}:" for kind in ("runtime", "env", "app"))
        stays: set[str] = set()
        free: list[ImageInfo] = []
        for info in reversed(infos):  # what rests on others comes first
            used = max(info.used, stock.used(info.tag))
            foreign = info.tag.startswith(f"{repository}/app:") and not self._is_app(info.tag)
            rest = _FOREIGN if foreign else GRACE
            if (
                info.tag.startswith(ours)
                and not info.in_use
                and info.tag not in needed | stays
                and used < time.time() - rest
            ):
                free.append(info)
            else:
                stays.add(info.base)
        return [
            Removable(
                key=f"{engine} {info.tag}",
                item=StorageItem(
                    name=info.tag,
                    bytes=info.size,
                    used=max(info.used, stock.used(info.tag)),
                    why=_NOT_NEEDED,
                ),
            )
            for info in free
        ]
