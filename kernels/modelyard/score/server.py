"""Listening, and handing over to a successor without losing a request."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import signal
import socket
import struct
import time
from collections.abc import Callable
from typing import Any

import uvicorn

from modelyard.score.app import App
from modelyard.score.connection import Connection

BACKLOG = 2048

DRAIN_SECONDS = 2.0
"""How long after SIGTERM a kept connection may bring one more request."""

FINISH_SECONDS = 20
"""How long requests under way may take after that."""

_HELD_UP = 2.0
"""Seconds between two ticks that say: the loop was busy, and has read nothing meanwhile."""

# From <asm-generic/socket.h>; the socket module does not name it.
_SO_ATTACH_REUSEPORT_CBPF = 51
_RETURN = 0x06  # BPF_RET | BPF_K


def listen(host: str, port: int) -> socket.socket:
    """A listening socket that a successor may share the port with (SO_REUSEPORT).

    Raises
    ------
    OSError: another program holds the port.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise OSError(errno.EADDRINUSE, f"Port {port} is taken by another program") from error
        raise
    return listener


def take_over(listener: socket.socket) -> None:
    """Have the kernel give every new connection to us, not to the server that we follow.

    Two listeners on a port get connections in turn, and closing one resets those that wait in
    its queue. So the newcomer attaches a program of one instruction, "the socket that joined the
    port second": itself. The old server's queue gets nothing more and is empty when it closes.
    With one socket on the port the kernel ignores the program's answer.
    """
    instruction = ctypes.create_string_buffer(struct.pack("HBBI", _RETURN, 0, 0, 1))
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(instruction))
    with contextlib.suppress(OSError):  # an old kernel: the hand-over may reset a connection
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_REUSEPORT_CBPF, program)


class Server(uvicorn.Server):
    """Uvicorn's server, which says when it is ready and hands over gently."""

    def __init__(self, config: uvicorn.Config, app: App, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._app = app
        self._on_ready = on_ready
        self._checked = 0.0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, take over from a predecessor, then tell."""
        await super().startup(sockets=sockets)
        for listener in sockets or []:
            take_over(listener)
        self._on_ready()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: look after connections whose request does not become whole."""
        now = asyncio.get_running_loop().time()
        if now - self._checked >= 1.0:
            held_up = now - self._checked > _HELD_UP
            self._checked = now
            connections: Any = [] if held_up else list(self.server_state.connections)
            for connection in connections:
                connection.check(now)
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept what waits in the queue, answer what came, then end."""
        await asyncio.sleep(0.1)
        for server in self.servers:
            server.close()
        self._app.draining = True
        # A kept-alive connection may have a request on its way. It is answered with
        # `Connection: close`; closing now would lose it.
        deadline = time.monotonic() + DRAIN_SECONDS
        while self.server_state.connections and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        await super().shutdown(sockets=sockets)


def serve(app: App, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Answer requests until SIGTERM; returns after the last answer."""
    asgi: Any = app  # a bare ASGI callable; uvicorn's own types describe frameworks
    config = uvicorn.Config(
        asgi,
        loop="uvloop",
        http=Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=120,
        timeout_graceful_shutdown=FINISH_SECONDS,
    )
    # Uvicorn raises SIGTERM again after a graceful end; a clean stop must exit with 0.
    signal.signal(signal.SIGTERM, lambda *_: None)
    Server(config, app, on_ready).run(sockets=[listener])
