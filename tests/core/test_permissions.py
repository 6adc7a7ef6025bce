"""Every route of the server, walked with each kind of token.

A new route, or a new verb of one, fails here until the table says who may use it.
"""

from __future__ import annotations

import itertools
import json
import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp
from tornado.httpclient import HTTPClientError

from modelyard.schema.tracking import RunCreate
from modelyard_server.core.handler import PREFIX_URL, Handler
from modelyard_server.core.holder import LOCAL_SUBJECT
from modelyard_server.core.tokens import Tokens
from modelyard_server.core.verbs import verb_of
from modelyard_server.status.handlers import UnknownHandler

MINE = uuid.uuid4().hex
OTHER = uuid.uuid4().hex

# Verb and path -> who may: i(nstance), r(ead), j(ob) on what its scope names.
TABLE = {
    "GET /status": "i r",
    "GET /compute": "i r",
    "POST /compute": "i",
    "GET /compute/X": "i r",
    "DELETE /compute/X": "i",
    "POST /compute/X/start": "i",
    "POST /compute/X/move": "i",
    "GET /compute/X/log": "i r",
    "GET /compute/X/usage": "i r",
    "POST /compute/X/terminal": "",  # only who logs in to Jupyter
    "GET /devices": "i r",
    "GET /openapi.json": "i r",
    "GET /experiments": "i r",
    "POST /experiments": "i",
    "GET /experiments/9": "i r",
    "PATCH /experiments/9": "i",
    "DELETE /experiments/9": "i",
    "POST /experiments/9/restore": "i",
    "GET /runs": "i r",
    "POST /runs": "i",
    "GET /runs/RUN": "i r j",
    "PATCH /runs/RUN": "i",
    "DELETE /runs/RUN": "i",
    "POST /runs/RUN/restore": "i",
    "POST /runs/RUN/spool": "i j",
    "POST /runs/RUN/finish": "i j",
    "GET /runs/RUN/history": "i r j",
    "GET /runs/RUN/log": "i r j",
    "GET /runs/RUN/artifacts": "i r j",
    "GET /runs/RUN/files/a": "i r j",
    "PUT /runs/RUN/files/a": "i j",
    "GET /lineage": "i r",
    "GET /models": "i r",
    "GET /models/X": "i r",
    "PATCH /models/X": "i",
    "DELETE /models/X": "i",
    "POST /models/X/versions": "i",
    "GET /models/X/versions/1": "i r j",
    "PATCH /models/X/versions/1": "i",
    "DELETE /models/X/versions/1": "i",
    "GET /models/X/versions/1/artifacts": "i r j",
    "GET /models/X/versions/1/files/a": "i r j",
    "POST /uploads": "i",
    "PUT /uploads/U/a": "i",
    "GET /endpoints": "i r",
    "POST /endpoints": "i",
    "GET /endpoints/X": "i r",
    "DELETE /endpoints/X": "i",
    "GET /endpoints/X/keys": "i",
    "POST /endpoints/X/keys": "i",
    "GET /endpoints/X/log": "i r",
    "POST /endpoints/X/score": "i",
    "GET /storage": "i r",
    "POST /storage/clean": "i",
    "GET /gallery": "i r",
    "POST /gallery/X/copy": "i",
}
VERBS = ("get", "post", "put", "patch", "delete")


def _routes(app: ServerApp) -> list[tuple[re.Pattern[str], type[Handler]]]:
    """All routes that the server really serves below our prefix."""
    found: list[tuple[re.Pattern[str], type[Handler]]] = []
    groups: list[Any] = [app.web_app.default_router]
    while groups:
        for rule in groups.pop().rules:
            if hasattr(rule.target, "rules"):
                groups.append(rule.target)
            elif isinstance(rule.target, type) and issubclass(rule.target, Handler):
                found.append((rule.matcher.regex, rule.target))
    return found


def _own_verbs(handler: type[Handler]) -> list[str]:
    return [verb for verb in VERBS if verb_of(getattr(handler, verb)) is not None]


def _defined_verbs(handler: type[Handler]) -> list[str]:
    """What the class or one of our bases answers: all but tornado's refusals."""
    return [
        verb
        for verb in VERBS
        if any(
            verb in vars(each) and each.__module__.startswith("modelyard_server.")
            for each in handler.__mro__
        )
    ]


def _cases(table: dict[str, str]) -> dict[tuple[str, str], str]:
    return {tuple(key.split(" ", 1)): who for key, who in table.items()}  # type: ignore[misc]


@pytest.fixture
def tokens(jp_serverapp: ServerApp) -> Tokens:
    return jp_serverapp.web_app.settings["modelyard"].tokens


@pytest.fixture
def send(http_server_client: Any, jp_base_url: str) -> Any:
    async def fetch(token: str, verb: str, path: str) -> tuple[int, dict[str, Any]]:
        try:
            answer = await http_server_client.fetch(
                f"{jp_base_url}{path}",
                method=verb,
                headers={"Authorization": f"Bearer {token}"},
                body=None if verb in ("GET", "DELETE") else b"not json",
                follow_redirects=False,
            )
        except HTTPClientError as error:
            text = error.response.body if error.response else b""
            is_ours = text.startswith(b'{"code"')
            return error.code, json.loads(text) if is_ours else {}
        return answer.code, {}

    return fetch


