"""What an engine is told to start, and what it says about what runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum

import msgspec

BASE_IMAGE = "modelyard/base:latest"
"""The image that all others are built on."""

LABEL_PREFIX = "modelyard."
"""All our labels begin so, those of domains as well: an image brings labels of its own."""
LABEL_WORKSPACE = "modelyard.workspace"
LABEL_KIND = "modelyard.kind"
LABEL_NAME = "modelyard.name"
LABEL_SPEC = "modelyard.spec-hash"
LABEL_LOG = "modelyard.log"
"""Where its output goes, as VOLUME:PART."""
LABEL_DEVICES = "modelyard.devices"
"""Ids of the devices it was given: `GPU-1,GPU-2:shared`."""

_STANDARD = (LABEL_WORKSPACE, LABEL_KIND, LABEL_NAME, LABEL_SPEC, LABEL_LOG, LABEL_DEVICES)

_SHARED = ":shared"


class Volume(StrEnum):
    """What of a workspace containers can be shown; where it lies, an engine's `Reach` knows."""

    FILES = "files"
    """User files."""
    SPOOL = "spool"
    """What runs log before the server has read it; a part for each holder of a token."""
    WORK = "work"
    """Venv, home and token of an instance; its part is the instance's name."""
    KERNELS = "kernels"
    """Connection, pid and log files of an instance's kernels; its part is the instance's name."""
    API = "api"
    """What is needed to call the server."""
    CERTS = "certs"
    """A CA bundle of the host, by its path."""
    KEYS = "keys"
    """Hashes of an endpoint's keys; its part is the endpoint's name."""
    RUN = "run"
    """What a scoring server writes; its part is ENDPOINT/DEPLOYMENT."""
    SECRETS = "secrets"
    """Secret variables; its part is a container's name. Mounted by the engine itself."""


class Place(msgspec.Struct, frozen=True):
    """A volume, or a folder or file in it."""

    volume: Volume
    part: str = ""
    """Its path in the volume."""

    def __truediv__(self, name: str) -> Place:
        """What is called `name` in this one."""
        return Place(self.volume, f"{self.part}/{name}" if self.part else name)


class Mount(msgspec.Struct, kw_only=True, frozen=True):
    """A place that a container sees."""

    place: Place
    read_only: bool = False


class Runtime(msgspec.Struct, kw_only=True, frozen=True):
    """An environment made ready for an engine: an image, or an interpreter on this machine."""

    python: str
    """Path of the interpreter, inside the container or on the host."""
    python_version: str
    """`3.11`"""
    paths: list[str]
    """Directories with the environment's packages, for PYTHONPATH or a .pth file."""
    app: str = ""
    """Directory of the added layer (model and scoring script), where there is one."""
    image: str = ""
    """Image reference; empty on the process engine."""


class LeasedDevice(msgspec.Struct, kw_only=True, frozen=True):
    """A device that a container is given."""

    id: str
    kind: str = "nvidia"
    """nvidia or path."""
    index: str = ""
    """NVIDIA's number of it: `0`, of a slice `0:1`."""
    paths: list[str] = []
    """Device files, of kind path."""
    shared: bool = False
    """Others may hold it, too."""


def domain_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Those of a container's labels that its domain gave it."""
    return {
        name: value
        for name, value in labels.items()
        if name.startswith(LABEL_PREFIX) and name not in _STANDARD
    }


def device_label(devices: list[LeasedDevice]) -> str:
    """Value of LABEL_DEVICES."""
    return ",".join(each.id + (_SHARED if each.shared else "") for each in devices)


def labelled_log(label: str) -> Place | None:
    """The place that a LABEL_LOG names."""
    volume, _, part = label.partition(":")
    return Place(Volume(volume), part) if volume in [*Volume] else None


def labelled_devices(label: str) -> list[LeasedDevice]:
    """What `device_label` wrote, as far as it says."""
    return [
        LeasedDevice(id=each.removesuffix(_SHARED), shared=each.endswith(_SHARED))
        for each in label.split(",")
        if each
    ]


