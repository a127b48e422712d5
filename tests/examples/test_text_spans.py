"""Pieces of a text that are not quite where they should be: mended and said, or refused with their line."""

import json

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import TokenTask

FOX = "🦊 Ada saw Paris."


@pytest.fixture
def read(tmp_path):
    def read(text: str, *spans, **options):
        path = tmp_path / "t.jsonl"
        path.write_text(json.dumps({"text": text, "spans": list(spans)}))
        return load_task(TokenTask(source="tokens", train=str(path), validation=str(path), **options))

    return read


def found(task) -> list[tuple[str, str]]:
    examples = task.train
    return [(examples.texts[0][start:end], name) for start, end, name in examples.spans[0]]


def test_blanks_at_the_ends_are_no_part_of_a_span(read):
    task = read("Ada  saw Paris.", [0, 5, "PER"], [4, 9, "VERB"], [9, 14, "LOC"])
    assert found(task) == [("Ada", "PER"), ("saw", "VERB"), ("Paris", "LOC")]
    assert task.notes == ("t.jsonl: spans with blanks at their ends, which do not belong to them: 2",)


def test_a_span_that_stands_twice_counts_once(read):
    task = read("Ada saw Paris.", [0, 3, "PER"], [8, 13, "LOC"], [0, 3, "PER"])
    assert found(task) == [("Ada", "PER"), ("Paris", "LOC")]
    assert task.notes == ("t.jsonl: spans that occur twice and count once: 1",)
    with pytest.raises(UserError, match=r"must not overlap.*characters 0 to 3 and 0 to 3 in .*t.jsonl:1"):
        read("Ada saw Paris.", [0, 3, "PER"], [0, 3, "ORG"])


@pytest.mark.parametrize(
    ("unit", "spans"),
    [("characters", [(2, 5), (10, 15)]), ("utf16", [(3, 6), (11, 16)]), ("bytes", [(5, 8), (13, 18)])],
)
def test_places_count_what_the_recipe_says(read, unit, spans):
    (ada, paris) = spans
    task = read(FOX, [*ada, "PER"], [*paris, "LOC"], offsets=unit)
    assert found(task) == [("Ada", "PER"), ("Paris", "LOC")] and task.notes == ()


def test_a_span_that_names_its_text_is_moved_there(read):
    spans = [
        {"start": 3, "end": 6, "text": "Ada", "labels": ["PER"]},
        {"start": 11, "end": 16, "text": "Paris", "label": "LOC"},
    ]
    task = read(FOX, *spans)
    assert found(task) == [("Ada", "PER"), ("Paris", "LOC")]
    assert task.notes == (
        "t.jsonl: spans that were not where the file says, moved to where their text is: 2",
    )
    # Some tools write a line break as two characters, and blanks are no difference.
    task = read("Ada\nKing saw.", {"start": 0, "end": 8, "text": "Ada\\nKing", "label": "PER"})
    assert found(task) == [("Ada\nKing", "PER")] and task.notes == ()
    with pytest.raises(UserError) as caught:
        read("Ada saw Ada.", {"start": 4, "end": 7, "text": "Ada", "label": "PER"})
    assert caught.value.message.startswith(
        "A span must hold the text that it names. Received: 'Ada' at 4 to 7, where 'saw' stands, in "
    )
    with pytest.raises(UserError, match="Received: 'Ben' at 40 to 43, where '' stands, in "):
        read("Ada saw Ada.", {"start": 40, "end": 43, "text": "Ben", "label": "PER"})


def test_places_that_make_sense_in_another_unit_alone_are_said(read):
    task = read(FOX, [3, 6, "PER"], [11, 16, "LOC"])  # "da ", which loses its blank, and "aris."
    assert task.notes == ("t.jsonl: spans with blanks at their ends, which do not belong to them: 1",)
    assert task.warnings == (
        (
            "t.jsonl: 2 of 2 spans behind characters that are several units of UTF-16 begin or end within a word, and "
            "none would if their places counted units of UTF-16: if they do, set task.offsets to utf16"
        ),
    )
    assert read(FOX, [2, 5, "PER"], [10, 15, "LOC"]).warnings == ()
    # A span that is meant to cut a word would cut one in every unit.
    assert read(FOX, [2, 4, "PER"], [10, 15, "LOC"]).warnings == ()
    (warning,) = read("é Ada saw Paris.", [3, 6, "PER"], [11, 16, "LOC"]).warnings
    assert warning.endswith("none would if their places counted bytes: if they do, set task.offsets to bytes")


@pytest.mark.parametrize(
    ("span", "unit", "received"),
    [
        ([11, 17, "LOC"], "characters", "characters 11 to 17 of 16"),
        ([-1, 2, "LOC"], "characters", "characters -1 to 2 of 16"),
        ([5, 5, "LOC"], "characters", "characters 5 to 5 of 16"),
        ([5, 4, "LOC"], "characters", "characters 5 to 4 of 16"),
        ([1, 2, "LOC"], "characters", "characters 1 to 2 of 16"),
        ([1, 3, "LOC"], "utf16", "units of UTF-16 1 to 3 of 17"),
        ([3, 18, "LOC"], "utf16", "units of UTF-16 3 to 18 of 17"),
        ([2, 8, "LOC"], "bytes", "bytes 2 to 8 of 19"),
    ],
)
def test_a_span_outside_the_text_is_refused(read, span, unit, received):
    with pytest.raises(UserError) as caught:
        read(FOX, span, offsets=unit)
    message = f"A span must lie in its text and hold more than blanks. Received: {received} in "
    assert caught.value.message.startswith(message) and caught.value.message.endswith("t.jsonl:1")
    assert ("set task.offsets to utf16" in caught.value.hint) == (unit == "characters")
