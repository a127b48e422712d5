"""Joins a Ray cluster, without a word of Ray's own on the terminal."""

import importlib.util
import os
import signal
import socket
import threading
import time
from typing import Any

from mbert_cli.cluster.options import ClusterOptions
from mbert_cli.errors import UserError
from mbert_cli.figures import counted
from mbert_cli.native_output import hidden_native_output

_CLIENT = "ray://"
_SILENT = 50
"""A level of logging above all that Ray says."""
_SETTINGS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    # What Ray announces that it will do by itself one day: a task without GPUs sees none.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_BETWEEN_SECONDS = 0.5


def require_ray(options: ClusterOptions) -> None:
    """Checks that Ray is installed.

    Raises:
        UserError: It is not.
    """
    if importlib.util.find_spec("ray") is None:
        raise UserError(
            f"A cluster needs the package ray. Received: {options.address}, in an environment without it",
            "pip install 'mbert[cluster]', or leave --cluster out and work on this machine alone.",
        )


def join_cluster(options: ClusterOptions) -> None:
    """Joins the cluster, unless this process is a part of it already.

    Raises:
        UserError: Ray is not installed, or the cluster does not answer in time.
    """
    require_ray(options)
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
    with hidden_native_output():
        problem = _join(options)
    if problem is not None:
        raise problem


def _join(options: ClusterOptions) -> UserError | None:
    """Joins, or says why that fails, which is returned since what is raised shows what was hidden."""
    import ray

    if ray.is_initialized():
        return None
    local: dict[str, Any] = {"include_dashboard": False} if options.address == "local" else {}
    handler = signal.getsignal(signal.SIGTERM)
    try:
        _await_answer(options)
        ray.init(options.address, log_to_driver=False, logging_level=_SILENT, **local)
    except UserError as error:
        return error
    except (Exception, SystemExit) as error:  # noqa: BLE001 - Ray ends the process where another program answers
        reason = str(error).strip().partition("\n")[0]
        if local:
            return UserError(
                f"A Ray cluster must start on this machine. Received: {options.address} ({reason})",
                "It gives up where the machine is busy or short of memory; /tmp/ray/session_latest/logs says more. "
                "Without Ray, cluster.workers shares the work among processes of this machine.",
            )
        return UserError(
            "The Ray cluster of cluster.address must let this machine join. "
            f"Received: {options.address} ({reason})",
            "It must run the same versions of Ray and Python. One that asks for a token gets it where the "
            "environment has RAY_AUTH_MODE=token.",
        )
    if handler is not None and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, handler)  # Ray sets one of its own
    return None


def _await_answer(options: ClusterOptions) -> None:
    """Waits until something answers; Ray itself would wait for minutes and end the process."""
    address = str(options.address)
    if address == "local":
        return
    if address == "auto":
        from ray._private.services import canonicalize_bootstrap_address

        try:
            found = canonicalize_bootstrap_address("auto")
        except ConnectionError:
            found = None
        if found is None:
            raise _not_reached(options, "no cluster on this machine")
        address = found
    _await_port(options, address.removeprefix(_CLIENT))


def _await_port(options: ClusterOptions, address: str) -> None:
    host, _, port = address.rpartition(":")
    place = host.strip("[]"), int(port)
    until = time.monotonic() + options.wait_seconds
    while True:
        try:
            socket.create_connection(place, timeout=max(0.1, until - time.monotonic())).close()
            return
        except (OSError, OverflowError) as error:
            if time.monotonic() + _BETWEEN_SECONDS >= until:
                reason = getattr(error, "strerror", None) or str(error)
                raise _not_reached(
                    options, f"{reason}, for {counted(options.wait_seconds, 'second')}"
                ) from error
        time.sleep(_BETWEEN_SECONDS)


def _not_reached(options: ClusterOptions, reason: str) -> UserError:
    return UserError(
        f"The Ray cluster of cluster.address must answer. Received: {options.address} ({reason})",
        "Start it with `ray start --head`, name another --cluster HOST:PORT, wait longer with "
        "cluster.wait_seconds, or leave --cluster out.",
    )
