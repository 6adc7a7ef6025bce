"""`%ml status`."""

from __future__ import annotations

from modelyard.display import Grid, size
from modelyard.magics.command import Command, Parsed
from modelyard.magics.session import Session
from modelyard.schema.common import EngineInfo


def show(session: Session, _args: Parsed) -> Grid:
    """The workspace, its engine, and what is in it."""
    workspace = session.workspace
    status = workspace.status
    engine = status.engine
    machine = f"{engine.cpus:g} CPUs, {size(engine.memory)} memory, {engine.gpus} GPUs"
    instances = workspace.compute.list()
    running = sum(1 for instance in instances if instance.info.state == "running")
    experiments = workspace.experiments()
    rows = [
        ["Workspace", status.workspace],
        ["Version", status.version],
        ["Engine", _about(engine)],
        *(["Also", _about(other)] for other in status.engines if other.name != engine.name),
        *(["Problem", problem] for problem in status.problems),
        ["Machine", machine],
        ["Sizes", ", ".join(item.name for item in status.sizes)],
        ["Compute instances", f"{len(instances)} ({running} running)"],
        ["Experiments", f"{len(experiments)} ({sum(e.runs for e in experiments)} runs)"],
        ["Models", str(len(workspace.models.list()))],
        ["Endpoints", str(len(workspace.endpoints.list()))],
    ]
    return Grid(["What", "Now"], rows)


def _about(engine: EngineInfo) -> str:
    return " ".join(filter(None, [engine.message or engine.name, engine.hint]))


COMMANDS = [
    Command(("status",), "the workspace, its engine, and what is in it", show, examples=("status",))
]
