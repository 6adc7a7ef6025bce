"""What more than one domain needs."""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

# A name appears in URLs, container names, paths and shell prompts: keep it safe in all of them.
NAME_PATTERN = r"^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$"
NAME_RULE = (
    "1 to 64 letters, digits, '.', '_' or '-', beginning and ending with a letter or a digit"
)

Timestamp = Annotated[float, msgspec.Meta(description="Seconds since the epoch, UTC.")]


def valid_name(name: str) -> bool:
    """Whether `name` can name an instance, a model or an endpoint."""
    return re.fullmatch(NAME_PATTERN, name) is not None


class Progress(msgspec.Struct, kw_only=True):
    """What a long action is doing now."""

    phase: str
    """One word for machines: resolving, fetching, building, pulling, creating, starting, ready;
    waiting: for what others hold."""
    message: str
    """One line for people: 'Building layer 3/7'."""
    fraction: float | None = None
    """0..1 where it is known."""
    since: Timestamp = 0.0


class ErrorInfo(msgspec.Struct, kw_only=True):
    """Body of every error answer, and the `error` field of whatever failed."""

    code: str
    message: str
    hint: str = ""
    field: str = ""


class Change(msgspec.Struct, kw_only=True):
    """One object that changed; `item` is its wire form, absent when it was deleted."""

    domain: str
    """compute, experiment, run, model, endpoint, storage or system."""
    id: str
    op: str
    """updated or deleted."""
    item: Any = None
    omitted: list[str] = []
    """Fields of `item` that are blank because they are large: fetch the object if you show them."""


class ChangeEvent(msgspec.Struct, kw_only=True):
    """Payload of the Jupyter event `https://modelyard.dev/events/changed`.

    `revision` counts up by one an event: a gap (or another `session`) means that events were
    missed and lists must be fetched anew. An event without changes is a heartbeat.
    """

    session: str
    revision: int
    changes: list[Change] = []


class EngineInfo(msgspec.Struct, kw_only=True):
    """What starts containers here."""

    name: str
    """docker or process."""
    available: bool
    version: str = ""
    message: str = ""
    """For people: 'Docker 20.10', or why containers cannot be had."""
    hint: str = ""
    """The command that mends it."""
    cpus: float = 0.0
    memory: int = 0
    """Bytes."""
    gpus: int = 0
    isolated: bool = False
    """Whether programs on it see no files, processes or loopback interface but their own."""
    instances: bool = False
    """Whether compute instances can be on it: it starts kernels."""


class Size(msgspec.Struct, kw_only=True):
    """A named amount of CPU and memory."""

    name: str
    cpus: float
    memory: int
    """Bytes."""
    description: str = ""


class Status(msgspec.Struct, kw_only=True):
    """The workspace and the machine under it."""

    version: str
    workspace_id: str
    workspace: str
    """Directory of the workspace on the server."""
    spool: str
    """Directory on the server's machine in which it reads what the asker's runs log."""
    engine: EngineInfo
    """The default for new objects; its message says why it is not a better one."""
    sizes: list[Size]
    default_size: str
    session: str
    revision: int
    engines: list[EngineInfo] = []
    """All of them, whether they answer or not."""
    problems: list[str] = []
    """Sentences about what does not work at this moment."""
