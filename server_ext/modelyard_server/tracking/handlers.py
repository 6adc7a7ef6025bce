"""HTTP of experiments and runs."""

from __future__ import annotations

from typing import Annotated

import msgspec

from modelyard.errors import Conflict, InvalidData, TooLarge
from modelyard.schema.tracking import (
    ArtifactInfo,
    ExperimentCreate,
    ExperimentInfo,
    ExperimentUpdate,
    HistoryInfo,
    LogAck,
    RunCreate,
    RunFinish,
    RunInfo,
    RunLog,
    RunPage,
    RunUpdate,
)
from modelyard_server.artifacts.store import Writer
from modelyard_server.core.handler import PREFIX_URL, Handler, authorized
from modelyard_server.core.holder import holder_of
from modelyard_server.core.transfer import DownloadMixin, FileQuery, UploadHandler, renamed
from modelyard_server.core.verbs import ANY, BYTES
from modelyard_server.tracking.manager import TrackingManager
from modelyard_server.tracking.query import TOKEN_LENGTH

_Position = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]
_Text = Annotated[str, msgspec.Meta(max_length=4096)]


class ExperimentsQuery(msgspec.Struct, kw_only=True):
    """Which experiments."""

    deleted: bool = False
    """Those that are deleted, instead of the others."""


class RunsQuery(msgspec.Struct, kw_only=True):
    """Which runs, in which order."""

    experiment: _Position = 0
    """Id of an experiment; 0: runs of all."""
    q: _Text = ""
    """Words and conditions, as the search field of the Lab takes them."""
    order_by: _Text = "created"
    """created, name, status, metric.KEY or param.KEY."""
    descending: bool = True
    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    page: Annotated[str, msgspec.Meta(max_length=TOKEN_LENGTH)] = ""
    """`next` of the page before."""
    deleted: bool = False
    """Those that are deleted, instead of the others."""


class ExperimentDelete(msgspec.Struct, kw_only=True):
    """How an experiment is deleted."""

    forever: bool = False
    """It and its runs cannot be restored, and their disk is free soon."""


class RunDelete(msgspec.Struct, kw_only=True):
    """How a run is deleted."""

    forever: bool = False
    """It cannot be restored, and its disk is free at once."""


class Offset(msgspec.Struct, kw_only=True):
    """Where in a stream."""

    offset: _Position = 0
    """Bytes from the beginning."""


class HistoryQuery(msgspec.Struct, kw_only=True):
    """Which points of a metric."""

    key: _Text
    max_points: Annotated[int, msgspec.Meta(ge=0, le=10_000_000)] = 0
    """About how many, with exact extremes; 0: all."""


class ArtifactsQuery(msgspec.Struct, kw_only=True):
    """Which artifacts."""

    path: _Text = ""
    """A directory; empty: the topmost."""
    recursive: bool = False
    """All files below it, instead of what is directly in it."""


class TrackingHandler(Handler):
    """Has the manager."""

    @property
    def manager(self) -> TrackingManager:
        """The manager of experiments and runs."""
        return self.settings["modelyard"].tracking


class ExperimentsHandler(TrackingHandler):
    """All experiments."""

    @authorized("read", answer=list[ExperimentInfo])
    async def get(self, query: ExperimentsQuery) -> None:
        """List experiments."""
        await self.answer(self.manager.experiments.list, deleted=query.deleted)

    @authorized("write", answer=ExperimentInfo, status=201, errors=(Conflict,))
    async def post(self, body: ExperimentCreate) -> None:
        """Make an experiment; one of that name that is there is given."""
        await self.answer(self.manager.experiments.create, body)


class ExperimentHandler(TrackingHandler):
    """One experiment."""

    @authorized("read", answer=ExperimentInfo)
    async def get(self, id: str) -> None:
        """Get an experiment."""
        await self.answer(self.manager.experiments.get, int(id))

    @authorized("write", answer=ExperimentInfo, errors=(Conflict,))
    async def patch(self, id: str, body: ExperimentUpdate) -> None:
        """Rename it, or change its note."""
        await self.answer(self.manager.experiments.update, int(id), body)

    @authorized("write", status=204, errors=(Conflict,))
    async def delete(self, id: str, query: ExperimentDelete) -> None:
        """Delete it with its runs; it can be restored, unless for ever."""
        await self.answer(self.manager.experiments.delete, int(id), forever=query.forever)


class ExperimentRestoreHandler(TrackingHandler):
    """A deleted experiment."""

    @authorized("write", answer=ExperimentInfo, errors=(Conflict,))
    async def post(self, id: str) -> None:
        """Bring a deleted experiment back."""
        await self.answer(self.manager.experiments.restore, int(id))


