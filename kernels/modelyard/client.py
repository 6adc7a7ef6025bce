"""HTTP to the server: the only module of the SDK that knows about URLs, tokens and sockets."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import httpx

from modelyard.address import check_token, parse
from modelyard.answers import check, decoded, encoded, unreachable, unsendable
from modelyard.errors import InvalidInput, ModelyardError, NotConnected, StorageFull

T = TypeVar("T")

_UNSENDABLE = (httpx.InvalidURL, UnicodeError, TypeError)
"""What httpx raises of an argument that a URL cannot hold."""

API = "modelyard/api/v1"
_CHUNK = 1 << 20


class Client:
    """A connection to one server.

    Parameters
    ----------
    url: `http(s)://host:port/base/`, or `http+unix://SOCKET/base/` with the socket's path
        percent-encoded.
    token: Jupyter's token, or one that Modelyard gave to a kernel or job.

    Attributes
    ----------
    url: where the server is, without a token.
    local: the server runs on this machine.
    spool: the directory in which this server reads what runs log, where this process shares it.

    Every method raises the `ModelyardError` that the server answered with, and `NotConnected`
    when it does not answer.
    """

    def __init__(self, url: str, token: str = "") -> None:
        address = parse(url)
        token = check_token(token or address.token)
        self.url = address.base if not address.socket else url
        self.local = address.local
        self.spool: Path | None = None
        socket = address.socket
        try:
            self._http = httpx.Client(
                base_url=f"{address.base}{API}",
                headers={"Authorization": f"Bearer {token}"} if token else {},
                transport=httpx.HTTPTransport(uds=socket, retries=2) if socket else None,
                timeout=httpx.Timeout(60.0, connect=10.0),
                # A proxy that the environment names cannot know this machine's own addresses.
                trust_env=not address.local,
            )
        except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
            raise NotConnected(
                f"No connection to {self.url} can be prepared ({str(error)[:200]}).",
                hint="Look at HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE.",
            ) from error

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
            content = encoded(body)
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
            raise unreachable(error, self.url) from error
        except _UNSENDABLE as error:
            raise unsendable(error) from error
        check(answer, self.url)
        if kind is None:
            return None
        return answer.text if kind is str else decoded(answer.content, kind, self.url)

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
        draft = target.with_name(f".{target.name}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with self._http.stream("GET", path, params=_clean(params), timeout=600.0) as answer:
                if answer.is_error:
                    answer.read()
                check(answer, self.url)
                with draft.open("wb") as out:
                    for chunk in answer.iter_bytes(_CHUNK):
                        out.write(chunk)
                        if progress is not None:
                            progress(len(chunk))
            draft.replace(target)
        except httpx.HTTPError as error:
            raise unreachable(error, self.url) from error
        except _UNSENDABLE as error:
            raise unsendable(error) from error
        except OSError as error:
            raise _unwritable(target, error) from error
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)


def _unwritable(target: Path, error: OSError) -> ModelyardError:
    said = f"'{target}' cannot be written: {error.strerror or error}."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(said, hint="Free some space on this machine.")
    return InvalidInput(said, hint="Give a directory that can be written to.", field="directory")


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
