"""Routes of the gallery."""

from __future__ import annotations

from modelyard.errors import Conflict
from modelyard.schema.gallery import Template, TemplateCopied
from modelyard_server.core.handler import NAME, PREFIX_URL, Handler, authorized
from modelyard_server.gallery.manager import GalleryManager


class _GalleryBase(Handler):
    @property
    def gallery(self) -> GalleryManager:
        """The manager."""
        return self.settings["modelyard"].gallery


class GalleryHandler(_GalleryBase):
    """All templates."""

    @authorized("read", answer=list[Template])
    async def get(self) -> None:
        """List the templates."""
        await self.answer(self.gallery.list)


class CopyHandler(_GalleryBase):
    """One template."""

    @authorized("write", answer=TemplateCopied, status=201, errors=(Conflict,))
    async def post(self, name: str) -> None:
        """Copy a template into User files."""
        await self.answer(self.gallery.copy, name)


routes: list[tuple[str, type]] = [
    (rf"{PREFIX_URL}/gallery", GalleryHandler),
    (rf"{PREFIX_URL}/gallery/{NAME}/copy", CopyHandler),
]
