"""Images on a Docker daemon: fetched, built, layered and removed."""

from __future__ import annotations

import hashlib
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, ImageNotFound
from docker.utils import parse_repository_tag

from modelyard.errors import EngineUnavailable, InUse, InvalidInput, NotFound
from modelyard.schema.common import Progress
from modelyard_server.engines.base import Report
from modelyard_server.engines.docker_client import BULK, QUICK, DockerClient
from modelyard_server.engines.layers import Layer
from modelyard_server.engines.spec import LABEL_WORKSPACE, ImageInfo

_ONCE = 60
_SHOWN_LINES = 100
_REPORT_BYTES = 32 << 20

_HELPER = "modelyard-helper-"
"""Containers named so, then a place, a pid and a unique part, do a short job for the process of
that pid at that place. Labels would be handed on to the images that helpers make."""
_LONGEST_JOB = 2 * BULK
"""Seconds after which a helper of another place is left over: nobody here can ask for its owner."""


class DockerImages:
    """The image half of the Docker engine; see `ImageEngine`."""

    def __init__(self, client: DockerClient) -> None:
        self._client = client

    def has_image(self, tag: str) -> bool:
        """Whether the image is there."""
        with self._client.calling(QUICK) as api:
            return _inspected(api, tag) is not None

    def image_id(self, tag: str) -> str:
        """The image's content id. NotFound when there is no such image."""
        return str(self._inspect(tag)["Id"])

    def _inspect(self, tag: str) -> dict[str, Any]:
        with self._client.calling(QUICK) as api:
            found = _inspected(api, tag)
        if found is None:
            raise NotFound(
                f"There is no image '{tag}' here.",
                hint=f"Fetch it: docker pull {tag}",
                field="image",
            )
        return found

    def tag_image(self, tag: str, as_tag: str) -> None:
        """Give an image another name."""
        repository, version = parse_repository_tag(as_tag)
        with self._client.calling(QUICK) as api:
            api.tag(tag, repository, version or "latest")

    def pull(self, reference: str, report: Report) -> None:
        """Fetch from a registry, reporting layers.

        Raises
        ------
        NotFound: the registry has no such image, or does not answer.
        """
        repository, tag = parse_repository_tag(reference)
        layers: dict[str, bool] = {}
        with self._client.calling(BULK) as api:
            try:
                output = api.pull(repository, tag=tag or "latest", stream=True, decode=True)
            except APIError as error:
                raise _not_pulled(reference, str(error.explanation)) from error
            for line in _lines(output):
                if "error" in line:
                    raise _not_pulled(reference, str(line["error"]))
                _note_layer(layers, line)
                done = sum(layers.values())
                report(
                    Progress(
                        phase="pulling",
                        message=f"Pulling {reference}: layer {done}/{len(layers)}",
                        fraction=done / len(layers) if layers else None,
                    )
                )

    def add_layer(
        self,
        base: str,
        tag: str,
        layer: Layer,
        *,
        labels: Mapping[str, str],
        run: Sequence[str] = (),
        report: Report,
    ) -> None:
        """Make the image `tag` of `base` and one layer more.

        Files are put into a container that is then committed: half the time of a build with
        COPY (measured), and nothing of it needs a shell, a network or a Dockerfile.

        Parameters
        ----------
        run: a program that compiles what was added, as root without network; may fail.

        Raises
        ------
        NotFound: there is no image `base`.
        """
        repository, version = parse_repository_tag(tag)
        changes = ['CMD ["/bin/sh"]']
        changes += [f"LABEL {json.dumps(key)}={json.dumps(value)}" for key, value in labels.items()]
        argv = run or ["true"]
        with self._client.calling(BULK) as api, self._helper(api, base, argv) as container:
            api.put_archive(container, "/", layer.stream(_reporting(report)))
            if run:
                report(Progress(phase="building", message="Compiling the packages"))
                api.start(container)
                api.wait(container, timeout=BULK)
            report(Progress(phase="building", message="Closing the layer"))
            replaced = _inspected(api, tag)
            api.commit(container, repository, version or "latest", changes=changes)
            if replaced is not None:
                with suppress(APIError):  # a container may still use what has lost its name
                    api.remove_image(replaced["Id"])

    @contextmanager
    def _helper(self, api: APIClient, image: str, argv: Sequence[str]) -> Iterator[str]:
        """A container without network for one short job; gone afterwards."""
        self._sweep_helpers(api)
        limits = api.create_host_config(
            network_mode="none", cap_drop=["ALL"], security_opt=["no-new-privileges"]
        )
        name = f"{_HELPER}{_here()}-{os.getpid()}-{uuid.uuid4().hex[:12]}"
        api.create_container(
            image=image, command=list(argv), entrypoint=[], user="0:0", name=name,
            host_config=limits,
        )  # fmt: skip
        try:
            yield name
        finally:
            api.remove_container(name, force=True, v=True)

    def _sweep_helpers(self, api: APIClient) -> None:
        """Remove those of a server that was killed in the middle of a job."""
        for row in api.containers(all=True, filters={"name": f"^/{_HELPER}"}):
            if _is_left_over(row):
                with suppress(APIError):
                    api.remove_container(row["Id"], force=True, v=True)

    def load_rootfs(self, archive: Path, tag: str, labels: Mapping[str, str]) -> None:
        """Make an image from a root file system in a tar archive."""
        repository, version = parse_repository_tag(tag)
        changes = ["ENV LANG=C.UTF-8", 'CMD ["/bin/sh"]']
        changes += [f"LABEL {json.dumps(key)}={json.dumps(value)}" for key, value in labels.items()]
        with self._client.calling(BULK) as api:
            answer = api.import_image_from_file(
                str(archive), repository=repository, tag=version or "latest", changes=changes
            )
        if '"error"' in str(answer):
            raise EngineUnavailable(f"Docker could not load {archive.name}: {answer}.")

    def remove_image(self, tag: str) -> None:
        """Untag it, and remove what nothing else uses; silent when there is none.

        Raises
        ------
        InUse: a container needs it.
        """
        with self._client.calling(BULK) as api:
            try:
                api.remove_image(tag)
            except ImageNotFound:
                return
            except APIError as error:
                if error.status_code != 409:
                    raise
                raise InUse(
                    f"A container uses the image {tag}.", hint="Delete the container first."
                ) from error

    def images(self, prefix: str) -> list[str]:
        """Tags that begin with `prefix`."""
        with self._client.calling(QUICK) as api:
            found = api.images()
        tags = (tag for image in found for tag in image.get("RepoTags") or [])
        return sorted(tag for tag in tags if tag.startswith(prefix))

    def image_infos(self, prefixes: Sequence[str]) -> list[ImageInfo]:
        """What images take whose tags begin with one of `prefixes`; those they rest on first."""
        with self._client.calling(BULK) as api:
            made_from = {row["ImageID"] for row in api.containers(all=True)}
            found = {
                row["Id"]: _inspected(api, row["Id"])
                for row in api.images()
                if any(tag.startswith(tuple(prefixes)) for tag in row.get("RepoTags") or [])
            }
        infos: list[ImageInfo] = []
        below: list[tuple[list[str], int, str]] = []
        images = [image for image in found.values() if image is not None]
        for image in sorted(images, key=lambda image: len(_layers(image))):
            layers, size = _layers(image), int(image["Size"])
            # Sorted by their number of layers, so the last one that fits is the nearest.
            base = next(
                (each for each in reversed(below) if each[0] == layers[: len(each[0])]), None
            )
            tags = [tag for tag in image["RepoTags"] if tag.startswith(tuple(prefixes))]
            for tag in sorted(tags):
                infos.append(
                    ImageInfo(
                        tag=tag,
                        size=max(0, size - base[1] if base else size) if tag == min(tags) else 0,
                        # Not every image store says when a tag was set.
                        used=max(
                            _moment(image.get("Metadata", {}).get("LastTagTime", "")),
                            _moment(image.get("Created", "")),
                        ),
                        base=base[2] if base else "",
                        in_use=image["Id"] in made_from,
                    )
                )
            if tags:
                below.append((layers, size, min(tags)))
        return infos

    def writable_layers(self, workspace: str) -> dict[str, int]:
        """Bytes that each container of a workspace has written; looks at all their files."""
        ours = {"label": f"{LABEL_WORKSPACE}={workspace}"}
        with self._client.calling(BULK) as api:
            rows = api.containers(all=True, size=True, filters=ours)
        return {row["Names"][0].lstrip("/"): int(row.get("SizeRw") or 0) for row in rows}

    def run_once(self, image: str, argv: Sequence[str]) -> str:
        """Run a short program without network or mounts and return its output.

        Raises
        ------
        NotFound: there is no such image.
        InvalidInput: the image has no such program, or it failed.
        """
        with self._client.calling(_ONCE) as api, self._helper(api, image, argv) as container:
            api.start(container)
            code = api.wait(container, timeout=_ONCE)["StatusCode"]
            output = api.logs(container, tail=_SHOWN_LINES).decode(errors="replace")
        if code:
            raise InvalidInput(
                f"{argv[0]} failed in the image {image}: {output.strip()}", field="image"
            )
        return output


