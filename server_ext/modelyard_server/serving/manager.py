"""The rules of endpoints: what may be asked of them, and what a list shows."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from traitlets import Float
from traitlets.config import LoggingConfigurable

from modelyard.errors import EngineUnavailable, InvalidInput, NotFound, WrongState
from modelyard.flavors import checked_requirements
from modelyard.schema.common import ErrorInfo, Progress, Size
from modelyard.schema.compute import LogText
from modelyard.schema.registry import ModelVersion
from modelyard.schema.serving import (
    Deployment,
    DeployRequest,
    Endpoint,
    EndpointKeys,
    RotateKey,
    ScoreReply,
)
from modelyard.suggest import did_you_mean
from modelyard_server.core.events import Events
from modelyard_server.core.paths import Paths
from modelyard_server.core.secrets import new_key, workspace_box
from modelyard_server.db.session import Database
from modelyard_server.engines.base import Engine
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.registry.manager import RegistryManager
from modelyard_server.serving import call, checks, ports
from modelyard_server.serving.reconcile import Reconciler
from modelyard_server.serving.records import ADVANCING, DeploymentRecord, EndpointRecord
from modelyard_server.serving.rollout import Rollout
from modelyard_server.serving.spec import scoring_name
from modelyard_server.serving.store import ServingStore

_LOG_LIMIT = 1_000_000


class ServingManager(LoggingConfigurable):
    """Endpoints of the workspace. All methods block; call them in a thread.

    Parameters
    ----------
    sizes: gives a named amount of CPU and memory, the default one for an empty name; raises
        InvalidInput for an unknown name.
    """

    start_timeout = Float(
        600.0, help="Seconds that a scoring server may take to load its model."
    ).tag(config=True)

    def __init__(
        self,
        *,
        db: Database,
        paths: Paths,
        engine: Engine,
        environments: EnvironmentManager,
        registry: RegistryManager,
        events: Events,
        sizes: Callable[[str], Size],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._paths = paths
        self._engine = engine
        self._registry = registry
        self._events = events
        self._sizes = sizes
        self._store = ServingStore(db)
        self._box = workspace_box(paths)
        self._writing = threading.Lock()
        self._rollout = Rollout(
            store=self._store,
            paths=paths,
            engine=engine,
            environments=environments,
            registry=registry,
            box=self._box,
            changed=self._changed,
            gone=lambda name: events.deleted("endpoint", name),
            start_timeout=self.start_timeout,
            log=self.log,
        )
        self._reconciler = Reconciler(
            store=self._store, paths=paths, engine=engine, rollout=self._rollout, log=self.log
        )

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to reconcile what is wanted with what runs."""
        self._reconciler.start()

    def stop(self) -> None:
        """End the loop; endpoints go on serving."""
        self._reconciler.stop()

    # -- reading ----------------------------------------------------------------------------

    def list(self) -> list[Endpoint]:
        """All endpoints, by name."""
        return [self._wire(record) for record in self._store.all()]

    def get(self, name: str) -> Endpoint:
        """One endpoint. NotFound names a similar one."""
        return self._wire(self._record(name))

    def keys(self, name: str) -> EndpointKeys:
        """Primary and secondary key."""
        return EndpointKeys(keys=self._box.open(self._record(name).keys))

    def log_text(self, name: str, tail: int) -> LogText:
        """The end of the log of what is being prepared or failed, else of what serves."""
        record = self._record(name)
        shown = record.next or record.current
        if shown is None:
            return LogText(text="")
        text = self._engine.logs(scoring_name(self._paths, shown), tail)
        if not text:
            kept = self._rollout.folder(name).kept_log(shown.id)
            text = "".join(kept.splitlines(keepends=True)[-tail:])
        return LogText(text=text[-_LOG_LIMIT:], truncated=len(text) > _LOG_LIMIT)

    def score(self, name: str, body: bytes) -> ScoreReply:
        """Send a request to the endpoint with its primary key ("Try it").

        Raises
        ------
        WrongState: it does not answer.
        """
        record = self._record(name)
        return call.score(record.port, self._box.open(record.keys)[0], body)

    # -- wishes -----------------------------------------------------------------------------

    def deploy(self, request: DeployRequest) -> Endpoint:
        """Record a deployment, of a new endpoint or an existing one; it starts in the background.

        Raises
        ------
        InvalidInput: something about the request is wrong; `field` names it.
        NotFound: there is no such model version.
        Conflict: the port is taken.
        WrongState: the endpoint is being deleted.
        EngineUnavailable: nothing could be started.
        """
        checks.check_request(request)
        model = self._registry.resolve(request.model)
        checks.check_model(model, request)
        deployment = self._deployment(request, model)
        about = self._engine.info()
        if not about.available:
            raise EngineUnavailable(about.message, hint=about.hint)
        with self._writing:
            endpoint = self._endpoint(request)
            self._store.deploy(endpoint, deployment, self._registry.require)
        self._changed(request.name)
        self._registry.usage_changed(model.name)
        self._reconciler.wake(request.name)
        return self.get(request.name)

    def delete(self, name: str) -> Endpoint:
        """Record that the endpoint is to go; it goes in the background."""
        self._record(name)
        self._store.mark_deleted(name)
        self._changed(name)
        self._reconciler.wake(name)
        gone = self._store.find(name)
        if gone is None:
            raise NotFound(f"There is no endpoint '{name}'.", field="name")
        return self._wire(gone)

    def rotate(self, name: str, request: RotateKey) -> EndpointKeys:
        """Replace one of the two keys; the old one stops working at once, without a restart."""
        with self._writing:
            record = self._record(name)
            if record.desired == "deleted":
                raise WrongState(f"Endpoint '{name}' is being deleted.", field="name")
            keys: list[str] = self._box.open(record.keys)
            keys[0 if request.key == "primary" else 1] = new_key()
            self._store.set_keys(name, self._box.seal(keys))
            self._rollout.folder(name).write_keys(keys)
        return EndpointKeys(keys=keys)

    # -- parts ------------------------------------------------------------------------------

    def _deployment(self, request: DeployRequest, model: ModelVersion) -> DeploymentRecord:
        size = self._sizes(request.size)
        wanted = request.requirements
        return DeploymentRecord(
            id=uuid.uuid4().hex[:12],
            endpoint=request.name,
            model=model.name,
            version=model.version,
            state="queued",
            created=time.time(),
            size=size.name,
            cpus=size.cpus,
            memory=size.memory,
            script=request.script,
            requirements=model.requirements if wanted is None else checked_requirements(wanted),
            env=self._box.seal(request.env),
            input_example=model.input_example,
        )

    def _endpoint(self, request: DeployRequest) -> EndpointRecord:
        """The endpoint that is there, or a new one with a port and keys."""
        record, now = self._store.find(request.name), time.time()
        if record is None:
            return self._new_endpoint(request, now)
        if record.desired == "deleted":
            raise WrongState(
                f"Endpoint '{request.name}' is being deleted.",
                hint="Try again in a moment.",
                field="name",
            )
        if request.port not in (0, record.port):
            raise InvalidInput(
                f"Endpoint '{request.name}' has port {record.port} and keeps it.",
                hint="Leave port out, or deploy under another name.",
                field="port",
            )
        record.updated = now
        return record

    def _new_endpoint(self, request: DeployRequest, now: float) -> EndpointRecord:
        other = self._store.similar(request.name)
        if other is not None:
            raise InvalidInput(
                f"'{request.name}' differs from the endpoint '{other}' only in upper and lower "
                "case.",
                hint=f"Use '{other}' to update that one, or another name.",
                field="name",
            )
        taken = self._store.ports()
        seed = f"{self._paths.workspace_id}/{request.name}"
        port = ports.check(request.port, taken) if request.port else ports.choose(seed, taken)
        return EndpointRecord(
            name=request.name,
            port=port,
            desired="running",
            keys=self._box.seal([new_key(), new_key()]),
            created=now,
            updated=now,
        )

    def _record(self, name: str) -> EndpointRecord:
        record = self._store.find(name)
        if record is not None:
            return record
        names = [each.name for each in self._store.all()]
        hint = did_you_mean(name, names) or "Make one: ws.endpoints.deploy('name', model='m:1')."
        raise NotFound(f"There is no endpoint '{name[:80]}'.", hint=hint, field="name")

    # -- what a list shows ------------------------------------------------------------------

    def _changed(self, name: str) -> None:
        record = self._store.find(name)
        if record is not None:
            self._events.updated("endpoint", name, self._wire(record))

    def _wire(self, record: EndpointRecord) -> Endpoint:
        current, coming = record.current, record.next
        shown = current or coming
        trouble = self._reconciler.trouble(record.name)
        error = shown.error if shown is not None else None
        if error is None and trouble is not None:
            error = ErrorInfo(**trouble.body())
        return Endpoint(
            name=record.name,
            url=f"http://127.0.0.1:{record.port}",
            port=record.port,
            state=record.state,
            engine=self._engine.name,
            created=record.created,
            updated=record.updated,
            current=self._wire_deployment(current) if current else None,
            next=self._wire_deployment(coming) if coming else None,
            error=error,
            input_example=shown.input_example if shown else None,
        )

    def _wire_deployment(self, record: DeploymentRecord) -> Deployment:
        progress = self._rollout.progress(record.id)
        if progress is None and record.state in ADVANCING:
            progress = Progress(phase="queued", message="Waiting to start", since=record.created)
        return Deployment(
            id=record.id,
            model=record.model,
            version=record.version,
            state=record.state,
            created=record.created,
            ready=record.ready,
            image=self._rollout.image(record),
            size=record.size,
            custom_script=bool(record.script),
            progress=progress,
            error=record.error,
            exit=record.exit,
        )
