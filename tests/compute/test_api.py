"""The compute routes: validation, life cycle, errors; over pytest-jupyter's server."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

Fetch = Callable[..., Awaitable[Any]]


async def _post(jp_fetch: Fetch, *path: str, body: Any = None, **params: str) -> Any:
    answer = await jp_fetch(
        "modelyard/api/v1", *path, method="POST", body=json.dumps(body or {}), params=params
    )
    return json.loads(answer.body)


async def _get(jp_fetch: Fetch, *path: str) -> Any:
    return json.loads((await jp_fetch("modelyard/api/v1", *path)).body)


async def _state(jp_fetch: Fetch, name: str, wanted: str) -> Any:
    deadline = time.monotonic() + 60
    while True:
        found = await _get(jp_fetch, "compute", name)
        if found["state"] == wanted:
            return found
        assert found["state"] != "failed", found
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)


async def _refused(call: Awaitable[Any]) -> tuple[int, dict[str, str]]:
    with pytest.raises(HTTPClientError) as caught:
        await call
    assert caught.value.response is not None
    body = json.loads(caught.value.response.body)
    assert set(body) == {"code", "message", "hint", "field"}
    assert "Traceback" not in json.dumps(body)
    return caught.value.code, body


async def test_status_tells_engine_and_sizes(jp_fetch: Fetch) -> None:
    status = await _get(jp_fetch, "status")
    assert status["engine"]["name"] == "process"
    assert status["default_size"] in [size["name"] for size in status["sizes"]]


async def test_a_verb_that_a_route_has_not(jp_fetch: Fetch) -> None:
    call = jp_fetch("modelyard/api/v1", "status", method="DELETE")
    assert (await _refused(call))[0] == 405


async def test_life_of_an_instance(jp_fetch: Fetch) -> None:
    assert await _get(jp_fetch, "compute") == []
    made = await _post(jp_fetch, "compute", body={"name": "cpu-1"})
    assert made["state"] == "creating"
    running = await _state(jp_fetch, "cpu-1", "running")
    assert running["kernelspec"].endswith("cpu-1") and running["started"]
    assert "is up" in (await _get(jp_fetch, "compute", "cpu-1", "log"))["text"]
    assert (await _get(jp_fetch, "compute", "cpu-1", "usage"))["disk"] > 0
    specs = json.loads((await jp_fetch("api", "kernelspecs")).body)["kernelspecs"]
    assert specs[running["kernelspec"]]["spec"]["display_name"] == "Python 3 · cpu-1"

    await _post(jp_fetch, "compute", "cpu-1", "stop")
    await _state(jp_fetch, "cpu-1", "stopped")
    await _post(jp_fetch, "compute", "cpu-1", "stop")  # again: silent
    await _post(jp_fetch, "compute", "cpu-1", "start")
    first = await _state(jp_fetch, "cpu-1", "running")
    await _post(jp_fetch, "compute", "cpu-1", "restart")
    deadline = time.monotonic() + 60
    while (found := await _get(jp_fetch, "compute", "cpu-1"))["started"] == first["started"] or (
        found["state"] != "running"
    ):
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)

    await jp_fetch("modelyard/api/v1/compute/cpu-1", method="DELETE")
    deadline = time.monotonic() + 60
    while await _get(jp_fetch, "compute"):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "../up"}, "name"),
        ({"name": "x" * 300}, "name"),
        ({"name": "-x"}, "name"),
        ({"name": "ünï"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "ok", "size": "smal"}, "size"),
        ({"name": "ok", "gpus": 99}, "gpus"),
        ({"name": "ok", "gpus": -1}, "gpus"),
        ({"name": "ok", "image": "a b; rm -rf /"}, "image"),
        ({"name": "ok", "image": "python:3.12"}, "image"),
        ({"name": 5}, "name"),
    ],
)
async def test_bad_requests_name_the_field(
    jp_fetch: Fetch, body: dict[str, Any], field: str
) -> None:
    status, answer = await _refused(_post(jp_fetch, "compute", body=body))
    assert status == 400 and answer["field"] == field and answer["message"]
    assert await _get(jp_fetch, "compute") == []


async def test_unknown_size_suggests_the_nearest(jp_fetch: Fetch) -> None:
    _, answer = await _refused(_post(jp_fetch, "compute", body={"name": "ok", "size": "fulll"}))
    assert "Did you mean 'full'?" in answer["hint"]


async def test_garbage_and_unknown_fields(jp_fetch: Fetch) -> None:
    for body in ("", "{", "[]", '"x"', '{"name": "a", "sise": "small"}'):
        status, _ = await _refused(jp_fetch("modelyard/api/v1/compute", method="POST", body=body))
        assert status == 400


async def test_a_name_is_taken_in_any_case(jp_fetch: Fetch) -> None:
    await _post(jp_fetch, "compute", body={"name": "Taken"})
    status, answer = await _refused(_post(jp_fetch, "compute", body={"name": "tAKEN"}))
    assert status == 409 and answer["code"] == "already_exists"
    await jp_fetch("modelyard/api/v1/compute/Taken", method="DELETE")


async def test_racing_creates_make_one(jp_fetch: Fetch) -> None:
    calls = [_post(jp_fetch, "compute", body={"name": "race"}) for _ in range(8)]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert sum(not isinstance(answer, BaseException) for answer in answers) == 1
    await jp_fetch("modelyard/api/v1/compute/race", method="DELETE")


async def test_unknown_instance_and_route(jp_fetch: Fetch) -> None:
    await _post(jp_fetch, "compute", body={"name": "cpu-1"})
    status, answer = await _refused(_get(jp_fetch, "compute", "cpu-2"))
    assert status == 404 and "cpu-1" in answer["hint"]
    status, _ = await _refused(_get(jp_fetch, "nonsense"))
    assert status == 404
    await jp_fetch("modelyard/api/v1/compute/cpu-1", method="DELETE")


async def test_without_login_nothing_is_told(http_server_client: Any, jp_base_url: str) -> None:
    for path in ("status", "compute", "runs", "models", "endpoints", "gallery", "nonsense"):
        with pytest.raises(HTTPClientError) as caught:
            await http_server_client.fetch(
                f"{jp_base_url}modelyard/api/v1/{path}",
                headers={"Authorization": "Bearer myd_wrong"},
            )
        assert caught.value.code == 401
        with pytest.raises(HTTPClientError) as caught:
            await http_server_client.fetch(f"{jp_base_url}modelyard/api/v1/{path}")
        assert caught.value.code in (401, 403)
