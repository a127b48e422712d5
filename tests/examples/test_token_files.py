"""Texts with labelled pieces: every scheme of tags, both layouts, and what a bad line gets."""

import gzip
import json
from pathlib import Path

import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import TokenTask
from mbert_cli.examples.sampling import thin

CONLL = "Ada B-PER\nKing I-PER\nsaw O\nParis B-LOC\n\nRome B-LOC\n"
EMPTY_HINT = "Fill the line in, or take it out."
SPAN_HINT = (
    'Write it as {"start": 0, "end": 5, "label": "PER"} or [0, 5, "PER"]; end is the character after the last one. '
    "Of doccano export the names of labels."
)


def write(tmp_path: Path, name: str, content: str) -> str:
    path = tmp_path / name
    data = content.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return str(path)


def load(train: str, **options):
    return load_task(TokenTask(source="tokens", train=train, **{"validation": train} | options))


def refused(train: str, **options) -> tuple[str, str]:
    with pytest.raises(UserError) as caught:
        load(train, **options)
    return caught.value.message, caught.value.hint


def entities(examples) -> list[list[tuple[str, str]]]:
    """Text and type of each span."""
    return [
        [(text[start:end], name) for start, end, name in spans]
        for text, spans in zip(examples.texts, examples.spans, strict=True)
    ]


@pytest.mark.parametrize("name", ["t.conll", "t.txt", "t.tsv", "t.bio", "t.iob", "t.conll.gz"])
def test_a_token_a_line_makes_texts_of_words_with_blanks_between_them(tmp_path, name):
    task = load(write(tmp_path, name, CONLL))
    assert (task.name, task.kind, task.metrics) == (name, "token_classification", ("f1",))
    assert task.labels == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert task.train.texts == ["Ada King saw Paris", "Rome"]
    assert task.train.words == [[(0, 3), (4, 8), (9, 12), (13, 18)], [(0, 4)]]
    assert task.train.spans == [[(0, 8, "PER"), (13, 18, "LOC")], [(0, 4, "LOC")]]
    assert list(task.train.notes) == []


def test_a_text_and_its_spans_a_line_leave_the_words_to_the_tokenizer(tmp_path):
    lines = [
        {
            "text": "Zoë saw Paris.",
            "id": 7,
            "spans": [{"start": 8, "end": 13, "label": " LOC"}, {"start": 0, "end": 3, "label": "PER"}],
        },
        {"text": "Nobody.", "spans": []},
    ]
    content = "\n\n".join(json.dumps(line) for line in lines)
    task = load(write(tmp_path, "t.jsonl.gz", content))
    assert task.labels == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]
    assert task.train.words is None
    assert entities(task.train) == [[("Zoë", "PER"), ("Paris", "LOC")], []]
    assert task.train.take([1]).texts == ["Nobody."]


def test_columns_are_chosen_from_both_ends(tmp_path):
    path = write(tmp_path, "t.conll", "1 Ada NNP B-PER x\n2 saw VBD O x\n")
    task = load(path, token_column=1, label_column=-2)
    assert entities(task.train) == [[("Ada", "PER")]] and task.train.texts == ["Ada saw"]


def test_between_tabs_a_token_may_hold_a_blank(tmp_path):
    task = load(write(tmp_path, "t.tsv", "New York\tB-LOC\t\nis\tO\n"))
    assert entities(task.train) == [[("New York", "LOC")]]
    assert task.train.words == [[(0, 8), (9, 11)]]


def test_white_space_of_another_kind_is_a_token(tmp_path):
    task = load(write(tmp_path, "t.conll", "\u00a0 O\nAda B-PER\n"))
    assert task.train.texts == ["\u00a0 Ada"]


def test_documents_and_comments_are_no_tokens(tmp_path):
    content = (
        "# id = 1\n# text = Vitamin O\n-DOCSTART- -X- O\nAda NN B-PER\n-DOCSTART- -X- O\n\n\n"
        "#\tsource\n# NN O\n# in the middle\n1 NN O\n \t\n#\n#ada NN B-TAG"
    )
    task = load(write(tmp_path, "t.conll", content))
    assert task.train.texts == ["Ada", "# 1", "#ada"]
    assert entities(task.train) == [[("Ada", "PER")], [], [("#ada", "TAG")]]


