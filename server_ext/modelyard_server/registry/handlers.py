"""HTTP of the registry."""

from __future__ import annotations

from modelyard.errors import Conflict, NotFound
from modelyard.schema.registry import (
    Model,
    ModelRegister,
    ModelUpdate,
    ModelVersionInfo,
    UploadOpened,
)
from modelyard.schema.tracking import ArtifactInfo
from modelyard_server.artifacts.store import Writer
from modelyard_server.core.handler import NAME, PREFIX_URL, Handler, authorized
from modelyard_server.core.transfer import DownloadMixin, FileQuery, UploadHandler, renamed
from modelyard_server.core.verbs import ANY, BYTES
from modelyard_server.registry.manager import RegistryManager


class RegistryHandler(Handler):
    """What all of them share."""

    @property
    def manager(self) -> RegistryManager:
        """The registry's rules."""
        return self.settings["modelyard"].registry


def _number(name: str, version: str) -> int:
    if not (version.isascii() and version.isdigit() and len(version) < 10):
        raise NotFound(
            f"Model '{name[:80]}' has no version '{version[:20]}'.",
            hint="Versions are numbers: 1, 2, 3.",
            field="version",
        )
    return int(version)


class ModelsHandler(RegistryHandler):
    """All models."""

    @authorized("read", answer=list[Model])
    async def get(self) -> None:
        """List models."""
        await self.answer(self.manager.list)


class ModelHandler(RegistryHandler):
    """One model."""

    @authorized("read", answer=Model)
    async def get(self, name: str) -> None:
        """Get a model with its versions."""
        await self.answer(self.manager.model, name)

    @authorized("write", answer=Model)
    async def patch(self, name: str, body: ModelUpdate) -> None:
        """Change its note and tags."""
        await self.in_thread(self.manager.update, name, None, body)
        await self.answer(self.manager.model, name)

    @authorized("write", status=204, errors=(Conflict,))
    async def delete(self, name: str) -> None:
        """Delete it with all versions."""
        await self.answer(self.manager.delete, name)


class VersionsHandler(RegistryHandler):
    """Versions of a model."""

    @authorized("write", answer=ModelVersionInfo, status=201, errors=(Conflict,))
    async def post(self, name: str, body: ModelRegister) -> None:
        """Register a version."""
        await self.answer(self.manager.register, name, body)


class VersionHandler(RegistryHandler):
    """One version."""

    @authorized("read", within="model/{name}/{version}", answer=ModelVersionInfo)
    async def get(self, name: str, version: str) -> None:
        """Get a version."""
        number = _number(name, version)
        await self.answer(self.manager.version, name, number)

    @authorized("write", answer=ModelVersionInfo)
    async def patch(self, name: str, version: str, body: ModelUpdate) -> None:
        """Change its note and tags; its files never change."""
        number = _number(name, version)
        await self.in_thread(self.manager.update, name, number, body)
        await self.answer(self.manager.version, name, number)

    @authorized("write", status=204, errors=(Conflict,))
    async def delete(self, name: str, version: str) -> None:
        """Delete it, unless a deployment uses it."""
        await self.answer(self.manager.delete, name, _number(name, version))


class VersionArtifactsHandler(RegistryHandler):
    """The list of a version's files."""

    @authorized("read", within="model/{name}/{version}", answer=list[ArtifactInfo])
    async def get(self, name: str, version: str) -> None:
        """List its files with their SHA-256."""
        number = _number(name, version)
        await self.answer(self.manager.artifacts, name, number)


class VersionFileHandler(DownloadMixin, RegistryHandler):
    """One file of a version."""

    @authorized("read", within="model/{name}/{version}", gives=ANY)
    async def get(self, name: str, version: str, path: str, query: FileQuery) -> None:
        """Get a file."""
        number = _number(name, version)
        file, sha256 = await self.in_thread(self.manager.file, name, number, path)
        await self.send_file(file, query, etag=sha256)


class UploadsHandler(RegistryHandler):
    """Staging areas."""

    @authorized("write", answer=UploadOpened, status=201)
    async def post(self) -> None:
        """Open a staging area."""
        await self.answer(self.manager.uploads.open)


class UploadFileHandler(UploadHandler, RegistryHandler):
    """One file of an upload."""

    async def open_upload(self, **route: str) -> Writer:
        """Begin the file that is coming."""
        return await self.in_thread(self.manager.uploads.writer, route["id"], route["path"])

    @authorized("write", takes=BYTES, answer=ArtifactInfo, status=201, errors=(Conflict,))
    async def put(self, id: str, path: str) -> None:  # noqa: ARG002 - `open_upload` used it
        """Store a file of the upload."""
        self.reply(renamed(await self.commit_upload(), path))


_ONE = rf"{PREFIX_URL}/models/{NAME}"
_VERSION = rf"{_ONE}/versions/(?P<version>[^/]{{1,40}})"

routes: list[tuple[str, type]] = [
    (rf"{PREFIX_URL}/models", ModelsHandler),
    (_ONE, ModelHandler),
    (rf"{_ONE}/versions", VersionsHandler),
    (_VERSION, VersionHandler),
    (rf"{_VERSION}/artifacts", VersionArtifactsHandler),
    (rf"{_VERSION}/files/(?P<path>.+)", VersionFileHandler),
    (rf"{PREFIX_URL}/uploads", UploadsHandler),
    (rf"{PREFIX_URL}/uploads/(?P<id>[^/]+)/(?P<path>.+)", UploadFileHandler),
]
