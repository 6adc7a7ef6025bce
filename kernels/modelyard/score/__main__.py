"""`python -m modelyard.score`: load, listen, serve. Configured by `Settings.from_environment`."""

from __future__ import annotations

import sys
import time
import traceback

from modelyard.score.app import App, Scorer
from modelyard.score.keys import Keys
from modelyard.score.model import ModelScorer
from modelyard.score.output import keep_short
from modelyard.score.script import ScriptScorer
from modelyard.score.server import listen, serve
from modelyard.score.settings import Settings
from modelyard.score.status import StatusFile


def say(text: str) -> None:
    """One line into the endpoint's log."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stderr.flush()


def load(settings: Settings) -> Scorer:
    """The user's script where there is one, else the built-in scorer."""
    if settings.script is not None:
        return ScriptScorer(settings.script, settings.model_dir)
    return ModelScorer(settings.model_dir)


def main() -> int:
    """Serve until SIGTERM.

    The port is opened only after the model is loaded: a successor that cannot start never takes
    a request from the deployment that serves.
    """
    keep_short()
    settings = Settings.from_environment()
    status = StatusFile(settings.status)
    status.write("starting", "Running init()" if settings.script else "Loading the model")
    begun = time.monotonic()
    try:
        scorer = load(settings)
        opened = time.time()
        listener = listen(settings.host, settings.port)
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever it is, the user must see it
        traceback.print_exc()
        status.failed(error)
        return 1
    app = App(scorer, Keys(settings.keys), inline=settings.script is None)

    def ready() -> None:
        say(f"Ready after {time.monotonic() - begun:.1f} s, listening on port {settings.port}.")
        status.write("ready", "Ready", opened=opened)

    serve(app, listener, ready)
    say("Stopped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
