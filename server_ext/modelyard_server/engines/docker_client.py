"""The connection to a Docker daemon: time limits, and Docker's errors as ours."""

from __future__ import annotations

import os
import re
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import requests
from docker import APIClient
from docker.errors import APIError, DockerException, ImageNotFound
from docker.errors import NotFound as DockerNotFound
from docker.utils import kwargs_from_env
from urllib3.exceptions import HTTPError

from modelyard.errors import (
    FREES_SPACE,
    Conflict,
    EngineUnavailable,
    InUse,
    InvalidInput,
    ModelyardError,
    NotFound,
    StorageFull,
    WrongState,
)
from modelyard_server.engines.base import EngineLost

QUICK = 15
"""Seconds a question about the state may take."""
ACTION = 90
"""Seconds a step on one container may take: a busy disk makes `start` slow."""
BULK = 900
"""Seconds without a byte in what moves layers: commit, build, pull, load."""

_POOL = 32


class DockerClient:
    """Lazily connected, usable from every thread.

    Parameters
    ----------
    base_url: address of the daemon; None: what DOCKER_HOST says, else the local socket.
    """

    def __init__(self, base_url: str | None = None) -> None:
        self.base_url = base_url
        self._apis: dict[int, APIClient] = {}
        self._version = "auto"
        self._lock = threading.Lock()

    @contextmanager
    def calling(self, timeout: int = QUICK) -> Iterator[APIClient]:
        """The API with a time limit, in seconds, for the daemon's silence.

        Raises
        ------
        EngineLost: the daemon does not answer.
        NotFound, Conflict, InvalidInput, …: what the daemon answered, in our words.
        """
        try:
            yield self._api(timeout)
        except ModelyardError:
            raise
        except (DockerException, requests.RequestException, HTTPError, ConnectionError) as error:
            raise self.translated(error) from error

    def _api(self, timeout: int) -> APIClient:
        with self._lock:
            api = self._apis.get(timeout)
            if api is None:
                settings = kwargs_from_env()
                if self.base_url:
                    settings["base_url"] = self.base_url
                api = APIClient(
                    timeout=timeout,
                    version=self._version,
                    max_pool_size=_POOL,
                    **settings,
                )
                self._version = api.api_version
                self._apis[timeout] = api
            return api

    def translated(self, error: Exception) -> ModelyardError:
        """Docker's (or the connection's) error as one of ours."""
        if isinstance(error, APIError):
            return _answered(error)
        # While it negotiates its version, the client tells of a time limit in words only.
        if isinstance(error, requests.Timeout) or "timed out" in str(error):
            return EngineLost(
                "Docker does not answer in time.",
                hint="See what it is doing: sudo journalctl -u docker -n 50",
            )
        return self._unreachable(str(error))

    def _unreachable(self, text: str) -> EngineLost:
        address = self.base_url or os.environ.get("DOCKER_HOST", "")
        if "Permission denied" in text:
            return EngineLost(
                "You may not use Docker on this machine.",
                hint="Run: sudo usermod -aG docker $USER (then log in again)",
            )
        if address:
            return EngineLost(
                f"Docker at {address} does not answer.",
                hint="Start it, or correct DOCKER_HOST.",
            )
        if shutil.which("dockerd") or shutil.which("docker"):
            return EngineLost(
                "Docker is not running.", hint="Start it: sudo systemctl start docker"
            )
        return EngineLost(
            "Docker is not installed.", hint="Install it: sudo apt-get install docker.io"
        )


def _answered(error: APIError) -> ModelyardError:
    text = str(error.explanation or error).strip()
    lower = text.lower()
    if isinstance(error, ImageNotFound):
        return NotFound(f"{text}.", hint="Check the image's name, or pull it.", field="image")
    if isinstance(error, DockerNotFound):
        return NotFound(f"{text}.")
    if "invalid reference format" in lower:
        return InvalidInput(
            "That is not the name of an image.",
            hint="Write it as in `docker pull`: python:3.12-slim.",
            field="image",
        )
    if "no space left on device" in lower:
        return StorageFull("The disk of Docker is full.", hint=FREES_SPACE)
    if port := re.search(
        r"(?:bind for )?[\d.]+:(\d+).*(?:already allocated|already in use)", lower
    ):
        return Conflict(
            f"Port {port.group(1)} of this machine is taken.",
            hint="Choose another port, or stop what listens on it.",
            field="port",
        )
    if "unresolvable cdi devices" in lower:
        return InvalidInput(
            f"Docker does not know the device: {text}.",
            hint="Describe the GPUs anew: sudo nvidia-ctk cdi generate --output="
            "/etc/cdi/nvidia.yaml",
            field="gpus",
        )
    if "could not select device driver" in lower or "nvidia-container" in lower:
        return InvalidInput(
            "Docker cannot give GPUs to containers here.",
            hint="Install the NVIDIA Container Toolkit, or ask for 0 GPUs.",
            field="gpus",
        )
    if "executable file not found" in lower or "no such file or directory: unknown" in lower:
        return InvalidInput(f"The command is not in the image: {text}.", field="image")
    if "non running container" in lower or "is not running" in lower or "is paused" in lower:
        return WrongState(f"{text}.", hint="Start it first.")
    if error.status_code == 409:
        kind = InUse if "being used" in lower or "is using" in lower else Conflict
        return kind(f"{text}.")
    if error.status_code == 400:
        return InvalidInput(f"Docker refused it: {text}.")
    return EngineUnavailable(
        f"Docker could not do it: {text}.", hint="See: sudo journalctl -u docker -n 50"
    )
