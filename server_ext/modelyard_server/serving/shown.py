"""What a list shows of endpoints."""

from __future__ import annotations

from modelyard.errors import EngineUnavailable
from modelyard.schema.common import ErrorInfo, Progress
from modelyard.schema.serving import (
    Deployment,
    EndpointInfo,
    EndpointState,
)
from modelyard_server.core.converge import Converger
from modelyard_server.engines.engines import Engines
from modelyard_server.serving.records import ADVANCING, DeploymentRecord, EndpointRecord
from modelyard_server.serving.rollout import Rollout


class Shown:
    """Records as their readers see them."""

    def __init__(self, engines: Engines, converger: Converger, rollout: Rollout) -> None:
        self._engines = engines
        self._converger = converger
        self._rollout = rollout

    def endpoint(self, record: EndpointRecord) -> EndpointInfo:
        """An endpoint on the wire, with what no row says: progress, trouble."""
        current, coming = record.current, record.next
        shown = current or coming
        state: EndpointState = record.state
        if self._converger.down(record.engine) is not None and state != "deleting":
            state = "unreachable"
        trouble = self._converger.trouble(record.engine, record.name)
        error = record.error or (shown.error if shown is not None else None)
        if trouble is not None and (error is None or state == "unreachable"):
            error = ErrorInfo(**trouble.body())
        return EndpointInfo(
            name=record.name,
            url=f"http://127.0.0.1:{record.port}" if record.port else "",
            port=record.port,
            state=state,
            engine=record.engine,
            created=record.created,
            updated=record.updated,
            current=self._deployment(record, current) if current else None,
            next=self._deployment(record, coming) if coming else None,
            error=error,
            input_example=shown.input_example if shown else None,
        )

    def _deployment(self, endpoint: EndpointRecord, record: DeploymentRecord) -> Deployment:
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
            image=self._image(endpoint, record),
            size=record.size,
            custom_script=bool(record.script),
            progress=progress,
            error=record.error,
            exit=record.exit,
        )

    def _image(self, endpoint: EndpointRecord, record: DeploymentRecord) -> str:
        try:
            return self._rollout.image(self._engines.of(endpoint.engine), record)
        except EngineUnavailable:
            return ""  # of an engine that a newer version knows
