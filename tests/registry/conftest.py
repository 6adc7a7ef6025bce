"""A registry on a real database and real files, without a server around it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from modelyard.schema.common import Change
from modelyard.schema.registry import ModelRegister
from modelyard_server.artifacts.store import LocalArtifactStore
from modelyard_server.core.events import Events
from modelyard_server.core.paths import Paths
from modelyard_server.db.session import Database
from modelyard_server.lineage.manager import LineageManager
from modelyard_server.registry.manager import RegistryManager
from modelyard_server.tracking.manager import TrackingManager


class Bench:
    """The registry's manager with the parts around it."""

    def __init__(self, root: Path) -> None:
        self.paths = Paths(root).make()
        self.changes: list[Change] = []
        self.reopen()

    def reopen(self) -> None:
        """What a new server sees of the same workspace."""
        self.db = Database(self.paths.database)
        self.db.migrate()
        self.store = LocalArtifactStore(self.paths.artifacts)
        events = Events(lambda _payload: None)
        events.listen(self.changes.append)
        lineage = LineageManager(db=self.db)
        tracking = TrackingManager(
            db=self.db, store=self.store, paths=self.paths, events=events, lineage=lineage
        )
        self.registry = RegistryManager(
            db=self.db, store=self.store, tracking=tracking, events=events, lineage=lineage
        )

    def put(self, upload: str, files: dict[str, bytes]) -> None:
        """Fill an upload."""
        for path, content in files.items():
            writer = self.registry.uploads.writer(upload, path)
            writer.write(content)
            writer.commit()

    def request(self, files: dict[str, bytes] | None = None, **fields) -> ModelRegister:
        """A registration of freshly uploaded files (by default of no known flavor)."""
        if files is None:
            files = {"weights.bin": b"12345"}
        upload = self.registry.uploads.open().id
        self.put(upload, files)
        return ModelRegister(upload=upload, **{"flavor": "custom", **fields})

    def on_disk(self) -> set[str]:
        """Every file of models and uploads, relative to the artifacts."""
        root = self.paths.artifacts
        found = [*root.glob("models/**/*"), *root.glob("uploads/**/*"), *root.glob(".drafts/*")]
        return {str(file.relative_to(root)) for file in found if file.is_file()}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "workspace")
    yield made
    made.registry.stop()
    made.db.close()
