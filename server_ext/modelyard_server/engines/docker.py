"""The Docker engine: one container per specification, on the daemon of this machine."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from docker import APIClient
from docker.errors import APIError
from docker.errors import NotFound as DockerNotFound

from modelyard.errors import EngineUnavailable, ModelyardError, NotFound
from modelyard.schema.common import EngineInfo
from modelyard_server.core.beneath import beneath, remove_tree
from modelyard_server.engines import docker_exec
from modelyard_server.engines.base import Ability, EngineLost, ExecHandle
from modelyard_server.engines.directories import make_mounts
from modelyard_server.engines.docker_client import ACTION, QUICK, DockerClient
from modelyard_server.engines.docker_devices import DockerDevices
from modelyard_server.engines.docker_images import DockerImages
from modelyard_server.engines.docker_spec import (
    SECRETS_FILE,
    command,
    environment,
    host_config,
    hostname,
    listed,
    state,
)
from modelyard_server.engines.docker_watch import DockerWatch
from modelyard_server.engines.logfile import PIECE, end, piece
from modelyard_server.engines.programs import secret_lines, wrapped
from modelyard_server.engines.reach import Reach
from modelyard_server.engines.spec import (
    LABEL_LOG,
    LABEL_WORKSPACE,
    ContainerSpec,
    ContainerState,
    LogPiece,
    Place,
    Usage,
    Volume,
    labelled_log,
)

_ROOTS_USER = 1000
_GRACE = 10
"""Seconds that Docker waits where it was not told."""
_GOING = ("removing", "dead")
"""States of a container that somebody removes just now, or could not remove whole."""


class DockerEngine(DockerImages, DockerDevices):
    """Engine and image engine on a Docker daemon.

    Parameters
    ----------
    reach: how its containers reach the workspace.
    base_url: address of the daemon; None: DOCKER_HOST, else the local socket.
    """

    name = "docker"
    abilities = frozenset(Ability)

    def __init__(self, reach: Reach, base_url: str | None = None) -> None:
        super().__init__(DockerClient(base_url))
        self.reach = reach
        self._watch = DockerWatch(self._client)
        self._creating = threading.Lock()

    # -- what there is ----------------------------------------------------------------------

    def info(self) -> EngineInfo:
        """Whether the daemon answers, and what the machine has. Never raises."""
        try:
            with self._client.calling(QUICK) as api:
                found = api.info()
        except ModelyardError as error:
            return EngineInfo(
                name=self.name,
                available=False,
                message=error.message,
                hint=error.hint,
            )
        version = str(found.get("ServerVersion", ""))
        return EngineInfo(
            name=self.name,
            available=True,
            version=version,
            message=f"Docker {version.partition('+')[0]}",
            cpus=float(found.get("NCPU", 0)),
            memory=int(found.get("MemTotal", 0)),
        )

    def user(self) -> tuple[int, int]:
        """The server's own uid and gid; 1000:1000 when it is root, for containers never are."""
        uid = os.getuid()
        return (uid, os.getgid()) if uid else (_ROOTS_USER, _ROOTS_USER)

    def list(self, workspace: str) -> list[ContainerState]:
        """All containers that carry the workspace's label, running or not."""
        with self._client.calling(QUICK) as api:
            rows = api.containers(all=True, filters={"label": f"{LABEL_WORKSPACE}={workspace}"})
        return [each for row in rows if (each := self._listed(row)) is not None]

    def _listed(self, row: dict[str, Any]) -> ContainerState | None:
        id, status = row["Id"], str(row.get("State", ""))
        kept = self._watch.known(id, status)
        if kept is not None:
            return kept
        moment = self._watch.mark()
        try:
            seen = self.inspect(id)
        except EngineLost:
            raise
        except ModelyardError:
            return listed(row)  # it alone cannot be told of: it is there, and so are the others
        if seen is not None:
            self._watch.keep(id, status, seen, moment)
        return seen

    def watch(self, workspace: str, changed: Callable[[], None]) -> Callable[[], None]:
        """Call `changed` soon after a container of the workspace, or with devices, has changed."""
        return self._watch.subscribe(workspace, changed)

    def inspect(self, container: str) -> ContainerState | None:
        """One container, None when there is none."""
        with self._client.calling(QUICK) as api:
            found = _inspected(api, container)
        return state(found) if found else None

    # -- its life ---------------------------------------------------------------------------

    def create(self, spec: ContainerSpec) -> None:
        """Create the container if there is none of that name (one of another spec is replaced).

        Raises
        ------
        NotFound: the image, or a network, is not there.
        InvalidInput: a device, or a limit, that this machine cannot give.
        """
        # Two that create one container at once: the second must find what the first has made.
        with self._creating:
            there = self._lasting(spec.container)
            if there is not None and there.spec_hash != spec.digest:
                self.remove(spec.container)
                there = None
            self._write_secrets(spec)  # of one that is there, too: they count from its next start
            if there is None:
                make_mounts(self.reach, spec.mounts, self.user())
                self._create(spec)
            self._join(spec)

    def _lasting(self, container: str) -> ContainerState | None:
        """The container, unless somebody is removing it: then None, once it is gone."""
        with self._client.calling(QUICK) as api:
            found = _inspected(api, container)
        if found is not None and found["State"].get("Status") in _GOING:
            self.remove(container)
            return None
        return state(found) if found else None

    def _create(self, spec: ContainerSpec) -> None:
        uid, gid = self.user()
        cdi = self.cdi_devices() if spec.devices else frozenset()
        with self._client.calling(ACTION) as api:
            api.create_container(
                image=spec.image,
                command=command(spec, self.reach),
                stop_timeout=round(spec.stop_grace),
                entrypoint=[],
                name=spec.container,
                hostname=hostname(spec),
                user=f"{uid}:{gid}",
                environment=environment(spec),
                working_dir=spec.workdir,
                labels=spec.all_labels,
                ports=[*spec.ports] or None,
                host_config=api.create_host_config(**host_config(spec, self.reach, cdi)),
            )

    def _join(self, spec: ContainerSpec) -> None:
        """Join further networks, of which Docker before version 25 takes none at the making.

        Looked at in one that is there, too: its maker may have been killed before.
        """
        if len(spec.networks) < 2:
            return
        with self._client.calling(ACTION) as api:
            found = _inspected(api, spec.container)
            joined = found["NetworkSettings"]["Networks"] if found else {}
            for network in spec.networks[1:]:
                if network not in joined:
                    api.connect_container_to_network(spec.container, network)

    def _write_secrets(self, spec: ContainerSpec) -> None:
        if not spec.secrets:
            return
        folder = self.reach.here(Place(Volume.SECRETS, spec.container))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with beneath(folder, self.user()) as inside:
            inside.give()
            inside.write(SECRETS_FILE, secret_lines(spec.secrets), 0o600)

    def start(self, container: str) -> None:
        """Start it; silent when it runs. NotFound when there is none.

        Raises
        ------
        Conflict: a port it publishes is taken.
        """
        with self._client.calling(ACTION) as api:
            try:
                found = _inspected(api, container)
                if found is None:
                    raise _missing(container)
                if found["State"].get("Paused"):
                    api.unpause(container)
                # By id: a request that comes late must not start a later one of this name.
                api.start(found["Id"])
            except APIError as error:
                if "marked for removal" in str(error):
                    raise _missing(container) from error
                raise self._client.translated(error) from error

    def stop(self, container: str, timeout: float | None = None) -> None:
        """SIGTERM, then SIGKILL after `timeout` seconds; silent when it does not run."""
        if timeout is None:
            with self._client.calling(QUICK) as api:
                found = _inspected(api, container)
            timeout = float((found["Config"].get("StopTimeout") if found else None) or _GRACE)
        with self._client.calling(ACTION + round(timeout)) as api:
            try:
                api.stop(container, timeout=round(timeout))
            except DockerNotFound:
                return

    def terminate(self, container: str) -> None:
        """SIGTERM, without waiting. A signal by hand also ends its restart policy."""
        with self._client.calling(ACTION) as api:
            try:
                api.kill(container, signal="SIGTERM")
            except DockerNotFound:
                return
            except APIError as error:
                if error.status_code not in (409, 500) or "not running" not in str(error):
                    raise

    def remove(self, container: str) -> None:
        """Stop it at once and remove it with its writable layer and anonymous volumes."""
        self._remove(container)
        remove_tree(self.reach.here(Place(Volume.SECRETS, container)))

    def _remove(self, container: str) -> None:
        with self._client.calling(ACTION) as api:
            try:
                api.remove_container(container, force=True, v=True)
            except DockerNotFound:
                return
            except APIError as error:
                if error.status_code != 409:
                    raise
                # Being removed by another call: wait for that one.
                try:
                    api.wait(container, condition="removed", timeout=ACTION)
                except DockerNotFound:
                    return

    # -- looking inside ---------------------------------------------------------------------

    def logs(self, container: str, tail: int = 500) -> str:
        """The last `tail` lines of stdout and stderr, at most 1 MiB."""
        return self.log(container, tail=tail).text

    def log(self, container: str, offset: int | None = None, tail: int = 500) -> LogPiece:
        """Its output from a byte on, where its specification names a file for it.

        Docker itself counts no bytes, and reads all of a log to find a line by its time. So where
        no file is named, or it is not there yet, each answer is the log's end.
        """
        with self._client.calling(QUICK) as api:
            found = _inspected(api, container)
            if found is None:
                return LogPiece(text="", offset=0, next=0)
            place = labelled_log((found["Config"].get("Labels") or {}).get(LABEL_LOG, ""))
            if place is not None:
                file = self.reach.here(place)
                there = end(file, tail) if offset is None else piece(file, offset)
                if there is not None:
                    return there
            try:
                raw = api.logs(container, stdout=True, stderr=True, tail=tail)
            except DockerNotFound:
                raw = b""
        return LogPiece(text=raw[-PIECE:].decode(errors="replace"), offset=0, next=0)

    def usage(self, container: str) -> Usage:
        """Bytes of its writable layer; memory and CPU when it runs (takes about a second)."""
        with self._client.calling(QUICK) as api:
            rows = api.containers(all=True, size=True, filters={"name": f"^/{container}$"})
            if not rows:
                raise NotFound(f"There is no container {container}.")
            disk = int(rows[0].get("SizeRw", 0))
            if rows[0].get("State") != "running":
                return Usage(disk=disk)
            stats = api.stats(container, stream=False)
        return Usage(disk=disk, memory=_memory(stats), cpu_percent=_cpu_percent(stats))

    # -- programs in it ---------------------------------------------------------------------

    def exec(
        self,
        container: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str,
        pid_file: Place,
        log_file: Place,
    ) -> ExecHandle:
        """Run a program in a session of its own, its output going to `log_file`.

        Raises
        ------
        NotFound: there is no such container.
        WrongState: it does not run.
        """
        return docker_exec.start(
            self._client,
            container,
            wrapped(
                argv,
                cwd=cwd,
                pid_file=self.reach.inside(pid_file),
                log_file=self.reach.inside(log_file),
            ),
            env=env,
            pid_file=self.reach.here(pid_file),
        )

    def attach(self, container: str, pid_file: Place) -> ExecHandle:
        """A handle on a program that an earlier `exec`, perhaps of another server, started."""
        return docker_exec.attach(
            self._client, container, self.reach.here(pid_file), self.reach.inside(pid_file)
        )

    def shell(self, container: str) -> list[str]:
        """The argv that opens an interactive shell in it, bash where the image has one."""
        program = shutil.which("docker")
        if program is None:
            raise EngineUnavailable(
                "A terminal needs the docker command, which is not installed.",
                hint="Install it: sudo apt-get install docker-cli",
            )
        host = ["--host", self._client.base_url] if self._client.base_url else []
        choose = "command -v bash >/dev/null && exec bash; exec sh"
        return [program, *host, "exec", "--interactive", "--tty", container, "sh", "-c", choose]


def _missing(container: str) -> NotFound:
    return NotFound(f"There is no container {container}.", hint="Create it first.")


def _inspected(api: APIClient, container: str) -> dict[str, Any] | None:
    try:
        return api.inspect_container(container)
    except DockerNotFound:
        return None


def _memory(stats: dict[str, Any]) -> int | None:
    memory = stats.get("memory_stats") or {}
    if "usage" not in memory:
        return None
    details = memory.get("stats") or {}
    # The page cache is given back under pressure; `docker stats` leaves it out, too.
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    return max(0, int(memory["usage"]) - int(cache))


def _cpu_percent(stats: dict[str, Any]) -> float | None:
    now, before = stats.get("cpu_stats") or {}, stats.get("precpu_stats") or {}
    try:
        used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
        passed = now["system_cpu_usage"] - before["system_cpu_usage"]
    except KeyError:
        return None
    cpus = now.get("online_cpus") or 1
    return round(100.0 * cpus * used / passed, 1) if passed > 0 else 0.0
