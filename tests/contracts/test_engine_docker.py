"""What Docker alone can do, and what happens when it does not answer."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelyard.errors import Conflict, EngineUnavailable, InvalidInput, NotFound
from modelyard_server.engines.docker import DockerEngine
from modelyard_server.engines.docker_exec import DockerExec
from modelyard_server.engines.engines import bring_up
from modelyard_server.engines.reach import SameHost
from modelyard_server.engines.spec import ContainerSpec, ContainerState, LeasedDevice, Phase
from tests.contracts.engines import SLEEP, MakeSpec, begin, ended, seen
from tests.docker_support import sweep
from tests.server_support import free_port, wait_for


@pytest.fixture
def docker_spec(
    docker_engine: DockerEngine, base_image: str, workspace_id: str, tmp_path: Path
) -> object:
    """A specification for tests of the Docker engine alone; its containers are swept."""

    def make(code: str, name: str = "one", **fields: object) -> ContainerSpec:
        settings = {"image": base_image, "networks": ["none"], **fields}
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
    spec = docker_spec(serve, networks=["bridge"], ports={8000: port})
    begin(docker_engine, spec)

    def answers() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), 1) as link:
                link.sendall(b"GET / HTTP/1.0\r\n\r\n")
                return link.recv(20).startswith(b"HTTP/1.0 200")
        except OSError:
            return False

    wait_for(answers, 30, "the published port answers")
    other = docker_spec("pass", name="two", networks=["bridge"], ports={8000: port})
    docker_engine.create(other)
    with pytest.raises(Conflict, match=str(port)) as caught:
        docker_engine.start(other.container)
    assert caught.value.field == "port"


@pytest.mark.docker
def test_two_containers_share_a_network(docker_engine: DockerEngine, docker_spec: MakeSpec) -> None:
    holder = begin(docker_engine, docker_spec(SLEEP, name="holder", networks=["bridge"]))
    where = "import os; print(os.readlink('/proc/self/ns/net'))"
    member = docker_spec(where, name="member", networks=[f"container:{holder}"])
    begin(docker_engine, member)
    ended(docker_engine, member.container)
    host = str(Path("/proc/self/ns/net").readlink())
    assert docker_engine.logs(member.container).strip() not in ("", host)


@pytest.fixture
def networks(docker_engine: DockerEngine, workspace_id: str) -> Iterator[list[str]]:
    """Two networks of the test's own."""
    names = [f"{workspace_id}-{n}" for n in "ab"]
    try:
        for name in names:
            subprocess.run(
                ["docker", "network", "create", "--label", f"modelyard.test={workspace_id}", name],
                check=True,
                capture_output=True,
            )
        yield names
    finally:
        sweep(docker_engine, workspace_id)  # before the networks that they are in
        subprocess.run(["docker", "network", "rm", *names], capture_output=True, check=False)


@pytest.mark.docker
@pytest.mark.parametrize("first", [[], ["bridge"]])
def test_a_container_in_two_networks_reaches_both(
    docker_engine: DockerEngine, docker_spec: MakeSpec, networks: list[str], first: list[str]
) -> None:
    serve = "import http.server as h; h.HTTPServer(('', 8000), h.SimpleHTTPRequestHandler).serve_forever()"  # noqa: E501
    peers = [
        begin(docker_engine, docker_spec(serve, name=f"peer-{n}", networks=[network]))
        for n, network in enumerate(networks)
    ]
    ask = f"""
import time, urllib.request as u
for peer in {peers}:
    while True:
        try: status = u.urlopen("http://" + peer + ":8000", timeout=5).status; break
        except ConnectionError: time.sleep(0.05)
        except u.URLError as e:
            if not isinstance(e.reason, ConnectionRefusedError): raise
            time.sleep(0.05)
    print(status)
"""
    spec = docker_spec(ask, networks=[*first, *networks])
    bring_up(docker_engine, spec)
    ended(docker_engine, spec.container)
    assert docker_engine.logs(spec.container).split() == ["200", "200"]


@pytest.mark.docker
def test_a_network_that_a_killed_server_did_not_join_is_joined(
    docker_engine: DockerEngine, docker_spec: MakeSpec, networks: list[str]
) -> None:
    spec = docker_spec(SLEEP, networks=networks)
    docker_engine.create(spec)
    leave = ["docker", "network", "disconnect", networks[1], spec.container]
    subprocess.run(leave, check=True, capture_output=True)
    bring_up(docker_engine, spec)
    told = "{{range $name, $_ := .NetworkSettings.Networks}}{{$name}} {{end}}"
    asked = ["docker", "inspect", "--format", told, spec.container]
    said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    assert sorted(said.split()) == networks


@pytest.mark.docker
def test_a_network_that_is_not_there(docker_engine: DockerEngine, docker_spec: MakeSpec) -> None:
    spec = docker_spec("pass", networks=["bridge", "no-such-network"])
    with pytest.raises(NotFound, match="no-such-network"):
        bring_up(docker_engine, spec)
    assert seen(docker_engine, spec.container).phase is Phase.CREATED


