"""Numbers, lengths and depths beyond what is meant: refused or kept, and never a fault of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError

RUN = "0123456789abcdef" * 2
LONG = "x" * 1_000_000
MANY = {str(number): "v" for number in range(20_000)}
DEEP: Any = "[" * 100_000 + "]" * 100_000

Case = tuple[str, str, Any]

BODIES: list[Case] = [
    ("POST", "compute", {"name": "a", "gpus": 1 << 70}),
    ("POST", "compute", {"name": "a", "gpus": -1}),
    ("POST", "compute", {"name": LONG}),
    ("POST", "compute", {"name": "a", "size": LONG}),
    ("POST", "compute", {"name": "a", "image": LONG}),
    ("POST", "compute", {"name": "a", "engine": LONG}),
    ("POST", "compute", {"name": "a\0b"}),
    ("POST", "compute/a/move", {"engine": LONG}),
    ("POST", "endpoints", {"name": "e", "model": "m", "port": 1 << 70}),
    ("POST", "endpoints", {"name": "e", "model": "m:" + "9" * 5000}),
    ("POST", "endpoints", {"name": "e", "model": LONG}),
    ("POST", "endpoints", {"name": "e", "model": "m", "script": LONG}),
    ("POST", "endpoints", {"name": "e", "model": "m", "requirements": ["x"] * 100_000}),
    ("POST", "endpoints", {"name": "e", "model": "m", "env": {"A\0": "b"}}),
    ("POST", "endpoints/e/keys", {"key": "primary"}),
    ("POST", "experiments", {"name": LONG}),
    ("POST", "experiments", {"name": "e\0"}),
    ("POST", "experiments", {"name": "e", "note": LONG}),
    ("PATCH", "experiments/1", {"name": LONG}),
    ("PATCH", f"experiments/{'9' * 18}", {"name": "x"}),
    ("POST", "runs", {"id": "f" * 32, "experiment": LONG}),
    ("POST", "runs", {"id": "f" * 32 + "\n", "experiment": "e"}),
    ("POST", "runs", {"id": "e" * 32, "experiment": "e", "started": 1e300}),
    ("POST", "runs", {"id": "d" * 32, "experiment": "e", "name": LONG}),
    ("POST", "runs", {"id": "c" * 32, "experiment": "e", "tags": {"a" * 10_000: LONG}}),
    ("POST", "runs", {"id": "b" * 32, "experiment": "e", "params": MANY}),
    ("POST", "runs", {"id": "a" * 32, "experiment": "e", "tags": {"\0": "\0"}}),
    ("PATCH", f"runs/{RUN}", {"note": LONG}),
    ("PATCH", f"runs/{RUN}", {"tags": {"k" * 100_000: "v"}}),
    ("PATCH", f"runs/{RUN}", {"name": "\0"}),
    ("POST", f"runs/{RUN}/finish", {"offset": 1 << 63}),
    ("POST", f"runs/{RUN}/finish", {"error": LONG}),
    ("POST", "models/m/versions", {"run_id": LONG, "path": LONG}),
    ("POST", "models/m/versions", {"run_id": RUN, "path": "../" * 1000}),
    ("POST", "models/m/versions", {"run_id": RUN, "path": "a\0"}),
    ("POST", "models/m/versions", {"upload": LONG}),
    ("POST", "models/m/versions", {"upload": "..", "flavor": LONG}),
    ("PATCH", "models/m", {"tags": MANY}),
    ("POST", "experiments", DEEP),
    ("POST", "experiments", "\xff"),
    ("POST", "experiments", '{"name": "\\ud800"}'),
    ("POST", "runs", '{"id": "' + "9" * 32 + '", "experiment": "e", "name": "\\udfff"}'),
    ("POST", "experiments", '{"name": "x", "name": 1e999}'),
]  # fmt: skip
PATHS: list[Case] = [
    ("GET", f"runs/{RUN}/files/{'a/' * 5000}b", None),
    ("GET", f"runs/{RUN}/files/%00", None),
    ("PUT", f"runs/{RUN}/files/{'a/' * 5000}b", "x"),
    ("PUT", f"runs/{RUN}/files/{'a' * 300}", "x"),
    ("PUT", f"runs/{RUN}/files/%00", "x"),
    ("PUT", f"runs/{RUN}/files/%ED%A0%80", "x"),
    ("GET", f"runs/{RUN}/artifacts?path={'a/' * 3000}", None),
    ("GET", f"runs/{RUN}/artifacts?path=%00", None),
    ("GET", f"runs/{RUN}/history?key=%00", None),
    ("GET", f"runs/{RUN}/history?key=%FF", None),
    ("GET", f"runs/{RUN}/history?key=m&max_points={10_000_000}", None),
    ("GET", "runs/%FF", None),
    ("GET", "compute/%FF", None),
    ("GET", "compute/%00/log?tail=2147483648", None),
    ("GET", "models/%00/versions/1/files/%00", None),
    ("GET", "models/a/versions/%C2%B2", None),
    ("PUT", "uploads/..%2F../x", "x"),
    ("PUT", "uploads/%00/x", "x"),
    ("GET", "lineage?kind=%00&id=%00", None),
    ("GET", f"lineage?kind=run&id={'x' * 5000}", None),
    ("POST", "gallery/..%2F../copy", ""),
    ("POST", "gallery/%00/copy", ""),
    ("GET", "runs?order_by=metric.%00&q=%00", None),
    ("GET", f"runs?q={'(' * 4000}", None),
    ("GET", "runs?q=%22%27%5C", None),
]


@pytest.fixture
def send(http_server_client: Any, jp_base_url: str, jp_auth_header: dict[str, str]) -> Any:
    async def fetch(verb: str, path: str, body: Any) -> tuple[int, bytes]:
        if body is not None and not isinstance(body, str):
            body = json.dumps(body)
        try:
            answer = await http_server_client.fetch(  # jp_fetch would escape the path once more
                f"{jp_base_url}modelyard/api/v1/{path}",
                method=verb,
                headers=jp_auth_header,
                body=body.encode("latin-1") if body is not None else None,
                request_timeout=60,
            )
        except HTTPClientError as error:
            return error.code, error.response.body if error.response else b""
        return answer.code, answer.body

    return fetch


@pytest.mark.parametrize("cases", [BODIES, PATHS], ids=["bodies", "paths"])
async def test_what_is_beyond_all_bounds_is_no_fault_of_ours(send: Any, cases: list[Case]) -> None:
    await send("POST", "runs", {"id": RUN, "experiment": "e"})
    faults = []
    for verb, path, body in cases:
        status, text = await send(verb, path, body)
        if status >= 500:
            faults.append((status, verb, path[:80], str(body)[:80], text[:200]))
    assert faults == []
