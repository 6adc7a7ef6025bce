"""Instances that hold devices; over pytest-jupyter's server, with one that is configured."""

from __future__ import annotations

import secrets
from typing import Any

import pytest

from tests.compute.test_api import Fetch, _get, _post, _refused, _state

# Holders are looked for on the whole machine, where other tests run at the same time.
GPU = f"gpu-{secrets.token_hex(4)}"


@pytest.fixture
def jp_server_config(jp_server_config: dict[str, Any]) -> dict[str, Any]:
    """A machine with one device: a file that is there everywhere stands for it."""
    devices = [{"id": GPU, "name": "Made up", "paths": ["/dev/null"]}]
    return {**jp_server_config, "DeviceInventory": {"devices": devices}}


async def test_one_holds_one_is_refused_one_waits(jp_fetch: Fetch) -> None:
    assert (await _get(jp_fetch, "status"))["engine"]["gpus"] == 1
    await _post(jp_fetch, "compute", body={"name": "a", "gpus": 1})
    await _state(jp_fetch, "a", "running")

    status, error = await _refused(_post(jp_fetch, "compute", body={"name": "b", "gpus": 1}))
    assert status == 409 and error["code"] == "not_enough_devices"
    assert f"{GPU} is held by instance 'a'" in error["message"]

    await _post(jp_fetch, "compute", body={"name": "c", "gpus": 1, "queue": True})
    waiting = await _get(jp_fetch, "compute", "c")
    assert waiting["state"] == "creating"

    await _post(jp_fetch, "compute", body={"name": "a-later", "gpus": 1, "queue": True})

    await _post(jp_fetch, "compute", "a", "stop")
    await _state(jp_fetch, "c", "running")
    (device,) = await _get(jp_fetch, "devices")
    assert device["memory"] is None
    assert [holder["name"] for holder in device["holders"]] == ["c"]

    assert (await _get(jp_fetch, "compute", "a-later"))["state"] == "creating"
    status, error = await _refused(_post(jp_fetch, "compute", body={"name": "d", "gpus": 1}))
    assert status == 409 and "a-later (1) asked first" in error["message"]
    status, error = await _refused(_post(jp_fetch, "compute", "a", "start"))
    assert status == 409 and "held by instance 'c'" in error["message"]
    assert (await _get(jp_fetch, "compute", "a"))["state"] == "stopped"
