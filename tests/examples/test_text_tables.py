"""The user's own files: three formats, one or two texts, and what a bad line gets."""

import gzip
import json

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import FileTask

TSV = 'text\tlabel\tother\nfirst "text\t b\tx\nsecond\ta\t\n'


def write(tmp_path, name: str, content: str):
    path = tmp_path / name
    data = content.encode()
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return str(path)


def load(train: str, **options):
    return load_task(FileTask(source="file", train=train, **{"validation": train} | options))


def refused(train: str, **options) -> UserError:
    with pytest.raises(UserError) as caught:
        load(train, **options)
    return caught.value


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.tsv", TSV),
        ("t.tsv.gz", TSV),
        ("t.csv", 'label,text\nb,"first ""text"\n a,second\n'),
        ("t.jsonl", '{"label": "b", "text": "first \\"text"}\n\n{"text": "second", "label": "a"}\n'),
    ],
)
def test_formats_give_the_same_examples(tmp_path, name, content):
    task = load(write(tmp_path, name, content))
    assert task.train.texts == ['first "text', "second"]
    assert (task.name, task.output_names, task.metrics) == (name, ["a", "b"], ())
    np.testing.assert_array_equal(task.train.labels, [1, 0])
    assert task.train.labels.dtype == np.int32


def test_csv_cells_may_have_several_lines(tmp_path):
    task = load(write(tmp_path, "t.csv", 'text,label\n"one\ntwo",a\nthree,b\n'))
    assert task.train.texts == ["one\ntwo", "three"]


def test_two_texts_make_pairs(tmp_path):
    path = write(tmp_path, "t.tsv", "q\tp\tlabel\na\tb\tyes\nc\td\tno\n")
    task = load(path, text="p", second_text="q")
    assert task.train.texts == ["b", "d"] and task.train.second_texts == ["a", "c"]
    assert task.train.take([1]).second_texts == ["c"]


def test_given_labels_keep_their_order_and_may_be_unused(tmp_path):
    task = load(write(tmp_path, "t.tsv", TSV), labels=["z", "b", "a"])
    assert task.output_names == ["z", "b", "a"]
    np.testing.assert_array_equal(task.train.labels, [1, 2])


def test_numbers_in_json_become_their_text(tmp_path):
    path = write(tmp_path, "t.jsonl", '{"text": "x", "label": 1}\n{"text": 2.5, "label": true}\n')
    task = load(path)
    assert task.output_names == ["1", "true"] and task.train.texts == ["x", "2.5"]


@pytest.mark.parametrize("kind", ["classification", "multi_label"])
def test_a_label_of_which_all_examples_are_held_out_is_named(tmp_path, kind):
    lines = [f"text {i}\t{'ab'[i % 2]}\n" for i in range(50)]
    path = write(tmp_path, "t.tsv", "text\tlabel\n" + "".join(lines))
    whole = load(path, validation=None, kind=kind)
    assert whole.notes == ()
    held_out = whole.validation.texts[0]
    lines.append(f"{held_out}\trare\n")
    path = write(tmp_path, "t.tsv", "text\tlabel\n" + "".join(lines))
    assert load(path, validation=None, kind=kind).notes == (
        "t.tsv: all examples of 'rare' are held out, none is learned from",
    )
    assert load(path, kind=kind).notes == ()


def test_validation_is_held_out_by_a_hash_of_the_text(tmp_path):
    lines = [f"text {i}\t{'ab'[i % 2]}\n" for i in range(500)]
    one = load(write(tmp_path, "t.tsv", "text\tlabel\n" + "".join(lines)), validation=None)
    other = load(write(tmp_path, "r.tsv", "text\tlabel\n" + "".join(reversed(lines))), validation=None)
    assert 30 < len(one.validation) < 70
    assert len(one.train) + len(one.validation) == 500
    assert set(one.validation.texts) == set(other.validation.texts)
    assert not set(one.validation.texts) & set(one.train.texts)


