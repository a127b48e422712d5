"""A corpus from tensorflow-datasets: a real small data set, and the shipped example with mock data."""

import numpy as np
import pytest
import tensorflow_datasets as tfds

from mbert_cli.corpus.corpus import documents
from mbert_cli.corpus.options import TfdsCorpus
from mbert_cli.errors import UserError

TEXTS = ["One one.\n\nOne two.", "Zwei, größer.", ""]


class PocketTexts(tfds.core.GeneratorBasedBuilder):
    """Three texts."""

    # A class without a file: for one with a file tensorflow-datasets 4.9.10 looks for the package
    # importlib_resources, which it does not require.
    __module__ = "pocket_texts"

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {"body": tfds.features.Text(), "size": tfds.features.Scalar(np.int64)}
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, _):
        return {"train": self._generate_examples(), "test": self._generate_examples()}

    def _generate_examples(self):
        for index, text in enumerate(TEXTS):
            yield index, {"body": text, "size": len(text)}


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("tfds")
    config = tfds.download.DownloadConfig(try_download_gcs=False)
    PocketTexts(data_dir=path).download_and_prepare(download_config=config)
    return str(path)


def read(**options):
    return list(documents(TfdsCorpus(source="tfds", **options)))


def refused(**options) -> UserError:
    with pytest.raises(UserError) as caught:
        read(**options)
    return caught.value


def test_examples_are_documents_in_an_order_that_stays(data_dir):
    options = {"dataset": "pocket_texts", "text_feature": "body", "data_dir": data_dir}
    found = read(**options)
    assert sorted(d.paragraphs for d in found) == [[], ["One one.", "One two."], ["Zwei, größer."]]
    assert [d.name for d in found] == [f"pocket_texts:train:{index}" for index in range(3)]
    assert found == read(**options)
    assert len(read(**options | {"split": "test[:2]"})) == 2


def test_the_shipped_example_reads_wikipedia():
    with tfds.testing.mock_data(num_examples=3):
        found = read()
    assert [d.name for d in found] == [f"wikipedia/20230601.en:train:{index}" for index in range(3)]
    assert all(len(d.paragraphs) == 1 for d in found)


def test_a_data_set_that_is_not_prepared_is_refused(tmp_path):
    error = refused(data_dir=str(tmp_path))
    assert error.message == (
        "A data set must be prepared before it is read. Received: wikipedia/20230601.en, not found in "
        f"{tmp_path}/wikipedia/20230601.en/1.0.0"
    )
    assert error.hint == (
        f"""`python -c 'import tensorflow_datasets as tfds; tfds.load("wikipedia/20230601.en", data_dir="{tmp_path}")'` """
        "prepares it where there is a network; corpus.data_dir names another folder of prepared data sets."
    )


@pytest.mark.parametrize(
    ("dataset", "unknown"),
    [("no_such_texts", "data set"), ("wikipedia/no_such_language", "configuration or version")],
)
def test_an_unknown_data_set_is_refused(tmp_path, dataset, unknown):
    error = refused(dataset=dataset, data_dir=str(tmp_path))
    assert error.message == (
        f"A data set must be known to tensorflow-datasets. Received: '{dataset}', an unknown {unknown}"
    )
    assert error.hint == (
        "Look the name up in the catalog of tensorflow-datasets, or set corpus.data_dir to the folder "
        "where it was prepared."
    )


def test_an_unknown_split_is_refused(data_dir):
    error = refused(dataset="pocket_texts", text_feature="body", data_dir=data_dir, split="validation")
    assert (
        error.message == "A split must exist in the data set. Received: 'validation'; there are test, train"
    )
    assert error.hint == "Set corpus.split to one of these."


@pytest.mark.parametrize("feature", ["text", "size"])
def test_a_feature_that_is_no_text_is_refused(data_dir, feature):
    error = refused(dataset="pocket_texts", text_feature=feature, data_dir=data_dir)
    assert error.message == (
        "corpus.text_feature must be a text feature of the data set. "
        f"Received: '{feature}'; pocket_texts has body, size"
    )
    assert error.hint == "Set corpus.text_feature to one of these."
