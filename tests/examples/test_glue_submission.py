"""The test sets of GLUE, from the official files and from tensorflow-datasets."""

from dataclasses import replace
from pathlib import Path

import pytest
import tensorflow_datasets as tfds

from mbert_cli.errors import UserError
from mbert_cli.examples import glue_submission
from mbert_cli.examples.glue import GLUE
from mbert_cli.examples.glue_submission import TESTS, load_tests
from mbert_cli.examples.options import GlueTask

PAIRS = "index\tsentence1\tsentence2\n0\tIt rains.\tIt is wet.\n1\tIt rains.\tIt is dry.\n"


def glue(name: str, folder: Path | None) -> GlueTask:
    return GlueTask(source="glue", name=name, folder=folder and str(folder))


@pytest.fixture
def two_examples(monkeypatch):
    """Lets test sets have two examples."""
    few = {name: tuple(replace(row, num_examples=2) for row in rows) for name, rows in TESTS.items()}
    monkeypatch.setattr(glue_submission, "TESTS", few)


def test_every_task_has_its_test_set_in_tensorflow_datasets(two_examples):
    assert set(TESTS) == set(GLUE)
    with tfds.testing.mock_data(num_examples=2):
        for name, rows in TESTS.items():
            sets = load_tests(glue(name, None))
            assert [test.row.submission for test in sets] == [row.submission for row in rows]
            assert all((test.examples.second_texts is None) == (name in ("cola", "sst2")) for test in sets)


def test_a_test_set_of_another_size_is_refused(tmp_path):
    (tmp_path / "test.tsv").write_text(PAIRS)
    with pytest.raises(UserError) as caught:
        load_tests(glue("rte", tmp_path))
    assert caught.value.message == "The official test set for RTE.tsv has 3,000 examples. Received: 2"
    assert caught.value.hint == "Take the files of rte from gluebenchmark.com."


def test_a_folder_without_test_set_is_refused(tmp_path):
    with pytest.raises(UserError) as caught:
        load_tests(glue("rte", tmp_path))
    assert caught.value.message == (
        f"A submission needs the test set of rte. Received: {tmp_path} without test.tsv"
    )
    assert caught.value.hint == "Set task.folder to the official folder of rte."


def test_a_test_set_without_its_columns_is_told_of_the_folder_and_of_no_key_that_glue_lacks(tmp_path):
    (tmp_path / "test.tsv").write_text("text\n")
    with pytest.raises(UserError) as caught:
        load_tests(glue("sst2", tmp_path))
    assert caught.value.hint == "Set task.folder to the official folder of sst2."


def test_the_sets_of_mnli_are_read_as_the_files_have_them_and_the_diagnostics_may_be_missing(
    tmp_path, two_examples
):
    for name in ("test_matched.tsv", "test_mismatched.tsv"):
        (tmp_path / name).write_text(PAIRS)
    matched, mismatched = load_tests(glue("mnli", tmp_path))
    assert (matched.row.submission, mismatched.row.submission) == ("MNLI-m.tsv", "MNLI-mm.tsv")
    assert matched.examples.texts == ["It rains.", "It rains."]
    assert matched.examples.second_texts == ["It is wet.", "It is dry."]
    (tmp_path / "AX").mkdir()
    (tmp_path / "AX" / "diagnostic.tsv").write_text(PAIRS)
    (tmp_path / "MNLI").mkdir()
    for name in ("test_matched.tsv", "test_mismatched.tsv"):
        (tmp_path / name).rename(tmp_path / "MNLI" / name)
    assert [test.row.submission for test in load_tests(glue("mnli", tmp_path / "MNLI"))][-1] == "AX.tsv"
