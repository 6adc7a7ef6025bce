"""One suite for every engine: what the rest of the server relies on."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from modelyard.errors import Conflict, EngineUnavailable, InvalidInput, NotFound, WrongState
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import UNKNOWN_EXIT, Engine, ExecHandle, ImageEngine
from modelyard_server.engines.choose import choose_engine
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.process import ProcessEngine
from modelyard_server.engines.spec import ContainerSpec, ContainerState, Mount, Phase
from tests.server_support import free_port, wait_for

SLEEP = "import time; time.sleep(600)"

MakeSpec = Callable[..., ContainerSpec]


@pytest.fixture
def shared(tmp_path: Path, engine: Engine) -> Path:
    """A directory that is mounted into every container of the test."""
    path = tmp_path / "shared"
    path.mkdir()
    os.chown(path, *engine.user()) if os.getuid() == 0 else None
    return path


@pytest.fixture
def spec(shared: Path, workspace_id: str) -> MakeSpec:
    """A specification that runs a piece of Python."""

    def make(code: str = SLEEP, name: str = "one", **fields: object) -> ContainerSpec:
        settings: dict[str, object] = {
            "image": "modelyard/base:latest",
            "mounts": [Mount(path=shared)],
            "workdir": str(shared),
            "network": "none",
        }
        return ContainerSpec(
            workspace=workspace_id,
            kind="instance",
            name=name,
            command=["python3", "-u", "-c", code],
            **{**settings, **fields},
        )

    return make


def begin(engine: Engine, spec: ContainerSpec) -> str:
    engine.create(spec)
    engine.start(spec.container)
    return spec.container


def seen(engine: Engine, container: str) -> ContainerState:
    found = engine.inspect(container)
    assert found is not None
    return found


def ended(engine: Engine, container: str) -> ContainerState:
    wait_for(lambda: seen(engine, container).phase is Phase.EXITED, 30, "the container has ended")
    return seen(engine, container)


def run(engine: Engine, container: str, shared: Path, code: str, name: str = "k") -> ExecHandle:
    handle = engine.exec(
        container,
        ["python3", "-u", "-c", code],
        env={"ASKED": "for"},
        cwd=str(shared),
        pid_file=shared / f"{name}.pid",
        log_file=shared / f"{name}.log",
    )
    wait_for(lambda: handle.pid, 30, "the program has a pid")
    return handle


def says(path: Path, text: str) -> None:
    wait_for(lambda: path.exists() and text in path.read_text(), 30, f"{path} says {text}")


# -- life ------------------------------------------------------------------------------------


def test_a_container_is_created_started_stopped_and_removed(
    engine: Engine, spec: MakeSpec, workspace_id: str
) -> None:
    wanted = spec()
    engine.create(wanted)
    made = seen(engine, wanted.container)
    assert made.phase is Phase.CREATED
    assert (made.workspace, made.kind, made.name) == (workspace_id, "instance", "one")
    assert made.spec_hash == wanted.digest

    engine.start(wanted.container)
    running = seen(engine, wanted.container)
    assert running.phase is Phase.RUNNING
    assert running.started is not None
    assert running.exit_code is None

    engine.stop(wanted.container)
    stopped = seen(engine, wanted.container)
    assert stopped.phase is Phase.EXITED
    assert stopped.exit_code == 128 + signal.SIGTERM
    assert stopped.finished is not None

    engine.remove(wanted.container)
    assert engine.inspect(wanted.container) is None
    assert engine.list(workspace_id) == []


def test_every_step_may_be_repeated(engine: Engine, spec: MakeSpec) -> None:
    wanted = spec()
    for _ in range(2):
        engine.create(wanted)
    for _ in range(2):
        engine.start(wanted.container)
    started = seen(engine, wanted.container).started
    engine.create(wanted)
    assert seen(engine, wanted.container).started == started
    for _ in range(2):
        engine.stop(wanted.container)
    for _ in range(2):
        engine.remove(wanted.container)
    engine.stop(wanted.container)


def test_it_starts_again_after_a_stop(engine: Engine, spec: MakeSpec) -> None:
    container = begin(engine, spec("print('hello'); " + SLEEP))
    wait_for(lambda: "hello" in engine.logs(container), 30, "it has said hello")
    engine.stop(container)
    engine.start(container)
    assert seen(engine, container).phase is Phase.RUNNING
    wait_for(lambda: engine.logs(container).count("hello") == 2, 30, "it has said hello twice")


def test_starting_what_is_not_there(engine: Engine) -> None:
    with pytest.raises(NotFound):
        engine.start("modelyard-nothing-of-that-name")


def test_another_specification_replaces_the_container(engine: Engine, spec: MakeSpec) -> None:
    container = begin(engine, spec())
    changed = spec(env={"NEW": "1"})
    engine.create(changed)
    found = seen(engine, container)
    assert found.spec_hash == changed.digest
    assert found.phase is Phase.CREATED


def test_one_start_wins_when_many_ask(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    wanted = spec("open('starts', 'a').write('x'); " + SLEEP)
    errors: list[Exception] = []

    def ask() -> None:
        try:
            begin(engine, wanted)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    says(shared / "starts", "x")
    assert (shared / "starts").read_text() == "x"


def test_lists_only_its_workspace(engine: Engine, spec: MakeSpec, workspace_id: str) -> None:
    begin(engine, spec(name="one"))
    engine.create(spec(name="two"))
    assert {state.name for state in engine.list(workspace_id)} == {"one", "two"}
    assert engine.list("another") == []


def test_a_missing_mounted_directory_is_made(
    engine: Engine, spec: MakeSpec, tmp_path: Path
) -> None:
    missing = tmp_path / "not" / "there"
    code = f"open({str(missing / 'file')!r}, 'w').write('x')"
    container = begin(engine, spec(code, mounts=[Mount(path=missing)], workdir="/"))
    assert ended(engine, container).exit_code == 0, engine.logs(container)
    assert (missing / "file").read_text() == "x"


# -- how it ended ----------------------------------------------------------------------------


@pytest.mark.parametrize("code", [0, 3])
def test_its_exit_code_and_log_are_kept(engine: Engine, spec: MakeSpec, code: int) -> None:
    program = f"import sys; print('out'); print('err', file=sys.stderr); sys.exit({code})"
    container = begin(engine, spec(program))
    assert ended(engine, container).exit_code == code
    assert set(engine.logs(container).split()) == {"out", "err"}


def test_the_end_of_a_long_log(engine: Engine, spec: MakeSpec) -> None:
    container = begin(engine, spec("for i in range(3000): print(i)"))
    ended(engine, container)
    assert engine.logs(container, tail=2).split() == ["2998", "2999"]
    assert engine.logs("modelyard-nothing-of-that-name") == ""


def test_killed_behind_its_back(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    container = begin(engine, spec("import os; os.kill(os.getpid(), 9)"))
    assert ended(engine, container).exit_code == 128 + signal.SIGKILL


def test_a_command_that_is_not_there(engine: Engine, spec: MakeSpec) -> None:
    wanted = spec()
    wanted.command = ["no-such-program"]
    container = begin(engine, wanted)
    assert ended(engine, container).exit_code == 127
    assert "no-such-program" in engine.logs(container)


def test_the_restart_policy_starts_it_again(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    code = f"""
open('starts', 'a').write('x')
if len(open('starts').read()) < 3: raise SystemExit(1)
{SLEEP}
"""
    container = begin(engine, spec(code, restart=True))
    says(shared / "starts", "xxx")
    wait_for(lambda: seen(engine, container).phase is Phase.RUNNING, 30, "it runs again")
    assert seen(engine, container).restarts == 2
    engine.stop(container)
    assert seen(engine, container).phase is Phase.EXITED


def test_stopping_what_its_restart_policy_is_about_to_start(engine: Engine, spec: MakeSpec) -> None:
    container = begin(engine, spec("raise SystemExit(1)", restart=True))
    wait_for(lambda: seen(engine, container).restarts > 1, 30, "it has crashed twice")
    engine.stop(container)
    restarts = seen(engine, container).restarts
    assert ended(engine, container).restarts == restarts


def test_a_program_that_ignores_sigterm_is_killed(engine: Engine, spec: MakeSpec) -> None:
    container = begin(
        engine,
        spec("import signal; signal.signal(15, signal.SIG_IGN); print('deaf'); " + SLEEP),
    )
    wait_for(lambda: "deaf" in engine.logs(container), 30, "it ignores SIGTERM")
    engine.stop(container, timeout=1)
    assert seen(engine, container).exit_code == 128 + signal.SIGKILL


# -- programs beside the main one ------------------------------------------------------------


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
    other = DockerEngine() if engine.name == "docker" else ProcessEngine(tmp_path / "engine")
    found = other.attach(container, shared / "k.pid")
    assert (found.pid, found.poll()) == (handle.pid, None)
    found.signal(signal.SIGTERM)
    assert wait_for(handle.poll, 30, "it is ended by the other") == 128 + signal.SIGTERM
    wait_for(lambda: found.poll() is not None, 30, "the other knows, too")
    late = other.attach(container, shared / "k.pid")
    assert late.poll() == UNKNOWN_EXIT
    late.signal(signal.SIGTERM)  # silent


def test_another_process_finds_the_program(
    engine: Engine, spec: MakeSpec, shared: Path, tmp_path: Path
) -> None:
    container = begin(engine, spec())
    handle = run(engine, container, shared, SLEEP)
    script = f"""
