"""Devices that are held: who has which is read from what runs, and written down nowhere else.

A container's label names its devices. One that runs (or that its engine is about to start again)
holds them; one that was created or stopped holds nothing, and is given devices anew at its next
start. Hence a crash at any point leaves no device taken by nobody, and gives none out twice:
choosing, creating and starting happen under one lock of the machine.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from modelyard.errors import InvalidInput
from modelyard.schema.common import EngineInfo
from modelyard.schema.devices import Device, DeviceHolder
from modelyard_server.engines.base import Engine, EngineLost
from modelyard_server.engines.devices_choose import Gpus, Held, choose
from modelyard_server.engines.devices_inventory import DeviceInventory, Found
from modelyard_server.engines.devices_lock import HOST_LOCK, held
from modelyard_server.engines.spec import Holding, LeasedDevice

Lease = list[LeasedDevice]
"""What a container was given."""


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
        self._engines = engines
        self._lock = lock
        self._last: dict[str, list[Holding]] = {}

    # -- looking ----------------------------------------------------------------------------

    def list(self) -> list[Device]:
        """All devices with who holds them; an engine that does not answer is left out."""
        taken = self._held(self._holdings())
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

    # -- giving -----------------------------------------------------------------------------

    def check(self, engine: Engine, wanted: Gpus) -> None:
        """Whether that could be had now, without taking it.

        Raises
        ------
        InvalidInput: there are not so many.
        NotEnoughDevices: there are, but others hold them.
        """
        if wanted.count:
            choose(wanted, self._enough(engine, wanted), self._held(self._holdings(engine)))

    @contextmanager
    def acquire(self, engine: Engine, container: str, wanted: Gpus) -> Iterator[Lease]:
        """Choose devices for a container, which must be created and started in the block.

        No other server, thread or engine of the machine chooses meanwhile. From the start of
        the container on, its label holds them; where it fails to start, nothing does.

        Parameters
        ----------
        container: its name; one that runs keeps what it has.

        Raises
        ------
        InvalidInput: there are not so many.
        NotEnoughDevices: there are, but others hold them; names them.
        EngineLost: the engine does not answer.
        """
        if not wanted.count:
            yield []
            return
        with held(self._lock):
            devices = self._enough(engine, wanted)
            holdings = self._holdings(engine)
            taken = self._held(each for each in holdings if each.container != container)
            before = [
                device.id
                for each in engine.given()
                if each.container == container
                for device in each.devices
            ]
            chosen = choose(wanted, devices, taken, before)
            yield [
                LeasedDevice(
                    id=each.id,
                    kind=each.kind,
                    index=each.index,
                    paths=[*each.paths],
                    shared=wanted.shared,
                )
                for each in chosen
            ]

    def _enough(self, engine: Engine, wanted: Gpus) -> list[Found]:
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

    # -- who holds --------------------------------------------------------------------------

    def _holdings(self, asking: Engine | None = None) -> list[Holding]:
        """What is held on all engines of the host.

        One that does not answer counts with what it last said: its containers may well run on.
        """
        found: list[Holding] = []
        for engine in {id(each): each for each in (*self._engines(), asking) if each}.values():
            try:
                self._last[engine.name] = [each for each in engine.given() if each.active]
            except EngineLost:
                if engine is asking:
                    raise
            found += self._last.get(engine.name, [])
        return found

    def _held(self, holdings: Iterator[Holding] | Sequence[Holding]) -> Held:
        taken: dict[str, list[DeviceHolder]] = defaultdict(list)
        for each in holdings:
            for device in each.devices:
                taken[device.id].append(
                    DeviceHolder(
                        kind=each.kind,
                        name=each.name,
                        workspace=each.workspace,
                        shared=device.shared,
                        since=each.since,
                    )
                )
        return taken
