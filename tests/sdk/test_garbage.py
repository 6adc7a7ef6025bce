"""Whatever answers, or does not: the user gets one of our errors, with something to do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from modelyard import ModelyardError, Workspace
from modelyard.address import parse
from modelyard.client import Client
from modelyard.endpoints import Endpoint
from modelyard.errors import (
    InvalidInput,
    NotAuthenticated,
    NotConnected,
    NotPermitted,
    ServerError,
    StorageFull,
    TooLarge,
)
from modelyard.schema.serving import EndpointInfo
from modelyard.schema.tracking import RunCreate
from modelyard.tracking.sink import open_sink
from modelyard.transfers import download_files, files_below, upload_files
from tests.bad_server import BadServer
from tests.server_support import RunningServer


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    head = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body


class Canned(BadServer):
    """Answers every request with the same bytes; without any, it keeps who asks waiting."""

    def __init__(self) -> None:
        self.answer = b""
        self.silent = threading.Event()
        super().__init__(self._answer)

    def _answer(self, connection: socket.socket) -> None:
        if self.answer:
            connection.sendall(self.answer)
        else:
            self.silent.wait()

    def close(self) -> None:
        """Stop listening, and let go of who was kept waiting."""
        self.silent.set()
        super().close()


@pytest.fixture
def server() -> Iterator[Canned]:
    made = Canned()
    yield made
    made.close()


HTML = b"<html><body><h1>nginx</h1></body></html>"
DEEP = b"[" * 100_000

ANSWERS: dict[str, tuple[bytes, type[ModelyardError], str]] = {
    "a proxy's page": (http("502 Bad Gateway", HTML), NotConnected, "answered 502"),
    "a proxy that waits": (http("504 Gateway Timeout", HTML), NotConnected, "answered 504"),
    "somebody's site": (http("200 OK", HTML), NotConnected, "not Modelyard"),
    "a Jupyter without us": (http("404 Not Found", HTML), NotConnected, "no Modelyard"),
    "a login page": (http("302 Found", b"", "Location: /login"), NotConnected, "wants a login"),
    "a proxy that refuses": (http("403 Forbidden", HTML), NotPermitted, "403"),
    "too large for a proxy": (http("413 Too Large", HTML), TooLarge, "413"),
    "other JSON": (http("200 OK", b'{"kernels": 3}'), NotConnected, "not Modelyard"),
    "an empty answer": (http("200 OK"), NotConnected, "not Modelyard"),
    "half of one": (b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{", NotConnected, "answer"),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.2\r\n", NotConnected, "does not answer"),
    "bytes": (http("200 OK", b'{"version": "\xff\xfe"}'), NotConnected, "not Modelyard"),
    "depth": (http("200 OK", DEEP), NotConnected, "not Modelyard"),
    "a deep error": (http("500 Oops", b'{"a":' * 100_000), ServerError, "500"),
    "an error of bytes": (http("500 Oops", b'{"code": "\xff"}'), ServerError, "500"),
    "an error that is a list": (http("500 Oops", b"[1]"), ServerError, "500"),
    "broken gzip": (http("200 OK", b"xxxx", "Content-Encoding: gzip"), NotConnected, "answer"),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_an_answer_that_is_not_ours(server: Canned, what: str) -> None:
    server.answer, error, says = ANSWERS[what]
    with pytest.raises(error, match=says) as caught:
        Workspace(server.url, "t")
    assert type(caught.value) is error
    assert len(str(caught.value)) < 500


def test_a_server_that_says_nothing(server: Canned) -> None:
    with pytest.raises(NotConnected, match="in time"):
        Client(server.url).request("GET", "/status", kind=dict, timeout=0.2)


def test_nobody_is_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotConnected, match="does not answer"):
        Workspace(f"http://127.0.0.1:{port}/", "t")


@pytest.mark.parametrize(
    "url",
    [
        "", "localhost:8888", "http://", "http:///x", "ftp://a/", "http://a:99999/", "http://a:b/",
        "http://[::1/", "http://\x00/", "http://a b/", "http+unix://", "http+unix://%2Fno%2Fsock/",
        "http+unix://" + "%2Fx" * 200 + "/", "http://no-such-host.invalid/", "http://é\ud800/", 7,
    ],
)  # fmt: skip
def test_a_wrong_url(url: Any) -> None:
    with pytest.raises(NotConnected):
        Workspace(url, "t")


def test_the_address_in_the_browser_is_good_enough(process_server: RunningServer) -> None:
    for tail in (
        f"lab?token={process_server.token}",
        f"lab/tree/a.ipynb?token={process_server.token}#x",
    ):
        found = Workspace(f"{process_server.url}{tail}")
        assert found.status.workspace == str(process_server.root)
    shown = f"{process_server.url}lab?token=wrong-and-secret"
    with pytest.raises(NotAuthenticated) as caught:
        Workspace(shown)
    assert "wrong-and-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://a/lab", "http://a/"), ("http://a/lab/tree/lab/x.ipynb", "http://a/"),
        ("http://a/lab/workspaces/w", "http://a/"), ("http://a/tree/lab", "http://a/"),
        ("http://a/user/lab/", "http://a/user/lab/"), ("http://a/user/lab/lab", "http://a/user/lab/"),
        ("http://a/lab/lab/tree/x.ipynb", "http://a/lab/"), ("http://a/tree/", "http://a/tree/"),
    ],
)  # fmt: skip
def test_a_server_may_be_below_a_path_that_looks_like_a_page(url: str, base: str) -> None:
    assert parse(url).base == base


@pytest.mark.parametrize("token", ["wrong", "", "ü", "a\nb", "\ud800", "x" * 70_000])
def test_a_wrong_token(process_server: RunningServer, token: str) -> None:
    with pytest.raises((NotAuthenticated, NotConnected)) as caught:
        Workspace(process_server.url, token)
    assert not token or token not in str(caught.value)


def test_a_token_file_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv("MODELYARD_URL", "http://127.0.0.1:1/")
    for file in (binary, tmp_path, tmp_path / "none"):
        monkeypatch.setenv("MODELYARD_TOKEN_FILE", str(file))
        with pytest.raises(NotConnected, match="cannot be read"):
            Workspace()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PROXY", "nonsense://x"), ("ALL_PROXY", "http://127.0.0.1:1"),
        ("HTTP_PROXY", "http://[::1"), ("SSL_CERT_FILE", "/no/such/file"),
    ],
)  # fmt: skip
def test_a_proxy_of_the_environment_is_not_for_this_machine(
    process_server: RunningServer, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    assert process_server.workspace().status.version
    with pytest.raises(NotConnected):
        Workspace("http://no-such-host.invalid/", "t")


@pytest.mark.parametrize(
    "call",
    [
        lambda ws: ws.compute.create("c-1", gpus=object()),
        lambda ws: ws.compute.create("c-1", size="\ud800"),
        lambda ws: ws.compute.create("c-1", gpus=1 << 80),
        lambda ws: ws.compute.get("\ud800"),
        lambda ws: ws.compute.get(3),
        lambda ws: ws.runs.list(q="\ud800"),
        lambda ws: ws.runs.list(q="x" * 200_000),
        lambda ws: ws.runs.list(order_by=object()),
        lambda ws: ws.runs.get("\ud800"),
        lambda ws: ws.runs.get(""),
        lambda ws: ws.runs.get(".."),
        lambda ws: ws.models.get("m", "\ud800"),
        lambda ws: ws.experiment("\ud800").runs(),
        lambda ws: ws.endpoints.deploy("e", "m:1", env={"\ud800": "x"}),
        lambda ws: ws.endpoints.deploy("e", "m:1", script="\0"),
        lambda ws: ws.models.register("m", path="\0"),
        lambda ws: ws.lineage.of("\ud800"),
    ],
)
def test_arguments_that_cannot_travel(
    process_server: RunningServer, call: Callable[[Workspace], object]
) -> None:
    with pytest.raises(ModelyardError) as caught:
        call(process_server.workspace())
    assert not isinstance(caught.value, ServerError | NotConnected)


def test_files_that_are_in_the_way(server: Canned, tmp_path: Path) -> None:
    client = Client(server.url)
    server.answer = http("200 OK", b"data")
    (tmp_path / "file").touch()
    with pytest.raises(InvalidInput, match="cannot be written"):
        client.download("/x", tmp_path / "file" / "below")
    with pytest.raises(InvalidInput, match="cannot be read"):
        upload_files(client, "/x", {"a": tmp_path / "gone"}, "Uploading")
    with pytest.raises(InvalidInput, match="holds no files"):
        files_below(tmp_path / "nowhere")
    server.answer = http("502 Bad Gateway", HTML)
    with pytest.raises(NotConnected, match="502"):
        client.download("/x", tmp_path / "new")
    with pytest.raises(NotConnected, match="502"):
        upload_files(client, "/x", {"a": tmp_path / "file"}, "Uploading")
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nhalf"
    with pytest.raises(NotConnected):
        client.download("/x", tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert download_files(client, "/x", [], tmp_path, "Downloading") is None


def test_an_endpoint_whose_url_is_none(server: Canned) -> None:
    server.answer = http("502 Bad Gateway", HTML)
    info = EndpointInfo(
        name="e", url="http://[::1", port=1, state="running", engine="process", created=0, updated=0
    )
    made = Endpoint(Client(server.url), info)
    made._key = "k"
    with pytest.raises(NotConnected, match="502"):
        made.score([[1]])


def test_no_place_for_the_log_of_a_run(
    server: Canned, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    with pytest.raises(StorageFull, match="log of the run"):
        open_sink(Client(server.url), RunCreate(id="0" * 32, experiment="e").id)
