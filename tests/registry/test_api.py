"""The registry over HTTP."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

from tests.lineage_support import serve

API = "modelyard/api/v1"


@pytest.fixture
def call(jp_fetch):
    """Send a request; returns status and decoded answer, for errors too."""

    async def send(method: str, path: str, body: Any = None, **kwargs) -> tuple[int, Any]:
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        try:
            answer = await jp_fetch(
                API,
                *path.split("/"),
                method=method,
                body=raw,
                allow_nonstandard_methods=True,
                **kwargs,
            )
        except HTTPClientError as error:
            return error.code, json.loads(error.response.body)
        is_json = "json" in answer.headers.get("Content-Type", "")
        return answer.code, json.loads(answer.body) if is_json and answer.body else answer.body

    return send


@pytest.fixture
def register(call):
    """Upload files and register them."""

    async def send(name: str, files: dict[str, bytes], **fields) -> tuple[int, Any]:
        _, upload = await call("POST", "uploads", b"")
        for path, content in files.items():
            status, info = await call("PUT", f"uploads/{upload['id']}/{path}", content)
            assert (status, info["path"], info["size"]) == (201, path, len(content))
            assert info["sha256"] == hashlib.sha256(content).hexdigest()
        body = {"upload": upload["id"], "flavor": "custom", **fields}
        return await call("POST", f"models/{name}/versions", body)

    return send


async def test_life_of_a_version(call, register) -> None:
    status, made = await register("churn", {"a/w 100%25.bin": b"12", "b": b""}, tags={"x": "y"})
    assert (status, made["version"], made["flavor"]) == (201, 1, "custom")
    status, models = await call("GET", "models")
    assert [(m["name"], m["versions"][0]["tags"]) for m in models] == [("churn", {"x": "y"})]
    _, files = await call("GET", "models/churn/versions/1/artifacts")
    assert {f["path"]: f["size"] for f in files} == {"a/w 100%25.bin": 2, "b": 0}
    for file in files:
        _, content = await call("GET", f"models/churn/versions/1/files/{file['path']}")
        assert hashlib.sha256(content).hexdigest() == file["sha256"]
    change = {"note": "good", "tags": {"x": None}}
    status, changed = await call("PATCH", "models/churn/versions/1", change)
    assert (status, changed["note"], changed["tags"]) == (200, "good", {})
    status, changed = await call("PATCH", "models/churn", {"note": "all"})
    assert (status, changed["note"], changed["versions"][0]["note"]) == (200, "all", "good")
    assert (await call("DELETE", "models/churn/versions/1"))[0] == 204
    assert (await call("GET", "models/churn/versions/1"))[0] == 404
    assert (await call("GET", "models"))[1] == []


async def test_a_model_from_a_run(call, jp_serverapp) -> None:
    run = "0" * 31 + "1"
    status, _ = await call("POST", "runs", {"id": run, "experiment": "e", "name": "best"})
    assert status == 201
    await call("PUT", f"runs/{run}/files/model/weights.bin", b"first")
    body = {"run_id": run, "path": "model", "flavor": "custom"}
    status, made = await call("POST", "models/churn/versions", body)
    assert (status, made["run_id"], made["run_name"], made["experiment"]) == (201, run, "best", "e")
    assert made["path"] == "model"
    assert (await call("GET", f"runs/{run}"))[1]["models"] == [{"name": "churn", "version": 1}]
    # The version keeps what it was registered with.
    await call("PUT", f"runs/{run}/files/model/weights.bin", b"second")
    assert (await call("GET", "models/churn/versions/1/files/weights.bin"))[1] == b"first"
    one_file = {"run_id": run, "path": "model/weights.bin", "flavor": "custom"}
    assert (await call("POST", "models/churn/versions", one_file))[1]["version"] == 2
    assert (await call("GET", "models/churn/versions/2/files/weights.bin"))[1] == b"second"
    for path, code in (("modle", 404), ("", 400), ("../..", 400), ("/etc", 400)):
        status, error = await call("POST", "models/churn/versions", {**body, "path": path})
        assert (status, error["field"]) == (code, "path")
    await call("POST", f"runs/{run}/finish", {})
    # A run behind a live deployment stays, whatever else is deleted.
    db = jp_serverapp.web_app.settings["modelyard"].db
    serve(db, "live", ("churn", 2))
    status, error = await call("DELETE", f"runs/{run}")
    assert (status, error["code"]) == (409, "in_use") and "serves 'live'" in error["message"]
    serve(db, "live")
    assert (await call("DELETE", f"runs/{run}"))[0] == 204
    assert (await call("POST", f"runs/{run}/restore"))[0] == 200
    assert (await call("DELETE", "models/churn"))[0] == 204
    assert (await call("GET", f"runs/{run}"))[1]["models"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff",
        b'{"upload": 3}',
        b'{"uplaod": "x"}',
        b'{"tags": {"a": 1}}',
    ],
)
async def test_garbage_bodies(call, body: bytes) -> None:
    status, error = await call("POST", "models/churn/versions", body)
    assert (status, error["code"]) == (400, "invalid_input")
    assert error["message"]


@pytest.mark.parametrize("name", ["x" * 300, "a b", "ü", "..", "a:b"])
async def test_bad_names(register, name: str) -> None:
    status, error = await register(name, {"w": b"1"})
    assert (status, error["field"]) == (400, "name")
    assert "letters, digits" in error["hint"]


@pytest.mark.parametrize("version", ["x", "0", "-1", "1.5", "9" * 30])
async def test_versions_that_do_not_exist(call, register, version: str) -> None:
    await register("churn", {"w": b"1"})
    for verb, path in (("GET", ""), ("DELETE", ""), ("GET", "/artifacts"), ("GET", "/files/w")):
        status, error = await call(verb, f"models/churn/versions/{version}{path}")
        assert (status, error["field"]) == (404, "version")


async def test_uploads_to_nowhere(call) -> None:
    assert (await call("PUT", f"uploads/{'0' * 32}/w", b"1"))[0] == 404
    assert (await call("PUT", "uploads/x/w", b"1"))[0] == 404
    _, upload = await call("POST", "uploads", b"")
    status, error = await call("PUT", f"uploads/{upload['id']}/a\\b", b"1")
    assert (status, error["field"]) == (400, "path")


async def test_strangers_are_refused(call) -> None:
    stranger = {"Authorization": "token wrong"}
    for verb, path in (("GET", "models"), ("POST", "uploads"), ("DELETE", "models/churn")):
        status, _ = await call(verb, path, b"", headers=dict(stranger))
        assert status in (401, 403)


async def test_files_cannot_act_as_the_user(jp_fetch, register) -> None:
    await register("churn", {"report.html": b"<script>alert(1)</script>"})
    answer = await jp_fetch(API, "models", "churn", "versions", "1", "files", "report.html")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def _described(**fields: Any) -> bytes:
    return json.dumps({"flavors": {"python_function": {"model_path": "m"}}, **fields}).encode()


DEEP = "[" * 100_000
HARD = {
    "a signature without end": _described(signature={"inputs": DEEP}),
    "a name that is a tree": _described(
        signature={"inputs": '[{"name": ' + "[" * 800 + "]" * 800 + "}]"}
    ),
    "a kind that is a tree": _described(
        signature={"inputs": '[{"type": ' + "[" * 800 + "]" * 800 + "}]"}
    ),
    "half a surrogate": b'{"flavors": {}, "signature": {"inputs": "\\ud800"}}',
    "nothing but brackets": DEEP.encode(),
    "slow YAML": b"a: [" + b"{b: c}, " * 200_000 + b"]",
    "a long number": b"flavors: {python_function: {model_path: m, python_version: 0x%b}}"
    % (b"f" * 9_000),
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD)
async def test_descriptions_that_are_hard_to_read_are_no_fault_of_ours(
    call, register, text: bytes
) -> None:
    status, answer = await register("m", {"MLmodel": text, "m": b"1"})
    assert status in (201, 400), answer
    if status == 400:
        assert answer["code"] == "invalid_input" and len(answer["message"]) < 500
    assert (await call("GET", "models"))[0] == 200


@pytest.mark.parametrize("depth", [40, 500, 900, 100_000])
async def test_a_deep_input_example_is_left_out(call, register, depth: int) -> None:
    files = {
        "MLmodel": _described(saved_input_example_info={"type": "ndarray"}),
        "m": b"1",
        "input_example.json": b"[" * depth + b"]" * depth,
    }
    status, made = await register("m", files, flavor="custom")
    assert status == 201 and made["input_example"] is None
    assert (await call("GET", "models/m"))[0] == 200