def test_given_labels_keep_their_order_and_may_be_unused(tmp_path):
    task = load(write(tmp_path, "t.conll", CONLL), labels=["PER", "ORG", "LOC"])
    assert task.labels == ["O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC"]


def test_validation_is_held_out_by_a_hash_of_the_text(tmp_path):
    sentences = [f"word{number} B-X\n\n" for number in range(300)]
    one = load(write(tmp_path, "a.conll", "".join(sentences)), validation=None)
    other = load(write(tmp_path, "b.conll", "".join(reversed(sentences))), validation=None)
    assert 15 < len(one.validation) < 50
    assert len(one.train) + len(one.validation) == 300
    assert set(one.validation.texts) == set(other.validation.texts)
    assert not set(one.validation.texts) & set(one.train.texts)
    few = load(write(tmp_path, "c.conll", CONLL), validation=None, validation_share=1e-9)
    assert (len(few.train), len(few.validation)) == (1, 1)


def test_a_text_alone_cannot_be_divided(tmp_path):
    path = write(tmp_path, "t.conll", "Ada B-PER\n")
    assert refused(path, validation=None) == (
        f"A share of the examples must remain to train on. Received: 1 in {path}",
        "Set task.validation to a file of its own, or add examples",
    )


def test_an_even_sample_keeps_texts_and_words_together(tmp_path):
    task = load(write(tmp_path, "t.conll", "".join(f"{letter} B-X\n\n" for letter in "abcdef")))
    assert thin(task.train, 3).texts == ["a", "c", "e"]
    assert thin(task.train, 3).words == [[(0, 1)]] * 3


