"""What the source says of the fields of wire types: the string below each."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec.inspect import StructType, multi_type_info


def structs(kinds: Iterable[Any]) -> dict[str, type[msgspec.Struct]]:
    """All structs that are reached from some types, by name."""
    found: dict[str, type[msgspec.Struct]] = {}
    left = list(multi_type_info(kinds))
    while left:
        kind = left.pop()
        if isinstance(kind, StructType):
            if kind.cls.__name__ in found:
                continue
            found[kind.cls.__name__] = kind.cls
        left += _within(kind)
    return found


def _within(kind: msgspec.inspect.Type) -> Iterator[msgspec.inspect.Type]:
    if isinstance(kind, StructType):
        yield from (field.type for field in kind.fields)
        return
    for name in ("type", "item_type", "key_type", "value_type"):
        inner = getattr(kind, name, None)
        if isinstance(inner, msgspec.inspect.Type):
            yield inner
    for name in ("types", "item_types"):
        yield from getattr(kind, name, ())


@functools.cache
def field_docs(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Field -> the string that follows it in the source; a field without one is left out."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: inspect.cleandoc(str(after.value.value))
        for field, after in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
    }


def add(schema: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    """Describe the fields of a struct's JSON schema that do not describe themselves."""
    for name, text in field_docs(kind).items():
        field = schema["properties"][name]
        if "$ref" in field:
            schema["properties"][name] = {"allOf": [field], "description": text}
        else:
            field.setdefault("description", text)
