"""Our container specification in Docker's words, and Docker's answer in ours. Pure functions."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from docker.types import DeviceRequest, LogConfig, Mount

from modelyard_server.engines.spec import (
    LABEL_KIND,
    LABEL_NAME,
    LABEL_SPEC,
    LABEL_WORKSPACE,
    ContainerSpec,
    ContainerState,
    Phase,
)

PIDS = 4096
"""Processes and threads in one container: stops a fork bomb, not a data loader."""

_NO_MEMORY_LIMIT_SHM = 2 << 30
_LONGEST_HOST = 63
_LOG = {"max-size": "10m", "max-file": "3"}


def host_config(spec: ContainerSpec) -> dict[str, Any]:
    """Keyword arguments of `APIClient.create_host_config`."""
    config: dict[str, Any] = {
        "init": True,  # reaps zombies, and lets SIGTERM end a program without a handler
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": PIDS,
        "mounts": [
            Mount(target=str(m.path), source=str(m.path), type="bind", read_only=m.read_only)
            for m in spec.mounts
        ],
        "network_mode": spec.network,
        "log_config": LogConfig(type=LogConfig.types.JSON, config=_LOG),
        # Docker's 64 MB of /dev/shm break data loaders that share arrays between processes.
        "shm_size": spec.memory // 2 if spec.memory else _NO_MEMORY_LIMIT_SHM,
    }
    if spec.ports:
        config["port_bindings"] = {
            f"{inside}/tcp": ("127.0.0.1", outside) for inside, outside in spec.ports.items()
        }
    if spec.cpus:
        config["nano_cpus"] = int(spec.cpus * 1e9)
    if spec.memory:
        config["mem_limit"] = config["memswap_limit"] = spec.memory
    if spec.gpus:
        config["device_requests"] = [DeviceRequest(count=spec.gpus, capabilities=[["gpu"]])]
    if spec.restart:
        config["restart_policy"] = {"Name": "unless-stopped"}
    return config


def hostname(spec: ContainerSpec) -> str | None:
    """An instance's name, as far as one may be a host's (RFC 1123): its terminals show it.

    None: Docker chooses, or the network belongs to another container.
    """
    if spec.kind != "instance" or spec.network.startswith("container:"):
        return None
    return re.sub(r"[^A-Za-z0-9-]+", "-", spec.name)[:_LONGEST_HOST].strip("-") or None


def environment(spec: ContainerSpec) -> dict[str, str]:
    """The specification's variables over those that a user without passwd entry needs."""
    return {"HOME": "/tmp", "USER": "modelyard", "LANG": "C.UTF-8"} | spec.env  # noqa: S108


def state(found: dict[str, Any]) -> ContainerState:
    """The answer of `inspect` as our state."""
    labels = found["Config"].get("Labels") or {}
    now = found["State"]
    phase = _phase(now.get("Status", ""))
    ended = phase is Phase.EXITED
    return ContainerState(
        container=found["Name"].lstrip("/"),
        kind=labels.get(LABEL_KIND, ""),
        name=labels.get(LABEL_NAME, ""),
        workspace=labels.get(LABEL_WORKSPACE, ""),
        spec_hash=labels.get(LABEL_SPEC, ""),
        phase=phase,
        exit_code=now.get("ExitCode") if ended else None,
        oom=bool(now.get("OOMKilled")) and ended,
        error=now.get("Error", ""),
        started=_seconds(now.get("StartedAt", "")),
        finished=_seconds(now.get("FinishedAt", "")) if ended else None,
        restarts=found.get("RestartCount", 0),
    )


def _phase(status: str) -> Phase:
    if status in ("running", "paused", "created"):
        return Phase(status)
    return Phase.EXITED  # exited, dead, removing, or between two attempts of the restart policy


def _seconds(stamp: str) -> float | None:
    """Docker's RFC 3339 time with nanoseconds as seconds since the epoch; None for its zero."""
    if not stamp or stamp.startswith("0001-"):
        return None
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", stamp)).timestamp()
