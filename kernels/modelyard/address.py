"""Where the server is, and with which token: from the environment or from what the user gave."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from modelyard.errors import NotAuthenticated, NotConnected

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_HOST = re.compile(r"[\w.:%~-]+")
_TOKEN = re.compile(r"[\x21-\x7e]{0,4096}")
_PAGE = re.compile(r"/(lab(/(tree|workspaces)/.*)?|(tree|notebooks)(/.*)?)(?<!/)$")
"""What a browser shows behind the address of the server itself. Jupyter's pages never end with a
slash: `/user/lab/` is where a server is."""


@dataclass(frozen=True)
class Address:
    """A server.

    Parameters
    ----------
    base: its URL, which ends with '/'; behind a socket, that of `localhost`.
    socket: path of its Unix socket; empty: it is reached over TCP.
    local: it runs on this machine.
    token: the token that was part of the URL; may be empty.
    """

    base: str
    socket: str
    local: bool
    token: str


def parse(url: str) -> Address:
    """The server at a URL, also as a browser shows it: `http://host:8888/lab?token=…`.

    Raises
    ------
    NotConnected: it is no URL of a server.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except (ValueError, AttributeError, TypeError):
        raise _no_url(url) from None
    if parts.scheme == "http+unix" and parts.netloc:
        return Address(f"http://localhost{_ended(parts.path)}", unquote(parts.netloc), True, "")
    if parts.scheme not in ("http", "https") or not (host.isascii() and _HOST.fullmatch(host)):
        raise _no_url(url)
    shown = f"[{host}]" if ":" in host else host
    where = shown if port is None else f"{shown}:{port}"
    base = f"{parts.scheme}://{where}{_ended(_PAGE.sub('/', parts.path))}"
    token = parse_qs(parts.query).get("token", [""])[0]
    return Address(base, "", host in _LOOPBACK, token)


def check_token(token: str) -> str:
    """Return a token if it can be one.

    Raises
    ------
    NotAuthenticated: it cannot. The error does not hold it.
    """
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise NotAuthenticated(
            "The token cannot be one: it holds spaces or other characters that no token has.",
            hint="Copy it from the address that JupyterLab printed at its start.",
            field="token",
        )
    return token


def find_server() -> tuple[str, str]:
    """URL and token of the server this code runs under.

    Raises
    ------
    NotConnected: nothing in the environment tells, or the token's file cannot be read.
    """
    url = os.environ.get("MODELYARD_URL", "")
    if not url:
        raise NotConnected(
            "No Modelyard server is known here.",
            hint="Run this in a notebook of Modelyard's JupyterLab, set MODELYARD_URL and "
            "MODELYARD_TOKEN, or call Workspace(url, token).",
        )
    return url, _token_from_environment()


def _token_from_environment() -> str:
    token = os.environ.get("MODELYARD_TOKEN", "")
    file = os.environ.get("MODELYARD_TOKEN_FILE", "")
    if not token and file:
        try:
            token = Path(file).read_text().strip()
        except (OSError, ValueError) as error:
            raise NotConnected(
                f"The token file {file} cannot be read.", hint="Restart the kernel."
            ) from error
    return token


def _ended(path: str) -> str:
    return path if path.endswith("/") else f"{path}/"


def _no_url(url: object) -> NotConnected:
    # Not the part with a token.
    shown = str(url).partition("?")[0][:80]
    return NotConnected(
        f"'{shown}' is not the URL of a server.",
        hint="Use http://HOST:PORT/ as JupyterLab printed it at its start.",
    )
