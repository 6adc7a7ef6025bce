"""Waiting: one line of progress, an end in time, and Ctrl-C that says what goes on."""

from __future__ import annotations

import _thread
import threading
from collections.abc import Iterator

import pytest

from modelyard.errors import NotConnected, NotFound, WaitTimeout
from modelyard.waiting import wait_until


def states(*names: str) -> Iterator[str]:
    yield from names
    while True:
        yield names[-1]


def test_progress_is_one_line_and_the_longer_is_erased(capsys: pytest.CaptureFixture[str]) -> None:
    steps = states("creating - building 3/7", "creating - building 3/7", "running")
    done = wait_until(
        lambda: next(steps), lambda s: s == "running", what="It", timeout=60, line=lambda s: s
    )
    assert done == "running"
    shown = capsys.readouterr().out
    assert shown == "\rcreating - building 3/7\rrunning                \n"


def test_too_late_says_what_was_seen_last(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(WaitTimeout, match="last seen: creating") as late:
        wait_until(lambda: "creating", lambda _: False, what="'e'", timeout=0, line=lambda s: s)
    assert "timeout=" in late.value.hint
    assert capsys.readouterr().out.endswith("\n")


def test_a_restart_of_the_server_does_not_end_a_wait() -> None:
    answers = iter(["creating", NotConnected("gone"), NotConnected("gone"), "running"])

    def ask() -> str:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert wait_until(ask, lambda s: s == "running", what="It", timeout=60) == "running"


def test_a_server_that_is_not_there_is_said_at_once() -> None:
    def ask() -> str:
        raise NotConnected("nobody there")

    with pytest.raises(NotConnected, match="nobody there"):
        wait_until(ask, lambda _: True, what="It", timeout=60)


def test_a_server_that_stays_away_ends_the_wait_in_time() -> None:
    answers = iter(["creating"])

    def ask() -> str:
        for answer in answers:
            return answer
        raise NotConnected("gone")

    with pytest.raises(NotConnected, match="gone"):
        wait_until(ask, lambda _: False, what="It", timeout=0.05)


def test_an_interrupt_says_what_goes_on() -> None:
    asked = threading.Event()

    def fetch() -> str:
        if not asked.is_set():
            asked.set()
            _thread.interrupt_main()  # as Ctrl-C does: it arrives somewhere in the wait
        return "creating"

    with pytest.raises(KeyboardInterrupt) as caught:
        wait_until(fetch, lambda _: False, what="Instance 'a'", timeout=60, line=lambda s: s)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    assert "Instance 'a' goes on in the background" in str(caught.value)
    # The frames below us, of sockets and sleeps, are not for the user.
    assert [entry.name for entry in caught.traceback][1:] == ["wait_until"]


def test_what_the_server_says_ends_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    answers = states("creating", "gone")

    def fetch() -> str:
        if next(answers) == "gone":
            raise NotFound("It is gone.")
        return "creating"

    with pytest.raises(NotFound):
        wait_until(fetch, lambda _: False, what="It", timeout=60, line=lambda s: s)
    assert capsys.readouterr().out == "\rcreating\n"
