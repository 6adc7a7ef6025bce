"""`modelyard`: start, stop and look after a workspace from a shell."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from modelyard.errors import ModelyardError
from modelyard.magics.catalog import terminal_table
from modelyard_server.engines.names import AUTO, CHOICES

_EXTRA = 'This command needs the server part: pip install "modelyard[lab]"'

_OWN = ("up", "down", "status", "doctor", "image", "secrets")


def _shared() -> dict[str, str]:
    """First words of the commands that `%ml` has as well, and what is said of them."""
    table = terminal_table("modelyard")
    return {
        word: ", ".join(table.following((word,))) or table.below((word,))[0].summary
        for word in table.groups()
        if word not in _OWN
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="modelyard",
        description="A managed machine-learning workspace inside JupyterLab.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--workspace",
        type=Path,
        metavar="DIR",
        help="directory of the workspace (default: MODELYARD_WORKSPACE, the workspace around the "
        "current directory, or ~/modelyard)",
    )
    common.add_argument("--json", action="store_true", help="answer in JSON")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    up = commands.add_parser("up", parents=[common], help="start JupyterLab with the workspace")
    up.add_argument("--no-browser", action="store_true", help="do not open a browser")
    up.add_argument("--port", type=int, help="port (default: 8888, or the next that is free)")
    up.add_argument("--token", help="token to log in with (default: a random one)")
    up.add_argument("--engine", choices=CHOICES, default=AUTO)
    up.add_argument(
        "--on-exit",
        choices=["keep", "stop"],
        default="keep",
        help="what happens to running compute instances when JupyterLab exits",
    )

    commands.add_parser(
        "down", parents=[common], help="stop JupyterLab and everything that runs in the workspace"
    )
    commands.add_parser("status", parents=[common], help="what runs in the workspace")
    commands.add_parser("doctor", parents=[common], help="check the set-up and say what to mend")

    image = commands.add_parser("image", parents=[common], help="base and environment images")
    image.add_argument(
        "action",
        choices=["base", "clean"],
        help="base: build the base image from Debian's packages (root); "
        "clean: remove environments and images that nothing uses",
    )

    sealing = commands.add_parser(
        "secrets", parents=[common], help="the key that seals endpoint keys and variables"
    )
    sealing.add_argument(
        "action",
        choices=["rotate"],
        help="rotate: seal everything with a new key and drop the old one (JupyterLab is stopped)",
    )

    for word, about in _shared().items():
        commands.add_parser(word, help=about)
    return parser


def main(argv: list[str] | None = None) -> int:
    """Entry point; returns the exit status."""
    given = sys.argv[1:] if argv is None else argv
    if given and given[0] in _shared():  # these have a parser of their own, see words.py
        arguments = argparse.Namespace(command=given[0], words=given[1:])
    else:
        arguments = _parser().parse_args(given)
    try:
        from modelyard_server.cli import doctor, image, seal, server, words  # noqa: PLC0415
    except ImportError as error:
        print(f"modelyard: {error}. {_EXTRA}", file=sys.stderr)
        return 1
    acts = (server.up, server.down, server.status, doctor.doctor, image.image, seal.secrets)
    own = dict(zip(_OWN, acts, strict=True))
    try:
        return own.get(arguments.command, words.words)(arguments)
    except ModelyardError as error:
        print(f"modelyard: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
