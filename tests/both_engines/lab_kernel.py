"""A kernel as JupyterLab has it: started and asked through the server."""

from __future__ import annotations

import json
import time
import uuid
from types import TracebackType
from typing import Any

import httpx
import websocket

from tests.server_support import RunningServer

_TIMEOUT = 60
"""Seconds for an answer."""


class LabKernel:
    """A kernel of a running server; shut down at the end of `with`.

    Parameters
    ----------
    spec: name of the kernelspec.
    """

    def __init__(self, server: RunningServer, spec: str) -> None:
        headers = {"Authorization": f"token {server.token}"}
        self._http = httpx.Client(base_url=server.url, headers=headers, timeout=60)
        made = self._http.post("/api/kernels", json={"name": spec})
        made.raise_for_status()
        self._path = f"/api/kernels/{made.json()['id']}"
        address = f"{server.url.replace('http', 'ws', 1)}{self._path[1:]}/channels"
        self._socket = websocket.create_connection(
            address, header=[f"Authorization: token {server.token}"], timeout=5
        )

    def __enter__(self) -> LabKernel:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._http.delete(self._path).raise_for_status()
        self._http.close()

    def ask(self, code: str) -> str:
        """Send a cell; gives the request's id for `answer`."""
        request = uuid.uuid4().hex
        header = {"msg_id": request, "msg_type": "execute_request", "version": "5.3"}
        header |= {"username": "test", "session": request, "date": "2026-01-01T00:00:00Z"}
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}}
        self._socket.send(json.dumps({**message, "content": content, "buffers": []}))
        return request

    def answer(self, request: str, until: str = "") -> str:
        """What a cell printed, its value, or the name of its error.

        Parameters
        ----------
        until: come back as soon as that was printed; else once the cell is done.
        """
        shown = ""
        deadline = time.monotonic() + _TIMEOUT  # the socket's own begins anew with each ping
        while not until or until not in shown:
            assert time.monotonic() < deadline, f"no answer after {_TIMEOUT} s, only: {shown!r}"
            try:
                message: dict[str, Any] = json.loads(self._socket.recv())
            except websocket.WebSocketTimeoutException:
                continue
            if message["parent_header"].get("msg_id") != request:
                continue
            content = message["content"]
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                break
            if message["channel"] == "iopub":
                data = content.get("data", {})
                shown += content.get("text", "") + data.get("text/plain", "")
                shown += content.get("ename", "")
        return shown.strip()

    def run(self, code: str) -> str:
        """Ask and wait for the answer."""
        return self.answer(self.ask(code))

    def interrupt(self) -> None:
        """Interrupt what it executes."""
        self._http.post(f"{self._path}/interrupt").raise_for_status()
