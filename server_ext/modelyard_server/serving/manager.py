"""The rules of endpoints: what may be asked of them."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from traitlets import Float
from traitlets.config import LoggingConfigurable

from modelyard.errors import Conflict, EngineUnavailable, InvalidInput, NotFound, WrongState
from modelyard.flavors import checked_requirements
from modelyard.schema.common import Size
from modelyard.schema.compute import LogText
from modelyard.schema.registry import ModelVersionInfo
from modelyard.schema.serving import (
    DeployRequest,
    EndpointInfo,
    EndpointKeys,
    RotateKey,
)
from modelyard.suggest import did_you_mean
from modelyard_server.core.converge import Converger, unknown_engine
from modelyard_server.core.events import Events
from modelyard_server.core.paths import Paths
from modelyard_server.core.secrets import new_key, workspace_box
from modelyard_server.db.session import Database
from modelyard_server.engines.base import Engine
from modelyard_server.engines.engines import Engines
from modelyard_server.engines.logfile import end, piece
from modelyard_server.environments.manager import EnvironmentManager
from modelyard_server.registry.manager import RegistryManager
from modelyard_server.serving import checks, ports
from modelyard_server.serving.reconcile import Endpoints
from modelyard_server.serving.records import DeploymentRecord, EndpointRecord
from modelyard_server.serving.rollout import Rollout
from modelyard_server.serving.shown import Shown
from modelyard_server.serving.spec import app_tag, scoring_name
from modelyard_server.serving.store import ServingStore


class ServingManager(LoggingConfigurable):
    """Endpoints of the workspace. All methods block; call them in a thread.

    Parameters
    ----------
    sizes: gives a named amount of CPU and memory of an engine's machine, the default one for an
        empty name; raises InvalidInput for an unknown name.
    """

    start_timeout = Float(
        600.0, help="Seconds that a scoring server may take to load its model."
    ).tag(config=True)

    def __init__(
        self,
        *,
        db: Database,
        paths: Paths,
        engines: Engines,
        environments: EnvironmentManager,
        registry: RegistryManager,
        events: Events,
        sizes: Callable[[Engine, str], Size],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._paths = paths
        self._engines = engines
        self._registry = registry
        self._events = events
        self._sizes = sizes
        self._store = ServingStore(db)
        self._box = workspace_box(paths)
        self._writing = threading.Lock()
        self._rollout = Rollout(
            store=self._store,
            paths=paths,
            engines=engines,
            environments=environments,
            registry=registry,
            box=self._box,
            changed=self._changed,
            gone=self._gone,
            start_timeout=self.start_timeout,
            log=self.log,
        )
        domain = Endpoints(
            store=self._store,
            paths=paths,
            engines=engines,
            rollout=self._rollout,
            changed=self._changed,
        )
        self._converger = Converger(
            "serving", domain, list(engines), paths.workspace_id, events.system_changed, self.log
        )
        self._wire = Shown(engines, self._converger, self._rollout).endpoint

    # -- life -------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to bring what runs to what is wanted."""
        self._converger.start()

    def stop(self, settle: float = 0.0) -> None:
        """End the loop; endpoints go on serving.

        Parameters
        ----------
        settle: seconds to wait for what workers have in hand, at most.
        """
        self._converger.stop()
        self._rollout.stop(settle)
        self._converger.settle(settle)

    @property
    def engines_in_use(self) -> set[str]:
        """Names of the engines that endpoints are on."""
        return self._store.engines()

    def assign_engine(self, engine: str) -> None:
        """Note the engine of endpoints that were made before each had its own."""
        self._store.assign_engine(engine)

    def deployments(self) -> dict[str, str]:
        """Ids of all deployments there are, and the image that each has on an engine with images.

        A deployment is here before its image or a file of it is made.
        """
        repository = self._rollout.repository
        return {
            each.id: app_tag(repository, self._paths, each)
            for record in self._store.all()
            for each in record.deployments
        }

    # -- reading ----------------------------------------------------------------------------

    def list(self) -> list[EndpointInfo]:
        """All endpoints, by name."""
        return [self._wire(record) for record in self._store.all()]

    def get(self, name: str) -> EndpointInfo:
        """One endpoint. NotFound names a similar one."""
        return self._wire(self._record(name))

    def keys(self, name: str) -> EndpointKeys:
        """Primary and secondary key."""
        return EndpointKeys(keys=self._box.open(self._readable(name).keys))

    def log_text(self, name: str, tail: int, offset: int | None = None) -> LogText:
        """The log of what is being prepared or failed, else of what serves.

        Parameters
        ----------
        offset: byte to begin at; None: the last `tail` lines.
        """
        record = self._record(name)
        shown = record.next or record.current
        if shown is None:
            return LogText(text="")
        engine = self._engines.of(record.engine)
        found = engine.log(scoring_name(self._paths, shown), offset, tail)
        if not found.text and not found.next:
            kept = self._rollout.folder(engine, name).kept_log(shown.id)
            found = (end(kept, tail) if offset is None else piece(kept, offset)) or found
        return LogText(
            text=found.text,
            truncated=found.offset > (offset or 0),
            offset=found.offset,
            next=found.next,
            source=shown.id,
        )

    def address(self, name: str) -> tuple[int, str]:
        """Port and primary key of an endpoint, by which `call.score` tries it out."""
        record = self._readable(name)
        return record.port, self._box.open(record.keys)[0]

    # -- wishes -----------------------------------------------------------------------------

    def deploy(self, request: DeployRequest, *, confined: bool = False) -> EndpointInfo:
        """Record a deployment, of a new endpoint or an existing one; it starts in the background.

        Parameters
        ----------
        confined: whoever asks is in a container, and gets nothing outside of one.

        Raises
        ------
        InvalidInput: something about the request is wrong; `field` names it.
        NotFound: there is no such model version.
        Conflict: the port is taken.
        WrongState: the endpoint is being deleted.
        EngineUnavailable: nothing could be started.
        NotPermitted: `confined`, and the engine isolates nothing.
        """
        checks.check_request(request)
        model = self._registry.resolve(request.model)
        checks.check_model(model, request)
        engine = self._engine_for(request)
        self._engines.check_confinement(engine, confined)
        deployment = self._deployment(request, model, engine)
        about = engine.info()
        if not about.available:
            raise EngineUnavailable(about.message, hint=about.hint)
        with self._writing:
            endpoint = self._endpoint(request, engine)
            self._store.deploy(endpoint, deployment, self._registry.require)
        self._changed(request.name)
        self._registry.usage_changed(model.name)
        self._converger.lane(endpoint.engine).wake(request.name)
        return self.get(request.name)

    def delete(self, name: str, *, force: bool = False) -> EndpointInfo:
        """Record that the endpoint is to go; it goes in the background.

        Raises
        ------
        EngineUnavailable: the server does not have its engine, unless `force`: then what is left
            of it there is not removed.
        """
        record = self._record(name)
        if not self._converger.knows(record.engine):
            return self._delete_unknown(record, force)
        self._store.mark_deleted(name)
        self._changed(name)
        self._converger.lane(record.engine).wake(name)
        gone = self._store.find(name)
        if gone is None:
            raise NotFound(f"There is no endpoint '{name}'.", field="name")
        return self._wire(gone)

    def _delete_unknown(self, record: EndpointRecord, force: bool) -> EndpointInfo:
        if not force:
            raise unknown_engine(record.engine)
        self._rollout.forget(record)
        record.desired = "deleted"
        return self._wire(record)

    def rotate(self, name: str, request: RotateKey) -> EndpointKeys:
        """Replace one of the two keys; the old one stops working at once, without a restart."""
        while True:
            record = self._readable(name)
            if record.desired == "deleted":
                raise WrongState(f"Endpoint '{name}' is being deleted.", field="name")
            keys: list[str] = self._box.open(record.keys)
            keys[0 if request.key == "primary" else 1] = new_key()
            if self._store.set_keys(name, record.keys, self._box.seal(keys)):
                break  # else somebody has rotated the other one since we read
        self._rollout.publish_keys(name)
        return EndpointKeys(keys=keys)

    # -- parts ------------------------------------------------------------------------------

    def _engine_for(self, request: DeployRequest) -> Engine:
        """The engine that the endpoint is on, or goes to when it is new."""
        record = self._store.find(request.name)
        if record is None:
            return self._engines.chosen(request.engine)
        if request.engine not in ("", record.engine):
            raise InvalidInput(
                f"Endpoint '{request.name}' is on '{record.engine}' and stays there.",
                hint="Leave engine out, or deploy under another name.",
                field="engine",
            )
        return self._engines.of(record.engine)

    def _deployment(
        self, request: DeployRequest, model: ModelVersionInfo, engine: Engine
    ) -> DeploymentRecord:
        size = self._sizes(engine, request.size)
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

    def _endpoint(self, request: DeployRequest, engine: Engine) -> EndpointRecord:
        """The endpoint that is there, or a new one with a port and keys."""
        record, now = self._store.find(request.name), time.time()
        if record is None:
            return self._new_endpoint(request, engine, now)
        if record.desired == "deleted":
            raise WrongState(
                f"Endpoint '{request.name}' is being deleted.",
                hint="Try again in a moment.",
                field="name",
            )
        _check_readable(record)
        if request.port not in (0, record.port):
            raise InvalidInput(
                f"Endpoint '{request.name}' has port {record.port} and keeps it.",
                hint="Leave port out, or deploy under another name.",
                field="port",
            )
        if record.engine != engine.name:  # deleted and made anew since we looked
            raise Conflict(f"Endpoint '{request.name}' has changed meanwhile.", hint="Try again.")
        record.updated = now
        return record

    def _new_endpoint(self, request: DeployRequest, engine: Engine, now: float) -> EndpointRecord:
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
            engine=engine.name,
            desired="running",
            keys=self._box.seal([new_key(), new_key()]),
            created=now,
            updated=now,
        )

    def _readable(self, name: str) -> EndpointRecord:
        record = self._record(name)
        _check_readable(record)
        return record

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

    def _gone(self, name: str) -> None:
        self._events.deleted("endpoint", name)
        self._changed(name)  # there may be another of that name by now


def _check_readable(record: EndpointRecord) -> None:
    """Raise WrongState for an endpoint whose row cannot be read."""
    if record.error is not None:
        raise WrongState(record.error.message, hint=record.error.hint, field="name")
