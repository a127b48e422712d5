"""Texts with labelled pieces: every scheme of tags, both layouts, and what a bad line gets."""

import json

import pytest

from mbert_cli.examples.sampling import thin

CONLL = "Ada B-PER\nKing I-PER\nsaw O\nParis B-LOC\n\nRome B-LOC\n"
EMPTY_HINT = "Fill the line in, or take it out."
SPAN_HINT = (
    'Write it as {"start": 0, "end": 5, "label": "PER"} or [0, 5, "PER"]; end is the character after the last one. '
    "From doccano, export the names of the labels."
)


@pytest.mark.parametrize("name", ["t.conll", "t.txt", "t.tsv", "t.bio", "t.iob", "t.conll.gz"])
def test_a_token_a_line_makes_texts_of_words_with_blanks_between_them(write_file, load_tokens, name):
    task = load_tokens(write_file(name, CONLL))
    assert (task.name, task.kind, task.metrics) == (name, "token_classification", ("f1",))
    assert task.output_names == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert task.train.texts == ["Ada King saw Paris", "Rome"]
    assert task.train.words == [[(0, 3), (4, 8), (9, 12), (13, 18)], [(0, 4)]]
    assert task.train.spans == [[(0, 8, "PER"), (13, 18, "LOC")], [(0, 4, "LOC")]]
    assert list(task.train.notes) == []


def test_a_text_and_its_spans_a_line_leave_the_words_to_the_tokenizer(write_file, load_tokens, entities):
    lines = [
        {
            "text": "Zoë saw Paris.",
            "id": 7,
            "spans": [{"start": 8, "end": 13, "label": " LOC"}, {"start": 0, "end": 3, "label": "PER"}],
        },
        {"text": "Nobody.", "spans": []},
    ]
    content = "\n\n".join(json.dumps(line) for line in lines)
    task = load_tokens(write_file("t.jsonl.gz", content))
    assert task.output_names == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert task.train.words is None
    assert entities(task.train) == [[("Zoë", "PER"), ("Paris", "LOC")], []]
    assert task.train.take([1]).texts == ["Nobody."]


def test_given_labels_keep_their_order_and_may_be_unused(write_file, load_tokens):
    task = load_tokens(write_file("t.conll", CONLL), labels=["PER", "ORG", "LOC"])
    assert task.output_names == ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]


def test_validation_is_held_out_by_a_hash_of_the_text(write_file, load_tokens):
    sentences = [f"word{number} B-X\n\n" for number in range(300)]
    one = load_tokens(write_file("a.conll", "".join(sentences)), validation=None)
    other = load_tokens(write_file("b.conll", "".join(reversed(sentences))), validation=None)
    assert 15 < len(one.validation) < 50
    assert len(one.train) + len(one.validation) == 300
    assert set(one.validation.texts) == set(other.validation.texts)
    assert not set(one.validation.texts) & set(one.train.texts)
    few = load_tokens(write_file("c.conll", CONLL), validation=None, validation_share=1e-9)
    assert (len(few.train), len(few.validation)) == (1, 1) and few.notes == ()


def test_a_type_of_which_all_entities_are_held_out_is_named(write_file, load_tokens):
    held_out = load_tokens(write_file("c.conll", CONLL), validation=None, validation_share=1e-9).validation
    assert held_out.texts == ["Rome"]
    path = write_file("d.conll", CONLL.replace("Rome B-LOC", "Rome B-RARE"))
    task = load_tokens(path, validation=None, validation_share=1e-9)
    assert task.notes == ("d.conll: all examples of 'RARE' are held out, none is learned from",)


def test_a_text_alone_cannot_be_divided(write_file, refused_tokens):
    path = write_file("t.conll", "Ada B-PER\n")
    assert refused_tokens(path, validation=None) == (
        f"A share of the examples must remain to train on. Received: 1 in {path}",
        "Set task.validation to a file of its own, or add examples.",
    )


def test_an_even_sample_keeps_texts_and_words_together(write_file, load_tokens):
    task = load_tokens(write_file("t.conll", "".join(f"{letter} B-X\n\n" for letter in "abcdef")))
    assert thin(task.train, 3).texts == ["a", "c", "e"]
    assert thin(task.train, 3).words == [[(0, 1)]] * 3


