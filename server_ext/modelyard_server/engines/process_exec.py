"""Programs beside the main one of a process-engine container."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from modelyard.errors import ServerError
from modelyard_server.engines import process_state, supervise
from modelyard_server.engines.base import UNKNOWN_EXIT
from modelyard_server.engines.process_state import Program
from modelyard_server.engines.programs import wrapped


class ProcessExec:
    """Handle on one program; see `ExecHandle`.

    Parameters
    ----------
    program: what is noted of it; None: nothing is, so it has ended.
    child: set in the server that started it, which alone can learn its exit code.
    """

    def __init__(
        self, program: Program | None, child: subprocess.Popen[bytes] | None = None
    ) -> None:
        self._program = program
        self._child = child

    @property
    def pid(self) -> int | None:
        """Process id."""
        return self._program.pid if self._program else None

    def poll(self) -> int | None:
        """Exit code, or None while it runs; `UNKNOWN_EXIT` when nobody saw how it ended."""
        if self._child is not None:
            code = self._child.poll()
            return 128 - code if code is not None and code < 0 else code
        if self._program is None:
            return UNKNOWN_EXIT
        alive = process_state.identity(self._program.pid) == self._program.identity
        return None if alive else UNKNOWN_EXIT

    def signal(self, signum: int) -> None:
        """Send a signal to its process group; silent when it has ended."""
        if self._program is not None and self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._program.pid, signum)


def start_program(
    directory: Path,
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: str,
    pid_file: Path,
    log_file: Path,
) -> ProcessExec:
    """Start a program and note it in the container's directory; see `Engine.exec`."""
    pid_file.unlink(missing_ok=True)
    try:
        child = subprocess.Popen(
            wrapped(argv, cwd=cwd, pid_file=str(pid_file), log_file=str(log_file)),
            env=dict(env),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        raise ServerError(f"{argv[0]} cannot be started: {error}.") from error
    program = Program(
        pid=child.pid, identity=process_state.identity(child.pid), pid_file=str(pid_file)
    )
    notes = _notes(directory)
    notes.mkdir(exist_ok=True)
    _drop_ended(notes)
    supervise.write_json(notes / f"{child.pid}.json", msgspec.to_builtins(program))
    return ProcessExec(program, child)


def run_script(script: str, env: Mapping[str, str], timeout: float) -> tuple[int | None, str]:
    """Exit code (None after `timeout` seconds) and output of a shell script; see `Engine.check`."""
    child = subprocess.Popen(
        ["sh", "-c", script],
        env=dict(env),
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        text=True,
        errors="replace",
    )
    try:
        output, _ = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        # Not waited for: what hangs in a driver does not even die of this.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        return None, ""
    return child.returncode, output


def attach(directory: Path, pid_file: Path) -> ProcessExec:
    """A handle on a program that an earlier `start_program`, perhaps of another server, began."""
    for note in _notes(directory).glob("*.json"):
        program = process_state.read(note, Program)
        if (
            isinstance(program, Program)
            and program.pid_file == str(pid_file)
            and process_state.identity(program.pid) == program.identity
        ):
            return ProcessExec(program)
    return ProcessExec(None)


def _drop_ended(notes: Path) -> None:
    for note in notes.glob("*.json"):
        program = process_state.read(note, Program)
        if isinstance(program, Program) and not process_state.identity(program.pid):
            note.unlink(missing_ok=True)


def _notes(directory: Path) -> Path:
    return directory / "programs"
