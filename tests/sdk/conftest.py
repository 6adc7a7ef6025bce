"""Fixtures of the SDK's tests."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from modelyard import Run
from modelyard.errors import WrongState


@pytest.fixture
def name() -> str:
    """An experiment of the test's own."""
    return f"exp-{uuid.uuid4().hex[:8]}"


@pytest.fixture(autouse=True)
def _all_closed() -> Iterator[None]:
    yield
    with pytest.raises(WrongState):
        Run.current()
