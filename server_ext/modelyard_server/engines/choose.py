"""Which engine this machine can have."""

from __future__ import annotations

from modelyard.errors import InvalidInput
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Engine
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.spec import BASE_IMAGE

ENGINES = ("auto", "docker", "process")


def choose_engine(paths: Paths, wanted: str = "auto") -> Engine:
    """Docker where it answers and has a base image, else local processes, whose `info` says why.

    Parameters
    ----------
    wanted: auto, docker or process. `docker` is never replaced silently: when it does not
        answer, the engine's `info` and every call say so.

    Raises
    ------
    InvalidInput: there is no such engine.
    """
    if wanted not in ENGINES:
        raise InvalidInput(
            f"There is no engine '{wanted}'.", hint=f"Choose one of: {', '.join(ENGINES)}."
        )
    if wanted == "process":
        return ProcessEngine(
            paths.engine,
            "The process engine was chosen.",
            "For containers, start with: modelyard up --engine docker",
        )
    docker = DockerEngine()
    if wanted == "docker":
        return docker
    found = docker.info()
    if not found.available:
        return ProcessEngine(paths.engine, found.message, found.hint)
    if not docker.has_image(BASE_IMAGE):
        return ProcessEngine(
            paths.engine,
            "Docker answers, but has no base image.",
            "Make one from Debian's packages: sudo modelyard image base",
        )
    return docker
