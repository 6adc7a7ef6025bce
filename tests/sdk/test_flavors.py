"""Model directories: what is saved comes back, and describes itself truly."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from modelyard.errors import InvalidInput
from modelyard.flavors import checked_requirements, describe, load, save, wrap

X = np.random.default_rng(0).normal(size=(80, 4))
Y = (X[:, 0] > 0).astype(int)


def _names(requirements: list[str]) -> set[str]:
    assert all("==" in r for r in requirements)
    return {r.partition("==")[0] for r in requirements}


@pytest.fixture
def pipeline():
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y)


def test_pipeline_round_trip(pipeline, tmp_path: Path) -> None:
    made = save(pipeline, tmp_path / "model", input_example=X[:7])
    assert made == describe(tmp_path / "model")
    assert (made.flavor, made.file) == ("sklearn", "model.pkl")
    assert made.signature.features == 4
    assert made.signature.dtypes == ["float64"]
    assert made.input_example == {"data": X[:5].tolist()}
    assert _names(made.requirements) == {"cloudpickle", "joblib", "numpy", "scikit-learn", "scipy"}
    assert np.array_equal(load(tmp_path / "model").predict(X), pipeline.predict(X))


def test_the_description_is_both_json_and_yaml(pipeline, tmp_path: Path) -> None:
    save(pipeline, tmp_path, input_example=X[:2])
    text = (tmp_path / "MLmodel").read_text()
    assert json.loads(text) == yaml.safe_load(text)


def test_dataframe_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame({"größe": X[:, 0], "n": np.arange(80), "kind": ["a", "b"] * 40})
    encode = make_column_transformer(
        (OneHotEncoder(), ["kind"]), (StandardScaler(), ["größe", "n"])
    )
    model = make_pipeline(encode, LogisticRegression()).fit(frame, Y)
    made = save(model, tmp_path, input_example=frame.head(2))
    assert made.signature.names == ["größe", "n", "kind"]
    assert made.signature.dtypes == ["float64", "int64", "str"]
    assert made.signature.features == 3
    assert made.input_example["data"][1] == {"größe": X[1, 0], "n": 1, "kind": "b"}
    assert "pandas" in _names(made.requirements)
    assert list(load(tmp_path).predict(frame)) == list(model.predict(frame))


def test_without_an_example_the_model_itself_tells_its_columns(tmp_path: Path) -> None:
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    made = save(LogisticRegression().fit(frame, Y), tmp_path)
    assert (made.signature.features, made.signature.names) == (4, ["a", "b", "c", "d"])
    assert made.input_example is None


def test_one_row_is_an_example(pipeline, tmp_path: Path) -> None:
    assert save(pipeline, tmp_path, input_example=X[0]).input_example == {"data": [X[0].tolist()]}


def test_a_wrong_example_does_not_lose_the_model(pipeline, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="cannot predict its own input example"):
        save(pipeline, tmp_path, input_example=X[:2, :3])
    assert load(tmp_path).predict(X).shape == (80,)


def test_a_python_object_with_predict(tmp_path: Path) -> None:
    threshold = 0.5

    class Rule:
        def predict(self, rows):
            return (np.asarray(rows)[:, 0] > threshold).astype(int)

    made = save(Rule(), tmp_path / "m", input_example=X[:2])
    assert made.flavor == "python"
    assert {"cloudpickle", "numpy"} <= _names(made.requirements)
    assert "scikit-learn" not in _names(made.requirements)
    assert load(tmp_path / "m").predict([[0.9], [0.1]]).tolist() == [1, 0]


_ELSEWHERE = """
import sys
from pathlib import Path
from modelyard.flavors import load
print(load(Path(sys.argv[1])).predict([[1.0], [2.0]]))
"""


def _load_elsewhere(directory: Path) -> str:
    """Load in a process that has none of this one's modules."""
    import modelyard

    path = str(Path(modelyard.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(directory)],
        env={"PYTHONPATH": path},
        capture_output=True,
        text=True,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def local_package(tmp_path: Path, monkeypatch) -> Path:
    folder = tmp_path / "src" / "my_scaling"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "factor.py").write_text("FACTOR = 10\ndef apply(x):\n    return x * FACTOR\n")
    (folder / "rule.py").write_text(
        textwrap.dedent("""
        from my_scaling.factor import apply
        class Rule:
            def predict(self, rows):
                return [apply(row[0]) for row in rows]
        """)
    )
    monkeypatch.syspath_prepend(str(folder.parent))
    yield folder
    for name in [m for m in sys.modules if m.startswith("my_scaling")]:
        del sys.modules[name]


