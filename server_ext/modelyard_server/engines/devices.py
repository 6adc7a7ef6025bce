"""Devices that are held: who has which is read from what runs, and written down nowhere else.

A container's label names its devices. One that runs (or that its engine is about to start again)
holds them; one that was created or stopped holds nothing, and is given devices anew at its next
start. Hence a crash at any point leaves no device taken by nobody, and gives none out twice:
choosing, creating and starting happen under one lock of the machine.

A request to start may outlive whoever sent it: a time limit passes, a connection breaks, a server
is killed. Therefore a container with devices is started once in its life, and before a device is
given, each container that was made with it and never ran is removed: a request that comes late
finds nothing to start.

Who asked first is served first (`devices_choose`), among all that this server knows of.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import takewhile
from pathlib import Path

from modelyard.errors import InvalidInput, NotEnoughDevices
from modelyard.schema.common import EngineInfo
from modelyard.schema.devices import Device
from modelyard_server.engines.base import Engine, EngineLost
from modelyard_server.engines.devices_choose import Gpus, Request, choose, waits_for
from modelyard_server.engines.devices_holders import Holders, Look
from modelyard_server.engines.devices_inventory import DeviceInventory, Found
from modelyard_server.engines.devices_lock import HOST_LOCK, held
from modelyard_server.engines.spec import Holding, LeasedDevice

Lease = list[LeasedDevice]
"""What a container was given."""

Line = Callable[[], Iterable[Request]]
"""Those that should run, may not have their devices yet, and could take them now."""


class Devices:
    """The devices of one host, for all engines that start containers on it.

    Parameters
    ----------
    inventory: the host's devices.
    engines: gives its engines.
    lock: a file of the host, the same for every server and user on it.
    """

    def __init__(
        self,
        inventory: DeviceInventory,
        engines: Callable[[], Sequence[Engine]],
        lock: Path = HOST_LOCK,
    ) -> None:
        self._inventory = inventory
        self._holders = Holders(engines)
        self._lock = lock
        self._lines: list[Line] = []

    def add_line(self, line: Line) -> None:
        """Let a domain tell who waits: asked each time, so that nobody stays in it by mistake."""
        self._lines.append(line)

    # -- looking ----------------------------------------------------------------------------

    def list(self) -> list[Device]:
        """All devices with who holds them; an engine that does not answer is left out."""
        taken = self._holders.look().held()
        return [
            Device(
                id=each.id,
                name=each.name,
                kind="nvidia" if each.kind == "nvidia" else "path",
                index=each.index,
                memory=each.memory,
                memory_used=each.memory_used,
                utilisation=each.utilisation,
                holders=[*taken.get(each.id, ())],
                processes=[*each.processes],
            )
            for each in self._inventory.list()
        ]

    def usable(self, engine: Engine) -> list[Found]:
        """Those that the engine can give to containers."""
        found = self._inventory.list()
        return [each for each in found if engine.can_give(each.kind)] if found else []

    def count(self, engines: Iterable[Engine], infos: Iterable[EngineInfo]) -> None:
        """Fill in how many devices engines can give, where they answer."""
        named = {engine.name: engine for engine in engines}
        for about in infos:
            with suppress(EngineLost):
                about.gpus = len(self.usable(named[about.name])) if about.available else 0

    # -- waiting ----------------------------------------------------------------------------

    def check(self, engine: Engine, wanted: Gpus, container: str = "") -> None:
        """Whether that could be had now, without taking it.

        Parameters
        ----------
        container: who asks, where it is in the line already.

        Raises
        ------
        InvalidInput: there are not so many.
        NotEnoughDevices: there are, but others hold them, or asked for them before.
        EngineLost: the engine does not answer.
        """
        if wanted.count:
            devices = self._enough(engine, wanted)
            seen = self._holders.look(engine)
            line = self._before(container, seen)
            choose(wanted, devices, seen.held(container), line=line)

    def waiting(self, engine: Engine, request: Request) -> tuple[str, int] | None:
        """What it waits for, in words, and how many are before it; None: it need not wait.

        Raises
        ------
        InvalidInput: it never will have them: there are not so many any more.
        EngineLost: the engine does not answer.
        """
        wanted, container = request.gpus, request.container
        devices = self._enough(engine, wanted)
        seen = self._holders.look(engine)
        taken, line = seen.held(container), self._before(container, seen)
        try:
            choose(wanted, devices, taken, line=line)
        except NotEnoughDevices:
            return waits_for(wanted, devices, taken, line), len(line)
        return None

    def _before(self, container: str, seen: Look) -> Sequence[Request]:
        """Those that asked earlier and could have their devices now; who is in no line is last.

        One on an engine that is silent, or that this server does not have, could not: it keeps its
        place, and nothing is kept for it meanwhile.
        """
        has = {each.container for each in seen.active}
        if container in has:
            return []  # what runs keeps what it has, whoever may have asked before
        line = sorted(
            (each for waiting in self._lines for each in waiting()),
            key=lambda each: (each.since, each.container),
        )
        return [
            each
            for each in takewhile(lambda each: each.container != container, line)
            if each.container not in has and each.engine in seen.answered
        ]

    # -- giving -----------------------------------------------------------------------------

    @contextmanager
    def acquire(self, engine: Engine, request: Request) -> Iterator[Lease]:
        """Choose devices for a container, which must be created and started in the block.

        No other server, thread or engine of the machine chooses meanwhile. From the start of
        the container on, its label holds them; where it fails to start, nothing does.

        Parameters
        ----------
        request: whose container; one that runs keeps what it has, any other is made anew.

        Raises
        ------
        InvalidInput: there are not so many.
        NotEnoughDevices: there are, but others hold them, or asked for them before.
        EngineLost: the engine does not answer.
        """
        container, wanted = request.container, request.gpus
        if not wanted.count:
            yield []
            return
        with held(self._lock):
            devices = self._enough(engine, wanted)
            seen = self._holders.look(engine)
            self._holders.settle(seen)
            line = self._before(container, seen)
            chosen = choose(
                wanted, devices, seen.held(container), before=seen.had(container), line=line
            )
            lease = [_leased(each, wanted) for each in chosen]
            self._rule_out_late_starts(seen, container, lease)
            self._holders.starting(engine, _assumed(request, lease))
            try:
                yield lease
            except EngineLost:
                raise  # whether it runs is not known
            except BaseException:
                self._holders.settled(container)
                raise
            self._holders.settled(container)

    def _rule_out_late_starts(self, seen: Look, container: str, lease: Lease) -> None:
        """Remove what a request that comes late could start on devices that are given now."""
        given = {each.id: each.shared for each in lease}
        for engine, each in seen.idle:
            unstarted = not each.ended and any(
                device.id in given and not (device.shared and given[device.id])
                for device in each.devices
            )
            if unstarted or each.container == container:
                engine.remove(each.container)

    def _enough(self, engine: Engine, wanted: Gpus) -> Sequence[Found]:
        devices = self.usable(engine)
        if 0 <= wanted.count <= len(devices):
            return devices
        there = len(devices)
        have = "no GPU" if there == 0 else f"{there} GPU{'s' if there > 1 else ''}"
        raise InvalidInput(
            f"{wanted.count} GPUs were asked for, and this machine has {have}.",
            hint=f"Use gpus=0 to {there}." if there else "Use gpus=0.",
            field="gpus",
        )


def _leased(found: Found, wanted: Gpus) -> LeasedDevice:
    return LeasedDevice(
        id=found.id,
        kind=found.kind,
        index=found.index,
        paths=[*found.paths],
        shared=wanted.shared,
    )


def _assumed(request: Request, lease: Lease) -> Holding:
    """What a container holds if it runs."""
    return Holding(
        container=request.container,
        kind=request.kind,
        name=request.name,
        workspace=request.workspace,
        devices=lease,
        active=True,
        since=time.time(),
    )
