"""The pieces of a text as annotation tools write them."""

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.span_forms import WrittenSpan, find_spans, read_span

TOKENS = [{"text": "Ada", "start": 0, "end": 3}, {"text": "saw", "start": 4, "end": 7}]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"spans": [[0, 1, "A"]]}, [[0, 1, "A"]]),
        ({"entities": []}, []),
        ({"spans": [], "label": [[0, 1, "A"]]}, [[0, 1, "A"]]),
        ({"ents": [{"start": 0}], "spans": {}, "labels": ["positive"]}, [{"start": 0}]),
        ({"annotations": [{"start": 0, "end": 1}]}, [{"start": 0, "end": 1}]),
        ({"label": ["positive"]}, None),
        ({"label": "positive"}, None),
        ({}, None),
        ({"answer": "accept"}, []),
        ({"answer": "accept", "spans": None}, []),
    ],
)
def test_the_list_of_pieces_is_found_under_any_of_its_names(row, found):
    assert find_spans(row, "t.jsonl:1") == found


def test_two_lists_are_refused():
    with pytest.raises(UserError) as caught:
        find_spans({"spans": [[0, 1, "A"]], "label": [[0, 2, "B"]]}, "t.jsonl:4")
    assert caught.value.message == (
        "A text must have one list of spans. Received: 'spans', 'label' in t.jsonl:4"
    )
    assert caught.value.hint == "Take out the one that is not meant."


@pytest.mark.parametrize(
    ("item", "span"),
    [
        ([0, 5, "PER"], (0, 5, "PER", None)),
        ([0, 5, "PER", "Q7259"], (0, 5, "PER", None)),
        ({"start": 0, "end": 5, "label": " PER "}, (0, 5, "PER", None)),
        ({"start_offset": 0, "end_offset": 5, "label": "PER"}, (0, 5, "PER", None)),
        ({"start": 0, "end": 5, "labels": ["PER"], "text": "Ada K"}, (0, 5, "PER", "Ada K")),
        ({"start": 0, "end": 5, "label": "PER", "text": " "}, (0, 5, "PER", None)),
        ({"start": 0, "end": 5, "label": "PER", "text": 7}, (0, 5, "PER", None)),
        ({"token_start": 0, "token_end": 1, "label": "PER"}, (0, 7, "PER", None)),
        ({"start": 4, "end": 7, "token_start": 0, "token_end": 1, "label": "PER"}, (4, 7, "PER", None)),
    ],
)
def test_a_piece_of_every_tool_is_the_same(item, span):
    assert read_span(item, {"tokens": TOKENS}, "t.jsonl:1") == WrittenSpan(*span)


@pytest.mark.parametrize(
    "item",
    [
        "x", None, [], [0, 5], [0, 5, " "], [0, 5, 3], [True, 5, "PER"], [0, 5.0, "PER"],
        {"start": 0, "label": "PER"}, {"start": 0, "end": 5, "labels": ["PER", "LOC"]},
        {"token_start": 0, "token_end": 2, "label": "PER"}, {"token_start": 1, "token_end": 0, "label": "PER"},
        {"token_start": -1, "token_end": 0, "label": "PER"},
    ],
)  # fmt: skip
def test_what_is_no_piece_is_refused_with_its_line(item):
    with pytest.raises(UserError) as caught:
        read_span(item, {"tokens": TOKENS}, "t.jsonl:7")
    assert caught.value.message == (
        "A span must have a start and an end, which are whole numbers, and a label. "
        f"Received: {item!r} in t.jsonl:7"
    )


def test_tokens_that_a_piece_counts_must_be_there():
    item = {"token_start": 0, "token_end": 0, "label": "PER"}
    for tokens in (None, [], ["Ada"], "Ada"):
        with pytest.raises(UserError):
            read_span(item, {"tokens": tokens}, "t.jsonl:1")
