"""The container specification of an instance, and where its kernels' files lie."""

from __future__ import annotations

import hashlib
from pathlib import Path
from urllib.parse import quote

from modelyard.schema.compute import InstanceInfo
from modelyard_server.compute.workdir import WorkDir
from modelyard_server.core.paths import Paths
from modelyard_server.engines.spec import ContainerSpec, LeasedDevice, Mount, Runtime
from modelyard_server.environments.network import ca_bundles, network_env

KIND = "instance"


def kernel_dir(paths: Paths, name: str) -> Path:
    """Connection files and sockets of an instance's kernels; short, whatever the name's length."""
    return paths.runtime / "k" / hashlib.sha256(name.encode()).hexdigest()[:10]


def container_name(paths: Paths, name: str) -> str:
    """Name of the instance's container."""
    return ContainerSpec(workspace=paths.workspace_id, kind=KIND, name=name, command=[]).container


def server_url(paths: Paths, base_url: str) -> str:
    """What code on this machine and in its containers puts into MODELYARD_URL."""
    return f"http+unix://{quote(str(paths.api_socket), safe='')}{base_url}"


def instance_env(
    paths: Paths, work: WorkDir, name: str, base_url: str, *, isolated: bool
) -> dict[str, str]:
    """Environment of every program on the instance.

    Parameters
    ----------
    isolated: its loopback interface is not the machine's.
    """
    return {
        **network_env(),
        "HOME": str(work.home),
        "USER": "modelyard",
        "LANG": "C.UTF-8",
        "SHELL": "/bin/bash",
        "VIRTUAL_ENV": str(work.venv),
        "PATH": f"{work.venv}/bin:/usr/local/bin:/usr/bin:/bin",
        "MODELYARD_URL": server_url(paths, base_url),
        "MODELYARD_TOKEN_FILE": str(work.token),
        "MODELYARD_SPOOL": str(work.spool),
        "MODELYARD_FILES": str(paths.files),
        "MODELYARD_COMPUTE": name,
        **({"MODELYARD_ISOLATED": "1"} if isolated else {}),
        # The title of its terminals' tabs.
        "PROMPT_COMMAND": rf"printf '\033]0;{name}\007'",
    }


def instance_spec(
    paths: Paths,
    work: WorkDir,
    instance: InstanceInfo,
    runtime: Runtime,
    base_url: str,
    *,
    isolated: bool,
    devices: list[LeasedDevice],
) -> ContainerSpec:
    """Everything the engine must know to run the instance."""
    return ContainerSpec(
        workspace=paths.workspace_id,
        kind=KIND,
        name=instance.name,
        image=runtime.image,
        # tail rather than `sleep infinity`, which is not everywhere.
        command=["sh", "-c", 'echo "Instance $0 is up."; exec tail -f /dev/null', instance.name],
        env=instance_env(paths, work, instance.name, base_url, isolated=isolated),
        mounts=[
            Mount(path=paths.files),
            Mount(path=work.spool),
            Mount(path=work.root),
            Mount(path=paths.api_socket.parent, read_only=True),
            Mount(path=kernel_dir(paths, instance.name)),
            *(Mount(path=bundle, read_only=True) for bundle in ca_bundles()),
        ],
        workdir=str(paths.files),
        cpus=instance.cpus,
        memory=instance.memory,
        devices=devices,
    )
