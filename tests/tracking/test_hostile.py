"""What an instance, a client or a full disk can do to tracking stays with the run it concerns."""

from __future__ import annotations

import base64
import json
import uuid

import msgspec
import pytest
from tornado.httpclient import HTTPClientError

from modelyard.schema.tracking import RunCreate, RunFinish
from modelyard_server.tracking.layout import log_key
from tests.tracking.conftest import Bench

API = "modelyard/api/v1"


def test_the_servers_own_names_cannot_be_taken(bench: Bench) -> None:
    run = bench.run()
    bench.post(run, b'{"a":"log.txt/x","d":"y"}\n{"o":"hello\\n"}\n')
    assert bench.manager.finish_run(run.id, RunFinish()).status == "finished"
    assert bench.manager.output(run.id, 0).text == "hello\n"
    assert bench.store.path(log_key(run.id)).read_text() == "hello\n"


def test_a_directory_that_took_the_logs_name_before_goes(bench: Bench) -> None:
    run = bench.run()
    bench.post(run, b'{"o":"hello\\n"}\n')
    bench.store.path(log_key(run.id)).mkdir(parents=True)
    bench.manager.finish_run(run.id, RunFinish())
    assert bench.store.path(log_key(run.id)).read_text() == "hello\n"


def test_what_cannot_be_sealed_at_start_is_sealed_later(bench: Bench) -> None:
    logs = bench.paths.logs / "runs"
    logs.mkdir(parents=True, exist_ok=True)
    stuck, fine = bench.ended(), bench.ended()
    for run in (stuck, fine):
        (logs / f"{run.id}.txt").write_text("late")
    artifacts = bench.store.path(f"runs/{stuck.id}")
    artifacts.parent.mkdir(parents=True, exist_ok=True)
    artifacts.write_text("in the way")
    bench.manager.log.disabled = True
    bench.manager.step()
    assert bench.store.path(log_key(fine.id)).read_text() == "late"
    assert len(bench.manager.problems()) == 1
    artifacts.unlink()
    bench.manager._closing._not_before = 0.0
    bench.manager.step()
    bench.manager.log.disabled = False
    assert bench.store.path(log_key(stuck.id)).read_text() == "late"
    assert bench.manager.problems() == []


def test_a_run_id_ends_where_it_ends() -> None:
    body = json.dumps({"id": "0" * 32 + "\n", "experiment": "e"})
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=RunCreate)


@pytest.mark.parametrize("known", [True, False])
def test_a_directory_in_a_spools_place_holds_up_nobody(bench: Bench, known: bool) -> None:
    broken, first = bench.spooled()
    fine, second = bench.spooled()
    first.sink.close()
    first.sink.path.unlink()
    id = broken.id if known else uuid.uuid4().hex
    (bench.spool / f"{id}.jsonl" / "x").mkdir(parents=True)
    second.metric("a", 1, None)
    bench.manager.step()
    assert bench.manager.run(fine.id).metrics["a"].last == 1
    assert bench.manager.problems() == []
    assert bench.manager.run(broken.id).status == "failed"
    second.sink.close()


def test_bytes_are_left_out_once(bench: Bench) -> None:
    run = bench.run()
    bench.manager._ingestor.skip(run.id, 0, 100)
    bench.manager._ingestor.skip(run.id, 0, 100)  # another reader of the same bytes
    assert bench.manager.ingest(run.id, 0, b"").offset == 100


def test_a_queued_run_has_not_ended_and_has_no_writer(bench: Bench) -> None:
    run = bench.run()
    position = bench.manager._runs.position(run.id)
    position.status = "queued"
    assert (position.ended, position.writing) == (False, False)


def _page(*place: object) -> str:
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(place)).decode().rstrip("=")


@pytest.mark.parametrize(
    ("path", "field"),
    [
        (f"runs?page={_page(0, 1.0, (1 << 64) - 1)}", "page"),
        (f"runs?page={_page(0, 1.0, -1)}", "page"),
        (f"runs?page={_page((1 << 63) + 1, None, 1)}", "page"),
        ("runs?q=" + "+".join(["ab"] * 500), "q"),
        ("runs?limit=" + "9" * 5000, "limit"),
        (f"runs/ID/log?offset={1 << 44}", "offset"),
        (f"runs/ID/log?offset={1 << 63}", "offset"),
    ],
)
async def test_numbers_and_lengths_have_bounds(jp_fetch, path: str, field: str) -> None:
    id = uuid.uuid4().hex
    body = json.dumps({"id": id, "experiment": "e"})
    await jp_fetch(API, "runs", method="POST", body=body)
    path, _, query = path.replace("ID", id).partition("?")
    name, _, value = query.partition("=")
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(API, *path.split("/"), params={name: value.replace("+", " ")})
    assert caught.value.response is not None
    error = json.loads(caught.value.response.body)
    assert (caught.value.code, error["field"]) == (400, field)


async def test_a_range_of_thousands_of_digits(jp_fetch) -> None:
    id = uuid.uuid4().hex
    body = json.dumps({"id": id, "experiment": "e"})
    await jp_fetch(API, "runs", method="POST", body=body)
    await jp_fetch(API, "runs", id, "files", "a", method="PUT", body=b"abc")
    many = "9" * 5000
    with pytest.raises(HTTPClientError) as caught:
        await jp_fetch(API, "runs", id, "files", "a", headers={"Range": f"bytes={many}-"})
    assert caught.value.code == 416
    answer = await jp_fetch(API, "runs", id, "files", "a", headers={"Range": f"bytes=1-{many}"})
    assert (answer.code, answer.body) == (206, b"bc")


async def test_a_page_of_another_site_cannot_load_files(
    jp_fetch, jp_serverapp, jp_http_port, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = uuid.uuid4().hex
    body = json.dumps({"id": id, "experiment": "e"})
    await jp_fetch(API, "runs", method="POST", body=body)
    await jp_fetch(API, "runs", id, "files", "a", method="PUT", body=b"abc")
    provider = jp_serverapp.identity_provider
    # As with a cookie: who is logged in is known, and no token was sent.
    monkeypatch.setattr(type(provider), "is_token_authenticated", lambda *_: False)
    monkeypatch.setattr(type(provider), "should_check_origin", lambda *_: True)
    for headers in ({"Referer": "http://evil.example/x"}, {}):
        with pytest.raises(HTTPClientError) as caught:
            await jp_fetch(API, "runs", id, "files", "a", headers=headers)
        assert caught.value.code == 403
    ours = {"Referer": f"http://127.0.0.1:{jp_http_port}/lab"}
    assert (await jp_fetch(API, "runs", id, "files", "a", headers=ours)).body == b"abc"
