"""A real server in a process of its own: started, killed, started again, and swept."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

from modelyard.errors import EngineUnavailable, ModelyardError
from modelyard.workspace import Workspace
from modelyard_server.cli.locate import serving
from modelyard_server.core.paths import Paths
from modelyard_server.engines.choose import open_engines


def wait_for(condition: Callable[[], Any], timeout: float = 60.0, what: str = "") -> Any:
    """What `condition` gives once it is true; AssertionError after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"not so after {timeout:.0f} s: {what or condition}"
        time.sleep(0.05)


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class RunningServer:
    """`modelyard up` on a workspace of its own.

    Parameters
    ----------
    root: directory of the workspace.
    engine: auto, docker or process: the default of what names none. Both are there always.
    """

    unswept: ClassVar[list[RunningServer]] = []
    """Those of this process that may be running."""

    def __init__(self, root: Path, engine: str) -> None:
        self.unswept.append(self)
        self.root = root
        self.engine = engine
        self.token = secrets.token_hex(8)
        self.port = free_port()
        self.log = root.parent / f"{root.name}.log"
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """URL of Jupyter."""
        return f"http://127.0.0.1:{self.port}/"

    @property
    def paths(self) -> Paths:
        """The workspace's directories."""
        return Paths(self.root).make()

    def start(self, *options: str) -> RunningServer:
        """Start it, with more options of `modelyard up`, and wait until it answers."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("MODELYARD_")}
        environment["PYTHONFAULTHANDLER"] = "1"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    sys.executable, "-m", "modelyard_server.cli.main", "up", "--no-browser",
                    "--port", str(self.port), "--token", self.token,
                    "--workspace", str(self.root), "--engine", self.engine, *options,
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )  # fmt: skip
        wait_for(self._answers, 60, f"the server answers; its log: {self.log}")
        return self

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-4000:]
        try:
            self.workspace()
        except ModelyardError:
            return False
        return True

    def account(self) -> str:
        """What became of it: its exit status, None while it runs, and the end of its log."""
        status = self.process.poll() if self.process else "never started"
        log = self.log.read_text(errors="replace")[-2000:] if self.log.exists() else ""
        return f"{self.root} on port {self.port}, exit status {status}\n{log}"

    def workspace(self) -> Workspace:
        """A new SDK connection."""
        return Workspace(self.url, self.token)

    def kill(self) -> None:
        """SIGKILL, as an out-of-memory killer would."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End it in order."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()

    def sweep(self) -> None:
        """Stop it and remove every container, process and kernelspec of its workspace."""
        self.unswept.remove(self)
        self.stop()
        paths = self.paths
        assert serving(paths) is None
        for engine in open_engines(paths):
            with suppress(EngineUnavailable):
                for state in engine.list(paths.workspace_id):
                    engine.remove(state.container)
        shutil.rmtree(paths.runtime, ignore_errors=True)
        for spec in Path(sys.prefix, "share/jupyter/kernels").glob(
            f"modelyard-{paths.workspace_id[:8]}-*/kernel.json"
        ):
            spec.unlink()
            for file in spec.parent.iterdir():
                file.unlink()
            spec.parent.rmdir()

    def environment(self) -> dict[str, str]:
        """Environment variables by which a subprocess's `Workspace()` finds this server."""
        return {**os.environ, "MODELYARD_URL": self.url, "MODELYARD_TOKEN": self.token}

    def cli(self, *words: str, check: bool = True) -> Any:
        """Run `modelyard WORDS --json` and decode its answer."""
        done = subprocess.run(
            [sys.executable, "-m", "modelyard_server.cli.main", *words, "--json"],
            env={**os.environ, "MODELYARD_WORKSPACE": str(self.root)},
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert not check or done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else done.stderr