def test_local_modules_travel_inside_the_pickle(local_package: Path, tmp_path: Path) -> None:
    from my_scaling.rule import Rule

    save(Rule(), tmp_path / "model")
    assert _load_elsewhere(tmp_path / "model") == "[10.0, 20.0]"


def test_code_travels_as_files(local_package: Path, tmp_path: Path) -> None:
    from my_scaling.rule import Rule

    save(Rule(), tmp_path / "model", code=local_package)
    assert (tmp_path / "model/code/my_scaling/rule.py").exists()
    assert b"FACTOR" not in (tmp_path / "model/model.pkl").read_bytes()
    assert _load_elsewhere(tmp_path / "model") == "[10.0, 20.0]"


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (object(), "no predict"),
        (len, "no predict"),
        (LogisticRegression, "is a class"),
        (LogisticRegression(), "not fitted"),
    ],
)
def test_what_is_not_a_model(model, says: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=says) as caught:
        save(model, tmp_path / "m")
    assert caught.value.hint
    assert caught.value.field == "model"
    assert not (tmp_path / "m").exists()


def test_what_cannot_be_pickled(tmp_path: Path) -> None:
    class Locked:
        def __init__(self):
            self.lock = threading.Lock()

        def predict(self, rows):
            return rows

    with pytest.raises(InvalidInput, match="cannot be saved"):
        save(Locked(), tmp_path)


def test_requirements_given_replace_those_found(pipeline, tmp_path: Path) -> None:
    made = save(pipeline, tmp_path, requirements="scikit-learn==1.6.1\n# why\n\nnumpy<3 # old\n")
    assert made.requirements == ["scikit-learn==1.6.1", "numpy<3"]


@pytest.mark.parametrize("line", ["--index-url http://x", "-r other.txt", "/etc", "a b", "x\ny"])
def test_a_line_that_is_no_requirement(line: str) -> None:
    with pytest.raises(InvalidInput, match="not a requirement"):
        checked_requirements([line])


@pytest.mark.parametrize(
    "line",
    [
        "numpy",
        "scikit-learn==1.6.1",
        "a[b,c]>=1,<2; python_version < '3.12'",
        "pkg @ https://example.org/pkg-1.0.whl",
        "x~=1.0",
    ],
)
def test_a_line_that_is_one(line: str) -> None:
    assert checked_requirements([line]) == [line]


# -- files that exist ------------------------------------------------------------------------


def _dump(model, file: Path, way: str) -> None:
    if way == "pickle":
        file.write_bytes(pickle.dumps(model))
    else:
        joblib.dump(model, file, compress=0 if way == "joblib" else (way, 3))


@pytest.mark.parametrize("way", ["pickle", "joblib", "zlib", "gzip", "bz2", "xz", "lzma"])
def test_wrapping_a_file(way: str, tmp_path: Path) -> None:
    model = RandomForestClassifier(3).fit(X, np.array(["no", "yes"])[Y])
    file = tmp_path / "my model.joblib"
    _dump(model, file, way)
    before = file.read_bytes()
    made = wrap(file, tmp_path / "m")
    assert made.flavor == "sklearn"
    assert {"scikit-learn", "numpy"} <= _names(made.requirements)
    assert file.read_bytes() == before
    file.rename(tmp_path / "m" / file.name)
    assert list(load(tmp_path / "m").predict(X)) == list(model.predict(X))


