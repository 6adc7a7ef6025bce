"""What an instance's container sees of the workspace."""

from __future__ import annotations

from pathlib import Path

from modelyard.schema.compute import InstanceInfo
from modelyard_server.compute.spec import instance_spec
from modelyard_server.core.paths import Paths
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import ContainerSpec, Runtime


def _spec(paths: Paths, name: str) -> ContainerSpec:
    instance = InstanceInfo(
        name=name, size="small", cpus=1, memory=1 << 30, gpus=0, image="", engine="docker",
        state="stopped", desired="running", created=1.0,
    )  # fmt: skip
    runtime = Runtime(python="/usr/bin/python3", python_version="3.11", paths=[])
    return instance_spec(paths, SameHost(paths), instance, runtime, "/", isolated=True, devices=[])


def test_an_instance_sees_its_own_spool_folder_alone(tmp_path: Path) -> None:
    paths = Paths(tmp_path / "ws").make()
    spools: list[Path] = []
    for name in ("a", "b", "local"):
        spec = _spec(paths, name)
        own = Path(spec.env["MODELYARD_SPOOL"])
        mounted = [SameHost(paths).here(mount.place) for mount in spec.mounts]
        seen = [path for path in mounted if path.is_relative_to(paths.spool)]
        assert seen == [own] and own != paths.spool
        assert not any(paths.spool.is_relative_to(path) for path in mounted)
        spools.append(own)
    assert len({*spools, paths.spool_of("local")}) == 4
