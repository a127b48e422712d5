"""Labels in the cells of tables and in JSON: each is a label, or an error with file and line."""

import numpy as np
import pytest

from mbert_cli.errors import UserError
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import FileTask

RULE = "The field 'label' must hold text or a number. Received: "
FLAGS = 'text,Sea,money,film\na,1,0,\nb,TRUE,no,0\nc,,Yes,false\nd,1.0,0.0,NO\ne,"1,0","0,0",\n'


def load(tmp_path, content: str, name: str = "t.jsonl", **options):
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    return load_task(FileTask(source="file", train=str(path), validation=str(path), **options))


def refused(tmp_path, content: str, name: str = "t.jsonl", **options) -> UserError:
    with pytest.raises(UserError) as caught:
        load(tmp_path, content, name, **options)
    return caught.value


def json_lines(*labels: str) -> str:
    return "".join(f'{{"text": "t{place}", "label": {label}}}\n' for place, label in enumerate(labels))


def test_numbers_and_truth_values_of_json_are_labels_by_their_text(tmp_path):
    task = load(tmp_path, json_lines("1", '"1"', "true", '"true"', "-2.5", '"a\\nb"'))
    assert task.output_names == ["-2.5", "1", "a\nb", "true"]
    assert task.train.labels.tolist() == [1, 1, 3, 3, 0, 2]
    assert task.notes == ('t.jsonl: 1 and "1" are one label', 't.jsonl: true and "true" are one label')


@pytest.mark.parametrize("kind", ["classification", "multi_label", "regression"])
@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("NaN", "NaN"),
        ("Infinity", "Infinity"),
        ("-Infinity", "-Infinity"),
        ("1e999", "Infinity"),
        ('{"a": 1}', 'an object, {"a": 1}'),
        ('{"a": 1, "a": 2}', 'an object, {"a": 2}'),
    ],
)
def test_what_is_no_label_is_named_with_its_line(tmp_path, kind, written, shown):
    error = refused(tmp_path, json_lines("1", "2", written), kind=kind)
    assert error.message == f"{RULE}{shown} in {tmp_path}/t.jsonl:3"


def test_null_is_no_label(tmp_path):
    error = refused(tmp_path, json_lines("1", "null"))
    assert error.message == f"{RULE}null in {tmp_path}/t.jsonl:2"
    assert error.hint == "Fill the line in, or take it out."
    error = refused(tmp_path, json_lines("[]", "null"), kind="multi_label")
    assert (
        error.message == f"The labels of a row must be a list or text. Received: null in {tmp_path}/t.jsonl:2"
    )
    assert error.hint == "Write [] for none, or take the line out."


def test_a_list_for_one_label_names_the_kind_of_task_that_has_several(tmp_path):
    error = refused(tmp_path, json_lines('"a"', '["a", "b"]'))
    assert error.message == f'{RULE}a list, ["a", "b"] in {tmp_path}/t.jsonl:2'
    assert error.hint.startswith("Several labels of a row are read with task.kind=multi_label")


@pytest.mark.parametrize(("item", "shown"), [("null", "null"), ("NaN", "NaN"), ('["b"]', 'a list, ["b"]')])
def test_what_is_no_label_among_several_is_named_with_its_line(tmp_path, item, shown):
    error = refused(tmp_path, json_lines('["a"]', f'["a", {item}]'), kind="multi_label")
    assert error.message == f"{RULE}{shown} in {tmp_path}/t.jsonl:2"


def test_a_blank_label_in_a_list_is_refused(tmp_path):
    error = refused(tmp_path, json_lines('["a"]', '["a", " "]'), kind="multi_label")
    assert error.message == (
        f"Each example must have a text and a label. Received: {tmp_path}/t.jsonl:2 with an empty 'label'"
    )


def test_a_cell_may_write_its_labels_as_python_and_json_write_a_list(tmp_path):
    content = 'text,label\na,"[\'sea\', \'mo,ney\']"\nb,[]\nc,"[""sea""]"\nd,"sea, [x]"\ne,"[x], [y]"\n'
    task = load(tmp_path, content, "t.csv", kind="multi_label")
    assert task.output_names == ["[x]", "[y]", "mo,ney", "sea"]
    np.testing.assert_array_equal(
        task.train.labels, [[0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 1], [1, 1, 0, 0]]
    )
    assert task.notes == ("t.csv: 3 cells write their labels as a list",)


def test_a_cell_may_write_its_labels_as_numpy_writes_an_array(tmp_path):
    content = "text,label\na,['sea' 'money']\nb,\"['sea'\n 'film']\"\nc,[]\n"
    task = load(tmp_path, content, "t.csv", kind="multi_label")
    assert task.output_names == ["film", "money", "sea"]
    np.testing.assert_array_equal(task.train.labels, [[0, 1, 1], [1, 0, 1], [0, 0, 0]])
    assert load(tmp_path, "text,label\na,[0 2]\nb,[1]\n", "t.csv", kind="multi_label").output_names == [
        "0", "1", "2",
    ]  # fmt: skip


@pytest.mark.parametrize("written", ["[sea, money]", "{'sea': 1}", "[('sea', 'money')]", "(sea)"])
def test_a_cell_in_brackets_that_is_no_list_is_named_with_its_line(tmp_path, written):
    error = refused(tmp_path, f'text,label\na,sea\nb,"{written}"\n', "t.csv", kind="multi_label")
    assert error.message == (
        "Labels in brackets must be a list as JSON, Python or NumPy writes it. "
        f"Received: {written!r} in {tmp_path}/t.csv:3"
    )
    assert error.hint == (
        "Put each label in quotation marks, as in ['sea', 'money'], or write them without brackets and ',' "
        "between two."
    )