def test_a_few_examples_still_hold_one_out(tmp_path):
    path = write(tmp_path, "t.tsv", "text\tlabel\none\ta\ntwo\tb\nthree\ta\n")
    task = load(path, validation=None, validation_share=1e-9)
    assert (len(task.train), len(task.validation)) == (2, 1)


def test_equal_texts_cannot_be_divided(tmp_path):
    path = write(tmp_path, "t.tsv", "text\tlabel\none\ta\none\tb\n")
    assert refused(path, validation=None).message == (
        f"A share of the examples must remain to train on. Received: 2 in {path}"
    )


def test_a_label_outside_the_set_is_named_with_file_and_line(tmp_path):
    train = write(tmp_path, "t.tsv", "text\tlabel\nx\tsports\ny\tpolitics\n")
    dev = write(tmp_path, "d.csv", "text,label\nx,sports\ny,Sport\nz,weather\n")
    error = refused(train, validation=dev)
    assert error.message == f"A label must be one of politics, sports. Received: 'Sport' in {dev}:3"
    assert error.hint == "Did you mean 'sports'?"
    error = refused(train, labels=["sports", "economy"])
    assert error.message == f"A label must be one of sports, economy. Received: 'politics' in {train}:3"
    assert error.hint == "Correct the file, or set task.labels to all labels."


def test_a_missing_column_is_named_with_file_and_line(tmp_path):
    hint = "Set task.text, task.second_text and task.label to columns of the file."
    for name, content in (("t.tsv", TSV), ("t.csv", TSV.replace("\t", ","))):
        path = write(tmp_path, name, content)
        error = refused(path, text="sentence", second_text="question")
        assert error.message == (
            "A task file must have the columns that the recipe names, 'sentence', 'question' too. "
            f"Received: 'text', 'label', 'other' in {path}:1"
        )
        assert error.hint == hint
    path = write(tmp_path, "t.jsonl", '{"text": "x", "label": "a"}\n{"text": "y", "topic": "b"}\n')
    assert refused(path).message == (
        "A task file must have the columns that the recipe names, 'label' too. "
        f"Received: 'text', 'topic' in {path}:2"
    )


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.tsv", "text\tlabel\n", "A task file must have examples. Received: {path} without any"),
        ("t.csv", "", "A task file must have examples. Received: {path} without any"),
        ("t.jsonl", "\n", "A task file must have examples. Received: {path} without any"),
        (
            "t.tsv", "text\tlabel\nx\ta\ny\tz\tb\n",
            "Each line must have as many cells as the header, 2. Received: 3 in {path}:3",
        ),
        (
            "t.tsv", "text\tlabel\nx\ta\n \tb\n",
            "Each example must have a text and a label. Received: {path}:3 with an empty 'text'",
        ),
        (
            "t.tsv", "text\tlabel\nx\ta\ny\ta\n",
            "A task must have at least two labels. Received: a in {path}",
        ),
        (
            "t.csv", 'text,label\n"x"y,a\n',
            "A .csv file must be quoted as spreadsheets do. Received: {path}:2 (',' expected after '\"')",
        ),
        (
            "t.jsonl", "x\n",
            ("Each line of a .jsonl file must be one JSON object. "
            "Received: {path}:1 (Expecting value: line 1 column 1 (char 0))"),
        ),
        (
            "t.txt", "x\n",
            "A task file must end in .tsv, .csv or .jsonl, with or without .gz. Received: {path}",
        ),
        (
            "t.tsv", "text\tlabel\nx\0\ta\n",
            "A text file must be UTF-8 without NUL bytes. Received: {path} with byte 0x00 at offset 12",
        ),
    ],
)  # fmt: skip
def test_a_bad_file_is_refused(tmp_path, name, content, message):
    path = write(tmp_path, name, content)
    assert refused(path).message == message.format(path=path)


