"""What a container needs to know of the host's network: package index, proxies, CA bundle.

Given at run time to programs on an instance (`%pip install`), never to a build or a layer.
"""

from __future__ import annotations

import configparser
import io
import os
from collections.abc import Mapping
from pathlib import Path

from modelyard_server.environments.index import pip_settings

_BUNDLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_PROXIES = ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
_URLS = ("index-url", "extra-index-url")
_KEPT = ("trusted-host", "timeout", "default-timeout")


def pip_conf(environ: Mapping[str, str] = os.environ) -> str:
    """pip's settings of this host as a `pip.conf`, without what only this host can reach."""
    settings = pip_settings(environ)
    kept: dict[str, str] = {}
    for option in _URLS:
        urls = [url for url in settings.get(option, "").split() if url.startswith("http")]
        if urls:
            kept[option] = " ".join(urls)
    kept |= {option: settings[option] for option in _KEPT if option in settings}
    if Path(settings.get("cert", "")).is_file():
        kept["cert"] = settings["cert"]
    parser = configparser.RawConfigParser()
    parser["global"] = kept
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def ca_bundles(environ: Mapping[str, str] = os.environ) -> list[Path]:
    """CA bundles that the host's settings name."""
    named = {environ.get(name, "") for name in _BUNDLES} | {pip_settings(environ).get("cert", "")}
    return sorted(Path(each) for each in named if each and Path(each).is_file())


def network_env(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables that tell programs of proxies and CA bundle."""
    return {name: environ[name] for name in (*_BUNDLES, *_PROXIES) if environ.get(name)}
