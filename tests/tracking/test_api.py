"""Experiments, runs and their files over HTTP."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tornado.httpclient import HTTPClientError

from modelyard.schema.tracking import HistoryInfo, RunInfo, RunPage

API = "modelyard/api/v1"

WIDE = b"".join(
    b'{"m":{%s},"s":%d}\n' % (b",".join(b'"m%d":1' % n for n in range(first, first + 500)), first)
    for first in range(0, 5_000, 500)
)
"""One point of each of 5,000 metrics."""


@pytest.fixture
def call(jp_fetch):
    """Send a request; returns status and decoded answer, for errors too."""

    async def send(method: str, path: str, body: Any = None, **params: Any) -> tuple[int, Any]:
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            answer = await jp_fetch(
                API,
                *path.split("/"),
                method=method,
                body=raw,
                params=params,
                allow_nonstandard_methods=True,
            )
        except HTTPClientError as error:
            return error.code, json.loads(error.response.body)
        return answer.code, json.loads(answer.body) if answer.body else None

    return send


@pytest.fixture
def start(call):
    """Begin a run and give its id."""

    async def send(experiment: str = "e", **fields: Any) -> str:
        id = uuid.uuid4().hex
        status, run = await call("POST", "runs", {"id": id, "experiment": experiment, **fields})
        assert (status, run["id"], run["status"]) == (201, id, "running")
        return id

    return send


async def test_a_page_begins_after_the_longest_value_there_is(call, start) -> None:
    long = "\N{CLOWN FACE}" * 6000
    ids = [await start(params={"C": long}) for _ in range(2)]
    asked = {"order_by": "param.C", "limit": 1, "descending": "false"}
    _, first = await call("GET", "runs", **asked)
    status, second = await call("GET", "runs", **asked, page=first["next"])
    assert (status, {first["runs"][0]["id"], second["runs"][0]["id"]}) == (200, set(ids))


async def test_life_of_a_run(call, start) -> None:
    id = await start(name="r", params={"C": "1.0"}, tags={"a": "b"})
    lines = b'{"m":{"loss":0.5},"s":1,"t":5}\n{"o":"hi\\n"}\n{"m":{"loss":"NaN"},"s":2}\n{"m"'
    status, ack = await call("POST", f"runs/{id}/spool", lines, offset=0)
    assert (status, ack["offset"]) == (200, len(lines) - 4)
    status, history = await call("GET", f"runs/{id}/history", key="loss", max_points=100)
    assert (history["steps"], history["values"], history["count"]) == ([1, 2], [0.5, "NaN"], 2)
    status, log = await call("GET", f"runs/{id}/log")
    assert (log["text"], log["offset"], log["ended"]) == ("hi\n", 3, False)
    finish = {"status": "failed", "error": "E: no", "offset": ack["offset"]}
    status, run = await call("POST", f"runs/{id}/finish", finish)
    assert (run["status"], run["error"], run["metrics"]["loss"]["last"]) == (
        "failed", "E: no", "NaN",
    )  # fmt: skip
    status, run = await call("PATCH", f"runs/{id}", {"name": "n", "tags": {"a": None}})
    assert (run["name"], run["tags"]) == ("n", {})
    status, page = await call("GET", "runs", q="params.C = 1", order_by="metric.loss")
    assert ([r["id"] for r in page["runs"]], page["total"]) == ([id], 1)
    assert (await call("DELETE", f"runs/{id}"))[0] == 204
    assert (await call("GET", "runs"))[1]["runs"] == []
    assert len((await call("GET", "runs", deleted="true"))[1]["runs"]) == 1
    assert (await call("POST", f"runs/{id}/restore", {}))[0] == 200


async def test_a_large_run_does_not_travel_whole_to_every_browser(call, start, jp_ws_fetch) -> None:
    id = await start()
    browser = await jp_ws_fetch("api", "events", "subscribe")
    await call("POST", f"runs/{id}/spool", WIDE, offset=0)
    told: dict[str, Any] = {}
    async with asyncio.timeout(30):
        while not told.get(id, {}).get("omitted"):
            message = await browser.read_message()
            assert len(message) < 32_000
            told |= {change["id"]: change for change in json.loads(message).get("changes", ())}
    browser.close()
    assert told[id]["omitted"] == ["metrics"]
    status, run = await call("GET", f"runs/{id}")
    assert (status, len(run["metrics"])) == (200, 5_000)
    assert told[id]["item"] == {**run, "metrics": {}}


async def test_what_may_be_large_is_encoded_off_the_event_loop(call, start, monkeypatch) -> None:
    id = await start()
    await call("POST", f"runs/{id}/spool", WIDE, offset=0)
    encode = msgspec.json.encode
    on_loop: dict[type, bool] = {}

    def watched(value: Any) -> bytes:
        here = threading.current_thread() is threading.main_thread()
        on_loop[type(value)] = here or on_loop.get(type(value), False)
        return encode(value)

    monkeypatch.setattr(msgspec.json, "encode", watched)
    status, run = await call("GET", f"runs/{id}")
    assert (status, len(run["metrics"])) == (200, 5_000)
    status, page = await call("GET", "runs")
    assert (status, page["runs"]) == (200, [run])
    status, history = await call("GET", f"runs/{id}/history", key="m7")
    assert (status, history["count"]) == (200, 1)
    assert (await call("PATCH", f"runs/{id}", {"name": "n"}))[1]["metrics"] == run["metrics"]
    kinds = {kind for kind in on_loop if kind in (RunInfo, RunPage, HistoryInfo)}
    assert kinds == {RunInfo, RunPage, HistoryInfo}
    assert not any(on_loop[kind] for kind in kinds)


async def test_life_of_an_experiment(call, start) -> None:
    status, made = await call("POST", "experiments", {"name": "a/b", "note": "n"})
    assert (status, made["runs"]) == (201, 0)
    status, changed = await call("PATCH", f"experiments/{made['id']}", {"name": "c"})
    assert (changed["name"], changed["note"]) == ("c", "n")
    await start("c")
    status, error = await call("DELETE", f"experiments/{made['id']}")
    assert (status, error["code"]) == (409, "in_use")
    status, other = await call("POST", "experiments", {"name": "d"})
    assert (await call("DELETE", f"experiments/{other['id']}"))[0] == 204
    assert [e["name"] for e in (await call("GET", "experiments"))[1]] == ["c"]
    assert (await call("POST", f"experiments/{other['id']}/restore", {}))[1]["name"] == "d"


MANY = {f"t{number}": "" for number in range(1001)}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "field"),
    [
        ("POST", "experiments", b"not json", 400, ""),
        ("POST", "experiments", b"[]", 400, ""),
        ("POST", "experiments", {"name": 5}, 400, "name"),
        ("POST", "experiments", {"name": ""}, 400, "name"),
        ("POST", "experiments", {"name": "x" * 300}, 400, "name"),
        ("POST", "experiments", {"name": "a", "extra": 1}, 400, ""),
        ("POST", "runs", {"id": "../../etc", "experiment": "e"}, 400, "id"),
        ("POST", "runs", {"id": "0" * 32, "experiment": "/"}, 400, "experiment"),
        ("POST", "runs", {"id": "0" * 32, "experiment": "e", "tags": {"": ""}}, 400, "key"),
        ("POST", "runs", {"id": "0" * 32, "experiment": "e", "tags": MANY}, 400, "tags"),
        ("GET", "experiments/99999", None, 404, "experiment"),
        ("GET", "experiments/abc", None, 404, ""),
        ("GET", f"runs/{'0' * 32}", None, 404, "run"),
        ("GET", "runs/..%2f..%2fetc", None, 404, "run"),
        ("GET", f"runs/{'0' * 32}/history", None, 400, "key"),
        ("GET", "runs?order_by=x", None, 400, "order_by"),
        ("GET", "runs?limit=x", None, 400, "limit"),
        ("GET", "runs?page=%00", None, 400, "page"),
        ("POST", f"runs/{'0' * 32}/spool?offset=0", b"{}", 404, "run"),
        ("PUT", f"runs/{'0' * 32}/files/a", b"x", 404, "run"),
    ],
)
async def test_bad_requests(jp_fetch, method, path, body, status, field) -> None:
    raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
    path, _, query = path.partition("?")
    params = dict(part.split("=") for part in query.split("&")) if query else {}
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(API, *path.split("/"), method=method, body=raw, params=params,
                       allow_nonstandard_methods=True)  # fmt: skip
    assert caught.value.response is not None
    error = json.loads(caught.value.response.body)
    assert (caught.value.code, error.get("field", "")) == (status, field), error
    assert error["message"] and "Traceback" not in error["message"]


async def test_files_go_in_and_out(call, start, jp_fetch) -> None:
    id = await start()
    data = bytes(range(256)) * 10_000
    status, info = await call("PUT", f"runs/{id}/files/plots/a 100%25 ü.bin", data)
    assert (status, info["path"], info["size"]) == (201, "plots/a 100%25 ü.bin", len(data))
    status, listed = await call("GET", f"runs/{id}/artifacts")
    assert [(i["path"], i["is_dir"], i["size"]) for i in listed] == [("plots", True, len(data))]
    status, listed = await call("GET", f"runs/{id}/artifacts", recursive="true")
    assert [i["path"] for i in listed] == ["plots/a 100%25 ü.bin"]
    url = [API, "runs", id, "files", "plots", "a 100%25 ü.bin"]
    answer = await jp_fetch(*url)
    assert answer.body == data
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox;")
    assert answer.headers["Content-Disposition"].startswith("inline; filename*=UTF-8''a%20100")
    part = await jp_fetch(*url, headers={"Range": "bytes=100-199"})
    assert (part.code, part.body) == (206, data[100:200])
    assert part.headers["Content-Range"] == f"bytes 100-199/{len(data)}"
    assert (await jp_fetch(*url, headers={"Range": "bytes=-7"})).body == data[-7:]
    for headers, code in (
        ({"Range": f"bytes={len(data)}-"}, 416),
        ({"If-None-Match": answer.headers["ETag"]}, 304),
    ):
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch(*url, headers=headers)
        assert caught.value.code == code
    await call("PUT", f"runs/{id}/files/page.html", b"<script>parent.x</script>")
    page = await jp_fetch(API, "runs", id, "files", "page.html", params={"download": "true"})
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Content-Disposition"].startswith("attachment;")
    await call("PUT", f"runs/{id}/files/empty", b"")
    empty = await jp_fetch(API, "runs", id, "files", "empty")
    assert (empty.body, empty.headers["Content-Length"]) == (b"", "0")


@pytest.mark.parametrize(
    "path", ["..%2f..%2fx", "%2fetc%2fpasswd", ".modelyard/log.txt", "a%00b", "a%5cb", "x" * 300]
)
async def test_files_cannot_escape(jp_serverapp, jp_base_url, start, path, tmp_path) -> None:
    id = await start()
    answer = await put_raw(jp_serverapp, jp_base_url, f"runs/{id}/files/{path}", b"x")
    assert answer.startswith(b"HTTP/1.1 400"), answer[:500]
    assert b'"field":"path"' in answer
    assert [p for p in stored(tmp_path) if "log.txt" not in p.name] == []


def stored(tmp_path: Path) -> list[Path]:
    root = tmp_path / "workspace" / ".modelyard" / "artifacts"
    return [path for path in root.rglob("*") if path.is_file()]


async def put_raw(
    server: Any,
    base: str,
    path: str,
    data: bytes,
    length: int | None = None,
    authorization: str = "",
) -> Any:
    """PUT without a client that cleans the path up; a longer `length` leaves it unfinished."""
    authorization = authorization or f"token {server.identity_provider.token}"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    head = (
        f"PUT {base}{API}/{path} HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {authorization}\r\n"
        f"Content-Length: {len(data) if length is None else length}\r\nConnection: close\r\n\r\n"
    )
    writer.write(head.encode() + data)
    await writer.drain()
    if length is None:
        answer = await reader.read()
        writer.close()
        return answer
    return writer


async def test_a_sender_that_leaves_leaves_nothing(
    jp_serverapp, jp_base_url, start, tmp_path
) -> None:
    id = await start()
    url = f"runs/{id}/files/big.bin"
    writer = await put_raw(jp_serverapp, jp_base_url, url, b"x" * 3_000_000, length=1 << 40)

    async def until(condition) -> None:
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.02)

    await until(lambda: any(p.stat().st_size > 1_000_000 for p in stored(tmp_path)))
    writer.close()
    await until(lambda: not stored(tmp_path))


async def test_an_upload_without_a_valid_token_is_refused(
    jp_serverapp, jp_base_url, start, tmp_path
) -> None:
    id = await start()
    url = f"runs/{id}/files/big.bin"
    for token in ("token wrong", "Bearer myd_wrong"):
        with suppress(ConnectionResetError):  # it is not heard out
            answer = await put_raw(jp_serverapp, jp_base_url, url, b"x" * 200, authorization=token)
            assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 401")), answer[:300]
    assert stored(tmp_path) == []


async def test_a_refused_upload_is_answered_after_it_was_heard_out(
    jp_serverapp, jp_base_url, start, tmp_path
) -> None:
    await start()
    url = f"runs/{'0' * 32}/files/a"
    answer = await put_raw(jp_serverapp, jp_base_url, url, b"x" * 5_000_000)
    assert answer.startswith(b"HTTP/1.1 404") and b"There is no run" in answer
    assert stored(tmp_path) == []


async def test_what_every_list_of_runs_carries_stays_small(call, start) -> None:
    id = await start()
    line = json.dumps({"f": {"status": "failed", "error": "ValueError: " + "x" * 1_000_000}})
    await call("POST", f"runs/{id}/spool", f"{line}\n".encode(), offset=0)
    _, page = await call("GET", "runs")
    assert page["runs"][0]["error"].startswith("ValueError: x")
    assert len(page["runs"][0]["error"]) == 10_000
    for field, value in {
        "compute": "x" * 1000,
        "python": "x" * 1000,
        "parent": "x" * 1000,
        "source": {"kind": "cell", "name": "x" * 10_000},
        "started": 1e300,
    }.items():
        body = {"id": uuid.uuid4().hex, "experiment": "e", field: value}
        status, error = await call("POST", "runs", body)
        assert (status, error["field"].partition(".")[0]) == (400, field)


@pytest.mark.parametrize(
    "body", [b'{"name": "\xff"}', b"[" * 100_000, b'{"name": ' + b"[" * 100_000]
)
async def test_a_body_that_is_no_json_is_said_to_be_malformed(call, body: bytes) -> None:
    status, error = await call("POST", "experiments", body)
    assert (status, error["code"]) == (400, "invalid_input")
    assert "malformed" in error["message"]
