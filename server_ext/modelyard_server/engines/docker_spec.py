"""Our container specification in Docker's words, and Docker's answer in ours. Pure functions."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import datetime
from pathlib import Path
from typing import Any

from docker.types import DeviceRequest, LogConfig, Mount

from modelyard_server.engines.programs import main_program
from modelyard_server.engines.reach import Reach
from modelyard_server.engines.spec import (
    LABEL_DEVICES,
    LABEL_KIND,
    LABEL_NAME,
    LABEL_SPEC,
    LABEL_WORKSPACE,
    ContainerSpec,
    ContainerState,
    Holding,
    LeasedDevice,
    Phase,
    Place,
    Volume,
    domain_labels,
    labelled_devices,
)
from modelyard_server.engines.spec import Mount as SpecMount

PIDS = 4096
"""Processes and threads in one container: stops a fork bomb, not a data loader."""

_NO_MEMORY_LIMIT_SHM = 2 << 30
_LONGEST_HOST = 63
CDI_KIND = "nvidia.com/gpu"
SECRETS_FILE = "variables.sh"
_LOG = {"max-size": "10m", "max-file": "3"}


def host_config(spec: ContainerSpec, reach: Reach, cdi: Collection[str] = ()) -> dict[str, Any]:
    """Keyword arguments of `APIClient.create_host_config`.

    Parameters
    ----------
    reach: where the mounts lie.
    cdi: names of the devices that the daemon can resolve by CDI.
    """
    config: dict[str, Any] = {
        "init": True,  # reaps zombies, and lets SIGTERM end a program without a handler
        "cap_drop": ["ALL"],
        "security_opt": ["no-new-privileges"],
        "pids_limit": PIDS,
        "mounts": [
            Mount(
                target=reach.inside(each.place),
                source=str(reach.here(each.place)),
                type="bind",
                read_only=each.read_only,
            )
            for each in (*spec.mounts, *_secret_mounts(spec))
        ],
        "network_mode": spec.networks[0],
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
    if requests := device_requests(spec.devices, cdi):
        config["device_requests"] = requests
    if paths := [path for each in spec.devices for path in each.paths]:
        config["devices"] = [f"{path}:{path}:rwm" for path in dict.fromkeys(paths)]
        config["group_add"] = device_groups(paths)
    if spec.restart:
        config["restart_policy"] = {"Name": "unless-stopped"}
    return config


def _secret_mounts(spec: ContainerSpec) -> list[SpecMount]:
    place = Place(Volume.SECRETS, spec.container)
    return [SpecMount(place=place, read_only=True)] if spec.secrets else []


def command(spec: ContainerSpec, reach: Reach) -> list[str]:
    """The main program, with its output and its secrets led where they belong."""
    secrets = reach.inside(Place(Volume.SECRETS, spec.container) / SECRETS_FILE)
    return main_program(
        spec.command,
        log=reach.inside(spec.log) if spec.log else "",
        secrets=secrets if spec.secrets else "",
    )


def device_requests(devices: list[LeasedDevice], cdi: Collection[str]) -> list[DeviceRequest]:
    """How Docker is asked for NVIDIA's devices: by CDI where it knows all of them, else by ids."""
    wanted = [each for each in devices if each.kind == "nvidia"]
    if not wanted:
        return []
    names = [cdi_name(each, cdi) for each in wanted]
    if all(names):
        return [DeviceRequest(driver="cdi", device_ids=names)]
    ids = [each.id for each in wanted]
    return [DeviceRequest(driver="nvidia", device_ids=ids, capabilities=[["gpu"]])]


def cdi_name(device: LeasedDevice, cdi: Collection[str]) -> str:
    """The device's CDI name, by uuid or by number; empty when the daemon knows neither."""
    candidates = (f"{CDI_KIND}={device.id}", f"{CDI_KIND}={device.index}")
    return next((each for each in candidates if each in cdi), "")


def device_groups(paths: list[str]) -> list[str]:
    """The groups that own device files: the container's user needs them to open those."""
    return sorted({str(Path(path).stat().st_gid) for path in paths if Path(path).exists()} - {"0"})


def hostname(spec: ContainerSpec) -> str | None:
    """An instance's name, as far as one may be a host's (RFC 1123): its terminals show it.

    None: Docker chooses, or the network belongs to another container.
    """
    if spec.kind != "instance" or spec.networks[0].startswith("container:"):
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
        phase=phase,
        exit_code=now.get("ExitCode") if ended else None,
        oom=bool(now.get("OOMKilled")) and ended,
        error=now.get("Error", ""),
        started=_seconds(now.get("StartedAt", "")),
        finished=_seconds(now.get("FinishedAt", "")) if ended else None,
        restarts=found.get("RestartCount", 0),
        **_labelled(labels),
    )


def listed(row: dict[str, Any]) -> ContainerState:
    """As much of a container's state as a line of Docker's list tells."""
    labels = row.get("Labels") or {}
    return ContainerState(
        container=row["Names"][0].lstrip("/"),
        phase=_phase(str(row.get("State", ""))),
        **_labelled(labels),
    )


def holding(listed: dict[str, Any], since: float | None) -> Holding:
    """A line of Docker's list of containers as what it was given."""
    labels = listed.get("Labels") or {}
    return Holding(
        container=listed["Names"][0].lstrip("/"),
        kind=labels.get(LABEL_KIND, ""),
        name=labels.get(LABEL_NAME, ""),
        workspace=labels.get(LABEL_WORKSPACE, ""),
        devices=labelled_devices(labels.get(LABEL_DEVICES, "")),
        active=listed.get("State") in ("running", "paused", "restarting"),
        ended=listed.get("State") != "created",
        since=since,
    )


def _labelled(labels: dict[str, str]) -> dict[str, Any]:
    """Fields of a state that our labels tell."""
    return {
        "kind": labels.get(LABEL_KIND, ""),
        "name": labels.get(LABEL_NAME, ""),
        "workspace": labels.get(LABEL_WORKSPACE, ""),
        "spec_hash": labels.get(LABEL_SPEC, ""),
        "labels": domain_labels(labels),
    }


def _phase(status: str) -> Phase:
    if status in ("running", "paused", "created"):
        return Phase(status)
    return Phase.EXITED  # exited, dead, removing, or between two attempts of the restart policy


def _seconds(stamp: str) -> float | None:
    """Docker's RFC 3339 time with nanoseconds as seconds since the epoch; None for its zero."""
    if not stamp or stamp.startswith("0001-"):
        return None
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", stamp)).timestamp()
