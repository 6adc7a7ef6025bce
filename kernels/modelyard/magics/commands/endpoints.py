"""`%ml endpoints …`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from modelyard.errors import InvalidInput
from modelyard.magics.command import Argument, Command, Option, Parsed
from modelyard.magics.logs import FOLLOW, tell
from modelyard.magics.session import Session

if TYPE_CHECKING:
    from modelyard.display import Listing
    from modelyard.endpoints import Endpoint


def show_all(session: Session, _args: Parsed) -> Listing[Endpoint]:
    """All endpoints."""
    empty = (
        "No endpoints yet. Deploy a registered model: "
        f"{session.prefix} endpoints deploy bc --model breast-cancer:1"
    )
    return session.workspace.endpoints.list().saying(empty)


def show(session: Session, args: Parsed) -> Endpoint:
    """One endpoint."""
    return session.workspace.endpoints.get(args.text("name"))


def deploy(session: Session, args: Parsed) -> Endpoint:
    """Make an endpoint, or replace what it serves."""
    return session.workspace.endpoints.deploy(
        args.text("name"),
        model=args.text("model"),
        script=args.path("script"),
        requirements=args.items("requirements"),
        env=args.pairs("env"),
        size=args.text("size"),
        engine=args.text("engine"),
        wait=not args.flag("no-wait"),
        timeout=args.decimal("timeout", 600.0),
    )


def score(session: Session, args: Parsed) -> Any:
    """Send rows to an endpoint."""
    try:
        data = msgspec.json.decode(args.text("data"))
    except msgspec.DecodeError as error:
        raise InvalidInput(
            f"The data is not JSON: {error}.",
            hint=f"For example: {session.prefix} endpoints score bc [[5.1, 3.5, 1.4, 0.2]]",
            field="DATA",
        ) from None
    return session.workspace.endpoints.get(args.text("name")).score(data)


def keys(session: Session, args: Parsed) -> list[str]:
    """The two keys, after replacing one where that is asked for."""
    endpoint = session.workspace.endpoints.get(args.text("name"))
    which = args.text("rotate")
    question = f"Replace the {which} key of '{endpoint.name}'? Callers that use it are refused."
    if which in ("primary", "secondary") and session.confirm(question, yes=args.flag("yes")):
        endpoint.rotate_key(which)
    return endpoint.keys


def log(session: Session, args: Parsed) -> None:
    """The end of a scoring container's log."""
    endpoint = session.workspace.endpoints.get(args.text("name"))
    tail = args.number("tail", 200)
    if args.flag("follow"):
        tell(session, endpoint.follow_log(tail))
    else:
        session.say(endpoint.logs(tail).rstrip() or "The log is empty.")


def delete(session: Session, args: Parsed) -> None:
    """Delete an endpoint, after asking."""
    endpoint = session.workspace.endpoints.get(args.text("name"))
    question = f"Delete endpoint '{endpoint.name}'? Its URL and keys stop working."
    if session.confirm(question, yes=args.flag("yes")):
        endpoint.delete(force=args.flag("force"))
        session.say(f"Deleted endpoint '{endpoint.name}'.")


_NAME = Argument("name", "an endpoint's name", names="endpoints")
_YES = Option("--yes", "do not ask", "flag")
_FORCE = Option("--force", "also when the server does not have its engine", "flag")

COMMANDS = [
    Command(("endpoints", "list"), "all endpoints", show_all, examples=("endpoints list",)),
    Command(("endpoints", "show"), "one endpoint", show, (_NAME,), examples=("endpoints show bc",)),
    Command(
        ("endpoints", "deploy"),
        "serve a model version; an endpoint that exists keeps its URL and keys",
        deploy,
        (_NAME,),
        (
            Option("--model", "NAME:VERSION", required=True, names="versions"),
            Option("--script", "a scoring script with init() and run(data)", "path"),
            Option("--requirements", "packages of its container; default: the model's", "list"),
            Option("--env", "an environment variable of its container", "pair"),
            Option("--size", "CPUs and memory, by name", names="sizes"),
            Option("--engine", "of a new endpoint: docker or process; default: the workspace's"),
            Option("--timeout", "seconds to wait (default 600)", "float"),
            Option("--no-wait", "return at once", "flag"),
        ),
        (
            "endpoints deploy bc --model breast-cancer:1",
            "endpoints deploy bc --model breast-cancer:2 --script score.py --timeout 90.5",
            "endpoints deploy bc --model breast-cancer:2 --requirements numpy==2.3.5,joblib",
        ),
    ),
    Command(
        ("endpoints", "score"),
        "send rows to an endpoint and show its predictions",
        score,
        (_NAME, Argument("data", "rows as JSON", verbatim=True)),
        examples=("endpoints score bc [[5.1, 3.5, 1.4, 0.2]]",),
    ),
    Command(
        ("endpoints", "keys"),
        "the two keys; either opens the endpoint",
        keys,
        (_NAME,),
        (Option("--rotate", "replace a key", choices=("primary", "secondary")), _YES),
        ("endpoints keys bc", "endpoints keys bc --rotate primary"),
    ),
    Command(
        ("endpoints", "log"),
        "the end of its scoring container's log",
        log,
        (_NAME,),
        (Option("--tail", "how many lines (default 200)", "int"), FOLLOW),
        ("endpoints log bc",),
    ),
    Command(
        ("endpoints", "delete"),
        "remove an endpoint, its containers and its URL",
        delete,
        (_NAME,),
        (_YES, _FORCE),
        ("endpoints delete bc",),
    ),
]
