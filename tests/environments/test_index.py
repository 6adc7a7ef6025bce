"""pip's settings in uv's words."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelyard_server.environments.index import uv_environment


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Variables of a user without any setting of a machine's."""
    return {"HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "none"), "PATH": "/bin"}


def test_a_pip_conf_is_honoured(environ: dict[str, str], tmp_path: Path) -> None:
    config = tmp_path / "pip.conf"
    config.write_text(
        "[global]\nindex-url = https://mirror/simple\ncert = /ca.pem\n"
        "extra-index-url =\n    https://one/simple\n    https://two/simple\n"
        "[install]\nfind-links = /wheels /more\ntrusted-host = mirror\n"
    )
    found = uv_environment({**environ, "PIP_CONFIG_FILE": str(config)})
    assert found["UV_DEFAULT_INDEX"] == "https://mirror/simple"
    assert found["UV_INDEX"] == "https://one/simple https://two/simple"
    assert found["UV_INDEX_STRATEGY"] == "unsafe-best-match"
    assert found["UV_FIND_LINKS"] == "/wheels,/more"
    assert found["UV_INSECURE_HOST"] == "mirror"
    assert found["SSL_CERT_FILE"] == "/ca.pem"


def test_the_users_own_file_is_found(environ: dict[str, str], tmp_path: Path) -> None:
    own = tmp_path / ".config" / "pip" / "pip.conf"
    own.parent.mkdir(parents=True)
    own.write_text("[global]\nindex_url = https://own/simple\n")
    assert uv_environment(environ)["UV_DEFAULT_INDEX"] == "https://own/simple"
    assert "UV_DEFAULT_INDEX" not in uv_environment({**environ, "PIP_CONFIG_FILE": "/dev/null"})


def test_variables_win_over_files_and_uvs_over_pips(
    environ: dict[str, str], tmp_path: Path
) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("[global]\nindex-url = https://file/simple\n")
    asked = {**environ, "PIP_CONFIG_FILE": str(config), "PIP_INDEX_URL": "https://env/simple"}
    assert uv_environment(asked)["UV_DEFAULT_INDEX"] == "https://env/simple"
    asked["UV_DEFAULT_INDEX"] = "https://uv/simple"
    assert uv_environment(asked)["UV_DEFAULT_INDEX"] == "https://uv/simple"


@pytest.mark.parametrize(
    ("value", "set_"), [("1", True), ("true", True), ("0", False), ("", False)]
)
def test_no_index(environ: dict[str, str], value: str, set_: bool) -> None:
    found = uv_environment({**environ, "PIP_CONFIG_FILE": "/dev/null", "PIP_NO_INDEX": value})
    assert ("UV_NO_INDEX" in found) is set_


def test_a_broken_file_and_a_surrounding_venv_do_no_harm(
    environ: dict[str, str], tmp_path: Path
) -> None:
    config = tmp_path / "pip.conf"
    config.write_text("not an ini file")
    asked = {**environ, "PIP_CONFIG_FILE": str(config), "VIRTUAL_ENV": "/x", "PYTHONPATH": "/y"}
    found = uv_environment(asked)
    assert found["PATH"] == "/bin"
    assert not found.keys() & {"VIRTUAL_ENV", "PYTHONPATH", "UV_DEFAULT_INDEX"}
