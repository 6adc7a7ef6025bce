"""HTTP of experiments and runs."""

from __future__ import annotations

from modelyard.errors import InvalidInput
from modelyard.schema.tracking import (
    ExperimentCreate,
    ExperimentUpdate,
    RunCreate,
    RunFinish,
    RunUpdate,
)
from modelyard_server.artifacts.store import Writer
from modelyard_server.core.handler import PREFIX_URL, Handler, authorized
from modelyard_server.core.holder import holder_of
from modelyard_server.core.transfer import DownloadMixin, UploadHandler, renamed
from modelyard_server.tracking.manager import TrackingManager

_LARGEST = 1 << 62


class TrackingHandler(Handler):
    """Has the manager."""

    @property
    def manager(self) -> TrackingManager:
        """The manager of experiments and runs."""
        return self.settings["modelyard"].tracking

    def flag(self, name: str, default: bool = False) -> bool:
        """A query argument that is true or false."""
        return self.get_query_argument(name, str(default)).lower() in ("true", "1", "yes")


class ExperimentsHandler(TrackingHandler):
    """All experiments."""

    @authorized("read")
    async def get(self) -> None:
        """List experiments."""
        await self.answer(self.manager.experiments, deleted=self.flag("deleted"))

    @authorized("write")
    async def post(self) -> None:
        """Make an experiment."""
        body = self.parse(ExperimentCreate)
        await self.answer(self.manager.create_experiment, body, status=201)


class ExperimentHandler(TrackingHandler):
    """One experiment."""

    @authorized("read")
    async def get(self, id: str) -> None:
        """Read it."""
        await self.answer(self.manager.experiment, int(id))

    @authorized("write")
    async def patch(self, id: str) -> None:
        """Rename it, or change its note."""
        body = self.parse(ExperimentUpdate)
        await self.answer(self.manager.update_experiment, int(id), body)

    @authorized("write")
    async def delete(self, id: str) -> None:
        """Hide it with its runs."""
        await self.in_thread(self.manager.delete_experiment, int(id))
        self.set_status(204)
        self.finish()


class ExperimentRestoreHandler(TrackingHandler):
    """A deleted experiment."""

    @authorized("write")
    async def post(self, id: str) -> None:
        """Bring it back."""
        await self.answer(self.manager.restore_experiment, int(id))


class RunsHandler(TrackingHandler):
    """All runs."""

    @authorized("read")
    async def get(self) -> None:
        """A page of runs."""
        await self.answer(
            self.manager.runs,
            experiment=self.query_int("experiment", 0, high=_LARGEST) or None,
            q=self.get_query_argument("q", ""),
            order_by=self.get_query_argument("order_by", "") or "created",
            descending=self.flag("descending", True),
            limit=self.query_int("limit", 100, low=1, high=1000),
            page=self.get_query_argument("page", ""),
            deleted=self.flag("deleted"),
        )

    @authorized("write")
    async def post(self) -> None:
        """Begin a run."""
        body, holder = self.parse(RunCreate), holder_of(self.principal)
        await self.answer(self.manager.create_run, body, holder, status=201)


class RunHandler(TrackingHandler):
    """One run."""

    @authorized("read", within="run/{id}")
    async def get(self, id: str) -> None:
        """Read it."""
        await self.answer(self.manager.fresh_run, id)

    @authorized("write")
    async def patch(self, id: str) -> None:
        """Change name, note or tags."""
        body = self.parse(RunUpdate)
        await self.answer(self.manager.update_run, id, body)

    @authorized("write")
    async def delete(self, id: str) -> None:
        """Hide it, or remove it for ever."""
        await self.in_thread(self.manager.delete_run, id, forever=self.flag("forever"))
        self.set_status(204)
        self.finish()


class RunRestoreHandler(TrackingHandler):
    """A deleted run."""

    @authorized("write")
    async def post(self, id: str) -> None:
        """Bring it back."""
        await self.answer(self.manager.restore_run, id)


class RunSpoolHandler(TrackingHandler):
    """What a run on another machine logs."""

    @authorized("write", within="run/{id}")
    async def post(self, id: str) -> None:
        """Take a piece; an empty one is a sign of life."""
        offset = self.query_int("offset", 0, high=_LARGEST)
        await self.answer(self.manager.ingest, id, offset, self.request.body)


class RunFinishHandler(TrackingHandler):
    """The end of a run."""

    @authorized("write", within="run/{id}")
    async def post(self, id: str) -> None:
        """End it."""
        body = self.parse(RunFinish)
        await self.answer(self.manager.finish_run, id, body)


class RunHistoryHandler(TrackingHandler):
    """The history of a metric."""

    @authorized("read", within="run/{id}")
    async def get(self, id: str) -> None:
        """Points of one metric."""
        key = self.get_query_argument("key", "")
        if not key:
            raise InvalidInput("Which metric? Add ?key=NAME.", field="key")
        most = self.query_int("max_points", 0, high=10_000_000)
        await self.answer(self.manager.history, id, key, most)


class RunLogHandler(TrackingHandler):
    """What a run printed."""

    @authorized("read", within="run/{id}")
    async def get(self, id: str) -> None:
        """The output from a position on."""
        offset = self.query_int("offset", 0, high=_LARGEST)
        await self.answer(self.manager.output, id, offset)


class RunArtifactsHandler(TrackingHandler):
    """The artifacts of a run."""

    @authorized("read", within="run/{id}")
    async def get(self, id: str) -> None:
        """List a directory."""
        path = self.get_query_argument("path", "").strip("/")
        recursive = self.flag("recursive")
        await self.answer(self.manager.files.list, id, path, recursive=recursive)


class RunFileHandler(TrackingHandler, DownloadMixin, UploadHandler):
    """One artifact of a run."""

    async def open_upload(self, **route: str) -> Writer:
        """Begin the file that is coming."""
        return await self.in_thread(self.manager.files.writer, route["id"], route["path"])

    @authorized("read", within="run/{id}")
    async def get(self, id: str, path: str) -> None:
        """Send its bytes."""
        await self.send_file(await self.in_thread(self.manager.files.path, id, path))

    @authorized("write", within="run/{id}")
    async def put(self, id: str, path: str) -> None:
        """Store it."""
        info = await self.commit_upload()
        self.manager.changed(id)
        self.reply(renamed(info, path), 201)


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
