"""The endpoint routes over HTTP: status codes, bodies and errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from tests.serving.bench import LIGHT

Fetch = Callable[..., Awaitable[Any]]
API = "modelyard/api/v1"


async def _call(jp_fetch: Fetch, method: str, *path: str, body: Any = None) -> tuple[int, Any]:
    raw = None if method in ("GET", "DELETE") else json.dumps(body)
    try:
        answer = await jp_fetch(API, *path, method=method, body=raw)
    except HTTPClientError as error:
        assert error.response is not None
        return error.code, json.loads(error.response.body)
    return answer.code, json.loads(answer.body)


async def _settled(jp_fetch: Fetch, name: str) -> Any:
    while True:
        _, found = await _call(jp_fetch, "GET", "endpoints", name)
        if found["state"] in ("running", "failed"):
            return found
        await asyncio.sleep(0.05)


async def _register(jp_fetch: Fetch) -> None:
    _, upload = await _call(jp_fetch, "POST", "uploads")
    await jp_fetch(API, "uploads", upload["id"], "factor", method="PUT", body=b"2")
    body = {"upload": upload["id"], "flavor": "custom"}
    assert (await _call(jp_fetch, "POST", "models", "light", "versions", body=body))[0] == 201


async def test_an_endpoint_over_http(jp_fetch: Fetch) -> None:
    assert await _call(jp_fetch, "GET", "endpoints") == (200, [])
    await _register(jp_fetch)
    wanted = {"name": "bc", "model": "light", "script": LIGHT}
    status, made = await _call(jp_fetch, "POST", "endpoints", body=wanted)
    assert (status, made["state"], made["next"]["version"]) == (202, "creating", 1)
    found = await asyncio.wait_for(_settled(jp_fetch, "bc"), 120)
    assert found["state"] == "running", found
    assert found["current"]["custom_script"] and found["current"]["ready"]

    status, keys = await _call(jp_fetch, "GET", "endpoints", "bc", "keys")
    assert status == 200 and len(keys["keys"]) == 2
    status, rotated = await _call(
        jp_fetch, "POST", "endpoints", "bc", "keys", body={"key": "secondary"}
    )
    assert status == 200 and rotated["keys"][0] == keys["keys"][0]
    assert rotated["keys"][1] != keys["keys"][1]

    status, reply = await _call(
        jp_fetch, "POST", "endpoints", "bc", "score", body={"data": [[1, 2]]}
    )
    assert (status, reply["status"], reply["body"]) == (200, 200, {"predictions": [6.0]})
    assert reply["milliseconds"] > 0
    status, log = await _call(jp_fetch, "GET", "endpoints", "bc", "log")
    assert status == 200 and "Ready" in log["text"]

    status, refused = await _call(jp_fetch, "DELETE", "models", "light", "versions", "1")
    assert (status, refused["code"]) == (409, "in_use") and "'bc'" in refused["message"]

    status, gone = await _call(jp_fetch, "DELETE", "endpoints", "bc")
    assert (status, gone["state"]) == (202, "deleting")
    while (await _call(jp_fetch, "GET", "endpoints"))[1]:
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 400, "name"),
        ({"name": "e"}, 400, "model"),
        ({"name": "a/b", "model": "m"}, 400, "name"),
        ({"name": "e", "model": 5}, 400, "model"),
        ({"name": "e", "model": "nothing:1"}, 404, None),
        ({"name": "e", "model": "m", "color": "red"}, 400, None),
    ],
)
async def test_bad_requests(jp_fetch: Fetch, body: Any, status: int, field: str | None) -> None:
    code, error = await _call(jp_fetch, "POST", "endpoints", body=body)
    assert code == status and error["message"]
    assert field is None or error["field"] == field


async def test_what_is_not_there(jp_fetch: Fetch) -> None:
    for method, path, body in [
        ("GET", ["none"], None),
        ("DELETE", ["none"], None),
        ("GET", ["none", "keys"], None),
        ("POST", ["none", "keys"], {"key": "primary"}),
        ("GET", ["none", "log"], None),
        ("POST", ["none", "score"], {}),
    ]:
        code, error = await _call(jp_fetch, method, "endpoints", *path, body=body)
        assert (code, error["code"]) == (404, "not_found"), (method, path)


@pytest.mark.parametrize(
    "script",
    [
        "x = " + "(" * 5_000 + ")" * 5_000,
        "x = " + "-" * 200_000 + "1",
        "x = " + "[" * 90 + "1" + "]" * 90 + ".a" * 200_000,
        "x" + "\n" * 1_000_001,
    ],
)
async def test_scripts_that_are_hard_to_parse_are_400(jp_fetch: Fetch, script: str) -> None:
    body = {"name": "e", "model": "m", "script": script}
    code, error = await _call(jp_fetch, "POST", "endpoints", body=body)
    assert (code, error["code"], error["field"]) == (400, "invalid_input", "script"), error
