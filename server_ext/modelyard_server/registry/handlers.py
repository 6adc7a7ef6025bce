"""HTTP of the registry."""

from __future__ import annotations

from modelyard.errors import NotFound
from modelyard.schema.registry import ModelRegister, ModelUpdate
from modelyard_server.artifacts.store import Writer
from modelyard_server.core.handler import NAME, PREFIX_URL, Handler, authorized
from modelyard_server.core.transfer import DownloadMixin, UploadHandler, renamed
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

    @authorized("read")
    async def get(self) -> None:
        """List them."""
        await self.answer(self.manager.list)


class ModelHandler(RegistryHandler):
    """One model."""

    @authorized("read")
    async def get(self, name: str) -> None:
        """Get it with its versions."""
        await self.answer(self.manager.model, name)

    @authorized("write")
    async def patch(self, name: str) -> None:
        """Change its note and tags."""
        await self.in_thread(self.manager.update, name, None, self.parse(ModelUpdate))
        await self.answer(self.manager.model, name)

    @authorized("write")
    async def delete(self, name: str) -> None:
        """Delete it with all versions."""
        await self.in_thread(self.manager.delete, name)
        self.set_status(204)
        self.finish()


class VersionsHandler(RegistryHandler):
    """Versions of a model."""

    @authorized("write")
    async def post(self, name: str) -> None:
        """Register one."""
        request = self.parse(ModelRegister)
        await self.answer(self.manager.register, name, request, status=201)


class VersionHandler(RegistryHandler):
    """One version."""

    @authorized("read", within="model/{name}/{version}")
    async def get(self, name: str, version: str) -> None:
        """Get it."""
        number = _number(name, version)
        await self.answer(self.manager.version, name, number)

    @authorized("write")
    async def patch(self, name: str, version: str) -> None:
        """Change its note and tags; its files never change."""
        number = _number(name, version)
        await self.in_thread(self.manager.update, name, number, self.parse(ModelUpdate))
        await self.answer(self.manager.version, name, number)

    @authorized("write")
    async def delete(self, name: str, version: str) -> None:
        """Delete it, unless a deployment uses it."""
        await self.in_thread(self.manager.delete, name, _number(name, version))
        self.set_status(204)
        self.finish()


class VersionArtifactsHandler(RegistryHandler):
    """The list of a version's files."""

    @authorized("read", within="model/{name}/{version}")
    async def get(self, name: str, version: str) -> None:
        """List them with their SHA-256."""
        number = _number(name, version)
        await self.answer(self.manager.artifacts, name, number)


class VersionFileHandler(DownloadMixin, RegistryHandler):
    """One file of a version."""

    @authorized("read", within="model/{name}/{version}")
    async def get(self, name: str, version: str, path: str) -> None:
        """Send it."""
        number = _number(name, version)
        file, sha256 = await self.in_thread(self.manager.file, name, number, path)
        await self.send_file(file, etag=sha256)


class UploadsHandler(RegistryHandler):
    """Staging areas."""

    @authorized("write")
    async def post(self) -> None:
        """Open one."""
        await self.answer(self.manager.uploads.open, status=201)


class UploadFileHandler(UploadHandler, RegistryHandler):
    """One file of an upload."""

    async def open_upload(self, **route: str) -> Writer:
        """Begin the file that is coming."""
        return await self.in_thread(self.manager.uploads.writer, route["id"], route["path"])

    @authorized("write")
    async def put(self, id: str, path: str) -> None:  # noqa: ARG002 - `open_upload` used it
        """Store it."""
        self.reply(renamed(await self.commit_upload(), path), 201)


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
