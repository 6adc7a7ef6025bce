"""`%ml models …`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modelyard.errors import InvalidInput
from modelyard.magics.command import Argument, Command, Option, Parsed
from modelyard.magics.commands.runs import find
from modelyard.magics.session import Session

if TYPE_CHECKING:
    from modelyard.display import Listing
    from modelyard.models import ModelVersion
    from modelyard.schema.registry import Model


def version_of(text: str) -> tuple[str, int | None]:
    """`name:3` as its parts; the version is None when only a name is given.

    Raises
    ------
    InvalidInput: what follows the colon is no number.
    """
    name, colon, version = text.partition(":")
    if not colon:
        return name, None
    if not (version.isascii() and version.isdecimal() and len(version) < 10):
        raise InvalidInput(
            f"'{text[:80]}' is not a model version.",
            hint="Write NAME:VERSION, for example breast-cancer:1.",
            field="MODEL",
        )
    return name, int(version)


def show_all(session: Session, _args: Parsed) -> Listing[Model]:
    """All registered models."""
    empty = (
        "No models yet. Register one from a run: "
        f"{session.prefix} models register breast-cancer --run ID"
    )
    return session.workspace.models.list().saying(empty)


def show(session: Session, args: Parsed) -> Listing[ModelVersion]:
    """The versions of a model."""
    return session.workspace.models.versions(args.text("name"))


def register(session: Session, args: Parsed) -> ModelVersion:
    """Register what a run logged."""
    run = find(session, args.text("run"))
    return run.register(args.text("name"), path=args.text("path", "model"), tags=args.pairs("tag"))


def download(session: Session, args: Parsed) -> None:
    """Fetch the files of a version."""
    name, number = version_of(args.text("model"))
    version = session.workspace.models.get(name, number)
    target = version.download(args.path("directory") or Path())
    session.say(f"Model '{name}' version {version.version} is in {target.resolve()}.")


def delete(session: Session, args: Parsed) -> None:
    """Delete a version, after asking."""
    name, number = version_of(args.text("model"))
    if number is None:
        raise InvalidInput(
            "Deleting takes a version.",
            hint=f"Write {name}:VERSION; '{session.prefix} models show {name}' lists them.",
            field="MODEL",
        )
    version = session.workspace.models.get(name, number)
    if session.confirm(f"Delete model '{name}' version {number}?", yes=args.flag("yes")):
        version.delete()
        session.say(f"Deleted model '{name}' version {number}.")


_NAME = Argument("name", "a model's name", names="models")

COMMANDS = [
    Command(("models", "list"), "all registered models", show_all, examples=("models list",)),
    Command(
        ("models", "show"),
        "the versions of a model",
        show,
        (_NAME,),
        examples=("models show breast-cancer",),
    ),
    Command(
        ("models", "register"),
        "register a model that a run logged, as a new version",
        register,
        (_NAME,),
        (
            Option("--run", "the run's id, or how it begins", required=True),
            Option("--path", "where it lies in the run's artifacts (default model)"),
            Option("--tag", "a tag; may be given again", "pair"),
        ),
        ("models register breast-cancer --run 1f3a", "models register bc --run 1f3a --path best"),
    ),
    Command(
        ("models", "download"),
        "fetch the files of a version",
        download,
        (
            Argument("model", "NAME or NAME:VERSION", names="versions"),
            Argument("directory", "the folder they are put in", path=True),
        ),
        examples=("models download breast-cancer:1 ./model",),
    ),
    Command(
        ("models", "delete"),
        "delete a version that no endpoint uses",
        delete,
        (Argument("model", "NAME:VERSION", names="versions"),),
        (Option("--yes", "do not ask", "flag"),),
        ("models delete breast-cancer:1",),
    ),
]
