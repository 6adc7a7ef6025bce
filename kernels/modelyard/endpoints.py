"""Endpoints, as the SDK shows them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import httpx
import msgspec

from modelyard import scoring_data
from modelyard.client import Client
from modelyard.errors import (
    InvalidInput,
    ModelyardError,
    NotAuthenticated,
    NotFound,
    ServerError,
    WrongState,
    from_body,
)
from modelyard.models import ModelVersion
from modelyard.schema import serving
from modelyard.schema.common import NAME_RULE, ErrorInfo, valid_name
from modelyard.schema.compute import LogText
from modelyard.schema.serving import DeployRequest, EndpointKeys, RotateKey, ScoreReply
from modelyard.waiting import wait_until

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SCORE_TIMEOUT = 60.0


def _path(name: str, verb: str = "") -> str:
    if not valid_name(name):
        raise InvalidInput(
            f"'{name[:80]}' cannot name an endpoint.", hint=f"Use {NAME_RULE}.", field="name"
        )
    return f"/endpoints/{quote(name, safe='')}{verb}"


_ON_ITS_WAY = ("creating", "updating", "unreachable")


def _line(info: serving.EndpointInfo) -> str:
    doing = info.next or info.current
    if info.error is not None and info.state in _ON_ITS_WAY:
        return f"{info.name}: {info.state} - {info.error.message}"
    if doing is not None and doing.progress is not None:
        return f"{info.name}: {info.state} - {doing.progress.message}"
    return f"{info.name}: {info.state}"


class Endpoint:
    """One endpoint. `info` is as of the last `refresh()`."""

    def __init__(self, client: Client, info: serving.EndpointInfo) -> None:
        self._client = client
        self._http: httpx.Client | None = None
        self._key = ""
        self.info = info

    # -- what it is -------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Its name."""
        return self.info.name

    @property
    def url(self) -> str:
        """Its base URL, which it keeps: POST to `url + '/score'`."""
        return self.info.url

    @property
    def state(self) -> str:
        """What it does now (asks the server): creating, running, …; deleted when gone."""
        try:
            return self.refresh().info.state
        except NotFound:
            return "deleted"

    @property
    def model(self) -> str:
        """`name:version` of what it serves, or is about to."""
        shown = self.info.current or self.info.next
        return f"{shown.model}:{shown.version}" if shown is not None else ""

    @property
    def keys(self) -> list[str]:
        """Primary and secondary key; either opens the endpoint (asks the server)."""
        keys = self._client.get(_path(self.name, "/keys"), EndpointKeys).keys
        self._key = keys[0]
        return keys

    def refresh(self) -> Endpoint:
        """Ask the server anew."""
        self.info = self._client.get(_path(self.name), serving.EndpointInfo)
        return self

    def logs(self, tail: int = 500) -> str:
        """The end of the scoring server's log."""
        return self._client.get(_path(self.name, "/log"), LogText, tail=tail).text

    # -- calling it -------------------------------------------------------------------------

    def score(self, data: Any, timeout: float = _SCORE_TIMEOUT) -> Any:
        """Call the endpoint.

        Parameters
        ----------
        data: rows (a list, an array, a DataFrame), or a dict that is sent as it is.
        timeout: seconds to wait for the answer.

        Returns the predictions, one a row; of an endpoint with a scoring script, what its `run`
        returned.

        Raises
        ------
        InvalidData: the model cannot take this data, because of its number of features, say.
        InvalidInput: the endpoint does not understand the body.
        NotAuthenticated: the key is wrong.
        WrongState: the endpoint does not answer.
        """
        body = scoring_data.encode(data)
        if self._reachable():
            try:
                return self._direct(body, timeout)
            except httpx.TimeoutException as error:
                raise WrongState(
                    f"Endpoint '{self.name}' did not answer within {timeout:.0f} s.",
                    hint="Give a larger timeout=, or look at its logs().",
                ) from error
            except httpx.HTTPError:
                pass  # not reachable from here, or not running: the server knows
        reply: ScoreReply = self._client.request(
            "POST", _path(self.name, "/score"), kind=ScoreReply, content=body, timeout=timeout
        )
        return _result(reply.status, reply.body)

    def _reachable(self) -> bool:
        """Whether the endpoint's loopback address means the same here as on the server."""
        if os.environ.get("MODELYARD_ISOLATED"):
            return False
        server = urlsplit(self._client.url)
        return server.scheme == "http+unix" or server.hostname in _LOOPBACK

    def _direct(self, body: bytes, timeout: float) -> Any:
        answer = self._post(body, timeout)
        if answer.status_code == NotAuthenticated.status:
            self._key = ""  # rotated elsewhere since we asked
            answer = self._post(body, timeout)
        return _result(answer.status_code, _decoded(answer.content))

    def _post(self, body: bytes, timeout: float) -> httpx.Response:
        if self._http is None:
            # A proxy that the environment names cannot know this machine's loopback address.
            self._http = httpx.Client(trust_env=False)
        key = self._key or self.keys[0]
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        url = f"{self.url}/score"
        try:
            return self._http.post(url, content=body, headers=headers, timeout=timeout)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            # A kept connection that the server closed meanwhile; scoring again changes nothing.
            return self._http.post(url, content=body, headers=headers, timeout=timeout)

    # -- changing it ------------------------------------------------------------------------

    def rotate_key(self, key: Literal["primary", "secondary"] = "primary") -> list[str]:
        """Replace one of the keys and return both; the old one stops working at once."""
        body = RotateKey(key=key)
        keys = self._client.post(_path(self.name, "/keys"), body, EndpointKeys).keys
        self._key = keys[0]
        return keys

    def delete(self, *, wait: bool = True, force: bool = False, timeout: float = 120.0) -> None:
        """Remove it with its containers and keys; silent when it is gone.

        Raises
        ------
        EngineUnavailable: the server does not have its engine, and `force` is not set: what is
            left of it there is then not removed.
        """
        try:
            self._client.delete(_path(self.name), force=str(force).lower())
        except NotFound:
            return
        if wait:
            wait_until(
                lambda: self.state,
                lambda state: state == "deleted",
                what=f"Deleting {self.name}",
                timeout=timeout,
            )

    def wait(self, timeout: float = 600.0) -> Endpoint:
        """Wait until the newest deployment serves, showing progress.

        Raises
        ------
        ModelyardError: it failed; the message ends with the end of its log. What served before
            goes on serving.
        WaitTimeout: it took longer than `timeout` seconds.
        """
        wait_until(
            lambda: self.refresh().info,
            lambda info: info.state not in _ON_ITS_WAY,
            what=f"Endpoint '{self.name}'",
            timeout=timeout,
            line=_line,
        )
        failed = self.info.next or (self.info.current if self.info.state == "failed" else None)
        if failed is not None or self.info.state != "running":
            raise _failure(self.info, failed.error if failed is not None else self.info.error)
        return self

    def __repr__(self) -> str:
        return f"<Endpoint {_line(self.info)} {self.url} {self.model}>"


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return raw.decode(errors="replace")