class ContainerSpec(msgspec.Struct, kw_only=True):
    """Everything that decides how a container runs. `digest` is over all of it."""

    workspace: str
    """Workspace id."""
    kind: str
    """instance, scoring or port (the holder of an endpoint's port)."""
    name: str
    """Unique within workspace and kind."""
    command: list[str]
    image: str = ""
    env: dict[str, str] = {}
    secrets: dict[str, str] = {}
    """Variables of its main program that the engine shows nobody. They are not part of `digest`,
    which is a label that others could guess them from."""
    mounts: list[Mount] = []
    workdir: str = "/"
    cpus: float = 0.0
    """0: no limit."""
    memory: int = 0
    """Bytes; 0: no limit."""
    devices: list[LeasedDevice] = []
    networks: list[str] = msgspec.field(default_factory=lambda: ["bridge"])
    """The first is bridge, none, `container:NAME` (the one of a container of this engine) or the
    name of a network of the engine; what follows are names of networks that it joins as well, which
    takes `Ability.NETWORKS`."""
    ports: dict[int, int] = {}
    """Port inside -> port on the host's loopback interface."""
    stop_grace: float = 10.0
    """Seconds between SIGTERM and SIGKILL, whoever stops it (the engine's host does, too)."""
    restart: bool = False
    """The engine itself restarts it after a crash or a reboot."""
    log: Place | None = None
    """The file that gets stdout and stderr; None: the engine keeps them in its own way."""
    labels: dict[str, str] = {}
    """What the domain wants to know of a container that it finds; names begin with LABEL_PREFIX."""

    @property
    def container(self) -> str:
        """Name of the container: readable, and unique on the machine."""
        return f"modelyard-{self.workspace[:8]}-{self.kind}-{self.name}"

    @property
    def digest(self) -> str:
        """SHA-256 of all but `secrets`, 16 hex digits: equal means nothing to re-create."""
        fields = msgspec.to_builtins(self, str_keys=True)
        del fields["secrets"]
        raw = msgspec.json.encode(fields, order="deterministic")
        return hashlib.sha256(raw).hexdigest()[:16]

    @property
    def all_labels(self) -> dict[str, str]:
        """Enough to rebuild the picture from the containers alone."""
        found = domain_labels(self.labels) | {
            LABEL_WORKSPACE: self.workspace,
            LABEL_KIND: self.kind,
            LABEL_NAME: self.name,
            LABEL_SPEC: self.digest,
        }
        if self.log is not None:
            found[LABEL_LOG] = f"{self.log.volume.value}:{self.log.part}"
        if self.devices:
            found[LABEL_DEVICES] = device_label(self.devices)
        return found


class Phase(StrEnum):
    """What a container is doing, as every engine can tell."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    EXITED = "exited"


class ContainerState(msgspec.Struct, kw_only=True):
    """What the engine says about one container."""

    container: str
    kind: str
    name: str
    workspace: str
    spec_hash: str
    phase: Phase
    exit_code: int | None = None
    oom: bool = False
    error: str = ""
    started: float | None = None
    finished: float | None = None
    restarts: int = 0
    """How often the engine's restart policy has started it again."""
    packages: list[str] = []
    """Directories of the host that its main program takes packages from, where it needs any."""
    labels: dict[str, str] = {}
    """As `ContainerSpec.labels`."""


class ImageInfo(msgspec.Struct, kw_only=True, frozen=True):
    """An image and what it takes of the disk."""

    tag: str
    size: int
    """Bytes that it adds to the image it is built on."""
    used: float
    """When it got its name last: `tag_image(tag, tag)` says that it is wanted."""
    base: str = ""
    """The one of those listed with it that it is built on; empty: none."""
    in_use: bool = False
    """A container of any workspace, running or not, was made from it."""


class Holding(msgspec.Struct, kw_only=True):
    """A container of any workspace that was given devices."""

    container: str
    kind: str
    name: str
    workspace: str
    devices: list[LeasedDevice]
    """Id and `shared` only: all that the label says."""
    active: bool
    """It runs, or the engine is about to start it again: then it holds them."""
    ended: bool = False
    """It ran, and does not any more; neither this nor active: it was created only."""
    since: float | None = None
    """When it was started, where it is active."""


class LogPiece(msgspec.Struct, kw_only=True):
    """A piece of a container's output."""

    text: str
    offset: int
    """Where it begins, in bytes since the container's output began."""
    next: int
    """Where the next one begins; 0: nobody counts, and every piece is the end of the log."""


class Usage(msgspec.Struct, kw_only=True):
    """Resources in use now."""

    disk: int
    """Bytes of the writable layer."""
    memory: int | None = None
    cpu_percent: float | None = None
