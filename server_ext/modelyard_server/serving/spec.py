"""The container specifications of an endpoint.

Where the engine has network namespaces, a tiny container holds the endpoint's port and the
scoring containers join its network (as a pod's do): the published port stays while deployments
come and go. Where it has none, scoring processes bind the port themselves. Either way two of
them can listen on one port while one takes over from the other.
"""

from __future__ import annotations

from modelyard_server.core.paths import Paths
from modelyard_server.engines.reach import Reach
from modelyard_server.engines.spec import ContainerSpec, ContainerState, Mount, Runtime
from modelyard_server.serving.files import KEYS, LOG, SCRIPT, STATUS, keys_place, run_place
from modelyard_server.serving.records import DeploymentRecord, EndpointRecord

HOLDER = "port"
SCORING = "scoring"

LABEL_ENDPOINT = "modelyard.endpoint"
"""Name of the endpoint that a container belongs to."""

INSIDE_PORT = 8080

STOP_SECONDS = 40.0
"""A scoring server gets this long to answer what it has (see modelyard/score/server.py)."""


def app_tag(repository: str, paths: Paths, deployment: DeploymentRecord) -> str:
    """Reference of the image that a deployment runs."""
    return f"{repository}/app:{paths.workspace_id[:12]}-{deployment.endpoint}-{deployment.id}"


def holder_name(paths: Paths, endpoint: str) -> str:
    """Name of the container that holds the port."""
    return _bare(paths, HOLDER, endpoint).container


def scoring_name(paths: Paths, deployment: DeploymentRecord) -> str:
    """Name of a deployment's container."""
    return _bare(paths, SCORING, _unique(deployment)).container


def endpoint_of(container: ContainerState) -> str:
    """Name of the endpoint that a container belongs, or belonged, to."""
    said = container.labels.get(LABEL_ENDPOINT)
    if said is not None:
        return said
    # One that was made before there was this label: its name is as `_unique` says.
    return container.name if container.kind == HOLDER else container.name.rpartition("-")[0]


def holder_spec(paths: Paths, endpoint: EndpointRecord, image: str) -> ContainerSpec:
    """Sleeps, and owns the network that the scoring containers join."""
    spec = _bare(paths, HOLDER, endpoint.name)
    spec.labels = _labels(endpoint.name)
    spec.image = image
    spec.command = [
        "sh",
        "-c",
        'echo "Holding port $0."; exec tail -f /dev/null',
        f"{endpoint.port}",
    ]
    spec.memory = 64 << 20
    spec.ports = {INSIDE_PORT: endpoint.port}
    spec.restart = True
    return spec


def scoring_spec(
    paths: Paths,
    reach: Reach,
    endpoint: EndpointRecord,
    deployment: DeploymentRecord,
    runtime: Runtime,
    env: dict[str, str],
) -> ContainerSpec:
    """The scoring server with a model.

    Parameters
    ----------
    runtime: its environment with the app layer.
    env: the user's variables.
    """
    keys, run = keys_place(endpoint.name), run_place(endpoint.name, deployment.id)
    inside = bool(runtime.image)
    threads = str(max(1, int(deployment.cpus)))
    own = {
        "MODELYARD_MODEL_DIR": f"{runtime.app}/model",
        "AZUREML_MODEL_DIR": f"{runtime.app}/model",
        "MODELYARD_KEYS": reach.inside(keys / KEYS),
        "MODELYARD_STATUS": reach.inside(run / STATUS),
        "MODELYARD_HOST": "0.0.0.0" if inside else "127.0.0.1",  # noqa: S104  its own network
        "MODELYARD_PORT": str(INSIDE_PORT if inside else endpoint.port),
        "PYTHONPATH": ":".join(runtime.paths),
        "PYTHONUNBUFFERED": "1",
    }
    if deployment.script:
        own["MODELYARD_SCORE_SCRIPT"] = f"{runtime.app}/{SCRIPT}"
    # Numeric libraries count the machine's CPUs, not those that the container may use.
    libraries = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
    spec = _bare(paths, SCORING, _unique(deployment))
    spec.labels = _labels(endpoint.name)
    spec.image = runtime.image
    spec.command = [runtime.python, "-m", "modelyard.score"]
    spec.env = {**libraries, **own}
    spec.secrets = {name: value for name, value in env.items() if name not in own}
    spec.log = run / LOG
    spec.stop_grace = STOP_SECONDS
    spec.mounts = [
        Mount(place=keys, read_only=True),
        Mount(place=run),
    ]
    spec.workdir = runtime.app
    spec.cpus, spec.memory = deployment.cpus, deployment.memory
    spec.networks = [f"container:{holder_name(paths, endpoint.name)}" if inside else "bridge"]
    spec.restart = True
    return spec


def _labels(endpoint: str) -> dict[str, str]:
    return {LABEL_ENDPOINT: endpoint}


def _unique(deployment: DeploymentRecord) -> str:
    return f"{deployment.endpoint}-{deployment.id}"


def _bare(paths: Paths, kind: str, name: str) -> ContainerSpec:
    return ContainerSpec(workspace=paths.workspace_id, kind=kind, name=name, command=[])
