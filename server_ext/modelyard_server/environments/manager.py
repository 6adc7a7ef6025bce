"""Environments made ready for the engine: an image layer each, or a directory on this machine."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from traitlets import List, Unicode
from traitlets.config import LoggingConfigurable

from modelyard.errors import EngineUnavailable, InvalidInput
from modelyard.schema.common import Progress
from modelyard_server.core.paths import Paths
from modelyard_server.engines.base import Engine, ImageEngine, Report, image_engine
from modelyard_server.engines.layers import Layer
from modelyard_server.engines.spec import BASE_IMAGE, Runtime
from modelyard_server.environments import base_image, sdk, uv
from modelyard_server.environments.drafts import draft, once, sweep
from modelyard_server.environments.packages import digest, install, parsed, resolve
from modelyard_server.environments.python_target import PythonTarget, image_target, local_target
from modelyard_server.environments.stock import Stock

_ENV = "/opt/modelyard/env"
_SDK = "/opt/modelyard/sdk"
_APP = "/opt/modelyard/app"
_LAYOUT = "1"
"""Part of every image's hash: raise it when what a layer holds besides packages changes."""


class EnvironmentManager(LoggingConfigurable):
    """Resolves, fetches and builds each environment once.

    Packages are resolved and fetched on this machine by uv, with the host's index settings and
    cache; images get them as one layer, so that nothing is downloaded inside a container.

    What is made is for one engine: an image where it keeps images, else a directory on its host.

    Parameters
    ----------
    paths: the workspace's directories.

    Attributes
    ----------
    stock: what was made ready, and when it was asked for last.
    """

    default_packages = List(
        Unicode(),
        default_value=["numpy", "pandas", "scikit-learn", "matplotlib", "joblib"],
        help="Packages of a compute instance whose creator names no image.",
    ).tag(config=True)
    kernel_packages = List(
        Unicode(),
        default_value=["ipykernel", "ipywidgets", "pip", "httpx", "msgspec"],
        help="Packages without which a kernel or the SDK does not work.",
    ).tag(config=True)
    score_packages = List(
        Unicode(),
        default_value=["uvicorn", "httptools", "uvloop", "orjson", "numpy"],
        help="Packages without which a scoring container does not work.",
    ).tag(config=True)
    repository = Unicode("modelyard", help="Names of our images begin with this and a slash.").tag(
        config=True
    )
    base_image = Unicode(BASE_IMAGE, help="The image that all others are built on.").tag(
        config=True
    )
    registry_image = Unicode(
        f"python:3.{sys.version_info.minor}-slim",
        help="Pulled for the base image where there is none.",
    ).tag(config=True)

    def __init__(self, *, paths: Paths, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._folder = paths.environments
        self._targets: dict[str, PythonTarget] = {}
        self.stock = Stock(self._folder)
        sweep(self._folder)
        sweep(self._locks)

    def stop(self) -> None:
        """End what is being fetched; the next server begins again."""
        uv.stop_all()

    # -- what others ask for ----------------------------------------------------------------

    def kernel(self, engine: Engine, image: str, report: Report) -> Runtime:
        """The environment of a compute instance.

        Parameters
        ----------
        engine: that the instance is on.
        image: an image with Python, whose own packages are kept and found; empty: the base
            image with the default packages.

        Raises
        ------
        NotFound: there is no such image.
        InvalidInput: the image has no Python, or this engine has no images.
        EngineUnavailable: packages or base image cannot be fetched.
        """
        packages = [] if image else self.default_packages
        requirements = parsed([*packages, *self.kernel_packages])
        images = image_engine(engine)
        if images is None:
            if image:
                raise InvalidInput(
                    f"Images need Docker; on '{engine.name}', instances are processes.",
                    hint="Leave the image empty.",
                    field="image",
                )
            return self._local(requirements, report)
        target = self._image_target(images, image, report)
        tag = self._runtime_image(
            images, engine.user(), image or self.base_image, target, requirements, report
        )
        return _in_image(target, tag, packages=target.packages if image else ())

    def scoring(
        self,
        engine: Engine,
        requirements: Sequence[str],
        app: Path,
        tag: str,
        labels: Mapping[str, str],
        report: Report,
    ) -> Runtime:
        """The environment of a deployment, with its model and scoring script.

        Parameters
        ----------
        engine: that the endpoint is on.
        requirements: packages of the model, as in requirements.txt.
        app: directory that becomes the last layer; used in place where there are no images.
        tag: name of the image with that layer.

        Raises
        ------
        InvalidInput: the packages do not exist, or contradict each other.
        EngineUnavailable: packages or base image cannot be fetched.
        """
        wanted = parsed([*requirements, *self.score_packages])
        images = image_engine(engine)
        if images is None:
            local = self._local(wanted, report)
            return Runtime(
                python=local.python,
                python_version=local.python_version,
                paths=local.paths,
                app=str(app),
            )
        target = self._image_target(images, "", report)
        self.stock.asked([tag], images)
        if images.has_image(tag):  # a deployment's app never changes
            return _in_image(target, tag, app=_APP)
        base = self._runtime_image(images, engine.user(), self.base_image, target, wanted, report)
        report(Progress(phase="building", message="Adding the model to the image"))
        images.add_layer(base, tag, Layer({_APP: app}), labels=labels, report=report)
        return _in_image(target, tag, app=_APP)

    def remove_app_image(self, engine: Engine, tag: str) -> None:
        """Remove the image of a deployment; silent when there is none.

        Raises
        ------
        InUse: a container needs it.
        """
        images = image_engine(engine)
        if images is not None:
            images.remove_image(tag)

    # -- base image -------------------------------------------------------------------------

    def ensure_base(self, engine: Engine, report: Report) -> str:
        """The base image's tag, after pulling it if need be.

        Raises
        ------
        EngineUnavailable: there is none, and none can be pulled.
        """
        return self._based(_needed_images(engine), report)

    def build_base(self, engine: Engine, report: Report) -> str:
        """Build the base image from Debian's packages and return its tag. Needs root."""
        with self._once(self.base_image, report):
            base_image.build_base(_needed_images(engine), self.base_image, report)
        return self.base_image

    # -- how --------------------------------------------------------------------------------

    def _runtime_image(
        self,
        engine: ImageEngine,
        user: tuple[int, int],
        image: str,
        target: PythonTarget,
        requirements: Sequence[str],
        report: Report,
    ) -> str:
        """The image with the packages on top of `image`, and the SDK on top of them.

        Two layers: a new version of the SDK does not redo the packages.
        """
        lock = resolve(requirements, target, self._locks, report)
        env = f"{self.repository}/env:{digest(_LAYOUT, target.image_id, lock.text, str(user))}"
        tag = f"{self.repository}/runtime:{digest(_LAYOUT, env, sdk.package_digest())}"
        with self._once(env, report):
            self.stock.asked([env, tag], engine)
            if not engine.has_image(env):
                with draft(self._folder) as work:
                    install(lock, target, work / "site", report)
                    layer = Layer(
                        {_ENV: work / "site"},
                        {"/etc/passwd": _with_user(target.passwd, *user)},
                        opened=("root",),
                    )
                    report(Progress(phase="building", message="Building layer 1/2: packages"))
                    self._add(engine, image, env, layer, target, _ENV, report)
            if not engine.has_image(tag):
                report(Progress(phase="building", message="Building layer 2/2: the SDK"))
                self.stock.asked([sdk.folder_name()])
                layer = Layer({_SDK: sdk.copy_package(self._folder)})
                self._add(engine, env, tag, layer, target, _SDK, report)
        return tag

    def _add(
        self,
        engine: ImageEngine,
        base: str,
        tag: str,
        layer: Layer,
        target: PythonTarget,
        folder: str,
        report: Report,
    ) -> None:
        # A container's user cannot write to the layer: without compiled files, each start of a
        # kernel or of a scoring server would compile anew all that it imports.
        compiling = [target.python, "-m", "compileall", "-q", "-j", "0", folder]
        engine.add_layer(base, tag, layer, labels={}, run=compiling, report=report)

    def _local(self, requirements: Sequence[str], report: Report) -> Runtime:
        """The packages in a directory of this machine."""
        target = local_target()
        lock = resolve(requirements, target, self._locks, report)
        folder = self._folder / digest(_LAYOUT, target.python, lock.text)
        with self._once(folder.name, report):
            self.stock.asked([folder.name, sdk.folder_name()])
            if not folder.is_dir():
                with draft(self._folder) as work:
                    install(lock, target, work / "site", report)
                    work.rename(folder)
        return Runtime(
            python=target.python,
            python_version=target.version,
            paths=[str(sdk.copy_package(self._folder)), str(folder / "site")],
        )

    def _based(self, engine: ImageEngine, report: Report) -> str:
        """The base image's tag, pulled if need be."""
        with self._once(self.base_image, report):
            if not engine.has_image(self.base_image):
                base_image.fetch_base(engine, self.base_image, self.registry_image, report)
        return self.base_image

    def _image_target(self, engine: ImageEngine, image: str, report: Report) -> PythonTarget:
        if not image:
            image = self._based(engine, report)
        elif not engine.has_image(image):
            engine.pull(image, report)
        image_id = engine.image_id(image)
        if image_id not in self._targets:
            self._targets[image_id] = image_target(engine, image)
        return self._targets[image_id]

    @property
    def _locks(self) -> Path:
        return self._folder / "locks"

    def _once(self, key: str, report: Report) -> AbstractContextManager[None]:
        return once(self._folder / f".{digest(key)}.lock", report)


def _needed_images(engine: Engine) -> ImageEngine:
    images = image_engine(engine)
    if images is None:
        about = engine.info()
        raise EngineUnavailable(f"Images need Docker. {about.message}", hint=about.hint)
    return images


def _in_image(
    target: PythonTarget, tag: str, *, app: str = "", packages: tuple[str, ...] = ()
) -> Runtime:
    return Runtime(
        python=target.python,
        python_version=target.version,
        paths=[_SDK, _ENV, *packages],
        app=app,
        image=tag,
    )


def _with_user(passwd: str, uid: int, gid: int) -> bytes:
    """`/etc/passwd` with an entry for the container's user, whom a shell greets by name."""
    lines = passwd.splitlines()
    if not any(line.split(":")[2:3] == [str(uid)] for line in lines):
        lines.append(f"modelyard:x:{uid}:{gid}:Modelyard:/tmp:/bin/bash")
    return "".join(f"{line}\n" for line in lines).encode()
