"""Whether every machine of a cluster can do a share of the work: the same packages, the same files, enough cores."""

import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from mbert_cli.cluster.joining import join_cluster
from mbert_cli.cluster.options import ClusterOptions
from mbert_cli.errors import UserError
from mbert_cli.home import nearest_folder
from mbert_cli.spread import spread_places

_MOST_FILES = 200
_ANSWER_SECONDS = 120.0
"""How long a machine has to start a process and to look at the files."""


@dataclass(frozen=True)
class ClusterMachine:
    """A machine of a cluster.

    Attributes:
        identity: What Ray calls it.
        name: What people call it.
        cores, gpus: What it has of them.
    """

    identity: str
    name: str
    cores: int
    gpus: int


def require_cluster(options: ClusterOptions, folder: Path, files: Iterable[Path]) -> Sequence[ClusterMachine]:
    """Joins the cluster and has each of its machines look at what it needs.

    Args:
        options: The cluster.
        folder: Where results are written; a folder above it where it is not there yet.
        files: What is read. Of many, some are looked at.

    Returns:
        The machines with enough cores and GPUs for a piece.

    Raises:
        UserError: The cluster does not answer; or a machine has other packages, or does not see the same files.
    """
    join_cluster(options)
    machines = list_machines()
    able = [one for one in machines if one.cores >= options.cores and one.gpus >= options.gpus]
    if not able:
        most = ", ".join(f"{one.name} with {one.cores} and {one.gpus}" for one in machines) or "no machine"
        raise UserError(
            f"A machine of the cluster must have the {options.cores} cores and {options.gpus} GPUs of a piece. "
            f"Received: {most}",
            "Lower cluster.cores or cluster.gpus.",
        )
    place = nearest_folder(folder)
    try:
        probe = tempfile.NamedTemporaryFile(dir=place, prefix=".mbert-seen-")  # noqa: SIM115 - entered below
    except OSError as error:
        raise UserError(
            f"A run directory must be writable. Received: {folder} ({error.strerror})",
            "Use another directory with `--run DIR`.",
        ) from error
    with probe:
        probe.write(secrets.token_bytes(16))
        probe.flush()
        chosen = sorted(set(files))
        paths = [Path(probe.name), *(chosen[place] for place in spread_places(len(chosen), _MOST_FILES))]
        _compare(able, [os.path.abspath(path) for path in paths], str(place))
    return able


def list_machines() -> list[ClusterMachine]:
    """The machines of the cluster that was joined."""
    import ray

    return [
        ClusterMachine(
            node["NodeID"],
            node["NodeManagerHostname"],
            int(node["Resources"].get("CPU", 0)),
            int(node["Resources"].get("GPU", 0)),
        )
        for node in ray.nodes()  # type: ignore[no-untyped-call] # Ray gives it no types
        if node["Alive"]
    ]


def _compare(machines: Sequence[ClusterMachine], paths: list[str], folder: str) -> None:
    look = make_look()
    asked = (compared_packages(), paths, folder)
    own = look(*asked)
    for machine, found in zip(machines, _look_everywhere(look, machines, asked), strict=True):
        refuse_other_packages(machine.name, own, found)
        refuse_other_files(machine.name, own, found)


def compared_packages() -> list[str]:
    """What has a say in what comes of a piece: mbert, what it requires, and JAX, which may compute."""
    required = [one for one in metadata.requires("mbert") or () if "extra ==" not in one]
    return ["mbert", *(name[0] for one in required if (name := re.match(r"[\w.-]+", one))), "jax"]


def refuse_other_packages(name: str, own: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Checks the packages of a machine, by what `make_look` found there and here.

    Raises:
        UserError: They are others.
    """
    differing = [
        f"{package} {theirs or 'not installed'} on {name}, {ours} here"
        for package, ours in own["packages"].items()
        if ours is not None and (theirs := found["packages"].get(package)) != ours
    ]
    if differing:
        raise UserError(
            f"All machines of a cluster must have the same packages. Received: {'; '.join(differing)}",
            "Install the same versions there, in the environment in which `ray start` is typed.",
        )


def refuse_other_files(name: str, own: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """Checks the files of a machine, by what `make_look` found there and here.

    Raises:
        UserError: It does not see the same ones, or may not write.
    """
    hint = "Put working directory, runs and data on a file system that all of them share, under one path."
    probe = next(iter(own["files"]))
    for path, digest in own["files"].items():
        theirs = found["files"].get(path)
        if theirs != digest:
            what = "holds something else there" if theirs else "is not there"
            shown = (
                f"{found['folder']} on {name}, which is not the same there"
                if path == probe
                else (f"{path} on {name}, which {what}")
            )
            raise UserError(
                f"All machines of a cluster must see the same files under the same paths. Received: {shown}",
                hint,
            )
    if not found["writable"]:
        raise UserError(
            "All machines of a cluster must be able to write where the run is. "
            f"Received: {found['folder']} on {name}, as the user {found['user']}",
            "Start Ray there as a user who may.",
        )


def _look_everywhere(
    look: Callable[..., dict[str, Any]],
    machines: Sequence[ClusterMachine],
    asked_for: tuple[list[str], list[str], str],
) -> list[dict[str, Any]]:
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    there = ray.remote(num_cpus=0)(look)
    asked = [
        there.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(machine.identity, soft=False)
        ).remote(*asked_for)
        for machine in machines
    ]
    ready, _ = ray.wait(asked, num_returns=len(asked), timeout=_ANSWER_SECONDS)
    silent = [machine.name for machine, one in zip(machines, asked, strict=True) if one not in ready]
    if silent:
        raise UserError(
            f"All machines of a cluster must answer. Received: nothing from {', '.join(silent)} "
            f"in {_ANSWER_SECONDS:.0f} seconds",
            "Look there with `ray status`, or take the machine out of the cluster.",
        )
    try:
        found: list[dict[str, Any]] = ray.get(asked)
    except ray.exceptions.RayError as error:
        raise UserError(
            f"All machines of a cluster must be able to work. Received: {str(error).strip().splitlines()[-1]}",
            "Install the same packages there as here.",
        ) from error
    return found


def make_look() -> Callable[..., dict[str, Any]]:
    """What a machine does to tell its packages and files. Made within a function, it reaches machines without mbert."""

    def look(packages: Iterable[str], paths: Iterable[str], folder: str) -> dict[str, Any]:
        import getpass
        import hashlib
        import os
        from importlib import metadata

        def version(name: str) -> str | None:
            try:
                return metadata.version(name)
            except metadata.PackageNotFoundError:
                return None

        def digest(path: str) -> str | None:
            try:
                size = os.path.getsize(path)
                if os.path.isdir(path):
                    return "folder"
                with open(path, "rb") as file:
                    ends = file.read(65536)
                    file.seek(max(0, size - 65536))
                    ends += file.read(65536)
            except OSError:
                return None
            return f"{size} {hashlib.sha256(ends).hexdigest()}"

        return {
            "packages": {name: version(name) for name in packages},
            "files": {path: digest(path) for path in paths},
            "folder": folder,
            "writable": os.access(folder, os.W_OK),
            "user": getpass.getuser(),
        }

    return look
