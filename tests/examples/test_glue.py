"""Every GLUE task from its official folder and from tensorflow-datasets."""

import gzip

import numpy as np
import pytest
import tensorflow_datasets as tfds

from mbert_cli.errors import UserError
from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.loading import load_task
from mbert_cli.examples.options import GlueTask
from mbert_cli.examples.task_columns import takes_pairs
from mbert_cli.examples.unlabelled_files import read_unlabelled


def options(folder=None, name="sst2", **changes) -> GlueTask:
    return GlueTask(source="glue", name=name, folder=folder and str(folder), **changes)


# For each task: the first lines of its training file with their quirks, what is read, and the labels.
FILES = {
    "cola": (
        "gj04\t1\t\tFine as it is.\nbc01\t0\t*\tAs it fine is.\n",
        (["Fine as it is.", "As it fine is."], None, ["acceptable", "unacceptable"]),
    ),
    "sst2": (
        'sentence\tlabel\n" fine " \t1\n"dull film" \t0\n',
        (['" fine "', '"dull film"'], None, ["positive", "negative"]),
    ),
    "mrpc": (
        (
            "\ufeffQuality\t#1 ID\t#2 ID\t#1 String\t#2 String\n"
            '1\t7\t8\tHe said "no" ,\t" No , " he said .\n0\t7\t9\tYes .\tNo .\n'
        ),
        (
            ['He said "no" ,', "Yes ."],
            ['" No , " he said .', "No ."],
            ["equivalent", "not_equivalent"],
        ),
    ),
    "qqp": (
        (
            "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n"
            "0\t1\t2\tWhy?\tHow come?\t1\n1\t3\t4\tcut off\n2\t5\t6\tWho?\t\t0\n3\t7\t8\tWho?\tWhen?\t0\n"
        ),
        (["Why?", "Who?"], ["How come?", "When?"], ["duplicate", "not_duplicate"]),
    ),
    "mnli": (
        (
            "index\tsentence1_parse\tsentence1\tsentence2\tlabel1\tgold_label\n"
            "0\t(x)\tIt rains.\tIt is wet.\tentailment\tentailment\n"
            "1\t(x)\tIt rains.\tIt is dry.\tneutral\tcontradiction\n2\t(x)\tIt rains.\tIt is May.\tneutral\tneutral\n"
        ),
        (
            ["It rains."] * 3,
            ["It is wet.", "It is dry.", "It is May."],
            ["entailment", "contradiction", "neutral"],
        ),
    ),
    "stsb": (
        'index\tgenre\tsentence1\tsentence2\tscore\n0\tx\tA man.\tA boy.\t3.250\n1\tx\tA "b.\tC.\t0\n',
        (["A man.", 'A "b.'], ["A boy.", "C."], [3.25, 0.0]),
    ),
    "qnli": (
        "index\tquestion\tsentence\tlabel\n0\tWho?\tHe.\tentailment\n1\tWhen?\tHe.\tnot_entailment\n",
        (["Who?", "When?"], ["He.", "He."], ["entailment", "not_entailment"]),
    ),
    "rte": (
        "index\tsentence1\tsentence2\tlabel\n0\tA dog.\tAn animal.\tentailment\n1\tA.\tB.\tnot_entailment\n",
        (["A dog.", "A."], ["An animal.", "B."], ["entailment", "not_entailment"]),
    ),
    "wnli": (
        "index\tsentence1\tsentence2\tlabel\n0\tIt fell.\tHe fell.\t1\n1\tIt fell.\tShe fell.\t0\n",
        (["It fell."] * 2, ["He fell.", "She fell."], ["entailment", "not_entailment"]),
    ),
}


@pytest.mark.parametrize("name", GLUE)
def test_files_of_every_task_are_read_without_their_labels_too(tmp_path, name):
    written, (texts, second_texts, _) = FILES[name]
    packed = tmp_path / "train.tsv.gz"
    packed.write_bytes(gzip.compress(written.encode()))
    test = tmp_path / "test.tsv"  # that of CoLA has a line of names, as the others have
    columns = GLUE[name].columns
    names = [column for column in (columns.text, columns.second_text) if column]
    test.write_text("\t".join(["index", *names]) + "\n" + "\t".join(["0", *"ab"[: len(names)]]) + "\n")
    found = read_unlabelled(options(name=name, unlabelled=[str(packed), str(test)]))
    assert found.texts == [*texts, "a"]
    assert found.second_texts == (second_texts and [*second_texts, "b"])
    if name == "qqp":
        assert found.notes == (
            "train.tsv.gz: lines that lack cells are left out, 1 of them",
            "train.tsv.gz: rows with one text of a pair are left out, 1 of them",
        )
    else:
        assert not [note for note in found.notes if "task." in note]


