"""Which host this is, and where the others are: what a person says, and where that is silent, what the cluster says.

What clusters set is read by JAX's own classes, in a process of their own (`clusters.py`). They are asked only where
this process is one of several that were started together: a shell on a node of SLURM, a pod of Kubernetes that belongs
to no job, and a TPU machine of its own train alone.
"""

import functools
import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mbert_cli.errors import UserError
from mbert_cli.hosts.clusters import OPEN_MPI
from mbert_cli.hosts.joining import Place
from mbert_cli.hosts.options import HostsOptions
from mbert_cli.section import HOST_AND_PORT

TYPED = "the command line and the recipe"
TAKE_JAX = "Set the environment variable KERAS_BACKEND=jax (pip install 'mbert[jax]')."
_SAY_ALONE = "--hosts 1 trains on this host alone."


@dataclass(frozen=True)
class Found:
    """What a cluster says; None for what it leaves open.

    Attributes:
        cluster: Its name.
        count: How many hosts there are.
        index: Which of them this one is.
        coordinator: HOST:PORT of host 0.
        device: The one device of the machine that is this host's.
    """

    cluster: str
    count: int | None = None
    index: int | None = None
    coordinator: str | None = None
    device: int | None = None


def place_of(
    options: HostsOptions, backend: str, environ: Mapping[str, str] = os.environ,
    ask: Callable[[], Found | None] | None = None,
) -> Place | None:  # fmt: skip
    """The place of this host in its job; None for a host that is alone.

    Args:
        options: The hosts section of a recipe, which counts more than the environment.
        backend: What computes: on JAX alone a cluster is asked.
        environ: The environment of the process.
        ask: Asks JAX what the cluster says.

    Raises:
        UserError: What is known does not make up a place.
    """
    if options.count == 1:
        return None
    typed = (options.count, options.index, options.coordinator)
    if backend != "jax":
        _refuse_backend(options, backend)
        return None
    found = Found(TYPED) if None not in typed else detect(environ, ask or ask_jax)
    if found is None and typed == (None, None, None):
        return None
    found = found or Found(TYPED)
    count = options.count or found.count
    if count == 1 or (count is None and options.index is None and options.coordinator is None):
        return None
    index = found.index if options.index is None else options.index
    coordinator = options.coordinator or found.coordinator
    if count is None or index is None or coordinator is None:
        raise _missing({"--hosts": count, "--host-index": index, "--coordinator": coordinator}, found)
    if index >= count:
        said = "" if found.cluster == TYPED else f", by {found.cluster}"
        raise UserError(
            f"hosts.index must be below hosts.count. Received: {index} of {count}{said}",
            f"Hosts are numbered from 0 to {count - 1}.",
        )
    return Place(index, count, read_address(coordinator), options.wait_seconds, found.cluster, found.device)