def test_a_type_outside_the_set_is_named_with_file_and_line(tmp_path):
    train = write(tmp_path, "t.conll", CONLL)
    dev = write(tmp_path, "d.conll", "Rome B-LOC\nBonn I-LOK\n")
    assert refused(train, validation=dev) == (
        f"A label must be one of LOC, PER. Received: 'LOK' in {dev}:2", "Did you mean 'LOC'?",
    )  # fmt: skip
    spans = write(tmp_path, "d.jsonl", '{"text": "x", "spans": [{"start": 0, "end": 1, "label": "ORG"}]}')
    assert refused(train, validation=spans) == (
        f"A label must be one of LOC, PER. Received: 'ORG' in {spans}:1",
        "Correct the file, or set task.labels to all labels",
    )
    assert refused(train, labels=["LOC"])[0] == (f"A label must be one of LOC. Received: 'PER' in {train}:1")


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
            ("Correct the line, set task.label_column to the column of the tags, or set task.kind to tags where "
             "these are labels of words as they stand."),
        ),
        (
            "t.jsonl", "x\n",
            ("Each line of a .jsonl file must be one JSON object. "
             "Received: {path}:1 (Expecting value: line 1 column 1 (char 0))"),
            "Write one object a line",
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
def test_a_bad_file_is_refused(tmp_path, name, content, message, hint):
    path = write(tmp_path, name, content)
    assert refused(path) == (message.format(path=path), hint)


def test_a_column_beyond_the_line_is_refused(tmp_path):
    path = write(tmp_path, "t.conll", "a b O\n")
    assert refused(path, label_column=3)[0] == (
        "Each line must have the columns that the recipe names, 0 for the token and 3 for its tag. "
        f"Received: 3 columns in {path}:1"
    )
    assert refused(path, token_column=-4)[0].endswith(f"Received: 3 columns in {path}:1")


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
def test_a_bad_span_is_refused(tmp_path, spans, message, hint):
    path = write(tmp_path, "t.jsonl", json.dumps({"text": "Ada saw", "spans": spans}))
    assert refused(path) == (message.format(path=path), hint)


def test_a_label_without_a_name_or_a_start_that_is_true_is_refused(tmp_path):
    for span in ({"start": 0, "end": 1, "label": " "}, {"start": True, "end": 2, "label": "A"}):
        path = write(tmp_path, "t.jsonl", json.dumps({"text": "Ada", "spans": [span]}))
        assert refused(path)[0].endswith(f"Received: {span!r} in {path}:1")


def test_tags_are_labels_of_words_as_they_stand(tmp_path):
    path = write(tmp_path, "t.conll", "The DET\ndog NOUN\nran VERB\n. .\n\nDogs NOUN\n# SYM\n")
    task = load(path, kind="tags")
    assert (task.labels, task.metrics) == ([".", "DET", "NOUN", "SYM", "VERB"], ("accuracy",))
    assert task.kind == "token_classification"
    assert entities(task.train) == [
        [("The", "DET"), ("dog", "NOUN"), ("ran", "VERB"), (".", ".")],
        [("Dogs", "NOUN"), ("#", "SYM")],
    ]
    assert task.train.take([1]).are_tags
    given = load(path, kind="tags", labels=["VERB", "NOUN", "DET", ".", "SYM", "ADJ"])
    assert given.labels == ["VERB", "NOUN", "DET", ".", "SYM", "ADJ"]
    with_outside = write(tmp_path, "o.conll", "Ada PER\nsaw O\n")
    task = load(with_outside, kind="tags", labels=["PER", "O"])
    assert (task.labels, task.metrics) == (["PER", "O"], ("f1",))
    assert refused(path, kind="tags", labels=["NOUN", "VERB", "DET", "."])[0] == (
        f"A label must be one of NOUN, VERB, DET, .. Received: 'SYM' in {path}:7"
    )


def test_tags_that_are_numbers_are_ordered_by_value(tmp_path):
    path = write(tmp_path, "t.conll", "".join(f"a {number}\n" for number in (10, 2, 0, 1, 11)))
    assert load(path, kind="tags").labels == ["0", "1", "2", "10", "11"]


def test_comments_between_tagged_words_of_conll_u_are_no_tokens(tmp_path):
    lines = ["# sent_id = 1", "# text = a b c d e f g", "1\ta\ta\tDET\t_\t_\t2\tdet\t_\t_",
             "2\t#\t#\tSYM\t_\t_\t0\troot\t_\t_"]  # fmt: skip
    task = load(write(tmp_path, "t.txt", "\n".join(lines)), kind="tags", token_column=1, label_column=3)
    assert entities(task.train) == [[("a", "DET"), ("#", "SYM")]]


def test_each_word_needs_a_tag(tmp_path):
    gap = write(tmp_path, "t.tsv", "a\tDET\tx\nb\t\tx\n")
    assert refused(gap, kind="tags", label_column=1) == (
        f"Each word must have a tag. Received: {gap}:2 without one", "Fill it in.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (["A", "A"], "labels must be distinct"),
        (["O", "A"], "O stands for what is no entity"),
        (["O", "B-A", "C"], "O stands for what is no entity"),
        (["O"], "O stands for what is no entity"),
    ],
)
def test_labels_that_cannot_be_are_refused(labels, message):
    with pytest.raises(ValueError, match=message):
        TokenTask(source="tokens", train="t.conll", labels=labels)


def test_labels_may_be_all_tags_in_the_order_of_their_ids(tmp_path):
    path = write(tmp_path, "t.conll", CONLL)
    given = ["B-PER", "I-PER", "B-LOC", "I-LOC", "O"]
    task = load(path, labels=given)
    assert (task.labels, task.metrics) == (given, ("f1",))
    assert entities(task.train)[0] == [("Ada King", "PER"), ("Paris", "LOC")]
    # Those of another scheme name the types.
    task = load(path, labels=["O", "B-PER", "I-PER", "L-PER", "U-PER", "U-LOC"])
    assert task.labels == ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    assert (
        refused(path, labels=["O", "B-PER"])[0] == f"A label must be one of PER. Received: 'LOC' in {path}:4"
    )


def test_columns_are_counted_and_not_named(tmp_path):
    path = write(tmp_path, "t.conll", CONLL)
    assert refused(path, label_column="ner_tags") == (
        (
            "Columns of a file with a token a line are counted from 0. "
            f"Received: task.token_column 0 and task.label_column ner_tags for {path}"
        ),
        "Set both to numbers; names are for rows of JSON.",
    )