def test_bytes_in_a_list_are_labels_in_utf_8(tmp_path):
    content = "text,label\na,\"[b'sea', b'm\\xc3\\xa9er']\"\nb,\n"
    assert load(tmp_path, content, "t.csv", kind="multi_label").output_names == ["méer", "sea"]


def test_each_label_may_have_a_column(tmp_path):
    task = load(tmp_path, FLAGS, "t.csv", kind="multi_label", label=["money", "sea", "film"])
    assert task.output_names == ["money", "sea", "film"]
    np.testing.assert_array_equal(task.train.labels, [[0, 1, 0], [0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 1, 0]])
    assert task.train.labels.dtype == np.float32
    assert task.notes == ("t.csv: the column 'Sea' for 'sea' is taken", "t.csv has no example of 'film'")


def test_each_label_may_have_a_field(tmp_path):
    lines = '{"text": "x", "sea": 1, "film": false}\n{"text": "y", "sea": null, "film": 1.0}\n'
    task = load(tmp_path, lines, kind="multi_label", label=["sea", "film"])
    np.testing.assert_array_equal(task.train.labels, [[1, 0], [0, 1]])


@pytest.mark.parametrize("written", ["2", "-1", "0.5", "maybe", "nan", "x"])
def test_what_says_neither_yes_nor_no_is_named_with_its_line_and_column(tmp_path, written):
    error = refused(
        tmp_path, f"{FLAGS}f,0,{written},1\n", "t.csv", kind="multi_label", label=["Sea", "money", "film"]
    )
    assert error.message == (
        "A column of a label must hold 0 or 1, true or false, yes or no, or be empty. "
        f"Received: {written!r} in 'money' of {tmp_path}/t.csv:7"
    )
    assert error.hint == "Correct the line, or leave the column out of task.label."


def test_a_decimal_comma_is_read_where_semicolons_separate_cells(tmp_path):
    task = load(tmp_path, "text;label\na;1,5\nb;2\nc;-0,25\n", "t.csv", kind="regression")
    np.testing.assert_array_equal(task.train.labels, np.array([1.5, 2, -0.25], np.float32))
    assert task.notes == ("t.csv: cells are separated by semicolons", "t.csv: 2 numbers have a decimal comma")
    error = refused(tmp_path, 'text,label\na,"1,5"\nb,2\n', "t.csv", kind="regression")
    assert (
        error.message
        == f"The label of a regression must be a finite number. Received: '1,5' in {tmp_path}/t.csv:2"
    )
    assert error.hint == "Write a decimal point, as in 1.5."


@pytest.mark.parametrize("written", ["true", '"1_0"', '"x"', "1e39", '"inf"'])
def test_what_is_no_number_of_a_regression_is_refused(tmp_path, written):
    error = refused(tmp_path, json_lines("1", written), kind="regression")
    assert error.message.startswith("The label of a regression must be a finite number. Received: ")
    assert error.message.endswith(f"in {tmp_path}/t.jsonl:2")


def test_labels_that_look_joined_draw_a_warning(tmp_path):
    content = "text,label\na,sea\nb,money\nc,sea#money\n"
    task = load(tmp_path, content, "t.csv", kind="multi_label")
    said = "t.csv: labels look joined by '#' (sea#money is made of sea and money); set"
    assert task.warnings == (f"{said} task.label_separator='#'",)
    assert load(tmp_path, content, "t.csv", kind="multi_label", label_separator="#").warnings == ()
    task = load(tmp_path, content, "t.csv")
    assert task.warnings == (f"{said} task.kind=multi_label and task.label_separator='#'",)
    error = refused(tmp_path, content, "t.csv", kind="multi_label", labels=["sea", "money"])
    assert error.hint == "Labels look joined: set task.label_separator='#'"


def test_labels_of_a_list_that_look_joined_are_to_be_written_apart(tmp_path):
    task = load(tmp_path, json_lines('["sea"]', '["money"]', '["sea;money"]'), kind="multi_label")
    assert task.warnings == (
        (
            "t.jsonl: labels look joined by ';' (sea;money is made of sea and money); "
            "write each as an item of the list"
        ),
    )


def test_labels_that_are_likely_to_be_mistakes_draw_a_warning(tmp_path):
    task = load(tmp_path, "text,label\na,Sport\nb,sport\nc,nan\n", "t.csv")
    assert task.warnings == (
        "t.csv: 'Sport', 'sport' look alike but are different labels",
        "t.csv: 'nan' is a label; leave out rows without a label",
    )


def test_a_key_that_says_nothing_of_a_file_is_refused(tmp_path):
    error = refused(tmp_path, json_lines("1", "2"), delimiter=";")
    assert error.message == f"task.delimiter is for .csv and .tsv files. Received: ';' for {tmp_path}/t.jsonl"
    error = refused(tmp_path, json_lines("1", "2"), label_separator=";")
    assert error.message == (
        "task.label_separator is for one column with several labels. Received: ';' with classification"
    )


def test_a_label_that_differs_in_the_form_of_its_number_names_the_known_one(tmp_path):
    error = refused(tmp_path, "text,label\na,1.0\nb,2.0\n", "t.csv", labels=["1", "2"])
    assert error.hint == "Did you mean '1'?"
