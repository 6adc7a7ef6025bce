"""What the process engine keeps on disk of a container, and how it asks the system about it."""

from __future__ import annotations

import fcntl
import os
import select
import struct
from pathlib import Path

import msgspec

from modelyard_server.engines import supervise
from modelyard_server.engines.spec import ContainerState, Holding, Phase, labelled_devices

# struct flock of 64-bit Linux: l_type, l_whence, l_start, l_len, l_pid.
_FLOCK = "hhqqi"


class Container(msgspec.Struct, kw_only=True):
    """`container.json`: what to run, and whose it is."""

    container: str
    workspace: str
    kind: str
    name: str
    spec_hash: str
    argv: list[str]
    env: dict[str, str]
    cwd: str
    log: str
    restart: bool
    stop_grace: float = 10.0
    devices: str = ""
    """As LABEL_DEVICES."""
    labels: dict[str, str] = {}
    """Those of the domain."""


class Ended(msgspec.Struct, kw_only=True):
    """`state.json`: what the supervisor saw last."""

    phase: Phase
    pid: int = 0
    exit_code: int | None = None
    started: float | None = None
    finished: float | None = None
    restarts: int = 0
    error: str = ""


class Program(msgspec.Struct, kw_only=True):
    """`programs/<pid>.json`: one that was started beside the main one."""

    pid: int
    identity: str
    pid_file: str


def read(path: Path, kind: type[Container] | type[Ended] | type[Program]) -> msgspec.Struct | None:
    """A state file, None when there is none."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        return None


def supervisor(directory: Path) -> int | None:
    """Pid of the living supervisor of a container: the holder of its lock."""
    try:
        descriptor = os.open(directory / "lock", os.O_RDWR)
    except FileNotFoundError:
        return None
    try:
        # F_GETLK asks without taking the lock: taking it, if only for a moment, would make a
        # supervisor that starts at this moment believe that there is another.
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    return None if answer[0] == fcntl.F_UNLCK else int(answer[4])


def identity(pid: int) -> str:
    """When a process was started, in this boot: guards against its pid being used again.

    Empty when there is no such process, or only its corpse.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else f"{_boot_id()}:{fields[19]}"


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def wait_end(pid: int, timeout: float) -> bool:
    """Wait until a process has ended; False when it has not within `timeout` seconds."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return wait_readable(descriptor, timeout)
    finally:
        os.close(descriptor)


def wait_readable(descriptor: int, timeout: float) -> bool:
    """Wait for data, the end of a pipe or of a process; False after `timeout` seconds.

    `poll`, since `select` refuses descriptors above 1023, which a busy server has.
    """
    waiting = select.poll()
    waiting.register(descriptor, select.POLLIN | select.POLLHUP)
    return bool(waiting.poll(timeout * 1000))


def resident_memory(directory: Path) -> int:
    """Bytes in use by all processes of a container."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = 0
    for pid in supervise.marked(str(directory)):
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * page
        except OSError:
            continue
    return total


def state(directory: Path, made: Container) -> ContainerState:
    """What became of a container."""
    seen = read(directory / "state.json", Ended)
    found = ContainerState(
        container=made.container,
        kind=made.kind,
        name=made.name,
        workspace=made.workspace,
        spec_hash=made.spec_hash,
        phase=Phase.CREATED,
        packages=[each for each in made.env.get("PYTHONPATH", "").split(":") if each],
        labels=made.labels,
    )
    if not isinstance(seen, Ended):
        return found
    found.phase, found.exit_code, found.error = seen.phase, seen.exit_code, seen.error
    found.started, found.finished, found.restarts = seen.started, seen.finished, seen.restarts
    if seen.phase is Phase.RUNNING and supervisor(directory) is None:
        found.phase = Phase.EXITED
        found.exit_code = supervise.SEEN_KILLED
        found.error = "It was killed together with its supervisor, or the machine was restarted."
    return found


def holdings() -> list[Holding]:
    """Containers with devices, of every workspace, of which any process lives.

    Asked of the system's processes, which carry their container's directory: no list of
    workspaces has to be kept, or can be wrong. That is so from the moment a supervisor is started
    until its last program has ended, be the supervisor killed before. Those of other users are
    not seen.
    """
    found = []
    for directory in map(Path, sorted(supervise.containers())):
        made = read(directory / "container.json", Container)
        if isinstance(made, Container) and made.devices:
            found.append(
                Holding(
                    container=made.container,
                    kind=made.kind,
                    name=made.name,
                    workspace=made.workspace,
                    devices=labelled_devices(made.devices),
                    active=True,
                    since=state(directory, made).started,
                )
            )
    return found