import sys
from pathlib import Path
from modelyard_server.core.paths import Paths
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.process import ProcessEngine
engine = DockerEngine() if {engine.name!r} == "docker" else ProcessEngine(Path({str(tmp_path)!r}) / "engine")
found = engine.attach({container!r}, Path({str(shared / "k.pid")!r}))
print(engine.inspect({container!r}).phase.value, found.pid, found.poll())
"""  # noqa: E501
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["running", str(handle.pid), "None"], done.stderr


def test_attach_to_what_never_was(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    container = begin(engine, spec())
    for name in (container, "modelyard-nothing-of-that-name"):
        handle = engine.attach(name, shared / "never.pid")
        assert handle.poll() == UNKNOWN_EXIT
        handle.signal(signal.SIGTERM)


def test_a_pid_file_does_not_claim_another_program(
    engine: Engine, spec: MakeSpec, shared: Path
) -> None:
    container = begin(engine, spec())
    first = run(engine, container, shared, "pass")
    assert wait_for(lambda: first.poll() is not None, 30)
    (shared / "k.pid").write_text("1\n")
    assert engine.attach(container, shared / "k.pid").poll() == UNKNOWN_EXIT


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
    files = {"pid_file": shared / "x.pid", "log_file": shared / "x.log"}
    handle = engine.exec(container, ["no-such-program"], env={}, cwd=str(shared), **files)
    assert wait_for(handle.poll, 30) == 127
    assert "no-such-program" in (shared / "x.log").read_text()
    handle = engine.exec(container, ["true"], env={}, cwd="/no/such/place", **files)
    assert wait_for(handle.poll, 30) == 126
    assert "/no/such/place" in (shared / "x.log").read_text()


def test_no_program_in_what_does_not_run(engine: Engine, spec: MakeSpec, shared: Path) -> None:
    files = {"pid_file": shared / "x.pid", "log_file": shared / "x.log"}
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


def test_usage(engine: Engine, spec: MakeSpec) -> None:
    container = begin(engine, spec())
    used = engine.usage(container)
    assert used.memory is not None and used.memory > 1 << 20
    with pytest.raises(NotFound):
        engine.usage("modelyard-nothing-of-that-name")


# -- what it cannot do -----------------------------------------------------------------------


def test_more_gpus_than_there_are(engine: Engine, spec: MakeSpec, workspace_id: str) -> None:
    with pytest.raises(InvalidInput, match="GPU") as caught:
        engine.create(spec(gpus=64))
    assert caught.value.field == "gpus"
    assert engine.list(workspace_id) == []


def test_info_names_it(engine: Engine) -> None:
    about = engine.info()
    assert about.available
    assert about.name == engine.name
    assert about.cpus > 0
    assert about.memory > 1 << 28
    assert about.message


# -- Docker's own ----------------------------------------------------------------------------


@pytest.fixture
def docker_spec(
    docker_engine: DockerEngine, base_image: str, workspace_id: str, tmp_path: Path
) -> object:
    """A specification for tests of the Docker engine alone; its containers are swept."""

    def make(code: str, name: str = "one", **fields: object) -> ContainerSpec:
        settings = {"image": base_image, "network": "none", **fields}
        command = ["python3", "-u", "-c", code]
        return ContainerSpec(
            workspace=workspace_id, kind="instance", name=name, command=command, **settings
        )

    yield make
    for state in docker_engine.list(workspace_id):
        docker_engine.remove(state.container)


@pytest.mark.docker
def test_a_container_has_no_rights(docker_engine: DockerEngine, docker_spec: MakeSpec) -> None:
    code = """
