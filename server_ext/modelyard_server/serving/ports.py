"""Choosing the port an endpoint keeps for its life."""

from __future__ import annotations

import socket
import zlib

from modelyard.errors import Conflict, InvalidInput

# Below the range from which Linux takes the ports of outgoing connections (32768 and up): a
# port from there could be busy when the endpoint is started again.
_FIRST, _COUNT = 20_000, 10_000


def is_free(port: int) -> bool:
    """Whether a server could bind the port on the loopback interface now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
            # Two listeners exclude each other even where two bound sockets would not.
            probe.listen(1)
        except OSError:
            return False
    return True


def choose(seed: str, taken: set[int]) -> int:
    """A free port; the same seed tends to the same port, different ones to different ports."""
    offset = zlib.crc32(seed.encode()) % _COUNT
    for step in range(_COUNT):
        port = _FIRST + (offset + step) % _COUNT
        if port not in taken and is_free(port):
            return port
    raise Conflict("No port is free for the endpoint.", hint="Delete endpoints you do not need.")


def check(port: int, taken: set[int]) -> int:
    """The port the user asked for.

    Raises
    ------
    InvalidInput: it is out of range.
    Conflict: another endpoint or program has it.
    """
    if not 1024 <= port <= 65535:
        raise InvalidInput(
            f"{port} cannot be an endpoint's port.", hint="Use 1024 to 65535.", field="port"
        )
    if port in taken or not is_free(port):
        raise Conflict(
            f"Port {port} is taken.", hint="Leave port out to get a free one.", field="port"
        )
    return port
