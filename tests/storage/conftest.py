"""All managers of a workspace on the process engine, with real files and a real database."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from traitlets.config import Config, LoggingConfigurable

from modelyard.schema.common import Change
from modelyard.schema.compute import InstanceCreate
from modelyard.schema.storage import StorageClean, StorageCleaned, StorageFreed, StoragePart
from modelyard.schema.tracking import RunCreate, RunFinish, RunInfo
from modelyard_server.core.events import Events
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Engine
from modelyard_server.engines.engines import Engines
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.environments.drafts import draft
from modelyard_server.services import Services, build
from tests.server_support import wait_for

HOUR = 3600.0
DAY = 24 * HOUR


class Server(LoggingConfigurable):
    """What managers take their log and configuration from."""


class World:
    """A workspace and all that manages it; no loop runs."""

    def __init__(
        self, root: Path, engines: Sequence[Engine] = (), **config: dict[str, object]
    ) -> None:
        self.paths = Paths(root).make()
        self.changes: list[Change] = []
        events = Events(lambda _payload: None)
        events.listen(self.changes.append)
        self.engine = ProcessEngine(SameHost(self.paths), self.paths.engine)
        self.services: Services = build(
            self.paths,
            Engines([*engines, self.engine]),
            "process",
            events,
            dict,
            "/",
            Server(config=Config(config)),
        )
        self.storage = self.services.storage
        self.tracking = self.services.tracking

    # -- what is there ----------------------------------------------------------------------

    def run(self, size: int = 100_000, experiment: str = "e") -> RunInfo:
        """A run that has ended, with an artifact."""
        run = self.tracking.create_run(RunCreate(id=uuid.uuid4().hex, experiment=experiment))
        self.upload(run, "weights.bin", size)
        return self.tracking.finish_run(run.id, RunFinish(status="finished"))

    def upload(self, run: RunInfo, path: str, size: int) -> None:
        """Store an artifact of a run."""
        writer = self.tracking.files.writer(run.id, path)
        writer.write(os.urandom(size))
        writer.commit()

    def upload_orphan(self, uid: str, path: str) -> None:
        """Store a file of no run."""
        writer = self.services.artifacts.writer(f"runs/{uid}/{path}")
        writer.write(b"x" * 1000)
        writer.commit()

    def instance(self, name: str) -> None:
        """An instance; what was begun with its creation goes on beside the test."""
        self.services.compute.create(InstanceCreate(name=name))

    def environment(self, name: str, *, size: int = 100_000, age: float = 2 * DAY) -> Path:
        """An environment in a directory that was asked for some seconds ago."""
        folder = self.paths.environments / name
        (folder / "site").mkdir(parents=True)
        (folder / "site" / "module.py").write_bytes(os.urandom(size))
        self.services.environments.stock.asked([name])
        self.aged(folder, age)
        self.age_note(name, age)
        return folder

    def environment_again(self, name: str) -> None:
        """Make one that was removed, as a builder does: complete or not at all."""
        with draft(self.paths.environments) as work:
            (work / "site").mkdir()
            with suppress(OSError):
                work.rename(self.paths.environments / name)

    def age_note(self, name: str, age: float) -> None:
        """Let an environment have been asked for some seconds ago."""
        for note in (self.paths.environments / "used").iterdir():
            if note.read_text() == name:
                self.aged(note, age)

    def aged(self, path: Path, age: float) -> None:
        """Let a file, or a folder with all in it, have been written some seconds ago."""
        for each in [path, *path.rglob("*")]:
            os.utime(each, (time.time() - age,) * 2, follow_symlinks=False)

    # -- what storage says ------------------------------------------------------------------

    def part(self, kind: str) -> StoragePart:
        """One kind, measured now."""
        before = time.time()
        self.storage.usage(refresh=True)

        def fresh() -> StoragePart | None:
            usage = self.storage.usage()
            done = usage.measuring is None and (usage.measured or 0.0) >= before
            return next(part for part in usage.parts if part.kind == kind) if done else None

        return wait_for(fresh)

    def clean(self, *kinds: str, dry_run: bool = False) -> StorageFreed:
        """Clean kinds and give what became of the first."""
        done = self.cleaned(*kinds, dry_run=dry_run)
        return done.freed[0]

    def cleaned(self, *kinds: str, dry_run: bool = False) -> StorageCleaned:
        """The whole answer."""
        return self.storage.clean(StorageClean(kinds=list(kinds), dry_run=dry_run))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "ws")
    yield made
    made.storage.stop()
    made.services.compute.stop()
    made.services.compute._converger.settle(60)  # else it starts after the sweep
    for state in made.engine.list(made.paths.workspace_id):
        made.engine.remove(state.container)
    made.services.db.close()
