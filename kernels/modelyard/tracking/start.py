"""The beginning of a run."""

from __future__ import annotations

import os
import platform
import time
import uuid
import warnings
from collections.abc import Mapping
from typing import Any

from modelyard.client import Client
from modelyard.errors import NotConnected
from modelyard.schema.tracking import RunCreate, RunInfo
from modelyard.tracking import current
from modelyard.tracking.capture import find_source
from modelyard.tracking.names import check_name, random_name
from modelyard.tracking.recording import Recording
from modelyard.tracking.run import Run
from modelyard.tracking.sink import PostedSink, Sink, open_sink
from modelyard.tracking.spool import Record
from modelyard.tracking.values import as_texts
from modelyard.tracking.writer import Writer, line


def start_run(
    client: Client,
    experiment: str,
    *,
    name: str,
    tags: Mapping[str, Any] | None,
    params: Mapping[str, Any] | None,
    cell: str | None,
) -> Run:
    """Open a run; see `Experiment.start_run`."""
    check_name(experiment, field="experiment")
    body = RunCreate(
        id=uuid.uuid4().hex,
        experiment=experiment,
        name=check_name(name, what="run") if name else random_name(),
        tags=as_texts("tag", tags),
        params=as_texts("parameter", params),
        parent=_parent(),
        source=find_source(cell),
        compute=os.environ.get("MODELYARD_COMPUTE", ""),
        python=platform.python_version(),
        started=time.time(),
    )
    sink = open_sink(client, body.id)
    body.spool = not isinstance(sink, PostedSink)
    try:
        info = _announce(client, sink, body)
    except BaseException:
        sink.discard()
        raise
    run = Run(client, info, Recording(Writer(sink, body.params), cell))
    current.opened(run)
    return run


def _parent() -> str:
    """The run whose `with` block this happens in."""
    found = current.current()
    inside = found is not None and found._recording is not None and found._recording.entered
    return found.id if found is not None and inside else ""


def _announce(client: Client, sink: Sink, body: RunCreate) -> RunInfo:
    try:
        return client.post("/runs", body, RunInfo)
    except NotConnected as error:
        if not body.spool:
            raise
        # The server makes the run when it finds this line: nothing is lost.
        sink.write(line(Record(t=body.started, r=body)))
        warnings.warn(
            f"The run '{body.name}' is recorded and will appear when the server is back: {error}",
            stacklevel=5,
        )
    return RunInfo(
        id=body.id,
        experiment_id=0,
        experiment=body.experiment,
        name=body.name,
        status="running",
        created=body.started,
        started=body.started,
        compute=body.compute,
        tags=body.tags,
        params=body.params,
        parent=body.parent,
        source=body.source,
        python=body.python,
    )
