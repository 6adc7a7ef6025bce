"""What a kind of content is to storage: it is measured, and some of it can go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import msgspec

from modelyard.schema.storage import StorageItem, StorageKind, StoragePart
from modelyard_server.core.measure import Measuring

DAY = 86400.0


class Removable(msgspec.Struct, kw_only=True, frozen=True):
    """A thing that can go."""

    key: str
    """What its content knows it by."""
    item: StorageItem


class Content:
    """One kind. Every method blocks; what measures may raise Stopped."""

    kind: ClassVar[StorageKind]
    title: ClassVar[str]
    unit: ClassVar[str]
    """Singular and plural: 'run/runs'."""
    why: ClassVar[str] = ""
    """What can go, or why nothing can."""
    cleans: ClassVar[bool] = True
    shared: ClassVar[bool] = False
    """Other workspaces may use it, too."""

    def measure(self, _measuring: Measuring, /) -> StoragePart:
        """How much there is; `can_go` is filled in by whoever asks for what can go."""
        raise NotImplementedError

    def removable(self, _measuring: Measuring, /) -> list[Removable]:
        """What can go now."""
        return []

    def due(self, _found: Sequence[Removable], /) -> list[Removable]:
        """What of it goes by itself, in this order."""
        return []

    def remove(self, _one: Removable, /) -> None:
        """Look again whether it may go, and remove it; silent when it is gone.

        Raises
        ------
        InUse: somebody needs it now.
        ModelyardError, OSError: it cannot be removed.
        """
        raise NotImplementedError

    def part(self, **fields: object) -> StoragePart:
        """This kind's line, with what was measured."""
        part = StoragePart(
            kind=self.kind,
            title=self.title,
            unit=self.unit,
            why=self.why,
            cleans=self.cleans,
        )
        return msgspec.structs.replace(part, **fields)


class Folder(Content):
    """Content that is a folder, and that only its users delete.

    Parameters
    ----------
    root: the folder.
    depth: how deep below it that lies which is counted; 0: files are.
    without: folders below it that are no part of it.
    """

    cleans = False

    def __init__(self, root: Path, depth: int = 0, without: Sequence[Path] = ()) -> None:
        self._root = root
        self._depth = depth
        self._without = without

    def measure(self, measuring: Measuring, /) -> StoragePart:
        """All that is below the folder."""
        found = measuring.of(self._root, self._without)
        count = found.files
        if self._depth:
            pattern = "/".join("*" * self._depth)
            count = sum(1 for path in self._root.glob(pattern) if path.is_dir())
        return self.part(bytes=found.bytes, count=count, partial=found.partial)


class Files(Folder):
    """User files."""

    kind = "files"
    title = "User files"
    unit = "file/files"
    why = "Yours: delete them in the file browser, or in a terminal."


class Models(Folder):
    """Registered model versions."""

    kind = "models"
    title = "Registered models"
    unit = "version/versions"
    why = "Delete versions that nothing serves: their page, or %ml models delete NAME:VERSION."


class Endpoints(Folder):
    """Copies of what endpoints serve, and their logs."""

    kind = "endpoints"
    title = "Endpoints' copies of models"
    unit = "endpoint/endpoints"
    why = "They go with their endpoint."


class Spool(Folder):
    """What runs logged and the server has not read yet."""

    kind = "spool"
    title = "Logged, not stored yet"
    unit = "file/files"
    why = "It is read, and goes, within seconds; of runs that have no process any more as well."
