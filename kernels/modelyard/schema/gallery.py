"""Notebook templates."""

from __future__ import annotations

import msgspec


class Template(msgspec.Struct, kw_only=True):
    """A notebook one click away."""

    name: str
    title: str
    description: str = ""
    tags: list[str] = []
    minutes: int | None = None


class TemplateCopied(msgspec.Struct, kw_only=True):
    """Where the copy is, relative to JupyterLab's root."""

    path: str