def test_a_type_outside_the_set_is_named_with_file_and_line(write_file, refused_tokens):
    train = write_file("t.conll", CONLL)
    dev = write_file("d.conll", "Rome B-LOC\nBonn I-LOK\n")
    assert refused_tokens(train, validation=dev) == (
        f"A label must be one of LOC, PER. Received: 'LOK' in {dev}:2", "Did you mean 'LOC'?",
    )  # fmt: skip
    spans = write_file("d.jsonl", '{"text": "x", "spans": [{"start": 0, "end": 1, "label": "ORG"}]}')
    assert refused_tokens(train, validation=spans) == (
        f"A label must be one of LOC, PER. Received: 'ORG' in {spans}:1",
        "Correct the file, or set task.labels to all labels.",
    )
    assert refused_tokens(train, labels=["LOC"])[0] == (
        f"A label must be one of LOC. Received: 'PER' in {train}:1"
    )


@pytest.mark.parametrize(
    ("name", "content", "message", "hint"),
    [
        (
            "t.xml", "x",
            ("A token file must end in .conll, .txt, .tsv, .bio, .iob, .jsonl, .json or .ndjson, with or without .gz. "
             "Received: {path}"),
            "Set task.train and task.validation to such files.",
        ),
        (
            "t.conll", "\n-DOCSTART- O\n\n", "A token file must have examples. Received: {path} without any",
            "Check the file.",
        ),
        ("t.jsonl", "\n", "A token file must have examples. Received: {path} without any", "Check the file."),
        (
            "t.conll", "a O\n", "A file to train on must have entities. Received: {path} without any",
            "Set task.label_column to the column of the tags.",
        ),
        (
            "t.conll", "a O\n\nb\n",
            ("Each line must have the columns that the recipe names, 0 for the token and -1 for its tag. "
             "Received: 1 column in {path}:3"),
            ("Set task.token_column and task.label_column to columns of the file, counted from 0, or correct "
             "the line."),
        ),
        ("t.conll", "a\tO\n\tO\n", "Each line must have a token. Received: {path}:2 with an empty one", EMPTY_HINT),
        (
            "t.conll", "a O\nb PER\n",
            ("A tag must be O, or B-, I-, E-, L-, S- or U- before the type of the entity. "
             "Received: 'PER' in {path}:2"),
            ("Correct the line, set task.label_column to the column of the tags, or set task.kind to tags if "
             "these are plain labels of words."),
        ),
        (
            "t.jsonl", "x\n",
            ("Each line of a .jsonl file must be one JSON object. "
             "Received: {path}:1 (Expecting value: line 1 column 1 (char 0))"),
            "Write one object per line.",
        ),
        (
            "t.jsonl", '{"text": " ", "spans": []}',
            "Each text must be in valid Unicode and not blank. Received: {path}:1 with a blank one",
            "Correct the line, or take it out.",
        ),
        (
            "t.jsonl", '{"text": "x\\ud800", "spans": []}',
            "Each text must be in valid Unicode and not blank. Received: {path}:1 with half of a surrogate pair",
            "Correct the line, or take it out.",
        ),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused(write_file, refused_tokens, name, content, message, hint):
    path = write_file(name, content)
    assert refused_tokens(path) == (message.format(path=path), hint)


@pytest.mark.parametrize(
    ("spans", "message", "hint"),
    [
        (
            ["x"],
            ("A span must have a start and an end, which are whole numbers, and a label. "
             "Received: 'x' in {path}:1"),
            SPAN_HINT,
        ),
        (
            [{"start": 0, "end": 2.0, "label": "A"}],
            ("A span must have a start and an end, which are whole numbers, and a label. "
             "Received: {{'start': 0, 'end': 2.0, 'label': 'A'}} in {path}:1"),
            SPAN_HINT,
        ),
        (
            [{"start": 3, "end": 99, "label": "A"}],
            ("A span must lie in its text and hold more than blanks. "
             "Received: characters 3 to 99 of 7 in {path}:1"),
            "Count characters from 0; end is the character after the last one.",
        ),
        (
            [{"start": 2, "end": 2, "label": "A"}],
            ("A span must lie in its text and hold more than blanks. "
             "Received: characters 2 to 2 of 7 in {path}:1"),
            "Count characters from 0; end is the character after the last one.",
        ),
        (
            [{"start": 3, "end": 4, "label": "A"}],
            ("A span must lie in its text and hold more than blanks. "
             "Received: characters 3 to 4 of 7 in {path}:1"),
            "Count characters from 0; end is the character after the last one.",
        ),
        (
            [{"start": 4, "end": 7, "label": "A"}, {"start": 0, "end": 5, "label": "B"}],
            ("Spans of a text must not overlap, since a word has one label. "
             "Received: characters 0 to 5 and 4 to 7 in {path}:1"),
            "Keep one of the two.",
        ),
    ],
)  # fmt: skip
def test_a_bad_span_is_refused(write_file, refused_tokens, spans, message, hint):
    path = write_file("t.jsonl", json.dumps({"text": "Ada saw", "spans": spans}))
    assert refused_tokens(path) == (message.format(path=path), hint)


def test_a_label_without_a_name_or_a_start_that_is_true_is_refused(write_file, refused_tokens):
    for span in ({"start": 0, "end": 1, "label": " "}, {"start": True, "end": 2, "label": "A"}):
        path = write_file("t.jsonl", json.dumps({"text": "Ada", "spans": [span]}))
        assert refused_tokens(path)[0].endswith(f"Received: {span!r} in {path}:1")


def test_tags_are_labels_of_words_as_they_stand(write_file, load_tokens, refused_tokens, entities):
    path = write_file("t.conll", "The DET\ndog NOUN\nran VERB\n. .\n\nDogs NOUN\n# SYM\n")
    task = load_tokens(path, kind="tags")
    assert (task.output_names, task.metrics) == ([".", "DET", "NOUN", "SYM", "VERB"], ("accuracy",))
    assert task.kind == "token_classification"
    assert entities(task.train) == [
        [("The", "DET"), ("dog", "NOUN"), ("ran", "VERB"), (".", ".")],
        [("Dogs", "NOUN"), ("#", "SYM")],
    ]
    assert task.train.take([1]).are_tags
    given = load_tokens(path, kind="tags", labels=["VERB", "NOUN", "DET", ".", "SYM", "ADJ"])
    assert given.output_names == ["VERB", "NOUN", "DET", ".", "SYM", "ADJ"]
    with_outside = write_file("o.conll", "Ada PER\nsaw O\n")
    task = load_tokens(with_outside, kind="tags", labels=["PER", "O"])
    assert (task.output_names, task.metrics) == (["PER", "O"], ("f1",))
    assert refused_tokens(path, kind="tags", labels=["NOUN", "VERB", "DET", "."])[0] == (
        f"A label must be one of NOUN, VERB, DET, .. Received: 'SYM' in {path}:7"
    )


def test_tags_that_are_numbers_are_ordered_by_value(write_file, load_tokens):
    path = write_file("t.conll", "".join(f"a {number}\n" for number in (10, 2, 0, 1, 11)))
    assert load_tokens(path, kind="tags").output_names == ["0", "1", "2", "10", "11"]


def test_labels_may_be_all_tags_in_the_order_of_their_ids(write_file, load_tokens, refused_tokens, entities):
    path = write_file("t.conll", CONLL)
    given = ["B-PER", "I-PER", "B-LOC", "I-LOC", "O"]
    task = load_tokens(path, labels=given)
    assert (task.output_names, task.metrics) == (given, ("f1",))
    assert entities(task.train)[0] == [("Ada King", "PER"), ("Paris", "LOC")]
    # Those of another scheme name the types.
    task = load_tokens(path, labels=["O", "B-PER", "I-PER", "L-PER", "U-PER", "U-LOC"])
    assert task.output_names == ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    assert (
        refused_tokens(path, labels=["O", "B-PER"])[0]
        == f"A label must be one of PER. Received: 'LOC' in {path}:4"
    )