def _inspected(api: APIClient, tag: str) -> dict[str, Any] | None:
    try:
        return api.inspect_image(tag)
    except ImageNotFound:
        return None


def _layers(image: dict[str, Any]) -> list[str]:
    return image["RootFS"].get("Layers") or []


def _moment(text: str) -> float:
    """Seconds since the epoch of Docker's `2026-11-24T20:50:49.106567309Z`; 0: never."""
    try:
        return max(0.0, datetime.fromisoformat(text).timestamp())
    except (ValueError, OverflowError):
        return 0.0


def _lines(stream: Any) -> Iterator[dict[str, Any]]:
    for line in stream:
        if isinstance(line, dict):
            yield line


def _reporting(report: Report) -> Callable[[int], None]:
    last = 0

    def sent(total: int) -> None:
        nonlocal last
        if total - last >= _REPORT_BYTES:
            last = total
            report(
                Progress(phase="building", message=f"Adding files to the image: {total >> 20} MB")
            )

    return sent


def _note_layer(layers: dict[str, bool], line: dict[str, Any]) -> None:
    status, layer = str(line.get("status", "")), str(line.get("id", ""))
    if status == "Pulling fs layer":
        layers[layer] = False
    elif status in ("Pull complete", "Already exists"):
        layers[layer] = True


def _not_pulled(reference: str, said: str) -> NotFound:
    return NotFound(
        f"There is no image '{reference}' here, and it could not be fetched: {said}.",
        hint="Check its name, and whether the registry is reachable from this machine.",
        field="image",
    )


def _here() -> str:
    """Names this boot of this machine and this process namespace, in which pids are unique."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    place = f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    return hashlib.sha256(place.encode()).hexdigest()[:12]


def _is_left_over(row: dict[str, Any]) -> bool:
    """Whether the process that a helper works for is gone."""
    name = row["Names"][0].lstrip("/")
    place, pid, _ = (*name.removeprefix(_HELPER).split("-"), "", "")[:3]
    if place == _here():
        return not Path(f"/proc/{pid}").exists()
    return time.time() - float(row["Created"]) > _LONGEST_JOB
