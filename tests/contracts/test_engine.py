"""One suite for every engine: what the rest of the server relies on."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest

from modelyard.errors import NotFound
from modelyard_server.engines.base import Engine
from modelyard_server.engines.engines import bring_up
from modelyard_server.engines.spec import Mount, Phase, Place, Volume
from tests.contracts.engines import SLEEP, MakeSpec, begin, ended, says, seen
from tests.server_support import wait_for

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


def test_it_tells_the_labels_of_its_domain(
    engine: Engine, spec: MakeSpec, workspace_id: str
) -> None:
    """Those alone, and nothing that a domain says replaces what the engine needs to know."""
    wanted = spec(labels={"modelyard.endpoint": "a-b", "modelyard.kind": "other", "foreign": "x"})
    container = begin(engine, wanted)
    (listed,) = engine.list(workspace_id)
    assert listed.labels == seen(engine, container).labels == {"modelyard.endpoint": "a-b"}
    assert listed.kind == "instance"


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


def test_what_runs_keeps_its_specification_until_it_is_started_again(
    engine: Engine, spec: MakeSpec
) -> None:
    container = begin(engine, spec())
    before = seen(engine, container)
    changed = spec(labels={"modelyard.new": "1"})
    bring_up(engine, changed)
    assert seen(engine, container) == before
    engine.stop(container)
    bring_up(engine, changed)
    after = seen(engine, container)
    assert (after.phase, after.spec_hash) == (Phase.RUNNING, changed.digest)
    assert after.labels == {"modelyard.new": "1"}


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
    engine: Engine, spec: MakeSpec, workspace_id: str
) -> None:
    place = Place(Volume.FILES, f"{workspace_id}/not/there")
    missing = engine.reach.here(place)
    code = f"open({str(missing / 'file')!r}, 'w').write('x')"
    container = begin(engine, spec(code, mounts=[Mount(place=place)], workdir="/"))
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


def test_usage(engine: Engine, spec: MakeSpec) -> None:
    container = begin(engine, spec())
    used = engine.usage(container)
    assert used.memory is not None and used.memory > 1 << 20
    with pytest.raises(NotFound):
        engine.usage("modelyard-nothing-of-that-name")


# -- what it cannot do -----------------------------------------------------------------------


def test_info_names_it(engine: Engine) -> None:
    about = engine.info()
    assert about.available
    assert about.name == engine.name
    assert about.cpus > 0
    assert about.memory > 1 << 28
    assert about.message
