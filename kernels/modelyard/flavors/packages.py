"""From modules to pinned packages: what an image must hold to load a model."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import metadata
from pathlib import Path

from modelyard.errors import InvalidInput

# name[extras] specifiers ; marker   or   name @ https://… (the server fetches it: no file, no
# version control). One line, and never an option of pip's.
_REQUIREMENT = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?\s*(?:\[[A-Za-z0-9._,\s-]*\])?"
    r"\s*(?:@\s*https?://\S+|[(<>=!~][^;@\r\n]*)?(?:\s*;[^\r\n]*)?"
)
_LONGEST = 500
_MOST = 500


def checked_requirements(requirements: Sequence[str] | str) -> list[str]:
    """Requirements given by a user, one package each, stripped of comments and blank lines.

    Parameters
    ----------
    requirements: a list of lines as in requirements.txt, or the text of such a file.

    Raises
    ------
    InvalidInput: a line that is not a requirement (an option of pip's, a path).
    """
    lines = requirements.splitlines() if isinstance(requirements, str) else list(requirements)
    kept: list[str] = []
    for line in lines:
        bare = re.sub(r"(^|\s)#.*$", "", line, flags=re.DOTALL).strip()
        if not bare:
            continue
        if len(bare) > _LONGEST or not _REQUIREMENT.fullmatch(bare):
            raise InvalidInput(
                f"'{bare[:80]}' is not a requirement.",
                hint="Write one package a line, such as 'scikit-learn==1.6.1'.",
                field="requirements",
            )
        kept.append(bare)
    if len(kept) > _MOST:
        raise InvalidInput(
            f"{len(kept)} requirements are more than an image takes ({_MOST}).",
            hint="List what the model needs, not the whole environment.",
            field="requirements",
        )
    return kept


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@lru_cache(maxsize=1)
def _owners(_path: tuple[str, ...]) -> dict[str, list[str]]:
    """Top-level module -> distributions. Reading all metadata takes a tenth of a second."""
    return {top: list(names) for top, names in metadata.packages_distributions().items()}


def _local(distribution: metadata.Distribution) -> bool:
    """Installed from a directory (a checkout): no index can give it to anybody else."""
    text = distribution.read_text("direct_url.json")
    try:
        return "dir_info" in json.loads(text or "{}")
    except ValueError:
        return False


def distribution_of(module: str) -> str:
    """The distribution that a module comes from; empty when no package index has it."""
    top = module.partition(".")[0]
    names = _owners(tuple(sys.path)).get(top, [])
    for name in sorted(names, key=lambda n: (_canonical(n) != _canonical(top), n)):
        try:
            if not _local(metadata.distribution(name)):
                return _canonical(name)
        except metadata.PackageNotFoundError:
            continue
    return ""


def _provided(module: str) -> bool:
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or top == "modelyard"


def local_modules(modules: Iterable[str]) -> set[str]:
    """Those that are the user's own files: neither standard library nor an installed package."""
    return {m for m in modules if m != "__main__" and not _provided(m) and not distribution_of(m)}


def distributions(modules: Iterable[str]) -> set[str]:
    """The distributions behind modules."""
    return {distribution_of(m) for m in modules if not _provided(m)} - {""}


def pin(names: Iterable[str]) -> list[str]:
    """`name==version` as installed here, sorted; what is not installed is left out."""
    pins = []
    for name in sorted(set(names)):
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
        # '2.5.1+cpu' is a build of 2.5.1 that only one index has; any index's 2.5.1 will do.
        pins.append(f"{name}=={version.partition('+')[0]}")
    return pins


def inside(module: str, folder: Path) -> bool:
    """Whether a loaded module's source lies in `folder` (or is that file)."""
    found = sys.modules.get(module)
    file = getattr(found, "__file__", None)
    return file is not None and Path(file).resolve().is_relative_to(folder.resolve())
