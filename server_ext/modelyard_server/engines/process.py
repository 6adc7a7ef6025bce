"""The process engine: containers without Docker, as process groups on this machine.

It isolates nothing: limits, its first network and published ports of a specification are ignored (a
program binds the port it is told by itself), and mounts are the very directories.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from modelyard.errors import InvalidInput, NotFound, ServerError, WrongState
from modelyard.schema.common import EngineInfo
from modelyard_server.engines import process_state, supervise
from modelyard_server.engines.base import Ability, ExecHandle
from modelyard_server.engines.directories import make_mounts
from modelyard_server.engines.logfile import end, piece
from modelyard_server.engines.process_exec import attach, run_script, start_program
from modelyard_server.engines.process_state import Container
from modelyard_server.engines.reach import Reach
from modelyard_server.engines.spec import (
    ContainerSpec,
    ContainerState,
    Holding,
    LogPiece,
    Phase,
    Place,
    Usage,
    device_label,
    domain_labels,
)

_SUPERVISE = str(Path(supervise.__file__))
_READY_TIMEOUT = 30.0
_KILL_TIMEOUT = 10.0
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,200}")


class ProcessEngine:
    """Engine on plain processes.

    Parameters
    ----------
    reach: how its programs reach the workspace: they see what the server sees.
    state: directory of its own (`Paths.engine`).
    """

    name = "process"
    abilities = frozenset({Ability.EXEC})

    def __init__(self, reach: Reach, state: Path) -> None:
        self.reach: Reach = reach
        self._state = state
        self._lock = threading.Lock()

    # -- what there is ----------------------------------------------------------------------

    def info(self) -> EngineInfo:
        """What the machine has. Never raises."""
        return EngineInfo(
            name=self.name,
            available=True,
            message="Local processes: no containers.",
            cpus=float(len(os.sched_getaffinity(0))),
            memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        )

    def user(self) -> tuple[int, int]:
        """The server's own uid and gid."""
        return os.getuid(), os.getgid()

    def list(self, workspace: str) -> list[ContainerState]:
        """All containers of the workspace, running or not."""
        if not self._state.is_dir():
            return []
        ours = (each.name for each in self._state.iterdir() if _NAME.fullmatch(each.name))
        found = map(self._listed, ours)
        return [each for each in found if each is not None and each.workspace == workspace]

    def _listed(self, container: str) -> ContainerState | None:
        """None for one that cannot be looked at: whoever acts on it hears why, and no other."""
        try:
            return self.inspect(container)
        except OSError:
            return None

    def watch(self, workspace: str, changed: Callable[[], None]) -> None:
        """Nothing is reported: looking costs little."""

    def inspect(self, container: str) -> ContainerState | None:
        """One container, None when there is none."""
        made = self._made(container)
        return process_state.state(self._directory(container), made) if made else None

    # -- its life ---------------------------------------------------------------------------

    def create(self, spec: ContainerSpec) -> None:
        """Note what to run, if there is nothing of that name (one of another spec is replaced)."""
        with self._lock:
            made = self._made(spec.container)
            if made is not None and made.spec_hash == spec.digest:
                return
            if made is not None:
                self.remove(spec.container)
            make_mounts(self.reach, spec.mounts, self.user())
            self._write(spec)

    def _write(self, spec: ContainerSpec) -> None:
        directory = self._directory(spec.container)
        directory.mkdir(parents=True, exist_ok=True)
        cuda = [each.id for each in spec.devices if each.kind == "nvidia"]
        made = Container(
            container=spec.container,
            workspace=spec.workspace,
            kind=spec.kind,
            name=spec.name,
            spec_hash=spec.digest,
            argv=spec.command,
            # Empty where none was asked for: else a program would take every GPU there is.
            env=spec.env | spec.secrets | {"CUDA_VISIBLE_DEVICES": ",".join(cuda)},
            devices=device_label(spec.devices),
            cwd=spec.workdir,
            log=str(self.reach.here(spec.log) if spec.log else directory / "log.txt"),
            restart=spec.restart,
            stop_grace=spec.stop_grace,
            labels=domain_labels(spec.labels),
        )
        supervise.write_json(directory / "container.json", msgspec.to_builtins(made))

    def start(self, container: str) -> None:
        """Start it; silent when it runs. NotFound when there is none."""
        made = self._made(container)
        if made is None:
            raise NotFound(f"There is no container {container}.", hint="Create it first.")
        directory = self._directory(container)
        with self._lock:
            if process_state.supervisor(directory) is not None:
                return
            # What an earlier life left behind (its supervisor was killed) must not go on beside it.
            supervise.kill_marked(str(directory))
            self._launch(directory, made.container)

    def _launch(self, directory: Path, container: str) -> None:
        """Start the supervisor, and wait until it has started the program."""
        reading, writing = os.pipe()
        try:
            subprocess.run(
                [sys.executable, "-I", "-S", _SUPERVISE, "run", str(directory), str(writing)],
                env=supervise.surroundings(directory),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[writing],
                start_new_session=True,
                umask=0o002,
                timeout=_READY_TIMEOUT,
                check=True,
            )
            os.close(writing)
            writing = -1
            if not process_state.wait_readable(reading, _READY_TIMEOUT):
                raise ServerError(f"{container} does not start.", hint="Try again.")
        except (OSError, subprocess.SubprocessError) as error:
            raise ServerError(f"{container} does not start: {error}.") from error
        finally:
            os.close(reading)
            if writing >= 0:
                os.close(writing)

    def stop(self, container: str, timeout: float | None = None) -> None:
        """SIGTERM to the main program, SIGKILL after `timeout` seconds, and to all the others."""
        directory = self._directory(container)
        if timeout is None:
            made = self._made(container)
            timeout = made.stop_grace if made is not None else 0.0
        watching = process_state.supervisor(directory)
        if watching is not None:
            _signal(watching, signal.SIGTERM)
            if not process_state.wait_end(watching, timeout):
                self._kill_main(directory)
                process_state.wait_end(watching, _KILL_TIMEOUT)
        if directory.is_dir():
            supervise.kill_marked(str(directory))

    def terminate(self, container: str) -> None:
        """SIGTERM to the main program, without waiting; it is not started again."""
        watching = process_state.supervisor(self._directory(container))
        if watching is not None:
            _signal(watching, signal.SIGTERM)

    def _kill_main(self, directory: Path) -> None:
        """Kill the program, not its supervisor, which notes the end."""
        seen = process_state.read(directory / "state.json", process_state.Ended)
        if isinstance(seen, process_state.Ended) and seen.phase is Phase.RUNNING:
            _signal(seen.pid, signal.SIGKILL)

    def remove(self, container: str) -> None:
        """Stop it at once and forget it."""
        self.stop(container, timeout=0)
        shutil.rmtree(self._directory(container), ignore_errors=True)

    # -- looking inside ---------------------------------------------------------------------

    def logs(self, container: str, tail: int = 500) -> str:
        """The last `tail` lines of stdout and stderr, at most 1 MiB."""
        return self.log(container, tail=tail).text

    def log(self, container: str, offset: int | None = None, tail: int = 500) -> LogPiece:
        """At most 1 MiB of its output from a byte on; None: the last `tail` lines."""
        made, found = self._made(container), None
        if made is not None:
            file = Path(made.log)
            found = end(file, tail) if offset is None else piece(file, offset)
        return found or LogPiece(text="", offset=0, next=0)

    def usage(self, container: str) -> Usage:
        """Memory of its processes; it has no writable layer."""
        if self._made(container) is None:
            raise NotFound(f"There is no container {container}.")
        memory = process_state.resident_memory(self._directory(container))
        return Usage(disk=0, memory=memory or None)

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
        made = self._running(container)
        directory = self._directory(container)
        environment = {**supervise.surroundings(directory), **made.env, **env}
        return start_program(
            directory,
            argv,
            env=environment,
            cwd=cwd,
            pid_file=self.reach.here(pid_file),
            log_file=self.reach.here(log_file),
        )

    def attach(self, container: str, pid_file: Place) -> ExecHandle:
        """A handle on a program that an earlier `exec`, perhaps of another server, started."""
        return attach(self._directory(container), self.reach.here(pid_file))

    # -- devices ----------------------------------------------------------------------------

    def can_give(self, kind: str) -> bool:
        """Every kind: nothing keeps a process from the machine's devices but a variable."""
        return kind in ("nvidia", "path")

    def given(self) -> list[Holding]:
        """The containers with devices that live, in every workspace of this user."""
        return process_state.holdings()

    def check(self, container: str, script: str, timeout: float) -> tuple[int | None, str]:
        """Exit code and output of a shell script, in the surroundings of the container."""
        made = self._running(container)
        directory = self._directory(container)
        return run_script(script, {**supervise.surroundings(directory), **made.env}, timeout)

    def shell(self, container: str) -> list[str]:
        """The argv that opens an interactive shell in the container's surroundings."""
        self._running(container)
        directory = str(self._directory(container))
        return [sys.executable, "-I", "-S", _SUPERVISE, "shell", directory]

    # -- where it is ------------------------------------------------------------------------

    def _directory(self, container: str) -> Path:
        if not _NAME.fullmatch(container):
            raise InvalidInput(f"'{container}' cannot name a container.", field="name")
        return self._state / container

    def _made(self, container: str) -> Container | None:
        found = process_state.read(self._directory(container) / "container.json", Container)
        return found if isinstance(found, Container) else None

    def _running(self, container: str) -> Container:
        made = self._made(container)
        if made is None:
            raise NotFound(f"There is no container {container}.", hint="Create it first.")
        if process_state.supervisor(self._directory(container)) is None:
            raise WrongState(f"The container {container} is not running.", hint="Start it first.")
        return made


def _signal(pid: int, signum: int) -> None:
    if pid <= 0:
        return  # a pid of another namespace reads as 0, and `kill(0)` would hit our own group
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signum)
