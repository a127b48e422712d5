"""What the hosts of a job do as one: host 0 does something and all know how it ended, or each tells all.

Values travel through the service by which the hosts met, not through their devices, so that a host may be busy for as
long as it takes. Every host must make the same calls in the same order.
"""

import itertools
import json
from collections.abc import Callable
from typing import Any, TypeVar

from mbert_cli import errors
from mbert_cli.errors import UserError
from mbert_cli.hosts.joining import Hosts, coordination_client

_Result = TypeVar("_Result")

_WAIT_MS = 600_000
"""How long one question waits; it is asked again as long as the other host lives."""

_STOP = "mbert/stop"

_calls = itertools.count()


def first_does(hosts: Hosts, work: Callable[[], _Result]) -> _Result:
    """Host 0 does something, and every host returns when it is done.

    Args:
        hosts: The hosts.
        work: Returns what JSON can hold.

    Returns:
        What it returned.

    Raises:
        UserError: What it raised; on the others of its nearest class in `mbert_cli.errors`.
    """
    if hosts.count == 1:
        return work()
    key = f"mbert/first/{next(_calls)}"
    if not hosts.is_first:
        told: _Result = _result_of(json.loads(_wait_for(key)))
        return told
    try:
        result = work()
    except UserError as error:
        kind = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
        _tell(key, {"error": kind.__name__, "message": error.message, "hint": error.hint})
        raise
    except BaseException as error:
        _tell(key, {"error": "RunError", "message": _ended(hosts, repr(error)), "hint": ""})
        raise
    _tell(key, {"result": result})
    return result


def tell_all(hosts: Hosts, value: _Result) -> list[_Result]:
    """What each host says, in their order; JSON must be able to hold it."""
    if hosts.count == 1:
        return [value]
    key = f"mbert/all/{next(_calls)}"
    _tell(f"{key}/{hosts.index}", value)
    return [json.loads(_wait_for(f"{key}/{index}")) for index in range(hosts.count)]


def agree_to_stop(hosts: Hosts, asked: bool) -> bool:
    """Whether any host was asked to stop, in time for host 0 to know of it; the same on all.

    Args:
        hosts: The hosts.
        asked: Whether this one was.
    """
    if hosts.count == 1:
        return asked
    if asked and not hosts.is_first:
        coordination_client().key_value_set(f"{_STOP}/{hosts.index}", "", allow_overwrite=True)
    return first_does(hosts, lambda: asked or bool(coordination_client().key_value_dir_get(_STOP)))


def _tell(key: str, value: object) -> None:
    coordination_client().key_value_set(key, json.dumps(value))


def _wait_for(key: str) -> str:
    """What a host tells under a key, however long it takes."""
    client = coordination_client()
    while True:
        try:
            return str(client.blocking_key_value_get(key, _WAIT_MS))
        except Exception as error:
            if "DEADLINE_EXCEEDED" not in str(error):
                raise


def _result_of(told: dict[str, Any]) -> Any:
    if "error" not in told:
        return told["result"]
    kind: type[UserError] = getattr(errors, told["error"])
    raise kind(told["message"], told["hint"])


def _ended(hosts: Hosts, reason: str) -> str:
    return f"Host 0 must go on for the others to. Received: {reason} on {hosts.names[0] if hosts.names else 'it'}"
