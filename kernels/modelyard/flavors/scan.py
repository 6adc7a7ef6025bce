"""Which modules a pickle needs, found without running anything that is in it.

The pickle is read by Python's own unpickler with every class and function replaced by an inert
stand-in. That follows what pickletools cannot: the arrays that joblib puts raw between opcodes.
"""

from __future__ import annotations

import bz2
import gzip
import importlib
import lzma
import math
import pickle
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from modelyard.errors import InvalidInput

_CHUNK = 1 << 20
_JOBLIB_ARRAY = ("joblib.numpy_pickle", "NumpyArrayWrapper")
# cloudpickle refers to a whole module by calling this with the module's name.
_SUBIMPORTS = {
    ("cloudpickle.cloudpickle", "subimport"),
    ("joblib.externals.cloudpickle.cloudpickle", "subimport"),
}


class Scan:
    """What a pickle was found to need.

    Attributes
    ----------
    modules: dotted names of the modules that loading it imports.
    sklearn: the version of scikit-learn that wrote its estimators; empty when there are none.
    """

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.sklearn = ""

    @property
    def raw_arrays(self) -> bool:
        """Whether plain `pickle.load` would fail: joblib wrote arrays in its own form."""
        return _JOBLIB_ARRAY[0] in self.modules


class _Inert:
    """Takes the place of any class, function and instance in a pickle."""

    def __init__(self, scan: Scan, home: tuple[str, str]) -> None:
        self.scan = scan
        self.home = home
        self.state: Any = None

    def __call__(self, *args: Any, **_kwargs: Any) -> Any:
        if self.home in _SUBIMPORTS and args and isinstance(args[0], str):
            self.scan.modules.add(args[0])
        if self.home == ("numpy", "dtype") and args and isinstance(args[0], str):
            # The one thing made for real: joblib's raw arrays are as long as their dtype says.
            return importlib.import_module("numpy").dtype(*args)
        return _Inert(self.scan, self.home)

    def __setstate__(self, state: Any) -> None:
        self.state = state
        written = state.get("_sklearn_version") if isinstance(state, dict) else None
        if isinstance(written, str):
            self.scan.sklearn = written

    def append(self, item: Any) -> None:
        """Stands in for a list subclass."""

    def extend(self, items: Any) -> None:
        """Stands in for a list subclass."""

    def add(self, item: Any) -> None:
        """Stands in for a set subclass."""

    def update(self, items: Any) -> None:
        """Stands in for a set subclass."""

    def __setitem__(self, key: Any, value: Any) -> None:
        """Stands in for a dict subclass."""


class _Scanner(pickle._Unpickler):  # the C unpickler has no place to skip joblib's arrays
    # The table is typed by opcode; ours differs in two entries.
    dispatch: dict[int, Any] = dict(pickle._Unpickler.dispatch)  # type: ignore[assignment]

    def __init__(self, stream: IO[bytes], scan: Scan) -> None:
        super().__init__(stream)
        self.stream = stream
        self.scan = scan

    def find_class(self, module: str, name: str) -> Any:
        self.scan.modules.add(module)
        return _Inert(self.scan, (module, name))

    def persistent_load(self, pid: Any) -> Any:  # noqa: ARG002
        return None

    def _inert_new(self) -> None:
        stack: list[Any] = self.stack  # type: ignore[attr-defined]
        args = stack.pop()
        stack[-1] = stack[-1](*args)

    def _inert_new_ex(self) -> None:
        stack: list[Any] = self.stack  # type: ignore[attr-defined]
        kwargs, args = stack.pop(), stack.pop()
        stack[-1] = stack[-1](*args, **kwargs)

    def _build(self) -> None:
        pickle._Unpickler.load_build(self)  # type: ignore[attr-defined]
        built = self.stack[-1]  # type: ignore[attr-defined]
        if isinstance(built, _Inert) and built.home == _JOBLIB_ARRAY:
            self._skip_array(built.state)

    def _skip_array(self, state: dict[str, Any]) -> None:
        """Read past the array that joblib wrote behind this opcode."""
        if state["dtype"].hasobject:
            _Scanner(self.stream, self.scan).load()
            return
        if state.get("numpy_array_alignment_bytes") is not None:
            padding = self.stream.read(1)
            self.stream.read(padding[0] if padding else 0)
        left = math.prod(state["shape"]) * state["dtype"].itemsize
        while left > 0:
            piece = self.stream.read(min(left, _CHUNK))
            if not piece:
                raise EOFError
            left -= len(piece)

    dispatch[pickle.NEWOBJ[0]] = _inert_new
    dispatch[pickle.NEWOBJ_EX[0]] = _inert_new_ex
    dispatch[pickle.BUILD[0]] = _build


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """The file, decompressed where joblib compressed it."""
    with path.open("rb") as raw:
        magic = raw.read(6)
        raw.seek(0)
        if magic[:2] == b"\x1f\x8b":
            with gzip.GzipFile(fileobj=raw) as plain:
                yield plain
        elif magic[:3] == b"BZh":
            with bz2.BZ2File(raw) as plain:
                yield plain
        elif magic == b"\xfd7zXZ\x00" or magic[:3] == b"\x5d\x00\x00":
            with lzma.LZMAFile(raw) as plain:
                yield plain
        elif magic[:1] == b"\x78":
            with tempfile.TemporaryFile() as plain:
                _inflate(raw, plain)
                yield plain
        else:
            yield raw


def _inflate(raw: IO[bytes], plain: IO[bytes]) -> None:
    inflater = zlib.decompressobj()
    while chunk := raw.read(_CHUNK):
        plain.write(inflater.decompress(chunk))
    plain.write(inflater.flush())
    plain.seek(0)


def scan_pickle(path: Path) -> Scan:
    """Find what loading a pickle needs.

    Parameters
    ----------
    path: a file of pickle, cloudpickle or joblib, compressed or not.

    Raises
    ------
    InvalidInput: the file is nothing of that kind, or is damaged.
    """
    scan = Scan()
    try:
        with _opened(path) as stream:
            _Scanner(stream, scan).load()
    except OSError as error:
        if error.errno is not None:
            raise
        raise _unreadable(path, error) from error
    except Exception as error:
        # Any bytes may come here, and an unpickler fails on them in any way.
        raise _unreadable(path, error) from error
    return scan


def compressed(path: Path) -> bool:
    """Whether the file does not begin as a pickle does: joblib compressed it."""
    with path.open("rb") as raw:
        return raw.read(1) != pickle.PROTO


def _unreadable(path: Path, error: Exception) -> InvalidInput:
    return InvalidInput(
        f"'{path.name}' is not a file written by joblib, pickle or cloudpickle"
        f" ({type(error).__name__}: {error}).",
        hint="Save the model with joblib.dump(model, path), or pass the model itself: model=.",
        field="path",
    )
