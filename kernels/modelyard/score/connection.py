"""One client's connection: how long and how large a request may be before it is whole.

Uvicorn bounds neither. Without the bounds a client without a key could keep connections for ever
with half a request, or fill the memory with a header that never ends.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from modelyard.score.errors import HeadTooLarge

REQUEST_SECONDS = 20.0
"""A request, head and body, is whole this long after its first byte, or the connection's."""

MAX_HEAD = 32 << 10
"""Bytes that may come without a piece of body among them: a head, or trailers."""

_LINGER_SECONDS = 2.0
_LINGER_BYTES = 1 << 20


class Connection(HttpToolsProtocol):
    """Uvicorn's protocol, with bounds. `Server` calls `check` every second.

    On the hot path it notes the time and a few flags: a timer for every request would cost more.
    """

    _since: float | None = None
    """When the request that is not whole yet began; None between requests."""
    _heard = False
    """Whether the parser told of more than headers in what came last."""
    _quiet = 0
    """Bytes since then."""
    _leaving: float | None = None
    """Until when what still comes is dropped, after an answer that did not wait for it."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client is there, and owes us a request."""
        super().connection_made(transport)
        self._since = self.loop.time()
        self._answering = _Answering(self)

    def data_received(self, data: bytes) -> None:
        """Parse what came, within the bounds."""
        if self._leaving is not None:
            self._quiet += len(data)
            if self._quiet > _LINGER_BYTES:
                self.transport.close()
            return
        self._heard = False
        super().data_received(data)
        if self._heard:
            self._quiet = 0
            return
        self._quiet += len(data)
        if self._since is None:
            self._since = self.loop.time()  # blank lines before a request
        if self._quiet > MAX_HEAD and not self.transport.is_closing():
            self._refuse()

    def _refuse(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            error = HeadTooLarge(f"The request's head is larger than {MAX_HEAD >> 10} KiB.")
            body = orjson.dumps(error.body())
            self.transport.write(
                b"HTTP/1.1 %d Request Header Fields Too Large\r\nconnection: close\r\n"
                b"content-type: application/json\r\ncontent-length: %d\r\n\r\n%s"
                % (error.status, len(body), body)
            )
            # Closed with bytes unread, the client would get a reset in the place of the answer.
            self._quiet, self._leaving = 0, self.loop.time() + _LINGER_SECONDS
            return
        self.transport.close()

    # -- what the parser tells --------------------------------------------------------------

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._heard = True
        self._since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The end of a request's head."""
        self._heard = True
        super().on_headers_complete()
        cycle: Any = self.cycle  # it calls write, is_closing and close
        cycle.transport = self._answering

    def on_body(self, body: bytes) -> None:
        """A piece of a body."""
        self._heard = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The last byte of a request."""
        self._heard = True
        self._since = None
        super().on_message_complete()

    # -- ending -----------------------------------------------------------------------------

    def check(self, now: float) -> None:
        """Close it if its time is up.

        Parameters
        ----------
        now: the event loop's time.
        """
        if self._leaving is not None:
            if now > self._leaving:
                self.transport.close()
            return
        if self._since is None or now - self._since < REQUEST_SECONDS:
            return
        cycle = self.cycle
        if self.flow.read_paused or (
            cycle is not None and not cycle.response_complete and not cycle.more_body
        ):
            self._since = now  # an earlier request is being answered: the client waits for us
            return
        self.transport.close()

    def leave(self) -> None:
        """Close after an answer.

        A client that still sends a body would get a reset in the place of an answer that it has
        not read; for a moment what it sends is dropped.
        """
        if self._since is None:
            self.transport.close()
        elif self._leaving is None:
            self._quiet, self._leaving = 0, self.loop.time() + _LINGER_SECONDS


class _Answering:
    """The transport as the request's cycle sees it: closing leaves the client time to read."""

    def __init__(self, connection: Connection) -> None:
        transport: Any = connection.transport
        self.write = transport.write
        self.is_closing = transport.is_closing
        self.close = connection.leave