def test_wrapping_runs_nothing_of_the_file(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self):
            return Path.touch, (tmp_path / "ran",)

    (tmp_path / "bomb.pkl").write_bytes(pickle.dumps(Bomb()))
    assert wrap(tmp_path / "bomb.pkl", tmp_path / "m").flavor == "python"
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("content", [b"", b"hello", b"\x80\x05.", b"PK\x03\x04" * 9, b"\x78\x9cx"])
def test_wrapping_garbage(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.pkl").write_bytes(content)
    with pytest.raises(InvalidInput, match=r"'x\.pkl' is not a file written by"):
        wrap(tmp_path / "x.pkl", tmp_path / "m")


def test_wrapping_a_file_that_needs_other_code(local_package: Path, tmp_path: Path) -> None:
    from my_scaling.rule import Rule

    (tmp_path / "x.pkl").write_bytes(pickle.dumps(Rule()))
    with pytest.raises(InvalidInput, match=r"my_scaling\.rule"):
        wrap(tmp_path / "x.pkl", tmp_path / "m")


def test_a_file_of_another_scikit_learn_keeps_its_version(pipeline, tmp_path: Path) -> None:
    import sklearn

    raw = pickle.dumps(pipeline)
    here = sklearn.__version__.encode()
    other = here[:-1] + (b"0" if here[-1:] != b"0" else b"1")
    (tmp_path / "x.pkl").write_bytes(raw.replace(here, other))
    with pytest.warns(UserWarning, match="was written by scikit-learn"):
        made = wrap(tmp_path / "x.pkl", tmp_path / "m")
    assert f"scikit-learn=={other.decode()}" in made.requirements
    assert "numpy" in made.requirements


def test_unknown_flavor_names_the_nearest(pipeline, tmp_path: Path) -> None:
    joblib.dump(pipeline, tmp_path / "m.joblib")
    with pytest.raises(InvalidInput, match="Did you mean 'sklearn'"):
        wrap(tmp_path / "m.joblib", tmp_path / "m", flavor="sklaern")


# -- what others wrote -----------------------------------------------------------------------

_MLFLOW = """
flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: model.skops
    python_version: 3.11.7
  sklearn:
    pickled_model: model.skops
    serialization_format: skops
    sklearn_version: 1.9.1
saved_input_example_info:
  artifact_path: input_example.json
  pandas_orient: split
  type: dataframe
signature:
  inputs: '[{"type": "double", "name": "mean radius", "required": true}, {"type":
    "long", "name": "n"}]'
  outputs: '[{"type": "long", "required": true}]'
"""


def test_a_directory_that_mlflow_wrote(tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text(_MLFLOW)
    (tmp_path / "requirements.txt").write_text(
        "--extra-index-url http://x\nmlflow==3.17.2\nscikit-learn==1.9.1"
    )
    (tmp_path / "input_example.json").write_text(
        '{"columns": ["mean radius", "n"], "data": [[1, 2]]}'
    )
    found = describe(tmp_path)
    assert (found.flavor, found.format, found.python) == ("sklearn", "skops", "3.11.7")
    assert found.requirements == ["scikit-learn==1.9.1"]
    assert found.signature.names == ["mean radius", "n"]
    assert found.signature.dtypes == ["float64", "int64"]
    assert found.input_example == {"data": [{"mean radius": 1, "n": 2}]}


def test_files_without_a_description_are_custom(tmp_path: Path) -> None:
    (tmp_path / "weights.bin").write_bytes(b"x")
    assert describe(tmp_path).flavor == "custom"
    with pytest.raises(InvalidInput, match="scoring script"):
        load(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        "[1, 2]",
        "a: [",
        "\x00",
        "[" * 100_000,
        '{"flavors": {"sklearn": {"pickled_model": "../../etc/passwd"}}}',
        '{"flavors": {"sklearn": {"pickled_model": "/etc/passwd"}}}',
        '{"flavors": {"sklearn": {}}}',
    ],
)
def test_a_damaged_description(text: str, tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text(text)
    with pytest.raises(InvalidInput, match="MLmodel"):
        describe(tmp_path)


@pytest.mark.parametrize(
    "text",
    [
        '{"flavors": 3, "signature": [], "metadata": "x"}',
        '{"flavors": {}, "signature": {"inputs": "{"}, "saved_input_example_info": 1}',
        '{"signature": {"inputs": "[1, {\\"type\\": \\"tensor\\"}]"}}',
        '{"signature": {"inputs": "[{\\"type\\": \\"tensor\\", \\"tensor-spec\\": 3}]"}}',
    ],
)
def test_an_odd_description_is_read_as_far_as_it_goes(text: str, tmp_path: Path) -> None:
    (tmp_path / "MLmodel").write_text(text)
    assert describe(tmp_path).flavor == "custom"


def test_aliases_and_huge_numbers_in_an_mlmodel_file_cost_nothing(tmp_path: Path) -> None:
    levels = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 30))
    flavor = "flavors:\n  sklearn: {pickled_model: m.pkl}\n  python_function: "
    text = f"x0: &x0 [lol]\n{levels}{flavor}{{python_version: *x29}}\n"
    (tmp_path / "MLmodel").write_text(text)
    assert describe(tmp_path).python == ""
    (tmp_path / "MLmodel").write_text(f"metadata: {{modelyard: {{features: {10**30}}}}}\n")
    with pytest.raises(InvalidInput, match="features"):
        describe(tmp_path)