class RunsHandler(TrackingHandler):
    """All runs."""

    @authorized("read", answer=RunPage)
    async def get(self, query: RunsQuery) -> None:
        """A page of runs."""
        await self.answer(
            self.manager.runs,
            experiment=query.experiment or None,
            q=query.q,
            order_by=query.order_by,
            descending=query.descending,
            limit=query.limit,
            page=query.page,
            deleted=query.deleted,
        )

    @authorized("write", answer=RunInfo, status=201, errors=(Conflict,))
    async def post(self, body: RunCreate) -> None:
        """Begin a run; the same again gives the run that is there."""
        await self.answer(self.manager.create_run, body, holder_of(self.principal))


class RunHandler(TrackingHandler):
    """One run."""

    @authorized("read", within="run/{id}", answer=RunInfo)
    async def get(self, id: str) -> None:
        """Get a run."""
        await self.answer(self.manager.fresh_run, id)

    @authorized("write", answer=RunInfo)
    async def patch(self, id: str, body: RunUpdate) -> None:
        """Change its name, note or tags."""
        await self.answer(self.manager.update_run, id, body)

    @authorized("write", status=204, errors=(Conflict,))
    async def delete(self, id: str, query: RunDelete) -> None:
        """Delete it."""
        await self.answer(self.manager.delete_run, id, forever=query.forever)


class RunRestoreHandler(TrackingHandler):
    """A deleted run."""

    @authorized("write", answer=RunInfo, errors=(Conflict,))
    async def post(self, id: str) -> None:
        """Bring a deleted run back."""
        await self.answer(self.manager.restore_run, id)


class RunSpoolHandler(TrackingHandler):
    """What a run on another machine logs."""

    @authorized(
        "write",
        within="run/{id}",
        takes=BYTES,
        answer=LogAck,
        errors=(Conflict, TooLarge, InvalidData),
    )
    async def post(self, id: str, query: Offset) -> None:
        """Take a piece of what it logged; an empty one is a sign of life."""
        await self.answer(self.manager.ingest, id, query.offset, self.request.body)


class RunFinishHandler(TrackingHandler):
    """The end of a run."""

    @authorized("write", within="run/{id}", answer=RunInfo, errors=(Conflict,))
    async def post(self, id: str, body: RunFinish) -> None:
        """End a run."""
        await self.answer(self.manager.finish_run, id, body)


class RunHistoryHandler(TrackingHandler):
    """The history of a metric."""

    @authorized("read", within="run/{id}", answer=HistoryInfo)
    async def get(self, id: str, query: HistoryQuery) -> None:
        """Points of one metric."""
        await self.answer(self.manager.history, id, query.key, query.max_points)


class RunLogHandler(TrackingHandler):
    """What a run printed."""

    @authorized("read", within="run/{id}", answer=RunLog)
    async def get(self, id: str, query: Offset) -> None:
        """What it printed, from a position on."""
        await self.answer(self.manager.output, id, query.offset)


class RunArtifactsHandler(TrackingHandler):
    """The artifacts of a run."""

    @authorized("read", within="run/{id}", answer=list[ArtifactInfo])
    async def get(self, id: str, query: ArtifactsQuery) -> None:
        """List a directory of its artifacts."""
        path = query.path.strip("/")
        await self.answer(self.manager.files.list, id, path, recursive=query.recursive)


class RunFileHandler(TrackingHandler, DownloadMixin, UploadHandler):
    """One artifact of a run."""

    async def open_upload(self, **route: str) -> Writer:
        """Begin the file that is coming."""
        return await self.in_thread(self.manager.files.writer, route["id"], route["path"])

    @authorized("read", within="run/{id}", gives=ANY)
    async def get(self, id: str, path: str, query: FileQuery) -> None:
        """Get an artifact."""
        file = await self.in_thread(self.manager.files.path, id, path)
        await self.send_file(file, query)

    @authorized(
        "write", within="run/{id}", takes=BYTES, answer=ArtifactInfo, status=201, errors=(Conflict,)
    )
    async def put(self, id: str, path: str) -> None:
        """Store an artifact."""
        info = await self.commit_upload()
        self.manager.changed(id)
        self.reply(renamed(info, path))


_EXPERIMENT = rf"{PREFIX_URL}/experiments/(?P<id>\d{{1,18}})"
_RUN = rf"{PREFIX_URL}/runs/(?P<id>[^/]{{1,100}})"

routes: list[tuple[str, type]] = [
    (rf"{PREFIX_URL}/experiments", ExperimentsHandler),
    (_EXPERIMENT, ExperimentHandler),
    (rf"{_EXPERIMENT}/restore", ExperimentRestoreHandler),
    (rf"{PREFIX_URL}/runs", RunsHandler),
    (_RUN, RunHandler),
    (rf"{_RUN}/restore", RunRestoreHandler),
    (rf"{_RUN}/spool", RunSpoolHandler),
    (rf"{_RUN}/finish", RunFinishHandler),
    (rf"{_RUN}/history", RunHistoryHandler),
    (rf"{_RUN}/log", RunLogHandler),
    (rf"{_RUN}/artifacts", RunArtifactsHandler),
    (rf"{_RUN}/files/(?P<path>.+)", RunFileHandler),
]
