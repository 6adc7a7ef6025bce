"""The engines of a server, several at once. An object keeps the one it was made on."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence

from modelyard.errors import EngineUnavailable, InvalidInput, ModelyardError, NotFound, NotPermitted
from modelyard.schema.common import EngineInfo
from modelyard_server.engines.base import Ability, Engine, image_engine
from modelyard_server.engines.names import AUTO
from modelyard_server.engines.spec import BASE_IMAGE, ContainerSpec, Phase


class Engines:
    """Finds engines by name.

    Parameters
    ----------
    engines: in the order in which they are preferred for new objects.
    """

    def __init__(self, engines: Sequence[Engine]) -> None:
        self._engines = {engine.name: engine for engine in engines}
        self.default: Engine = engines[-1]
        """What a new object is made on when its maker names no engine; see `decide`."""
        self._instead = ("", "")

    def __iter__(self) -> Iterator[Engine]:
        return iter(self._engines.values())

    def of(self, name: str) -> Engine:
        """The engine that an object was made on.

        Raises
        ------
        EngineUnavailable: this server has none of that name.
        """
        if name not in self._engines:
            raise EngineUnavailable(
                f"This server has no engine '{name}'.", hint=f"It has: {self._names()}."
            )
        return self._engines[name]

    def chosen(self, name: str) -> Engine:
        """The engine for a new object; empty: the default.

        Raises
        ------
        InvalidInput: there is no such engine.
        """
        if not name:
            return self.default
        if name not in self._engines:
            raise InvalidInput(
                f"There is no engine '{name[:40]}'.", hint=f"Use: {self._names()}.", field="engine"
            )
        return self._engines[name]

    def decide(self, wanted: str, in_use: Collection[str]) -> None:
        """Choose the default, for as long as the server runs.

        Parameters
        ----------
        wanted: the name of an engine, which is then the default whether it answers or not; or
            `auto`: the first that can be used now. A workspace that has objects on an engine
            never falls back behind it by itself: what was isolated in containers must not go on
            as plain processes because Docker is down today.
        in_use: names of the engines that the workspace has objects on.
        """
        self._instead = ("", "")
        if wanted != AUTO:
            self.default = self.chosen(wanted)
            if Ability.IMAGES not in self.default.abilities:
                hint = "For containers, start with: modelyard up --engine docker"
                self._instead = (f"The {wanted} engine was chosen.", hint)
            return
        for engine in self:
            self.default = engine
            if engine.name in in_use:
                return
            missing = _missing(engine)
            if missing is None:
                return
            self._instead = missing

    @property
    def group(self) -> int:
        """Group whose members may knock at the server's socket: that of containers' users.

        Where the server is not root, they run as its own user.
        """
        return next((engine.user()[1] for engine in self if isolates(engine)), os.getgid())

    def default_info(self) -> EngineInfo:
        """About the default engine, and why it is not a better one. Asks it; never raises."""
        about = _about(self.default)
        message, hint = self._instead
        if about.available and message:
            about.message, about.hint = f"{about.message} {message}", hint
        return about

    def infos(self) -> list[EngineInfo]:
        """About each. Asks them; never raises."""
        return [_about(engine) for engine in self]

    def check_instances(self, engine: Engine) -> None:
        """See that an instance can be on an engine.

        Raises
        ------
        InvalidInput: no kernel could be started on it.
        """
        if Ability.EXEC in engine.abilities:
            return
        able = ", ".join(each.name for each in self if Ability.EXEC in each.abilities)
        raise InvalidInput(
            f"The engine '{engine.name}' takes no instances: it starts no kernels.",
            hint=f"Use: {able}." if able else "",
            field="engine",
        )

    def check_confinement(self, engine: Engine, confined: bool) -> None:
        """See that somebody in a container starts nothing outside of one.

        Raises
        ------
        NotPermitted: `confined`, and the engine isolates nothing.
        """
        if confined and not isolates(engine):
            raise NotPermitted(
                "What runs in a container may start nothing outside of containers.",
                hint=f"For the engine '{engine.name}' use the sidebar, or a kernel of JupyterLab's "
                "own.",
                field="engine",
            )

    def _names(self) -> str:
        return ", ".join(self._engines)


def isolates(engine: Engine) -> bool:
    """Whether programs on it see no files, processes or loopback interface but their own."""
    return Ability.ISOLATION in engine.abilities


def _about(engine: Engine) -> EngineInfo:
    """What it says of itself, and what it is able to."""
    about = engine.info()
    about.isolated = isolates(engine)
    about.instances = Ability.EXEC in engine.abilities
    return about


def bring_up(engine: Engine, spec: ContainerSpec) -> None:
    """Create and start a container; made again where somebody removes it meanwhile.

    What runs keeps the specification that it was made of: a newer version of Modelyard, or a proxy
    that was changed, must not end kernels or requests. The new one counts from the next start on.

    Raises
    ------
    InvalidInput: it is to be in several networks, which the engine does not have.
    ModelyardError: as `Engine.create` and `Engine.start`.
    """
    if len(spec.networks) > 1 and Ability.NETWORKS not in engine.abilities:
        raise InvalidInput(
            f"On the engine '{engine.name}' a container cannot be in several networks "
            f"({', '.join(spec.networks)}).",
            hint="Use an engine that isolates containers from each other.",
            field="networks",
        )
    seen = engine.inspect(spec.container)
    if seen is None or seen.phase not in (Phase.RUNNING, Phase.PAUSED):
        engine.create(spec)
    try:
        engine.start(spec.container)
    except NotFound:
        engine.create(spec)
        engine.start(spec.container)


def _missing(engine: Engine) -> tuple[str, str] | None:
    """Why it cannot be used and what mends that; None when it can."""
    about = engine.info()
    if not about.available:
        return about.message, about.hint
    images = image_engine(engine)
    try:
        if images is None or images.has_image(BASE_IMAGE):
            return None
    except ModelyardError as error:
        return error.message, error.hint
    return (
        f"{about.message} answers, but has no base image.",
        "Make one from Debian's packages: sudo modelyard image base",
    )
