"""Who holds which device, read from what the engines of the host say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import msgspec

from modelyard.schema.devices import DeviceHolder
from modelyard_server.engines.base import Engine, EngineLost
from modelyard_server.engines.devices_choose import Held
from modelyard_server.engines.spec import Holding


class Look(msgspec.Struct, kw_only=True):
    """What was seen at one moment."""

    active: list[Holding]
    """They hold what they were given."""
    idle: list[tuple[Engine, Holding]]
    """Created or ended, where the engine answered: they hold nothing."""
    answered: set[str]
    """Names of the engines that did."""

    def held(self, but: str = "") -> Held:
        """Device id -> who has it, leaving out one container."""
        taken: dict[str, list[DeviceHolder]] = defaultdict(list)
        for each in self.active:
            for device in each.devices if each.container != but else ():
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

    def had(self, container: str) -> list[str]:
        """Ids of the devices that the container has, or had last."""
        known = [*self.active, *(each for _, each in self.idle)]
        return [d.id for each in known if each.container == container for d in each.devices]


class Holders:
    """Asks the engines, and remembers what it may not forget of one that is silent."""

    def __init__(self, engines: Callable[[], Sequence[Engine]]) -> None:
        self._engines = engines
        self._last: dict[str, list[Holding]] = {}
        self._unsure: dict[str, tuple[str, Holding]] = {}
        """Container -> its engine, and what it holds if that started it without a word."""

    def look(self, asking: Engine | None = None) -> Look:
        """Ask every engine of the host.

        One that does not answer counts with what it last said, and with what it may have started
        since: its containers may well run on.

        Raises
        ------
        EngineLost: the one that is `asking` does not answer.
        """
        seen = Look(active=[], idle=[], answered=set())
        for engine in {id(each): each for each in (*self._engines(), asking) if each}.values():
            try:
                given = engine.given()
            except EngineLost:
                if engine is asking:
                    raise
            else:
                seen.answered.add(engine.name)
                self._last[engine.name] = [each for each in given if each.active]
                seen.idle += [(engine, each) for each in given if not each.active]
            seen.active += self._last.get(engine.name, [])
        known = {each.container for each in seen.active}
        for name, holding in [*self._unsure.values()]:
            if name not in seen.answered and holding.container not in known:
                seen.active.append(holding)
        return seen

    def starting(self, engine: Engine, holding: Holding) -> None:
        """A container is about to be started, under the machine's lock."""
        self._unsure[holding.container] = (engine.name, holding)

    def settled(self, container: str) -> None:
        """What became of that start is known."""
        self._unsure.pop(container, None)

    def settle(self, seen: Look) -> None:
        """Forget the doubts that a look answers; under the lock, when nothing is started."""
        created = {each.container for _, each in seen.idle}
        for container, (name, _) in [*self._unsure.items()]:
            if name in seen.answered and container not in created:
                self.settled(container)
