"""`%ml storage …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from modelyard.display import size
from modelyard.errors import InvalidInput
from modelyard.magics.command import Argument, Command, Option, Parsed
from modelyard.magics.session import Session
from modelyard.schema.storage import StorageKind

if TYPE_CHECKING:
    from modelyard.storage import Cleaned, Usage

_KINDS = get_args(StorageKind)


def show(session: Session, _args: Parsed) -> Usage:
    """What takes how much."""
    usage = session.workspace.storage.usage()
    for disk in usage.info.disks:
        holds = " and ".join(disk.holds)
        session.say(f"{holds}: {size(disk.free)} of {size(disk.total)} are free.")
    can_go = sum(part.can_go for part in usage)
    if can_go:
        session.say(f"{size(can_go)} can go: {session.prefix} storage clean")
    return usage


def clean(session: Session, args: Parsed) -> Cleaned | None:
    """Remove what can go, after asking."""
    words = args.many("kind")
    unknown = next((word for word in words if word not in _KINDS), None)
    if unknown is not None:
        raise InvalidInput(
            f"There is no kind '{unknown[:40]}'.",
            hint=f"Kinds: {', '.join(_KINDS)}.",
            field="KIND",
        )
    kinds = cast("list[StorageKind]", words)
    storage = session.workspace.storage
    would = storage.clean(kinds, dry_run=True)
    if args.flag("dry-run") or not any(each.count for each in would):
        return would
    things = ", ".join(f"{each.title} ({size(each.bytes)})" for each in would if each.count)
    if not session.confirm(f"Remove {things}?", yes=args.flag("yes")):
        return None
    done = storage.clean([each.kind for each in would if each.count])
    session.say(f"{size(done.info.bytes)} were freed.")
    return done


COMMANDS = [
    Command(
        ("storage",),
        "what takes how much of the disk, and what can go",
        show,
        examples=("storage",),
    ),
    Command(
        ("storage", "clean"),
        "remove what can go; without kinds all but deleted runs and files of no run",
        clean,
        (Argument("kind", "deleted_runs, environments, images, …", required=False, many=True),),
        (
            Option("--dry-run", "only say what would go", "flag"),
            Option("--yes", "do not ask", "flag"),
        ),
        ("storage clean --dry-run", "storage clean deleted_runs environments"),
    ),
]