def detect(environ: Mapping[str, str], ask: Callable[[], Found | None]) -> Found | None:
    """What the cluster that started this process says; None where it did not start several together.

    Args:
        environ: The environment of the process.
        ask: Asks JAX what the cluster says.
    """
    tasks, size = (_number(environ, name) or 1 for name in ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE"))
    # Open MPI first: in a job of SLURM the tasks of its step are what starts the processes.
    if size > 1:
        return _with_own_devices(_of_open_mpi(size, environ, ask), environ, "OMPI_COMM_WORLD_LOCAL_SIZE")
    if tasks > 1:
        return _with_own_devices(ask() or Found("SLURM", tasks), environ, "SLURM_STEP_TASKS_PER_NODE")
    if "JOB_COMPLETION_INDEX" in environ and "KUBERNETES_SERVICE_HOST" in environ:
        return _indexed_job(environ, ask)
    workers = environ.get("TPU_PROCESS_ADDRESSES") or environ.get("TPU_WORKER_HOSTNAMES", "")
    if "," in workers:
        return ask() or Found("a TPU pod", len(workers.split(",")))
    return ask() if not workers and importlib.util.find_spec("libtpu") is not None else None


def _of_open_mpi(size: int, environ: Mapping[str, str], ask: Callable[[], Found | None]) -> Found:
    """Open MPI 5 does not say where its launcher is, by which JAX knows it: JAX then finds nothing, or SLURM."""
    found = ask()
    if found is not None and found.cluster == OPEN_MPI:
        return found
    rank, place = (_number(environ, f"OMPI_COMM_WORLD_{name}") for name in ("RANK", "LOCAL_RANK"))
    return Found(OPEN_MPI, size, rank, device=place)


def _with_own_devices(found: Found, environ: Mapping[str, str], per_machine: str) -> Found:
    """JAX gives each process one device; a process that has a machine for itself takes all of them.

    Args:
        found: What the cluster says.
        environ: The environment of the process.
        per_machine: The variable with the number of processes on each machine.
    """
    is_alone = re.fullmatch(r"1(\(x\d+\))?", environ.get(per_machine, "")) is not None
    return replace(found, device=None) if is_alone else found


def _indexed_job(environ: Mapping[str, str], ask: Callable[[], Found | None]) -> Found:
    """A pod of an indexed job knows its number; how many there are, only the cluster's server."""
    index = _number(environ, "JOB_COMPLETION_INDEX")
    if importlib.util.find_spec("kubernetes") is not None:
        found = ask()
        if found is not None:
            return found
    return Found("Kubernetes", index=index, coordinator=first_pod(socket.getfqdn(), index))


def first_pod(name: str, index: int | None) -> str | None:
    """HOST:PORT of the first pod of an indexed job, from the name of another one; None where no service names pods.

    Args:
        name: The full name of this pod, such as `train-3.hosts.default.svc.cluster.local`.
        index: Its number in the job; None where that is not known.
    """
    own, _, domain = name.partition(".")
    stem = own.removesuffix(f"-{index}")
    return f"{stem}-0.{domain}:{KUBERNETES_PORT}" if domain and stem != own else None


KUBERNETES_PORT = 55527
"""The port that JAX takes there; pods have all ports for themselves."""


@functools.cache
def ask_jax() -> Found | None:
    """What JAX reads of the cluster.

    Raises:
        UserError: The cluster does not say all that it should.
    """
    command = [sys.executable, "-m", "mbert_cli.hosts.clusters"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        reason = (answer.stderr.strip().splitlines() or ["no reason"])[-1]
        raise UserError(
            f"The cluster must say which of its hosts this is. Received: {reason}",
            f"Say it with --hosts N --host-index K --coordinator HOST:PORT. {_SAY_ALONE}",
        )
    fields = json.loads(answer.stdout.splitlines()[-1])
    return Found(**fields) if fields else None


def read_address(text: str) -> tuple[str, int]:
    """HOST:PORT -> both.

    Raises:
        UserError: It is not of this form.
    """
    match = HOST_AND_PORT.fullmatch(text)
    if match is None or not 0 < int(match[2]) < 2**16:
        raise UserError(
            f"hosts.coordinator must be HOST:PORT, with a port below 65,536. Received: {text}",
            "For example --coordinator node1:1234.",
        )
    return match[1], int(match[2])


def _refuse_backend(options: HostsOptions, backend: str) -> None:
    typed: dict[str, Any] = {
        f"hosts.{name}": getattr(options, name) for name in ("count", "index", "coordinator")
    }
    given = ", ".join(f"{name}={value}" for name, value in typed.items() if value is not None)
    if given:
        raise UserError(
            f"Training on several hosts needs JAX. Received: {backend}, with {given}",
            TAKE_JAX,
        )


def _missing(values: Mapping[str, object], found: Found) -> UserError:
    missing = " and ".join(f"no {flag}" for flag, value in values.items() if value is None)
    source = "" if found.cluster == TYPED else f", nor does {found.cluster} say it"
    return UserError(
        f"Several hosts need their number, an index and a coordinator. Received: {missing}{source}",
        f"Type `--hosts N --host-index K --coordinator HOST:PORT` on every host, the same but for K. {_SAY_ALONE}",
    )


def _number(environ: Mapping[str, str], name: str) -> int | None:
    """A whole number of the environment; None where it has none."""
    text = environ.get(name, "")
    return int(text) if re.fullmatch("[0-9]+", text) else None
