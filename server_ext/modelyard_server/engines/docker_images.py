"""Images on a Docker daemon: fetched, built, layered and removed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docker import APIClient
from docker.errors import APIError, ImageNotFound
from docker.utils import parse_repository_tag

from modelyard.errors import EngineUnavailable, InUse, InvalidInput, NotFound
from modelyard.schema.common import Progress
from modelyard_server.engines.base import Report
from modelyard_server.engines.docker_client import BULK, QUICK, DockerClient

_ONCE = 60
_SHOWN_LINES = 20


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

    def image_label(self, tag: str, label: str) -> str:
        """A label's value, empty when it is not set. NotFound when there is no such image."""
        labels = self._inspect(tag)["Config"].get("Labels") or {}
        return str(labels.get(label, ""))

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
        NotFound: the registry has no such image.
        EngineUnavailable: no registry answers.
        """
        repository, tag = parse_repository_tag(reference)
        layers: dict[str, bool] = {}
        with self._client.calling(BULK) as api:
            for line in _lines(api.pull(repository, tag=tag or "latest", stream=True, decode=True)):
                if "error" in line:
                    raise _pull_error(reference, str(line["error"]))
                _note_layer(layers, line)
                done = sum(layers.values())
                report(
                    Progress(
                        phase="pulling",
                        message=f"Pulling {reference}: layer {done}/{len(layers)}",
                        fraction=done / len(layers) if layers else None,
                    )
                )

    def build(
        self,
        tag: str,
        context: Path,
        *,
        args: Mapping[str, str],
        labels: Mapping[str, str],
        report: Report,
    ) -> None:
        """Build `context/Dockerfile`, reporting 'Building layer 3/7'.

        Raises
        ------
        InvalidInput: a step failed; the message ends with the last lines of its output.
        """
        shown: list[str] = []
        with self._client.calling(BULK) as api:
            output = api.build(
                path=str(context),
                tag=tag,
                buildargs=dict(args),
                labels=dict(labels),
                rm=True,
                forcerm=True,
                decode=True,
            )
            for line in _lines(output):
                if "error" in line:
                    said = "".join(shown[-_SHOWN_LINES:]).strip()
                    raise InvalidInput(f"Building the image failed: {line['error']}\n{said}")
                text = str(line.get("stream", ""))
                shown.append(text)
                if step := re.match(r"Step (\d+)/(\d+) :", text):
                    now, all_ = int(step.group(1)), int(step.group(2))
                    report(
                        Progress(
                            phase="building",
                            message=f"Building layer {now}/{all_}",
                            fraction=(now - 1) / all_,
                        )
                    )

    def load_rootfs(self, archive: Path, tag: str, labels: Mapping[str, str]) -> None:
        """Make an image from a root file system in a tar archive."""
        repository, version = parse_repository_tag(tag)
        changes = ["ENV LANG=C.UTF-8", 'CMD ["/bin/sh"]']
        changes += [f'LABEL "{key}"="{value}"' for key, value in labels.items()]
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

    def run_once(self, image: str, argv: Sequence[str]) -> str:
        """Run a short program without network or mounts and return its output.

        Raises
        ------
        NotFound: there is no such image.
        InvalidInput: the image has no such program, or it failed.
        """
        with self._client.calling(_ONCE) as api:
            limits = api.create_host_config(
                network_mode="none", cap_drop=["ALL"], security_opt=["no-new-privileges"]
            )
            made = api.create_container(
                image=image, command=list(argv), entrypoint=[], host_config=limits
            )
            try:
                api.start(made["Id"])
                code = api.wait(made["Id"], timeout=_ONCE)["StatusCode"]
                output = api.logs(made["Id"], tail=_SHOWN_LINES).decode(errors="replace")
            finally:
                api.remove_container(made["Id"], force=True, v=True)
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


def _lines(stream: Any) -> Iterator[dict[str, Any]]:
    for line in stream:
        if isinstance(line, dict):
            yield line


def _note_layer(layers: dict[str, bool], line: dict[str, Any]) -> None:
    status, layer = str(line.get("status", "")), str(line.get("id", ""))
    if status == "Pulling fs layer":
        layers[layer] = False
    elif status in ("Pull complete", "Already exists"):
        layers[layer] = True


def _pull_error(reference: str, said: str) -> NotFound | EngineUnavailable:
    if "not found" in said or "manifest unknown" in said or "does not exist" in said:
        return NotFound(
            f"No registry has the image {reference}.", hint="Check its name.", field="image"
        )
    return EngineUnavailable(
        f"The image {reference} could not be fetched: {said}.",
        hint="Is the registry reachable from this machine?",
    )
