"""Programs beside the main one of a container, on every engine: kernels, terminals."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from modelyard.errors import NotFound, WrongState
from modelyard_server.engines.base import UNKNOWN_EXIT, Engine
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import Place, Volume
from tests.contracts.engines import SLEEP, MakeSpec, at, begin, ended, run, says
from tests.server_support import wait_for


def test_a_program_runs_in_it(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    container = begin(engine, spec())
    code = """
import json, os
me = os.getpid()
print(json.dumps([os.getpgid(0) == me, os.getcwd(), os.environ['ASKED'], os.environ['SET']]))
open('made', 'w').close()
raise SystemExit(7)
"""
    engine.remove(container)
    container = begin(engine, spec(env={"SET": "by spec"}))
    handle = run(engine, container, shared, code)
    assert wait_for(handle.poll, 30, "the program has ended") == 7
    assert json.loads((shared / "k.log").read_text()) == [True, str(shared), "for", "by spec"]
    assert (shared / "made").stat().st_mode & 0o777 == 0o664
    handle.signal(signal.SIGINT)  # silent


def test_signals_reach_its_whole_group(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    container = begin(engine, spec())
    code = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', '''
try:
    print("child ready", flush=True)
    {SLEEP}
except KeyboardInterrupt:
    print("child interrupted", flush=True)
'''])
try:
    child.wait()
except KeyboardInterrupt:
    child.wait()
    print("interrupted")
{SLEEP}
"""
    handle = run(engine, container, shared, code)
    says(shared / "k.log", "child ready")
    handle.signal(signal.SIGINT)
    says(shared / "k.log", "child interrupted")
    says(shared / "k.log", "\ninterrupted")
    assert handle.poll() is None
    handle.signal(signal.SIGKILL)
    assert wait_for(handle.poll, 30, "it is killed") == 128 + signal.SIGKILL


def test_a_fresh_engine_finds_the_program(
    engine: Engine, spec: MakeSpec, shared: Path, tmp_path: Path
) -> None:
    container = begin(engine, spec())
    handle = run(engine, container, shared, SLEEP)
    reach = engine.reach
    assert isinstance(reach, SameHost)
    other = (
        DockerEngine(reach)
        if engine.name == "docker"
        else ProcessEngine(reach, tmp_path / "engine")
    )
    found = other.attach(container, at(shared, "k.pid"))
    assert (found.pid, found.poll()) == (handle.pid, None)
    found.signal(signal.SIGTERM)
    assert wait_for(handle.poll, 30, "it is ended by the other") == 128 + signal.SIGTERM
    wait_for(lambda: found.poll() is not None, 30, "the other knows, too")
    late = other.attach(container, at(shared, "k.pid"))
    assert late.poll() == UNKNOWN_EXIT
    late.signal(signal.SIGTERM)  # silent


def test_another_process_finds_the_program(
    engine: Engine, spec: MakeSpec, shared: Path, tmp_path: Path
) -> None:
    container = begin(engine, spec())
    handle = run(engine, container, shared, SLEEP)
    root = engine.reach.here(Place(Volume.FILES)).parent
    script = f"""
import sys
from pathlib import Path
from modelyard_server.core.paths import Paths
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import Place, Volume
reach = SameHost(Paths(Path({str(root)!r})))
engine = DockerEngine(reach) if {engine.name!r} == "docker" else ProcessEngine(reach, Path({str(tmp_path)!r}) / "engine")
found = engine.attach({container!r}, Place(Volume.FILES, {f"{shared.name}/k.pid"!r}))
print(engine.inspect({container!r}).phase.value, found.pid, found.poll())
"""  # noqa: E501
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["running", str(handle.pid), "None"], done.stderr


def test_attach_to_what_never_was(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    container = begin(engine, spec())
    for name in (container, "modelyard-nothing-of-that-name"):
        handle = engine.attach(name, at(shared, "never.pid"))
        assert handle.poll() == UNKNOWN_EXIT
        handle.signal(signal.SIGTERM)


def test_a_pid_file_does_not_claim_another_program(
    engine: Engine, spec: MakeSpec, shared: Path
) -> None:
    container = begin(engine, spec())
    first = run(engine, container, shared, "pass")
    assert wait_for(lambda: first.poll() is not None, 30)
    (shared / "k.pid").write_text("1\n")
    assert engine.attach(container, at(shared, "k.pid")).poll() == UNKNOWN_EXIT


def test_stopping_the_container_ends_what_runs_in_it(
    engine: Engine, spec: MakeSpec, shared: Path
) -> None:
    container = begin(engine, spec())
    handle = run(engine, container, shared, SLEEP)
    escaped = run(
        engine,
        container,
        shared,
        "import subprocess; subprocess.Popen(['setsid', 'sleep', '600']); " + SLEEP,
        "escaped",
    )
    engine.stop(container)
    wait_for(lambda: handle.poll() is not None, 30, "the program has ended")
    wait_for(lambda: escaped.poll() is not None, 30, "the other, too")
    assert engine.usage(container).memory in (None, 0)


def test_the_end_of_the_main_program_ends_what_runs_in_it(
    engine: Engine, spec: MakeSpec, shared: Path
) -> None:
    code = """
import os, time
while not os.path.exists('go'): time.sleep(0.02)
"""
    container = begin(engine, spec(code))
    handle = run(engine, container, shared, SLEEP)
    (shared / "go").touch()
    ended(engine, container)
    wait_for(lambda: handle.poll() is not None, 30, "the program has ended")


def test_a_program_or_directory_that_is_not_there(
    engine: Engine, spec: MakeSpec, shared: Path
) -> None:
    container = begin(engine, spec())
    files = {"pid_file": at(shared, "x.pid"), "log_file": at(shared, "x.log")}
    handle = engine.exec(container, ["no-such-program"], env={}, cwd=str(shared), **files)
    assert wait_for(handle.poll, 30) == 127
    assert "no-such-program" in (shared / "x.log").read_text()
    handle = engine.exec(container, ["true"], env={}, cwd="/no/such/place", **files)
    assert wait_for(handle.poll, 30) == 126
    assert "/no/such/place" in (shared / "x.log").read_text()


def test_no_program_in_what_does_not_run(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    files = {"pid_file": at(shared, "x.pid"), "log_file": at(shared, "x.log")}
    with pytest.raises(NotFound):
        engine.exec("modelyard-nothing", ["true"], env={}, cwd="/", **files)
    wanted = spec()
    engine.create(wanted)
    with pytest.raises(WrongState):
        engine.exec(wanted.container, ["true"], env={}, cwd="/", **files)


def test_nothing_of_the_servers_environment_gets_in(
    engine: Engine, spec: MakeSpec, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_TOKEN", "secret")
    show = "import os; print(sorted(os.environ), flush=True); "
    container = begin(engine, spec(show + SLEEP))
    run(engine, container, shared, show)
    says(shared / "k.log", "PATH")
    wait_for(lambda: "PATH" in engine.logs(container), 30)
    assert "JUPYTER_TOKEN" not in engine.logs(container) + (shared / "k.log").read_text()


def test_a_shell_opens_in_it(engine: Engine, spec: MakeSpec) -> None:
    container = begin(engine, spec(env={"SET": "by spec"}))
    argv = engine.shell(container)
    if engine.name == "docker":  # a terminal needs a terminal; what it runs does not
        argv = [word for word in argv if word != "--tty"]
    done = subprocess.run(
        argv, input="echo $SET; pwd; exit 5\n", capture_output=True, text=True, timeout=60
    )
    assert done.stdout.split()[0] == "by", done.stderr
    assert done.returncode == 5
