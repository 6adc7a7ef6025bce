"""Tracking on a real database, real files and real spools, without a server around it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelyard.schema.common import Change
from modelyard.schema.tracking import RunCreate, RunInfo
from modelyard.tracking.sink import Sink
from modelyard.tracking.writer import Writer
from modelyard_server.artifacts.store import LocalArtifactStore
from modelyard_server.core.events import Events
from modelyard_server.core.holder import LOCAL
from modelyard_server.core.paths import Paths
from modelyard_server.db.session import Database
from modelyard_server.lineage.manager import LineageManager
from modelyard_server.tracking.manager import TrackingManager


class Bench:
    """The manager with the parts around it."""

    def __init__(self, root: Path) -> None:
        self.paths = Paths(root).make()
        self.spool = self.paths.spool_of(LOCAL)
        self.spool.mkdir()
        self.changes: list[Change] = []
        self.reopen()

    def reopen(self) -> None:
        """What a new server sees of the same workspace."""
        self.db = Database(self.paths.database)
        self.db.migrate()
        self.store = LocalArtifactStore(self.paths.artifacts)
        events = Events(lambda _payload: None)
        events.listen(self.changes.append)
        self.manager = TrackingManager(
            db=self.db,
            store=self.store,
            paths=self.paths,
            events=events,
            lineage=LineageManager(db=self.db),
        )

    def run(self, experiment: str = "e", **fields: Any) -> RunInfo:
        """A run that posts what it logs."""
        return self.manager.create_run(
            RunCreate(id=uuid.uuid4().hex, experiment=experiment, **fields)
        )

    def spooled(self, experiment: str = "e") -> tuple[RunInfo, Writer]:
        """A run that writes its spool where the server reads it."""
        id = uuid.uuid4().hex
        sink = Sink(self.spool, id)
        run = self.manager.create_run(RunCreate(id=id, experiment=experiment, spool=True))
        return run, Writer(sink, {})

    def post(self, run: RunInfo, data: bytes) -> int:
        """Post bytes after what the server holds."""
        offset = self.manager.ingest(run.id, 0, b"").offset
        return self.manager.ingest(run.id, offset, data).offset

    def ended(self, status: str = "finished", experiment: str = "e", **fields: Any) -> RunInfo:
        """A run that has ended."""
        run = self.run(experiment, **fields)
        self.post(run, b'{"f":{"status":"%s"}}\n' % status.encode())
        return self.manager.run(run.id)

    def spool_files(self) -> list[str]:
        """What lies in the spool folder of the server's machine."""
        return sorted(path.name for path in self.spool.iterdir())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path / "workspace")
    yield made
    made.manager.stop()
    made.db.close()
