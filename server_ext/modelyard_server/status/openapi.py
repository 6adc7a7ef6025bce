"""The REST reference: an OpenAPI 3.1 document of the routes, from what their verbs say.

Nothing is written here about a single route.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from http import HTTPStatus
from typing import Any

import msgspec

from modelyard.errors import (
    InvalidInput,
    ModelyardError,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    StorageFull,
)
from modelyard.schema.common import ErrorInfo
from modelyard_server.core.handler import PREFIX_URL
from modelyard_server.core.verbs import JSON, Verb, verb_of
from modelyard_server.status import field_docs

Route = tuple[str, type]

METHODS = ("get", "post", "put", "patch", "delete")

_DIALECT = "3.1.1"
_PART = re.compile(r"\(\?P<(\w+)>([^()]*)\)")
_CHOICE = re.compile(r"\w+(?:\|\w+)+")
_ALWAYS = (InvalidInput, NotAuthenticated, NotPermitted)
_REFERENCE = "#/components/schemas/{name}"


class Operation(msgspec.Struct, frozen=True):
    """One verb of one route."""

    method: str
    path: str
    """Below `PREFIX_URL`, with its parts in braces."""
    parts: dict[str, str]
    """Name of a part -> the pattern that it matches."""
    verb: Verb
    summary: str
    tag: str
    """The domain."""


def operations(routes: Iterable[Route]) -> Iterator[Operation]:
    """All that can be asked, in the order of the routes."""
    for pattern, handler in routes:
        path = _PART.sub(r"{\1}", pattern).removeprefix(PREFIX_URL)
        parts = dict(_PART.findall(pattern))
        for method in METHODS:
            function = getattr(handler, method)
            verb = verb_of(function)
            if verb is not None:
                summary = (inspect.getdoc(function) or "").partition("\n")[0]
                tag = handler.__module__.split(".")[1]
                yield Operation(method, path, parts, verb, summary, tag)


def document(routes: Iterable[Route], base_url: str = "/") -> dict[str, Any]:
    """The OpenAPI document of these routes.

    Parameters
    ----------
    base_url: of the Jupyter server; it ends with a slash.
    """
    every = list(operations(routes))
    schemas = _Schemas(every)
    paths: dict[str, dict[str, Any]] = {}
    for operation in every:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation, schemas)
    used = {kind for operation in every for kind in errors(operation)}
    return {
        "openapi": _DIALECT,
        "info": {
            "title": "Modelyard",
            "version": "1",
            "description": "Routes of a Modelyard workspace. Every error is an `ErrorInfo`.",
        },
        "servers": [{"url": f"{base_url.rstrip('/')}{PREFIX_URL}"}],
        "security": [{"jupyter": []}, {"bearer": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "jupyter": {
                    "type": "apiKey",
                    "in": "header",
                    "name": "Authorization",
                    "description": "`token …`: Jupyter's own.",
                },
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "Jupyter's token, or one of Modelyard's (`myd_…`).",
                },
            },
            "schemas": schemas.components,
            "responses": {kind.__name__: _described(kind) for kind in sorted(used, key=_status)},
        },
    }


class _Schemas:
    """The JSON schemas of all types that verbs name."""

    def __init__(self, every: Sequence[Operation]) -> None:
        verbs = [operation.verb for operation in every]
        named = [kind for verb in verbs for kind in (verb.body, verb.answer) if kind is not None]
        self._kinds = [ErrorInfo, *named]
        self._schemas, self.components = msgspec.json.schema_components(
            self._kinds, ref_template=_REFERENCE
        )
        queries = list({verb.query for verb in verbs if verb.query is not None})
        refs, components = msgspec.json.schema_components(queries)
        self._queries = {
            query: components[ref["$ref"].rpartition("/")[2]]
            for query, ref in zip(queries, refs, strict=True)
        }
        for query, schema in self._queries.items():
            field_docs.add(schema, query)
        for name, kind in field_docs.structs(self._kinds).items():
            field_docs.add(self.components[name], kind)

    def of(self, kind: Any) -> dict[str, Any]:
        """A type as a body or an answer."""
        return self._schemas[self._kinds.index(kind)]

    def query(self, kind: Any) -> list[dict[str, Any]]:
        """A struct as query parameters."""
        schema = self._queries[kind]
        required = schema.get("required", [])
        return [
            {
                "name": name,
                "in": "query",
                "required": name in required,
                "description": field.get("description", ""),
                "schema": {key: said for key, said in field.items() if key != "description"},
            }
            for name, field in schema["properties"].items()
        ]


def _operation(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    verb = operation.verb
    made: dict[str, Any] = {
        "operationId": re.sub(r"\W+", "_", f"{operation.method}{operation.path}").strip("_"),
        "summary": operation.summary,
        "tags": [operation.tag],
        "x-action": verb.action,
        "responses": _responses(operation, schemas),
    }
    if verb.within:
        made["x-within"] = verb.within
    parameters: list[dict[str, Any]] = [
        {"name": name, "in": "path", "required": True, "schema": _part(pattern)}
        for name, pattern in operation.parts.items()
    ]
    if verb.query is not None:
        parameters += schemas.query(verb.query)
    if parameters:
        made["parameters"] = parameters
    if verb.body is not None:
        content = {JSON: {"schema": schemas.of(verb.body)}}
        made["requestBody"] = {"required": True, "content": content}
    elif verb.takes:
        made["requestBody"] = {"content": {verb.takes: {"schema": {}}}}
    return made


def _part(pattern: str) -> dict[str, Any]:
    if _CHOICE.fullmatch(pattern):
        return {"type": "string", "enum": pattern.split("|")}
    return {"type": "string", "pattern": f"^(?:{pattern})$"}


def _responses(operation: Operation, schemas: _Schemas) -> dict[str, Any]:
    verb = operation.verb
    well: dict[str, Any] = {"description": HTTPStatus(verb.status).phrase}
    if verb.answer is not None:
        well["content"] = {JSON: {"schema": schemas.of(verb.answer)}}
    elif verb.gives:
        well["content"] = {verb.gives: {"schema": {}}}
    found = {str(verb.status): well}
    if verb.gives:
        found["206"] = {**well, "description": "The part that `Range` names"}
        found["304"] = {"description": "It is the one that `If-None-Match` names"}
        found["416"] = {"description": "None of what `Range` names is in it"}
    for error in errors(operation):
        found[str(error.status)] = {"$ref": f"#/components/responses/{error.__name__}"}
    return found


def errors(operation: Operation) -> list[type[ModelyardError]]:
    """What a verb may answer instead, but for faults of ours; by status."""
    kinds = {*_ALWAYS, *operation.verb.errors}
    if operation.parts or operation.verb.body is not None:
        kinds.add(NotFound)  # the thing itself, or one that the body names
    if operation.method != "get":
        kinds.add(StorageFull)
    return sorted(kinds, key=_status)


def _status(error: type[ModelyardError]) -> int:
    return error.status


def _described(error: type[ModelyardError]) -> dict[str, Any]:
    return {
        "description": inspect.getdoc(error),
        "content": {JSON: {"schema": {"$ref": _REFERENCE.format(name=ErrorInfo.__name__)}}},
    }
