"""Devices on a Docker daemon: what it can give, what it gave, and whether that answers inside."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import yaml

from modelyard.errors import NotFound
from modelyard_server.engines.docker_client import QUICK, DockerClient
from modelyard_server.engines.docker_exec import run_script
from modelyard_server.engines.docker_spec import CDI_KIND, holding, state
from modelyard_server.engines.spec import LABEL_DEVICES, Holding


class DockerDevices:
    """The part of the Docker engine that deals with devices."""

    _client: DockerClient

    def can_give(self, kind: str) -> bool:
        """Device files always; NVIDIA's where the daemon knows CDI names or has its hook."""
        if kind == "path":
            return True
        with self._client.calling(QUICK) as api:
            found = api.info()
        return kind == "nvidia" and (bool(_cdi(found, self._local)) or _has_hook(found))

    def cdi_devices(self) -> frozenset[str]:
        """Names of NVIDIA's devices that the daemon resolves by CDI; empty where it does not."""
        with self._client.calling(QUICK) as api:
            return _cdi(api.info(), self._local)

    def given(self) -> list[Holding]:
        """The containers with devices, of every workspace on the daemon."""
        with self._client.calling(QUICK) as api:
            listed = api.containers(all=True, filters={"label": LABEL_DEVICES})
        return [each for each in map(self._holding, listed) if each is not None]

    def check(self, container: str, script: str, timeout: float) -> tuple[int | None, str]:
        """Exit code and output of a shell script in it; None when it has not ended in time."""
        return run_script(self._client, container, ["sh", "-c", script], timeout)

    def _holding(self, listed: dict[str, Any]) -> Holding | None:
        """What a listed container was given; None: it was removed since."""
        if listed.get("State") not in ("created", "running", "paused"):
            return holding(listed, None)
        try:
            # Docker lists what it is starting as created, and answers this only when that is done.
            with self._client.calling(QUICK) as api:
                found = api.inspect_container(listed["Id"])
        except NotFound:
            return None
        listed = {**listed, "State": found["State"].get("Status")}
        return holding(listed, state(found).started)

    @property
    def _local(self) -> bool:
        """Whether the daemon's files are this machine's."""
        with self._client.calling(QUICK) as api:
            return str(api.base_url).startswith("http+docker://")  # its word for a Unix socket


def _cdi(info: dict[str, Any], local: bool) -> frozenset[str]:
    """What the daemon says it discovered; older ones say only where they look."""
    discovered = [each.get("ID", "") for each in info.get("DiscoveredDevices") or []]
    if not discovered and local:
        for folder in info.get("CDISpecDirs") or []:
            for file in Path(folder).glob("*"):
                discovered += _described(file)
    return frozenset(each for each in discovered if each.startswith(f"{CDI_KIND}="))


def _described(file: Path) -> list[str]:
    """Names in a CDI specification (JSON is YAML, too)."""
    if file.suffix not in (".yaml", ".json"):
        return []
    try:
        found = yaml.safe_load(file.read_text())
        return [f"{found['kind']}={each['name']}" for each in found["devices"]]
    except (OSError, yaml.YAMLError, TypeError, KeyError, UnicodeDecodeError):
        return []


def _has_hook(info: dict[str, Any]) -> bool:
    return "nvidia" in (info.get("Runtimes") or {}) or any(
        map(shutil.which, ("nvidia-container-runtime-hook", "nvidia-container-cli"))
    )