def _result(status: int, body: Any) -> Any:
    if status >= 400:
        fields = body if isinstance(body, dict) else {"message": str(body)}
        raise from_body(status, {key: str(value) for key, value in fields.items()})
    if isinstance(body, dict) and list(body) == ["predictions"]:
        return body["predictions"]
    return body


def _failure(info: serving.EndpointInfo, error: ErrorInfo | None) -> ModelyardError:
    if error is None:
        return ServerError(
            f"Endpoint '{info.name}' is {info.state}.",
            hint=f"Look at ws.endpoints.get({info.name!r}).logs().",
        )
    body = msgspec.to_builtins(error)
    made = from_body(ServerError.status, body)
    made.message = f"Deploying to endpoint '{info.name}' failed: {error.message}"
    return made


class EndpointsApi:
    """`ws.endpoints`: endpoints by name."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def deploy(
        self,
        name: str,
        model: str | ModelVersion,
        *,
        wait: bool = False,
        timeout: float = 600.0,
        script: str | Path | None = None,
        requirements: Sequence[str] | None = None,
        env: Mapping[str, str] | None = None,
        size: str = "",
        port: int = 0,
        engine: str = "",
    ) -> Endpoint:
        """Serve a model version: makes the endpoint, or replaces what it serves without a gap.

        Parameters
        ----------
        model: `"name:version"`, `"name"` for the newest, or a registered version.
        wait: return when it serves, showing progress.
        timeout: seconds to wait.
        script: path of a scoring script with `init()` and `run(data)`.
        requirements: packages of the scoring container; by default those of the model.
        env: environment variables for the scoring container.
        size: a size's name (`ws.status.sizes`); empty: the default.
        port: 0: a free one. An endpoint keeps its port.
        engine: of a new endpoint: `docker` or `process` (a local process, not isolated from the
            server's machine); empty: the workspace's default. An endpoint keeps it.

        Raises
        ------
        InvalidInput: something about the arguments is wrong.
        NotFound: there is no such model version.
        """
        body = DeployRequest(
            name=name,
            model=model if isinstance(model, str) else f"{model.name}:{model.version}",
            script=_source(script) if script is not None else "",
            requirements=list(requirements) if requirements is not None else None,
            env={str(key): str(value) for key, value in (env or {}).items()},
            size=size,
            port=port,
            engine=engine,
        )
        made = Endpoint(self._client, self._client.post("/endpoints", body, serving.EndpointInfo))
        return made.wait(timeout) if wait else made

    def get(self, name: str) -> Endpoint:
        """The endpoint of that name.

        Raises
        ------
        NotFound: there is none; names a similar one.
        """
        return Endpoint(self._client, self._client.get(_path(name), serving.EndpointInfo))

    def list(self) -> list[Endpoint]:
        """All endpoints, by name."""
        found = self._client.get("/endpoints", list[serving.EndpointInfo])
        return [Endpoint(self._client, info) for info in found]


def _source(script: str | Path) -> str:
    path = Path(script).expanduser()
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"The scoring script '{path}' cannot be read: {error}.",
            hint="Give the path of a Python file.",
            field="script",
        ) from error
