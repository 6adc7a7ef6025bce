"""The serving domain on a real database, registry, environments and engine, without HTTP."""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LinearRegression

from modelyard import flavors
from modelyard.schema.common import Change, Size
from modelyard.schema.registry import ModelRegister, ModelVersionInfo
from modelyard.schema.serving import DeployRequest, EndpointInfo, ScoreReply
from modelyard_server.artifacts.store import LocalArtifactStore
from modelyard_server.core.events import Events
from modelyard_server.core.paths import Paths
from modelyard_server.db.session import Database
from modelyard_server.engines.base import Engine
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.engines import Engines
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.lineage.manager import LineageManager
from modelyard_server.registry.manager import RegistryManager
from modelyard_server.serving import call
from modelyard_server.serving.manager import ServingManager
from modelyard_server.tracking.manager import TrackingManager

LIGHT = """
import json, os
def init():
    global factor
    with open(os.path.join(os.environ["AZUREML_MODEL_DIR"], "factor")) as file:
        factor = float(file.read())
def run(raw):
    return {"predictions": [factor * sum(row) for row in json.loads(raw)["data"]]}
"""
"""Answers as `line` does, without scikit-learn: for tests that are not about models."""

SIZE = Size(name="small", cpus=1.0, memory=1 << 30)


def line(slope: float) -> LinearRegression:
    """A model of two features that predicts `slope * (a + b)`."""
    X = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    return LinearRegression().fit(X, X.sum(axis=1) * slope)


class Bench:
    """A workspace whose serving manager a test may stop, drop and make anew.

    Parameters
    ----------
    engine: docker or process.
    cache: where environments are kept from test to test, for making one takes seconds.
    """

    def __init__(self, root: Path, engine: str, cache: Path) -> None:
        self.paths = Paths(root).make()
        self.paths.environments = cache
        self.changes: list[Change] = []
        reach = SameHost(self.paths)
        self.engine: Engine = (
            DockerEngine(reach) if engine == "docker" else ProcessEngine(reach, self.paths.engine)
        )
        self.reopen()

    def reopen(self) -> None:
        """What a new server makes of the same workspace; its loop is not started."""
        self.db = Database(self.paths.database)
        self.db.migrate()
        events = Events(lambda _payload: None)
        events.listen(self.changes.append)
        self.listen = events.listen
        store = LocalArtifactStore(self.paths.artifacts)
        lineage = LineageManager(db=self.db)
        tracking = TrackingManager(
            db=self.db, store=store, paths=self.paths, events=events, lineage=lineage
        )
        self.registry = RegistryManager(
            db=self.db, store=store, tracking=tracking, events=events, lineage=lineage
        )
        self.serving = ServingManager(
            db=self.db,
            paths=self.paths,
            engines=Engines([self.engine]),
            environments=EnvironmentManager(paths=self.paths),
            registry=self.registry,
            events=events,
            sizes=lambda _engine, _name: SIZE,
        )

    def close(self) -> None:
        """Stop the loop and remove what runs."""
        if not self.paths.database.exists():
            return  # a test moved it away
        # What a worker has in hand goes on for a moment, and could still make a container.
        self.serving.stop(settle=60)
        for state in self.engine.list(self.paths.workspace_id):
            self.engine.remove(state.container)
        if isinstance(self.engine, DockerEngine):
            for tag in self.images():
                self.engine.remove_image(tag)
        self.db.close()

    # -- models -----------------------------------------------------------------------------

    def register(self, name: str, model: Any) -> ModelVersionInfo:
        """Register a live model."""
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "model"
            flavors.save(model, target)
            files = {
                str(f.relative_to(target)): f.read_bytes() for f in target.rglob("*") if f.is_file()
            }
        return self.register_files(name, files)

    def register_files(
        self, name: str, files: dict[str, bytes], flavor: str = ""
    ) -> ModelVersionInfo:
        """Register files as they are."""
        upload = self.registry.uploads.open().id
        for path, content in files.items():
            writer = self.registry.uploads.writer(upload, path)
            writer.write(content)
            writer.commit()
        return self.registry.register(name, ModelRegister(upload=upload, flavor=flavor))

    def register_light(self) -> None:
        """Register `light:1` and `light:2` for the script LIGHT; factors 1 and 2."""
        for factor in (b"1", b"2"):
            self.register_files("light", {"factor": factor}, flavor="custom")

    # -- endpoints --------------------------------------------------------------------------

    def deploy(self, name: str, model: str, *, wait: bool = True, **fields: Any) -> EndpointInfo:
        """Deploy, and wait for the end of it, good or bad."""
        made = self.serving.deploy(DeployRequest(name=name, model=model, **fields))
        return self.settled(name) if wait else made

    def score(self, name: str, body: bytes) -> ScoreReply:
        """Try an endpoint out, as the server does for the browser."""
        return asyncio.run(call.score(*self.serving.address(name), body))

    def settled(self, name: str, timeout: float = 300.0) -> EndpointInfo:
        """The endpoint once nothing is on its way any more."""

        def done() -> EndpointInfo | None:
            found = self.serving.get(name)
            return found if found.state in ("running", "failed") else None

        return until(done, timeout)

    def gone(self, name: str) -> None:
        """Wait until the endpoint is deleted."""
        until(lambda: name not in [e.name for e in self.serving.list()], 60)

    def containers(self) -> dict[str, str]:
        """What the engine runs for this workspace: kind/name -> phase."""
        states = self.engine.list(self.paths.workspace_id)
        return {f"{s.kind}/{s.name}": str(s.phase) for s in states}

    def images(self) -> list[str]:
        """Tags of the deployments' images."""
        if not isinstance(self.engine, DockerEngine):
            return []
        return self.engine.images(f"modelyard/app:{self.paths.workspace_id[:12]}")

    def scoring(self) -> list[str]:
        """Names of the scoring containers."""
        states = self.engine.list(self.paths.workspace_id)
        return [s.container for s in states if s.kind == "scoring"]


def until(condition: Callable[[], Any], timeout: float) -> Any:
    """What `condition` gives once it is true."""
    deadline = time.monotonic() + timeout
    while not (found := condition()):
        assert time.monotonic() < deadline, f"not so after {timeout:.0f} s"
        time.sleep(0.05)
    return found


def post(url: str, body: Any, key: str = "") -> tuple[int, Any]:
    """POST JSON (or bytes as they are) and decode the answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    request = urllib.request.Request(f"{url}/score", raw, headers)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
