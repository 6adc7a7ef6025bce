"""The host's package index settings, as pip knows them, in uv's words.

Corporate mirrors are configured for pip: in `pip.conf` files or PIP_* variables. uv reads
neither. What the user said to uv directly (UV_*) wins. All of it goes to uv in its environment,
where credentials in an address are not seen in process lists; none of it enters an image.
"""

from __future__ import annotations

import configparser
import os
import sys
from collections.abc import Mapping
from pathlib import Path

_SECTIONS = ("global", "install", "download")

# pip's option -> the variable that says the same to uv
_SAME = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "cert": "SSL_CERT_FILE",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}
_LISTS = {"UV_INDEX": " ", "UV_INSECURE_HOST": " ", "UV_FIND_LINKS": ","}
# Settings of a project or virtual environment around the server, which are not meant for us.
_DROPPED = ("VIRTUAL_ENV", "PYTHONPATH", "UV_PROJECT", "UV_PYTHON", "UV_SYSTEM_PYTHON")
_FALSE = ("", "0", "false", "no", "off")


def uv_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for a uv process: `environ` with pip's settings added in uv's words.

    Examples
    --------
    >>> uv_environment({"PIP_INDEX_URL": "https://mirror/simple"})["UV_DEFAULT_INDEX"]
    'https://mirror/simple'
    """
    found: dict[str, str] = {}
    for option, value in pip_settings(environ).items():
        name = _SAME.get(option)
        if name == "UV_NO_INDEX" and value.strip().lower() in _FALSE:
            continue
        if name is not None:
            found[name] = _LISTS.get(name, " ").join(value.split())
    if "UV_INDEX" in found:
        # pip looks into all its indexes and takes the best version; uv would stop at the first
        # that has the name. These are pip's settings, so they keep pip's meaning.
        found["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return found | {key: value for key, value in environ.items() if key not in _DROPPED}


def pip_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """pip's options: files from the most general to the most special, then variables."""
    found: dict[str, str] = {}
    for path in _files(environ):
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, OSError, UnicodeDecodeError):
            continue  # pip complains about it where the user sees it
        for section in _SECTIONS:
            if parser.has_section(section):
                found |= {key.replace("_", "-"): value for key, value in parser.items(section)}
    for name, value in environ.items():
        if name.startswith("PIP_"):
            found[name.removeprefix("PIP_").lower().replace("_", "-")] = value
    return found


def _files(environ: Mapping[str, str]) -> list[Path]:
    only = environ.get("PIP_CONFIG_FILE")
    if only == os.devnull:
        return []
    home = Path(environ.get("HOME", "/nonexistent"))
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config")
    system = environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(":")
    found = [Path(each) / "pip" / "pip.conf" for each in system if each]
    found += [Path("/etc/pip.conf"), home / ".pip" / "pip.conf", config / "pip" / "pip.conf"]
    found.append(Path(sys.prefix) / "pip.conf")
    return [*found, Path(only)] if only else found
