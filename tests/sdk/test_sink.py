"""A run's spool file in a process that has other files, threads and forks."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from modelyard.errors import WrongState
from modelyard.tracking.sink import Sink


def _strangers(folder: Path, count: int) -> list[int]:
    """Files that take the numbers of descriptors which were just closed."""
    return [os.open(folder / f"stranger-{n}", os.O_RDWR | os.O_CREAT) for n in range(count)]


def test_a_line_after_the_end_goes_into_nobodys_file(tmp_path: Path) -> None:
    sink = Sink(tmp_path, "a")
    sink.write(b"one\n")
    sink.close()
    strangers = _strangers(tmp_path, 2)
    with pytest.raises(WrongState, match="ended"):
        sink.write(b"two\n")
    sink.close()  # again: silent
    assert sink.size == 0
    for stranger in strangers:
        assert os.fstat(stranger).st_size == 0
        os.close(stranger)
    assert sink.path.read_bytes() == b"one\n"


def test_a_fork_of_a_fork_keeps_its_files(tmp_path: Path) -> None:
    sink = Sink(tmp_path, "a")
    sink.forked()
    strangers = _strangers(tmp_path, 1)
    sink.forked()
    os.fstat(strangers[0])
    sink.write(b"still\n")
    sink.close()
    os.close(strangers[0])
    assert sink.path.read_bytes() == b"still\n"


def test_threads_that_log_while_the_run_ends(tmp_path: Path) -> None:
    for number in range(20):
        sink = Sink(tmp_path, str(number))
        begun = threading.Barrier(5)
        refused = []

        def log(sink: Sink = sink, begun: threading.Barrier = begun) -> None:
            begun.wait()
            try:
                for _ in range(1_000_000):
                    sink.write(b"x\n")
            except WrongState:
                refused.append(True)  # noqa: B023 - joined below

        threads = [threading.Thread(target=log) for _ in range(4)]
        for thread in threads:
            thread.start()
        begun.wait()
        sink.close()
        strangers = _strangers(tmp_path, 4)
        for thread in threads:
            thread.join()
        assert [os.fstat(stranger).st_size for stranger in strangers] == [0] * 4
        assert len(refused) == 4
        for stranger in strangers:
            os.close(stranger)


SIGNALLED = """
import signal, sys
from pathlib import Path
from modelyard.tracking.sink import Sink
sink = Sink(Path(sys.argv[1]), "a")
signal.signal(signal.SIGALRM, lambda *_: sink.write(b"handler\\n"))
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
for _ in range(100_000):
    sink.write(b"loop\\n")
signal.setitimer(signal.ITIMER_REAL, 0)
sink.close()
"""


def test_a_signal_handler_may_print(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", SIGNALLED, str(tmp_path)], check=True, timeout=60)
    lines = next(tmp_path.glob("a*")).read_bytes().splitlines()
    assert lines.count(b"loop") == 100_000
    assert b"handler" in lines
