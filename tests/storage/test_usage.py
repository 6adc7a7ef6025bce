"""The thread that measures."""

from __future__ import annotations

import subprocess
import sys

_HANGS = """
import logging, threading
from modelyard_server.storage.content import Content
from modelyard_server.storage.usage import Usage

asked = threading.Event()

class Engine(Content):
    kind, title, unit = "images", "Images", "image/images"

    def measure(self, _measuring):
        asked.set()
        threading.Event().wait()  # an engine that never answers

usage = Usage([Engine()], lambda: None, logging.getLogger())
usage.ask()
asked.wait()
usage.stop()
"""


def test_an_engine_that_hangs_does_not_hold_up_the_end_of_the_server() -> None:
    subprocess.run([sys.executable, "-c", _HANGS], timeout=30, check=True)
