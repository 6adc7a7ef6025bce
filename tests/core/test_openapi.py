"""The REST reference says what the handlers do: it is made of what they work by."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import msgspec
import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError

from modelyard.errors import InvalidInput
from modelyard_server.core.handler import PREFIX_URL, Handler, authorized
from modelyard_server.core.verbs import read_query
from modelyard_server.services import ROUTES
from modelyard_server.status.handlers import routes as status_routes
from modelyard_server.status.openapi import document, operations

ROOT = Path(__file__).resolve().parents[2]
ALL = [*status_routes, *ROUTES]


class Found(msgspec.Struct, kw_only=True):
    """An answer."""

    name: str
    """What it is called."""


class Wanted(msgspec.Struct, kw_only=True):
    """A query."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=9)] = 5
    """How many."""
    key: str


class Shelf(Handler):
    """For these tests."""

    @authorized("read", within="shelf/{name}", answer=list[Found])
    async def get(self, name: str, query: Wanted) -> None:
        """List what lies on it."""

    @authorized("write", answer=Found, status=201)
    async def post(self, name: str, body: Found) -> None:
        """Put something on it."""


def test_a_verb_is_described_by_its_signature_and_its_guard() -> None:
    made = document([(rf"{PREFIX_URL}/shelves/(?P<name>[a-z]{{1,9}})", Shelf)], "/lab/")
    assert made["servers"] == [{"url": "/lab/modelyard/api/v1"}]
    path = made["paths"]["/shelves/{name}"]
    name, limit, key = path["get"]["parameters"]
    assert (name["in"], name["schema"]["pattern"]) == ("path", "^(?:[a-z]{1,9})$")
    assert limit["schema"] == {"type": "integer", "minimum": 1, "maximum": 9, "default": 5}
    assert (limit["description"], limit["required"], key["required"]) == ("How many.", False, True)
    assert path["get"]["x-within"] == "shelf/{name}"
    found = path["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert found == {"type": "array", "items": {"$ref": "#/components/schemas/Found"}}
    body = path["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/Found"}
    assert "201" in path["post"]["responses"] and "507" in path["post"]["responses"]
    described = made["components"]["schemas"]["Found"]["properties"]["name"]
    assert described["description"] == "What it is called."


@pytest.mark.parametrize(
    ("query", "field"),
    [("limit=10&key=k", "limit"), ("limit=x&key=k", "limit"), ("limit=2", "key"), ("key=", "key")],
)
def test_a_query_is_held_to_what_is_said_of_it(query: str, field: str) -> None:
    given = {
        name: [value.encode()] for name, _, value in (p.partition("=") for p in query.split("&"))
    }
    with pytest.raises(InvalidInput) as caught:
        read_query(given, Wanted)
    assert caught.value.field == field
    assert read_query({"key": [b"a", b"b"], "limit": [b""], "_": [b"1"]}, Wanted).key == "b"


def test_every_verb_says_what_it_answers() -> None:
    silent = [
        f"{each.method} {each.path}"
        for each in operations(ALL)
        if each.verb.answer is None and not each.verb.gives and each.verb.status != 204
    ]
    assert silent == []
    assert [each for each in operations(ALL) if not each.summary] == []


def test_what_is_served_is_that_document(jp_serverapp: ServerApp) -> None:
    """All routes are in it, and every schema is one."""
    made = document(ALL, jp_serverapp.base_url)
    assert len(made["paths"]) == len(ALL)
    for name, schema in made["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert schema.get("description"), f"{name} has no docstring"


async def test_it_is_served(jp_fetch: Any, jp_serverapp: ServerApp) -> None:
    answer = await jp_fetch("modelyard", "api", "v1", "openapi.json")
    assert json.loads(answer.body) == json.loads(
        msgspec.json.encode(document(ALL, jp_serverapp.base_url))
    )


async def test_not_to_strangers(http_server_client: Any, jp_serverapp: ServerApp) -> None:
    base = jp_serverapp.base_url
    with pytest.raises(HTTPClientError) as caught:
        await http_server_client.fetch(f"{base}modelyard/api/v1/openapi.json")
    assert caught.value.code in (401, 403)


def _generate(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, script, "--check"], capture_output=True, text=True, check=False
    )


def test_the_table_in_the_docs_is_up_to_date() -> None:
    done = _generate(ROOT / "docs" / "generate_rest.py")
    assert done.returncode == 0, done.stderr


def test_a_drift_of_the_table_is_seen(tmp_path: Path) -> None:
    for name in ("generate_rest.py", "rest.md"):
        (tmp_path / name).write_bytes((ROOT / "docs" / name).read_bytes())
    table = tmp_path / "rest.md"
    table.write_text(table.read_text().replace("| GET | `/status`", "| GET | `/state`"))
    assert _generate(tmp_path / "generate_rest.py").returncode == 1
