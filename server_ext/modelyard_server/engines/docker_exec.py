"""Programs beside a container's main one: started, watched and signalled through the daemon."""

from __future__ import annotations

import select
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import NotFound as DockerNotFound

from modelyard.errors import Conflict, NotFound, WrongState
from modelyard_server.engines.base import UNKNOWN_EXIT, EngineLost
from modelyard_server.engines.docker_client import ACTION, QUICK, DockerClient
from modelyard_server.engines.programs import noted_pid_file, read_pid

# Docker makes an exec'd program the leader of its own session, so its pid names its group. A pid
# that was given to another program is not ours: only an exec'd program (and pid 1) has parent 0.
_ALIVE = """\
[ "$1" -gt 1 ] || exit 1
read -r line </proc/$1/stat || exit 1
set -- ${line##*) }
[ "$2" = 0 ] && [ "$1" != Z ]
"""


_OUTPUT = 64 << 10


class DockerExec:
    """Handle on one exec'd program; see `ExecHandle`."""

    def __init__(
        self, client: DockerClient, container: str, pid_file: Path, exec_id: str | None
    ) -> None:
        self._client = client
        self._container = container
        self._pid_file = pid_file
        self._id = exec_id
        self._pid: int | None = None
        self._code: int | None = None

    @property
    def pid(self) -> int | None:
        """Process id inside the container, once the program has begun."""
        if self._pid is None:
            self._pid = read_pid(self._pid_file)
        return self._pid

    def poll(self) -> int | None:
        """Exit code, or None while it runs; `UNKNOWN_EXIT` when nobody saw how it ended."""
        if self._code is None:
            self._code = self._inspect(self._id) if self._id else self._probe()
        return self._code

    def signal(self, signum: int) -> None:
        """Send a signal to its process group; silent when it has ended."""
        if self.pid is not None and self.poll() is None:
            script = 'kill -s "$1" -- "-$2"'
            self._run(script, str(signum), str(self.pid))

    def _inspect(self, exec_id: str) -> int | None:
        with self._client.calling(QUICK) as api:
            try:
                found = api.exec_inspect(exec_id)
            except DockerNotFound:
                # The daemon forgot it: it ended long ago, or the daemon itself was restarted.
                self._id = None
                return self._probe()
        return None if found["Running"] else _code(found)

    def _probe(self) -> int | None:
        """Ask inside the container, when the daemon no longer knows the exec."""
        if self.pid is None:
            return UNKNOWN_EXIT
        return None if self._run(_ALIVE, str(self.pid)) == 0 else UNKNOWN_EXIT

    def _run(self, script: str, *args: str) -> int | None:
        """Exit code of a short shell script in the container; None when that does not run."""
        argv = ["sh", "-c", script, "sh", *args]
        try:
            code, _ = run_script(self._client, self._container, argv, QUICK)
        except (NotFound, WrongState, Conflict):
            return None
        if code is None:
            # Whatever it hangs on: that says nothing of the program that was asked about.
            raise EngineLost(
                f"{self._container} does not answer.", hint="Restart it, or look at Docker's log."
            )
        return code


def run_script(
    client: DockerClient, container: str, argv: Sequence[str], timeout: float
) -> tuple[int | None, str]:
    """Exit code and output of a short program in it; the code is None when it took too long."""
    deadline = time.monotonic() + timeout
    with client.calling(ACTION) as api:
        made = api.exec_create(container, [*argv], tty=True)["Id"]
        # Docker's client waits without limit for an exec's output: read it ourselves.
        stream = api.exec_start(made, tty=True, socket=True)
        try:
            output = _read(getattr(stream, "_sock", stream), deadline)
        finally:
            stream.close()
        if output is None:
            return None, ""
        code = _code(api.exec_inspect(made))
    return code, output.decode(errors="replace")


def _read(stream: Any, deadline: float) -> bytes | None:
    """All that comes until the end; None when that is not before the deadline."""
    waiting = select.poll()
    waiting.register(stream, select.POLLIN | select.POLLHUP)
    output = b""
    while (left := deadline - time.monotonic()) > 0:
        if not waiting.poll(left * 1000):
            break
        chunk = stream.recv(4096)
        if not chunk:
            return output
        output = (output + chunk)[:_OUTPUT]
    return None


def start(
    client: DockerClient,
    container: str,
    command: Sequence[str],
    *,
    env: Mapping[str, str],
    pid_file: Path,
) -> DockerExec:
    """Run a `wrapped` program in a running container; see `Engine.exec`."""
    pid_file.unlink(missing_ok=True)
    with client.calling(ACTION) as api:
        made = api.exec_create(container, [*command], environment=dict(env))
        api.exec_start(made["Id"], detach=True)
    return DockerExec(client, container, pid_file, made["Id"])


def attach(client: DockerClient, container: str, pid_file: Path, inside: str) -> DockerExec:
    """A handle on a program that an earlier `start`, perhaps of another server, began.

    Parameters
    ----------
    inside: path of `pid_file` in the container.
    """
    with client.calling(QUICK) as api:
        return DockerExec(client, container, pid_file, _find(api, container, inside))


def _find(api: APIClient, container: str, pid_file: str) -> str | None:
    try:
        ids = api.inspect_container(container).get("ExecIDs") or []
    except DockerNotFound:
        return None
    for exec_id in ids:
        try:
            config = api.exec_inspect(exec_id)["ProcessConfig"]
        except DockerNotFound:
            continue
        # What Docker remembers of the command is how the program is recognised.
        if noted_pid_file(config.get("arguments") or []) == pid_file:
            return str(exec_id)
    return None


def _code(found: dict[str, Any]) -> int:
    code = found.get("ExitCode")
    return UNKNOWN_EXIT if code is None else int(code)
