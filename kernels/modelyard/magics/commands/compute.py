"""`%ml compute …`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelyard.display import Column, Listing, size
from modelyard.magics.command import Argument, Command, Option, Parsed
from modelyard.magics.logs import FOLLOW, tell
from modelyard.magics.session import Session
from modelyard.schema.devices import Device

if TYPE_CHECKING:
    from modelyard.compute import ComputeInstance


def show_all(session: Session, _args: Parsed) -> Listing[ComputeInstance]:
    """All instances."""
    empty = f"No compute instances yet. Create one: {session.prefix} compute create cpu-1"
    return session.workspace.compute.list().saying(empty)


_DEVICE_COLUMNS: list[Column[Device]] = [
    Column("Id", lambda d: d.id),
    Column("Number", lambda d: d.index),
    Column("Name", lambda d: d.name),
    Column("Memory", lambda d: _memory(d)),
    Column("Use", lambda d: "" if d.utilisation is None else f"{d.utilisation:.0f} %"),
    Column("Held by", lambda d: ", ".join(f"{h.kind} {h.name}" for h in d.holders)),
    Column("Programs", lambda d: ", ".join(f"{p.name or '?'} ({p.pid})" for p in d.processes)),
]


def _memory(device: Device) -> str:
    if device.memory is None:
        return "unknown"
    used = "" if device.memory_used is None else f"{size(device.memory_used)} of "
    return used + size(device.memory)


def devices(session: Session, _args: Parsed) -> Listing[Device]:
    """The machine's GPUs."""
    empty = "This machine has no GPU that Modelyard knows of."
    return Listing(session.workspace.compute.devices(), _DEVICE_COLUMNS, empty=empty)


def create(session: Session, args: Parsed) -> ComputeInstance:
    """Create an instance."""
    return session.workspace.compute.create(
        args.text("name"),
        size=args.text("size"),
        gpus=args.number("gpus", 0),
        shared=args.flag("shared"),
        queue=args.flag("queue") or None,  # as the SDK: where it waits, it queues
        image=args.text("image"),
        engine=args.text("engine"),
        wait=not args.flag("no-wait"),
        timeout=args.decimal("timeout", 900.0),
    )


def start(session: Session, args: Parsed) -> ComputeInstance:
    """Start an instance."""
    return session.workspace.compute.get(args.text("name")).start(wait=not args.flag("no-wait"))


def stop(session: Session, args: Parsed) -> ComputeInstance:
    """Stop an instance."""
    return session.workspace.compute.get(args.text("name")).stop(force=args.flag("force"))


def restart(session: Session, args: Parsed) -> ComputeInstance:
    """Restart an instance."""
    return session.workspace.compute.get(args.text("name")).restart(force=args.flag("force"))


def move(session: Session, args: Parsed) -> ComputeInstance:
    """Put a stopped instance on another engine."""
    instance = session.workspace.compute.get(args.text("name"))
    return instance.move(args.text("engine"), force=args.flag("force"))


def delete(session: Session, args: Parsed) -> None:
    """Delete an instance, after asking."""
    instance = session.workspace.compute.get(args.text("name"))
    question = (
        f"Delete instance '{instance.name}' with the packages installed in it? User files stay."
    )
    if session.confirm(question, yes=args.flag("yes")):
        instance.delete(force=args.flag("force"))
        session.say(f"Deleted instance '{instance.name}'.")


def log(session: Session, args: Parsed) -> None:
    """The end of an instance's log."""
    instance = session.workspace.compute.get(args.text("name"))
    tail = args.number("tail", 200)
    if args.flag("follow"):
        tell(session, instance.follow_log(tail))
    else:
        session.say(instance.logs(tail).rstrip() or "The log is empty.")


_NAME = Argument("name", "an instance's name", names="instances")
_FORCE = Option("--force", "also when kernels are alive on it", "flag")
_NO_WAIT = Option("--no-wait", "return at once", "flag")
_ENGINE = Option("--engine", "docker or process; default: the workspace's")
_YES = Option("--yes", "do not ask", "flag")

COMMANDS = [
    Command(("compute", "list"), "all compute instances", show_all, examples=("compute list",)),
    Command(
        ("compute", "devices"),
        "GPUs of the machine, and who holds them",
        devices,
        examples=("compute devices",),
    ),
    Command(
        ("compute", "create"),
        "create and start a compute instance",
        create,
        (Argument("name", "the new instance's name"),),
        (
            Option("--size", "CPUs and memory, by name", names="sizes"),
            Option("--gpus", "GPUs that it holds", "int"),
            Option("--shared", "others that share may be on its GPUs, too", "flag"),
            Option("--queue", "with --no-wait: be given the GPUs when they come free", "flag"),
            Option("--image", "a container image that has Python; default: the workspace's own"),
            _ENGINE,
            Option("--timeout", "seconds to wait (default 900)", "float"),
            _NO_WAIT,
        ),
        (
            "compute create cpu-1",
            "compute create big-1 --size large --no-wait",
            "compute create here --engine process",
        ),
    ),
    Command(
        ("compute", "start"),
        "start a stopped instance",
        start,
        (_NAME,),
        (_NO_WAIT,),
        ("compute start cpu-1",),
    ),
    Command(
        ("compute", "stop"),
        "stop an instance; it keeps its definition and installed packages",
        stop,
        (_NAME,),
        (_FORCE,),
        ("compute stop cpu-1",),
    ),
    Command(
        ("compute", "restart"),
        "stop an instance and start it again",
        restart,
        (_NAME,),
        (_FORCE,),
        ("compute restart cpu-1",),
    ),
    Command(
        ("compute", "move"),
        "put a stopped instance on another engine",
        move,
        (_NAME, Argument("engine", "docker or process")),
        (Option("--force", "really: its programs will see another machine", "flag"),),
        ("compute move cpu-1 docker --force",),
    ),
    Command(
        ("compute", "delete"),
        "remove an instance with what was installed in it; User files stay",
        delete,
        (_NAME,),
        (_YES, _FORCE),
        ("compute delete cpu-1",),
    ),
    Command(
        ("compute", "log"),
        "the end of an instance's log",
        log,
        (_NAME,),
        (Option("--tail", "how many lines (default 200)", "int"), FOLLOW),
        ("compute log cpu-1",),
    ),
]
