"""One call of fit: how far it goes, what it says on the way, how long it took."""

from types import SimpleNamespace

import pytest

from mbert_cli.train import segment
from mbert_cli.train.interrupt import InterruptRequest
from mbert_cli.train.segment import Clock, StepWatcher, next_event


@pytest.mark.parametrize(
    ("step", "expected"),
    [(0, 5), (4, 5), (5, 7), (7, 10), (14, 15), (20, 21), (97, 98), (98, 100), (99, 100)],
)
def test_the_next_event_is_the_next_multiple_of_any_interval_or_the_end(step, expected):
    assert next_event(step, end=100, intervals=[5, 7], longest=50) == expected


def test_no_call_is_longer_than_the_longest():
    assert next_event(3, end=100, intervals=[1000], longest=20) == 23
    assert next_event(90, end=100, intervals=[1000], longest=20) == 100


@pytest.fixture
def now(monkeypatch) -> SimpleNamespace:
    """A clock that a test turns by hand."""
    moment = SimpleNamespace(seconds=100.0)
    monkeypatch.setattr(segment.time, "perf_counter", lambda: moment.seconds)
    return moment


def test_the_first_step_is_timed_apart(now):
    clock = Clock()
    now.seconds += 7
    clock.end_first_step()
    assert clock.first_step_seconds == 7
    assert clock.read_steps_per_second() is None


def test_the_speed_is_that_since_the_last_reading(now):
    clock = Clock()
    clock.add(2.0, 6)
    clock.add(1.0, 3)
    assert clock.read_steps_per_second() == 3
    assert clock.read_steps_per_second() is None
    clock.add(0.0, 4)
    assert clock.read_steps_per_second() is None


def test_steps_are_reported_and_timed_without_the_first(now):
    clock, reported = Clock(), []
    watcher = StepWatcher(clock, InterruptRequest(), reported.append)
    watcher.set_model(SimpleNamespace(stop_training=False))
    now.seconds += 30  # the first step compiles
    for batch in range(5):
        now.seconds += 2
        watcher.on_train_batch_end(batch)
    watcher.finish(5)
    assert reported == [1, 2, 3, 4, 5]
    assert clock.first_step_seconds == 32
    assert clock.read_steps_per_second() == 0.5


def test_a_later_call_is_timed_from_its_beginning(now):
    clock = Clock()
    clock.end_first_step()
    now.seconds += 50
    watcher = StepWatcher(clock, InterruptRequest(), lambda step: None)
    watcher.set_model(SimpleNamespace(stop_training=False))
    for batch in range(4):
        now.seconds += 1
        watcher.on_train_batch_end(batch)
    watcher.finish(4)
    assert clock.read_steps_per_second() == 1


def test_a_request_ends_the_call_after_the_running_step():
    request = InterruptRequest()
    watcher = StepWatcher(Clock(), request, lambda step: None)
    model = SimpleNamespace(stop_training=False)
    watcher.set_model(model)
    watcher.on_train_batch_end(0)
    assert not model.stop_training
    request.received = True
    watcher.on_train_batch_end(1)
    assert model.stop_training
