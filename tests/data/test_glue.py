"""SST-2 from its official folder and from tensorflow-datasets."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

from mbert_cli.data.options import GlueTask
from mbert_cli.data.tasks import load_task
from mbert_cli.errors import UserError


def options(folder=None, **changes) -> GlueTask:
    return GlueTask(source="glue", name="sst2", folder=folder and str(folder), **changes)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "train.tsv").write_text("sentence\tlabel\n\"a quote stays , ' text \t1\na dull film \t0\n")
    (tmp_path / "dev.tsv").write_bytes(b"\xef\xbb\xbfsentence\tlabel\r\nfine .\t1\r\n")
    return tmp_path


def test_folder_gives_texts_without_quoting_and_official_labels(folder):
    task = load_task(options(folder))
    assert (task.name, task.labels, task.metric, task.pair) == (
        "sst2",
        ["negative", "positive"],
        "accuracy",
        False,
    )
    assert task.train.texts == ["\"a quote stays , ' text", "a dull film"]
    np.testing.assert_array_equal(task.train.labels, [1, 0])
    assert task.train.labels.dtype == np.int32
    assert task.validation.texts == ["fine ."]


def test_tensorflow_datasets_gives_the_same_task():
    with tfds.testing.mock_data(num_examples=7):
        task = load_task(options())
    assert task.labels == ["negative", "positive"]
    assert len(task.train) == len(task.validation) == 7
    assert task.train.labels.dtype == np.int32 and set(task.train.labels) <= {0, 1}
    assert all(isinstance(text, str) for text in task.train.texts)


def test_a_folder_without_the_files_is_refused(folder):
    (folder / "dev.tsv").unlink()
    with pytest.raises(UserError) as caught:
        load_task(options(folder))
    assert caught.value.message == (
        f"The folder of a GLUE task must have the files train.tsv and dev.tsv. "
        f"Received: {folder} without dev.tsv"
    )
    assert caught.value.hint == "set task.folder to the folder of sst2, or to null to use tensorflow-datasets"


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
        f"run `tfds build glue/sst2 --data_dir {tmp_path}` where there is a network, or set task.data_dir to "
        "the folder of prepared data sets"
    )
