"""What a deploy request must look like before anything is written."""

from __future__ import annotations

import ast
import re

from modelyard.errors import InvalidInput
from modelyard.schema.common import NAME_RULE, valid_name
from modelyard.schema.registry import ModelVersionInfo
from modelyard.schema.serving import DeployRequest

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_RESERVED = ("AZUREML_MODEL_DIR", "PYTHONPATH", "PYTHONUNBUFFERED")
_LARGEST_SCRIPT = 1 << 20
_LARGEST_ENV = 64 << 10


def check_request(request: DeployRequest) -> None:
    """Raise InvalidInput for whatever can be seen without asking anybody."""
    if not valid_name(request.name):
        raise InvalidInput(
            f"'{request.name[:80]}' cannot name an endpoint.",
            hint=f"Use {NAME_RULE}.",
            field="name",
        )
    check_env(request.env)
    if request.script:
        check_script(request.script)


def check_script(source: str) -> None:
    """See that a scoring script compiles and has `run`; it is not executed here."""
    if len(source) > _LARGEST_SCRIPT:
        raise InvalidInput("The scoring script is larger than 1 MB.", field="script")
    try:
        tree = ast.parse(source)
    except (RecursionError, MemoryError) as error:  # what the parser says of deep nesting
        raise InvalidInput(
            "The scoring script is nested too deeply.",
            hint="Keep large data in a file of the model, and read it in init().",
            field="script",
        ) from error
    except (SyntaxError, ValueError) as error:
        line = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
        reason = error.msg if isinstance(error, SyntaxError) else str(error)
        raise InvalidInput(
            f"The scoring script has a syntax error{line}: {reason}.",
            hint="Mend the script and deploy again.",
            field="script",
        ) from error
    names = _top_level(tree)
    if "run" not in names and "*" not in names:
        raise InvalidInput(
            "The scoring script defines no run(data).",
            hint="Define init(), which loads the model once, and run(data), which answers.",
            field="script",
        )


def _top_level(tree: ast.Module) -> set[str]:
    """Names that a module defines; '*' stands for what a star import may bring."""
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names |= {alias.asname or alias.name for alias in node.names}
        else:
            # Also below `if` and `try`, where a name may be defined in one of several ways.
            for each in ast.walk(node):
                if isinstance(each, ast.Name) and isinstance(each.ctx, ast.Store):
                    names.add(each.id)
                elif isinstance(each, ast.FunctionDef):
                    names.add(each.name)
    return names


def check_env(env: dict[str, str]) -> None:
    """See that variables can be set, and are none of those the scoring server needs itself."""
    for name, value in env.items():
        if not _VARIABLE.fullmatch(name) or "\0" in value:
            raise InvalidInput(
                f"'{name[:80]}' cannot be an environment variable.",
                hint="Use letters, digits and '_', not beginning with a digit.",
                field="env",
            )
        if name.startswith("MODELYARD_") or name in _RESERVED:
            raise InvalidInput(
                f"The variable {name} is set by Modelyard.",
                hint="Choose another name.",
                field="env",
            )
    if sum(len(name) + len(value) for name, value in env.items()) > _LARGEST_ENV:
        raise InvalidInput("The variables are larger than 64 kB in all.", field="env")


def check_model(model: ModelVersionInfo, request: DeployRequest) -> None:
    """See that somebody knows how to serve the model."""
    if model.flavor == "custom" and not request.script:
        raise InvalidInput(
            f"{model.name}:{model.version} is a set of files, not a model that can predict.",
            hint="Give a scoring script with init() and run(data): script=PATH.",
            field="script",
        )
