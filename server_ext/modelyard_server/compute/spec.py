"""The container specification of an instance."""

from __future__ import annotations

from modelyard.schema.compute import InstanceInfo
from modelyard_server.compute.workdir import LOG, WorkDir
from modelyard_server.core.holder import holder_id
from modelyard_server.core.paths import Paths
from modelyard_server.engines.reach import Reach
from modelyard_server.engines.spec import (
    ContainerSpec,
    LeasedDevice,
    Mount,
    Place,
    Runtime,
    Volume,
)
from modelyard_server.environments.network import ca_bundles, network_env

KIND = "instance"


def kernel_folder(name: str) -> Place:
    """Where files and sockets of an instance's kernels lie."""
    return Place(Volume.KERNELS, name)


def container_name(paths: Paths, name: str) -> str:
    """Name of the instance's container."""
    return ContainerSpec(workspace=paths.workspace_id, kind=KIND, name=name, command=[]).container


def instance_env(reach: Reach, name: str, base_url: str, *, isolated: bool) -> dict[str, str]:
    """Environment of every program on the instance.

    Parameters
    ----------
    isolated: its loopback interface is not the machine's.
    """
    work = WorkDir.place(name)
    venv = reach.inside(work / "venv")
    return {
        **network_env(),
        **reach.variables(holder_id(KIND, name), base_url),
        "HOME": reach.inside(work / "home"),
        "USER": "modelyard",
        "LANG": "C.UTF-8",
        "SHELL": "/bin/bash",
        "VIRTUAL_ENV": venv,
        "PATH": f"{venv}/bin:/usr/local/bin:/usr/bin:/bin",
        "MODELYARD_TOKEN_FILE": reach.inside(work / "token"),
        "MODELYARD_COMPUTE": name,
        **({"MODELYARD_ISOLATED": "1"} if isolated else {}),
        # The title of its terminals' tabs.
        "PROMPT_COMMAND": rf"printf '\033]0;{name}\007'",
    }


def instance_spec(
    paths: Paths,
    reach: Reach,
    instance: InstanceInfo,
    runtime: Runtime,
    base_url: str,
    *,
    isolated: bool,
    devices: list[LeasedDevice],
) -> ContainerSpec:
    """Everything the engine must know to run the instance."""
    name = instance.name
    return ContainerSpec(
        workspace=paths.workspace_id,
        kind=KIND,
        name=name,
        image=runtime.image,
        # tail rather than `sleep infinity`, which is not everywhere.
        command=["sh", "-c", 'echo "Instance $0 is up."; exec tail -f /dev/null', name],
        env=instance_env(reach, name, base_url, isolated=isolated),
        mounts=[
            Mount(place=Place(Volume.FILES)),
            Mount(place=Place(Volume.SPOOL, holder_id(KIND, name))),
            Mount(place=WorkDir.place(name)),
            Mount(place=Place(Volume.API), read_only=True),
            Mount(place=kernel_folder(name)),
            *(
                Mount(place=Place(Volume.CERTS, str(bundle)), read_only=True)
                for bundle in ca_bundles()
            ),
        ],
        workdir=reach.inside(Place(Volume.FILES)),
        log=WorkDir.place(name) / LOG,
        cpus=instance.cpus,
        memory=instance.memory,
        devices=devices,
    )