@pytest.mark.parametrize("name", FILES)
def test_each_task_is_read_with_the_quirks_of_its_files(tmp_path, name):
    written, (texts, second_texts, labels) = FILES[name]
    for file in ("train.tsv", "dev.tsv", "dev_matched.tsv", "dev_mismatched.tsv"):
        (tmp_path / file).write_text(written, encoding="utf-8")
    task = load_task(options(tmp_path, name))
    assert (task.train.texts, task.train.second_texts) == (texts, second_texts)
    read = task.train.labels.tolist()
    assert (read if task.kind == "regression" else [task.output_names[label] for label in read]) == labels
    assert task.train.num_left_out == (2 if name == "qqp" else 0)
    assert takes_pairs(options(tmp_path, name)) == (second_texts is not None)


@pytest.mark.parametrize("name", GLUE)
def test_the_labels_have_the_order_of_tensorflow_datasets(name):
    with tfds.testing.mock_data(num_examples=1):
        info = tfds.builder(f"glue/{name}").info
        task = load_task(options(name=name))
    row = GLUE[name]
    if row.kind == "classification":
        assert info.features[row.features.label].names == list(row.output_names)
    assert task.train.labels.dtype == (np.float32 if row.kind == "regression" else np.int32)
    assert (task.train.second_texts is None) == (row.features.second_text is None)
    assert list(task.sets) == list(row.splits)


def test_mnli_has_two_sets_to_score_on_and_reads_only_the_one_that_is_asked_for(tmp_path):
    (tmp_path / "dev_mismatched.tsv").write_text(FILES["mnli"][0])
    task = load_task(options(tmp_path, "mnli"), "validation_mismatched")
    assert {name: len(examples) for name, examples in task.sets.items()} == {"validation_mismatched": 3}


def test_a_set_that_the_task_does_not_have_is_refused(folder):
    with pytest.raises(UserError) as caught:
        load_task(options(folder), "validation_mismatched")
    assert caught.value.message == "sst2 has the sets train, validation. Received: validation_mismatched"
    assert caught.value.hint == "Set evaluate.split to one of them."


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.tsv").write_text("sentence\tlabel\n\"a quote stays , ' text \t1\na dull film \t0\n")
    (tmp_path / "dev.tsv").write_bytes(b"\xef\xbb\xbfsentence\tlabel\r\nfine .\t1\r\n")
    return tmp_path


def test_folder_gives_texts_without_quoting_and_official_labels(folder):
    task = load_task(options(folder))
    assert (task.name, task.output_names, task.metrics) == (
        "sst2",
        ["negative", "positive"],
        ("accuracy",),
    )
    assert task.train.texts == ["\"a quote stays , ' text", "a dull film"]
    np.testing.assert_array_equal(task.train.labels, [1, 0])
    assert task.train.labels.dtype == np.int32
    assert task.validation.texts == ["fine ."]


def test_tensorflow_datasets_gives_the_same_task():
    with tfds.testing.mock_data(num_examples=7):
        task = load_task(options())
    assert task.output_names == ["negative", "positive"]
    assert len(task.train) == len(task.validation) == 7
    assert task.train.labels.dtype == np.int32 and set(task.train.labels) <= {0, 1}
    assert all(isinstance(text, str) for text in task.train.texts)


def test_a_folder_without_the_files_is_refused(folder):
    (folder / "dev.tsv").unlink()
    with pytest.raises(UserError) as caught:
        load_task(options(folder))
    assert caught.value.message == (
        f"The folder of sst2 must have the files train.tsv, dev.tsv. Received: {folder} without dev.tsv"
    )
    assert (
        caught.value.hint == "Set task.folder to the folder of sst2, or to null to use tensorflow-datasets."
    )


def test_a_label_outside_the_set_is_named_with_its_line(folder):
    with (folder / "train.tsv").open("a") as file:
        file.write("so so\t2\n")
    with pytest.raises(UserError) as caught:
        load_task(options(folder))
    assert caught.value.message == f"A label must be one of 0, 1. Received: '2' in {folder}/train.tsv:4"


def test_a_data_set_that_is_not_prepared_is_refused(tmp_path):
    with pytest.raises(UserError) as caught:
        load_task(options(data_dir=str(tmp_path)))
    assert caught.value.message == (
        "A data set must be prepared before it is read. Received: glue/sst2, not found in "
        f"{tmp_path}/glue/sst2/2.0.0"
    )
    assert caught.value.hint == (
        f"""`python -c 'import tensorflow_datasets as tfds; tfds.load("glue/sst2", data_dir="{tmp_path}")'` """
        "prepares it where there is a network; task.data_dir names another folder of prepared data sets."
    )
