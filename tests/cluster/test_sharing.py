"""Pieces that are shared out: all of them, each once, whoever ends first."""

import json
import operator
import os
import signal
from pathlib import Path

import pytest

from mbert_cli.cluster import sharing
from mbert_cli.cluster.crew import Ended
from mbert_cli.cluster.options import ClusterOptions
from mbert_cli.cluster.sharing import as_they_end, is_shared, share_among

ALONE, TWO = ClusterOptions(), ClusterOptions(workers=2)


class LastFirst:
    """Two workers, of whom the one that began last ends first."""

    places = 2

    def __init__(self, function):
        self._function = function
        self.at_work, self.begun, self.most = {}, [], 0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.left = list(self.at_work)

    def begin(self, number, item):
        self.at_work[number] = item
        self.begun.append(item)
        self.most = max(self.most, len(self.at_work))

    def wait(self, seconds):
        number, item = self.at_work.popitem()
        try:
            return [(number, Ended(self._function(item)))]
        except ValueError as error:
            return [(number, Ended(error=error))]


@pytest.fixture
def crew(monkeypatch):
    """Makes the crew of a function, which the next work is shared among."""

    def make(function):
        made = LastFirst(function)
        monkeypatch.setattr(sharing, "crew_of", lambda *_: made)
        return made

    return make


def test_answers_come_in_the_order_of_the_items_whoever_ended_first(crew):
    made = crew(operator.neg)
    told = []
    assert share_among(None, range(5), TWO, lambda *both: told.append(both)) == [0, -1, -2, -3, -4]
    assert sorted(told) == [(number, -number) for number in range(5)]
    assert told != sorted(told)
    assert made.most == 2


def test_the_next_item_is_taken_when_somebody_is_free_for_it(crew):
    crew(operator.neg)
    taken, ended = [], []

    def items():
        for number in range(5):
            taken.append(number)
            yield number

    for _, item, _ in as_they_end(None, items(), TWO):
        ended.append(item)
        assert len(taken) - len(ended) <= 1
    assert sorted(ended) == list(range(5))


def test_the_first_failure_is_raised_and_what_was_begun_is_left_to_the_crew_to_end(crew):
    def fail(item):
        raise ValueError(item)

    made = crew(fail)
    with pytest.raises(ValueError, match="1"):
        share_among(None, range(5), TWO)
    assert (made.begun, made.left) == ([0, 1], [0])


def test_alone_nothing_is_pickled_and_items_are_done_one_after_the_other():
    done = []
    found = as_they_end(done.append, iter("abc"), ALONE)
    assert next(found)[:2] == (0, "a")
    assert done == ["a"]
    assert not is_shared(ALONE)
    assert is_shared(TWO) and is_shared(ClusterOptions(address="auto"))


def test_processes_of_this_machine_work_and_what_they_raise_arrives(tmp_path):
    files = []
    for number in range(3):
        files.append(tmp_path / f"{number}.json")
        files[-1].write_text(str(number))
    before = signal.getsignal(signal.SIGTERM)
    assert share_among(Path.read_text, files, TWO) == ["0", "1", "2"]
    with pytest.raises(FileNotFoundError) as caught:
        share_among(os.stat, [tmp_path / "missing"], TWO)
    assert caught.value.filename == str(tmp_path / "missing")
    with pytest.raises(json.JSONDecodeError):
        share_among(json.loads, ["{"], TWO)
    assert signal.getsignal(signal.SIGTERM) is before
