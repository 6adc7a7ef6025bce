"""A small OpenAPI description of the endpoint, at /swagger.json."""

from __future__ import annotations

from typing import Any

from modelyard.score.data import Expected


def describe(expected: Expected) -> dict[str, Any]:
    """The document; it says how many features a row has where the model knows."""
    row: dict[str, Any] = {"type": "array", "items": {}}
    if expected.features is not None:
        row |= {"minItems": expected.features, "maxItems": expected.features}
    if expected.names:
        row["description"] = "In this order: " + ", ".join(expected.names)
    error = {"$ref": "#/components/schemas/Error"}
    return {
        "openapi": "3.0.3",
        "info": {"title": "Modelyard endpoint", "version": "1"},
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Error": {
                    "type": "object",
                    "properties": {n: {"type": "string"} for n in ("code", "message", "hint")},
                }
            },
        },
        "paths": {
            "/score": {
                "post": {
                    "operationId": "score",
                    "security": [{"key": []}],
                    "requestBody": {"required": True, "content": _json(_object("data", row))},
                    "responses": {
                        "200": {
                            "description": "One prediction for each row.",
                            "content": _json(_object("predictions", {})),
                        },
                        **{
                            code: {"description": text, "content": _json(error)}
                            for code, text in _ERRORS.items()
                        },
                    },
                }
            }
        },
    }


_ERRORS = {
    "400": "The body is malformed.",
    "401": "The key is missing or wrong.",
    "413": "The body is too large.",
    "422": "The model cannot take this data.",
    "500": "The model failed.",
}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _object(name: str, items: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": [name],
        "properties": {name: {"type": "array", "items": items}},
    }
