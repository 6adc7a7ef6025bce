"""Notebook templates."""

from __future__ import annotations

from modelyard_server.gallery.handlers import routes
from modelyard_server.gallery.manager import GalleryManager
from modelyard_server.parts import Domain

GALLERY = Domain(
    title="The gallery",
    manager=GalleryManager,
    build=lambda parts: GalleryManager(paths=parts.paths, parent=parts.parent),
    routes=routes,
)
