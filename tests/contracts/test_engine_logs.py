"""A container's output by bytes, its secrets and its grace, on every engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest

from modelyard.score import output
from modelyard_server.engines import logfile
from modelyard_server.engines.base import Engine
from modelyard_server.engines.spec import Place, Volume
from tests.contracts.engines import MakeSpec, at, begin, ended, seen
from tests.server_support import wait_for


def _whole(engine: Engine, container: str, offset: int = 0) -> tuple[str, int]:
    """What the pieces from a byte on make together, and where they end."""
    text = ""
    while True:
        piece = engine.log(container, offset)
        assert piece.offset == offset and len(piece.text.encode()) <= logfile.PIECE
        if not piece.text:
            return text, offset
        text, offset = text + piece.text, piece.next


def test_a_log_is_read_on_from_a_byte(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    code = """
import os, time
print('first \u00fc', flush=True)
while not os.path.exists('go'): time.sleep(0.02)
print('second', flush=True)
"""
    env = {"PYTHONIOENCODING": "utf-8"}
    container = begin(engine, spec(code, env=env, log=at(shared, "out.txt")))
    wait_for(lambda: "first" in engine.log(container, 0).text, 30)
    text, offset = _whole(engine, container)
    assert (text, offset) == ("first \u00fc\n", len("first \u00fc\n".encode()))
    (shared / "go").touch()
    ended(engine, container)
    assert _whole(engine, container, offset)[0] == "second\n"
    tail = engine.log(container, tail=1)
    assert (tail.text, tail.offset) == ("second\n", offset)
    engine.start(container)  # its next life goes on in the same log
    wait_for(lambda: _whole(engine, container)[0] == 2 * "first \u00fc\nsecond\n", 30)


def test_of_a_large_log_no_line_is_lost(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    code = "for n in range(300_000): print(f'{n:09} ' + 'x' * 20)"
    container = begin(engine, spec(code, log=at(shared, "out.txt")))
    ended(engine, container)
    text, size = _whole(engine, container)
    assert [int(line[:9]) for line in text.splitlines()] == [*range(300_000)]
    assert size == 300_000 * 31
    assert engine.log(container, size).text == ""


def test_what_lies_in_the_place_of_a_log_is_not_read(
    engine: Engine, spec: MakeSpec, shared: Path
) -> None:
    container = begin(engine, spec(log=at(shared, "out.txt")))
    wait_for((shared / "out.txt").exists, 30)
    (shared / "out.txt").unlink()
    (shared / "out.txt").symlink_to("/etc/passwd")
    assert "root:" not in engine.log(container, 0).text + engine.logs(container)


def test_secrets_get_in_and_are_shown_nowhere(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    value = 'it\'s $HOME \n`two` "lines"'
    code = "import json, os; json.dump([os.environ['SECRET'], 'log' in os.environ], open('s', 'w'))"
    wanted = spec(code, secrets={"SECRET": value})
    assert wanted.digest == spec(code).digest
    container = begin(engine, wanted)
    assert ended(engine, container).exit_code == 0, engine.logs(container)
    assert json.loads((shared / "s").read_text()) == [value, False]
    if engine.name == "docker":
        shown = subprocess.run(["docker", "inspect", container], capture_output=True, text=True)
        assert container in shown.stdout and "`two`" not in shown.stdout
        folder = engine.reach.here(Place(Volume.SECRETS, container))
        assert {oct(file.stat().st_mode & 0o777) for file in folder.iterdir()} == {"0o600"}
        engine.remove(container)
        assert not folder.exists()


def test_a_grace_of_its_own(engine: Engine, spec: MakeSpec) -> None:
    code = """
import signal, time
signal.signal(signal.SIGTERM, lambda *_: None)
print('deaf', flush=True)
while True: time.sleep(1)
"""
    container = begin(engine, spec(code, stop_grace=1.0))
    wait_for(lambda: "deaf" in engine.logs(container), 30)
    engine.stop(container)
    assert seen(engine, container).exit_code == 128 + signal.SIGKILL


def test_a_punched_log_keeps_its_bytes_where_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "LIMIT", 2 << 20)
    file = tmp_path / "log.txt"
    file.write_bytes(b"".join(b"%09d\n" % n for n in range(1_000_000)))
    before = file.stat()
    with file.open("r+b") as log:
        output.trim(log.fileno())
    after = file.stat()
    if after.st_blocks == before.st_blocks:
        pytest.skip("this file system has no holes")
    assert after.st_size == before.st_size and after.st_blocks * 512 <= 2 << 20
    with file.open("ab") as log:
        log.write(b"new\n")
    first = logfile.piece(file, 0)
    assert first is not None and first.offset + (1 << 20) - before.st_size in range(11)
    assert int(first.text.splitlines()[0]) * 10 == first.offset
    last = logfile.piece(file, before.st_size)
    assert last is not None and (last.text, last.next) == ("new\n", before.st_size + 4)
    os.truncate(file, 5)
    shorter = logfile.piece(file, before.st_size)
    assert shorter is not None and shorter.offset == 0  # it is another log by now


def test_a_secret_may_have_any_name(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    secrets = {"log": "/nowhere/at/all", "secrets": "its'own", "place": "x"}
    code = f"import os; print([os.environ.get(name) for name in {[*secrets]!r}], flush=True)"
    wanted = spec(code, secrets=secrets)
    wanted.log = at(shared, "named.txt")
    container = begin(engine, wanted)
    ended(engine, container)
    assert (engine.log(container).text).splitlines()[-1] == str([*secrets.values()])
