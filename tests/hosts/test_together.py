"""What hosts do as one, with threads in the place of hosts and a dictionary in that of their service."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mbert_cli.errors import RunError, UserError
from mbert_cli.hosts import together
from mbert_cli.hosts.joining import ALONE, Hosts
from mbert_cli.hosts.together import agree_to_stop, first_does, tell_all
from mbert_cli.text.text_files import UndecodableText


class Service:
    """Keeps values by key as the service of JAX does."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}
        self.changed = threading.Condition()

    def key_value_set(self, key: str, value: str, allow_overwrite: bool = False) -> None:
        with self.changed:
            assert allow_overwrite or key not in self.values
            self.values[key] = value
            self.changed.notify_all()

    def blocking_key_value_get(self, key: str, wait_ms: int) -> str:
        with self.changed:
            if not self.changed.wait_for(lambda: key in self.values, timeout=min(wait_ms / 1000, 5)):
                raise RuntimeError("DEADLINE_EXCEEDED: nobody told")
            return self.values[key]

    def key_value_dir_get(self, folder: str) -> list[tuple[str, str]]:
        return [(key, value) for key, value in self.values.items() if key.startswith(f"{folder}/")]


@pytest.fixture
def on_hosts(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list]:
    """Runs a function of the hosts on three of them, and returns what each returned or raised."""
    service, calls, starts = Service(), threading.local(), itertools.count(0, 100)

    class OwnCalls:
        def __next__(self) -> int:
            return next(calls.numbers)

    monkeypatch.setattr(together, "coordination_client", lambda: service)
    monkeypatch.setattr(together, "_calls", OwnCalls())

    def run(function: Callable[[Hosts], object]) -> list:
        start = next(starts)

        def outcome(index: int) -> object:
            calls.numbers = itertools.count(start)
            try:
                return function(Hosts(index, 3, 3, ("a", "b", "c")))
            except Exception as error:  # noqa: BLE001 - compared by the tests
                return error

        with ThreadPoolExecutor(3) as pool:
            return list(pool.map(outcome, range(3), timeout=20))

    return run


def test_the_first_does_and_all_know_what_it_found(on_hosts):
    done = []

    def work(hosts: Hosts) -> list:
        def look(what: str) -> str:
            done.append(hosts.index)
            return what

        return [first_does(hosts, lambda: look("one")), first_does(hosts, lambda: look("two"))]

    assert on_hosts(work) == [["one", "two"]] * 3
    assert done == [0, 0]


def test_an_error_of_the_first_is_raised_on_all(on_hosts):
    def refuse() -> None:
        raise UserError("The rule. Received: 3", "A hint.")

    errors = on_hosts(lambda hosts: first_does(hosts, refuse))
    assert [(type(error), error.message, error.hint) for error in errors] == [
        (UserError, "The rule. Received: 3", "A hint.")
    ] * 3


def test_an_error_that_a_room_names_ends_all_with_its_exit_code(on_hosts):
    def refuse() -> None:
        raise UndecodableText(Path("mail.txt"), 255, 3)

    errors = on_hosts(lambda hosts: first_does(hosts, refuse))
    assert [(type(error), error.exit_code) for error in errors] == [
        (UndecodableText, 2),
        *[(UserError, 2)] * 2,
    ]


def test_a_bug_on_the_first_ends_the_others_with_a_sentence(on_hosts):
    own, *others = on_hosts(lambda hosts: first_does(hosts, lambda: {}["x"]))
    assert isinstance(own, KeyError)
    for error in others:
        assert isinstance(error, RunError)
        assert error.message == "Host 0 must go on for the others to. Received: KeyError('x') on a"


def test_all_know_what_each_says(on_hosts):
    assert on_hosts(lambda hosts: tell_all(hosts, hosts.index * 10)) == [[0, 10, 20]] * 3


def test_all_stop_where_one_was_asked_to(on_hosts):
    assert on_hosts(lambda hosts: agree_to_stop(hosts, False)) == [False] * 3

    def ask(hosts: Hosts) -> list[bool]:
        agreed = []
        for step in range(2):
            agreed.append(agree_to_stop(hosts, hosts.index == 1 and step == 0))
            tell_all(hosts, None)  # as steps do that all compute
        return agreed

    first, second, third = on_hosts(ask)
    assert first == second == third
    assert first[1]


def test_one_host_asks_nobody():
    assert first_does(ALONE, lambda: 3) == 3
    assert tell_all(ALONE, "a") == ["a"]
    assert agree_to_stop(ALONE, True)
