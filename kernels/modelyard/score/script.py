"""A user's scoring script, by Azure Machine Learning's contract: `init()` once, `run(raw_data)`."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

from modelyard.score.data import Expected
from modelyard.score.errors import Malformed, ModelFailed
from modelyard.score.model import plain, to_json
from modelyard.score.status import one_line


class ScriptScorer:
    """Hands each request's text to the script and its return value back as JSON.

    Parameters
    ----------
    script: the user's file. Its folder and the model's are importable; `AZUREML_MODEL_DIR`
        and `MODELYARD_MODEL_DIR` name the model's files.
    """

    expected = Expected()

    def __init__(self, script: Path, model_dir: Path) -> None:
        os.environ["AZUREML_MODEL_DIR"] = str(model_dir)
        sys.path.insert(0, str(script.parent))
        spec = importlib.util.spec_from_file_location("score_script", script)
        if spec is None or spec.loader is None:
            raise ImportError(f"{script} is not a Python file.")
        module = importlib.util.module_from_spec(spec)
        # Classes that the script defines must be importable by name, for unpickling.
        sys.modules["score_script"] = module
        spec.loader.exec_module(module)
        if not callable(getattr(module, "run", None)):
            raise AttributeError("The scoring script defines no run(data).")
        self._run: Any = module.run
        init = getattr(module, "init", None)
        if callable(init):
            init()

    def score(self, raw: bytes) -> bytes:
        """Call `run` with the body's text.

        Raises
        ------
        Malformed: the body is not UTF-8, or `run` could not parse it as JSON.
        ModelFailed: `run` raised, or returned what JSON cannot say.
        """
        try:
            text = raw.decode()
        except UnicodeDecodeError as error:
            raise Malformed("The body is not UTF-8 text.") from error
        try:
            result = self._run(text)
        except json.JSONDecodeError as error:
            if error.doc == text:  # the script parsed the request, not something of its own
                raise Malformed(f"The body is not valid JSON: {error}.") from error
            raise self._failed(error) from error
        except Exception as error:
            raise self._failed(error) from error
        return to_json(plain(result))

    def _failed(self, error: Exception) -> ModelFailed:
        traceback.print_exc()
        return ModelFailed(
            f"run() of the scoring script failed: {one_line(error)}.",
            hint="The endpoint's log holds the traceback.",
        )
