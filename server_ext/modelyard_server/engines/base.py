"""What the rest of the server knows of an engine.

All methods block (they are called in threads) and are idempotent: stopping what is stopped or
removing what is gone returns silently. They raise `EngineLost` when the engine does not answer
and nothing else but errors of the `modelyard.errors` tree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol, cast

from modelyard.errors import EngineUnavailable
from modelyard.schema.common import EngineInfo, Progress
from modelyard_server.engines.layers import Layer
from modelyard_server.engines.reach import Reach
from modelyard_server.engines.spec import (
    ContainerSpec,
    ContainerState,
    Holding,
    ImageInfo,
    LogPiece,
    Place,
    Usage,
)

UNKNOWN_EXIT = -1
"""What `poll` says of a program that ended unseen: its exit code is known to nobody."""

Report = Callable[[Progress], None]
"""Called with what a long action is doing; may be called from any thread."""


class Ability(StrEnum):
    """What an engine may be able to do. It is asked, never guessed from its type or name."""

    IMAGES = "images"
    """Builds and keeps images: it is an `ImageEngine`."""
    EXEC = "exec"
    """Starts programs beside a container's main one, as kernels are: it takes instances."""
    ISOLATION = "isolation"
    """Programs see no files, processes or loopback interface but their own."""
    HOLDS_PORTS = "holds ports"
    """A container can hold a network, with its published ports, that others join."""
    NETWORKS = "networks"
    """A container can be in several networks, see `ContainerSpec.networks`."""


class EngineLost(EngineUnavailable):
    """The engine itself does not answer, or stopped answering: worth trying again when it does.

    Clients see an `EngineUnavailable`. One that is no EngineLost is about something else that
    cannot be had, such as packages, and stays true until somebody mends it.
    """


class ExecHandle(Protocol):
    """A program started beside a container's main one (a kernel)."""

    @property
    def pid(self) -> int | None:
        """Process id as seen by the container, once known."""
        ...

    def poll(self) -> int | None:
        """Exit code, or None while it runs."""
        ...

    def signal(self, signum: int) -> None:
        """Send a signal to its process group; silent when it has ended."""
        ...


class Engine(Protocol):
    """Starts, watches and stops containers."""

    name: str
    abilities: frozenset[Ability]
    reach: Reach
    """How its containers reach the workspace."""

    def info(self) -> EngineInfo:
        """Whether it can be used, and what it has. Never raises."""
        ...

    def user(self) -> tuple[int, int]:
        """uid and gid that containers run as."""
        ...

    def create(self, spec: ContainerSpec) -> None:
        """Create the container if there is none of that name (one of another spec is replaced)."""
        ...

    def start(self, container: str) -> None:
        """Start it; silent when it runs. NotFound when there is none.

        A command that is not there ends at once with 127, and the log says so.
        """
        ...

    def stop(self, container: str, timeout: float | None = None) -> None:
        """SIGTERM, then SIGKILL after `timeout` seconds; None: its `ContainerSpec.stop_grace`."""
        ...

    def terminate(self, container: str) -> None:
        """SIGTERM, without waiting; it is not restarted. Silent when it does not run."""
        ...

    def remove(self, container: str) -> None:
        """Stop it at once and remove it with its writable layer."""
        ...

    def list(self, workspace: str) -> list[ContainerState]:
        """All containers that carry the workspace's label."""
        ...

    def inspect(self, container: str) -> ContainerState | None:
        """One container, None when there is none."""
        ...

    def watch(self, workspace: str, changed: Callable[[], None]) -> Callable[[], None] | None:
        """Call `changed`, from any thread, soon after a container of a workspace has changed.

        Also after one with devices has, in any workspace: others may wait for those.

        Returns
        -------
        What ends that; None: the engine reports nothing, or cannot now.
        """
        ...

    def logs(self, container: str, tail: int = 500) -> str:
        """The last `tail` lines of stdout and stderr, at most 1 MiB."""
        ...

    def log(self, container: str, offset: int | None = None, tail: int = 500) -> LogPiece:
        """At most 1 MiB of stdout and stderr from a byte on; None: the last `tail` lines.

        What is asked for by offset may begin later, where the engine keeps so much no longer.
        """
        ...

    def usage(self, container: str) -> Usage:
        """What it occupies now."""
        ...

    def exec(
        self,
        container: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: str,
        pid_file: Place,
        log_file: Place,
    ) -> ExecHandle:
        """Run a program in a new process group with umask 002, its output going to `log_file`.

        `pid_file` and `log_file` lie in a volume that the container has mounted.
        """
        ...

    def attach(self, container: str, pid_file: Place) -> ExecHandle:
        """A handle on a program that an earlier `exec` started."""
        ...

    def can_give(self, kind: str) -> bool:
        """Whether containers can be given devices of a kind (nvidia or path). Never raises."""
        ...

    def given(self) -> list[Holding]:
        """The containers with devices, of every workspace on the engine's host."""
        ...

    def check(self, container: str, script: str, timeout: float) -> tuple[int | None, str]:
        """Exit code and output of a short shell script in a running container.

        The code is None when it has not ended after `timeout` seconds, whatever it hangs on.
        """
        ...

    def shell(self, container: str) -> list[str]:
        """The argv that opens an interactive shell in it (for a terminal)."""
        ...


def image_engine(engine: Engine) -> ImageEngine | None:
    """The engine as one that builds and keeps images; None when it is not able to."""
    return cast(ImageEngine, engine) if Ability.IMAGES in engine.abilities else None


class ImageEngine(Protocol):
    """The ability to build and keep images."""

    def has_image(self, tag: str) -> bool:
        """Whether the image is there."""
        ...

    def image_id(self, tag: str) -> str:
        """The image's content id. NotFound when there is no such image."""
        ...

    def tag_image(self, tag: str, as_tag: str) -> None:
        """Give an image another name."""
        ...

    def pull(self, reference: str, report: Report) -> None:
        """Fetch from a registry, reporting layers."""
        ...

    def add_layer(
        self,
        base: str,
        tag: str,
        layer: Layer,
        *,
        labels: Mapping[str, str],
        run: Sequence[str] = (),
        report: Report,
    ) -> None:
        """Make the image `tag` of `base` and one layer more.

        `run` is a program that compiles what was added, as root without network; it may fail.
        """
        ...

    def load_rootfs(self, archive: Path, tag: str, labels: Mapping[str, str]) -> None:
        """Make an image from a root file system in a tar archive."""
        ...

    def remove_image(self, tag: str) -> None:
        """Untag it, and remove what nothing else uses. InUse while a container needs it."""
        ...

    def images(self, prefix: str) -> list[str]:
        """Tags that begin with `prefix`."""
        ...

    def image_infos(self, prefixes: Sequence[str]) -> list[ImageInfo]:
        """What images take whose tags begin with one of `prefixes`; those they rest on first."""
        ...

    def writable_layers(self, workspace: str) -> dict[str, int]:
        """Bytes that each container of a workspace has written; looks at all their files."""
        ...

    def run_once(self, image: str, argv: Sequence[str]) -> str:
        """Run a short program without network or mounts and return its output."""
        ...
