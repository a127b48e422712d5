"""How far a corpus is read."""

from contextlib import contextmanager

import pytest

from mbert_cli import console
from mbert_cli.corpus.document import Document
from mbert_cli.sessions import reading
from mbert_cli.sessions.reading import Reading


class Shown:
    """Remembers what it was told."""

    def __init__(self, total, description):
        self.total, self.description, self.updates = total, description, []

    def update(self, step, **fields):
        self.updates.append((step, fields))


@pytest.fixture
def shown(monkeypatch):
    """The displays that were opened, and a clock of one second a look."""
    displays, now = [], [0.0]

    @contextmanager
    def progress(total, description, **settings):
        displays.append(Shown(total, description))
        yield displays[-1]

    def tick():
        now[0] += 1.0
        return now[0]

    monkeypatch.setattr(console, "progress", progress)
    monkeypatch.setattr(reading.time, "monotonic", tick)
    return displays


def documents(*megabytes):
    return [Document(str(place), ["x" * round(size * 1e6)]) for place, size in enumerate(megabytes)]


def read(corpus_reading, corpus):
    with corpus_reading.shown("reading") as watch:
        return list(corpus_reading.watched(corpus, watch))


def test_documents_pass_through_and_are_shown_by_the_megabyte(shown):
    corpus = documents(0.4, 0.7, 0.1, 2.0, 0.3)
    assert read(Reading(5_000_000), corpus) == corpus
    (display,) = shown
    assert (display.total, display.description) == (5_000_000, "reading")
    assert [(step, fields["documents"]) for step, fields in display.updates] == [
        (1_100_000, 2), (3_200_000, 4), (3_500_000, 5),
    ]  # fmt: skip
    assert display.updates[1][1]["megabytes_per_second"] == pytest.approx(1.6)


def test_once_it_was_read_it_is_known_how_much_text_there_is(shown):
    corpus_reading = Reading(None)
    read(corpus_reading, documents(0.5, 0.25))
    with corpus_reading.shown("encoding") as watch:
        watch(2, 750_000)
    assert [display.total for display in shown] == [None, 750_000]
    assert shown[1].updates == [(750_000, {"megabytes_per_second": 0.75, "documents": 2})]


def test_characters_beyond_ascii_count_as_their_bytes(shown):
    read(Reading(None), [Document("a", ["ж" * 600_000])])
    assert shown[0].updates[0][0] == 1_200_000


def test_a_pipe_gets_no_line_for_a_work_of_seconds(capsys):
    read(Reading(None), documents(1.5))
    assert capsys.readouterr() == ("", "")
