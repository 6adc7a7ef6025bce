"""The skeleton of all converging, with a domain of names and an engine that runs nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from modelyard_server.core import lane as module
from modelyard_server.core.converge import Converger
from modelyard_server.core.converged import Again
from modelyard_server.core.crashes import Attempts, CrashWindow
from tests.server_support import wait_for


class Nothing:
    """An engine without containers, which tells of changes when a test says so."""

    name = "nothing"

    def __init__(self) -> None:
        self.looks = 0
        self.tell: Callable[[], None] = lambda: None

    def list(self, workspace: str) -> list[Any]:
        self.looks += 1
        return []

    def remove(self, container: str) -> None:
        raise AssertionError(container)

    def watch(self, workspace: str, changed: Callable[[], None]) -> Callable[[], None]:
        self.tell = changed
        return lambda: None


class Names:
    """Objects that are done when `converge` has been called often enough."""

    kinds = ("thing",)

    def __init__(self, *names: str, turns: int) -> None:
        self.left = dict.fromkeys(names, turns)

    def rows(self, engine: str) -> list[Any]:
        return [SimpleNamespace(name=name) for name in self.left]

    def containers(self, row: Any) -> tuple[()]:
        return ()

    def due(self, row: Any, seen: Any) -> bool:
        return self.left[row.name] > 0

    def converge(self, key: str) -> Again | None:
        self.left[key] -= 1
        return Again(0.0) if self.left[key] % 2 else None

    def owner(self, container: Any) -> str:
        return container.name

    def changed(self, key: str, /) -> None:
        pass

    def lost(self, engine: str) -> None:
        pass


def _converger(domain: Any, engine: Nothing) -> Converger:
    return Converger("test", domain, [engine], "w", lambda: None, logging.getLogger("test"))


def test_no_turn_is_lost_between_a_worker_and_its_lane(monkeypatch: Any) -> None:
    """Looks by the clock alone would take far longer than the deadline."""
    monkeypatch.setattr(module, "_BREATH", 0.0)
    domain = Names("a", "b", "c", turns=1000)
    converger = _converger(domain, Nothing())
    converger.start()
    wait_for(lambda: max(domain.left.values()) <= 0, 14, "all are done")
    converger.stop()


class Patient(Names):
    """Names that are to be looked at again in an hour, unless something is wanted of them."""

    def __init__(self) -> None:
        super().__init__("a", turns=1000)
        self.turns = 0
        self.begun, self.goes_on = threading.Event(), threading.Event()

    def converge(self, key: str) -> Again | None:
        self.turns += 1
        self.begun.set()
        assert self.goes_on.wait(10)
        return Again(3600.0)


def test_what_is_wanted_while_a_step_is_under_way_does_not_wait_for_its_pause() -> None:
    domain = Patient()
    converger = _converger(domain, Nothing())
    converger.start()
    assert domain.begun.wait(10)
    converger.lane("nothing").wake("a")
    domain.goes_on.set()
    wait_for(lambda: domain.turns == 2, 10, "it is acted on at once")
    converger.stop()


def test_others_that_change_without_end_cost_a_look_now_and_then() -> None:
    engine = Nothing()
    converger = _converger(Names(turns=0), engine)
    converger.start()
    wait_for(lambda: engine.looks, 10, "it has looked")
    before = engine.looks
    storm = threading.Event()
    for _ in range(1000):
        engine.tell()
        storm.wait(0.0002)
    wait_for(lambda: engine.looks > before, 10, "it has looked again")
    assert engine.looks - before < 500
    converger.stop()


def test_a_crash_window_counts_lives_not_looks() -> None:
    window = CrashWindow(3, within=60.0)
    assert not any(window.count("a", life) for life in (1, 1, 2, 2, 2))
    assert not window.count("b", 3)
    assert window.count("a", 3)
    assert not window.count("a", 4)


class Puzzling(Names):
    """Names of which one cannot even be looked at."""

    kinds = ("thing",)

    def __init__(self, *names: str, puzzling: str, method: str) -> None:
        super().__init__(*names, turns=1)
        self.puzzling, self.method = puzzling, method

    def _puzzle(self, method: str, name: str) -> None:
        if (method, name) == (self.method, self.puzzling):
            raise ValueError(name)

    def containers(self, row: Any) -> tuple[str, ...]:  # type: ignore[override]
        self._puzzle("containers", row.name)
        return (f"{row.name}-1",)

    def due(self, row: Any, seen: Any) -> bool:
        self._puzzle("due", row.name)
        return super().due(row, seen)

    def owner(self, container: Any) -> str:
        self._puzzle("owner", container.name)
        return container.name

    def changed(self, key: str, /) -> None:
        self._puzzle("changed", key)


class Full(Nothing):
    """An engine with containers of 'a' and 'b', and one of nobody."""

    def __init__(self) -> None:
        super().__init__()
        self.there = {"a-1": "a", "b-1": "b", "c-1": "c"}

    def list(self, workspace: str) -> list[Any]:
        return [
            SimpleNamespace(container=container, kind="thing", name=name)
            for container, name in self.there.items()
        ]

    def remove(self, container: str) -> None:
        del self.there[container]


@pytest.mark.parametrize("method", ["containers", "due", "owner", "changed"])
def test_a_row_that_cannot_be_looked_at_holds_up_no_other(method: str) -> None:
    domain, engine = Puzzling("a", "b", puzzling="a", method=method), Full()
    converger = _converger(domain, engine)
    lane = converger.lane("nothing")
    for _ in range(2):
        lane.look()
        lane.workers.settle(10)
    assert domain.left["b"] <= 0
    assert set(engine.there) == {"a-1", "b-1"}  # the orphan is swept, and nobody's else
    assert (converger.trouble("nothing", "a") is not None) == (method in ("containers", "due"))
    domain.puzzling = ""
    lane.look()
    lane.workers.settle(10)
    assert domain.left["a"] <= 0
    assert converger.trouble("nothing", "a") is None


def test_attempts_in_vain_are_counted_however_long_each_took() -> None:
    attempts = Attempts(3)
    assert not any(attempts.count("a", life) for life in (1, 1, 2, 2))
    attempts.succeeded("a")
    assert not any(attempts.count("a", life) for life in (2, 3, 4))
    assert not attempts.count("b", 3)
    assert attempts.count("a", 5)
    assert not attempts.count("a", 6)


class Late(Names):
    """While its rows are read, another object is made and acted on."""

    def __init__(self) -> None:
        super().__init__(turns=0)
        self.made: Callable[[], None] = lambda: None

    def rows(self, engine: str) -> list[Any]:
        found = super().rows(engine)
        self.made()
        return found

    def converge(self, key: str) -> Again | None:
        return Again(1000.0)


def test_a_look_forgets_nothing_of_what_was_made_meanwhile() -> None:
    domain = Late()
    lane = _converger(domain, Nothing()).lane("nothing")

    def made() -> None:
        domain.made = lambda: None
        domain.left["late"] = 1
        lane.begin("late")
        lane.workers.settle(10)
        wait_for(lambda: "late" in lane._again, 10, "it waits for its next turn")

    domain.made = made
    lane.look()
    assert "late" in lane._again
    del domain.left["late"]
    lane.look()
    assert "late" not in lane._again
