"""Where the lines of a run's spool go: the server's spool directory, or a file that is posted."""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

from modelyard.client import Client
from modelyard.errors import (
    FREES_SPACE,
    ModelyardError,
    NotConnected,
    NotFound,
    StorageFull,
    WrongState,
)
from modelyard.schema.tracking import LogAck
from modelyard.tracking.spool import lock_name, spool_name

_PIECE = 1 << 20
_INTERVAL = 0.2
"""Seconds that a poster gathers lines."""
_HEARTBEAT = 30.0
"""Seconds without lines after which it posts an empty piece."""
_SLOWEST = 10.0
"""Seconds between attempts when the server does not answer."""


class Sink:
    """A spool file that is appended to.

    Parameters
    ----------
    folder: ours of the server's spool, or a temporary one.
    run_id: names the file.

    Raises
    ------
    OSError: the file cannot be made there.
    """

    def __init__(self, folder: Path, run_id: str) -> None:
        self.path = folder / spool_name(run_id)
        self._lock_path = folder / lock_name(run_id)
        mode = 0o666  # less the umask; the server may be another user of the same group
        self._lock = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(self.path, flags, mode)
        except OSError:
            os.close(self._lock)
            raise
        self._torn = False
        # A closed descriptor's number may be another thread's socket a moment later: nobody may
        # write to it or close it again.
        # RLock: a signal handler may print, and so write, while its own thread is writing.
        self._use = threading.RLock()

    @property
    def size(self) -> int:
        """Bytes written so far, by forked processes too."""
        with self._use:
            return os.fstat(self._file).st_size if self._file >= 0 else 0

    def write(self, line: bytes) -> None:
        """Append a line with one system call.

        Raises
        ------
        StorageFull: the disk is full; the line is not there. WrongState: it is closed.
        """
        with self._use:
            if self._file < 0:
                raise WrongState(
                    "The run has ended meanwhile: what came later was not logged.",
                    hint="End a run after the threads that log to it.",
                )
            if self._torn:
                line = b"\n" + line  # end the torn one: it is skipped, this one is read
            try:
                written = os.write(self._file, line)
            except OSError as error:
                raise _full(error) from error
            self._torn = written != len(line)
            if self._torn:
                raise _full(None)

    def forked(self) -> None:
        """In a forked child: the lock is the parent's, and must end with it."""
        self._use = threading.RLock()  # another thread of the parent may have held it
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def deliver(self, timeout: float) -> None:
        """See to it that the server gets all there is; here it reads by itself."""

    def close(self) -> None:
        """Write no more. The server removes the files once it has read them."""
        with self._use:
            for descriptor in (self._file, self._lock):
                if descriptor >= 0:
                    os.close(descriptor)
            self._file = self._lock = -1

    def discard(self) -> None:
        """Close and remove: the run was refused."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._lock_path.unlink(missing_ok=True)


class PostedSink(Sink):
    """A spool that a background thread posts: for machines that share no directory with the server.

    The file is the buffer: a server that is down or a lost network costs no memory.
    """

    def __init__(self, client: Client, run_id: str) -> None:
        self._folder = tempfile.mkdtemp(prefix="modelyard-run-")
        super().__init__(Path(self._folder), run_id)
        self._client = client
        self._url = f"/runs/{run_id}/spool"
        self._sent = 0
        self._state = threading.Condition()
        self._closed = False
        self._error: ModelyardError | None = None
        self._wanted = False
        self._thread = threading.Thread(target=self._post_all, name="modelyard-post", daemon=True)
        self._thread.start()

    def deliver(self, timeout: float) -> None:
        """Wait until the server holds all there is now.

        Raises
        ------
        NotConnected: it does not answer within `timeout` seconds, or has no such run any more.
        """
        wanted = self.size
        with self._state:
            self._wanted = True
            self._state.notify_all()
            done = self._state.wait_for(
                lambda: self._sent >= wanted or isinstance(self._error, NotFound), timeout
            )
            if not done or isinstance(self._error, NotFound):
                reason = f" ({self._error.message})" if self._error else ""
                raise NotConnected(
                    f"The server did not take what the run logged{reason}.",
                    hint=f"It is kept in {self.path}.",
                )

    def close(self) -> None:
        """Stop posting; the file goes when all of it was sent."""
        with self._state:
            if self._closed:
                return
            self._closed = True
            self._state.notify_all()
        self._thread.join(_SLOWEST)
        delivered = self._sent >= self.size
        super().close()
        if delivered:
            self._remove()

    def discard(self) -> None:
        """Close and remove: the run was refused."""
        self.close()
        self._remove()

    def _remove(self) -> None:
        self.path.unlink(missing_ok=True)
        self._lock_path.unlink(missing_ok=True)
        with suppress(OSError):
            Path(self._folder).rmdir()

    def _post_all(self) -> None:
        pause, heard = _INTERVAL, time.monotonic()
        while True:
            with self._state:
                self._state.wait_for(lambda: self._closed or self._wanted, pause)
                if self._closed:
                    return
            if self.size <= self._sent and time.monotonic() - heard < _HEARTBEAT:
                with self._state:
                    self._wanted = False
                continue
            try:
                self._post()
                pause, heard = _INTERVAL, time.monotonic()
            except ModelyardError as error:
                with self._state:
                    self._error, self._wanted = error, False
                    self._state.notify_all()
                pause = min(_SLOWEST, pause * 2)

    def _post(self) -> None:
        with self.path.open("rb") as file:
            file.seek(self._sent)
            data = file.read(_PIECE)
            while data and b"\n" not in data and (more := file.read(_PIECE)):
                data += more  # a line longer than a piece
        answer = self._client.request(
            "POST", self._url, params={"offset": self._sent}, content=data, kind=LogAck
        )
        with self._state:
            self._sent, self._error = answer.offset, None
            self._state.notify_all()


def open_sink(client: Client, run_id: str) -> Sink:
    """Our folder of the server's spool where it can be written to, else a posted file.

    Raises
    ------
    StorageFull: neither can be written.
    """
    if client.spool is not None:
        with suppress(OSError):
            return Sink(client.spool, run_id)
    try:
        return PostedSink(client, run_id)
    except OSError as error:
        raise StorageFull(
            f"There is no place for the log of the run ({error.strerror or error}).",
            hint="Free some space in the directory for temporary files, or set TMPDIR.",
        ) from error


def _full(error: OSError | None) -> StorageFull:
    reason = f" ({error.strerror})" if error is not None else ""
    return StorageFull(
        f"The run's log cannot be written{reason}.",
        hint=f"The run goes on meanwhile. {FREES_SPACE}",
    )