@pytest.mark.docker
def test_removed_behind_its_back(docker_engine: DockerEngine, docker_spec: MakeSpec) -> None:
    container = begin(docker_engine, docker_spec(SLEEP))
    subprocess.run(["docker", "rm", "--force", container], check=True, capture_output=True)
    assert docker_engine.inspect(container) is None
    docker_engine.remove(container)
    begin(docker_engine, docker_spec(SLEEP))
    assert seen(docker_engine, container).phase is Phase.RUNNING


@pytest.mark.docker
def test_one_that_docker_cannot_tell_of_hides_no_other(
    docker_engine: DockerEngine,
    docker_spec: MakeSpec,
    workspace_id: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one = begin(docker_engine, docker_spec(SLEEP))
    other = begin(docker_engine, docker_spec(SLEEP, name="two"))
    broken = subprocess.check_output(
        ["docker", "inspect", "--format", "{{.Id}}", one], text=True
    ).strip()
    inspect = docker_engine.inspect

    def answer(container: str) -> ContainerState | None:
        if container == broken:
            raise EngineUnavailable("Docker could not do it: layer does not exist.")
        return inspect(container)

    with monkeypatch.context() as patch:
        patch.setattr(docker_engine, "inspect", answer)
        found = {state.container: state for state in docker_engine.list(workspace_id)}
    assert {name: state.phase for name, state in found.items()} == {
        one: Phase.RUNNING,
        other: Phase.RUNNING,
    }
    assert (found[one].kind, found[one].name) == ("instance", "one")
    assert found[one].spec_hash == docker_spec(SLEEP).digest


@pytest.mark.docker
def test_one_that_is_being_removed_is_made_again(
    docker_engine: DockerEngine, docker_spec: MakeSpec
) -> None:
    """Docker keeps it for a while, stopped, and does not start it again."""
    spec = docker_spec(SLEEP)
    for _ in range(5):
        begin(docker_engine, spec)
        removal = subprocess.Popen(["docker", "rm", "--force", spec.container])
        while removal.poll() is None:
            with contextlib.suppress(NotFound):  # the only thing that may be said of it
                docker_engine.create(spec)
                docker_engine.start(spec.container)
        begin(docker_engine, spec)
        assert seen(docker_engine, spec.container).phase is Phase.RUNNING


@pytest.mark.docker
def test_what_happens_in_another_workspace_is_told_to_that_one(
    docker_engine: DockerEngine, docker_spec: MakeSpec, workspace_id: str
) -> None:
    heard: list[str] = []
    other = f"{workspace_id}x"

    def happens(workspace: str, **fields: object) -> bool:
        """Something there; gives whether it was heard, as far as anybody listens by now."""
        before = heard.count(workspace)
        spec = docker_spec(SLEEP, **fields)
        spec.workspace = workspace
        docker_engine.create(spec)
        docker_engine.remove(spec.container)
        return heard.count(workspace) > before

    ends = [
        docker_engine.watch(each, lambda each=each: heard.append(each))
        for each in (workspace_id, other)
    ]
    try:
        wait_for(lambda: happens(workspace_id), 30, "somebody listens")
        wait_for(lambda: happens(other), 30, "all that was ours is told")  # told in order
        ours = heard.count(workspace_id)
        wait_for(lambda: happens(other), 30, "it is told")
        assert heard.count(workspace_id) == ours
        happens(other, devices=[LeasedDevice(id="d", kind="path")])  # one may wait for it here
        wait_for(lambda: heard.count(workspace_id) > ours, 30, "a device came free")
    finally:
        for end in ends:
            end()


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


def test_a_dead_docker_is_said_to_be_dead(tmp_path: Path, reach: SameHost) -> None:
    dead = DockerEngine(reach, f"unix://{tmp_path}/nothing.sock")
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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reach: SameHost
) -> None:
    monkeypatch.setattr("modelyard_server.engines.docker.QUICK", 1)
    address = str(tmp_path / "silent.sock")
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(address)
        silent.listen()
        about = DockerEngine(reach, f"unix://{address}").info()
    assert not about.available
    assert "in time" in about.message


@pytest.mark.docker
def test_a_question_that_hangs_in_a_container_is_given_up(
    docker_engine: DockerEngine, docker_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Docker's own client would wait for its answer without limit."""
    container = begin(docker_engine, docker_spec(SLEEP))
    monkeypatch.setattr("modelyard_server.engines.docker_exec.QUICK", 0.5)
    monkeypatch.setattr("modelyard_server.engines.docker_exec._ALIVE", "sleep 600")
    handle = DockerExec(docker_engine._client, container, Path("/none"), None)
    handle._pid = 2
    with pytest.raises(EngineUnavailable, match="does not answer"):
        handle.poll()