def test_a_file_with_one_label_is_read_with_the_list_that_its_hint_names(tmp_path):
    path = write(tmp_path, "t.tsv", "text\tlabel\nx\ta\ny\ta\n")
    assert refused(path).hint == (
        "Set task.label to the column of the labels, or task.labels to all labels of the task."
    )
    task = load(path, labels=["b", "a"], validation=path)
    assert (task.output_names, task.train.labels.tolist()) == (["b", "a"], [1, 1])


def test_a_column_that_occurs_twice_is_refused(tmp_path):
    path = write(tmp_path, "train.tsv", "text\ttext\tlabel\nfirst\tsecond\ta\n")
    error = refused(path)
    assert error.message == (
        f"A column that the recipe names must occur once. Received: 'text' more than once in {path}:1"
    )
    assert error.hint == "Rename the other columns."


def test_numbers_of_a_regression(tmp_path):
    path = write(tmp_path, "t.csv", "text,label\nfirst,2.5\nsecond,-1e2\n")
    task = load(path, kind="regression")
    assert (task.kind, task.output_names, task.metrics) == ("regression", ["label"], ())
    np.testing.assert_array_equal(task.train.labels, np.array([2.5, -100], np.float32))


@pytest.mark.parametrize("written", ["nan", "inf", "good"])
def test_what_is_no_finite_number_is_named_with_its_line(tmp_path, written):
    path = write(tmp_path, "t.tsv", f"text\tlabel\nfirst\t1\nsecond\t{written}\n")
    error = refused(path, kind="regression")
    assert (
        error.message
        == f"The label of a regression must be a finite number. Received: {written!r} in {path}:3"
    )
    assert error.hint == "Correct the line, or take it out."


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.tsv", "text\tlabel\none\tb, a\ntwo\t\n"),
        ("t.csv", 'text,label\none,"b, a"\ntwo,\n'),
        ("t.jsonl", '{"text": "one", "label": ["b", "a"]}\n{"text": "two", "label": []}\n'),
    ],
)
def test_an_example_may_have_several_labels_or_none(tmp_path, name, content):
    task = load(write(tmp_path, name, content), kind="multi_label")
    assert (task.kind, task.output_names, task.metrics) == ("multi_label", ["a", "b"], ())
    np.testing.assert_array_equal(task.train.labels, [[1, 1], [0, 0]])
    assert task.train.labels.dtype == np.float32


def test_one_unknown_label_among_several_is_named(tmp_path):
    train = write(tmp_path, "t.tsv", "text\tlabel\nx\tsports;politics\ny\tsport\n")
    error = refused(train, kind="multi_label", labels=["sports", "politics"], label_separator=";")
    assert error.message == f"A label must be one of sports, politics. Received: 'sport' in {train}:3"


def test_the_form_of_a_file_is_said_and_can_be_named(tmp_path):
    content = " Text ;Label\ncafé;b\nthé;a\n"
    task = load(write(tmp_path, "t.csv", content))
    assert task.notes == (
        "t.csv: cells are separated by semicolons",
        "t.csv: the column 'Text ' for 'text', 'Label' for 'label' is taken",
    )
    path = tmp_path / "t.csv"
    path.write_bytes(content.encode("cp1252"))
    task = load(str(path), delimiter=";", encoding="CP1252")
    assert task.train.texts == ["café", "thé"]


def test_a_delimiter_may_be_that_of_tables_without_labels_alone(tmp_path):
    rows = [{"text": "one", "label": "a"}, {"text": "two", "label": "b"}]
    path = write(tmp_path, "t.jsonl", "".join(f"{json.dumps(row)}\n" for row in rows))
    for names in (None, ["more.txt"], ["more.jsonl"]):
        with pytest.raises(UserError, match=r"^task\.delimiter is for \.csv and \.tsv files"):
            load(path, delimiter=";", unlabelled=names)
    assert len(load(path, delimiter=";", unlabelled=["more.txt", "more.csv"]).train) == 2
