"""The parent of a process-engine container's main program: it outlives the Jupyter server.

Run as a script with nothing but the standard library (`python -I -S supervise.py`): it must
start in milliseconds and must not change when packages do.

    supervise.py run DIR FD     daemonize, start the program, write what becomes of it to DIR,
                                and close FD when it runs
    supervise.py shell DIR      become an interactive shell in the program's surroundings

DIR holds `container.json` (what to run; written by the engine), `state.json` (written here) and
`lock`, which this process holds as long as it lives: that is how the engine knows that it does.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

MARK = "MODELYARD_CONTAINER_DIR"
"""Variable that every process of a container inherits: how stragglers are found."""

SEEN_KILLED = 128 + signal.SIGKILL

# A program must not see the server's secrets; it needs these to find tools and the network.
_FORWARDED = (
    "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "all_proxy",
    "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "PIP_CERT",
)  # fmt: skip

_KILL_TIMEOUT = 10.0
_LOG_LIMIT = 20 << 20
_LOG_CHECK = 30.0
_FIRST_DELAY = 0.1  # restart after a crash as Docker does: doubling, back to the start after …
_LAST_DELAY = 60.0
_STEADY = 10.0  # … this many seconds of running
_PR_SET_PDEATHSIG = 1
_KEEP_SIZE, _PUNCH_HOLE = 1, 2  # fallocate(2)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Replace a file whole, readable by its owner only: environments hold secrets."""
    draft = path.with_suffix(".tmp")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(content, out)
    draft.replace(path)


def surroundings(directory: Path) -> dict[str, str]:
    """Environment of every program of a container, before its own variables."""
    found = {key: os.environ[key] for key in _FORWARDED if key in os.environ}
    return found | {MARK: str(directory)}


def marked(directory: str) -> list[int]:
    """Pids of the processes that were started in the container of this directory."""
    wanted = f"{MARK}={directory}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def containers() -> set[str]:
    """Directories of all containers that have a process, of whatever workspace."""
    found = set()
    prefix = f"{MARK}=".encode()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            for line in (entry / "environ").read_bytes().split(b"\0"):
                if line.startswith(prefix):
                    found.add(os.fsdecode(line.removeprefix(prefix)))
    return found


def kill_marked(directory: str, spare: int = 0) -> None:
    """SIGKILL them all but one; what they fork meanwhile is caught by looking again."""
    deadline = time.monotonic() + _KILL_TIMEOUT
    while others := [pid for pid in marked(directory) if pid != spare]:
        if time.monotonic() > deadline:
            return  # it hangs in the kernel, and ends when that lets go of it
        for pid in others:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)  # a killed process keeps its place in /proc for a moment


class Supervisor:
    """Runs one container's program until it ends, or is asked to stop."""

    def __init__(self, directory: Path, ready: int) -> None:
        self._directory = directory
        self._ready: int | None = ready
        self._spec: dict[str, Any] = json.loads((directory / "container.json").read_text())
        self._log = Path(self._spec["log"])
        self._state: dict[str, Any] = {"restarts": 0}
        self._stopping = False

    def run(self) -> None:
        """Until it ends for good."""
        delay = _FIRST_DELAY
        while not self._stopping:
            begun = time.time()
            self._once(begun)
            if not self._spec["restart"]:
                return
            delay = _FIRST_DELAY if time.time() - begun > _STEADY else min(delay * 2, _LAST_DELAY)
            if not self._stopping and signal.sigtimedwait({signal.SIGTERM}, delay):
                return
            self._state["restarts"] += 1

    def _once(self, begun: float) -> None:
        """Start the program and wait for its end."""
        try:
            child = self._launch()
        except (OSError, ValueError) as error:
            # As a container does: it ends at once, and its log says why.
            with contextlib.suppress(OSError), self._log.open("a") as log:
                log.write(f"{self._spec['argv'][0]}: {error}\n")
            self._note(phase="exited", exit_code=127, started=begun, finished=begun)
            self._announce()
            return
        self._note(phase="running", pid=child.pid, started=begun, exit_code=None, finished=None)
        self._announce()
        code = self._watch(child)
        # As in a container, nothing outlives the main program.
        kill_marked(str(self._directory), spare=os.getpid())
        self._note(phase="exited", exit_code=code, finished=time.time())

    def _launch(self) -> subprocess.Popen[bytes]:
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o664)
        try:
            return subprocess.Popen(
                self._spec["argv"],
                env=dict(os.environ) | self._spec["env"],
                cwd=self._spec["cwd"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_in_child,
            )
        finally:
            os.close(log)

    def _watch(self, child: subprocess.Popen[bytes]) -> int:
        while child.poll() is None:
            got = signal.sigtimedwait({signal.SIGCHLD, signal.SIGTERM}, _LOG_CHECK)
            if got is not None and got.si_signo == signal.SIGTERM:
                self._stopping = True
                child.terminate()
            self._trim_log()
        code = child.returncode
        return 128 - code if code < 0 else code  # as a shell and Docker count signals

    def _trim_log(self) -> None:
        """Give back the blocks of all but a log's last part when it has grown too large.

        Every byte keeps its place, so who reads on by offset misses nothing that is kept.
        """
        with contextlib.suppress(OSError):
            log = os.open(self._log, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                found = os.fstat(log)
                if found.st_blocks * 512 > _LOG_LIMIT:
                    _punch(log, found.st_size - _LOG_LIMIT // 2)
            finally:
                os.close(log)

    def _note(self, **changes: Any) -> None:
        self._state |= changes
        write_json(self._directory / "state.json", self._state)

    def _announce(self) -> None:
        if self._ready is not None:
            os.close(self._ready)
            self._ready = None


def _punch(descriptor: int, length: int) -> None:
    """Make the first `length` bytes of a file a hole; where that cannot be, it keeps them."""
    libc = ctypes.CDLL(None)
    libc.fallocate.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64]
    libc.fallocate(descriptor, _PUNCH_HOLE | _KEEP_SIZE, 0, length)


def _in_child() -> None:
    """Between fork and exec: die with the supervisor, and take signals again."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD, signal.SIGTERM})


def _run(directory: Path, ready: int) -> None:
    os.set_inheritable(ready, False)
    if os.fork():
        os._exit(0)  # the engine waits for this process; init adopts the one that stays
    os.setsid()
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM})
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return  # another one was faster: it runs, which is all that was asked for
    Supervisor(directory, ready).run()


def _shell(directory: Path) -> None:
    spec = json.loads((directory / "container.json").read_text())
    env = surroundings(directory) | {"TERM": os.environ.get("TERM", "dumb")} | spec["env"]
    program = shutil.which("bash") or "/bin/sh"
    os.chdir(spec["cwd"])
    os.umask(0o002)
    os.execve(program, [program], env)  # noqa: S606


def main(argv: list[str]) -> None:
    """See the module's description."""
    if argv[0] == "shell":
        _shell(Path(argv[1]))
    else:
        _run(Path(argv[1]), int(argv[2]))


if __name__ == "__main__":
    main(sys.argv[1:])
