"""Bases of the handlers that move files: of any size, streamed, never on the event loop."""

from __future__ import annotations

import asyncio
import mimetypes
import os
import re
import stat
from collections.abc import Awaitable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from tornado.iostream import StreamClosedError
from tornado.web import stream_request_body

from modelyard.errors import InvalidInput, ModelyardError, NotFound
from modelyard.schema.tracking import ArtifactInfo
from modelyard_server.core.handler import Handler
from modelyard_server.core.verbs import verb_of

if TYPE_CHECKING:
    from modelyard_server.artifacts.store import Writer

_BLOCK = 1 << 20
"""Bytes handed to a thread at once: fewer hops than tornado's 64 KiB pieces."""

_ANY_SIZE = 1 << 62


@stream_request_body
class UploadHandler(Handler):
    """PUT of one file; the subclass says where it goes.

    A subclass defines `open_upload(**route)` and a `put` verb that replies with
    `await self.commit_upload()`. Its other verbs work as usual, without a body.
    """

    abandons = False
    _writer: Writer | None = None
    _error: Exception | None = None
    _buffer: bytearray
    _turn: asyncio.Lock

    async def open_upload(self, **route: str) -> Writer:
        """The writer of the file that is coming; called before its first byte."""
        raise NotImplementedError

    async def prepare(self) -> None:
        """Authorize and open before the body is read: a refused upload costs no disk."""
        await super().prepare()
        if self.request.method != "PUT" or self._finished:
            return
        self._buffer = bytearray()
        self._turn = asyncio.Lock()
        connection: Any = self.request.connection
        connection.set_max_body_size(_ANY_SIZE)
        needed = verb_of(self.put)
        assert needed is not None, "an upload without a guard"
        await self.authorize(needed.action, needed.within.format(**self.path_kwargs))
        try:
            self._writer = await self.open_upload(**self.path_kwargs)
        except ModelyardError as error:
            # An answer before the body is read makes tornado cut the connection, and the sender
            # sees only that: who may write here is heard out, and `put` answers.
            self._error = error

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Gather a block; the returned awaitable holds the sender back while it is written."""
        if self._error is not None or self._writer is None:
            return None  # the answer is decided; what still comes is dropped
        self._buffer += chunk
        return self._drain() if len(self._buffer) >= _BLOCK else None

    async def commit_upload(self) -> ArtifactInfo:
        """Finish the file. Raises what went wrong while it came in (StorageFull, for example)."""
        if self._error is None and self._writer is not None and self._buffer:
            await self._drain()
        if self._error is not None or self._writer is None:
            raise self._error or InvalidInput("There is no body to store.")
        async with self._turn:
            writer, self._writer = self._writer, None
            return await self.in_thread(writer.commit)

    def on_connection_close(self) -> None:
        """The sender left in the middle: leave nothing behind."""
        super().on_connection_close()
        self._abandon()

    def on_finish(self) -> None:
        """An answer without `commit_upload`, an error for example: leave nothing behind."""
        super().on_finish()
        self._abandon()

    async def _drain(self) -> None:
        data, self._buffer = bytes(self._buffer), bytearray()
        async with self._turn:
            if self._writer is None:
                return
            try:
                await self.in_thread(self._writer.write, data)
            except (ModelyardError, OSError) as error:
                # Raised here it would only cut the connection; the verb answers it.
                self._error = error
                await self.in_thread(self._writer.abort)
                self._writer = None

    def _abandon(self) -> None:
        if self._writer is not None:
            asyncio.ensure_future(self._abort())  # noqa: RUF006 - nobody is left to await it

    async def _abort(self) -> None:
        async with self._turn:
            writer, self._writer = self._writer, None
            if writer is not None:
                await self.in_thread(writer.abort)


class FileQuery(msgspec.Struct, kw_only=True):
    """How a file is sent."""

    download: bool = False
    """As an attachment, for the browser to save."""


class DownloadMixin(Handler):
    """Sends files so that nothing in them can act as the user who looks at them."""

    abandons = False

    @property
    def content_security_policy(self) -> str:
        """A run's HTML or SVG opens in an origin of its own, without scripts."""
        return "sandbox; frame-ancestors 'self'"

    async def send_file(self, path: Path, query: FileQuery, *, etag: str = "") -> None:
        """Answer GET with a file: `Range` and `If-None-Match` are honoured.

        Parameters
        ----------
        etag: a digest of the content where one is known; else size, time and inode serve, which
            is enough because stored files are never changed in place.

        Raises
        ------
        NotFound: there is no such file.
        HTTPError: a page of another site asks, in the user's name.
        """
        self.check_xsrf_cookie()  # as Jupyter's own FilesHandler: GET of a file, too
        try:
            descriptor = await self.in_thread(os.open, path, os.O_RDONLY | os.O_NOFOLLOW)
        except OSError as error:
            raise NotFound(f"There is no file '{path.name}'.", field="path") from error
        try:
            await self._send(descriptor, path.name, query, etag)
        except StreamClosedError:
            return  # the reader left
        finally:
            await self.in_thread(os.close, descriptor)

    async def _send(self, descriptor: int, name: str, query: FileQuery, etag: str) -> None:
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            raise NotFound(f"'{name}' is not a file.", field="path")
        size = found.st_size
        tag = f'"{etag or f"{found.st_mtime_ns:x}-{size:x}-{found.st_ino:x}"}"'
        content_type = self._describe(name, tag, query)
        if self.request.headers.get("If-None-Match") == tag:
            self.set_status(304)
            self.finish(set_content_type=content_type)
            return
        start, end = self._range(size, tag)
        if start > end:
            self.set_status(416)
            self.set_header("Content-Range", f"bytes */{size}")
            self.finish(set_content_type=content_type)
            return
        self.set_header("Content-Type", content_type)
        self.set_header("Content-Length", str(end - start))
        while start < end:
            block = await self.in_thread(os.pread, descriptor, min(_BLOCK, end - start), start)
            if not block:
                break
            start += len(block)
            self.write(block)
            await self.flush()
        self.finish(set_content_type=content_type)

    def _describe(self, name: str, tag: str, query: FileQuery) -> str:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if kind.startswith("text/"):
            kind += "; charset=utf-8"
        way = "attachment" if query.download else "inline"
        self.set_header("Content-Disposition", f"{way}; filename*=UTF-8''{quote(name, safe='')}")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "private, no-cache")
        self.set_header("Accept-Ranges", "bytes")
        self.set_header("ETag", tag)
        return kind

    def _range(self, size: int, tag: str) -> tuple[int, int]:
        """First byte and the one after the last; (1, 0) when none of them is in the file."""
        match = re.fullmatch(r"bytes=(\d*)-(\d*)", self.request.headers.get("Range", ""))
        changed = self.request.headers.get("If-Range", tag) != tag
        if match is None or match[0] == "bytes=-" or changed:
            return 0, size
        first, last = match[1], match[2]
        start = _position(first) if first else max(0, size - _position(last))
        end = min(size, _position(last) + 1) if first and last else size
        if start >= end:
            return 1, 0
        self.set_status(206)
        self.set_header("Content-Range", f"bytes {start}-{end - 1}/{size}")
        return start, end


def _position(digits: str) -> int:
    """A byte position of `Range`; no file is as large as what has more than 18 digits."""
    return int(digits) if len(digits) <= 18 else _ANY_SIZE


def renamed(info: ArtifactInfo, path: str) -> ArtifactInfo:
    """The same file under the path that its reader knows (without the store's prefix)."""
    return msgspec.structs.replace(info, path=path)
