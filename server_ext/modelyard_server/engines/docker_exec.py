"""Programs beside a container's main one: started, watched and signalled through the daemon."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import NotFound as DockerNotFound

from modelyard.errors import Conflict, NotFound, WrongState
from modelyard_server.engines.base import UNKNOWN_EXIT
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
            with self._client.calling(ACTION) as api:
                made = api.exec_create(self._container, argv)
                api.exec_start(made["Id"])
                return _code(api.exec_inspect(made["Id"]))
        except (NotFound, WrongState, Conflict):
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
