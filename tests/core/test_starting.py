"""A part that cannot begin holds up no other, says so, and begins by itself when it can."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from modelyard.errors import StorageFull
from modelyard_server.core import starting as module
from modelyard_server.core.starting import Starting
from tests.server_support import wait_for


def test_what_cannot_begin_is_tried_until_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY", 0.01)
    begun: list[str] = []
    room = threading.Event()

    def needs_room() -> None:
        if not room.is_set():
            raise StorageFull("The disk is full.")
        begun.append("tracking")

    parts = {"Tracking": needs_room, "Compute": lambda: begun.append("compute")}
    told: list[int] = []
    starting = Starting(parts, lambda: told.append(1), logging.getLogger("test"))
    starting.begin()
    assert begun == ["compute"]
    assert starting.problems() == ["Tracking could not begin: The disk is full."]
    room.set()
    wait_for(lambda: begun == ["compute", "tracking"], 10, "tracking has begun")
    wait_for(lambda: not starting.problems(), 10, "nothing is wrong")
    assert len(told) == 2
    starting.stop()
    assert begun == ["compute", "tracking"]


async def test_the_status_tells_of_it(jp_fetch: Any, jp_serverapp: ServerApp) -> None:
    def broken() -> None:
        raise OSError("no space left")

    app = jp_serverapp.web_app
    starting = Starting({"Compute": broken}, lambda: None, logging.getLogger("test"))
    starting.begin()
    app.settings["modelyard_starting"] = starting
    answer = await jp_fetch("modelyard", "api", "v1", "status")
    assert b"Compute could not begin: no space left" in answer.body
    starting.stop()
