"""How a container reaches the workspace, and the server what the container writes: the one seam.

Specifications name volumes; nobody else builds a path inside a container, the API's address or a
kernel's. Each engine has a `Reach` (`choose.py`). Today there is one kind, `SameHost`: directories
mounted at the same path, a Unix socket, kernels on `ipc://`, locks on files. An engine on another
host brings one of its own: other paths inside, the API over HTTP and no spool (the SDK then posts
what runs log), kernels on TCP with CurveZMQ.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from modelyard_server.core.ownership import share
from modelyard_server.core.paths import Paths
from modelyard_server.engines.spec import Place, Volume

_PORTS = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")


class Reach(Protocol):
    """Where volumes and services of the workspace are, for containers and for the server."""

    def here(self, place: Place) -> Path:
        """Where the server reads and writes it."""
        ...

    def inside(self, place: Place) -> str:
        """Its path in a container that has the volume mounted."""
        ...

    def prepare(self, place: Place, owner: tuple[int, int]) -> None:
        """Make a folder, if it is missing, that programs of `owner` (uid, gid) can write to.

        Raises
        ------
        OSError: it cannot be made.
        """
        ...

    def variables(self, holder: str, base_url: str) -> dict[str, str]:
        """How the SDK finds the API, the spool of a token's holder (`core.holder`) and User files.

        Parameters
        ----------
        base_url: Jupyter's.
        """
        ...

    def meet(self, manager: Any, kernel: str, folder: Place) -> None:
        """Tell a `KernelManager` how clients and the kernel of that id find each other.

        The connection file's path is then as the kernel sees it; it lies in `folder`.
        """
        ...

    def part(self, kernel: str, folder: Place) -> None:
        """Remove what a kernel that has ended leaves behind in `folder`."""
        ...


class SameHost:
    """Containers on the server's own machine: everything is where it is, seen at the same path."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    def here(self, place: Place) -> Path:
        """Where it lies on this machine."""
        paths, part = self._paths, place.part
        match place.volume:
            case Volume.FILES:
                return paths.files / part
            case Volume.SPOOL:
                return paths.spool_of(part)
            case Volume.WORK:
                return paths.compute / part
            case Volume.API:
                return paths.api_socket.parent
            case Volume.KERNELS:
                # Hashed: a socket's path has 107 characters, an instance's name up to 40 of them.
                owner, _, rest = part.partition("/")
                return paths.runtime / "k" / hashlib.sha256(owner.encode()).hexdigest()[:10] / rest
            case Volume.SECRETS:
                return paths.state / "secrets" / part
            case Volume.KEYS | Volume.RUN:
                endpoint, _, rest = part.partition("/")
                return paths.endpoints / endpoint / place.volume.value / rest
            case Volume.CERTS:
                return Path(part)

    def inside(self, place: Place) -> str:
        """The same path."""
        return str(self.here(place))

    def prepare(self, place: Place, owner: tuple[int, int]) -> None:
        """Make the folder and share it."""
        folder = self.here(place)
        folder.mkdir(parents=True, exist_ok=True)
        share(folder, owner)

    def variables(self, holder: str, base_url: str) -> dict[str, str]:
        """The server's Unix socket, the holder's spool folder, User files."""
        socket = quote(str(self._paths.api_socket), safe="")
        return {
            "MODELYARD_URL": f"http+unix://{socket}{base_url}",
            "MODELYARD_SPOOL": self.inside(Place(Volume.SPOOL, holder)),
            "MODELYARD_FILES": self.inside(Place(Volume.FILES)),
        }

    def meet(self, manager: Any, kernel: str, folder: Place) -> None:
        """ZeroMQ over `ipc://`: no port is opened, and `network none` serves kernels, too."""
        if manager.transport == "ipc":
            return  # it comes again, under the same id
        where = self.here(folder)
        manager.transport = "ipc"
        manager.ip = str(where / kernel[:8])
        manager.connection_file = str(where / f"kernel-{kernel}.json")
        for number, port in enumerate(_PORTS, start=1):
            setattr(manager, port, number)

    def part(self, kernel: str, folder: Place) -> None:
        """Remove its files and sockets."""
        where = self.here(folder)
        for file in (*where.glob(f"kernel-{kernel}.*"), *where.glob(f"{kernel[:8]}-*")):
            file.unlink(missing_ok=True)
