"""The list of domains: typed, in order, and no domain holds up another."""

from __future__ import annotations

from typing import Any

import pytest
from jupyter_server.serverapp import ServerApp

from modelyard.errors import EngineUnavailable
from modelyard_server.compute.manager import ComputeManager
from modelyard_server.services import DOMAINS, Services


@pytest.fixture
def services(jp_serverapp: ServerApp) -> Services:
    return jp_serverapp.web_app.settings["modelyard"]


def test_each_domain_gives_its_manager(services: Services) -> None:
    assert type(services.compute) is ComputeManager
    for domain in DOMAINS:
        assert type(services.of(domain)) is domain.manager
    assert Services.compute in DOMAINS


def test_one_that_cannot_end_holds_up_no_other(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended: list[str] = []

    def broken(manager: Any) -> None:
        ended.append(type(manager).__name__)
        raise EngineUnavailable("It hangs.")

    for domain in DOMAINS:
        stop = domain.stop

        def both(manager: Any, stop: Any = stop) -> None:
            stop(manager)
            broken(manager)

        monkeypatch.setitem(vars(domain), "stop", both)
    services.stop(everything=False)
    assert ended == [domain.manager.__name__ for domain in reversed(DOMAINS)]


def test_managers_can_be_configured_by_name(jp_serverapp: ServerApp) -> None:
    app = jp_serverapp.extension_manager.extension_apps["modelyard_server"].pop()
    assert {domain.manager for domain in DOMAINS} <= set(app.classes)