import os
status = dict(line.split(":\\t") for line in open("/proc/self/status") if ":\\t" in line)
print(os.getuid(), int(status["CapEff"], 16), int(status["CapBnd"], 16), int(status["NoNewPrivs"]))
print(os.environ["HOME"], os.environ["LANG"])
"""
    container = begin(docker_engine, docker_spec(code))
    ended(docker_engine, container)
    said = docker_engine.logs(container).split()
    assert said[0] != "0"
    assert said[1:4] == ["0", "0", "1"]
    assert said[4:] == ["/tmp", "C.UTF-8"]


@pytest.mark.docker
@pytest.mark.parametrize(
    ("name", "host"), [("cpu-1", "cpu-1"), ("a_b.c-", "a-b-c"), ("x" * 64, "x" * 63)]
)
def test_an_instance_is_called_by_its_name(
    docker_engine: DockerEngine, docker_spec: MakeSpec, name: str, host: str
) -> None:
    container = begin(
        docker_engine, docker_spec("import socket; print(socket.gethostname())", name=name)
    )
    ended(docker_engine, container)
    assert docker_engine.logs(container).strip() == host


@pytest.mark.docker
def test_limits_hold(docker_engine: DockerEngine, docker_spec: MakeSpec) -> None:
    spec = docker_spec("x = bytearray(400 << 20); print(len(x))", memory=128 << 20, cpus=0.5)
    container = begin(docker_engine, spec)
    assert ended(docker_engine, container).oom
    assert seen(docker_engine, container).exit_code == 128 + signal.SIGKILL


@pytest.mark.docker
def test_a_port_is_published_on_loopback_and_its_collision_named(
    docker_engine: DockerEngine, docker_spec: MakeSpec
) -> None:
    port = free_port()
    serve = "import http.server as h; h.ThreadingHTTPServer(('', 8000), h.SimpleHTTPRequestHandler).serve_forever()"  # noqa: E501
    spec = docker_spec(serve, network="bridge", ports={8000: port})
    begin(docker_engine, spec)

    def answers() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as link:
                link.sendall(b"GET / HTTP/1.0\r\n\r\n")
                return link.recv(20).startswith(b"HTTP/1.0 200")
        except OSError:
            return False

    wait_for(answers, 30, "the published port answers")
    other = docker_spec("pass", name="two", network="bridge", ports={8000: port})
    docker_engine.create(other)
    with pytest.raises(Conflict, match=str(port)) as caught:
        docker_engine.start(other.container)
    assert caught.value.field == "port"


@pytest.mark.docker
def test_two_containers_share_a_network(docker_engine: DockerEngine, docker_spec: MakeSpec) -> None:
    holder = begin(docker_engine, docker_spec(SLEEP, name="holder", network="bridge"))
    where = "import os; print(os.readlink('/proc/self/ns/net'))"
    member = docker_spec(where, name="member", network=f"container:{holder}")
    begin(docker_engine, member)
    ended(docker_engine, member.container)
    host = str(Path("/proc/self/ns/net").readlink())
    assert docker_engine.logs(member.container).strip() not in ("", host)


@pytest.mark.docker
def test_removed_behind_its_back(docker_engine: DockerEngine, docker_spec: MakeSpec) -> None:
    container = begin(docker_engine, docker_spec(SLEEP))
    subprocess.run(["docker", "rm", "--force", container], check=True, capture_output=True)
    assert docker_engine.inspect(container) is None
    docker_engine.remove(container)
    begin(docker_engine, docker_spec(SLEEP))
    assert seen(docker_engine, container).phase is Phase.RUNNING


@pytest.mark.docker
def test_a_paused_container_is_told_and_resumed(
    docker_engine: DockerEngine, docker_spec: MakeSpec
) -> None:
    container = begin(docker_engine, docker_spec(SLEEP))
    subprocess.run(["docker", "pause", container], check=True, capture_output=True)
    assert seen(docker_engine, container).phase is Phase.PAUSED
    docker_engine.start(container)
    assert seen(docker_engine, container).phase is Phase.RUNNING


@pytest.mark.docker
@pytest.mark.parametrize("image", ["modelyard/no-such-image:1", "Not A Name"])
def test_an_image_that_is_not_there(
    docker_engine: DockerEngine, docker_spec: MakeSpec, image: str, workspace_id: str
) -> None:
    with pytest.raises((NotFound, InvalidInput)) as caught:
        docker_engine.create(docker_spec("pass", image=image))
    assert caught.value.field == "image" or "invalid reference" in str(caught.value)
    assert docker_engine.list(workspace_id) == []


def test_a_dead_docker_is_said_to_be_dead(tmp_path: Path) -> None:
    dead = DockerEngine(f"unix://{tmp_path}/nothing.sock")
    about = dead.info()
    assert not about.available
    assert about.hint
    spec = ContainerSpec(workspace="w", kind="instance", name="n", command=["true"])
    calls: list[Callable[[], object]] = [
        lambda: dead.list("w"),
        lambda: dead.create(spec),
        lambda: dead.start("x"),
        lambda: dead.stop("x"),
        lambda: dead.remove("x"),
        lambda: dead.logs("x"),
        lambda: dead.usage("x"),
        lambda: dead.has_image("x"),
    ]
    for call in calls:
        with pytest.raises(EngineUnavailable) as caught:
            call()
        assert caught.value.hint


def test_a_docker_that_does_not_answer_hangs_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modelyard_server.engines.docker.QUICK", 1)
    address = str(tmp_path / "silent.sock")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(address)
        silent.listen()
        about = DockerEngine(f"unix://{address}").info()
    assert not about.available
    assert "in time" in about.message


# -- processes' own --------------------------------------------------------------------------


def test_a_killed_supervisor_takes_its_program_along(tmp_path: Path) -> None:
    engine = ProcessEngine(tmp_path / "engine")
    spec = ContainerSpec(
        workspace="w",
        kind="instance",
        name="n",
        command=["python3", "-c", SLEEP],
        workdir=str(tmp_path),
    )
    container = begin(engine, spec)
    try:
        directory = tmp_path / "engine" / container
        state = json.loads((directory / "state.json").read_text())
        parent = Path(f"/proc/{state['pid']}/stat").read_text().rpartition(")")[2].split()[1]
        os.kill(int(parent), signal.SIGKILL)
        assert ended(engine, container).exit_code == 128 + signal.SIGKILL
        assert seen(engine, container).error
        engine.start(container)
        assert seen(engine, container).phase is Phase.RUNNING
        assert oct((directory / "container.json").stat().st_mode & 0o777) == "0o600"
    finally:
        engine.remove(container)
    wait_for(lambda: not Path(f"/proc/{state['pid']}").exists(), 30, "the program has ended")


@pytest.mark.parametrize("name", ["../escape", "/etc", "", "a/b"])
def test_a_container_name_is_no_path(tmp_path: Path, name: str) -> None:
    engine = ProcessEngine(tmp_path / "engine")
    with pytest.raises(InvalidInput):
        engine.remove(name)


# -- which one -------------------------------------------------------------------------------


def test_without_docker_processes_serve_and_say_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/nothing.sock")
    paths = Paths(tmp_path / "ws").make()
    engine = choose_engine(paths)
    assert engine.name == "process"
    assert not isinstance(engine, ImageEngine)
    assert "Docker" in engine.info().message
    assert engine.info().hint

    asked = choose_engine(paths, "docker")
    assert asked.name == "docker"
    assert not asked.info().available

    with pytest.raises(InvalidInput, match="auto, docker, process"):
        choose_engine(paths, "podman")


@pytest.mark.docker
def test_docker_is_chosen_where_it_answers(tmp_path: Path, docker_engine: DockerEngine) -> None:
    engine = choose_engine(Paths(tmp_path / "ws").make())
    assert engine.name == "docker"
    assert isinstance(engine, ImageEngine)
