"""Write the table of routes in `docs/rest.md` from what the handlers' verbs say of themselves.

python docs/generate_rest.py            write the table
python docs/generate_rest.py --check    exit 1 when the committed table differs
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_origin

from modelyard_server.core.verbs import ANY
from modelyard_server.services import ROUTES
from modelyard_server.status.handlers import routes as status_routes
from modelyard_server.status.openapi import Operation, errors, operations

TARGET = Path(__file__).resolve().parent / "rest.md"
BEGIN = "<!-- routes: written by docs/generate_rest.py -->\n"
END = "<!-- end of routes -->\n"


def name(kind: Any) -> str:
    """A type as the reader of the schema knows it."""
    if get_origin(kind) is list:
        return f"[{name(get_args(kind)[0])}]"
    return "object" if get_origin(kind) is dict else kind.__name__


def takes(operation: Operation) -> str:
    """Query parameters and body."""
    verb = operation.verb
    said = [f"`?{field}=`" for field in getattr(verb.query, "__struct_fields__", ())]
    if verb.body is not None:
        said.append(f"`{name(verb.body)}`")
    elif verb.takes:
        said.append("anything" if verb.takes == ANY else "bytes")
    return " ".join(said)


def gives(operation: Operation) -> str:
    """Status and answer."""
    verb = operation.verb
    if verb.gives:
        return f"{verb.status} a file"
    return f"{verb.status} `{name(verb.answer)}`" if verb.answer is not None else str(verb.status)


def others(operation: Operation) -> str:
    """Errors that not every verb has."""
    own = [each for each in errors(operation) if each in operation.verb.errors]
    return " ".join(str(each.status) for each in own)


def route(operation: Operation) -> str:
    """The path, with what a part can be where that is a few words."""
    path = operation.path
    for part, pattern in operation.parts.items():
        if pattern.replace("|", "").isalpha():
            path = path.replace(f"{{{part}}}", pattern.replace("|", "\\|"))
    return path


def rows() -> Iterator[str]:
    """The lines of the table."""
    yield "| verb | route | takes | answers | also | |\n|---|---|---|---|---|---|\n"
    for each in operations([*status_routes, *ROUTES]):
        cells = (takes(each), gives(each), others(each), each.summary.rstrip("."))
        yield f"| {each.method.upper()} | `{route(each)}` | {' | '.join(cells)} |\n"


def main() -> int:
    """Write or check; the exit status."""
    before = TARGET.read_text(encoding="utf-8")
    head, _, rest = before.partition(BEGIN)
    _, _, tail = rest.partition(END)
    text = f"{head}{BEGIN}{''.join(rows())}{END}{tail}"
    if "--check" not in sys.argv[1:]:
        TARGET.write_text(text, encoding="utf-8")
    elif text != before:
        sys.stderr.write(f"{TARGET} is out of date: run `python docs/generate_rest.py`.\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
