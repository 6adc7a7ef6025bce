"""The scoring server as a process, on real models."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import modelyard

KEY = "the-primary-key"
_PACKAGE = Path(modelyard.__file__).parent.parent


class Scorer:
    """One scoring server; configured as the serving manager configures it."""

    def __init__(self, root: Path, port: int = 0) -> None:
        self.root = root
        self.port = port or _free_port()
        self.keys = root / "keys.json"
        self.status_file = root / "status.json"
        self.log = root / "log.txt"
        self.env: dict[str, str] = {}
        self.command = ["-m", "modelyard.score"]
        self.process: subprocess.Popen[bytes] | None = None
        root.mkdir(parents=True, exist_ok=True)
        self.write_keys(KEY)

    def write_keys(self, *keys: str) -> None:
        """Replace the keys as a rotation does."""
        draft = self.keys.with_suffix(".tmp")
        hashes = [hashlib.sha256(key.encode()).hexdigest() for key in keys]
        draft.write_text(json.dumps({"sha256": hashes}))
        draft.replace(self.keys)

    def start(self, model: Path, script: str = "") -> Scorer:
        """Start it; `ready` or `failed` tell how that went."""
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(_PACKAGE),
            "PYTHONUNBUFFERED": "1",
            "MODELYARD_MODEL_DIR": str(model),
            "MODELYARD_KEYS": str(self.keys),
            "MODELYARD_STATUS": str(self.status_file),
            "MODELYARD_PORT": str(self.port),
            **self.env,
        }
        if script:
            file = self.root / "score.py"
            file.write_text(script)
            env["MODELYARD_SCORE_SCRIPT"] = str(file)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *self.command], env=env, stdout=log, stderr=log
            )
        return self

    def ready(self) -> Scorer:
        """Wait until it says that it listens."""
        assert self._said("ready", "failed")["state"] == "ready", self.log.read_text()
        return self

    def failed(self) -> dict[str, Any]:
        """Wait until it says why it cannot start, and has ended."""
        assert self.process is not None
        status = self._said("ready", "failed")
        assert status["state"] == "failed"
        assert self.process.wait(10) == 1
        return status

    def _said(self, *states: str) -> dict[str, Any]:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if self.status_file.exists():
                status = json.loads(self.status_file.read_bytes())
                if status["state"] in states:
                    return status
            time.sleep(0.02)
        raise AssertionError(self.log.read_text())

    def connect(self) -> http.client.HTTPConnection:
        """A connection of its own."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def ask(
        self, method: str, path: str, body: Any = None, key: str = KEY, **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        """One exchange: status, decoded body, headers."""
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if key:
            sent["Authorization"] = f"Bearer {key}"
        connection = self.connect()
        try:
            connection.request(method, path, raw, sent)
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text or b"null"), dict(answer.headers)
        finally:
            connection.close()

    def score(self, body: Any) -> tuple[int, Any]:
        """POST /score."""
        status, answer, _headers = self.ask("POST", "/score", body)
        return status, answer

    def terminate(self) -> int:
        """SIGTERM, and how it ended."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)

    def close(self) -> None:
        """End it at once."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def scorer(tmp_path: Path) -> Iterator[Scorer]:
    """A server that the test starts."""
    made = Scorer(tmp_path / "scorer")
    yield made
    made.close()
