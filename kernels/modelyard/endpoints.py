"""Endpoints, as the SDK shows them."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import httpx
import msgspec

from modelyard import scoring_data
from modelyard.client import Client
from modelyard.collection import Collection
from modelyard.display import Column, ago
from modelyard.errors import (
    InvalidInput,
    ModelyardError,
    NotAuthenticated,
    ServerError,
    WrongState,
    from_body,
)
from modelyard.handle import LivingHandle, Place
from modelyard.models import ModelVersion
from modelyard.schema.common import ErrorInfo
from modelyard.schema.lineage import ENDPOINT, Thing
from modelyard.schema.serving import (
    DeployRequest,
    EndpointInfo,
    EndpointKeys,
    RotateKey,
    ScoreReply,
)

_SCORE_TIMEOUT = 60.0


_ON_ITS_WAY = ("creating", "updating", "unreachable")


class Endpoint(LivingHandle[EndpointInfo]):
    """One endpoint: a stable URL that serves a model. Its fields are as of `refresh()`."""

    _place = Place("/endpoints", "an endpoint")
    _wire = EndpointInfo

    def __init__(self, client: Client, info: EndpointInfo) -> None:
        super().__init__(client, info)
        self._http: httpx.Client | None = None
        self._key = ""

    # -- what it is -------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Its base URL, which it keeps: POST to `url + '/score'`."""
        return self.info.url

    @property
    def model(self) -> str:
        """`name:version` of what it serves, or is about to."""
        shown = self.info.current or self.info.next
        return f"{shown.model}:{shown.version}" if shown is not None else ""

    @property
    def keys(self) -> list[str]:
        """Primary and secondary key; either opens the endpoint (asks the server)."""
        keys = self._client.get(self._path("/keys"), EndpointKeys).keys
        self._key = keys[0]
        return keys

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
            except (httpx.HTTPError, httpx.InvalidURL):
                pass  # not reachable from here, or not running: the server knows
        reply: ScoreReply = self._client.request(
            "POST", self._path("/score"), kind=ScoreReply, content=body, timeout=timeout
        )
        return _result(reply.status, reply.body)

    def _reachable(self) -> bool:
        """Whether the endpoint's loopback address means the same here as on the server."""
        if os.environ.get("MODELYARD_ISOLATED"):
            return False
        return self._client.local

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
        keys = self._client.post(self._path("/keys"), body, EndpointKeys).keys
        self._key = keys[0]
        return keys

    def delete(self, *, wait: bool = True, force: bool = False, timeout: float = 120.0) -> None:
        """Remove it with its containers and keys; silent when it is gone.

        Raises
        ------
        EngineUnavailable: the server does not have its engine, and `force` is not set: what is
            left of it there is then not removed.
        """
        self._remove(wait=wait, timeout=timeout, force=force)

    def wait(self, timeout: float = 600.0) -> Endpoint:
        """Wait until the newest deployment serves, showing progress.

        Raises
        ------
        ModelyardError: it failed; the message ends with the end of its log. What served before
            goes on serving.
        WaitTimeout: it took longer than `timeout` seconds.
        """
        self._until(lambda info: info.state not in _ON_ITS_WAY, timeout)
        failed = self.info.next or (self.info.current if self.info.state == "failed" else None)
        if failed is not None or self.info.state != "running":
            raise _failure(self.info, failed.error if failed is not None else self.info.error)
        return self

    @property
    def _thing(self) -> Thing:
        return Thing(kind=ENDPOINT, id=self.name)

    def _line(self) -> str:
        doing = _now(self._info)
        return f"{self.name}: {self._info.state}{f' - {doing}' if doing else ''}"

    def _facts(self) -> list[tuple[str, str]]:
        info = self._info
        coming = f"{info.next.model}:{info.next.version}" if info.next and info.current else ""
        return [
            ("URL", self.url),
            ("Model", self.model),
            ("Next", coming),
            ("Engine", info.engine),
            ("Updated", ago(info.updated)),
        ]

    def __repr__(self) -> str:
        return f"<Endpoint {self._line()} {self.url} {self.model}>"


def _now(info: EndpointInfo) -> str:
    """What keeps it from resting: why it does not go on, or how far it is."""
    if info.error is not None and info.state in _ON_ITS_WAY:
        return info.error.message
    doing = info.next or info.current
    return doing.progress.message if doing is not None and doing.progress is not None else ""


def _decoded(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, ValueError, RecursionError):
        return raw.decode(errors="replace")


def _result(status: int, body: Any) -> Any:
    if status >= 400:
        fields = body if isinstance(body, dict) else {"message": str(body)}
        raise from_body(status, {key: str(value) for key, value in fields.items()})
    if isinstance(body, dict) and list(body) == ["predictions"]:
        return body["predictions"]
    return body


def _failure(info: EndpointInfo, error: ErrorInfo | None) -> ModelyardError:
    if error is None:
        return ServerError(
            f"Endpoint '{info.name}' is {info.state}.",
            hint=f"Look at ws.endpoints.get({info.name!r}).logs().",
        )
    body = msgspec.to_builtins(error)
    made = from_body(ServerError.status, body)
    made.message = f"Deploying to endpoint '{info.name}' failed: {error.message}"
    return made


def _trouble(info: EndpointInfo) -> str:
    """As `_now`, and what went wrong for good."""
    if info.error is not None:
        return info.error.message
    if info.next is not None and info.next.error is not None:
        return info.next.error.message
    return _now(info) or (info.next.state if info.next is not None else "")


_COLUMNS: list[Column[Endpoint]] = [
    Column("Name", lambda e: e.name),
    Column("State", lambda e: e.info.state),
    Column("Model", lambda e: e.model),
    Column("URL", lambda e: e.url),
    Column("Updated", lambda e: ago(e.info.updated)),
    Column("Now", lambda e: _trouble(e.info)),
]


class EndpointsApi(Collection[Endpoint]):
    """`ws.endpoints`: endpoints by name."""

    _handle = Endpoint
    _columns = _COLUMNS
    _empty = "No endpoints yet. Deploy a registered model: ws.endpoints.deploy('bc', 'model:1')"

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
        made = Endpoint(self._client, self._client.post("/endpoints", body, EndpointInfo))
        return made.wait(timeout) if wait else made


def _source(script: str | Path) -> str:
    try:
        return Path(script).expanduser().read_text(encoding="utf-8")
    except (OSError, ValueError, RuntimeError) as error:
        raise InvalidInput(
            f"The scoring script '{script}' cannot be read: {error}.",
            hint="Give the path of a Python file.",
            field="script",
        ) from error
