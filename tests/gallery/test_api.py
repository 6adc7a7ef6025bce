"""The gallery over HTTP."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from tornado.httpclient import HTTPClientError

Fetch = Callable[..., Awaitable[Any]]
API = ("modelyard", "api", "v1", "gallery")


async def test_list_and_copy(jp_fetch: Fetch, tmp_path: Path) -> None:
    listed = json.loads((await jp_fetch(*API)).body)
    assert listed[0]["name"] == "quickstart" and listed[0]["minutes"]
    for expected in ("quickstart.ipynb", "quickstart (2).ipynb"):
        answer = await jp_fetch(*API, "quickstart", "copy", method="POST", body="")
        assert answer.code == 201
        assert json.loads(answer.body) == {"path": expected}
    assert (tmp_path / "workspace" / "files" / "quickstart (2).ipynb").is_file()


@pytest.mark.parametrize("name", ["../quickstart", "quikstart", "x" * 300, "é\n"])
async def test_what_is_no_template_is_a_404_with_advice(
    name: str, jp_fetch: Fetch, tmp_path: Path
) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(*API, quote(name, safe=""), "copy", method="POST", body="")
    assert caught.value.response is not None
    body = json.loads(caught.value.response.body)
    assert caught.value.code == 404 and body["code"] == "not_found" and body["hint"]
    assert list((tmp_path / "workspace" / "files").iterdir()) == []


async def test_a_stranger_gets_nothing(jp_fetch: Fetch) -> None:
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(*API, headers={"Authorization": "token wrong"})
    assert caught.value.code in (401, 403)