def test_every_verb_is_guarded_and_in_the_table(jp_serverapp: ServerApp) -> None:
    routes = [pair for pair in _routes(jp_serverapp) if pair[1] is not UnknownHandler]
    assert len(routes) > 25
    base = jp_serverapp.base_url.rstrip("/")
    undecided = []
    met: set[tuple[str, str]] = set()
    for pattern, handler in routes:
        for verb in _defined_verbs(handler):
            assert verb in _own_verbs(handler), f"{handler.__name__}.{verb} asks nothing"
            case = [
                (method, path)
                for method, path in _cases(TABLE)
                if method == verb.upper()
                and pattern.match(f"{base}{PREFIX_URL}{path.replace('RUN', MINE)}")
            ]
            met |= set(case)
            if not case:
                undecided.append(f"{verb.upper()} {pattern.pattern}")
    assert undecided == [], "decide in TABLE which tokens may do this"
    assert set(_cases(TABLE)) - met == set(), "these are in TABLE and have no route"


async def test_each_kind_reaches_what_the_table_says(
    jp_serverapp: ServerApp, tokens: Tokens, send: Any
) -> None:
    tracking = jp_serverapp.web_app.settings["modelyard"].tracking
    for id in (MINE, OTHER):
        tracking.create_run(RunCreate(id=id, experiment="e"))
    scope = (f"run/{MINE}", "model/X/1")
    issued = {
        "i": tokens.issue("instance", "cpu"),
        "r": tokens.issue("read", "viewer"),
        "j": tokens.issue("job", "job-1", scope=scope, lifetime=3600),
    }
    stranger = tokens.issue("job", "job-2", scope=(f"run/{OTHER}", "model/Y/1"), lifetime=3600)
    bare = tokens.issue("job", "job-3", lifetime=3600)
    scoring = tokens.issue("scoring", "e", scope=scope)
    # What ends a run comes last: the other verbs are then asked of one that is active.
    order = sorted(_cases(TABLE).items(), key=lambda case: case[0][1].endswith("finish"))
    wrong = []
    for ((verb, path), who), (kind, token) in itertools.product(order, issued.items()):
        expected = kind in who.split()
        status, error = await send(token, verb, f"modelyard/api/v1{path.replace('RUN', MINE)}")
        assert status < 500, (verb, path, error)
        if expected != (status not in (401, 403)):
            wrong.append((kind, verb, path, status))
    assert wrong == []
    for (verb, path), who in order:
        url = f"modelyard/api/v1{path.replace('RUN', MINE)}"
        for outsider in (stranger, bare):
            assert (await send(outsider, verb, url))[0] == 403, (verb, path)
        seen = (await send(scoring, verb, url))[0] != 403
        assert seen == ("j" in who and verb == "GET"), (verb, path)


async def test_a_job_writes_its_own_run_only(
    jp_serverapp: ServerApp, tokens: Tokens, http_server_client: Any, jp_base_url: str
) -> None:
    services = jp_serverapp.web_app.settings["modelyard"]
    for id in (MINE, OTHER):
        services.tracking.create_run(RunCreate(id=id, experiment="e"))
    token = tokens.issue("job", "job-1", scope=(f"run/{MINE}",), lifetime=3600)
    for id, expected in ((MINE, 201), (OTHER, 403)):
        try:
            answer = await http_server_client.fetch(
                f"{jp_base_url}modelyard/api/v1/runs/{id}/files/out.txt",
                method="PUT",
                body=b"bytes",
                headers={"Authorization": f"Bearer {token}"},
            )
            code = answer.code
        except HTTPClientError as error:
            code = error.code
        assert code == expected
    assert [info.path for info in services.tracking.files.list(MINE)] == ["out.txt"]
    assert services.tracking.files.list(OTHER) == []


async def test_an_instance_cleans_no_images_that_other_workspaces_may_use(
    tokens: Tokens, http_server_client: Any, jp_base_url: str
) -> None:
    problems = []
    for subject in ("cpu", LOCAL_SUBJECT):
        token = tokens.issue("instance", subject)
        answer = await http_server_client.fetch(
            f"{jp_base_url}modelyard/api/v1/storage/clean",
            method="POST",
            body=b'{"kinds": ["images", "uploads"], "dry_run": true}',
            headers={"Authorization": f"Bearer {token}"},
        )
        problems.append([each["problem"] for each in json.loads(answer.body)["freed"]])
    of_instance, of_user = problems
    assert of_user == ["", ""]
    assert of_instance[1] == ""
    assert "other workspaces" in of_instance[0]


async def test_an_expired_token_is_refused_with_a_hint(tokens: Tokens, send: Any) -> None:
    token = tokens.issue("instance", "cpu", lifetime=-1.0)
    for _ in range(2):  # from the database, then from the cache
        status, error = await send(token, "GET", "modelyard/api/v1/runs")
        assert (status, "expired" in error["message"], bool(error["hint"])) == (401, True, True)


@pytest.mark.parametrize("kind", ["instance", "job", "read", "scoring"])
async def test_jupyters_own_routes_are_closed(
    tokens: Tokens, send: Any, kind: Any, jp_root_dir: Path
) -> None:
    token = tokens.issue(kind, "x", scope=(f"run/{MINE}",))
    (jp_root_dir / "secret.txt").write_text("x")
    reads = (
        "api/contents", "api/contents/secret.txt", "api/kernels", "api/kernelspecs",
        "api/sessions", "api/terminals", "api/config/x", "api/me", "files/secret.txt",
        "api/events/subscribe", "nbconvert/html/secret.txt", "lab/api/settings/",
    )  # fmt: skip
    for path in reads:
        assert (await send(token, "GET", path))[0] in (302, 401, 403), path
    writes = (
        ("POST", "api/kernels"), ("POST", "api/contents"), ("PUT", "api/contents/x"),
        ("POST", "api/sessions"), ("POST", "api/terminals"), ("POST", "api/shutdown"),
        ("DELETE", "api/contents/secret.txt"), ("POST", "api/events"),
    )  # fmt: skip
    for verb, path in writes:
        assert (await send(token, verb, path))[0] in (302, 401, 403), (verb, path)
