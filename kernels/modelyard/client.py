"""HTTP to the server: the only module of the SDK that knows about URLs, tokens and sockets."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, TypeVar
from urllib.parse import unquote, urlsplit

import httpx
import msgspec

from modelyard.errors import ModelyardError, NotConnected, from_body

T = TypeVar("T")

API = "modelyard/api/v1"
_CHUNK = 1 << 20


def _token_from_environment() -> str:
    token = os.environ.get("MODELYARD_TOKEN", "")
    file = os.environ.get("MODELYARD_TOKEN_FILE", "")
    if not token and file:
        try:
            token = Path(file).read_text().strip()
        except OSError as error:
            raise NotConnected(
                f"The token file {file} cannot be read.", hint="Restart the kernel."
            ) from error
    return token


def find_server() -> tuple[str, str]:
    """URL and token of the server this code runs under.

    Raises
    ------
    NotConnected: nothing in the environment tells.
    """
    url = os.environ.get("MODELYARD_URL", "")
    if not url:
        raise NotConnected(
            "No Modelyard server is known here.",
            hint="Run this in a notebook of Modelyard's JupyterLab, set MODELYARD_URL and "
            "MODELYARD_TOKEN, or call Workspace(url, token).",
        )
    return url, _token_from_environment()


class Client:
    """A connection to one server.

    Parameters
    ----------
    url: `http(s)://host:port/base/`, or `http+unix://SOCKET/base/` with the socket's path
        percent-encoded.
    token: Jupyter's token, or one that Modelyard gave to a kernel or job.

    Attributes
    ----------
    spool: the directory in which this server reads what runs log, where this process shares it.

    Every method raises the `ModelyardError` that the server answered with, and `NotConnected`
    when it does not answer.
    """

    def __init__(self, url: str, token: str = "") -> None:
        parts = urlsplit(url)
        transport = None
        base = url
        if parts.scheme == "http+unix":
            transport = httpx.HTTPTransport(uds=unquote(parts.netloc), retries=2)
            base = f"http://localhost{parts.path}"
        elif parts.scheme not in ("http", "https") or not parts.netloc:
            raise NotConnected(
                f"'{url}' is not the URL of a server.",
                hint="Use http://HOST:PORT/ as JupyterLab printed it at its start.",
            )
        self.url = url
        self.spool: Path | None = None
        self._http = httpx.Client(
            base_url=f"{base.rstrip('/')}/{API}",
            headers={"Authorization": f"Bearer {token}"} if token else {},
            transport=transport,
            timeout=httpx.Timeout(60.0, connect=10.0),
        )

    def close(self) -> None:
        """Close the connection."""
        self._http.close()

    def request(
        self,
        method: str,
        path: str,
        *,
        kind: type[T] | Any = None,
        body: Any = None,
        params: Mapping[str, Any] | None = None,
        content: Any = None,
        timeout: float | None = None,
    ) -> Any:
        """One exchange. `body` is sent as JSON, `content` as it is; the answer becomes a `kind`."""
        if body is not None:
            content = msgspec.json.encode(body)
        extra: dict[str, Any] = {} if timeout is None else {"timeout": timeout}
        sent = {"content": content, "params": _clean(params), **extra}
        try:
            try:
                answer = self._http.request(method, path, **sent)
            except (httpx.RemoteProtocolError, httpx.ReadError):
                if method != "GET":
                    raise
                # A kept connection that the server closed at this very moment.
                answer = self._http.request(method, path, **sent)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        self._check(answer)
        if kind is None:
            return None
        return answer.text if kind is str else msgspec.json.decode(answer.content, type=kind)

    def get(self, path: str, kind: Any, /, **params: Any) -> Any:
        """GET and decode."""
        return self.request("GET", path, kind=kind, params=params)

    def post(self, path: str, body: Any = None, kind: Any = None, **params: Any) -> Any:
        """POST a struct and decode."""
        return self.request("POST", path, body=body, kind=kind, params=params)

    def patch(self, path: str, body: Any, kind: Any = None) -> Any:
        """PATCH with a struct and decode."""
        return self.request("PATCH", path, body=body, kind=kind)

    def delete(self, path: str, kind: Any = None, **params: Any) -> Any:
        """DELETE."""
        return self.request("DELETE", path, kind=kind, params=params)

    def upload(self, path: str, stream: BinaryIO, kind: Any = None) -> Any:
        """PUT the bytes of an open file, streamed, whatever their size."""
        return self.request("PUT", path, content=_chunks(stream), kind=kind, timeout=600.0)

    def download(
        self,
        path: str,
        target: Path,
        *,
        progress: Callable[[int], None] | None = None,
        **params: Any,
    ) -> None:
        """GET into a file, which appears under its name only when it is complete.

        Parameters
        ----------
        progress: called with the number of bytes that each block added.
        """
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = target.with_name(f".{target.name}.part")
        try:
            with self._http.stream("GET", path, params=_clean(params), timeout=600.0) as answer:
                if answer.is_error:
                    answer.read()
                self._check(answer)
                with draft.open("wb") as out:
                    for chunk in answer.iter_bytes(_CHUNK):
                        out.write(chunk)
                        if progress is not None:
                            progress(len(chunk))
            draft.replace(target)
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error
        finally:
            draft.unlink(missing_ok=True)

    def _check(self, answer: httpx.Response) -> None:
        if not answer.is_error and not answer.is_redirect:
            return
        try:
            body = msgspec.json.decode(answer.content, type=dict[str, Any])
        except msgspec.DecodeError:
            body = {}
        if not body and answer.is_redirect:
            raise NotConnected(
                f"{self.url} wants a login.", hint="Give the token: Workspace(url, token)."
            )
        raise from_body(answer.status_code, {k: str(v) for k, v in body.items()})

    def _unreachable(self, error: Exception) -> ModelyardError:
        if isinstance(error, httpx.TimeoutException):
            return NotConnected("The server did not answer in time.", hint="Try again.")
        return NotConnected(
            f"The server at {self.url} does not answer ({error}).",
            hint="Is JupyterLab running? Start it with: modelyard up",
        )


def _clean(params: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What is None is left out; truth values as the server writes them."""
    if not params:
        return None
    words = {True: "true", False: "false"}
    return {
        key: words[value] if isinstance(value, bool) else value
        for key, value in params.items()
        if value is not None
    }


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk
